"""Kill the writer without warning: what it acknowledged is there, whole, and nothing needs mending."""

import random
import select
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from bems.history.record import Record

ROOT = Path(__file__).resolve().parents[2]
KILLS = 20
POINTS = 500

# Writes ticks without end and says the number of each one after it was acknowledged.
WRITER = f"""
import os, sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from models.signals import Sample

record = Record.open(Path(sys.argv[1]))
count = record.load_state("count") or 0
while True:
    count += 1
    at = datetime(2026, 1, 15, tzinfo=UTC) + count * timedelta(seconds=1)
    samples = [Sample(f"device_{{i}}.power_kw", at, count * 1000.0 + i) for i in range({POINTS})]
    record.append_tick(samples, events=[Event(at, EventKind.START, "writer", str(count))], state={{"count": count}})
    os.write(1, f"{{count}}\\n".encode())
"""


def acknowledged_until_killed(path: Path, after_s: float) -> int:
    """Runs the writer, kills it `after_s` after its first acknowledgement, returns the last tick acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        said = writer.stdout.readline()
        assert said, writer.stderr.read().decode()
        select.select([], [], [], after_s)
        writer.kill()
        rest, _ = writer.communicate(timeout=30)
    assert writer.returncode == -signal.SIGKILL
    return int((said + rest[: rest.rfind(b"\n") + 1]).split()[-1])


def check(path: Path, acknowledged: int) -> int:
    """Looks at the file as the kill left it, before any writer opens it; returns the ticks it holds."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        ticks, samples = connection.execute("SELECT count(DISTINCT tick), count(*) FROM readings").fetchone()
        wrong = connection.execute(
            "SELECT count(*) FROM readings WHERE value != tick * 1000.0 + substr(point, 8, instr(point, '.') - 8)"
        ).fetchone()[0]
        events = connection.execute("SELECT count(*) FROM events").fetchone()[0]
    finally:
        connection.close()
    assert ticks >= acknowledged
    assert (samples, wrong, events) == (ticks * POINTS, 0, ticks)
    return ticks


@pytest.mark.system
def test_no_acknowledged_tick_is_lost_and_none_is_partial_in_20_kills(tmp_path):
    path = tmp_path / "record.db"
    moments = random.Random(20)
    for _ in range(KILLS):
        acknowledged = acknowledged_until_killed(path, moments.uniform(0.0, 0.25))
        ticks = check(path, acknowledged)
        with Record.open(path) as record:  # opens at once: nothing to repair, and the dead writer's lock is gone
            assert record.load_state("count") == ticks
