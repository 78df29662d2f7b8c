"""Batteries under the rules and under a plan, on a school of paper."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.guidance import Guidance
from control.rules.battery import RESERVE
from control.rules.memory import MeteredHour
from control.strategy import GOOD, PREPARED
from models.site import load_site

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
SETPOINT, ENABLED = "battery.power_setpoint_kw", "battery.setpoint_enabled"


@pytest.fixture
def school(paper):
    site = load_site(ROOT / "docs" / "examples" / "district_school" / "site.toml")
    found = type(paper)(site, START)
    found.set(battery__state_of_charge_pct=60.0)
    return found


def planned(school, kw, grid_kw):
    school.guidance = Guidance("test", START, START + timedelta(hours=2), batteries_kw={"battery": kw}, grid_kw=grid_kw)


def reason(school):
    return school.wishes[SETPOINT].reason.code


def test_without_a_price_on_power_it_balances_the_house_itself(school):
    school.set(main__power_kw=20.0)
    values = school.decide()
    assert (values[SETPOINT], values[ENABLED]) == (None, None)
    assert reason(school) == "battery.balances"


def test_down_to_its_lowest_state_it_waits_and_takes_only_the_sun(school):
    school.set(main__power_kw=20.0, battery__state_of_charge_pct=10.0)
    values = school.decide()
    assert (values[SETPOINT], values[ENABLED]) == (0.0, 1.0)
    school.set(main__power_kw=-12.0)
    assert school.decide(60)[SETPOINT] == pytest.approx(12.0)
    assert reason(school) == "battery.surplus"


def under_peak(school, rest_kw, bought_kwh=0.0):
    """The good rules, with a past of so much load and a month's highest hour of 25 kW."""
    school.strategy = GOOD
    school.set(main__power_kw=rest_kw, main__import_kwh=100.0)
    school.decide()
    highest = {school.now.date(): 30.0}
    looks = (rest_kw,) * 5
    hour = MeteredHour(START, school.now, bought_kwh, 100.0, looks)
    school.memory = replace(school.memory, hour=hour, highest_kw=highest)


def test_at_a_peak_it_gives_what_is_above_the_month_s_highest_hour(school):
    under_peak(school, 50.0)
    kw = school.decide(60)[SETPOINT]
    assert reason(school) == "peak.battery"
    assert -25.0 < kw < -10.0
    assert school.wishes[SETPOINT].reason.facts["allowed_kw"] == pytest.approx(50.0 + kw)


def test_its_reserve_is_kept_for_a_peak_and_refilled_slowly(school):
    under_peak(school, 15.0)
    reserve = 10.0 + RESERVE * 85.0
    school.set(battery__state_of_charge_pct=reserve)
    assert school.decide(60)[SETPOINT] == 0.0
    assert reason(school) == "battery.waits"
    school.set(battery__state_of_charge_pct=reserve - 5.0)
    kw = school.decide(60)[SETPOINT]
    assert reason(school) == "battery.reserve"
    assert 0 < kw <= 12.0


def test_a_plan_says_its_power(school):
    planned(school, 30.0, 45.0)
    school.set(main__power_kw=15.0)
    assert school.decide()[SETPOINT] == pytest.approx(30.0)
    assert reason(school) == "plan.battery"
    planned(school, -30.0, -20.0)
    assert school.decide(60)[SETPOINT] == pytest.approx(-30.0)


def test_what_a_plan_means_for_the_house_is_not_sold_nor_its_sun_bought(school):
    planned(school, -30.0, 5.0)
    school.set(main__power_kw=12.0)
    assert school.decide()[SETPOINT] == pytest.approx(-12.0)
    planned(school, 30.0, 0.0)
    school.set(main__power_kw=-8.0)
    assert school.decide(60)[SETPOINT] == pytest.approx(8.0)


def test_a_plan_does_not_charge_into_a_peak_nor_give_the_last_tenth(school):
    under_peak(school, 29.0)
    planned(school, 40.0, 60.0)
    assert school.decide(60)[SETPOINT] < 8.0
    planned(school, -20.0, 5.0)
    school.set(battery__state_of_charge_pct=18.0)
    assert school.decide(60)[SETPOINT] == 0.0


def test_before_a_storm_it_is_filled(school):
    school.strategy = PREPARED
    school.set(main__power_kw=20.0)
    assert school.decide()[SETPOINT] == 50.0
    assert reason(school) == "battery.prepared"


def test_without_main_meter_or_with_a_fault_it_is_left_to_itself(school):
    planned(school, 30.0, 45.0)
    school.decide()
    school.kill("main.power_kw")
    for _ in range(4):
        values = school.decide(60)
    assert (values[SETPOINT], values[ENABLED]) == (None, None)
    assert reason(school) == "battery.own"
    school.revive()
    school.set(battery__fault=1.0)
    assert school.decide(60)[SETPOINT] is None


def test_the_guard_keeps_it_within_its_rating_and_its_state_of_charge(school):
    planned(school, 90.0, 100.0)
    school.set(main__power_kw=5.0, battery__state_of_charge_pct=94.5)
    school.decide()
    given = {item.point: item for item in school.guard(school.decision.wishes)}
    assert 0 < given[SETPOINT].value <= 0.5 / 100 * 120 / 0.05 / 0.95 + 0.1
    assert given[SETPOINT].reason.code == "guard.battery_charge"
    school.set(battery__state_of_charge_pct=96.0)
    school.decide(60)
    given = {item.point: item for item in school.guard(school.decision.wishes)}
    assert given[SETPOINT].value == 0.0
