"""The server that bench.pages measures: a whole system over the default site, its plant made up inside the process.

Everything is the product's own but the drivers: links, ticks, rules, record, view, application and web server. Shown
values change as in a building in use: powers and flows nearly every second, temperatures now and then, switches and
counters seldom. One point, `MARKER`, is pushed within each tick and carries the instant at which the tick took it in.

    python -m bench._pages_server FOLDER   says its address, runs until it is ended
"""

import asyncio
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bems.clock import RealClock
from bems.history.record import Record
from bems.system import System
from bems.view import View
from bems.web import WebServer, open_port
from dashboards.app import create_app
from models.field import Connection, SitePoint
from models.signals import Quality, Sample, Write, WriteResult
from models.site import load_site
from models.units import Unit

SITE_FILE: Final = Path(__file__).resolve().parents[1] / "site.biri.toml"
MARKER: Final = "main.frequency_hz"
"""Carries milliseconds of the monotonic clock, which all processes of a machine share; shown with two decimals."""
TYPICAL: Final = {Unit.DEGC: 30.0, Unit.KW: 12.0, Unit.PCT: 50.0, Unit.PPM: 600.0, Unit.AMPERE: 8.0, Unit.VOLT: 230.0}
STEP: Final = {Unit.KW: 0.2, Unit.AMPERE: 0.1, Unit.L_PER_H: 5.0, Unit.L_PER_MIN: 0.1, Unit.M3_PER_H: 0.1}
"""How far a value usually moves in a second; temperatures and the rest of the analog ones move by `SLOW`."""
SLOW: Final = 0.02
STILL: Final = frozenset({Unit.BOOL, Unit.STATE, Unit.COUNT, Unit.KWH, Unit.M3})
SWITCHES_A_SCAN: Final = 0.002


class LivelyDriver:
    """The devices of one connection, always there; what is written is what they show."""

    def __init__(self, points: Sequence[SitePoint], clock: RealClock, seed: int) -> None:
        self._points = [point for point in points if point.id != MARKER]
        self._marks = len(self._points) < len(points)
        self._clock = clock
        self._chance = random.Random(seed)
        self._shown = {point.id: TYPICAL.get(point.spec.shown_unit, 0.0) for point in self._points}

    async def connect(self) -> None:
        """Nothing to open."""

    async def read(self) -> Sequence[Sample]:
        """Every point, a second further on."""
        at = self._clock.now()
        return [Sample(point.id, at, self._moved(point), Quality.GOOD) for point in self._points]

    def _moved(self, point: SitePoint) -> float:
        unit, now = point.spec.shown_unit, self._shown[point.id]
        if point.writable or point.spec.alarm:
            return now
        if unit not in STILL:
            now += self._chance.gauss(0.0, STEP.get(unit, SLOW))
        elif self._chance.random() < SWITCHES_A_SCAN:
            now = 1.0 - now if unit in (Unit.BOOL, Unit.STATE) else now + 1.0
        self._shown[point.id] = now
        return now

    def drain(self) -> Sequence[Sample]:
        """The marker: asked for at the beginning of a tick."""
        if not self._marks:
            return ()
        return (Sample(MARKER, self._clock.now(), 1e3 * time.monotonic(), Quality.GOOD),)

    async def write(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """Taken as it is."""
        for write in writes:
            if write.value is not None:
                self._shown[write.point] = write.value
        return [WriteResult(write.point, ok=True, read_back=write.value, error=None) for write in writes]

    async def ping(self) -> None:
        """Always there."""

    async def close(self) -> None:
        """Nothing to close."""


async def serve(folder: Path) -> None:
    """Until the process is ended."""
    site = load_site(SITE_FILE)
    clock = RealClock()
    drivers: dict[str, tuple[Connection, LivelyDriver]] = {}
    for number, connection in enumerate(site.connections):
        points = [point for point in site.points.values() if point.device.connection == connection.id]
        drivers[connection.id] = (connection, LivelyDriver(points, clock, number))
    path = folder / "record.sqlite"
    with open_port(0) as listening, Record.open(path) as record:
        system = System(site, clock, record, drivers)
        server = WebServer(create_app(View(system, path, demo=True)), listening)
        print(server.url, flush=True)
        await system.run(asyncio.Event(), [("web", server.run_until_told)])


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
