"""One connection kept alive: what people read in the log, what the picture is told, and when."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from bems import link as link_module
from bems.link import Link
from drivers.errors import Unreachable
from models.field import ModbusConnection
from models.signals import Quality, Sample, Write, WriteResult

NOW = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
PERIOD_S = 0.05


class Device:
    """A plain driver: alive or not, slow or not, remembering what it was asked."""

    def __init__(self):
        self.alive = True
        self.lost_datagrams = 0
        self.read_takes_s = 0.0
        self.fault: Exception | None = None
        self.connected_at: list[float] = []
        self.read_at: list[float] = []
        self.written: list[list[Write]] = []
        self.open = False

    def _answer(self):
        if self.fault is not None:
            raise self.fault
        if self.lost_datagrams:
            self.lost_datagrams -= 1
            raise Unreachable("pump: no answer")
        if not self.alive:
            raise Unreachable("pump: no answer")

    async def connect(self):
        self.connected_at.append(time.monotonic())
        self._answer()
        self.open = True

    async def read(self):
        self.read_at.append(time.monotonic())
        await asyncio.sleep(self.read_takes_s)
        self._answer()
        return [Sample("pump.power_kw", NOW, 3.0)]

    def drain(self):
        return ()

    async def write(self, writes):
        self.written.append(list(writes))
        self._answer()
        return [WriteResult(w.point, w.value != 99, w.value, None if w.value != 99 else "refused") for w in writes]

    async def ping(self):
        self._answer()

    async def close(self):
        self.open = False


class Bench:
    """A link on a Device, with everything it reported."""

    def __init__(self, period_s=PERIOD_S):
        self.device = Device()
        self.samples: list[Sample] = []
        self.results: list[WriteResult] = []
        connection = ModbusConnection(id="mb", protocol="modbus", port=502, period_s=period_s)
        self.link = Link(
            connection,
            self.device,
            ["pump.power_kw", "pump.speed_pct"],
            now=lambda: NOW,
            on_samples=self.samples.extend,
            on_results=self.results.extend,
        )

    async def until(self, true, within_s=3.0):
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110  (what is waited for is no event)
                await asyncio.sleep(0.005)

    def qualities(self, last: int) -> Sequence[Quality]:
        return [sample.quality for sample in self.samples[-last:]]


@contextlib.asynccontextmanager
async def running(bench):
    task = asyncio.create_task(bench.link.run())
    yield bench
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert not bench.device.open


@pytest.fixture
async def bench(monkeypatch, caplog):
    monkeypatch.setattr(link_module, "FIRST_BACK_OFF_S", 0.02)
    monkeypatch.setattr(link_module, "LONGEST_BACK_OFF_S", 0.1)
    caplog.set_level(logging.INFO, "bems.link")
    async with running(Bench()) as bench:
        yield bench


async def test_it_connects_scans_and_keeps_its_period(bench):
    await bench.until(lambda: len(bench.device.read_at) > 20)
    taken_s = bench.device.read_at[20] - bench.device.read_at[0]
    assert taken_s == pytest.approx(20 * PERIOD_S, rel=0.2)
    assert bench.link.state == "up"
    assert bench.link.last_scan_s is not None
    assert len(bench.device.connected_at) == 1


async def test_the_time_a_scan_takes_is_part_of_its_period(bench):
    bench.device.read_takes_s = 0.6 * PERIOD_S
    await bench.until(lambda: len(bench.device.read_at) > 20)
    assert bench.device.read_at[20] - bench.device.read_at[0] == pytest.approx(20 * PERIOD_S, rel=0.2)


async def test_a_loss_is_one_line_down_and_one_line_up(bench, caplog):
    await bench.until(lambda: bench.link.state == "up")
    bench.device.alive = False
    await bench.until(lambda: bench.link.state == "down")
    await bench.until(lambda: len(bench.device.connected_at) > 4)
    bench.device.alive = True
    await bench.until(lambda: bench.link.state == "up")
    lines = [record.getMessage() for record in caplog.records]
    assert [line.split(" after ")[0] for line in lines] == ["mb: up", "mb: down: pump: no answer", "mb: up"]


async def test_a_loss_makes_every_point_of_the_wire_offline(bench):
    await bench.until(lambda: bench.link.state == "up")
    bench.device.alive = False
    await bench.until(lambda: bench.link.state == "down")
    assert [(s.point, s.value, s.quality) for s in bench.samples[-2:]] == [
        ("pump.power_kw", None, Quality.OFFLINE),
        ("pump.speed_pct", None, Quality.OFFLINE),
    ]
    assert bench.link.detail == "pump: no answer"
    bench.device.alive = True
    await bench.until(lambda: bench.qualities(1) == [Quality.GOOD])


async def test_a_device_that_is_never_there_is_down_from_the_start(caplog):
    absent = Bench()
    absent.device.alive = False
    async with running(absent):
        await absent.until(lambda: absent.link.state == "down")
    assert absent.device.read_at == []
    assert [record.getMessage() for record in caplog.records] == ["mb: down: pump: no answer"]


@pytest.mark.parametrize("exchange", ["read", "write"])
async def test_one_lost_datagram_is_no_loss(bench, caplog, exchange):
    await bench.until(lambda: bench.link.state == "up")
    bench.device.lost_datagrams = 1
    if exchange == "write":
        bench.link.request([Write("pump.speed_pct", 50.0, 12)])
        await bench.until(lambda: bench.results)
        assert [(r.ok, r.error) for r in bench.results] == [(False, "pump: no answer")]
    scans = len(bench.device.read_at)
    await bench.until(lambda: len(bench.device.read_at) > scans + 3)
    assert bench.link.state == "up"
    assert Quality.OFFLINE not in bench.qualities(len(bench.samples))
    assert len(caplog.records) == 1


async def test_tries_to_reconnect_come_later_each_time_but_never_later_than_the_longest(monkeypatch, bench):
    asked = []
    monkeypatch.setattr(random, "uniform", lambda low, high: asked.append((low, high)) or 0.0)
    bench.device.alive = False
    await bench.until(lambda: len(asked) > 6)
    longest = [high for _, high in asked]
    assert longest[:4] == pytest.approx([0.04, 0.08, 0.1, 0.1])
    assert max(longest) == 0.1
    assert {low for low, _ in asked} == {0.02}


async def test_an_outage_of_weeks_does_not_end_the_link(monkeypatch, bench):
    monkeypatch.setattr(random, "uniform", lambda low, high: 0.0)
    bench.device.alive = False
    await bench.until(lambda: len(bench.device.connected_at) > 1100, within_s=20)
    bench.device.alive = True
    await bench.until(lambda: bench.link.state == "up")


async def test_a_success_ends_the_back_off(monkeypatch, bench):
    asked = []
    monkeypatch.setattr(random, "uniform", lambda low, high: asked.append(high) or 0.0)
    bench.device.alive = False
    await bench.until(lambda: len(asked) > 3)
    bench.device.alive = True
    await bench.until(lambda: bench.link.state == "up")
    asked.clear()
    bench.device.alive = False
    await bench.until(lambda: asked)
    assert asked[0] == pytest.approx(0.04)


async def test_a_write_goes_out_before_the_next_scan_and_is_reported_with_what_it_answers():
    wish = Write("pump.speed_pct", 50.0, 12)
    async with running(Bench(period_s=60.0)) as slow:
        await slow.until(lambda: slow.link.state == "up")
        slow.link.request([wish])
        await slow.until(lambda: slow.results)
    assert len(slow.device.read_at) == 1
    assert slow.results == [WriteResult("pump.speed_pct", ok=True, read_back=50.0, error=None, write=wish)]


async def test_a_refused_write_is_reported_and_costs_nothing_else(bench):
    await bench.until(lambda: bench.link.state == "up")
    bench.link.request([Write("pump.speed_pct", 99.0, 12), Write("pump.speed_pct", 40.0, 5)])
    await bench.until(lambda: len(bench.results) == 2)
    assert [(r.ok, r.error) for r in bench.results] == [(False, "refused"), (True, None)]
    assert bench.link.state == "up"


async def test_a_newer_wish_for_a_slot_replaces_the_waiting_one(bench):
    bench.device.read_takes_s = 0.1
    await bench.until(lambda: len(bench.device.read_at) == 1)
    bench.link.request([Write("pump.speed_pct", 10.0, 12), Write("pump.speed_pct", 20.0, 5)])
    bench.link.request([Write("pump.speed_pct", 30.0, 12)])
    await bench.until(lambda: bench.device.written)
    assert bench.device.written == [[Write("pump.speed_pct", 20.0, 5), Write("pump.speed_pct", 30.0, 12)]]


async def test_writes_that_wait_when_the_wire_dies_are_dropped(bench):
    await bench.until(lambda: bench.link.state == "up")
    bench.device.alive = False
    await bench.until(lambda: bench.link.state == "down")
    bench.link.request([Write("pump.speed_pct", 50.0, 12)])
    failed = len(bench.device.connected_at)
    await bench.until(lambda: len(bench.device.connected_at) > failed + 1)
    bench.device.alive = True
    await bench.until(lambda: bench.link.state == "up")
    await asyncio.sleep(2 * PERIOD_S)
    assert bench.device.written == []


async def test_a_driver_that_trips_takes_its_own_wire_down_and_comes_back(bench, caplog):
    await bench.until(lambda: bench.link.state == "up")
    bench.device.fault = ZeroDivisionError("scale")
    await bench.until(lambda: bench.link.state == "down")
    assert bench.link.detail == "the driver failed: ZeroDivisionError('scale')"
    failed = len(bench.device.connected_at)
    await bench.until(lambda: len(bench.device.connected_at) > failed + 1)
    bench.device.fault = None
    await bench.until(lambda: bench.link.state == "up")
    (told,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert told.exc_info is not None


async def test_a_wire_that_hangs_does_not_slow_its_neighbour(bench):
    neighbour = Bench()
    neighbour.device.read_takes_s = 60.0
    async with running(neighbour):
        await bench.until(lambda: len(bench.device.read_at) > 20)
    assert bench.device.read_at[20] - bench.device.read_at[0] == pytest.approx(20 * PERIOD_S, rel=0.2)


async def test_on_the_way_out_it_writes_and_closes_even_when_nobody_answers():
    bench = Bench()
    given_back = Write("pump.speed_pct", None, 12)
    await bench.link.release([given_back])
    assert bench.device.written == [[given_back]]
    assert [result.write for result in bench.results] == [given_back]
    assert not bench.device.open
    bench.device.lost_datagrams = 0
    bench.device.fault = Unreachable("gone")
    with pytest.raises(Unreachable):
        await bench.link.release([given_back])
    assert not bench.device.open


async def test_it_ends_though_a_library_swallows_the_cancellation():
    stubborn = Bench()
    reading = asyncio.Event()

    async def swallowing():
        reading.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        return []

    stubborn.device.read = swallowing
    task = asyncio.create_task(stubborn.link.run())
    await reading.wait()
    stubborn.link.end()
    task.cancel()
    await asyncio.wait_for(asyncio.shield(task), 1)
    assert not stubborn.device.open
