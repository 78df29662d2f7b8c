"""The running system on paper devices: a record in trouble, an error nobody expected, late ticks, and the end."""

import asyncio
import logging
import sqlite3
import threading
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from bems import system as system_module
from bems.clock import AcceleratedClock, wall_s
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.system import System
from bems.view import View
from drivers.errors import Unreachable
from models.signals import Quality, Sample, WriteResult
from models.site import load_site
from tests.system.field import StillPlant

SITE = load_site(Path(__file__).resolve().parents[2] / "site.example.toml")
START = datetime(2026, 1, 15, 5, tzinfo=UTC)
TICK_S = 0.02
SPEED = 3000.0
"""Site seconds per wall second: a tick is a minute of the site."""


class PaperDriver:
    """The devices of one connection as a still plant has them."""

    def __init__(self, connection, plant, clock):
        self.points = [p.id for p in SITE.points.values() if p.device.connection == connection.id]
        self.writes = []
        self.pushed = []
        self.fault = None
        self._plant, self._clock = plant, clock

    async def connect(self):
        if self.fault is not None:
            raise self.fault

    async def read(self):
        await self.connect()
        at, shown = self._clock.now(), self._plant.step({}, 1.0)
        return [Sample(point, at, shown[point]) for point in self.points]

    def drain(self):
        pushed, self.pushed = self.pushed, []
        return pushed

    async def write(self, writes):
        await self.connect()
        self.writes += writes
        self._plant.step({write.point: write.value for write in writes}, 1.0)
        return [WriteResult(write.point, True, write.value, None) for write in writes]

    async def ping(self):
        await self.connect()

    async def close(self):
        pass


class Bench:
    """A system whose devices are paper."""

    def __init__(self, path, record):
        self.clock = AcceleratedClock(START, SPEED, wall_s())
        self.plant = StillPlant(SITE)
        connections = [c.model_copy(update={"period_s": TICK_S}) for c in SITE.connections]
        self.drivers = {c.id: (c, PaperDriver(c, self.plant, self.clock)) for c in connections}
        self.record = record
        self.system = System(SITE, self.clock, record, self.drivers)
        self.view = View(self.system, path, demo=True)
        self.history = History(path)
        self.stop = asyncio.Event()

    @property
    def writes(self):
        return [write for _, driver in self.drivers.values() for write in driver.writes]

    def health(self, name):
        return next(part for part in self.view.health() if part.name == name)

    def events(self, *kinds):
        return self.history.events(START, START + timedelta(days=30), kinds)

    async def until(self, condition, within_s=10.0):
        end = wall_s() + within_s
        while not condition():
            assert wall_s() < end
            await asyncio.sleep(0.01)

    async def ticks(self, count):
        wanted = self.system.tick_count + count
        await self.until(lambda: self.system.tick_count >= wanted)


@pytest.fixture
async def bench(tmp_path, monkeypatch):
    monkeypatch.setattr(system_module, "TICK_S", TICK_S)
    path = tmp_path / "record.sqlite"
    with Record.open(path, busy_timeout_s=0.05) as record:
        yield Bench(path, record)


@asynccontextmanager
async def running(bench):
    task = asyncio.create_task(bench.system.run(bench.stop))
    try:
        await bench.until(lambda: len(bench.writes) > 3)
        yield task
    finally:
        bench.stop.set()
        await task


async def test_at_the_end_every_point_is_given_back_and_the_record_says_so(bench, caplog):
    caplog.set_level(logging.INFO)
    async with running(bench):
        pass
    last = {write.point: write.value for write in bench.writes}
    assert set(last.values()) == {None}
    assert f"{len(last)} points given back" in caplog.text
    started, stopped = bench.events(EventKind.START, EventKind.STOP)
    assert started.at < stopped.at
    assert stopped.text == f"stopped; {len(last)} points given back"


async def test_a_full_record_does_not_stop_control_and_nothing_is_lost(bench, caplog):
    def pages(limit):
        bench.record._connection.execute(f"PRAGMA max_page_count={limit}")

    async with running(bench):
        used = bench.record._connection.execute("PRAGMA page_count").fetchone()[0]
        pages(used)
        await bench.until(lambda: bench.health("record").state == "down")
        assert "the disk is full" in bench.health("record").detail
        written = len(bench.writes)
        for point in SITE.points.values():
            if point.spec.name == "outdoor_temp_degc":
                bench.plant.shown[point.id] = -15.0
        await bench.until(lambda: len(bench.writes) > written)  # it got cold, and the supply warmer
        await bench.ticks(30)
        assert bench.health("loop").state == "ok"
        assert bench.system.unstored > 20
        pages(1_000_000)
        await bench.until(lambda: bench.health("record").state == "ok")
        assert bench.system.unstored <= 1
    ours = [r.message for r in caplog.records if r.name == "bems.system" and r.levelno >= logging.WARNING]
    assert len(ours) == 1
    assert "the disk is full" in ours[0]
    point = next(iter(SITE.points))
    at_ms = bench.history.raw([point], START, START + timedelta(days=30))[point].at_ms
    assert max(after - before for before, after in pairwise(at_ms)) / 1000 / SPEED < 0.5


async def test_an_end_waits_for_the_tick_that_a_slow_disk_is_storing(bench, monkeypatch):
    append, storing = bench.record.append_tick, threading.Event()

    def slowly(*batch):
        if any(event.text == "last words" for event in batch[2]):
            storing.set()
            time.sleep(0.5)
        append(*batch)

    monkeypatch.setattr(bench.record, "append_tick", slowly)
    async with running(bench):
        bench.system.note(Event(bench.clock.now(), EventKind.AUDIT, "a1", "last words"))
        await bench.until(storing.is_set)
    assert [event.text for event in bench.events(EventKind.AUDIT)] == ["last words"]
    assert bench.system.unstored == 0


async def test_a_record_locked_by_another_process_is_waited_for_beside_control(bench):
    async with running(bench):
        blocker = sqlite3.connect(bench.record._path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        await bench.until(lambda: bench.health("record").state == "down")
        assert "locked" in bench.health("record").detail
        await bench.ticks(10)
        assert bench.health("loop").state == "ok"
        blocker.execute("ROLLBACK")
        blocker.close()
        await bench.until(lambda: bench.health("record").state == "ok")


async def test_a_slow_disk_degrades_the_record_but_does_not_delay_control(bench, monkeypatch):
    free = threading.Event()
    append = bench.record.append_tick

    def slow(*batch):
        free.wait(5)
        return append(*batch)

    monkeypatch.setattr(bench.record, "append_tick", slow)
    async with running(bench):
        await bench.ticks(10)
        assert bench.health("record").state == "degraded"
        assert "ticks wait to be stored" in bench.health("record").detail
        assert bench.health("loop").state == "ok"
        free.set()
        await bench.until(lambda: bench.health("record").state == "ok")


async def test_a_stop_in_the_middle_of_storing_stores_each_tick_once(bench, monkeypatch):
    storing, append = threading.Event(), bench.record.append_tick

    def slow(*batch):
        storing.set()
        time.sleep(0.05)
        return append(*batch)

    async with running(bench):
        monkeypatch.setattr(bench.record, "append_tick", slow)
        storing.clear()
        await asyncio.to_thread(storing.wait, 5)
    for point, series in bench.history.raw(SITE.points, START, START + timedelta(days=30)).items():
        assert len(set(series.at_ms)) == len(series.at_ms), point


async def test_a_device_that_babbles_costs_a_tick_of_the_record_and_nothing_else(bench, caplog):
    async with running(bench):
        _, driver = next(iter(bench.drivers.values()))
        point, now = driver.points[0], bench.clock.now()
        driver.pushed += [Sample(point, now, 1.0), Sample(point, now, None, Quality.BAD)] * 600
        await bench.until(lambda: "a tick is not kept" in caplog.text)
        await bench.ticks(5)
        await bench.until(lambda: bench.health("record").state == "ok")


async def test_an_error_nobody_expected_ends_the_system_with_its_points_given_back(bench, monkeypatch):
    """The process then ends with a traceback, and whoever supervises it starts it again."""

    def broken(*_):
        raise ZeroDivisionError("a bug")

    task = asyncio.create_task(bench.system.run(bench.stop))
    await bench.until(lambda: len(bench.writes) > 3)
    monkeypatch.setattr(bench.system.steering, "step", broken)
    with pytest.raises(ExceptionGroup) as raised:
        await asyncio.wait_for(task, 5)
    assert raised.group_contains(ZeroDivisionError, match="a bug")
    assert {write.value for write in {write.point: write for write in bench.writes}.values()} == {None}
    assert len(bench.events(EventKind.STOP)) == 1


@pytest.mark.parametrize("fault", [Unreachable("gone"), ZeroDivisionError("a bug in a driver")])
async def test_one_device_that_fails_on_the_way_out_keeps_no_other_from_its_points(bench, caplog, fault):
    async with running(bench):
        failing = next(driver for _, driver in bench.drivers.values() if driver.writes)
        await bench.ticks(5)
        bench.stop.set()
        failing.fault = fault
    others = {w.point: w.value for _, driver in bench.drivers.values() if driver is not failing for w in driver.writes}
    assert others
    assert set(others.values()) == {None}
    assert "could not be given back" in caplog.text
    assert len(bench.events(EventKind.STOP)) == 1


async def test_late_ticks_degrade_the_loop_until_they_are_in_time_again(bench, monkeypatch):
    async with running(bench):
        assert bench.system.state == "ok"
        step = bench.system.steering.step

        def slow(*arguments):
            time.sleep(3 * TICK_S)
            return step(*arguments)

        monkeypatch.setattr(bench.system.steering, "step", slow)
        await bench.until(lambda: bench.system.state == "degraded")
        monkeypatch.setattr(bench.system.steering, "step", step)
        await bench.until(lambda: bench.system.state == "ok")


async def test_listeners_hear_of_ticks_and_are_let_go_at_the_end(bench):
    heard = []

    async def listen():
        async for tick in bench.system.ticks():
            heard.append(tick)  # noqa: PERF401  (a listener acts on each when it comes)

    async with running(bench):
        listener = asyncio.create_task(listen())
        await bench.ticks(5)
    await asyncio.wait_for(listener, 1)
    assert len(heard) >= 4
    assert heard == sorted(set(heard))


async def test_before_the_first_tick_it_is_starting(bench):
    assert bench.system.state == "starting"
    assert {part.state for part in bench.view.health()} == {"starting"}
