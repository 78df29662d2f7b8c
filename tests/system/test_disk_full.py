"""A disk that is full to the last byte: alarmed, room made by thinning, nothing acknowledged lost, all well after."""

import asyncio
import os
import random
import subprocess
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.clock import wall_s
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.history.verify import verify
from bems.keeping import Keeper, Pace
from bems.keeping_work import BALLAST, MB, kinds_of, make_room, tidy
from models.keeping import RecordKeeping
from models.signals import Sample
from models.site import load_site

ROOT = Path(__file__).resolve().parents[2]
KEEPING = RecordKeeping(hot_days=1, raw_years=10, personal_days=90, reserve_mb=10)
SITE = load_site(ROOT / "site.biri.toml").model_copy(update={"record": KEEPING})
KINDS = kinds_of(SITE)
POINTS = sorted(KINDS.means)[:60]
DAY_1 = datetime(2026, 1, 15, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PER_TICK = 10
"""Minutes gathered in a tick."""


@pytest.fixture
def disk(tmp_path):
    """A file system of 40 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root; test_history_record and test_system limit the pages instead")
    command = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", folder]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


class Plant:
    """Ticks of ten minutes of sixty points, kept while the record cannot take them, as the system does."""

    def __init__(self, record):
        self.record = record
        self.error = None
        self.acknowledged = 0
        self._made = 0
        self._waiting = []
        self._random = random.Random(1)

    @property
    def now(self):
        return DAY_1 + self._made * PER_TICK * MINUTE

    def tick(self):
        minutes = [self.now + n * MINUTE for n in range(PER_TICK)]
        self._waiting.append([Sample(p, at, self._random.gauss(20, 5)) for at in minutes for p in POINTS])
        self._made += 1
        try:
            while self._waiting:
                self.record.append_tick(self._waiting[0])
                del self._waiting[0]
                self.acknowledged += 1
        except RecordError as error:
            self.error = str(error)
        else:
            self.error = None


def fill_up(folder):
    """A file that takes all that is left."""
    path = folder / "somebody-else"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * (1 << 20)):
            pass
    return path


async def until(condition, within_s=30.0, step_s=0.02):
    end = wall_s() + within_s
    while not condition():
        assert wall_s() < end
        await asyncio.sleep(step_s)


async def test_a_full_disk_is_alarmed_gets_room_and_the_record_goes_on(disk):
    path = disk / "record.sqlite"
    with Record.open(path) as record:
        plant = Plant(record)
        while plant.now < DAY_1 + timedelta(days=4):
            plant.tick()
        assert tidy(path, plant.now, KEEPING, KINDS).archived == 3
        assert (disk / BALLAST).exists()
        size = sum(file.stat().st_size for file in disk.rglob("*.parquet"))

        other = fill_up(disk)
        while plant.error is None:  # pages that archiving had freed are used up first
            plant.tick()
        assert "disk is full" in plant.error
        keeper = Keeper(SITE, path, lambda: plant.now, record_error=lambda: plant.error, pace=Pace(0.05, 0.5))
        alarms = lambda: {condition.id for condition in keeper.conditions()}  # noqa: E731  (a question, asked often)
        keeping = asyncio.create_task(keeper.run())
        try:
            await until(lambda: alarms() == {"record.lost", "record.disk"})

            def thinned_and_going_on():
                plant.tick()
                thin = sum(file.stat().st_size for file in disk.rglob("*.parquet"))
                return plant.error is None and thin < size / 2

            await until(thinned_and_going_on, step_s=0.25)  # though nobody has freed anything but we ourselves
            await until(lambda: "record.lost" not in alarms())
            other.unlink()
            await until(lambda: alarms() == set())
            plant.tick()
            assert not keeping.done()
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
    found = verify(path)
    assert found.faults == []
    assert found.ticks == plant.acknowledged
    midnight = plant.now.replace(hour=0, minute=0)  # what is before may have been thinned
    series = History(path).raw(POINTS, midnight, plant.now)
    assert plant.now == DAY_1 + plant.acknowledged * PER_TICK * MINUTE
    assert {len(of_point.value) for of_point in series.values()} == {(plant.now - midnight) // MINUTE}


def test_nothing_that_is_tried_on_a_full_disk_damages_the_record(disk):
    path = disk / "record.sqlite"
    with Record.open(path) as record:
        plant = Plant(record)
        while plant.now < DAY_1 + timedelta(days=3):
            plant.tick()
        other = fill_up(disk)
        done = make_room(path, plant.now, KEEPING, KINDS, 10 * MB)
        assert any("cannot be written" in trouble or "disk is full" in trouble for trouble in done.troubles)
        assert verify(path).faults == []
        other.unlink()
        done = make_room(path, plant.now, KEEPING, KINDS, 10 * MB)
        assert (done.archived, done.troubles) == (3, ())
        plant.tick()
        assert plant.error is None
    found = verify(path)
    assert (found.faults, found.notes) == ([], [])
    assert found.ticks == plant.acknowledged
