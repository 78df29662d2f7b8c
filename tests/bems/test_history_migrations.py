"""Every older record is led up to this version with all that it holds, or left as it was."""

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from bems.cli import main
from bems.history.backup import FORMAT, MANIFEST, RECORD
from bems.history.errors import RecordError, RecordVersion
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.history.schema import APPLICATION_ID, LADDER, SERIAL_BITS, TICK_SHIFT
from bems.history.times import to_ms
from bems.history.verify import verify
from models.signals import Quality, Sample

TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
OLD = range(1, len(LADDER))
RUNGS = (
    "1845625cc4f1ee29",
    "73d915df36737ef4",
    "f09d11149392ddd8",
)
"""SHA-256 of each rung: one that has been released is never changed, another is added."""


def make(path, version):
    """A record as an older program wrote it, with something in every table that it had."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for rung in LADDER[:version]:
            for statement in rung:
                connection.execute(statement)
        connection.execute("INSERT INTO points (name) VALUES ('a'), ('b')")
        for tick in (1, 2, 3):
            begin = to_ms(TEN + tick * HOUR)
            connection.execute("INSERT INTO ticks VALUES (?, ?, ?)", (tick, begin, begin + 5))
            keys = [(tick << TICK_SHIFT) + (point << SERIAL_BITS) for point in (1, 2)]
            connection.execute("INSERT INTO samples VALUES (?, 0, ?, 0), (?, 5, NULL, 2)", (keys[0], tick / 2, keys[1]))
        connection.execute(
            "INSERT INTO commands VALUES (1, ?, 1, 7.5, 8, 'rules', '[\"heat.curve\",{}]', ?, 1, 7.5, NULL)",
            (to_ms(TEN), to_ms(TEN + HOUR)),
        )
        connection.execute("INSERT INTO events VALUES (1, ?, 'start', 'site', 'started', '{}')", (to_ms(TEN),))
        connection.execute("INSERT INTO state VALUES ('key', '{\"x\": 1}')")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")


def everything(path):
    history = History(path)
    found = history.raw(["a", "b"], TEN, TEN + 9 * HOUR)
    return (
        {name: (s.at_ms.tolist(), [str(v) for v in s.value], s.quality.tolist()) for name, s in found.items()},
        history.commands(TEN, TEN + HOUR),
        history.events(TEN, TEN + HOUR),
        history.state("key"),
    )


def tables(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def version_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA user_version").fetchone()[0]


@pytest.mark.parametrize("version", OLD)
def test_an_older_record_is_led_up_and_keeps_all_it_holds(tmp_path, version):
    make(tmp_path / "old.sqlite", version)
    make(tmp_path / "same.sqlite", len(LADDER))
    with pytest.raises(RecordVersion, match=f"has schema {version}"):
        History(tmp_path / "old.sqlite").points()
    with Record.open(tmp_path / "old.sqlite") as record:
        assert everything(tmp_path / "old.sqlite") == everything(tmp_path / "same.sqlite")
        assert record.append_tick([Sample("c", TEN + 4 * HOUR, 1.0)]) == 4
    samples, commands, events, state = everything(tmp_path / "old.sqlite")
    assert samples["a"][1] == ["0.5", "1.0", "1.5"]
    assert samples["b"][2] == [2, 2, 2]
    assert (len(commands), [event.kind for event in events], state) == (1, [EventKind.START], {"x": 1})
    assert History(tmp_path / "old.sqlite").last_values(["b"])["b"].quality is Quality.OFFLINE
    Record.open(tmp_path / "new.sqlite").close()
    assert tables(tmp_path / "old.sqlite") == tables(tmp_path / "new.sqlite")
    assert verify(tmp_path / "old.sqlite").faults == []


@pytest.mark.parametrize("version", OLD)
def test_a_step_that_fails_leaves_the_older_record_as_it_was(tmp_path, version):
    path = tmp_path / "old.sqlite"
    make(path, version)
    last = next(s for s in reversed(LADDER[-1]) if s.startswith("CREATE INDEX")).split()[2]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE INDEX {last} ON points (name)")  # in the way of the very last step
    before = tables(path)
    with pytest.raises(RecordError, match=last):
        Record.open(path)
    assert version_of(path) == version
    assert tables(path) == before


def test_steps_that_were_released_are_what_they_were():
    hashes = [hashlib.sha256("\n".join(rung).encode()).hexdigest()[:16] for rung in LADDER]
    assert tuple(hashes[: len(RUNGS)]) == RUNGS


@pytest.mark.parametrize("version", OLD)
def test_a_backup_of_an_older_version_is_verified_restored_and_led_up(tmp_path, version, capsys):
    source = tmp_path / "backup"
    source.mkdir()
    make(source / "record-old.sqlite", version)
    content = (source / "record-old.sqlite").read_bytes()
    kept = {"name": RECORD, "stored": "record-old.sqlite", "size": len(content)}
    kept["sha256"] = hashlib.sha256(content).hexdigest()
    head = {"format": FORMAT, "made_at": TEN.isoformat(), "schema": version}
    (source / MANIFEST).write_text(json.dumps({**head, "files": [kept]}))
    assert main(["verify", str(source)]) == 0
    assert main(["restore", str(source), "--data", str(tmp_path / "data")]) == 0
    assert "3 ticks" in capsys.readouterr().out
    assert version_of(tmp_path / "data" / RECORD) == len(LADDER)
    assert (source / "record-old.sqlite").read_bytes() == content
