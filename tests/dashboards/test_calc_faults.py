from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from dashboards.reports.calc_fault_watch import Record, find_faults, look_back, points_needed
from dashboards.reports.calc_faults import FaultKind, confidence, looks, yearly_nok
from dashboards.reports.calc_faults_air import UnitSteps, heating_and_cooling, valve_leak
from dashboards.reports.calc_faults_heat import MachineSteps, circulation_loss, cop_drift
from dashboards.reports.calc_faults_sensors import is_stuck, sensors_disagree
from dashboards.reports.calc_faults_sun import FieldSteps, night_cooling, pv_loss
from dashboards.reports.calc_known import Why
from models.physics.heat_pump import Certified, fit_heat_pump, operate
from models.site import load_site

BIRI = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
DAYS = 5
STEPS = DAYS * 96
QUARTER_H = 0.25
DAILY = np.arange(STEPS) / 96 % 1


def full(value):
    return np.full(STEPS, float(value))


def test_confidence_comes_with_looks():
    """Laplace: (s + 1) / (n + 2)."""
    assert confidence(0, 0) == 0.5
    assert confidence(5, 5) == pytest.approx(6 / 7)
    assert confidence(1, 8) == pytest.approx(0.2)


def test_a_loss_is_carried_on_to_a_year():
    assert yearly_nok(10.0, 24.0, 1.5).value == pytest.approx(10 * 8766 / 24 * 1.5)
    assert yearly_nok(10.0, 24.0, None).why is Why.NO_FACTOR


def test_a_look_is_a_days_median_where_it_counts():
    values, where = np.array([1.0, 2.0, 9.0, 4.0, np.nan, 6.0]), np.array([1, 1, 0, 1, 1, 1], dtype=bool)
    assert looks(values, where, 3, 2).tolist() == [1.5, 5.0]
    assert looks(values, where, 3, 3).tolist() == []


# --- Heat pumps and loops -------------------------------------------------------------------------------------------

MODEL = fit_heat_pump([Certified(**p.model_dump()) for p in BIRI.heat_pumps[0].certified])
RATED = operate(MODEL, 2.0, 40.0, 1)


def machine(more_power):
    return MachineSteps(full(RATED.heat_kw), full(RATED.power_kw * (1 + more_power)), full(2.0), full(40.0), full(1.0))


@pytest.mark.parametrize(("more", "found"), [(0.0, False), (0.05, False), (0.12, True), (0.3, True)])
def test_a_machine_that_takes_more_power_for_its_heat(more, found):
    finding = cop_drift("hp1", machine(more), MODEL, QUARTER_H, 1.0)
    assert finding.found is found
    assert finding.size.value == pytest.approx(more)
    if found:
        lost_kw = RATED.power_kw * more
        assert finding.nok_per_year.value == pytest.approx(lost_kw * 8766)
        assert finding.evidence["expected_cop"] == pytest.approx(RATED.heat_kw / RATED.power_kw)


def test_a_machine_is_compared_with_itself_where_that_is_known():
    assert cop_drift("hp1", machine(0.12), MODEL, QUARTER_H, 1.0, reference=1.1).found is False


def test_a_machine_that_stood_or_switched_tells_nothing():
    switching = replace(machine(0.3), compressors=np.where(np.arange(STEPS) % 2, 1.0, 0.6))
    finding = cop_drift("hp1", switching, MODEL, QUARTER_H, 1.0)
    assert (finding.found, finding.why, finding.confidence) == (None, Why.NO_OCCASION, 0.5)


@pytest.mark.parametrize(("factor", "found"), [(1.0, False), (1.15, False), (1.5, True)])
def test_a_loop_that_loses_more_than_a_sound_one(factor, found):
    """A pipe by hand: UA 36 W/K, 6.5 l/min: m c = 446.7 W/K, return = 22 + 50 exp(-UA / m c)."""
    rate = 6.5 / 60 * 0.985 * 4186
    back = 22 + 50 * np.exp(-36 * factor / rate)
    finding = circulation_loss("loop_a", full(72.0), full(back), full(6.5), 36.0, QUARTER_H, 1.0)
    assert finding.found is found
    assert finding.size.value == pytest.approx(factor - 1, abs=0.002)
    if found:
        lost_kw = rate * (72 - back) / 1000 * (factor - 1) / factor
        assert finding.nok_per_year.value == pytest.approx(lost_kw * 8766, rel=0.01)


def test_a_loop_that_stands_tells_nothing():
    assert circulation_loss("a", full(70), full(40), full(0), 36.0, QUARTER_H, 1.0).why is Why.NO_OCCASION


# --- Air ------------------------------------------------------------------------------------------------------------


def unit(leak_k):
    """5 degC outside, 22 inside, 80 % recovery: 18.6; fans of 2 kW warm 5000 m3/h by 0.6 K."""
    fan_k = 0.5 * 2.0 / (5000 * 0.000335)
    supply = 5 + 0.8 * 17 + fan_k + leak_k
    return UnitSteps(*(full(v) for v in (5.0, supply, 22.0, 80.0, 5000.0, 2.0, 0.0, 0.0, 40.0)))


@pytest.mark.parametrize(("leak_k", "found"), [(0.0, False), (0.6, False), (2.0, True)])
def test_air_warmer_than_it_should_be_behind_a_shut_valve(leak_k, found):
    finding = valve_leak("ahu_1", unit(leak_k), 6000.0, QUARTER_H, 0.5)
    assert finding.found is found
    assert finding.size.value == pytest.approx(leak_k, abs=1e-9)
    if found:
        assert finding.nok_per_year.value == pytest.approx(2.0 * 5000 * 0.000335 * 8766 * 0.5, rel=0.01)


def test_a_leak_of_cold_water_cannot_show():
    assert valve_leak("ahu_1", replace(unit(2.0), water_degc=full(22)), 6000.0, QUARTER_H, 0.5).why is Why.NO_OCCASION
    assert valve_leak("ahu_1", replace(unit(2.0), heating_valve_pct=full(9)), 6000, QUARTER_H, 0.5).found is None


def test_heating_against_cooling():
    heating, cooling = full(20), np.where(DAILY < 0.5, 50.0, 0.0)
    finding = heating_and_cooling("ahu_3", heating, cooling, 30.0, 20.0, QUARTER_H, 1.0)
    assert finding.found is True
    assert finding.size.value == 1.0
    assert finding.nok_per_year.value == pytest.approx(6.0 * 8766 / 2)  # the smaller of 6 and 10 kW, half of the time
    assert heating_and_cooling("a", full(0), cooling, 30, 20, QUARTER_H, 1.0).found is False
    assert heating_and_cooling("a", heating, full(0), 30, 20, QUARTER_H, 1.0).found is None


# --- Sun ------------------------------------------------------------------------------------------------------------

LIGHT = np.where((DAILY > 0.7) | (DAILY < 0.2), 400.0, 0.0)


@pytest.mark.parametrize(("over", "found"), [(-2.0, False), (1.0, False), (8.0, True)])
def test_collectors_warm_at_night(over, found):
    collector = np.where(LIGHT > 0, 60.0, 10.0 + over)
    falling = 60 - 24 * DAILY  # 1 K an hour: 3.48 kW of 3 m3, of which some 0.2 kW is standing loss
    steps = FieldSteps(collector, full(10), full(0), LIGHT, full(60), falling)
    finding = night_cooling(BIRI.collectors[0], BIRI.tanks[1], steps, QUARTER_H, 0.3)
    assert finding.found is found
    assert finding.size.value == pytest.approx(over)
    if found:
        hours = finding.evidence["dark_h"]
        given = 60 * (3.6 * 8 + 0.014 * 64) / 1000 * hours
        assert finding.evidence["given_off_kwh"] == pytest.approx(given)
        assert finding.evidence["tank_lost_kwh"] == pytest.approx(3.25 * hours, rel=0.15)
        assert finding.nok_per_year.value == pytest.approx(given * 8766 / 120 * 0.3)
        full_tank = night_cooling(BIRI.collectors[0], BIRI.tanks[1], replace(steps, tank_mean_degc=full(50)), 0.25, 0.3)
        assert full_tank.nok_per_year.value == 0
    cool = replace(steps, tank_top_degc=full(12))
    assert night_cooling(BIRI.collectors[0], BIRI.tanks[1], cool, QUARTER_H, 0.3).why is Why.NO_OCCASION


def test_an_array_that_lacks_a_string_and_days_that_cannot_tell():
    expected = np.maximum(np.sin(2 * np.pi * (DAILY - 0.25)), 0) * 30
    short = pv_loss("pv_east", 0.75 * expected, expected, full(12), 50, QUARTER_H, 1.0)
    assert short.found is True
    assert short.size.value == pytest.approx(0.25)
    assert short.nok_per_year.value == pytest.approx(0.25 * 800 * 50)
    assert pv_loss("pv_east", 0.95 * expected, expected, full(12), 50, QUARTER_H, 1.0).found is False
    assert pv_loss("pv_east", 0.5 * expected, expected, full(0), 50, QUARTER_H, 1.0).why is Why.NO_OCCASION
    held = pv_loss("pv_east", 0.5 * expected, expected, full(12), 50, QUARTER_H, 1.0, throttled=full(1))
    assert held.found is None


# --- Sensors --------------------------------------------------------------------------------------------------------


def test_the_sensor_that_is_wrong_or_stuck_is_named():
    true = 5 + 6 * np.sin(2 * np.pi * DAILY)
    readings = {"a": true + 0.1, "b": true, "c": true + 2.5, "d": full(9.0)}
    found = {f.asset: f for f in sensors_disagree(readings, np.ones(STEPS, dtype=bool), QUARTER_H)}
    assert {name for name, f in found.items() if f.found} == {"c", "d"}
    assert not is_stuck(found["c"])
    assert is_stuck(found["d"])
    assert found["c"].evidence["difference_k"] == pytest.approx(2.4, abs=0.2)
    assert found["c"].nok_per_year.value is None


def test_two_sensors_cannot_say_which_is_wrong():
    for b, found in ((5.0, None), (1.5, False)):
        judged = sensors_disagree({"a": full(1), "b": full(b)}, np.ones(STEPS, dtype=bool), QUARTER_H)
        assert [f.found for f in judged] == [found, found]


# --- All ------------------------------------------------------------------------------------------------------------


def test_what_is_not_measured_is_not_judged():
    findings = find_faults(Record(BIRI, datetime(2025, 6, 1, 10, tzinfo=UTC), {}, 1.0, 3.0, {}))
    assert {f.kind for f in findings} == set(FaultKind) - {FaultKind.SENSOR}
    assert {f.why for f in findings} == {Why.NOT_MEASURED}


def test_a_site_with_other_equipment_is_looked_at_too():
    example = load_site(Path(__file__).resolve().parents[2] / "site.example.toml")
    columns = {point: full(20) for point in points_needed(example)}
    findings = find_faults(Record(example, datetime(2025, 6, 1, 10, tzinfo=UTC), columns, None, 3.0, {}))
    assert not any(f.found for f in findings)


def test_the_last_weeks_of_a_record_go_from_noon_to_noon():
    start = datetime(2025, 5, 31, 22, tzinfo=UTC)  # midnight in Norway
    record = Record(BIRI, start, {"a": np.arange(40 * 96.0)}, 1.0, 3.0, {})
    last = record.last(28)
    assert last.start == datetime(2025, 6, 12, 10, tzinfo=UTC)
    assert len(last.columns["a"]) == 28 * 96
    assert last.columns["a"][0] == 11.5 * 96
    assert record.last(60) is record


def test_a_long_record_is_gone_through_without_a_gap():
    record = Record(BIRI, datetime(2025, 5, 31, 22, tzinfo=UTC), {"a": np.arange(100 * 96.0)}, 1.0, 3.0, {})
    stretches = record.spans(28)
    assert [len(of.columns["a"]) for of in stretches] == [28 * 96] * 3 + [round(15.5 * 96)]
    assert stretches[0].start == record.last(28).start
    assert stretches[-1].start == record.start
    assert len(replace(record, columns={"a": np.arange(90 * 96.0)}).spans(28)) == 3
    for later, earlier in pairwise(stretches):
        assert earlier.columns["a"][-1] + 1 == later.columns["a"][0]


def test_panels_are_judged_by_the_newest_weeks_with_sun():
    """A dark winter after the sun: one array gave too little until it went, the other one was mended in between."""
    steps = 4 * 28 * 96 + 96
    day = np.arange(steps) // 96
    sun = np.where((day < 3 * 28) & (np.abs(np.arange(steps) % 96 - 48) < 20), 1.0, 0.0)
    east, west = (array.id for array in BIRI.pv)
    made = {east: 80.0 * sun * 0.7, west: 80.0 * sun * np.where(day < 28, 0.7, 1.0)}
    columns = {f"{array}.ac_power_kw": power for array, power in made.items()}
    columns |= {"weather.outdoor_temp_degc": np.full(steps, 15.0), "weather.irradiance_w_per_m2": 800 * sun}
    bare = dict.fromkeys(made, 80.0 * sun)
    found = look_back(Record(BIRI, datetime(2025, 6, 1, 22, tzinfo=UTC), columns, 1.0, 3.0, {}, bare), 28)
    newest = {one.finding.asset: one for one in found.newest if one.finding.kind is FaultKind.PV_LOSS}
    assert newest[east].finding.found is True
    assert newest[east].finding.size.value == pytest.approx(0.3)
    assert newest[east].last < date(2025, 8, 27)  # before the dark
    assert newest[west].finding.found is False
    (passed,) = found.passed
    assert (passed.finding.asset, passed.finding.found) == (west, True)
    assert passed.last < newest[west].first
    assert found.first == passed.first


def test_gaps_anywhere_break_nothing():
    rng = np.random.default_rng(1)
    columns = {point: 20 + rng.normal(0, 1, STEPS) for point in points_needed(BIRI)}
    for column in columns.values():
        column[rng.random(STEPS) < 0.3] = np.nan
    columns[points_needed(BIRI)[0]][:] = np.nan
    findings = find_faults(Record(BIRI, datetime(2025, 6, 1, 10, tzinfo=UTC), columns, 1.0, 3.0, {}))
    assert len(findings) == 2 + 2 * 4 + 4 + 1 + 2 + 7
    for finding in findings:
        assert (finding.found is None) == (finding.size.value is None)
        assert all(np.isfinite(number) for number in finding.evidence.values())
