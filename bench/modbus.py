"""What our Modbus driver costs over the bare library: 500 points of a realistic mix, read in the fewest requests.

The library's side reads the same blocks and converts each run of like numbers with one `convert_from_registers`, its
fastest way; ours makes Samples with quality. Both speak to the same server in another process, taking turns.
"""

import asyncio
import multiprocessing
import random
import socket
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from typing import Final

from pymodbus.client import AsyncModbusTcpClient

from drivers.modbus import ModbusDriver
from drivers.read_plan import read_plan
from hil_sim.serve_modbus import ModbusServer
from models.field import Device, ModbusConnection, SitePoint, points_of
from models.profile import ModbusProfile, Text
from models.signals import Quality

MIX: Final = (("s16", 300, 0.1), ("u16", 100, 0.1), ("u32", 50, 0.01), ("f32", 50, 1.0))
"""Form, number of points, scale: temperatures and states, flows, counters, electrical values."""
ROUNDS: Final = 60
SCANS: Final = 10
"""Scans a turn; a round is one turn each."""
WARM_UP: Final = 5
AT: Final = datetime(2026, 1, 15, tzinfo=UTC)

_TYPES: Final = {
    "s16": AsyncModbusTcpClient.DATATYPE.INT16,
    "u16": AsyncModbusTcpClient.DATATYPE.UINT16,
    "u32": AsyncModbusTcpClient.DATATYPE.UINT32,
    "f32": AsyncModbusTcpClient.DATATYPE.FLOAT32,
}


def _profile() -> ModbusProfile:
    points: list[dict[str, object]] = []
    address = 0
    for form, count, scale in MIX:
        for _ in range(count):
            number = len(points)
            points.append(
                {
                    "name": f"p{number}_k",
                    "label": {"nb": "Måling", "en": "Measurement"},
                    "tfm": f"RT{number:03}",
                    "table": "input",
                    "address": address,
                    "as": form,
                    "scale": scale,
                    "missing": [0x8000] if form == "s16" else [],
                    "min": -1000,
                    "max": 1_000_000,
                }
            )
            address += 2 if form in ("u32", "f32") else 1
    golden = {"source": "not needed here", "words": {"input:0": [0]}, "gives": {}}
    fields = {"protocol": "modbus", "vendor": "bench", "model": "500 points", "document": "made up"}
    return ModbusProfile.model_validate(fields | {"points": points, "golden": [golden]})


def _site(port: int) -> tuple[ModbusConnection, tuple[SitePoint, ...], dict[str, ModbusProfile]]:
    profile = _profile()
    connection = ModbusConnection(id="bench", protocol="modbus", port=port)
    label = Text(nb="Ytelse", en="Benchmark")
    device = Device(id="dev", profile="bench", connection="bench", system="=320.001", label=label, unit_id=1)
    return connection, points_of(device, profile), {"bench": profile}


def _serve(port: int, ready: Event) -> None:
    async def serve() -> None:
        connection, points, profiles = _site(port)
        server = ModbusServer(connection, points, profiles, lambda _point, _value: None)
        rng = random.Random(1)
        server.update({point.id: round(rng.uniform(0, 90), 1) for point in points})
        await server.start()
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


class _Bare:
    """The library alone: block reads, conversion, scale."""

    def __init__(self, port: int, profile: ModbusProfile) -> None:
        self._client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=5, retries=0)
        # For each block the runs of like numbers: first word, end, type, scale.
        self._blocks = []
        for block in read_plan(profile.points, profile.max_words, profile.max_gap):
            runs = []
            for form, _, scale in MIX:
                own = [point for point in block.points if point.form == form]
                if own:
                    start, end = own[0].address - block.address, own[-1].address + own[-1].words - block.address
                    runs.append((start, end, _TYPES[form], scale))
            self._blocks.append((block.address, block.count, runs))

    async def connect(self) -> None:
        await self._client.connect()

    async def read(self) -> list[float]:
        values: list[float] = []
        for address, count, runs in self._blocks:
            reply = await self._client.read_input_registers(address, count=count, device_id=1)
            for start, end, kind, scale in runs:
                raws = self._client.convert_from_registers(reply.registers[start:end], kind)
                values.extend([raw * scale for raw in (raws if isinstance(raws, list) else [raws])])  # type: ignore[operator]
        return values

    def close(self) -> None:
        self._client.close()


async def _time_s(read: Callable[[], Awaitable[object]], scans: int) -> float:
    begun = time.perf_counter()
    for _ in range(scans):
        await read()
    return time.perf_counter() - begun


async def _compare(port: int) -> tuple[list[float], list[float]]:
    connection, points, profiles = _site(port)
    driver = ModbusDriver(connection, points, profiles, lambda: AT)
    bare = _Bare(port, profiles["bench"])
    await driver.connect()
    await bare.connect()
    try:
        samples, values = await driver.read(), await bare.read()
        _agree([sample.value for sample in samples if sample.quality is Quality.GOOD], values)
        ours: list[float] = []
        theirs: list[float] = []
        for round_number in range(ROUNDS + WARM_UP):
            turns = [(driver.read, ours), (bare.read, theirs)]
            for read, times in turns if round_number % 2 else reversed(turns):
                taken_s = await _time_s(read, SCANS)
                if round_number >= WARM_UP:
                    times.append(taken_s / SCANS)
        return ours, theirs
    finally:
        await driver.close()
        bare.close()


def _agree(ours: Sequence[float | None], theirs: Sequence[float]) -> None:
    pairs = zip(ours, theirs, strict=True)
    if not all(our is not None and abs(our - their) < 1e-6 for our, their in pairs):
        raise ValueError("the driver and the library do not read the same values")


def measure() -> dict[str, float]:
    """Points/s of our driver over the library's (goal >= 0.9), and ours alone; medians of alternating turns."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    server = context.Process(target=_serve, args=(port, ready), daemon=True)
    server.start()
    try:
        if not ready.wait(30):
            raise RuntimeError("the server did not start")
        ours, theirs = asyncio.run(_compare(port))
    finally:
        server.terminate()
        server.join()
    count = sum(count for _, count, _ in MIX)
    ratio = statistics.median(their / our for our, their in zip(ours, theirs, strict=True))
    return {"modbus_ratio_to_raw": ratio, "modbus_points_per_s": count / statistics.median(ours)}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name} {value:.3f}")
