"""What our BACnet driver costs over the bare library: 300 points of rooms and tanks behind one device.

The library's side asks for the present values only, in the number of requests that suits it best; ours asks for the
status flags too, without which a value proves nothing, and makes Samples with quality. Both speak to the same server in
another process, taking turns.
"""

import asyncio
import functools
import multiprocessing
import socket
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from typing import Any, Final

from bacpypes3.app import Application
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import ObjectIdentifier

from drivers.bacnet import BacnetDriver
from hil_sim.serve_bacnet import BacnetServer
from models.field import BacnetConnection, Device, SitePoint, points_of
from models.point import BacnetPoint
from models.profile import Profile, Text, load_profile
from models.signals import Quality

DEVICES: Final = {"generic_room_controller": 52, "generic_tank": 10}
BATCHES: Final = (50, 100, 300)
"""Objects a request, tried for the library."""
ROUNDS: Final = 15
WARM_UP: Final = 2
READY_S: Final = 30
AT: Final = datetime(2026, 1, 15, tzinfo=UTC)


def _site(port: int) -> tuple[BacnetConnection, list[SitePoint], dict[str, Profile]]:
    connection = BacnetConnection(id="bench", protocol="bacnet", port=port, device_instance=1, timeout_s=5)
    profiles = {name: load_profile(name) for name in DEVICES}
    label = Text(nb="Ytelse", en="Benchmark")
    names = [name for name, count in DEVICES.items() for _ in range(count)]
    points: list[SitePoint] = []
    for number, name in enumerate(names):
        device = Device(
            id=f"d{number}",
            profile=name,
            connection="bench",
            system=f"=563.{number:03d}",
            label=label,
            object_offset=10 * number,
        )
        points += points_of(device, profiles[name])
    return connection, points, profiles


def _serve(port: int, ready: Event) -> None:
    async def serve() -> None:
        connection, points, profiles = _site(port)
        server = BacnetServer(connection, points, profiles, lambda _point, _value: None)
        server.update({point.id: 20.0 + number % 7 for number, point in enumerate(points)})
        await server.start()
        ready.set()
        await asyncio.Event().wait()

    asyncio.run(serve())


class _Bare:
    """The library alone."""

    def __init__(self, points: list[SitePoint]) -> None:
        self._objects = []
        for point in points:
            assert isinstance(point.spec, BacnetPoint)
            kind, instance = point.spec.object.split(",")
            self._objects.append(ObjectIdentifier((kind, int(instance) + point.device.object_offset)))
        self._app: Any = Application.from_object_list(
            [
                DeviceObject(
                    objectIdentifier=("device", 599),
                    objectName="bare",
                    vendorIdentifier=999,
                    maxApduLengthAccepted=1476,
                    segmentationSupported="segmented-both",
                    maxSegmentsAccepted=64,
                ),
                NetworkPortObject("127.0.0.1:0", objectIdentifier=("network-port", 1), objectName="port"),
            ]
        )

    async def read(self, peer: Address, batch: int) -> list[float]:
        values: list[float] = []
        for first in range(0, len(self._objects), batch):
            wanted: list[Any] = []
            for one in self._objects[first : first + batch]:
                wanted += [one, ["present-value"]]
            values += [float(value) for _, _, _, value in await self._app.read_property_multiple(peer, wanted)]
        return values

    def close(self) -> None:
        self._app.close()


async def _compare(port: int) -> tuple[float, float, int]:
    """Median seconds of a scan by our driver and by the library at its best, and the number of points."""
    connection, points, profiles = _site(port)
    driver = BacnetDriver(connection, points, profiles, lambda: AT)
    bare, peer = _Bare(points), Address(f"127.0.0.1:{port}")
    await driver.connect()
    try:
        samples, values = await driver.read(), await bare.read(peer, BATCHES[0])
        if [s.value for s in samples] != values or any(s.quality is not Quality.GOOD for s in samples):
            raise RuntimeError("the two sides read different values")
        ours: list[float] = []
        theirs: dict[int, list[float]] = {batch: [] for batch in BATCHES}
        for number in range(ROUNDS + WARM_UP):
            taken = await _time_s(driver.read)
            bare_taken = {batch: await _time_s(functools.partial(bare.read, peer, batch)) for batch in BATCHES}
            if number >= WARM_UP:
                ours.append(taken)
                for batch, seconds in bare_taken.items():
                    theirs[batch].append(seconds)
    finally:
        await driver.close()
        bare.close()
        await asyncio.sleep(0.05)
    return statistics.median(ours), min(statistics.median(times) for times in theirs.values()), len(points)


async def _time_s(read: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await read()
    return time.perf_counter() - begun


def measure() -> dict[str, float]:
    """`bacnet_ratio_to_raw`: points a second of our driver over those of the bare library; goal 0.9."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    server = context.Process(target=_serve, args=(port, ready), daemon=True)
    server.start()
    try:
        if not ready.wait(READY_S):
            raise RuntimeError(f"the server was not ready within {READY_S} s")
        ours_s, bare_s, points = asyncio.run(_compare(port))
    finally:
        server.terminate()
        server.join()
    return {"bacnet_ratio_to_raw": bare_s / ours_s, "bacnet_points_per_s": points / ours_s}
