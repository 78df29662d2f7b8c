"""The night's programme and its account: items worked out by hand, nights of 10 and 12 hours, the whole plant."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench._plan_cases import inputs
from control.assets.chargers import Session
from control.dispatch import Options, plan
from control.grid import Grid
from control.measured import Measured, measured
from control.night.account import Account, Happening, Rules, account
from control.night.data import Kind, Programme, clock, night_of
from control.night.programme import programme
from control.plan import NoPlan, Plan
from control.record import Record
from models.local_time import OSLO
from models.reasons import Code, because
from models.signals import Reason
from models.site import load_site
from tests.control.plans import heated, small, tapped

ROOT = Path(__file__).parents[2]
LINEAR = Options(whole_h=0.0)
EVENING = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
NIGHT = Grid(EVENING, (1,) * 24 + (2,) * 12)
"""12 h from 20:00 local time."""


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


def hours(n):
    return EVENING + timedelta(hours=n)


def charging(**changes):
    """A car that takes 11 kWh in the cheapest hour, which begins at 02:00 local time."""
    price = np.where(np.floor(NIGHT.edges_h[:-1]) == 6, 0.5, 2.0)
    session = Session(("charger_1",), hours(-1), hours(11.5), 11.0, 11.0)
    return small(NIGHT, buy_nok_per_kwh=price, sessions=(session,), base_load_kw=10.0, **changes)


def told(site, case, now=EVENING):
    found = plan(case, LINEAR)
    assert isinstance(found, Plan)
    return programme(found, case, site, now)


def record(hourly, start=EVENING):
    """Quarters of hourly values."""
    return Record(start, 900.0, {name: np.repeat(np.asarray(column, float), 4) for name, column in hourly.items()})


RULES = Rules(120.0, 5.0)


def looked_back(site, made, seen, points, *, cost=100.0, rules=RULES, happenings=()):
    return account(site, made, seen, points, energy_bought_kwh=130.0, cost_nok=cost, rules=rules, happenings=happenings)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-01-15T19:00", "2026-01-15T19:00", "2026-01-16T06:00"),
        ("2026-01-15T22:30", "2026-01-15T22:30", "2026-01-16T06:00"),
        ("2026-01-16T04:00", "2026-01-16T04:00", "2026-01-16T06:00"),
        ("2026-01-16T11:00", "2026-01-16T19:00", "2026-01-17T06:00"),
        ("2026-03-28T19:00", "2026-03-28T19:00", "2026-03-29T05:00"),  # 10 h
        ("2026-10-24T18:00", "2026-10-24T18:00", "2026-10-25T06:00"),  # 12 h
    ],
)
def test_the_night_is_from_eight_to_seven_on_the_wall(now, start, end):
    def at(text):
        return datetime.fromisoformat(text).replace(tzinfo=UTC)

    assert night_of(at(now), OSLO) == (at(start), at(end))


def test_an_hour_that_comes_twice_is_told_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock(first, OSLO) == "02:30 (CEST)"
    assert clock(first + timedelta(hours=1), OSLO) == "02:30 (CET)"
    assert clock(first + timedelta(hours=2), OSLO) == "03:30"


def test_a_car_s_item_says_when_how_much_and_at_what_cost(biri):
    made = told(biri, charging())
    item = next(item for item in made.items if item.kind is Kind.CARS)
    assert (item.start, item.end) == (hours(6), hours(7))
    assert item.energy_kwh == pytest.approx(11.0)
    assert item.cost_nok == pytest.approx(5.5)
    assert "11 kWh mellom 02:00 og 03:00" in item.text.nb
    assert "klar til 07:30" in item.text.nb
    assert "Lader 1" in item.text.nb
    assert "Charger 1" in item.text.en
    assert made.energy_kwh == pytest.approx(11 * 10 + 11.0)
    assert made.cost_nok == pytest.approx(10 * 20.0 + 21 * 0.5, rel=1e-6)
    assert made.identity == "by hand"
    assert made.rest_kwh == pytest.approx(11 * 10.0)  # the base load
    assert made.rest_nok == pytest.approx(10 * 20.0 + 10 * 0.5, rel=1e-6)


def test_the_highest_hour_is_watched(biri):
    item = next(item for item in told(biri, charging()).items if item.kind is Kind.PEAK)
    assert item.reason.code == Code.NIGHT_HIGHEST  # no power charge here
    assert (item.start, item.end) == (hours(6), hours(7))
    assert item.reason.facts["kw"] == 21.0


def test_heating_and_storing_are_told_with_times_and_prices(biri):
    price = np.where(NIGHT.edges_h[:-1] < 4, 0.2, 2.0)
    made = told(biri, heated(NIGHT, buy_nok_per_kwh=price, outdoor_degc=-5.0))
    store = next(item for item in made.items if item.kind is Kind.STORE)
    assert store.end <= hours(4)
    assert "0,20 kr" in store.text.nb
    assert "0.20 NOK" in store.text.en
    told_kwh = sum(item.energy_kwh or 0.0 for item in made.items if item.kind is not Kind.STORE)
    assert made.rest_kwh + told_kwh == pytest.approx(made.energy_kwh)  # what is stored counts once
    heat = next(item for item in made.items if item.kind is Kind.HEAT)
    assert heat.energy_kwh > 5.0
    assert heat.cost_nok == pytest.approx(heat.energy_kwh * 0.2, rel=0.5)


def test_a_heat_cycle_is_told_and_so_is_none(biri):
    due = told(biri, tapped(NIGHT, due_h=19.0))
    cycle = next(item for item in due.items if item.kind is Kind.CYCLE)
    assert cycle.reason.code == Code.NIGHT_CYCLE
    assert cycle.end <= datetime(2026, 1, 16, 5, 0, tzinfo=UTC)
    later = told(biri, tapped(NIGHT, due_h=1000.0))
    assert next(item for item in later.items if item.kind is Kind.CYCLE).reason.code == Code.NIGHT_NO_CYCLE


def test_without_a_plan_the_rules_see_to_the_night(biri):
    made = programme(NoPlan(None, ("outlook: no pv_kw",)), None, biri, EVENING)
    assert made.items == ()
    assert (made.energy_kwh, made.cost_nok, made.identity) == (None, None, None)
    assert "outlook: no pv_kw" in made.notes[0].nb
    assert (made.rest_kwh, made.rest_nok) == (None, None)
    assert Programme.from_json(made.to_json()) == made


@pytest.mark.parametrize("seed", [14, 21, 42])
def test_the_whole_plant_s_night_reads_and_keeps(biri, seed):
    case = inputs(biri, seed)
    found = plan(case)
    assert isinstance(found, Plan)
    made = programme(found, case, biri, case.grid.start)
    assert {Kind.HEAT, Kind.SETBACK, Kind.AIR, Kind.CARS, Kind.CYCLE, Kind.PEAK, Kind.AFTER_HEATER} <= {
        item.kind for item in made.items
    }
    for item in made.items:
        assert made.start <= item.start < item.end <= made.end + timedelta(hours=1)
        assert "–" not in item.text.nb
        assert "{" not in item.text.nb + item.text.en
    assert Programme.from_json(made.to_json()) == made
    told_by = measured(biri, case.plant)
    assert all(name in told_by for item in made.items if item.check for name in item.check.quantity)


POINTS = {
    "charger_1.power_kw": Measured(("car",), "sum"),
    "grid.power_kw": Measured(("main",), "sum"),
}


def test_what_was_done_is_seen_in_the_record(biri):
    made = told(biri, charging())
    seen = record({"car": [0.0] * 5 + [11.0] + [0.0] * 6, "main": [10.0] * 5 + [21.0] + [10.0] * 6})
    found = looked_back(biri, made, seen, POINTS)
    states = {done.item.kind: (done.state, done.happened) for done in found.done}
    assert states[Kind.CARS] == ("done", pytest.approx(11.0))  # an hour earlier than planned
    assert states[Kind.PEAK] == ("done", pytest.approx(21.0))
    assert (found.saved_nok, found.uncertainty_nok) == (20.0, 5.0)
    assert "Spart: 20 kr" in found.saved.nb
    assert Account.from_json(found.to_json()) == found


@pytest.mark.parametrize(
    ("kwh", "state"), [(11.0, "done"), (9.0, "partly"), (0.0, "missed"), (20.0, "more"), (np.nan, "unknown")]
)
def test_energy_is_judged_by_its_share(biri, kwh, state):
    made = told(biri, charging())
    car = [np.nan] * 12 if np.isnan(kwh) else [0.0] * 6 + [kwh] + [0.0] * 5
    found = looked_back(biri, made, record({"car": car}), POINTS)
    assert next(done.state for done in found.done if done.item.kind is Kind.CARS) == state


def test_a_peak_above_the_plan_is_missed(biri):
    found = looked_back(biri, told(biri, charging()), record({"main": [10.0, 30.0] + [10.0] * 10}), POINTS)
    assert next(done for done in found.done if done.item.kind is Kind.PEAK).state == "missed"


def test_a_car_that_did_not_come_was_not_missed(biri):
    points = POINTS | {"charger_1.car": Measured(("state",), "mean")}
    for state, was in ((0.0, "unneeded"), (1.0, "missed")):
        seen = record({"car": [0.0] * 12, "state": [state] * 12})
        found = looked_back(biri, told(biri, charging()), seen, points)
        assert next(done.state for done in found.done if done.item.kind is Kind.CARS) == was


def test_a_cycle_that_is_not_due_yet_may_still_come(biri):
    made = told(biri, tapped(Grid(EVENING, (1,) * 24 + (2,) * 12 + (4,) * 20), due_h=30.0))
    cycle = next(item for item in made.items if item.kind is Kind.CYCLE)
    if cycle.check is None:  # the cheapest hours were not tonight
        pytest.skip("no cycle tonight")
    found = looked_back(biri, made, record({"w": [66.0] * 12}), {"coldest_water_degc": Measured(("w",), "least")})
    assert next(done.state for done in found.done if done.item.kind is Kind.CYCLE) == "later"


def test_a_cycle_is_done_only_when_it_is_proven(biri):
    made = told(biri, tapped(NIGHT, due_h=19.0))
    cycle = next(item for item in made.items if item.kind is Kind.CYCLE)
    points = {"coldest_water_degc": Measured(("w",), "least")}
    seen = record({"w": [71.0] * 12})
    proof = Happening(cycle.end, "control", "rules", because(Code.CYCLE_PROVEN, minutes=30, degc=60, coldest_degc=70))
    for happenings, state in (((), "missed"), ((proof,), "done")):
        found = looked_back(biri, made, seen, points, happenings=happenings)
        done = next(done for done in found.done if done.item.kind is Kind.CYCLE)
        assert (done.state, done.happened) == (state, 71.0)


@pytest.mark.parametrize(
    ("cost", "rules", "saved", "words"),
    [
        (100.0, Rules(120.0, 5.0), 20.0, "Spart: 20 kr"),
        (100.0, Rules(80.0, 5.0), -20.0, "20 kr dyrere"),
        (100.0, Rules(103.0, 5.0), 3.0, "mindre enn usikkerheten"),
        (100.0, Rules(103.0, None), 3.0, "ukjent usikkerhet"),
        (
            100.0,
            Rules(None, None, because(Code.NIGHT_TWIN_LOST, what="too short")),
            None,
            "om igjen; priser eller målinger mangler",
        ),
        (None, Rules(103.0, 1.0), None, "ikke kjent"),
    ],
)
def test_what_was_saved_is_said_or_why_it_cannot_be(biri, cost, rules, saved, words):
    found = looked_back(biri, told(biri, charging()), record({"main": [1.0] * 12}), {}, cost=cost, rules=rules)
    assert found.saved_nok == saved
    assert words in found.saved.nb


def test_obstacles_are_told_once_each_alarms_first(biri):
    hold = Reason(Code.GUARD_MIN_RUN, {"given": 1.0, "wished": 0.0})
    lost = Reason("alarm.connection_lost", {"name": "mb_heat", "points": 12.0})
    happenings = [
        Happening(hours(1), "hold", "hp1_io.stage_request", hold),
        Happening(hours(2), "hold", "hp2_io.stage_request", hold),
        Happening(hours(3), "alarm", "connection.mb_heat", lost),
        Happening(hours(4), "control", "rules", because(Code.CYCLE_STARTED, left_h=3)),
        Happening(hours(13), "alarm", "connection.mb_heat", lost),
    ]
    found = looked_back(biri, told(biri, charging()), record({"main": [1.0] * 12}), {}, happenings=happenings)
    assert [(o.kind, o.count) for o in found.obstacles] == [("alarm", 1), ("hold", 2)]
    assert "antall: 2" in found.obstacles[1].text.nb
    assert "Kompressoren må gå ferdig" in found.obstacles[1].text.nb
    assert "must finish its run" in found.obstacles[1].text.en


def test_what_the_plan_knew_it_could_not_keep_is_in_the_account(biri):
    case = heated(NIGHT, outdoor_degc=-25.0)
    case = replace(case, state=replace(case.state, rooms_degc={"rooms": 15.0}, masses_degc={"rooms": 15.0}))
    made = told(biri, case)
    assert any("for kaldt" in note.nb for note in made.notes)
    found = looked_back(biri, made, record({"main": [1.0] * 12}), {})
    assert found.obstacles[0].kind == "plan"
