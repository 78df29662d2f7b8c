"""Old days are thinned, personal samples go after their days, and a crash between leaves nothing to mend."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from bems.history import retention
from bems.history.archive import archive_finished, archiving
from bems.history.catalogue import catalogue
from bems.history.errors import RecordBusy, RecordError
from bems.history.record import Record
from bems.history.retention import Kinds, delete_personal, sweep, thin_before, thin_until
from bems.history.schema import open_for_reading
from bems.history.verify import verify
from models.signals import Sample

DAY_1 = datetime(2026, 1, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
KINDS = Kinds(frozenset({"power"}), frozenset({"on"}), frozenset({"room.co2_ppm", "room.occupied"}))
SECRET = 777.25


@pytest.fixture
def path(tmp_path):
    """Four days of five points every ten minutes, an hour a tick, all in SQLite."""
    with Record.open(tmp_path / "record.sqlite") as record:
        for hour in range(4 * 24):
            samples = []
            for n in range(6 * hour, 6 * hour + 6):
                at = DAY_1 + 10 * n * MINUTE
                values = {"power": n % 5, "energy": n, "on": n % 2, "room.co2_ppm": SECRET, "room.occupied": 1.0}
                samples += [Sample(name, at, float(value)) for name, value in values.items()]
            record.append_tick(samples)
    return tmp_path / "record.sqlite"


def listed(path):
    with closing(open_for_reading(path, 1.0)) as connection:
        return catalogue(connection)


def hot(path, point):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*) FROM readings WHERE point = ?", (point,)).fetchone()[0]


def archived(path, point):
    return sum(archived_in(path, entry, point) for entry in listed(path))


def files(path):
    return sorted(p.relative_to(path.parent).as_posix() for p in path.parent.rglob("*.parquet*"))


def test_days_beyond_their_years_are_thinned_once_and_younger_ones_left(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    assert thin_before(path, DAY_1 + 2 * DAY, KINDS) == 2
    assert [entry.kind for entry in listed(path)] == ["thinned15", "thinned15", "raw", "raw"]
    assert thin_before(path, DAY_1 + 2 * DAY, KINDS) == 0
    assert archived(path, "power") == 2 * 96 + 2 * 144
    assert archived(path, "energy") >= 2 * 96 + 2 * 144
    assert verify(path).faults == []
    assert verify(path).notes == []
    assert files(path) == sorted(entry.file for entry in listed(path))


def test_the_oldest_raw_days_go_first_until_there_is_room(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    asked = iter([False, False, True])
    assert thin_until(path, lambda: next(asked), KINDS) == 2
    assert [entry.kind for entry in listed(path)] == ["thinned15", "thinned15", "raw", "raw"]
    assert thin_until(path, lambda: False, KINDS) == 2
    assert thin_until(path, lambda: False, KINDS) == 0


@pytest.mark.parametrize("in_files", [0, 2, 4])
@pytest.mark.parametrize("thin", [False, True])
def test_personal_samples_are_deleted_after_their_days_wherever_they_lie(path, in_files, thin):
    archive_finished(path, DAY_1 + in_files * DAY)
    if thin:
        thin_before(path, DAY_1 + 9 * DAY, KINDS)
    now = DAY_1 + 3 * DAY + timedelta(hours=12)
    delete_personal(path, now, 2, KINDS)  # the third and the fourth day may stay
    left = [verify(path).faults, archived(path, "room.co2_ppm") + hot(path, "room.co2_ppm")]
    assert left[0] == []
    assert left[1] <= 2 * 144
    assert left[1] >= (2 * 96 if thin else 2 * 144)
    assert archived(path, "power") + hot(path, "power") >= 4 * 96
    assert delete_personal(path, now, 2, KINDS) == 0
    with closing(sqlite3.connect(path)) as connection:
        (oldest,) = connection.execute("SELECT min(at_ms) FROM readings WHERE point LIKE 'room.%'").fetchone()
    assert oldest is None or oldest >= (DAY_1 + 2 * DAY).timestamp() * 1000
    assert [entry.kind for entry in listed(path)] == ["thinned15" if thin else "raw"] * in_files


def test_nothing_personal_is_left_in_any_file_in_the_end(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    assert delete_personal(path, DAY_1 + 30 * DAY, 2, KINDS) == 4 * 144 * 2
    assert archived(path, "room.co2_ppm") == 0
    assert len(files(path)) == 4
    assert verify(path).faults == []


def test_a_site_without_personal_points_has_nothing_to_delete(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    before = files(path)
    assert delete_personal(path, DAY_1 + 30 * DAY, 1, Kinds(frozenset(), frozenset(), frozenset({"other"}))) == 0
    assert files(path) == before


def test_a_crash_between_the_list_and_the_old_file_is_swept_up(path, monkeypatch):
    archive_finished(path, DAY_1 + 4 * DAY)
    old = listed(path)[0].file

    class Crash(BaseException):
        pass

    real = retention.enter

    def entered_and_died(*arguments, **options):
        real(*arguments, **options)
        raise Crash

    monkeypatch.setattr(retention, "enter", entered_and_died)
    with pytest.raises(Crash):
        thin_before(path, DAY_1 + 2 * DAY, KINDS)
    monkeypatch.undo()
    assert verify(path).faults == []
    assert verify(path).notes == [f"{old} is not in the list: nobody reads it"]
    (path.parent / "archive" / "2026" / "2026-01-16.9.parquet.part").write_text("torn")
    assert sweep(path) == (old, "archive/2026/2026-01-16.9.parquet.part")
    assert sweep(path) == ()
    assert verify(path).notes == []


def test_an_archive_whose_record_is_gone_is_never_swept(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    before = files(path)
    for left in path.parent.glob("record.sqlite*"):
        left.unlink()
    Record.open(path).close()
    assert sweep(path) == ()
    assert files(path) == before


def test_two_at_a_time_are_refused(path):
    with archiving(path), pytest.raises(RecordBusy, match="being changed"):
        thin_before(path, DAY_1, KINDS)


def test_a_missing_or_damaged_file_is_said_and_the_others_are_thinned(path):
    archive_finished(path, DAY_1 + 4 * DAY)
    (path.parent / listed(path)[1].file).unlink()
    (path.parent / listed(path)[2].file).write_bytes(b"torn")
    with pytest.raises(RecordError, match=r"2026-01-16\.parquet: .* \(and 1 more\)"):
        thin_before(path, DAY_1 + 9 * DAY, KINDS)
    assert [entry.kind for entry in listed(path)] == ["thinned15", "raw", "raw", "thinned15"]
    with pytest.raises(RecordError, match="and 1 more"):
        delete_personal(path, DAY_1 + 30 * DAY, 2, KINDS)
    assert archived_in(path, listed(path)[3], "room.co2_ppm") == 0


def archived_in(path, entry, point):
    table = pl.read_parquet(path.parent / entry.file)
    return table.filter(pl.col("point").cast(pl.String) == point).height
