"""The writer: whole ticks or nothing, restarts, older files, full disks, other processes."""

import json
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.errors import RecordBusy, RecordDamaged, RecordError, RecordFull, RecordVersion
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import CommandRow, Event, EventKind
from bems.history.schema import APPLICATION_ID, LADDER, MAX_PER_POINT, QUALITY_CODE, TICK_SHIFT
from bems.history.times import to_ms
from models.signals import Command, Quality, Reason, Sample

ROOT = Path(__file__).resolve().parents[2]
TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "record.db"


def tick(number, points=500):
    at = TEN + number * MINUTE
    return [Sample(f"device_{i}.temp_degc", at, number + i / 1000) for i in range(points)]


def sql(path, question):
    connection = sqlite3.connect(path)
    try:
        return connection.execute(question).fetchall()
    finally:
        connection.close()


def test_ticks_are_numbered_upwards_over_restarts_and_state_survives(path):
    with Record.open(path) as record:
        assert record.load_state("hygiene") is None
        numbers = [record.append_tick(tick(i), state={"hygiene": {"due": "2026-01-20", "tick": i}}) for i in range(3)]
        record.save_state("wear", [1, 2.5, None])
    with Record.open(path) as record:
        numbers.append(record.append_tick(tick(3)))
        assert record.load_state("hygiene") == {"due": "2026-01-20", "tick": 2}
        record.save_state("wear", "replaced")
        assert record.load_state("wear") == "replaced"
    assert numbers == sorted(set(numbers))
    assert len(History(path).raw(["device_7.temp_degc"], TEN, TEN + HOUR)["device_7.temp_degc"].value) == 4
    assert sql(path, "SELECT count(*) FROM samples") == [(2000,)]


def test_every_quality_has_a_code_of_its_own():
    assert set(QUALITY_CODE) == set(Quality)
    assert len(set(QUALITY_CODE.values())) == len(Quality)


def test_the_view_for_people_shows_names_times_and_qualities(path):
    with Record.open(path) as record:
        record.append_tick([Sample("a", TEN, 1.5), Sample("b", TEN + MINUTE, None, Quality.OFFLINE)])
        record.append_tick([Sample("b", TEN + HOUR, 2.5)])
    assert sql(path, "SELECT point, at_ms, value, quality FROM readings ORDER BY at_ms") == [
        ("a", to_ms(TEN), 1.5, "good"),
        ("b", to_ms(TEN + MINUTE), None, "offline"),
        ("b", to_ms(TEN + HOUR), 2.5, "good"),
    ]


def test_a_tick_that_fails_leaves_nothing_behind(path):
    unnameable = Command("x.offset_k", 1.0, 10, "rules", TEN.replace(tzinfo=None), Reason("heat.curve"))
    with Record.open(path) as record:
        record.append_tick(tick(0))
        with pytest.raises(ValueError, match="time zone"):
            record.append_tick(
                [Sample("new.temp_degc", TEN + MINUTE, 1.0)],
                commands=[CommandRow(TEN, unnameable)],
                events=[Event(TEN, EventKind.START, "bems", "Start")],
            )
        with pytest.raises(TypeError):
            record.append_tick(tick(1), state={"key": object()})
        assert History(path).points() == tuple(f"device_{i}.temp_degc" for i in range(500))
        assert History(path).events(TEN, TEN + HOUR) == ()
        record.append_tick([Sample("new.temp_degc", TEN + MINUTE, 1.0)])
    assert History(path).last_values(["new.temp_degc"])["new.temp_degc"].value == 1.0


def test_nan_is_no_state(path):
    with Record.open(path) as record, pytest.raises(ValueError, match="JSON"):
        record.save_state("key", float("nan"))


def test_more_samples_of_a_point_than_a_tick_can_number_are_refused(path):
    burst = [Sample("a", TEN + timedelta(seconds=i), float(i)) for i in range(MAX_PER_POINT)]
    with Record.open(path) as record:
        record.append_tick(burst)
        with pytest.raises(ValueError, match="at most 1024"):
            record.append_tick([*burst, burst[0]])
    assert len(History(path).raw(["a"], TEN, TEN + HOUR)["a"].value) == MAX_PER_POINT


def test_a_full_disk_is_told_and_the_record_goes_on_when_there_is_room_again(path):
    with Record.open(path) as record:
        record.append_tick(tick(0))
        pages = record._connection.execute("PRAGMA page_count").fetchone()[0]
        record._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
        number = 0

        def fill():
            nonlocal number
            while number < 50:
                number += 1
                record.append_tick([*tick(number), Sample(f"new_{number}", TEN + number * MINUTE, 1.0)])

        with pytest.raises(RecordFull, match=r"record\.db cannot grow"):
            fill()
        kept = len(History(path).raw(["device_0.temp_degc"], TEN, TEN + HOUR)["device_0.temp_degc"].value)
        assert kept == number
        record._connection.execute("PRAGMA max_page_count = 1000000")
        record.append_tick([*tick(number), Sample(f"new_{number}", TEN + number * MINUTE, 1.0)])
    assert sql(path, "SELECT tick, count(*) FROM readings GROUP BY tick HAVING count(*) < 500") == []
    assert sql(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_second_writer_is_turned_away_while_the_first_is_open(path):
    with Record.open(path), pytest.raises(RecordBusy, match="another process"):
        Record.open(path)
    Record.open(path).close()


def test_a_locked_record_is_told_after_the_time_out_and_works_afterwards(path):
    with Record.open(path, busy_timeout_s=0.05) as record:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RecordBusy, match="locked"):
            record.append_tick(tick(0))
        other.execute("ROLLBACK")
        other.close()
        record.append_tick(tick(0))


def test_closing_twice_is_harmless_and_writing_afterwards_is_an_error(path):
    record = Record.open(path)
    record.close()
    record.close()
    with pytest.raises(RecordError, match="closed"):
        record.append_tick(tick(0))


def test_what_is_no_record_is_told_and_left_as_it_was(tmp_path):
    text, foreign, folder = tmp_path / "text", tmp_path / "foreign.db", tmp_path / "folder"
    text.write_text("not a database, and long enough to be read as the head of one " * 20)
    folder.mkdir()
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(RecordDamaged, match="not a database"):
        Record.open(text)
    with pytest.raises(RecordDamaged, match="another program"):
        Record.open(foreign)
    assert foreign.read_bytes() == before
    with pytest.raises(RecordError, match="cannot be opened"):
        Record.open(folder)
    with pytest.raises(RecordError, match="cannot be opened"):
        Record.open(text / "record.db")
    with pytest.raises(RecordError, match="cannot be opened"):
        History(tmp_path / "missing.db").points()
    assert not (tmp_path / "missing.db").exists()


def test_a_damaged_page_is_told_by_the_question_that_meets_it(path):
    with Record.open(path) as record:
        for number in range(20):
            record.append_tick(tick(number))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2 // 4096 * 4096)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(RecordDamaged, match="damaged"):
        History(path).raw([f"device_{i}.temp_degc" for i in range(500)], TEN, TEN + HOUR)


def make_version_1(path):
    """A file as the first version wrote it, with one tick of two samples and a state."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in LADDER[0]:
        connection.execute(statement)
    connection.execute("INSERT INTO points (name) VALUES ('a'), ('b')")
    connection.execute("INSERT INTO ticks VALUES (1, ?, ?)", (to_ms(TEN), to_ms(TEN) + 5))
    a, b = (1 << TICK_SHIFT) + (1 << 10), (1 << TICK_SHIFT) + (2 << 10)
    connection.execute("INSERT INTO samples VALUES (?, 0, 1.5, 0), (?, 5, NULL, 2)", (a, b))
    connection.execute("INSERT INTO state VALUES ('key', ?)", (json.dumps({"x": 1}),))
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.close()


def test_a_record_of_version_1_is_led_up_with_all_that_it_holds(tmp_path):
    path = tmp_path / "record.db"
    make_version_1(path)
    with pytest.raises(RecordVersion, match="has schema 1"):
        History(path).points()
    with Record.open(path) as record:
        assert record.load_state("key") == {"x": 1}
        assert record.append_tick([Sample("a", TEN + MINUTE, 2.5)]) == 2
    assert sql(path, "PRAGMA user_version") == [(len(LADDER),)]
    assert History(path).forecast_as_known(TEN, "met") is None
    assert History(path).last_values() == {
        "a": Sample("a", TEN + MINUTE, 2.5),
        "b": Sample("b", TEN + timedelta(milliseconds=5), None, Quality.OFFLINE),
    }
    with Record.open(tmp_path / "new.db"):
        tables = "SELECT type, name, sql FROM sqlite_master ORDER BY name"
        assert sql(path, tables) == sql(tmp_path / "new.db", tables)


def test_a_climb_that_fails_leaves_the_old_version_untouched(tmp_path):
    path = tmp_path / "record.db"
    make_version_1(path)
    connection = sqlite3.connect(path)
    connection.execute("CREATE INDEX forecasts_by_known ON points (name)")  # in the way of the last step
    connection.close()
    with pytest.raises(RecordError, match="forecasts_by_known"):
        Record.open(path)
    assert sql(path, "PRAGMA user_version") == [(1,)]
    assert sql(path, "SELECT count(*) FROM sqlite_master WHERE name = 'forecasts'") == [(0,)]


def test_a_record_from_the_future_is_refused_by_writer_and_reader(path):
    Record.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(LADDER) + 1}")
    connection.close()
    with pytest.raises(RecordVersion, match="update"):
        Record.open(path)
    with pytest.raises(RecordVersion, match="update"):
        History(path).points()


def test_readers_leave_nothing_open_that_keeps_the_log_from_being_folded_in(path):
    with Record.open(path) as record:
        for number in range(10):
            record.append_tick(tick(number))
        history = History(path)
        history.raw(["device_1.temp_degc"], TEN, TEN + HOUR)
        history.last_values()
        with pytest.raises(ValueError, match="rising"):
            history.aggregated(["device_1.temp_degc"], (TEN, TEN))
        busy, _, _ = record._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert busy == 0
        assert Path(f"{path}-wal").stat().st_size == 0


def test_threads_may_share_the_writer(path):
    with Record.open(path) as record:
        threads = [
            threading.Thread(target=lambda i=i: [record.append_tick(tick(10 * i + k, 50)) for k in range(10)])
            for i in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sql(path, "SELECT count(*), count(DISTINCT tick) FROM readings") == [(2000, 40)]


READER = """
import sys
from datetime import datetime, timedelta
from pathlib import Path
from bems.history.query import History

history, start = History(Path(sys.argv[1])), datetime.fromisoformat(sys.argv[2])
end = start + timedelta(days=1)
print("ready", flush=True)
seen = 0
while seen < 200:
    (first,) = history.raw(["device_0.temp_degc"], start, end).values()
    left, right = history.raw(["device_3.temp_degc", "device_77.temp_degc"], start, end).values()
    assert len(left.value) == len(right.value), "a part of a tick was seen"
    assert len(left.value) >= len(first.value) >= seen, "a tick that was seen is gone"
    seen = len(first.value)
"""


@pytest.mark.system
def test_another_process_reads_whole_ticks_while_this_one_writes(path):
    with Record.open(path) as record:
        command = [sys.executable, "-c", READER, str(path), TEN.isoformat()]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
            assert reader.stdout.readline() == "ready\n"
            for number in range(200):
                record.append_tick(tick(number, 100))
            _, complaint = reader.communicate(timeout=60)
    assert reader.returncode == 0, complaint
