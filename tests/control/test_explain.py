"""Grounds of decisions, and what others would have cost, worked out by hand; then on the whole plant."""

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench._plan_cases import inputs
from control.assets.boilers import Boiler
from control.assets.chargers import Session
from control.assets.peak import HighestHour, MonthPeak, PerKw
from control.decisions import Family, decisions
from control.dispatch import Options, plan
from control.explain import bound_by, explain
from control.plan import NoPlan, Plan, Way
from control.problem import Held, TariffState
from models.reasons import Code, sentence
from models.site import load_site
from tests.control.plans import HOURS, START, after, heated, small, tapped

ROOT = Path(__file__).parents[2]
LINEAR = Options(whole_h=0.0)


def linear(of):
    return plan(of, LINEAR)


def whys(of, options=LINEAR):
    found = plan(of, options)
    assert isinstance(found, Plan)
    return {(w.family, w.asset): w for w in explain(of, found, linear)}


def car(kwh=22.0, leaves_h=4.0, **outlook):
    return small(sessions=(Session(("c1",), START, after(leaves_h), kwh, 11.0),), **outlook)


def test_a_held_decision_is_kept_and_the_rest_is_planned_around_it():
    case = replace(car(buy_nok_per_kwh=[1.0, 2.0, 3.0, 4.0]), held=(Held("c1.power_kw", 4.0, 4.0, step=1),))
    found = plan(case, LINEAR)
    assert isinstance(found, Plan)
    assert found.trajectories["c1.power_kw"] == pytest.approx([11.0, 4.0, 7.0, 0.0], abs=1e-6)


def test_a_car_that_charges_while_it_is_cheap_would_cost_more_if_it_waited():
    why = whys(car(buy_nok_per_kwh=[1.0, 2.0, 3.0, 4.0]))[Family.CARS, "c1"]
    assert why.value == pytest.approx(11.0)
    assert why.reason.code == Code.WHY_CAR
    assert why.electricity_nok_per_kwh == pytest.approx(1.0)
    assert why.second.value == 0.0
    assert why.second.cost_nok == pytest.approx(11.0 * (3.0 - 1.0), abs=1e-4)  # the third hour instead of the first
    assert why.second.breaks == ()
    assert (why.start, why.end, why.identity) == (START, after(1), "by hand")


def test_a_car_that_waits_says_so_and_what_charging_at_once_would_cost():
    why = whys(car(buy_nok_per_kwh=[4.0, 3.0, 2.0, 1.0]))[Family.CARS, "c1"]
    assert why.value == pytest.approx(0.0, abs=1e-6)
    assert why.reason.code == Code.WHY_CAR_WAITS
    assert why.reason.facts["ready"] == "15:00"  # 14:00 UTC
    assert why.second.value == 11.0
    assert why.second.cost_nok == pytest.approx(11.0 * (4.0 - 2.0), abs=1e-4)


def test_a_choice_that_breaks_a_promise_names_it():
    case = car(kwh=44.0, buy_nok_per_kwh=[2.0, 1.0, 1.0, 1.0])
    why = whys(case)[Family.CARS, "c1"]
    assert why.second.value == 0.0
    assert [row.startswith("cars c1") for row in why.second.breaks] == [True]
    assert why.second.cost_nok == pytest.approx(11.0 * (200.0 - 2.0), abs=1e-3)


def test_a_choice_no_plan_can_take_has_no_price():
    case = tapped()
    case = replace(case, plant=replace(case.plant, boilers=(Boiler("boiler", 2, 300.0, 2),)))
    why = whys(case)[Family.BOILER, "boiler"]
    assert (why.second.value, why.second.cost_nok) == (300.0, None)  # 300 kWh into 1 kWh/K


def test_a_plan_that_breaks_rows_prices_nothing():
    case = heated(HOURS)
    lost = replace(case, state=replace(case.state, tanks_degc={"buffer": 5.0}))
    found = plan(lost, LINEAR)
    assert isinstance(found, Plan)
    broken = replace(found, report=replace(found.report, way=Way.LEAST_BROKEN))
    assert {w.second for w in explain(lost, broken, linear)} == {None}


def test_the_month_s_peak_is_a_ground_and_a_bound():
    month = MonthPeak(2026, 1, HighestHour(15.0), PerKw(50.0))
    case = car(kwh=32.0, base_load_kw=[14.0, 4.0, 4.0, 4.0], buy_nok_per_kwh=1.0)
    why = whys(replace(case, tariff=TariffState((month,))))[Family.CARS, "c1"]
    assert why.value <= 1.0 + 1e-6
    assert why.second.value == 11.0
    assert why.second.cost_nok == pytest.approx(50.0 * 10.0, abs=1e-3)  # 25 kW instead of 15


def test_a_compressor_more_or_less_is_priced_and_what_it_heats_is_named():
    grid = replace(HOURS, quarters=(1,) * 8 + (4,) * 22)
    why = whys(heated(grid, outdoor_degc=-10.0), Options())[Family.COMPRESSORS, "hp"]
    assert why.value in (pytest.approx(0.0, abs=1e-6), pytest.approx(1.0))
    assert why.second.value == 1.0 - round(why.value)
    assert why.second.cost_nok is not None
    assert why.heat_nok_per_kwh == pytest.approx(why.electricity_nok_per_kwh * 0.3, rel=0.5)


def test_cheap_power_now_is_stored_and_dear_power_waits():
    cheap = whys(heated(HOURS, buy_nok_per_kwh=[0.2, 2.0, 2.0, 2.0]))[Family.COMPRESSORS, "hp"]
    assert cheap.reason.code == Code.WHY_STORE
    assert "0,20 kr" in sentence(cheap.reason, "nb")
    dear = whys(heated(HOURS, buy_nok_per_kwh=[9.0, 0.5, 0.5, 0.5]))[Family.COMPRESSORS, "hp"]
    assert dear.reason.code == Code.WHY_WAIT


def test_a_heat_cycle_is_the_ground_for_hot_water():
    why = whys(tapped(due_h=1.5, buy_nok_per_kwh=[1.0, 9.0, 1.0, 1.0]))[Family.AFTER_HEATER, "water"]
    assert why.reason.code == Code.WHY_HYGIENE
    assert why.bound is not None


def test_what_has_not_changed_keeps_its_price_and_no_time_gives_none():
    case = car(buy_nok_per_kwh=[1.0, 2.0, 3.0, 4.0])
    found = plan(case, LINEAR)
    first = explain(case, found, linear)

    def never(_):
        raise AssertionError("an unchanged decision is not priced again")

    assert explain(case, found, never, first) == first
    clock = itertools.count(0.0, 2.0)
    assert [w.second for w in explain(case, found, never, seconds=lambda: float(next(clock)))] == [None]


def test_no_plan_without_a_hold_prices_nothing():
    case = car(buy_nok_per_kwh=[1.0, 2.0, 3.0, 4.0])
    found = replace(plan(case, LINEAR), report=replace(plan(case, LINEAR).report, way=Way.WHOLE))
    assert [w.second for w in explain(case, found, lambda _: NoPlan(None, ("none",)))] == [None]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("peak 2026-01 hours", Code.BOUND_PEAK),
        ("hygiene first", Code.BOUND_HYGIENE),
        ("cars 2 energy", Code.BOUND_CARS),
        ("unit_a cold", Code.BOUND_COLD),
        ("hp1..hp2 order 2", Code.BOUND_FULL),
        ("hp1..hp2 water order 1", Code.BOUND_FULL),
        ("hp1..hp2 shortest rest", Code.BOUND_STOP),
        ("ahu_1 air debt", Code.BOUND_AIR),
        ("hp1..hp2 buffer stages", None),
        ("buffer end", None),
    ],
)
def test_rows_have_words_or_only_do_sums(row, code):
    reason = bound_by(row)
    assert (reason.code if reason else None) == code


@pytest.mark.parametrize("seed", [0, 3, 10])
def test_every_command_of_the_whole_plant_is_explained(seed):
    case = inputs(load_site(ROOT / "site.biri.toml"), seed)
    found = plan(case)
    assert isinstance(found, Plan)
    given = explain(case, found, linear, limit_s=1.0, seconds=time.perf_counter)
    families = {w.family for w in given}
    assert {Family.COMPRESSORS, Family.CHARGE, Family.AFTER_HEATER} <= families
    assert len(given) == len(decisions(case, found))
    for why in given:
        assert sentence(why.reason, "nb")
        assert why.bound is None or "–" not in sentence(why.bound, "nb")
        assert why.start == case.grid.start < why.end <= datetime(2026, 12, 31, tzinfo=UTC)
