"""Habits are taken into use where days they were not learned from speak for them, and nowhere else."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from control.habits.judge import EVERY, LEAST_DAYS, judged
from control.habits.known import Factor, Learned
from control.habits.learned import cold
from control.refit.model import Verdict
from models.prices import PriceSeries
from tests.control.test_learned import JULY, MONDAY, driven, metered, quarters, record, shape, sunny

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def first(biri):
    return cold(biri)


def verdicts(lesson):
    return {part.part: part.verdict for part in lesson.parts}


def loads(biri, base):
    return record(metered(biri, base))


def test_steady_days_speak_for_what_was_learned_from_the_days_before(biri, first):
    when = quarters(8)
    lesson = judged(biri, loads(biri, shape(when)), first)
    told = lesson.parts[0]
    assert (told.part, told.verdict, told.unit) == ("base_load_kw", Verdict.IMPROVED, "kW")
    assert told.after < 0.5 * told.before
    assert lesson.learned.base_load_kw.days == (6.0, 1.0, 1.0)  # learned again from all of them
    assert lesson.learned.parts == ("base_load_kw",)
    assert lesson.learned.part_until == {"base_load_kw": MONDAY + 8 * DAY}
    assert lesson.learned.version == 1
    assert Learned.from_json(lesson.learned.to_json()) == lesson.learned


def test_what_held_out_days_deny_is_not_taken(biri, first):
    when = quarters(8)
    odd = np.isin(np.arange(len(when)) // 96, (3, 7))  # every fourth, back from the last
    lesson = judged(biri, loads(biri, first.base_load_kw.at(when) * np.where(odd, 1.0, 2.0)), first)
    assert verdicts(lesson) == {"base_load_kw": Verdict.NO_BETTER}
    assert lesson.parts[0].after > lesson.parts[0].before
    assert lesson.learned == first


def test_two_days_are_too_few_to_judge_by(biri, first):
    lesson = judged(biri, loads(biri, shape(quarters(2))), first)
    assert (LEAST_DAYS, EVERY) == (3, 4)
    assert verdicts(lesson) == {"base_load_kw": Verdict.TOO_LITTLE}
    assert lesson.learned == first


def test_days_that_were_learned_from_do_not_judge(biri, first):
    base = shape(quarters(16))
    early = judged(biri, record(metered(biri, base[: 96 * 8])), first).learned
    changed = np.where(np.arange(len(base)) < 96 * 8, base, 1.5 * base)
    night_after = judged(biri, record(metered(biri, changed[: 96 * 9])), early)
    assert verdicts(night_after) == {"base_load_kw": Verdict.TOO_LITTLE}  # one of the days held out is new
    assert night_after.learned.base_load_kw == early.base_load_kw
    later = judged(biri, record(metered(biri, changed)), early)
    assert verdicts(later) == {"base_load_kw": Verdict.IMPROVED}
    assert later.learned.version == early.version + 1


def test_each_array_and_each_car_is_judged_for_itself(biri, first):
    values = sunny(biri, days=12)
    day = np.arange(96 * 12) // 96
    values["pv_west.ac_power_kw"] *= np.where(day % 4 == 3, 1 / 0.9, 1.0)  # held-out days are as the data sheet says
    lesson = judged(biri, record(values, JULY), first)
    told = verdicts(lesson)
    assert (told["pv.pv_east"], told["pv.pv_west"]) == (Verdict.IMPROVED, Verdict.NO_BETTER)
    assert told["collectors.collectors"] is Verdict.IMPROVED
    assert lesson.learned.pv["pv_east"].value == pytest.approx(0.91, abs=0.015)
    assert lesson.learned.pv["pv_west"] == Factor()
    assert lesson.learned.parts == ("collectors", "pv")
    drove = judged(biri, record(driven(12)), first)
    assert {part for part, v in verdicts(drove).items() if v is Verdict.IMPROVED} == {"trips.charger_3"}
    assert drove.learned.trips["charger_3"].hours < first.trips["charger_3"].hours


def test_where_snow_lies_is_known_whatever_becomes_of_the_habits(biri, first):
    values = sunny(biri, days=2)
    values["weather.outdoor_temp_degc"][:] = -3.0
    values["pv_east.ac_power_kw"][-96:] *= 0.1
    lesson = judged(biri, record(values, JULY), first)
    assert not lesson.accepted
    assert lesson.learned.snow_cover["pv_east"] > 0.8
    assert replace(lesson.learned, snow_cover={}) == first


def test_prices_are_judged_by_their_last_days(biri, first):
    rng = np.random.default_rng(3)
    days = 16

    def lesson(level):
        hours = level[:, None] * (1.0 + 0.3 * np.sin(np.arange(24) / 24 * 2 * np.pi)) + rng.normal(0, 0.01, (days, 24))
        return judged(biri, loads(biri, shape(quarters(days))), first, PriceSeries(MONDAY, 3600, hours.ravel()))

    steady, denied = lesson(np.full(days, 1.2)), lesson(np.where(np.arange(days) % 4 == 3, 0.6, 3.0))
    assert verdicts(steady)["prices"] is Verdict.IMPROVED
    assert steady.learned.prices.level == pytest.approx(1.2, rel=0.05)
    assert verdicts(denied)["prices"] is Verdict.NO_BETTER
    assert denied.learned.prices is None
    assert steady.learned.part_until["prices"] == MONDAY + days * DAY
    again = judged(
        biri, loads(biri, shape(quarters(days))), steady.learned, PriceSeries(MONDAY, 3600, np.full(384, 9.0))
    )
    assert verdicts(again)["prices"] is Verdict.TOO_LITTLE  # no day later than what it was learned from


def test_an_empty_record_teaches_nothing(biri, first):
    lesson = judged(biri, record({}), first)
    assert (lesson.learned, lesson.parts) == (first, ())
