"""Function descriptions are true: every number in them is the site file's, or the one that control works with."""

import re
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest

from bems import steering
from bems.functions.build import functions
from bems.functions.words import number, sentences, timetable
from control import guard, hygiene, limits, picture
from control.assets import building
from control.rules import air as rule_air
from control.rules import battery as rule_battery
from control.rules import blinds as rule_blinds
from control.rules import boiler as rule_boiler
from control.rules import cars as rule_cars
from control.rules import charge as rule_charge
from control.rules import demand, fleet, peak_guard
from control.rules import departures as rule_departures
from control.rules import district as rule_district
from control.rules import heat as rule_heat
from control.rules import heat_pumps as rule_heat_pumps
from control.rules import hot_water as rule_hot_water
from control.rules import sun as rule_sun
from control.rules import zones as rule_zones
from dashboards.pictures.lanes import lanes
from models.assets import Period
from models.promotion import Control
from models.site import load_site
from tests.two_fields import two_fields

ROOT = Path(__file__).resolve().parents[2]
DIGIT = re.compile(r"[0-9]")
FACT = re.compile(r"\{[a-z0-9_]+\}")


@pytest.fixture(scope="module")
def site():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def before(site):
    return told(site)


def told(site, language="en"):
    """Everything the descriptions say, as one text."""
    lines = []
    for one in functions(site):
        texts = [one.title, *one.purpose, *one.sequence, *one.interlocks, *one.failures, *one.duties, *one.restart]
        texts += [text for point in one.set_points for text in (point.name, point.value)]
        texts += [text for fall in one.falls for text in (fall.name, fall.to, fall.how)]
        lines += [getattr(text, language) for text in texts]
    return "\n".join(lines)


def test_no_sentence_has_a_number_of_its_own():
    found = {key for key, text in sentences().items() if DIGIT.search(FACT.sub("", text.nb + text.en))}
    assert found == set()


def test_every_field_of_collectors_is_described_by_name():
    text = told(two_fields())
    assert "Collectors east: the heat goes to Solar tank" in text
    assert "Collectors west: the heat goes to Heat-pump tank" in text
    assert "Collectors west, start and stop" in text


def test_both_languages_take_the_same_facts():
    def facts(text):
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    assert [key for key, text in sentences().items() if facts(text.nb) != facts(text.en)] == []


def test_every_sentence_is_used():
    code = "\n".join(path.read_text("utf-8") for path in (ROOT / "bems" / "functions").glob("*.py"))
    used = set(re.findall(r'say\(\s*"([a-z]+\.[a-z0-9_]+)"', code)) | set(re.findall(r'"(fall\.[a-z]+)"', code))
    titles = {f"title.{name}" for name in re.findall(r'Sheet\(site, "[0-9]+", "([a-z]+)"\)', code)}
    assert used | titles == set(sentences())


NUMBERS = [
    (demand, "INDOOR_DEGC"), (fleet, "IDLE_S"), (fleet, "RETRY_S"), (guard, "COMMAND_S"), (guard, "WATCHDOG_S"),
    (limits, "RESIDENT_MIN_DEGC"), (limits, "RESIDENT_LEAST_DEGC"), (limits, "RESIDENT_MAX_DEGC"),
    (limits, "MANNED_MIN_DEGC"), (limits, "FROST_DEGC"), (limits, "SCALD_SUPPLY_DEGC"), (limits, "SHOWER_DANGER_DEGC"),
    (limits, "BRINE_STEP_K"), (limits, "BED_M3_PER_H"), (peak_guard, "LOOKS"), (peak_guard, "ROOM_ABOVE"),
    (peak_guard, "MARGIN_KWH"), (picture, "YOUNG_S"), (rule_air, "CO2_LOW_PPM"), (rule_air, "CO2_HIGH_PPM"),
    (rule_air, "SUPPLY_WARM_DEGC"), (rule_air, "SUPPLY_COOL_DEGC"), (rule_air, "EXTRACT_LOW_DEGC"),
    (rule_air, "EXTRACT_HIGH_DEGC"), (rule_air, "NIGHT_AIR_LOW_DEGC"), (rule_air, "NIGHT_AIR_HIGH_DEGC"),
    (rule_air, "NIGHT_AIR_COLDER_K"), (rule_air, "NIGHT_AIR_SEASON_DEGC"), (rule_air, "SPARE_LEAST_S"),
    (rule_air, "SPARE_MOST_S"), (rule_air, "COOLING_ON_DEGC"), (rule_air, "COOLING_OFF_DEGC"),
    (rule_air, "COOLING_SPAN_K"), (rule_air, "COOLING_REST_S"), (rule_air, "DEW_MARGIN_K"),
    (rule_blinds, "DOWN_PCT"), (rule_blinds, "BRIGHT_W_PER_M2"), (rule_blinds, "DULL_W_PER_M2"),
    (rule_blinds, "WARM_ROOM_DEGC"), (rule_blinds, "COOL_ROOM_DEGC"), (rule_blinds, "MIN_REST_S"),
    (rule_blinds, "WINDY_M_PER_S"), (rule_boiler, "CHILLY_K"), (rule_boiler, "STEP_S"), (rule_boiler, "PATIENCE_S"),
    (rule_boiler, "SHORT_K"), (rule_boiler, "COLD_ROOM_DEGC"), (rule_boiler, "COLD_K"),
    (rule_cars, "FUSE_SHARE"),
    (rule_cars, "LEAST_A"), (rule_cars, "MOST_A"), (rule_charge, "FULL_K"), (rule_charge, "LONGEST_S"),
    (rule_charge, "WORTH_CHARGING_K"), (rule_charge, "BLIND_HOURS"), (rule_departures, "NEED_MARGIN"),
    (rule_heat, "FILTER_H"), (rule_heat, "NARROW_PCT"), (rule_heat, "WIDE_PCT"), (rule_heat, "UP_FASTER"),
    (building, "STORING_K"), (rule_heat, "HEATING_OFF_DEGC"), (rule_heat, "HEATING_ON_DEGC"),
    (rule_heat, "LAST_VALUE_S"), (rule_heat, "LAST_VALUE_MARGIN_K"), (rule_heat, "ASSUMED_DEGC"),
    (rule_heat, "BUFFER_MARGIN_K"), (rule_heat_pumps, "MORE_AT_K"), (rule_heat_pumps, "FULL_AT_K"),
    (rule_heat_pumps, "STEP_S"), (rule_heat_pumps, "HURRY_STEP_S"), (rule_heat_pumps, "HURRY_AT_K"),
    (rule_heat_pumps, "CONDENSER_K"), (rule_heat_pumps, "STEADY"), (rule_heat_pumps, "GUIDED_SHORT_K"),
    (rule_heat_pumps, "GUIDED_FULL_K"), (rule_heat_pumps, "GIVEN_BACK_K"), (rule_heat_pumps, "CHILLY_K"),
    (rule_hot_water, "STAGE_STEP_K"), (rule_hot_water, "STAGE_BAND_K"), (rule_hot_water, "SUPPLY_MARGIN_K"),
    (rule_hot_water, "CYCLE_DEGC"), (rule_hot_water, "MUST_START_H"), (rule_hot_water, "MAY_START_H"),
    (rule_hot_water, "MAY_PLAN_H"), (rule_sun, "LEAST_PUMP_PCT"), (rule_sun, "FULL_PUMP_K"),
    (rule_sun, "WORTH_CIRCULATING_DEGC"), (rule_sun, "TANK_FULL_K"), (rule_sun, "STAGNATION_BACK_K"),
    (rule_sun, "FEED_IN_MARGIN_KW"), (rule_zones, "BATHROOM_FLOOR_DEGC"), (rule_zones, "WARMEST_DEGC"),
    (rule_zones, "EARLY_LEAST_H"), (rule_zones, "EARLY_MOST_H"), (rule_zones, "STAGGER_H"),
    (rule_zones, "MANNED_MIN_DEGC"), (rule_zones, "NO_SETBACK_BELOW_DEGC"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), NUMBERS, ids=lambda one: getattr(one, "__name__", one))
def test_a_number_of_control_that_changes_changes_what_is_told(site, before, monkeypatch, module, name):
    monkeypatch.setattr(module, name, type(getattr(module, name))(getattr(module, name) * 2 + 6))
    assert told(site) != before


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (rule_heat, "SHORT_K", (0.33, 0.66)),
        (rule_heat, "FLOOR_TRIM", (0.7, -4.0, 3.0)),
        (rule_heat, "AIR_TRIM", (4.0, -9.0, 3.0)),
        (rule_hot_water, "RIDE_MARGINS_K", (3.3, 2.2)),
        (rule_hot_water, "PLANNED_DEGC", (66.0, 77.0)),
        (rule_hot_water, "SMALL_HOURS", range(2, 4)),
        (rule_charge, "BEFORE_IT", range(3, 5)),
        (rule_charge, "MORNING", range(8, 10)),
        (rule_departures, "NIGHT", (23, 0, 1, 2)),
        (rule_departures, "SPARE", timedelta(minutes=44)),
        (hygiene, "FRESH_DUE", timedelta(hours=33)),
        (steering, "STEP", timedelta(seconds=44)),
    ],
)
def test_so_do_those_that_are_no_plain_numbers(site, before, monkeypatch, module, name, value):
    monkeypatch.setattr(module, name, value)
    assert told(site) != before


def test_a_number_of_the_site_file_that_changes_changes_what_is_told(site):
    pump = site.heat_pumps[0].model_copy(update={"supply_max_degc": 61.25})
    assert site.hot_water is not None
    for changed, said in (
        ({"heat_pumps": (pump, *site.heat_pumps[1:])}, "no supply above 61.25 °C"),
        ({"hot_water": site.hot_water.model_copy(update={"after_heater_degc": 72.25})}, "72.25, 70.75 and 69.25 °C"),
        ({"hygiene": site.hygiene.model_copy(update={"return_min_degc": 58.5})}, "a return below 58.5 °C"),
        ({"electricity": site.electricity.model_copy(update={"feed_in_limit_kw": 52.0})}, "above 50 kW fed"),
    ):
        assert said in told(site.model_copy(update=changed))
        assert said not in told(site)


def test_what_the_after_heater_does_is_what_is_told(site):
    water = site.hot_water
    most = water.after_heater_stages
    for n, degc in enumerate((70.0, 68.5, 67.0)):
        assert rule_hot_water._stages(None, degc + 0.01, water.after_heater_degc, most) == n
        assert rule_hot_water._stages(None, degc - 0.01, water.after_heater_degc, most) == n + 1
        assert rule_hot_water._stages(n + 1, degc + 1.49, water.after_heater_degc, most) == n + 1
        assert rule_hot_water._stages(n + 1, degc + 1.51, water.after_heater_degc, most) == n
    assert "below 70, 68.5 and 67 °C, and go off 1.5 K above" in told(site)


def test_least_air_is_what_the_guard_lets_through(site):
    text = told(site)
    for unit in site.air_handling:
        if unit.bedrooms:
            assert f"{unit.name.en}: never below {number(limits.least_flow_pct(unit), 'en')} %" in text


def test_a_site_in_shadow_is_not_told_to_follow_a_plan(site):
    assert "While a plan is followed" in told(site)
    shadow = site.model_copy(update={"control": site.control.model_copy(update={"optimiser": "shadow"})})
    assert "While a plan is followed" not in told(shadow)


def test_a_building_without_a_plant_part_has_no_description_of_it():
    small = load_site(ROOT / "site.example.toml")
    bare = small.model_copy(update={"hot_water": None, "wells": None, "air_handling": ()})
    assert [one.system for one in functions(bare)] == ["320", "4", "563"]


SCHOOL = ROOT / "docs" / "examples" / "district_school" / "site.toml"
SCHOOLS_NUMBERS = [
    (limits, "OVERHEAT_K"), (rule_battery, "RESERVE"), (rule_battery, "REFILL_C"), (rule_battery, "FUSE_SHARE"),
    (rule_battery, "UNFORESEEN"), (rule_district, "SHORT_K"), (rule_district, "PATIENCE_S"), (rule_district, "COLD_K"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "name"), SCHOOLS_NUMBERS, ids=lambda one: getattr(one, "__name__", one))
def test_numbers_of_district_heat_and_batteries_are_those_of_control(monkeypatch, module, name):
    school = load_site(SCHOOL)
    following = school.control.model_copy(update={"optimiser": "on", "promoted": ("district_heat", "batteries")})
    school = school.model_copy(update={"control": following})
    said = told(school)
    assert "District heating is the source of the house" in said
    assert "Battery (120 kWh) balances the house by itself between 10 and 95 %" in said
    assert "below 35.5 % is kept" in said
    monkeypatch.setattr(module, name, getattr(module, name) * 2 + 6)
    assert told(school) != said


def test_under_the_naive_rules_every_description_says_so_first(site, before):
    naive = site.model_copy(update={"control": Control(rules="naive")})
    assert all(one.sequence[0].en.startswith("The naive rules run the plant now.") for one in functions(naive))
    assert "The naive rules" not in before


def test_the_pictures_of_the_school_show_its_district_heat_and_its_battery():
    school = load_site(SCHOOL)
    shown = {
        r.point for system in ("320", "4") for lane in lanes(school, system) for s in lane.stations for r in s.readings
    }
    assert {"substation.network_supply_temp_degc", "substation.valve_pct", "battery.state_of_charge_pct"} <= shown


def test_every_written_point_of_a_system_has_what_it_falls_to(site):
    named = {point for one in functions(site) for fall in one.falls for point in fall.points}
    written = {point.id for point in site.points.values() if point.writable}
    assert written - named == set()


def test_every_alarm_of_a_device_stands_under_a_system(site):
    named = {point for one in functions(site) for point in one.alarms}
    assert {point.id for point in site.points.values() if point.spec.alarm} - named == set()


def test_numbers_are_written_as_people_do():
    assert (number(-12.94, "nb"), number(-12.94, "en"), number(1900.0, "nb")) == ("−12,94", "−12.94", "1900")
    assert (number(-0.001, "nb"), number(100000.0, "nb")) == ("0", "100000")


def test_a_timetable_names_days_in_a_row_as_one():
    def period(days, start, to):
        return Period.model_validate({"days": days, "start": start, "to": to})

    week = period(("mon", "tue", "wed"), "08:00", "16:30")
    assert timetable((week, period(("sat", "sun"), "10:00", "00:00"))).nb == (
        "mandag–onsdag 08:00–16:30, lørdag og søndag 10:00–24:00"
    )
    assert timetable((period(("mon", "thu"), "08:00", "09:00"),)).en == "Monday and Thursday 08:00–09:00"
    assert timetable(()).en == "all day, every day"
