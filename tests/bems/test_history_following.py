"""Samples in the order in which they were stored: every one once, whatever the limit."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.times import to_ms
from models.signals import Quality, Sample

TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.sqlite"


@pytest.fixture
def record(path):
    with Record.open(path) as record:
        yield record


def everything(history, limit):
    """All samples from the first tick on, and the sizes of the answers."""
    cursor, found, sizes = 0, [], []
    while True:
        ticks = history.ticks_after(cursor, limit)
        if not len(ticks):
            return found, sizes, ticks.cursor
        columns = (ticks.tick, ticks.point, ticks.at_ms, ticks.value, ticks.quality)
        found += [(t, ticks.names[p], at, v, q) for t, p, at, v, q in zip(*(c.tolist() for c in columns), strict=True)]
        cursor = ticks.cursor
        sizes.append(len(ticks))


@pytest.mark.parametrize("limit", [1, 3, 4, 7, 1000])
def test_every_sample_comes_once_in_order_of_ticks_and_late_ones_with_their_tick(record, path, limit):
    numbers = [
        record.append_tick([Sample(f"p{i}", TEN + n * MINUTE, float(n * 10 + i)) for i in range(3)]) for n in range(5)
    ]
    late = record.append_tick([Sample("p1", TEN - MINUTE, 7.0), Sample("p9", TEN, None, Quality.BAD)])
    found, sizes, cursor = everything(History(path), limit)
    wanted = [
        (tick, f"p{i}", to_ms(TEN + n * MINUTE), float(n * 10 + i), 0)
        for n, tick in enumerate(numbers)
        for i in range(3)
    ]
    assert found[:-1] == [*wanted, (late, "p1", to_ms(TEN - MINUTE), 7.0, 0)]
    assert found[-1][:3] == (late, "p9", to_ms(TEN))
    assert np.isnan(found[-1][3])
    assert found[-1][4] == 3
    assert cursor == late
    assert all(size <= max(limit, 3) for size in sizes)


def test_ticks_without_samples_are_passed(record, path):
    record.append_tick([Sample("a", TEN, 1.0)])
    last = [record.append_tick([]) for _ in range(3)][-1]
    first = History(path).ticks_after(0, 10)
    assert (len(first), first.cursor) == (1, last)
    assert History(path).ticks_after(last, 10).cursor == last


def test_an_empty_record_and_a_limit_of_nothing(record, path):
    ticks = History(path).ticks_after(0, 5)
    assert (len(ticks), ticks.cursor, ticks.names) == (0, 0, ())
    with pytest.raises(ValueError, match="at least one"):
        History(path).ticks_after(0, 0)
