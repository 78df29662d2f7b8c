"""The battery and the substation of the simulated school."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from hil_sim.plant import create
from models.site import load_site

ROOT = Path(__file__).parents[2]
WINTER = datetime(2025, 2, 3, tzinfo=UTC)
JUNE = datetime(2025, 6, 18, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def site():
    return load_site(ROOT / "docs" / "examples" / "district_school" / "site.toml")


@pytest.fixture
def school(site, year_of_weather):
    return create(site, year_of_weather)


def told(kw):
    return {"battery.power_setpoint_kw": kw, "battery.setpoint_enabled": 1.0}


def test_it_does_as_it_is_told_until_it_is_full_or_empty(school):
    school.reset(WINTER, 1)
    school.step(told(40.0), 1800.0)
    truth = school.truth()
    assert truth["battery.power_kw"] == pytest.approx(40.0)
    assert 60 < truth["battery.state_of_charge_pct"] < 70
    school.step({}, 4 * 3600.0)
    assert school.truth()["battery.state_of_charge_pct"] == pytest.approx(100.0, abs=0.1)
    assert school.truth()["battery.power_kw"] == pytest.approx(0.0, abs=0.1)
    school.step(told(-90.0), 600.0)
    assert school.truth()["battery.power_kw"] == pytest.approx(-50.0)  # what it is rated for
    school.step({}, 4 * 3600.0)
    assert school.truth()["battery.state_of_charge_pct"] == pytest.approx(0.0, abs=0.1)


def test_left_alone_it_balances_the_house(school):
    school.reset(WINTER, 1)
    school.step(told(-20.0), 600.0)
    school.step(dict.fromkeys(told(0.0)), 600.0)
    truth = school.truth()
    assert truth["battery.power_kw"] < -1.0
    assert truth["main.power_kw"] == pytest.approx(0.0, abs=1e-6)


def test_the_main_meter_sees_it_and_all_accounts_close(school):
    school.reset(JUNE, 1)
    for kw in (30.0, -30.0, 15.0, None):
        school.step(dict.fromkeys(told(0.0)) if kw is None else told(kw), 3600.0)
    assert {"battery", "tanks", "building", "electricity"} <= set(school.balance())
    for account, balance in school.balance().items():
        assert abs(balance.error_kwh) < 1e-6 * max(abs(balance.gained_kwh), 1.0), account
    assert school.balance()["battery"].lost_kwh > 0


def test_a_failed_battery_stands(school):
    school.reset(WINTER, 1)
    school.fail("battery", True)
    school.step(told(40.0), 600.0)
    truth = school.truth()
    assert (truth["battery.power_kw"], truth["battery.fault"]) == (0.0, 1.0)


def test_the_substation_holds_its_set_point_within_its_valve_limit(school):
    school.reset(WINTER, 1)
    school.step({"substation.supply_setpoint_degc": 55.0, "substation.valve_limit_pct": None}, 2 * 3600.0)
    assert school.truth()["substation.supply_temp_degc"] == pytest.approx(55.0, abs=1.0)
    assert school.truth()["substation.power_kw"] > 20
    school.step({"substation.valve_limit_pct": 10.0}, 3600.0)
    assert school.truth()["substation.power_kw"] <= 16.0 + 1e-6
    before = school.truth()["substation.energy_kwh"]
    school.fail("substation", True)
    school.step({}, 1800.0)
    assert school.truth()["substation.energy_kwh"] == pytest.approx(before)
    school.fail("substation", False)
    school.step({"substation.valve_limit_pct": None}, 3600.0)
    assert school.truth()["substation.energy_kwh"] > before


def test_heat_meters_see_the_substation(school):
    school.reset(WINTER, 1)
    school.step({}, 3600.0)
    assert school.truth()["substation.power_kw"] > 5
