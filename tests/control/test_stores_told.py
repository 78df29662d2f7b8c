"""Batteries and district heat in what people are told: grounds of a plan, the night's programme and its account."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from control.assets.battery import Battery
from control.assets.boilers import DistrictHeat, HeatPeak
from control.assets.peak import HighestHour, MonthPeak, PerKw
from control.decisions import Family
from control.dispatch import Options, plan
from control.explain import bound_by, explain
from control.grid import Grid
from control.measured import measured
from control.night.account import Rules, account
from control.night.data import Kind
from control.night.programme import programme
from control.plan import Plan
from control.plant_model import from_site
from control.problem import TariffState
from control.record import Record
from models.reasons import Code, sentence
from models.site import load_site
from tests.control.plans import HOURS, heated, small

LINEAR = Options(whole_h=0.0)
EVENING = datetime(2026, 1, 15, 19, 0, tzinfo=UTC)
NIGHT = Grid(EVENING, (4,) * 12)


@pytest.fixture(scope="module")
def school():
    return load_site(Path(__file__).parents[2] / "docs" / "examples" / "district_school" / "site.toml")


def stored(kwh, grid=HOURS, wear=0.0, **outlook):
    """A battery of 20 kWh and 10 kW without losses, or worth of what is left."""
    pack = Battery("battery", 0.0, 20.0, 10.0, 10.0, efficiency=1.0, wear_nok_per_kwh=wear)
    case = small(grid, base_load_kw=30.0, **outlook)
    return replace(
        case,
        plant=replace(case.plant, batteries=(pack,)),
        state=replace(case.state, batteries_kwh={"battery": kwh}),
        weights=replace(case.weights, terminal_share=0.0),
    )


def networked(price, grid=HOURS, **changes):
    """Rooms that are no warmer than they must be, on district heat alone."""
    case = heated(grid, **changes)
    state = replace(case.state, tanks_degc={"buffer": 27.0}, rooms_degc={"rooms": 21.0}, masses_degc={"rooms": 22.0})
    see = replace(case.outlook, heat_nok_per_kwh={"substation": np.zeros(len(grid)) + price})
    return replace(
        case,
        state=state,
        outlook=see,
        plant=replace(case.plant, heat_pumps=(), district_heat=(DistrictHeat("substation", 40.0),)),
    )


def why(case, family):
    found = plan(case, LINEAR)
    assert isinstance(found, Plan)
    return next(w for w in explain(case, found, lambda of: plan(of, LINEAR)) if w.family is family)


def test_charging_while_it_is_cheap_says_what_doing_nothing_would_cost():
    one = why(stored(10.0, buy_nok_per_kwh=[1.0, 3.0, 1.5, 1.5]), Family.BATTERY)
    assert one.value == pytest.approx(10.0)
    assert one.reason.code == Code.WHY_BATTERY_CHARGES
    assert one.second.value == 0.0
    # 10 kWh more are sold dear at 3 and at 1.5; without them only the 10 stored ones go, at 3.
    assert one.second.cost_nok == pytest.approx(10.0 * (1.5 - 1.0), abs=1e-4)
    assert "batteriet lades" in sentence(one.reason, "nb")


def test_giving_while_it_is_dear_names_what_holds_it():
    one = why(stored(20.0, buy_nok_per_kwh=[3.0, 1.0, 1.0, 1.0]), Family.BATTERY)
    assert one.value == pytest.approx(-10.0)
    assert one.reason.code == Code.WHY_BATTERY_GIVES
    assert one.bound.code == Code.BOUND_FULL  # rated power
    assert one.bound_nok == pytest.approx(10.0 * (3.0 - 1.0), abs=0.01)
    assert (one.second.value, one.second.cost_nok) == (0.0, pytest.approx(10.0 * 2.0, abs=1e-4))


def test_an_empty_battery_has_only_what_it_can_do_to_choose_from():
    one = why(stored(0.0, buy_nok_per_kwh=[3.0, 1.0, 1.0, 1.0]), Family.BATTERY)
    assert one.value == pytest.approx(0.0, abs=1e-6)
    assert one.reason.code == Code.WHY_BATTERY_WAITS
    assert one.bound.code == Code.BOUND_BATTERY_EMPTY
    assert one.second.value == pytest.approx(10.0)  # never the ten it does not have


def test_the_month_s_peak_is_why_a_battery_gives():
    month = MonthPeak(2026, 1, HighestHour(25.0), PerKw(50.0))
    case = stored(3.0, buy_nok_per_kwh=1.0)
    one = why(replace(case, tariff=TariffState((month,)), outlook=replace(
        case.outlook, base_load_kw=np.array([30.0, 10.0, 10.0, 10.0]))), Family.BATTERY)  # fmt: skip
    assert one.value == pytest.approx(-3.0)
    assert one.reason.code == Code.WHY_PEAK


def test_district_heat_is_told_by_what_its_own_heat_costs():
    need = why(networked([1.0] * 4, outdoor_degc=-10.0), Family.DISTRICT)
    assert need.reason.code == Code.WHY_DISTRICT_NEED
    assert "1,00 kr" in sentence(need.reason, "nb")
    assert need.heat_nok_per_kwh == pytest.approx(1.0, abs=0.05)
    cheap = why(networked([0.2, 2.0, 2.0, 2.0]), Family.DISTRICT)
    assert cheap.reason.code == Code.WHY_DISTRICT_STORE
    assert cheap.second.cost_nok > 0
    dear = why(networked([9.0, 0.5, 0.5, 0.5]), Family.DISTRICT)
    assert dear.reason.code == Code.WHY_DISTRICT_WAIT


def test_its_highest_hour_is_a_ground_and_a_bound():
    case = networked([0.2, 1.0, 1.0, 1.0], outdoor_degc=-10.0)
    peaks = {"substation": (HeatPeak((0, 1, 2, 3), 1.0, 0.0),)}
    one = why(replace(case, tariff=replace(case.tariff, heat=peaks)), Family.DISTRICT)
    assert one.reason.code == Code.WHY_DISTRICT_PEAK
    assert bound_by("substation peak 1").facts == {"name": "substation"}


def _night(site, case):
    found = plan(case, LINEAR)
    assert isinstance(found, Plan)
    return programme(found, case, site, EVENING)


def _record(columns):
    return Record(EVENING, 900.0, {name: np.repeat(np.asarray(column, float), 4) for name, column in columns.items()})


def test_a_night_s_battery_is_told_and_accounted_for_both_ways(school):
    price = np.where(np.arange(12) == 2, 0.5, np.where(np.arange(12) == 8, 3.0, 1.0))
    case = stored(0.0, NIGHT, wear=0.1, buy_nok_per_kwh=price)
    made = _night(school, case)
    charges, gives = (item for item in made.items if item.kind is Kind.BATTERY)
    assert charges.reason.code == Code.NIGHT_BATTERY_CHARGES
    assert (charges.start, charges.energy_kwh) == (EVENING + timedelta(hours=2), pytest.approx(10.0))
    assert charges.cost_nok == pytest.approx(5.0)
    assert "Batteri" in charges.text.nb
    assert gives.reason.code == Code.NIGHT_BATTERY_GIVES
    assert (gives.start, gives.energy_kwh) == (EVENING + timedelta(hours=8), pytest.approx(-10.0))
    assert gives.cost_nok == pytest.approx(-30.0)
    assert "gir Batteri 10 kWh mens strømmen koster 3,00 kr" in gives.text.nb
    told = measured(school, from_site(school))
    power = np.zeros(12)
    power[2], power[8] = 10.0, -3.0
    seen = _record({"battery.power_kw": power, "main.power_kw": np.full(12, 30.0)})
    found = account(school, made, seen, told, energy_bought_kwh=1.0, cost_nok=1.0, rules=Rules(1.0, 1.0), happenings=())
    states = [(done.state, done.happened) for done in found.done if done.item.kind is Kind.BATTERY]
    assert states == [("done", pytest.approx(10.0)), ("partly", pytest.approx(3.0))]


def test_a_night_s_district_heat_is_told_and_part_of_what_the_night_costs(school):
    case = networked([0.5] * 12, NIGHT, outdoor_degc=-10.0)
    made = _night(school, case)
    items = [item for item in made.items if item.kind is Kind.DISTRICT]
    heat_kwh, heat_nok = sum(item.energy_kwh for item in items), sum(item.cost_nok for item in items)
    assert heat_kwh > 50.0
    assert heat_nok == pytest.approx(0.5 * heat_kwh)
    assert "fra Fjernvarme" in items[0].text.nb
    light = 10.0 * (made.end - made.start) / timedelta(hours=1)
    assert made.energy_kwh == pytest.approx(light + heat_kwh, rel=0.02)
    assert made.cost_nok == pytest.approx(light * 1.0 + heat_nok, rel=0.02)
    assert set(items[0].check.quantity) <= set(measured(school, from_site(school)))
