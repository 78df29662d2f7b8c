"""A whole field to break: a still plant behind real servers on free ports, and the system that runs it, in one loop."""

import asyncio
import os
import random
import signal
import socket
from collections import Counter
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bems.clock import AcceleratedClock, wall_s
from bems.demo import synthetic_feeds
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.planning.live import Planner
from bems.sim import make_servers
from bems.system import System
from bems.view import View
from bems.wiring import make_drivers, shifted
from hil_sim.broker import Broker
from hil_sim.runner import Runner
from models.field import BacnetConnection, MqttConnection
from models.site import load_site

SITE_FILE = Path(__file__).resolve().parents[2] / "site.biri.toml"
START = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
LOOK_EVERY_S = 0.05
TIMEOUT_S = 2.0

QUIET = {
    "outdoor_temp_degc": 0.0,
    "humidity_pct": 50.0,
    "temp_degc": 22.0,
    "floor_temp_degc": 25.0,
    "layer_1_temp_degc": 52.0,
    "layer_2_temp_degc": 52.0,
    "layer_3_temp_degc": 52.0,
    "layer_4_temp_degc": 52.0,
    "supply_temp_degc": 35.0,
    "return_temp_degc": 30.0,
    "top_temp_degc": 71.0,
    "middle_temp_degc": 71.0,
    "bottom_temp_degc": 71.0,
    "shower_temp_degc": 38.0,
    "extract_temp_degc": 21.5,
    "extract_co2_ppm": 500.0,
    "from_wells_temp_degc": 4.0,
    "to_wells_temp_degc": 2.0,
    "release_ok": 1.0,
}
"""A quiet winter day by signal; whatever else a device shows is its lowest possible value, or 0."""


class StillPlant:
    """Nothing happens in it, but nothing is frozen either: temperatures move a little with every step."""

    def __init__(self, site):
        self._site = site
        self._told = {}
        self.shown = {}
        """What a test wants to be read, by point."""
        self._steps = 0

    def reset(self, start, seed):
        del start, seed
        return self._observations()

    def step(self, commands, dt_s):
        del dt_s
        self._steps += 1
        for point, value in commands.items():
            if value is None:
                self._told.pop(point, None)
            else:
                self._told[point] = value
        return self._observations()

    def _observations(self) -> Mapping[str, float | None]:
        return {point.id: self._shown(point) for point in self._site.points.values()}

    def _shown(self, point):
        spec = point.spec
        if point.id in self.shown:
            return self.shown[point.id]
        if spec.write is not None:
            return self._told.get(point.id, spec.write.relinquish)
        if spec.name in ("compressor_1_on", "compressor_2_on"):  # the machine does as it is told
            stage = self._told.get(f"{point.device.id}.stage_request", 2.0)
            return float(stage >= int(spec.name.split("_")[1]))
        if spec.states:
            return float(min(spec.states))
        if point.id == "hot_water.supply_temp_degc":
            return 70.0 + 0.1 * (self._steps % 2)
        if point.device.id.startswith("loop_") and spec.name == "return_temp_degc":
            return 65.0 + 0.1 * (self._steps % 2)
        quiet = QUIET.get(spec.name)
        if quiet is None:
            return max(0.0, spec.min or 0.0)
        return quiet + (0.1 * (self._steps % 2) if spec.name.endswith("_degc") else 0.0)


class ListeningRunner(Runner):
    """Remembers each write that reached a device: wall time, point, value (None: given back)."""

    def __init__(self, *args):
        super().__init__(*args)
        self.writes = []

    def written(self, point, value):
        self.writes.append((wall_s(), point, value))
        super().written(point, value)


class Field:
    """Servers, broker, system and record. Use as an async context manager; inside it the system is running.

    With `system=False` only the field is there, until `start_system`. With `plans` the system has its optimiser.
    With `every_reading` the record has every one, instead of one a minute.
    """

    def __init__(self, folder, speed=60.0, *, system=True, plans=False, every_reading=False):
        self.path = folder / "record.sqlite"
        self.port_offset = free_offset()
        self.site = patient(shifted(load_site(SITE_FILE), self.port_offset))
        if every_reading:
            keeping = self.site.record.model_copy(update={"every_s": 0.001})
            self.site = self.site.model_copy(update={"record": keeping})
        self._with_system, self._plans = system, plans
        self.clock = AcceleratedClock(START, speed, wall_s())
        self.runner = ListeningRunner(self.site, StillPlant(self.site), self.clock.now, speed)
        self.servers = make_servers(self.site, self.runner)
        self.broker = Broker(next(c.port for c in self.site.connections if isinstance(c, MqttConnection)))
        self.history = History(self.path)
        self._stack = AsyncExitStack()

    async def __aenter__(self):
        async with AsyncExitStack() as stack:
            await self.broker.start()
            stack.push_async_callback(self.broker.stop)
            for server in self.servers.values():
                await server.start()
                stack.push_async_callback(server.stop)
            plant = asyncio.create_task(self.runner.run(list(self.servers.values())), name="still plant")
            stack.push_async_callback(ended, plant)
            self._stack = stack.pop_all()
        if self._with_system:
            await self.start_system()
        return self

    async def start_system(self):
        record = self._stack.enter_context(Record.open(self.path))
        drivers = make_drivers(self.site, self.clock.now)
        if self._plans:
            planner = Planner(self.site, self.clock.now, record.load_state)
            self.system = System(self.site, self.clock, record, drivers, planner=planner)
            self.system.beside = [("planner", planner.run)]
            prices, weather = synthetic_feeds(self.site, START)
            self.system.take_prices(await prices.fetch(START))
            self.system.take_weather(await weather.fetch(START))
        else:
            self.system = System(self.site, self.clock, record, drivers)
        self.view = View(self.system, self.path, demo=True)
        self.stop = asyncio.Event()
        self.running = asyncio.create_task(self.system.run(self.stop), name="system")
        self._stack.push_async_callback(self.end)

    async def __aexit__(self, *_):
        await self._stack.aclose()

    async def end(self):
        """Stop the system in good order; the field stays."""
        self.stop.set()
        await self.running

    async def kill_broker(self):
        """As a crash does it: no good-bye, no last wills."""
        process = self.broker._process
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()

    def not_good(self):
        return {point.id for point in self.view.points() if point.quality != "good"}

    def points_on(self, connection):
        return {point.id for point in self.site.points.values() if point.device.connection == connection}

    async def until(self, condition, within_s, seen=lambda: None):
        """Wait for it; returns the wall time it took, fails with what is `seen` when that is too long."""
        begun = wall_s()
        while not condition():
            assert wall_s() - begun < within_s, f"still not so after {within_s} s: {seen()}"
            await asyncio.sleep(LOOK_EVERY_S)
        return wall_s() - begun

    async def until_all_good(self, within_s=30.0):
        return await self.until(lambda: not self.not_good(), within_s, self.qualities)

    async def until_only_lost(self, points, within_s):
        return await self.until(lambda: self.not_good() == points, within_s, self.qualities)

    def qualities(self):
        """How many points of each device are of which quality, where that is not good."""
        return Counter((point.source, point.quality) for point in self.view.points() if point.quality != "good")

    async def events(self, *kinds, subject=None):
        """What the record holds of these kinds (all when none is named)."""
        return await asyncio.to_thread(
            self.history.events, START, self.clock.now() + timedelta(days=1), kinds or EventKind, subject
        )


def patient(site):
    """With time-outs for a machine that runs other tests too: here both sides share one loop."""
    longer = tuple(c.model_copy(update={"timeout_s": TIMEOUT_S}) for c in site.connections)
    return site.model_copy(update={"connections": longer})


def free_offset():
    """Where no demo looks, and outside the range (32768 .. 60999) from which the machine gives ports to anybody.

    What is stopped for a while must find its port free when it comes back, and nobody may connect to himself.
    """
    site = load_site(SITE_FILE)
    for _ in range(200):
        offset = random.randrange(13200, 13880, 10)
        if all(is_free(c.host, c.port + offset, isinstance(c, BacnetConnection)) for c in site.connections):
            return offset
    raise OSError("no free ports for a whole site")


def is_free(host, port, udp):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


async def ended(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
