"""One connection's task against a driver on paper: what it survives, and that it ends when it is told."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from bems import link as link_module
from bems.link import Link
from drivers.errors import Unreachable
from models.field import ModbusConnection
from models.signals import Quality, Sample, Write, WriteResult

AT = datetime(2026, 1, 15, tzinfo=UTC)
GOOD = Sample("pump.temp_degc", AT, 21.0)


class Paper:
    """A driver whose scans do what the test says, one entry each; the last one is repeated."""

    def __init__(self, *scans):
        self.scans = list(scans)
        self.reads = self.closed = 0
        self.written = []
        self.reading = asyncio.Event()

    async def connect(self):
        pass

    async def read(self):
        self.reads += 1
        self.reading.set()
        scan = self.scans.pop(0) if len(self.scans) > 1 else self.scans[0]
        if isinstance(scan, Exception):
            raise scan
        return scan if isinstance(scan, list) else await scan()

    def drain(self):
        return ()

    async def write(self, writes):
        self.written += writes
        return [WriteResult(write.point, True, write.value, None) for write in writes]

    async def ping(self):
        pass

    async def close(self):
        self.closed += 1


class Watched:
    """A link and what came out of it."""

    def __init__(self, driver):
        self.samples, self.results = [], []
        self.driver = driver
        self.link = Link(
            ModbusConnection(id="mb_test", protocol="modbus", port=1502, period_s=0.01),
            driver,
            [GOOD.point],
            now=lambda: AT,
            on_samples=self.samples.extend,
            on_results=self.results.extend,
        )

    async def until(self, condition):
        task = asyncio.create_task(self.link.run())
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)
        self.link.end()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(link_module, "FIRST_BACK_OFF_S", 0.01)
    monkeypatch.setattr(link_module, "LONGEST_BACK_OFF_S", 0.02)


async def test_one_lost_exchange_is_no_outage(caplog):
    caplog.set_level(logging.INFO)
    watched = Watched(Paper([GOOD], Unreachable("no answer"), [GOOD]))
    await watched.until(lambda: watched.driver.reads >= 5)
    assert {sample.quality for sample in watched.samples} == {Quality.GOOD}
    assert len(caplog.records) == 1  # that it came up


async def test_an_outage_is_one_line_down_and_one_up_and_its_points_are_offline(caplog):
    caplog.set_level(logging.INFO)
    gone = [Unreachable("no answer")] * 6
    watched = Watched(Paper([GOOD], *gone, [GOOD]))
    await watched.until(lambda: watched.driver.reads >= 10)
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING", "INFO"]
    assert watched.link.state == "up"
    assert Quality.OFFLINE in {sample.quality for sample in watched.samples}
    assert watched.samples[-1] == GOOD


async def test_a_driver_that_trips_is_an_outage_with_its_traceback(caplog):
    watched = Watched(Paper([GOOD], ZeroDivisionError("a bug"), [GOOD]))
    await watched.until(lambda: watched.driver.reads >= 5)
    down = next(record for record in caplog.records if record.levelname == "WARNING")
    assert "the driver failed: ZeroDivisionError('a bug')" in down.message
    assert down.exc_info
    assert watched.samples[-1] == GOOD


async def test_writes_that_waited_for_a_dead_connection_are_not_sent_late():
    async def lost(_writes):
        raise Unreachable("no answer")

    watched = Watched(Paper([GOOD]))
    watched.driver.write = lost
    watched.link.request([Write(GOOD.point, 20.0, 12)])
    await watched.until(lambda: watched.driver.reads >= 4)
    assert [result.ok for result in watched.results] == [False]


async def test_it_ends_though_a_library_swallows_the_cancellation():
    async def swallowing():
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(10)
        return [GOOD]

    watched = Watched(Paper(swallowing))
    task = asyncio.create_task(watched.link.run())
    await watched.driver.reading.wait()
    watched.link.end()
    task.cancel()
    await asyncio.wait_for(asyncio.shield(task), 1)
    assert watched.driver.closed
