"""Finished days move into Parquet files, and every question is answered as before."""

import sqlite3
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from bems.history import archive as archive_module
from bems.history.archive import archive_finished, archiving, damaged, enter, free_name
from bems.history.catalogue import catalogue
from bems.history.errors import RecordBusy, RecordError
from bems.history.record import Record
from bems.history.schema import QUALITY_CODE, open_for_reading, open_for_writing
from bems.history.times import to_ms
from models.signals import Quality, Sample

MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.sqlite"


@pytest.fixture
def record(path):
    with Record.open(path) as record:
        yield record


def fill(record, days=3, step=HOUR, points=3):
    """Numbers of the ticks."""
    return [
        record.append_tick([Sample(f"p{i}", MIDNIGHT + n * step, float(n * 10 + i)) for i in range(points)])
        for n in range(round(days * DAY / step))
    ]


def entries(path):
    connection = open_for_reading(path, 1.0)
    try:
        return catalogue(connection)
    finally:
        connection.close()


def sql(path, question):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_each_finished_day_becomes_a_file_that_holds_whole_ticks(record, path):
    ticks = fill(record)
    moved = archive_finished(path, MIDNIGHT + 2 * DAY)
    assert moved.files == ("archive/2026/2026-01-15.parquet", "archive/2026/2026-01-16.parquet")
    first, second = entries(path)
    assert (first.first_tick, first.last_tick, second.first_tick, second.last_tick) == (
        1,
        ticks[23],
        ticks[24],
        ticks[47],
    )
    assert (first.rows, first.kind) == (72, "raw")
    assert (first.first_ms, first.last_ms) == (to_ms(MIDNIGHT), to_ms(MIDNIGHT + 23 * HOUR))
    assert moved.bytes == sum((path.parent / file).stat().st_size for file in moved.files)
    assert moved.rows == 144
    assert sql(path, "SELECT min(tick), count(*) FROM readings") == [(ticks[48], 72)]
    assert sql(path, "SELECT min(tick), count(*) FROM ticks") == [(ticks[48], 24)]


def test_a_file_is_sorted_by_point_then_time_and_says_what_it_holds(record, path):
    record.append_tick([Sample("b", MIDNIGHT + HOUR, 1.5), Sample("a", MIDNIGHT + HOUR, None, Quality.OFFLINE)])
    record.append_tick([Sample("a", MIDNIGHT + 2 * HOUR, 2.5), Sample("b", MIDNIGHT, 0.5)])
    (file,) = archive_finished(path, MIDNIGHT + DAY).files
    table = pl.read_parquet(path.parent / file)
    assert table.rows() == [
        ("a", MIDNIGHT + HOUR, None, QUALITY_CODE[Quality.OFFLINE], 1),
        ("a", MIDNIGHT + 2 * HOUR, 2.5, 0, 2),
        ("b", MIDNIGHT, 0.5, 0, 2),
        ("b", MIDNIGHT + HOUR, 1.5, 0, 1),
    ]


def test_what_has_been_archived_is_not_archived_again_and_late_samples_get_a_file_of_their_own_ticks(record, path):
    fill(record, days=2)
    assert len(archive_finished(path, MIDNIGHT + DAY).files) == 1
    assert archive_finished(path, MIDNIGHT + DAY).files == ()
    late = record.append_tick([Sample("p0", MIDNIGHT + HOUR, 7.0)])
    assert archive_finished(path, MIDNIGHT + 2 * DAY).files == (
        "archive/2026/2026-01-16.parquet",
        "archive/2026/2026-01-15.2.parquet",
    )
    assert entries(path)[-1].first_tick == entries(path)[-1].last_tick == late


def test_a_clock_that_was_wrong_for_a_while_does_not_keep_ticks_out_of_the_archive(record, path):
    record.append_tick([Sample("a", MIDNIGHT + 900 * DAY, 1.0)])
    record.append_tick([Sample("a", MIDNIGHT, 2.0)])
    assert len(archive_finished(path, MIDNIGHT + DAY).files) == 2
    assert sql(path, "SELECT count(*) FROM samples") == [(0,)]


def test_a_day_with_too_many_samples_becomes_several_files(record, path, monkeypatch):
    monkeypatch.setattr(archive_module, "MOST_ROWS", 50_000)
    fill(record, days=1, step=timedelta(seconds=600), points=500)
    files = archive_finished(path, MIDNIGHT + DAY).files
    entries_after = entries(path)
    assert len(files) == 2
    assert files[1] == "archive/2026/2026-01-15.2.parquet"
    assert entries_after[0].last_tick + 1 == entries_after[1].first_tick
    assert sum(entry.rows for entry in entries_after) == 72_000


def test_a_move_that_is_interrupted_leaves_nothing_lost_and_is_taken_up_again(record, path, monkeypatch):
    ticks = fill(record, days=1)

    def dies(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_module, "_forget", lambda connection, until: None if until == 0 else dies())
    with pytest.raises(KeyboardInterrupt):
        archive_finished(path, MIDNIGHT + DAY)
    monkeypatch.undo()
    assert sql(path, "SELECT count(*) FROM samples") == [(72,)]  # in the file and not yet deleted
    assert entries(path)[0].last_tick == ticks[-1]
    archive_finished(path, MIDNIGHT + DAY)
    assert sql(path, "SELECT count(*) FROM samples") == [(0,)]
    assert len(entries(path)) == 1


def test_a_file_that_never_got_into_the_catalogue_is_written_over(record, path):
    fill(record, days=1)
    orphan = path.parent / "archive/2026/2026-01-15.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"half of something")
    archive_finished(path, MIDNIGHT + DAY)
    (entry,) = entries(path)
    assert damaged(path.parent, entry) is None
    assert entry.rows == 72


def test_a_file_that_cannot_be_written_leaves_the_ticks_where_they_were(record, path):
    fill(record, days=1)
    (path.parent / "archive").write_text("in the way")
    with pytest.raises(RecordError, match="cannot be written"):
        archive_finished(path, MIDNIGHT + DAY)
    assert sql(path, "SELECT count(*) FROM samples") == [(72,)]
    assert entries(path) == ()


def test_a_file_can_be_replaced_and_names_are_not_given_again(record, path):
    fill(record, days=1)
    archive_finished(path, MIDNIGHT + DAY)
    (old,) = entries(path)
    with archiving(path):
        connection = open_for_writing(path, 1.0)
        try:
            less = pl.read_parquet(path.parent / old.file).filter(pl.col("point") != "p1")
            name = free_name(connection, "2026-01-15")
            new = enter(connection, path.parent, name, less, (old.first_tick, old.last_tick), "raw", replaces=old)
            assert name == "archive/2026/2026-01-15.2.parquet"
            assert free_name(connection, "2026-01-15") == "archive/2026/2026-01-15.3.parquet"
        finally:
            connection.close()
    assert entries(path) == (new,)
    assert new.rows == 48
    assert sql(path, "SELECT count(*) FROM archive_points") == [(2,)]


def test_only_one_process_changes_the_archive(record, path):
    with archiving(path), pytest.raises(RecordBusy):
        archive_finished(path, MIDNIGHT)


def test_damage_to_a_file_is_found(record, path):
    fill(record, days=1)
    archive_finished(path, MIDNIGHT + DAY)
    (entry,) = entries(path)
    assert damaged(path.parent, entry) is None
    file = path.parent / entry.file
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    assert "changed" in damaged(path.parent, entry)
    file.unlink()
    assert "cannot be read" in damaged(path.parent, entry)


def test_each_point_of_a_file_is_summed_up(record, path):
    for minute, reading in [(0, 10.0), (20, 11.0), (40, None), (60, 12.0), (61, 3.0)]:
        quality = Quality.GOOD if reading is not None else Quality.BAD
        record.append_tick([Sample("energy_kwh", MIDNIGHT + minute * MINUTE, reading, quality)])
    record.append_tick([Sample("other", MIDNIGHT + HOUR, None, Quality.OFFLINE)])
    archive_finished(path, MIDNIGHT + DAY)
    rows = sql(
        path,
        """SELECT p.name, first_row, rows, first_ms, first_value, last_ms, last_value, falls, known_ms, gained_in_gaps
        FROM archive_points JOIN points p ON p.id = point ORDER BY name""",
    )
    start, minute_ms = to_ms(MIDNIGHT), 60_000
    assert rows == [
        ("energy_kwh", 0, 5, start, 10.0, start + 61 * minute_ms, 3.0, 1, 21 * minute_ms, 1.0),
        ("other", 5, 1, None, None, None, None, 0, 0, 0.0),
    ]
