"""A feed is asked at its pace; when it fails, the last good answer stays and the log has one line."""

import asyncio
import contextlib
import logging
import random
from datetime import UTC, datetime

import pytest

from bems import feeding
from bems.feeding import FeedTask
from drivers.errors import Nonsense, Unreachable

NOW = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


class Bench:
    """A feed that answers with a growing number, or with the trouble it is given."""

    def __init__(self):
        self.trouble: Exception | None = None
        self.asked: list[datetime] = []
        self.answers: list[int] = []
        self.feed = FeedTask("prices", self.fetch, now=lambda: NOW, period_s=0.01, on_new=self.answers.append)

    async def fetch(self, now):
        self.asked.append(now)
        if self.trouble is not None:
            raise self.trouble
        return len(self.answers)

    async def until(self, true, within_s=3.0):
        async with asyncio.timeout(within_s):
            while not true():  # noqa: ASYNC110  (what is waited for is no event)
                await asyncio.sleep(0.002)


@pytest.fixture
async def bench(monkeypatch, caplog):
    monkeypatch.setattr(feeding, "FIRST_BACK_OFF_S", 0.001)
    monkeypatch.setattr(feeding, "LONGEST_BACK_OFF_S", 0.004)
    caplog.set_level(logging.INFO, "bems.feeding")
    bench = Bench()
    task = asyncio.create_task(bench.feed.run())
    yield bench
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_answers_are_passed_on_with_site_time_asked_for(bench):
    await bench.until(lambda: len(bench.answers) == 3)
    assert bench.answers == [0, 1, 2]
    assert set(bench.asked) == {NOW}
    assert bench.feed.latest == 2
    assert bench.feed.fetched_s is not None
    assert bench.feed.error is None


@pytest.mark.parametrize("trouble", [Unreachable("no route"), Nonsense("not JSON")])
async def test_the_last_good_answer_outlives_a_failure_told_in_one_line(bench, caplog, trouble):
    await bench.until(lambda: bench.answers)
    bench.trouble = trouble
    await bench.until(lambda: bench.feed.error)
    known, asked = bench.feed.latest, len(bench.asked)
    await bench.until(lambda: len(bench.asked) > asked + 5)
    assert (bench.feed.latest, bench.feed.error) == (known, str(trouble))
    bench.trouble = None
    await bench.until(lambda: bench.feed.error is None)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [f"prices: no answer: {trouble}", "prices: answers again"]


async def test_a_fault_nobody_thought_of_does_not_end_the_feed(bench, caplog):
    bench.trouble = ZeroDivisionError("area")
    await bench.until(lambda: len(bench.asked) > 3)
    assert bench.feed.error == "the feed failed: ZeroDivisionError('area')"
    bench.trouble = None
    await bench.until(lambda: bench.feed.error is None)
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]


async def test_tries_come_later_each_time_and_never_end(monkeypatch, bench):
    waits = []
    monkeypatch.setattr(random, "uniform", lambda low, high: waits.append(high) or 0.0)
    bench.trouble = Unreachable("no route")
    await bench.until(lambda: len(waits) > 1100, within_s=20)
    assert waits[:3] == pytest.approx([0.002, 0.004, 0.004])
    assert max(waits) == 0.004
