"""Who keeps the record: what is due once a day, room on a short disk, alarms, and no trouble that ends it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems import keeping_work
from bems.clock import wall_s
from bems.history.archive import archive_finished, archiving
from bems.history.catalogue import catalogue
from bems.history.record import Record
from bems.history.schema import open_for_reading
from bems.history.verify import verify
from bems.keeping import Keeper, Pace
from bems.keeping_work import BALLAST, BALLAST_BYTES, MB, kinds_of, make_room, tidy
from bems.worker import WorkLost
from models.keeping import RecordKeeping
from models.reasons import Code, sentence
from models.signals import Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
KINDS = kinds_of(SITE)
DAY_1 = datetime(2026, 1, 15, tzinfo=UTC)
NOW = DAY_1 + timedelta(days=9, hours=2)
DAY = timedelta(days=1)
TEMP, ENERGY, CO2 = "hp1.supply_temp_degc", "hp1.heat_energy_kwh", "a1_air.co2_ppm"
KEEPING = RecordKeeping(hot_days=3, raw_years=0.1, personal_days=5, reserve_mb=1)


@pytest.fixture
def path(tmp_path):
    """Nine days of three points every ten minutes, two hours a tick."""
    with Record.open(tmp_path / "record.sqlite") as record:
        for n in range(9 * 12):
            times = [DAY_1 + timedelta(hours=2 * n, minutes=10 * m) for m in range(12)]
            temps = [Sample(TEMP, at, 30.0 + n % 7) for at in times]
            record.append_tick([*temps, *(Sample(p, at, float(n)) for p in (ENERGY, CO2) for at in times)])
    return tmp_path / "record.sqlite"


def kinds_listed(path):
    connection = open_for_reading(path, 1.0)
    try:
        return [entry.kind for entry in catalogue(connection)]
    finally:
        connection.close()


def test_points_are_told_apart_by_what_a_mean_of_them_would_mean():
    assert TEMP in KINDS.means
    assert ENERGY not in KINDS.means | KINDS.states
    assert "hp1.starts_1" not in KINDS.means | KINDS.states
    assert "hp1.priority" in KINDS.states
    assert {CO2, "a1_air.occupied"} <= KINDS.personal
    assert len(KINDS.means | KINDS.states) < len(SITE.points)


def test_a_day_s_work_archives_thins_and_deletes(path):
    done = tidy(path, NOW + 40 * DAY, KEEPING, KINDS)
    assert (done.archived, done.thinned, done.troubles) == (9, 9, ())
    assert done.deleted >= 9 * 96
    assert kinds_listed(path) == ["thinned15"] * 9
    assert verify(path).faults == []
    assert (path.parent / BALLAST).stat().st_size == BALLAST_BYTES
    again = tidy(path, NOW + 40 * DAY, KEEPING, KINDS)
    assert (again.archived, again.thinned, again.deleted, again.troubles) == (0, 0, 0, ())


def test_hot_days_stay_in_sqlite(path):
    assert tidy(path, NOW, KEEPING, KINDS).archived == 6
    assert kinds_listed(path) == ["raw"] * 6


def test_one_part_that_fails_does_not_keep_the_others(path):
    archive_finished(path, DAY_1 + 2 * DAY)
    next(path.parent.rglob("*.parquet")).write_bytes(b"torn")
    done = tidy(path, NOW + 40 * DAY, KEEPING, KINDS)
    assert done.archived == 7
    assert done.troubles
    assert "2026-01-1" in done.troubles[0]


def test_room_is_made_by_files_first_and_thinning_only_as_far_as_needed(path):
    done = make_room(path, NOW, KEEPING, KINDS, enough_bytes=0)
    assert (done.archived, done.thinned) == (9, 0)
    done = make_room(path, NOW, KEEPING, KINDS, enough_bytes=10**18)
    assert (done.archived, done.thinned) == (0, 9)
    assert verify(path).faults == []


class Desk:
    """A keeper with a disk and a record that are what a test says."""

    def __init__(self, path):
        self.free = 10_000 * MB
        self.error = None
        self.now = NOW
        self.asked = []
        self.events = []
        self.lose = False
        self.keeper = Keeper(
            SITE,
            path,
            lambda: self.now,
            record_error=lambda: self.error,
            worker=self,
            pace=Pace(look_s=0.01, again_s=0.05, retry_s=0.1),
            free=self.measured,
        )
        self.keeper.note = self.events.append

    def measured(self, _):
        if self.free is None:
            raise OSError("no answer")
        return self.free

    async def call(self, function, *arguments, timeout_s):
        self.asked.append(function.__name__)
        if self.lose:
            raise WorkLost("its process died")
        return function(*arguments)

    async def end(self):
        pass

    @property
    def alarms(self):
        return {condition.id: condition for condition in self.keeper.conditions()}

    async def until(self, condition):
        end = wall_s() + 10
        while not condition():
            assert wall_s() < end
            await asyncio.sleep(0.005)


@asynccontextmanager
async def at_work(desk):
    task = asyncio.create_task(desk.keeper.run())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_day_s_work_is_done_at_the_start_and_once_a_day_after_one_o_clock(path):
    desk = Desk(path)
    async with at_work(desk):
        await desk.until(lambda: desk.asked == ["tidy"])
        desk.now = NOW.replace(hour=0) + DAY
        await asyncio.sleep(0.05)
        assert desk.asked == ["tidy"]
        desk.now = NOW + DAY
        await desk.until(lambda: desk.asked == ["tidy", "tidy"])
        assert desk.alarms == {}


async def test_a_short_disk_is_alarmed_thinned_and_told_until_there_is_room_again(path, monkeypatch):
    archive_finished(path, DAY_1 + 4 * DAY)
    desk = Desk(path)
    desk.free = 900 * MB
    monkeypatch.setattr(keeping_work, "free_bytes", desk.measured)
    async with at_work(desk):
        await desk.until(lambda: desk.events)
        alarm = desk.alarms["record.disk"]
        assert alarm.severity == "B"
        assert sentence(alarm.text, "en").startswith("Little room on the disk: 900 MB free, 1024 MB should be.")
        assert desk.events[0].data["code"] == Code.RECORD_THINNED
        assert set(kinds_listed(path)) == {"thinned15"}
        desk.free = 1100 * MB  # more than the reserve, but not by much
        await asyncio.sleep(0.05)
        assert "record.disk" in desk.alarms
        desk.free = 2000 * MB
        await desk.until(lambda: desk.alarms == {})


async def test_a_record_that_cannot_be_written_is_an_alarm_of_class_a_and_room_is_made(path):
    desk = Desk(path)
    async with at_work(desk):
        await desk.until(lambda: desk.asked)
        desk.error = "record x cannot grow, the disk is full (database or disk is full)"
        assert desk.alarms["record.lost"].severity == "A"
        await desk.until(lambda: "make_room" in desk.asked)
        assert set(desk.alarms) == {"record.lost", "record.disk"}
        desk.error = "record x is locked by another process"
        await desk.until(lambda: set(desk.alarms) == {"record.lost"})
        desk.error = None
        assert desk.alarms == {}


async def test_work_that_is_lost_and_a_disk_that_does_not_answer_end_nothing(path, caplog):
    desk = Desk(path)
    desk.lose, desk.free = True, 0
    async with at_work(desk):
        await desk.until(lambda: desk.asked.count("make_room") >= 2)
        desk.free = None
        await desk.until(lambda: "does not answer" in caplog.text)
        assert "its process died" in caplog.text
        desk.lose, desk.free = False, 10_000 * MB
        await desk.until(lambda: desk.alarms == {})


async def test_a_day_s_work_that_met_trouble_is_tried_again(path, caplog):
    desk = Desk(path)
    with archiving(path):  # a predecessor that was killed, and whose child is still at it
        async with at_work(desk):
            await desk.until(lambda: desk.asked.count("tidy") == 3)
            assert caplog.text.count("being changed by another process") == 1
    async with at_work(desk):
        await desk.until(lambda: kinds_listed(path))
        await desk.until(lambda: desk.asked.count("tidy") == 4)
        await asyncio.sleep(0.2)
        assert desk.asked.count("tidy") == 4
