"""Every question has the same answer wherever its samples lie: in SQLite, in files, or in both."""

import random
import threading
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from bems.history.archive import archive_finished, archiving, enter, free_name
from bems.history.catalogue import catalogue
from bems.history.errors import RecordDamaged
from bems.history.query import History
from bems.history.record import Record
from bems.history.schema import open_for_writing
from bems.history.times import even_edges
from models.signals import Quality, Sample

MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
END = MIDNIGHT + 4 * DAY
POINTS = [f"device_{i}.temp_degc" for i in range(12)]


def fill(path):
    """Four days of samples every half hour or so, some late, some at one moment, with gaps and a newcomer."""
    draw = random.Random(4)
    with Record.open(path) as record:
        at = MIDNIGHT
        while at < END:
            samples = []
            for n, point in enumerate(POINTS):
                if n == 11 and at < MIDNIGHT + 2 * DAY:
                    continue
                if draw.random() < 0.1:
                    samples.append(Sample(point, at, None, Quality.OFFLINE))
                elif draw.random() < 0.8:
                    samples.append(Sample(point, at, round(draw.gauss(20, 3), 1)))
                if draw.random() < 0.05:
                    samples.append(Sample(point, at - timedelta(hours=draw.random() * 30), draw.random()))
                if draw.random() < 0.05:
                    samples.append(Sample(point, at, draw.random()))
            record.append_tick(samples)
            at += timedelta(minutes=draw.uniform(10, 50))


@pytest.fixture(scope="module")
def hot_and_cold(tmp_path_factory):
    """The same record twice: all in SQLite, and its first three days in files."""
    folders = [tmp_path_factory.mktemp(name) for name in ("hot", "cold")]
    for folder in folders:
        fill(folder / "record.sqlite")
    assert len(archive_finished(folders[1] / "record.sqlite", MIDNIGHT + 3 * DAY).files) == 3
    return [History(folder / "record.sqlite") for folder in folders]


def same(a, b):
    for column in ("at_ms", "value", "quality"):
        np.testing.assert_array_equal(getattr(a, column), getattr(b, column))


@pytest.mark.parametrize(
    ("start", "end"), [(MIDNIGHT, END), (MIDNIGHT + 5 * HOUR, MIDNIGHT + 7 * HOUR), (END - 30 * HOUR, END - HOUR)]
)
def test_raw_samples(hot_and_cold, start, end):
    hot, cold = (history.raw([*POINTS, "nobody"], start, end) for history in hot_and_cold)
    assert hot.keys() == cold.keys()
    assert sum(len(series.at_ms) for series in hot.values()) > 20
    for point in hot:
        same(hot[point], cold[point])


def test_one_point_alone_and_buckets(hot_and_cold):
    edges = even_edges(MIDNIGHT, END, timedelta(minutes=47))
    hot, cold = (history.aggregated(POINTS[3:4], edges, timedelta(hours=1))[POINTS[3]] for history in hot_and_cold)
    for column in ("mean", "min", "max", "last", "coverage"):
        np.testing.assert_array_equal(getattr(hot, column), getattr(cold, column))
    assert np.isfinite(hot.mean).sum() > 80


@pytest.mark.parametrize("at", [None, MIDNIGHT + 13 * HOUR, MIDNIGHT + 3 * DAY + HOUR, END, MIDNIGHT - DAY])
@pytest.mark.parametrize("points", [None, POINTS[:2]])
@pytest.mark.parametrize("within", [timedelta(minutes=70), 2 * DAY])
def test_last_values(hot_and_cold, at, points, within):
    hot, cold = (history.last_values(points, at, within) for history in hot_and_cold)
    assert hot == cold
    wanted = {}
    for point, series in hot_and_cold[0].raw(points or POINTS, MIDNIGHT - 2 * DAY, END + DAY).items():
        newest_ms = max(s.at_ms.max() for s in hot_and_cold[0].raw(POINTS, MIDNIGHT, END).values())
        end_ms = newest_ms if at is None else int(at.timestamp() * 1000)
        seen = np.flatnonzero((series.at_ms <= end_ms) & (series.at_ms >= end_ms - within.total_seconds() * 1000))
        if len(seen):
            wanted[point] = (int(series.at_ms[seen[-1]]), float(series.value[seen[-1]]))
    found = {p: (round(s.at.timestamp() * 1000), np.nan if s.value is None else s.value) for p, s in hot.items()}
    assert found.keys() == wanted.keys()
    np.testing.assert_array_equal([found[p] for p in wanted], list(wanted.values()))


def followed(history, limit):
    cursor, rows = 0, []
    while True:
        ticks = history.ticks_after(cursor, limit)
        cursor = ticks.cursor
        if not len(ticks):
            return rows, cursor
        names = [ticks.names[place] for place in ticks.point.tolist()]
        rows += zip(
            ticks.tick.tolist(), names, ticks.at_ms.tolist(), ticks.value.tolist(), ticks.quality.tolist(), strict=True
        )


@pytest.mark.parametrize("limit", [7, 100, 100_000])
def test_ticks_are_followed_over_files_into_sqlite(hot_and_cold, limit):
    (hot, hot_end), (cold, cold_end) = (followed(history, limit) for history in hot_and_cold)
    assert hot_end == cold_end
    assert [row[0] for row in cold] == [row[0] for row in hot]
    assert sorted(map(repr, cold)) == sorted(map(repr, hot))


def test_a_file_that_is_replaced_while_it_is_asked_for_is_asked_for_again(tmp_path, monkeypatch):
    path = tmp_path / "record.sqlite"
    fill(path)
    archive_finished(path, MIDNIGHT + 3 * DAY)
    history = History(path)
    before = history.raw(POINTS[:1], MIDNIGHT, END)[POINTS[0]]

    def replace_first():
        with archiving(path):
            connection = open_for_writing(path, 1.0)
            try:
                old = catalogue(connection)[0]
                table = pl.read_parquet(tmp_path / old.file)
                name = free_name(connection, "2026-01-15")
                enter(connection, tmp_path, name, table, (old.first_tick, old.last_tick), "raw", replaces=old)
                (tmp_path / old.file).unlink()
            finally:
                connection.close()

    from bems.history import series

    asked, once = series.asked, threading.Event()

    def meanwhile(*arguments):
        finish = asked(*arguments)
        if not once.is_set():
            once.set()
            replace_first()
        return finish

    monkeypatch.setattr(series, "asked", meanwhile)
    same(history.raw(POINTS[:1], MIDNIGHT, END)[POINTS[0]], before)


def test_a_file_that_is_gone_is_said_to_be(tmp_path):
    path = tmp_path / "record.sqlite"
    fill(path)
    (file, *_) = archive_finished(path, MIDNIGHT + 3 * DAY).files
    (tmp_path / file).unlink()
    with pytest.raises(RecordDamaged, match=file):
        History(path).raw(POINTS, MIDNIGHT, END)
    with pytest.raises(RecordDamaged, match=file):
        History(path).ticks_after(0, 10)


def test_a_file_with_fewer_rows_than_were_entered_is_no_answer(tmp_path):
    path = tmp_path / "record.sqlite"
    fill(path)
    (file, *_) = archive_finished(path, MIDNIGHT + 3 * DAY).files
    connection = open_for_writing(path, 1.0)
    connection.execute("UPDATE archive_points SET rows = rows + 1000000")
    connection.close()
    with pytest.raises(RecordDamaged, match=file):
        History(path).raw(POINTS, MIDNIGHT, END)
