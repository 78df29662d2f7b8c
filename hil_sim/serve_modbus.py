"""Modbus TCP servers for the simulated devices of one connection.

The map is the profile's, but the words are pymodbus's: it encodes what the drivers decode with a codec of their own, so
that the two check each other. A write is accepted within the profile's limits, echoed, and told to `on_write`.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import isnan, nan
from typing import Final

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from models.field import ModbusConnection, SitePoint
from models.point import INTEGER_RANGE, ModbusPoint
from models.profile import ModbusProfile, Profile

OnWrite = Callable[[str, float | None], None]
"""Called with the point id and the value a client has written."""

_DATATYPE = ModbusClientMixin.DATATYPE
_TYPES: Final = {
    "u16": _DATATYPE.UINT16,
    "s16": _DATATYPE.INT16,
    "u32": _DATATYPE.UINT32,
    "s32": _DATATYPE.INT32,
    "u64": _DATATYPE.UINT64,
    "f32": _DATATYPE.FLOAT32,
    "f64": _DATATYPE.FLOAT64,
}
_UNSIGNED: Final = {1: _DATATYPE.UINT16, 2: _DATATYPE.UINT32, 4: _DATATYPE.UINT64}
_TABLES: Final = ("coil", "discrete", "holding", "input")
_READS: Final = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_WRITES: Final = {5: "coil", 15: "coil", 6: "holding", 16: "holding"}
_ROUNDING: Final = 1e-6
"""Share by which a written value may pass a limit, because 32-bit floats do not hold every decimal."""


class _Device:
    """The words of one unit, by table and address, and where its points stand in them."""

    def __init__(self, points: Sequence[SitePoint], profile: ModbusProfile) -> None:
        self.number = points[0].device.unit_id if points[0].device.unit_id is not None else 1
        self._profile = profile
        self._specs = {point.id: _spec(point) for point in points}
        # A device has all the registers of its map, whether the site uses them or not.
        self.words: dict[str, dict[int, int]] = {table: {} for table in _TABLES}
        for spec in profile.points:
            self.words[spec.table].update(dict.fromkeys(range(spec.address, spec.address + spec.words), 0))
        for place, values in profile.golden[0].words.items():
            # What is no point in the first proof is constant: block headers, scale factors.
            table, _, start = place.partition(":")
            for address, word in enumerate(values, int(start)):
                self.words[table].setdefault(address, word)
        for spec in profile.points:
            if spec.scale_factor_at is not None:
                self.words[spec.table].setdefault(spec.scale_factor_at, 0)
        if profile.max_gap:
            for words in filter(None, self.words.values()):
                for address in range(min(words), max(words)):
                    words.setdefault(address, 0)
        self.changed: dict[str, dict[int, int]] = {table: {} for table in _TABLES}
        self._shown: dict[str, float | None] = {}
        self._at: dict[tuple[str, int], str] = {
            (spec.table, spec.address): name for name, spec in self._specs.items() if spec.write is not None
        }
        for name, spec in self._specs.items():
            self.show(name, None if spec.write is None else spec.write.relinquish)

    def show(self, point: str, value: float | None) -> None:
        """Let the point read `value`, None as 'not available'.

        Only a change counts: a written value stands until the plant itself moves away from what it said before.
        """
        spec = self._specs.get(point)
        if value is not None and isnan(value):
            value = None
        if spec is None or (point in self._shown and self._shown[point] == value):
            return
        self._shown[point] = value
        words = self._encode(spec, value)
        if words is not None:
            self.put(spec.table, spec.address, words)

    def put(self, table: str, address: int, words: Sequence[int]) -> None:
        """Change words; the server's own copy follows when it is asked next."""
        for at, word in enumerate(words, address):
            self.words[table][at] = word
            self.changed[table][at] = word

    def written(self, table: str, address: int, words: Sequence[int]) -> dict[str, float] | None:
        """The values a client's write means, by point id; None when it does not hit writable points exactly."""
        values = {}
        at = address
        while at < address + len(words):
            name = self._at.get((table, at))
            if name is None or (spec := self._specs[name]).words > address + len(words) - at:
                return None
            values[name] = self._decode(spec, words[at - address : at - address + spec.words])
            at += spec.words
        return values

    def accepts(self, point: str, value: float) -> bool:
        """Whether the profile lets clients write this."""
        rule = self._specs[point].write
        if rule is None:
            return False
        slack = _ROUNDING * max(abs(rule.min), abs(rule.max))
        return rule.min - slack <= value <= rule.max + slack

    def _factor(self, spec: ModbusPoint) -> float:
        if spec.scale_factor_at is None:
            return 1.0
        word = self.words[spec.table][spec.scale_factor_at]
        exponent = ModbusClientMixin.convert_from_registers([word], _DATATYPE.INT16)
        return float(10.0 ** int(str(exponent)))

    def _decode(self, spec: ModbusPoint, words: Sequence[int]) -> float:
        if spec.form == "bool":
            return float(words[0])
        raw = ModbusClientMixin.convert_from_registers(list(words), _TYPES[spec.form], self._profile.word_order)
        assert isinstance(raw, (int, float))  # one value asked for
        return raw * spec.scale * self._factor(spec) + spec.offset

    def _encode(self, spec: ModbusPoint, value: float | None) -> list[int] | None:
        """Words for a value, or for 'not available'; None where the device has no way to say that."""
        convert = partial(ModbusClientMixin.convert_to_registers, word_order=self._profile.word_order)
        if spec.form == "bool":
            return None if value is None else [int(value >= 0.5)]
        if spec.form == "string":
            texts = [text for text, state in spec.text.items() if state == value]
            words = ModbusClientMixin.convert_to_registers(texts[0] if texts else "", _DATATYPE.STRING)
            return (words + [0] * spec.words)[: spec.words]
        if value is None and spec.missing:
            return convert(spec.missing[0], _UNSIGNED[spec.words])
        if spec.form in ("f32", "f64"):
            raw = nan if value is None else (value - spec.offset) / spec.scale / self._factor(spec)
            return convert(raw, _TYPES[spec.form])
        low, high = INTEGER_RANGE[spec.form]
        if value is None:
            # A broken sensor reads the end of its range; that helps only where nobody believes it.
            end = high * spec.scale + spec.offset
            return convert(high, _TYPES[spec.form]) if spec.max is not None and end > spec.max else None
        raw = round((value - spec.offset) / spec.scale / self._factor(spec))
        return convert(min(max(raw, low), high), _TYPES[spec.form])


class ModbusServer:
    """The server of one connection. After `stop` the port is free, and `start` brings it back with its values."""

    def __init__(
        self,
        connection: ModbusConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        on_write: OnWrite,
    ) -> None:
        """`on_write` also hears of every refresh, so that whoever plays the watchdogs can count from it."""
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._connection = connection
        self._on_write = on_write
        self._server: ModbusTcpServer | None = None
        self._silent: set[int] = set()
        of_device: dict[str, list[SitePoint]] = {}
        for point in points:
            of_device.setdefault(point.device.id, []).append(point)
        self._devices = {name: _Device(own, _profile(own[0], profiles)) for name, own in of_device.items()}
        self._device_of = {point.id: self._devices[point.device.id] for point in points}

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        if self._server is not None:
            return
        server = ModbusTcpServer(
            [self._sim_device(device) for device in self._devices.values()],
            address=(self._connection.host, self._connection.port),
            trace_packet=self._trace,
        )
        try:
            await server.serve_forever(background=True)
        except RuntimeError as error:
            raise OSError(f"{self._connection.id}: port {self._connection.port} cannot be opened: {error}") from error
        self._server = server

    async def stop(self) -> None:
        """Close the port and all connections, as a device that has lost its power."""
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]  # the library gives it no types
            self._server = None

    def update(self, values: Mapping[str, float | None]) -> None:
        """Show these observations from now on; points of other servers are ignored."""
        for point, value in values.items():
            device = self._device_of.get(point)
            if device is not None:
                device.show(point, value)

    def silence(self, device: str, *, silent: bool = True) -> None:
        """Let one device stop (or start again) answering, while the others on the connection go on."""
        number = self._devices[device].number
        if silent:
            self._silent.add(number)
        else:
            self._silent.discard(number)

    def _trace(self, sending: bool, data: bytes) -> bytes:
        return b"" if sending and len(data) > 6 and data[6] in self._silent else data

    def _sim_device(self, device: _Device) -> SimDevice:
        coils, discrete, holding, inputs = (_blocks(table, device.words[table]) for table in _TABLES)
        for changed in device.changed.values():
            changed.clear()
        return SimDevice(
            device.number,
            simdata=(coils, discrete, holding, inputs),
            action=partial(self._on_access, device),
        )

    async def _on_access(
        self,
        device: _Device,
        function: int,
        start: int,
        address: int,
        count: int,
        registers: list[int],
        new: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        """The library's hook: called before each access, with its live words from `start`."""
        del count
        table = _READS.get(function) or _WRITES[function]
        if new is not None:
            words = [int(word) for word in new]
            values = device.written(table, address, words)
            if values is None:
                return ExcCodes.ILLEGAL_ADDRESS
            if not all(device.accepts(point, value) for point, value in values.items()):
                return ExcCodes.ILLEGAL_VALUE
            device.put(table, address, words)
            for point, value in values.items():
                self._on_write(point, value)
        for at, word in device.changed[table].items():
            if table in ("coil", "discrete"):
                place, bit = at // 16 - start, 1 << at % 16
                registers[place] = registers[place] | bit if word else registers[place] & ~bit
            else:
                registers[at - start] = word
        device.changed[table].clear()
        return None


def _blocks(table: str, words: Mapping[int, int]) -> list[SimData]:
    """The words of a table as the library wants them: one entry a run of addresses, and never none at all."""
    bits = table in ("coil", "discrete")
    runs: list[tuple[int, list[int]]] = []
    for address in sorted(words):
        if runs and address == runs[-1][0] + len(runs[-1][1]):
            runs[-1][1].append(words[address])
        else:
            runs.append((address, [words[address]]))
    if bits:
        return [
            SimData(start, values=[bool(bit) for bit in run], datatype=DataType.BITS)
            for start, run in runs or [(0, [0])]
        ]
    if not runs:
        return [SimData(0, datatype=DataType.INVALID)]
    return [SimData(start, values=run, datatype=DataType.REGISTERS) for start, run in runs]


def _spec(point: SitePoint) -> ModbusPoint:
    if not isinstance(point.spec, ModbusPoint):
        raise TypeError(f"{point.id} is no Modbus point")
    return point.spec


def _profile(point: SitePoint, profiles: Mapping[str, Profile]) -> ModbusProfile:
    profile = profiles[point.device.profile]
    if not isinstance(profile, ModbusProfile):
        raise TypeError(f"{profile.model} is no Modbus profile")
    return profile
