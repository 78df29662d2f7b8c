"""Modbus TCP: one connection, several units, planned block reads, writes proven by reading back.

A unit that does not answer costs its time-out once; after that it is asked only when its own back-off is over, and only
in the time that is left of the period when the living units have been read.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Final

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.pdu import ModbusPDU

from drivers.codec import Decoder, Reply, encode, resolution
from drivers.errors import Nonsense, Refused, Unreachable
from drivers.limits import allowed, write_rule
from drivers.read_plan import Block
from models.field import ModbusConnection, SitePoint
from models.profile import ModbusPoint, ModbusProfile, Profile
from models.signals import Quality, Sample, Write, WriteResult

log = logging.getLogger(__name__)

_FAILURES_DOWN: Final = 2
_FIRST_BACK_OFF_S: Final = 1.0
_LONGEST_BACK_OFF_S: Final = 10.0
_SILENT_UNITS: Final = 2
"""So many units without an answer, and none with one: it is the connection that is dead."""
_SHORTEST_PROBE: Final = 0.25
"""Share of the time-out below which asking a silent unit proves nothing."""
_NO_SUCH_DATA: Final = (1, 2, 3)
"""Exceptions to a read that speak of the request (function, address, value); all others speak of the unit."""


class _UnitFailed(Exception):
    """A unit did not answer (`heard` is False), or the other side answered that it is not there."""

    def __init__(self, text: str, *, heard: bool) -> None:
        super().__init__(text)
        self.heard = heard


class _Unit:
    """One device on the connection: how it is read, and how it is doing."""

    def __init__(self, points: Sequence[SitePoint], profile: ModbusProfile) -> None:
        self.device = points[0].device
        self.number = self.device.unit_id if self.device.unit_id is not None else 1
        self.profile = profile
        self.ids = tuple(point.id for point in points)
        specs = [_spec(point) for point in points]
        self.decoder = Decoder(specs, profile.word_order, profile.max_words, profile.max_gap)
        self.refused: set[int] = set()
        self.failures = 0
        self.failed_at = 0.0
        self.retry_at = 0.0
        self.rests_until = 0.0

    def samples(self, values: Sequence[float | None], at: datetime) -> list[Sample]:
        """What was read; the short way when all of it is good."""
        if None not in values:
            return list(map(Sample._make, zip(self.ids, repeat(at), values, repeat(Quality.GOOD))))
        return [
            Sample(point, at, value, Quality.BAD if value is None else Quality.GOOD)
            for point, value in zip(self.ids, values, strict=True)
        ]

    def offline(self, at: datetime) -> list[Sample]:
        """A sample for every point: no answer."""
        return [Sample(point, at, None, Quality.OFFLINE) for point in self.ids]

    @property
    def down(self) -> bool:
        """Whether it has failed so often in a row that it counts as lost: one late answer does not."""
        return self.failures >= _FAILURES_DOWN

    def failed(self, now_s: float, reason: object) -> None:
        """Note a failure; once it is down the next attempt comes later each time."""
        self.failures += 1
        self.failed_at = now_s
        if not self.down:
            return
        if self.failures == _FAILURES_DOWN:
            log.warning("%s: down: %s", self.device.id, reason)
        longest = min(_LONGEST_BACK_OFF_S, _FIRST_BACK_OFF_S * 2 ** min(self.failures, 10))
        self.retry_at = now_s + random.uniform(_FIRST_BACK_OFF_S, longest)

    def rank(self) -> tuple[bool, float]:
        """Sorts units that answered last time before those that failed, and these by when they were asked last."""
        return self.failures > 0, self.failed_at

    def answered(self) -> None:
        """Note a success."""
        if self.down:
            log.info("%s: up", self.device.id)
        self.failures = 0
        self.retry_at = 0.0


class ModbusDriver:
    """The devices behind one Modbus TCP server. See models.ports.Driver."""

    def __init__(
        self,
        connection: ModbusConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        now: Callable[[], datetime],
    ) -> None:
        """`now` is the site clock; `profiles` holds at least those that the points' devices name."""
        # The library writes a line with a hex dump for every failed request; what matters is said here, once.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self._connection = connection
        self._now = now
        self._points = {point.id: point for point in points}
        of_device: dict[str, list[SitePoint]] = {}
        for point in points:
            of_device.setdefault(point.device.id, []).append(point)
        self._units = {name: _Unit(own, _profile(own[0], profiles)) for name, own in of_device.items()}
        self._client: AsyncModbusTcpClient | None = None

    async def connect(self) -> None:
        """See Driver."""
        if self._client is not None and self._client.connected:
            return
        await self.close()
        # Retries and reconnecting are the caller's; time-outs are set here per request, the library's comes later.
        client = AsyncModbusTcpClient(
            self._connection.host,
            port=self._connection.port,
            timeout=self._connection.timeout_s * 2,
            retries=0,
            reconnect_delay=0,
        )
        try:
            async with asyncio.timeout(self._connection.timeout_s):
                connected = await client.connect()
        except TimeoutError:
            connected = False
        if not connected:
            client.close()
            raise Unreachable(f"{self._where}: cannot connect")
        self._client = client
        for unit in self._units.values():
            unit.retry_at = 0.0

    async def close(self) -> None:
        """See Driver."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def drain(self) -> Sequence[Sample]:
        """See Driver: Modbus devices push nothing."""
        return ()

    async def read(self) -> Sequence[Sample]:
        """See Driver. Units that answered last time come first, then those whose back-off is over."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        units = sorted(self._units.values(), key=_Unit.rank)
        samples: list[Sample] = []
        heard = False
        silent = 0
        for unit in units:
            left_s = started_s + self._connection.period_s - loop.time()
            budget_s = self._budget_s(unit, loop.time(), left_s, heard=heard)
            if budget_s is None:
                samples += unit.offline(self._now()) if unit.down else []
                continue
            try:
                values = await self._scan(unit, budget_s)
            except _UnitFailed as failure:
                unit.failed(loop.time(), failure)
                samples += unit.offline(self._now()) if unit.down else []
                heard |= failure.heard
                silent += not failure.heard
                if not heard and silent >= _SILENT_UNITS:
                    break
            else:
                unit.answered()
                heard = True
                samples += unit.samples(values, self._now())
        if not heard and silent:
            raise Unreachable(f"{self._where}: no unit answers")
        return samples

    async def write(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """See Driver. Modbus knows no priorities: None writes the value the profile states for nobody holding it."""
        return [await self._write(write) for write in writes]

    async def ping(self) -> None:
        """See Driver: the smallest block of the unit that is doing best; a refusal proves life as well."""
        unit = min(self._units.values(), key=_Unit.rank)
        block = min(unit.decoder.blocks, key=lambda block: block.count)
        try:
            await self._request(unit, block, self._connection.timeout_s)
        except Nonsense as answer:
            log.debug("%s", answer)
        except _UnitFailed as failure:
            if not failure.heard:
                raise Unreachable(f"{self._where}: {failure}") from failure

    @property
    def _where(self) -> str:
        return f"{self._connection.id} ({self._connection.host}:{self._connection.port})"

    def _budget_s(self, unit: _Unit, now_s: float, left_s: float, *, heard: bool) -> float | None:
        """How long a unit may take now; None when it is not its turn. While nobody was heard, everyone is asked."""
        timeout_s = self._connection.timeout_s
        if not unit.failures or not heard:
            return timeout_s
        if now_s < unit.retry_at or left_s < _SHORTEST_PROBE * timeout_s:
            return None
        return min(timeout_s, left_s)

    async def _scan(self, unit: _Unit, budget_s: float) -> list[float | None]:
        replies: list[Reply] = []
        for number, block in enumerate(unit.decoder.blocks):
            try:
                replies.append(await self._request(unit, block, budget_s))
                unit.refused.discard(number)
            except Nonsense as error:
                replies.append(None)
                if number not in unit.refused:
                    log.warning("%s", error)
                    unit.refused.add(number)
        return unit.decoder.decode(replies)

    async def _request(self, unit: _Unit, block: Block, timeout_s: float) -> Sequence[int] | Sequence[bool]:
        """The words or bits of a block. Raises Nonsense when the answer does not hold them, else as `_ask`."""
        client = self._open_client()
        read = {
            "coil": client.read_coils,
            "discrete": client.read_discrete_inputs,
            "input": client.read_input_registers,
            "holding": client.read_holding_registers,
        }[block.table]
        address, count, number = block.address, block.count, unit.number
        reply = await self._ask(unit, lambda: read(address, count=count, device_id=number), timeout_s)
        what = f"{unit.device.id}: {block.table} {address}, {count} long"
        if reply.isError():
            if reply.exception_code not in _NO_SUCH_DATA:
                raise _UnitFailed(f"exception {reply.exception_code}", heard=True)
            raise Nonsense(f"{what}: refused with exception {reply.exception_code}")
        if block.table in ("coil", "discrete"):
            if len(reply.bits) < count:
                raise Nonsense(f"{what}: {len(reply.bits)} bits came")
            return reply.bits[:count]
        if len(reply.registers) != count:
            raise Nonsense(f"{what}: {len(reply.registers)} words came")
        return reply.registers

    async def _ask(self, unit: _Unit, send: Callable[[], Awaitable[ModbusPDU]], timeout_s: float) -> ModbusPDU:
        """One exchange. Raises _UnitFailed when nothing comes back, Unreachable on a lost connection."""
        if unit.profile.min_gap_ms:
            await asyncio.sleep(unit.rests_until - asyncio.get_running_loop().time())
        try:
            async with asyncio.timeout(timeout_s):
                return await send()
        except ConnectionException as error:
            raise Unreachable(f"{self._where}: connection lost") from error
        except (TimeoutError, ModbusIOException) as error:
            self._open_client()
            raise _UnitFailed("no answer", heard=False) from error
        finally:
            unit.rests_until = asyncio.get_running_loop().time() + unit.profile.min_gap_ms / 1000

    def _open_client(self) -> AsyncModbusTcpClient:
        if self._client is None or not self._client.connected:
            raise Unreachable(f"{self._where}: not connected")
        return self._client

    async def _write(self, write: Write) -> WriteResult:
        point = self._points.get(write.point)
        if point is None:
            return WriteResult(write.point, ok=False, read_back=None, error=f"{write.point}: no such point here")
        unit = self._units[point.device.id]
        loop = asyncio.get_running_loop()
        if loop.time() < unit.retry_at:
            return WriteResult(write.point, ok=False, read_back=None, error=f"{write.point}: the device is down")
        try:
            value = write_rule(point).relinquish if write.value is None else allowed(point, write.value)
            read_back, tolerance = await self._write_value(unit, point, value)
        except (Refused, Nonsense) as error:
            return WriteResult(write.point, ok=False, read_back=None, error=str(error))
        except _UnitFailed as failure:
            unit.failed(loop.time(), failure)
            return WriteResult(write.point, ok=False, read_back=None, error=f"{write.point}: {failure}")
        if read_back is None or abs(read_back - value) > tolerance:
            text = f"{write.point}: {value:g} was written, {read_back} is read back"
            return WriteResult(write.point, ok=False, read_back=read_back, error=text)
        return WriteResult(write.point, ok=True, read_back=read_back, error=None)

    async def _write_value(self, unit: _Unit, point: SitePoint, value: float) -> tuple[float | None, float]:
        """Write and read back: what the device holds now, and how far that may be from `value`."""
        spec = _spec(point)
        timeout_s = self._connection.timeout_s
        exponent = 0
        if spec.scale_factor_at is not None:
            block = Block(spec.table, spec.scale_factor_at, 1, ())
            word = (await self._request(unit, block, timeout_s))[0]
            exponent = word - 0x10000 if word >= 0x8000 else word
        words = encode(spec, value, unit.profile.word_order, exponent)
        reply = await self._ask(unit, lambda: self._send(unit, spec, words), timeout_s)
        if reply.isError():
            raise Refused(f"{point.id}: the device refused {value:g} with exception {reply.exception_code}")
        decoder = Decoder([spec], unit.profile.word_order, unit.profile.max_words)
        replies = [await self._request(unit, block, timeout_s) for block in decoder.blocks]
        step = spec.write.step if spec.write is not None else 0.0
        fine = resolution(spec, exponent) * (max(1.0, abs(value)) if spec.form in ("f32", "f64") else 1.0)
        return decoder.decode(replies)[0], 0.501 * max(step, fine)

    def _send(self, unit: _Unit, spec: ModbusPoint, words: Sequence[int]) -> Awaitable[ModbusPDU]:
        client = self._open_client()
        single = unit.profile.write_single
        if spec.table == "coil":
            if single:
                return client.write_coil(spec.address, bool(words[0]), device_id=unit.number)
            return client.write_coils(spec.address, [bool(words[0])], device_id=unit.number)
        if single and len(words) == 1:
            return client.write_register(spec.address, words[0], device_id=unit.number)
        return client.write_registers(spec.address, list(words), device_id=unit.number)


def _spec(point: SitePoint) -> ModbusPoint:
    if not isinstance(point.spec, ModbusPoint):
        raise TypeError(f"{point.id} is no Modbus point")
    return point.spec


def _profile(point: SitePoint, profiles: Mapping[str, Profile]) -> ModbusProfile:
    profile = profiles[point.device.profile]
    if not isinstance(profile, ModbusProfile):
        raise TypeError(f"{profile.model} is no Modbus profile")
    return profile
