"""The legionella file's section of a report, from entries in a real record: each number counted by hand."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.reports.gather import gather
from bems.water_file import SiteWaterFile, read_file
from dashboards.reports.assemble import month_of
from dashboards.reports.say import Say
from dashboards.reports.sections_water_file import routines, water_file
from models.legionella import Legionella, Work
from models.site import load_site
from models.water_facts import Closing, Deviation, Done, Reading, Result, Striking

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
MARCH = month_of(2026, 3)
END = datetime(2026, 3, 31, 22, tzinfo=UTC)


def at(day, hour=9, month=3):
    return datetime(2026, month, day, hour, tzinfo=UTC)


def flushed(day, month=3):
    return Done(place="shower_gym", at=at(day, month=month), work=Work.FLUSH, minutes=3)


ENTERED = (
    (at(26, month=2), flushed(26, month=2), None),
    (at(5), flushed(5), None),
    (at(12), flushed(12), None),
    (at(20), flushed(20), None),  # eight days after the one before
    (at(27), flushed(27), None),
    (at(6), Reading(place="kitchen_tap", at=at(6), temp_degc=16.0, after_s=60), None),  # 6, opens 7
    (at(6, 10), Reading(place="kitchen_tap", at=at(6), temp_degc=61.0, after_s=60), 6),  # 8
    (at(7), Reading(place="kitchen_tap", at=at(7), temp_degc=50.0, after_s=10), None),  # 9, too early to tell
    (at(8), Reading(place="kitchen_tap", at=at(8), temp_degc=58.0, after_s=60), None),  # 10, 7 is open still
    (at(9), Closing(deviation=7, at=at(9), text="Justert ventil"), None),
    (at(10), Result(place="tap_a", sampled_on=date(2026, 3, 2), cfu_per_l=10, below=True, laboratory="Lab"), None),
    (at(11), Reading(place="tap_b", at=at(11), temp_degc=70.0, after_s=60), None),  # 13, opens 14
    (at(12), Striking(entry=13, at=at(12), text="Feil tapp"), None),
    (at(2, month=4), Closing(deviation=14, at=at(2, month=4), text="Gjaldt feil tapp"), None),
    (at(3, month=4), Deviation(at=at(3, month=4), text="Etter perioden"), None),
    (at(4, month=4), Done(place="shower_gym", at=at(30), work=Work.CLEAN), None),  # written down afterwards
)


async def enter_all(record, path):
    now = [at(1)]
    desk = SiteWaterFile(SITE, record, History(path), lambda: now[0])
    for entered_at, fact, corrects in ENTERED:
        now[0] = max(now[0], entered_at)
        await desk.enter(fact, "Kari", corrects)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("record") / "record.sqlite"
    with Record.open(path) as record:
        asyncio.run(enter_all(record, path))
    return path


@pytest.fixture(scope="module")
def found(path):
    return gather(SITE, path, MARCH, at(5, month=4))


@pytest.fixture
def section(found):
    return water_file(found, Say(SITE, "nb"))


def table(section, name):
    return next(one for one in section.tables if one.id == name)


def test_the_report_reads_the_file_from_the_record(found, path):
    assert found.end == END
    assert found.water_file.entries == read_file(History(path)).entries


def test_routines_are_counted_with_the_time_before_the_period(found):
    shown = {(one.place.id, one.work): one for one in routines(found)}
    flush = shown["shower_gym", Work.FLUSH]
    assert (flush.times, flush.longest_days, flush.is_kept) == (4, 8, False)
    clean = shown["shower_gym", Work.CLEAN]
    assert (clean.times, clean.longest_days, clean.is_kept) == (1, 1, True)
    never = shown["laundry_sink", Work.FLUSH]
    assert (never.times, never.longest_days, never.is_kept) == (0, None, False)


def test_readings_are_those_that_count_with_their_numbers(section):
    rows = table(section, "tap_readings").rows
    assert [(row[3], row[5], row[7]) for row in rows] == [
        (61.0, "i orden", 8.0),
        (50.0, "målt for tidlig til å si noe", 9.0),
        (58.0, "for kaldt", 10.0),
    ]
    assert rows[0][0] == datetime(2026, 3, 6, 10)  # noqa: DTZ001  (a cell's time is local)
    figures = {one.id: one.value for one in section.figures}
    assert figures["tap_readings"] == 3
    assert figures["tap_good"] == 50.0
    assert any("2 føringer" in note for note in section.notes)


def test_a_deviation_is_told_with_who_closed_it_and_what_was_done(section):
    rows = table(section, "water_deviations").rows
    assert [(row[0], row[2], row[6], row[7]) for row in rows] == [
        (7.0, "bems", "Kari", "Justert ventil"),
        (14.0, "bems", None, "åpent"),
    ]
    assert {one.id: one.value for one in section.figures}["open_deviations"] == 1


def test_what_was_not_found_keeps_its_less_than(section):
    (row,) = table(section, "lab_results").rows
    assert row[0] == date(2026, 3, 2)
    assert row[3] == "< 10"


def test_a_site_without_a_register_has_no_section_and_english_says_the_same(found, section):
    bare = replace(found, site=SITE.model_copy(update={"legionella": Legionella()}))
    assert water_file(bare, Say(SITE, "nb")) is None
    english = water_file(found, Say(SITE, "en"))
    assert [len(one.rows) for one in english.tables] == [len(one.rows) for one in section.tables]
    assert "still" not in str(table(english, "water_deviations").rows[0])
