"""A real system without wires, for any site file: a still plant answers its links in the same process.

What pages, the API and reports tell of it comes through the whole house, as it would on site.
"""

import asyncio
import contextlib
import threading
from datetime import UTC, datetime

from bems.clock import AcceleratedClock, wall_s
from bems.history.query import History
from bems.history.record import Record
from bems.insight.day_plans import DayPlans
from bems.insight.outcomes import Outcomes
from bems.night.live import Nights, planned_by
from bems.system import System
from bems.view import View
from bems.web import WebServer, open_port
from bems.wiring import points_by_connection
from dashboards.access import Role, guest
from dashboards.app import create_app
from models.signals import Sample, WriteResult
from tests.system.field import StillPlant

START = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
STARTS_S = 30.0


class StillDriver:
    """models.ports.Driver over a plant in this process: every point reads as it stands, every write is taken."""

    def __init__(self, points, plant, now):
        self._points, self._plant, self._now = [point.id for point in points], plant, now

    async def connect(self):
        """Nothing to open."""

    async def read(self):
        shown = self._plant.step({}, 0.0)
        return [Sample(point, self._now(), shown[point]) for point in self._points]

    def drain(self):
        return ()

    async def write(self, writes):
        self._plant.step({write.point: write.value for write in writes}, 0.0)
        return [WriteResult(write.point, True, write.value, None) for write in writes]

    async def ping(self):
        """Always there."""

    async def close(self):
        """Nothing to close."""


class StillHouse:
    """System, view and pages of one site; `start` serves them on a thread of their own, at the returned address.

    `planner` makes one, from site, clock's now and what the record kept; without it nothing plans.
    """

    def __init__(self, site, folder, *, role=Role.ADMIN, planner=None):
        self.site, self._path, self.guest = site, folder / "record.sqlite", guest(role)
        self._record = Record.open(self._path)
        self.clock = AcceleratedClock(START, 60.0, wall_s())
        now, plant = self.clock.now, StillPlant(site)
        drivers = {
            connection.id: (connection, StillDriver(points_by_connection(site)[connection.id], plant, now))
            for connection in site.connections
        }
        self.planner = None if planner is None else planner(site, now, self._record.load_state)
        self.system = System(site, self.clock, self._record, drivers, planner=self.planner)
        days = outcomes = None
        if self.planner is not None:
            days = DayPlans(site, self.planner, self._record, now)
            outcomes = Outcomes(site, self.planner, History(self._path), now)
            nights = Nights(site, self._record, self._path, now, lambda: planned_by(self.planner, now()))
            nights.note = outcomes.note = self.system.note
            self.system.nights = nights
            self.system.beside = [
                ("planner", self.planner.run), ("night", nights.run), ("days", days.run), ("outcomes", outcomes.run),
            ]  # fmt: skip
        self.view = View(self.system, self._path, demo=True, day_plans=days, outcomes=outcomes)
        self.app = create_app(self.view, self.guest)
        self._ready, self._thread, self._loop = threading.Event(), None, None

    def start(self):
        """Tick and serve; returns the address once it does."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="still house", daemon=True)
        self._thread.start()
        if not self._ready.wait(STARTS_S):
            raise RuntimeError("the still house did not start")
        return self.url

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        with open_port(0) as listening:
            server = WebServer(self.app, listening)
            self.url = server.url

            async def end():
                await self._stop.wait()
                server.should_exit = True

            async def ready():
                async for _ in self.system.ticks():
                    if server.started and all(point.quality == "good" for point in self.view.points()):
                        self._ready.set()
                        return

            await self.system.run(self._stop, [("web", server.run_until_told), ("end", end), ("ready", ready)])

    def close(self):
        """End in good order."""
        if self._thread is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself, and said why
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(STARTS_S)
        self._record.close()
