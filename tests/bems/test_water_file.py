"""Entries of the legionella file in a real record: kept before they count, numbered once, there after a restart."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from bems.alarming.alarms import Alarm, Condition
from bems.history.backup import backup, restore
from bems.history.errors import RecordFull
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.water_file import BY_ITSELF, FIRST, LAST, OLDEST, SiteWaterFile, read_file
from dashboards.ports.desk import Refused
from models.legionella import Work
from models.reasons import Code, because
from models.site import load_site
from models.water_facts import Closing, Deviation, Done, Reading, Striking
from tests.dashboards.fake import START as NOW

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
OVERDUE = Condition("hygiene.overdue", "A", because(Code.CYCLE_OVERDUE, interval_days=7.0))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "record.sqlite"


@pytest.fixture
def record(path):
    with Record.open(path) as opened:
        yield opened


@pytest.fixture
def desk(record, path):
    return SiteWaterFile(SITE, record, History(path), lambda: NOW)


def reading(degc=61.0, place="kitchen_tap", at=NOW):
    return Reading(place=place, at=at, temp_degc=degc, after_s=60)


def done(at=NOW):
    return Done(place="shower_gym", at=at, work=Work.FLUSH, minutes=3)


def stored(path):
    return History(path).events(FIRST, LAST, [EventKind.WATER_FILE])


async def test_an_entry_is_in_the_record_when_somebody_is_told_so_and_there_after_a_restart(desk, path, record):
    entry = await desk.enter(reading(), "Kari")
    (event,) = stored(path)
    assert (event.subject, event.data["who"], event.data["fact"]["temp_degc"]) == ("kitchen_tap", "Kari", 61.0)
    again = SiteWaterFile(SITE, record, History(path), lambda: NOW)
    assert again.file().entries == (entry,)
    assert (await again.enter(done(), "Ola")).number == 2


async def test_a_bad_reading_and_its_deviation_come_together_and_it_is_closed_by_name(desk, path):
    await desk.enter(reading(48.0), "Kari")
    low, opened = desk.file().entries
    assert (opened.who, opened.fact.about) == (BY_ITSELF, low.number)
    await desk.enter(Closing(deviation=2, at=NOW, text="Skiftet ventil"), "Ola Nordmann")
    assert not desk.file().open_deviations()
    assert [event.data["what"] for event in stored(path)] == ["reading", "deviation", "closing"]
    with pytest.raises(Refused, match="not_open"):
        await desk.enter(Closing(deviation=2, at=NOW, text="En gang til"), "Ola")


@pytest.mark.parametrize(
    ("fact", "corrects", "why"),
    [
        (reading(place="nowhere"), None, "no_place"),
        (reading(at=NOW + timedelta(minutes=5)), None, "to_come"),
        (reading(at=NOW - OLDEST - timedelta(days=1)), None, "too_old"),
        (reading(), 1, "not_to_correct"),
        (Closing(deviation=7, at=NOW, text="Borte"), None, "not_open"),
        (Striking(entry=7, at=NOW, text="Borte"), None, "not_to_strike"),
    ],
)
async def test_what_cannot_be_is_refused_and_leaves_nothing(desk, path, fact, corrects, why):
    with pytest.raises(Refused, match=why):
        await desk.enter(fact, "Kari", corrects)
    assert stored(path) == ()


async def test_many_who_enter_at_once_get_numbers_of_their_own(desk):
    made = await asyncio.gather(*(desk.enter(done(), f"p{n}") for n in range(20)))
    assert sorted(one.number for one in made) == list(range(1, 21))


async def test_what_the_record_does_not_keep_does_not_count(desk, record, monkeypatch):
    def full(*_):
        raise RecordFull("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(record, "append_tick", full)
        with pytest.raises(Refused, match="not_kept"):
            await desk.enter(reading(), "Kari")
    assert desk.file().entries == ()
    assert (await desk.enter(reading(), "Kari")).number == 1


async def test_whoever_stops_waiting_loses_no_entry_and_no_number_is_given_twice(desk, record, path, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    append = record.append_tick

    def slow(*arguments):
        begun.set()
        go_on.wait(20)
        return append(*arguments)

    with monkeypatch.context() as delayed:
        delayed.setattr(record, "append_tick", slow)
        waiting = asyncio.create_task(desk.enter(reading(), "Kari"))
        await asyncio.to_thread(begun.wait, 20)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        go_on.set()
        assert (await desk.enter(done(), "Ola")).number == 2
    assert [event.data["number"] for event in stored(path)] == [1, 2]


async def test_an_alarm_about_the_hot_water_opens_one_deviation_until_it_is_raised_anew(desk):
    alarm = Alarm(OVERDUE, NOW - timedelta(hours=1))
    assert await desk.watch([alarm, Alarm(Condition("connection.x", "B", OVERDUE.text), NOW)])
    assert await desk.watch([alarm])
    (one,) = desk.file().open_deviations()
    assert (one.deviation.code, one.deviation.facts) == (Code.CYCLE_OVERDUE, {"interval_days": 7.0})
    await desk.enter(Closing(deviation=1, at=NOW, text="Kjørt syklus"), "Ola")
    assert await desk.watch([alarm])
    assert not desk.file().open_deviations()  # closed while it still stands: that is the person's word
    await desk.watch([Alarm(OVERDUE, NOW + timedelta(seconds=1))])
    assert len(desk.file().open_deviations()) == 1


async def test_the_alarms_are_looked_at_after_ticks_and_again_while_the_record_is_away(desk, record, monkeypatch):
    async def ticks():
        for number in range(4):
            if number == 2:
                monkeypatch.undo()
            yield number

    monkeypatch.setattr(record, "append_tick", lambda *_: (_ for _ in ()).throw(RecordFull("full")))
    await desk.run(ticks, lambda: {OVERDUE.id: Alarm(OVERDUE, NOW)})
    assert [one.deviation.alarm for one in desk.file().open_deviations()] == ["hygiene.overdue"]


async def test_an_entry_that_cannot_be_read_is_told_and_hides_no_other(record, path, caplog):
    record.append_tick((), (), [Event(NOW, EventKind.WATER_FILE, "tap", "x", {"number": 1, "fact": {"what": "?"}})])
    await SiteWaterFile(SITE, record, History(path), lambda: NOW).enter(reading(), "Kari")
    assert [one.who for one in read_file(History(path)).entries] == ["Kari"]
    assert "cannot be read" in caplog.text


async def test_a_backup_has_the_file(desk, path, tmp_path):
    await desk.enter(reading(), "Kari")
    await desk.enter(Deviation(at=NOW, text="Lukter av vannet"), "Ola")
    await asyncio.to_thread(backup, path.parent, tmp_path / "backup", NOW)
    restore(tmp_path / "backup", tmp_path / "new")
    assert read_file(History(tmp_path / "new" / "record.sqlite")).entries == desk.file().entries
