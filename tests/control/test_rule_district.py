"""District heat under the rules and under a plan: alone on a school of paper, and beside Biri's heat pumps."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from control.guidance import Guidance
from control.rules.memory import RuleMemory
from models.site import Site, load_site

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
SCHOOL = ROOT / "docs" / "examples" / "district_school" / "site.toml"
SETPOINT, LIMIT = "substation.supply_setpoint_degc", "substation.valve_limit_pct"


@pytest.fixture
def school(paper):
    return type(paper)(load_site(SCHOOL), START)


@pytest.fixture
def beside(paper, biri):
    """Biri with a substation on its buffer."""
    school = load_site(SCHOOL)
    device = next(device for device in school.devices if device.id == "substation")
    device = device.model_copy(update={"connection": biri.connections[0].id, "unit_id": 99})
    parts = {name: getattr(biri, name) for name in Site.model_fields}
    parts |= {"devices": (*biri.devices, device), "district_heat": school.district_heat}
    return type(paper)(Site.model_validate(parts), START)


def planned(on, now_kw, most_kw):
    kept = START + timedelta(days=1)
    on.guidance = Guidance(
        "test", START, kept, networks_kw={"substation": now_kw}, networks_most_kw={"substation": most_kw}
    )


def test_alone_it_follows_the_warmest_circuit_and_its_valve_is_free(school):
    values = school.decide()
    assert values[SETPOINT] == pytest.approx(42.0 + 2.0)  # the air circuit at 0 degC, and what mixing needs
    assert values[LIMIT] == 100.0
    assert school.code(LIMIT) == "heat.district"


def test_when_no_circuit_wants_heat_it_is_shut(school):
    school.set(weather__outdoor_temp_degc=25.0)
    assert school.decide()[LIMIT] == 0.0


def test_alone_a_plan_limits_it_to_its_highest_hour(school):
    planned(school, 20.0, 80.0)
    assert school.decide()[LIMIT] == 50.0
    assert school.code(LIMIT) == "plan.district"


def test_cold_water_and_a_cold_room_free_it_from_the_plan_after_a_quarter(school):
    planned(school, 20.0, 40.0)
    school.set(circuit_air__supply_temp_degc=30.0, gym__temp_degc=18.0, gym__setpoint_degc=19.0)
    assert school.pass_time(600)[LIMIT] == 26.0
    assert school.pass_time(600)[LIMIT] == 100.0
    school.set(gym__temp_degc=19.0)
    for circuit in ("circuit_floor", "circuit_gym", "circuit_air"):
        school.values[f"{circuit}.supply_temp_degc"] = 60.0
    assert school.pass_time(120)[LIMIT] == 26.0


def test_beside_heat_pumps_it_waits_until_they_do_not_suffice(beside):
    beside.layers("buffer", 20.0, 20.0, 20.0, 20.0)
    assert beside.pass_time(300)[LIMIT] == 0.0
    assert beside.code(LIMIT) == "heat.district.waits"
    assert beside.pass_time(3 * 3600)[LIMIT] == 100.0
    assert beside.code(LIMIT) == "heat.district.helps"
    beside.layers("buffer", 60.0, 60.0, 60.0, 60.0)
    assert beside.pass_time(900)[LIMIT] == 0.0


def test_beside_heat_pumps_a_lost_machine_frees_it(beside):
    beside.decide()
    beside.set(hp1_io__fault=1.0)
    assert beside.decide(60)[LIMIT] == 100.0
    assert beside.code(LIMIT) == "heat.district.machine_lost"


def test_beside_heat_pumps_a_plan_takes_it_where_it_is_cheaper(beside):
    beside.layers("buffer", 50.0, 50.0, 50.0, 50.0)
    planned(beside, 40.0, 90.0)
    assert beside.decide()[LIMIT] == 28.0  # 40 of 160 kW and a tenth
    planned(beside, 0.0, 90.0)
    assert beside.decide(60)[LIMIT] == 0.0


def test_the_guard_keeps_its_water_cool_enough(school):
    school.set(weather__outdoor_temp_degc=-20.0)
    school.decide()
    hot = school.wishes[SETPOINT]
    hot = type(hot)(hot.point, 75.0, hot.reason, hot.needs)
    assert school.guarded(hot).value == 60.0
    school.set(substation__supply_temp_degc=70.0)
    shut = school.guarded(school.wishes[LIMIT])
    assert (shut.value, shut.reason.code) == (0.0, "safety.district_hot")


def test_the_month_s_highest_hour_is_remembered(school):
    school.set(substation__power_kw=30.0)
    school.pass_time(3600)
    school.set(substation__power_kw=60.0)
    school.pass_time(3600)
    school.set(substation__power_kw=10.0)
    school.pass_time(1800)
    hour = school.memory.heat_hours["substation"]
    assert hour.highest_kw == pytest.approx(60.0, rel=0.02)
    assert hour.taken_kwh == pytest.approx(5.0, rel=0.05)
    assert RuleMemory.from_json(school.memory.to_json()).heat_hours == school.memory.heat_hours
