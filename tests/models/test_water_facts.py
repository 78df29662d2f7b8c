"""The legionella file as it is folded: what counts, what is due, what a reading says, what opens a deviation."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.assets import Hygiene
from models.legionella import Legionella, Place, Work
from models.site import SiteError, parse_site
from models.water_facts import (
    Closing,
    Deviation,
    Done,
    Entry,
    Reading,
    Result,
    Striking,
    Verdict,
    WaterFile,
    verdict,
)

NAME = {"nb": "Dusj", "en": "Shower"}
SHOWER = Place(id="shower", name=NAME, mixed_degc=38, flush_days=7, clean_days=90)
TAP = Place(id="tap", name=NAME, read_days=30, sample_days=180)
FILE = Legionella(places=(SHOWER, TAP))
LIMITS = Hygiene()
NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)
"""Two days after the clocks were put forward."""


def reading(degc, after_s=60, water="hot", place="tap", at=NOW):
    return Reading(place=place, at=at, water=water, temp_degc=degc, after_s=after_s)


def result(cfu, *, below=False):
    return Result(place="tap", sampled_on=date(2026, 3, 2), cfu_per_l=cfu, below=below, laboratory="Lab")


def file_of(*facts, who="Kari", corrects=None):
    corrects = corrects or {}
    return WaterFile(Entry(n, NOW, who, fact, corrects.get(n)) for n, fact in enumerate(facts, 1))


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        (reading(60.0), Verdict.GOOD),
        (reading(59.9), Verdict.LOW),
        (reading(54.9), Verdict.CRITICAL),
        (reading(50.0, after_s=30), Verdict.EARLY),
        (reading(61.0, after_s=180), Verdict.SLOW),
        (reading(40.0, place="shower"), Verdict.GOOD),
        (reading(40.1, place="shower"), Verdict.SCALDING),
        (reading(33.0, place="shower"), Verdict.GOOD),
        (reading(32.9, place="shower"), Verdict.LOW),
        (reading(20.0, place="shower", after_s=30), Verdict.EARLY),
        (reading(20.0, water="cold", after_s=120), Verdict.GOOD),
        (reading(20.1, water="cold", after_s=120), Verdict.WARM),
        (reading(25.0, water="cold", after_s=60), Verdict.EARLY),
        (reading(61.0, place="gone"), Verdict.GOOD),
        (result(100, below=True), Verdict.GOOD),
        (result(99), Verdict.FOUND),
        (result(100), Verdict.ACT),
        (result(1000), Verdict.OVER),
        (Done(place="tap", at=NOW), None),
    ],
)
def test_a_fact_is_held_against_the_limits_of_its_place(fact, said):
    assert verdict(fact, FILE, LIMITS) is said


def test_what_was_never_done_is_due_and_what_was_done_is_due_on_a_local_day():
    due = file_of().due(FILE)
    assert {(one.place.id, one.work) for one in due} == {
        ("shower", Work.FLUSH), ("shower", Work.CLEAN), ("tap", Work.READ), ("tap", Work.SAMPLE)
    }  # fmt: skip
    assert all(one.due_at is None and one.is_due(NOW) for one in due)
    # Flushed on Wednesday evening, in winter time; due all of the Wednesday after, in summer time.
    flushed = Done(place="shower", at=datetime(2026, 3, 25, 20, tzinfo=UTC))
    (own,) = [one for one in file_of(flushed).due(FILE) if one.work is Work.FLUSH]
    assert own.due_at == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert not own.is_due(own.due_at - timedelta(seconds=1))
    assert own.is_due(own.due_at)


def test_the_most_urgent_comes_first_and_an_entry_made_late_does_not_hide_a_newer_one():
    newer, older = NOW - timedelta(days=1), NOW - timedelta(days=6)
    file = file_of(Done(place="shower", at=newer), Done(place="shower", at=older), reading(61, at=older))
    due = file.due(FILE)
    assert [one.due_at is None for one in due] == [True, True, False, False]
    assert due[2].due_at < due[3].due_at
    assert next(one for one in due if one.work is Work.FLUSH).last.fact.at == newer


def test_a_correction_stands_in_the_place_of_the_old_one_which_stays():
    file = file_of(reading(16.0), reading(61.0), corrects={2: 1})
    assert [one.number for one in file.current()] == [2]
    assert [one.number for one in file.entries] == [1, 2]
    assert not file.may_correct(1, reading(62))
    assert file.may_correct(2, reading(62))
    assert not file.may_correct(2, Done(place="tap", at=NOW))
    assert not file.may_correct(9, reading(62))


def test_what_is_struck_out_counts_no_more_and_striking_a_correction_brings_the_old_one_back():
    struck = Striking(entry=2, at=NOW, text="feil tapp")
    file = file_of(reading(16.0), reading(61.0), struck, corrects={2: 1})
    assert [one.number for one in file.current()] == [1]
    assert not file.may_strike(2)
    assert not file.may_strike(3)
    assert file.may_strike(1)


def test_a_deviation_is_open_until_somebody_closes_it_and_again_when_that_was_a_mistake():
    opened = Deviation(place="tap", at=NOW, text="Lukter")
    closed = file_of(opened, Closing(deviation=1, at=NOW, text="Skiftet pakning"))
    assert not closed.open_deviations()
    (one,) = closed.deviations()
    assert (one.closing.who, one.closing.fact.text) == ("Kari", "Skiftet pakning")
    again = WaterFile([*closed.entries, Entry(3, NOW, "Ola", Striking(entry=2, at=NOW, text="feil avvik"))])
    assert [one.entry.number for one in again.open_deviations()] == [1]


def test_a_bad_reading_opens_one_deviation_and_a_good_one_none():
    low = Entry(1, NOW, "Kari", reading(52.0))
    shown = WaterFile([low]).opens(low, FILE, LIMITS)
    assert (shown.about, shown.place, shown.text) == (1, "tap", "")
    again = Entry(3, NOW, "Kari", reading(51.0))
    known = WaterFile([low, Entry(2, NOW, "bems", shown), again])
    assert known.opens(again, FILE, LIMITS) is None
    cold = Entry(4, NOW, "Kari", reading(25.0, after_s=120, water="cold"))
    assert WaterFile([*known.entries, cold]).opens(cold, FILE, LIMITS) is not None
    for good in (reading(61.0), result(50), Done(place="tap", at=NOW)):
        entry = Entry(1, NOW, "Kari", good)
        assert WaterFile([entry]).opens(entry, FILE, LIMITS) is None


FACTS = st.one_of(
    st.builds(reading, st.floats(0, 100), st.integers(0, 600), st.sampled_from(["hot", "cold"])),
    st.builds(result, st.integers(0, 10**6).map(float), below=st.booleans()),
    st.builds(Done, place=st.just("shower"), at=st.just(NOW), work=st.sampled_from([Work.FLUSH, Work.CLEAN])),
    st.builds(Deviation, at=st.just(NOW), text=st.text(max_size=20), about=st.none() | st.integers(1, 9)),
    st.builds(Closing, deviation=st.integers(1, 9), at=st.just(NOW), text=st.just("gjort noe")),
)


@given(st.lists(FACTS, max_size=12), st.randoms())
def test_entries_come_back_from_the_record_as_they_were_in_whatever_order(facts, draw):
    entries = [Entry(n, NOW, "Kari", fact, None) for n, fact in enumerate(facts, 1)]
    stored = [(one.entered_at, one.to_data()) for one in entries]
    draw.shuffle(stored)
    file = WaterFile(Entry.from_data(at, data) for at, data in stored)
    assert list(file.entries) == entries
    assert all(a.number < b.number for a, b in pairwise(file.entries))
    assert file.next_number == len(entries) + 1
    assert not ({one.entry.number for one in file.open_deviations()} - {one.number for one in file.current()})


@pytest.mark.parametrize(
    "fields",
    [
        {"temp_degc": -1},
        {"temp_degc": 101},
        {"temp_degc": float("nan")},
        {"after_s": -1},
        {"at": "2026-03-01T10:00:00"},
    ],
)
def test_what_no_thermometer_shows_is_refused(fields):
    with pytest.raises(ValidationError):
        Reading.model_validate({"place": "tap", "at": NOW, "temp_degc": 60.0, "after_s": 60, **fields})


def test_a_register_with_a_place_twice_or_limits_the_wrong_way_round_is_refused():
    with pytest.raises(ValidationError, match="'tap' is there twice"):
        Legionella(places=(TAP, TAP))
    with pytest.raises(ValidationError, match="must not exceed"):
        Legionella(act_cfu_per_l=2000)


def test_a_place_on_a_loop_that_the_site_has_not_is_told_with_those_it_has():
    folder = Path(__file__).resolve().parents[2]
    raw = tomllib.loads((folder / "site.biri.toml").read_text("utf-8"))
    raw["legionella"]["places"][1]["loop"] = "loop_x"
    raw["legionella"]["places"][2]["flush_days"] = 0
    with pytest.raises(SiteError) as told:
        parse_site(raw, "site.toml", folder)
    assert [str(fault) for fault in told.value.faults] == [
        "legionella.places[2 plant_return_b].flush_days: 0: must be greater than or equal to 1",
        "legionella.places[1 plant_return_a].loop: 'loop_x': one of loop_a, loop_b, loop_c, loop_d",
    ]
