"""Kill without warning whoever writes, feeds, archives, thins or deletes: nothing acknowledged is lost or doubled.

Everybody is killed in 50 random moments; after each the record is looked at as the kill left it, before anybody opens
it for writing.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.verify import verify
from tests.system.kill_field import (
    ACKNOWLEDGED,
    DAY,
    PERSONAL,
    PERSONAL_DAYS,
    PHASES,
    PUBLIC,
    RECORD,
    START,
    STEP,
    TARGET,
    feed,
)

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
PER_DAY = DAY // STEP


class Field:
    """The ones that are killed, and what they leave behind."""

    def __init__(self, folder):
        self.folder = folder
        self.alive = []
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.system.kill_field"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, name):
        self._forks.stdin.write(f"{name} {self.folder}\n")
        self._forks.stdin.flush()
        self.alive.append(int(self._forks.stdout.readline()))

    def kill(self):
        for process in self.alive:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        for process in self.alive:
            self._gone(process)
        self.alive.clear()

    def _gone(self, process):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return
            time.sleep(0.001)
        raise AssertionError(f"{process} does not die")

    def close(self):
        self.kill()
        self._forks.stdin.close()
        self._forks.wait(timeout=10)
        self._forks.stdout.close()

    @property
    def acknowledged(self):
        path = self.folder / ACKNOWLEDGED
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1].split()
        return int(whole[-1]) if whole else 0

    @property
    def interrupted(self):
        """Whether the archive was being changed, and whether the cursor was being moved, when they died."""
        phases = (self.folder / PHASES).read_text()
        return phases.rfind("k") > phases.rfind("K"), phases.rfind("c") > phases.rfind("C")

    def await_ticks(self, count):
        before, end = self.acknowledged, time.monotonic() + 20
        while self.acknowledged < before + count:
            assert time.monotonic() < end, (self.folder / "trouble").read_text()
            time.sleep(0.002)


@pytest.fixture
def field(tmp_path):
    field = Field(tmp_path)
    yield field
    field.close()


def look(field):
    """What the kill left: whole ticks, none missing up to the last one acknowledged, every sample once."""
    path = field.folder / RECORD
    found = verify(path)
    assert found.faults == []
    count = found.ticks
    assert count >= field.acknowledged
    series = History(path).raw([*PUBLIC, PERSONAL], START, START + (count + 1) * STEP)
    expected = np.arange(1, count + 1)
    for i, point in enumerate(PUBLIC):
        np.testing.assert_array_equal(series[point].value, expected * 1000.0 + i)
    personal = series[PERSONAL].value
    np.testing.assert_array_equal(personal, expected[count - len(personal) :])
    assert len(personal) >= min(count, (PERSONAL_DAYS - 1) * PER_DAY)
    assert [event.text for event in History(path).events(START, START + (count + 1) * STEP)] == [
        str(n) for n in range(1, count + 1)
    ]
    assert History(path).state("count") == count
    return count


def look_at_target(field, count):
    """Everything before the cursor arrived; what arrived twice is the same twice."""
    cursor = History(field.folder / RECORD).state("cursor") or 0
    text = (field.folder / TARGET).read_text()
    lines = set(text[: text.rfind("\n") + 1].splitlines())
    arrived = sorted(int(line.split()[0]) for line in lines)
    assert arrived == list(range(1, len(lines) + 1))
    assert cursor <= len(lines) <= count
    return len(lines)


@pytest.mark.system
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_or_doubled_in_50_kills(field):
    moments = random.Random(50)
    in_archive = in_cursor = 0
    for _ in range(KILLS):
        field.start("writer")
        field.await_ticks(1)
        field.start("keeper")
        time.sleep(moments.uniform(0.0, 0.5))
        field.kill()
        assert not (field.folder / "trouble").exists(), (field.folder / "trouble").read_text()
        interrupted = field.interrupted
        in_archive += interrupted[0]
        in_cursor += interrupted[1]
        count = look(field)
        look_at_target(field, count)
    assert count > 3 * PER_DAY
    assert in_archive >= 10
    assert in_cursor >= 3
    with Record.open(field.folder / RECORD) as record:  # at once: nothing to mend, and the dead writer's lock is gone
        feed(field.folder, record, to_the_end=True)
    assert look_at_target(field, count) == count
    expected = {f"{n} {len(PUBLIC)} {len(PUBLIC) * n * 1000 + sum(range(len(PUBLIC)))}" for n in range(1, count + 1)}
    assert set((field.folder / TARGET).read_text().splitlines()) == expected
    files = {path.relative_to(field.folder).as_posix() for path in (field.folder / "archive").rglob("*.parquet")}
    assert len(files) >= count // PER_DAY - 1
