"""Ventilation and free cooling."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from control.rules.air import dew_point_degc

FLOW1, FLOW3 = "ahu_1.airflow_request_pct", "ahu_3.airflow_request_pct"
COOL = "brine.free_cooling_pct"


def at(paper, hour):
    paper.now = datetime(2026, 1, 15, hour - 1, tzinfo=UTC)


def test_full_air_in_the_units_hours_and_its_minimum_outside_them(paper):
    at(paper, 12)
    assert paper.decide()[FLOW3] == 100.0
    at(paper, 3)
    assert paper.decide()[FLOW3] == 25.0


def test_air_rises_with_co2_outside_the_hours(paper):
    at(paper, 3)
    flows = []
    for ppm in (600.0, 750.0, 850.0, 950.0, 1500.0):
        paper.set(ahu_3__extract_co2_ppm=ppm)
        flows.append(paper.decide(60)[FLOW3])
    assert flows == [25.0, 25.0, 62.5, 100.0, 100.0]


def test_bedrooms_always_get_26_m3_per_hour_and_bed(paper):
    units = tuple(u.model_copy(update={"occupied": paper.site.air_handling[2].occupied, "min_flow_pct": 5.0})
                  for u in paper.site.air_handling)  # fmt: skip
    paper.site = paper.site.model_copy(update={"air_handling": units})
    at(paper, 3)
    assert paper.decide()[FLOW1] == pytest.approx(100 * 16 * 26 / 4200)


def test_without_co2_the_timetable_alone_decides(paper):
    at(paper, 3)
    paper.decide()
    paper.kill("ahu_3.extract_co2")
    assert FLOW3 not in paper.decide(60)
    assert paper.decide(60)[FLOW3] == 25.0
    assert paper.code(FLOW3) == "air.timetable"


@pytest.mark.parametrize("alarm", ["fire_alarm", "frost_alarm"])
def test_an_alarm_leaves_the_unit_to_itself(paper, alarm):
    paper.set(**{f"ahu_1__{alarm}": 1.0})
    values = paper.decide()
    assert values[FLOW1] is None
    assert values["ahu_1.supply_setpoint_degc"] is None
    assert values["ahu_2.airflow_request_pct"] == 100.0


def test_an_alarm_signal_that_does_not_answer_gives_the_unit_back(paper):
    paper.decide()
    paper.kill("ahu_1.fire_alarm")
    assert FLOW1 not in paper.decide(60)
    assert paper.decide(60)[FLOW1] is None


def test_a_unit_that_was_never_read_is_not_written(paper):
    paper.kill("ahu_1")
    assert FLOW1 not in paper.decide()


def test_supply_air_gets_cooler_as_the_extract_gets_warmer(paper):
    supplies = []
    for degc in (21.0, 23.5, 26.0):
        paper.set(ahu_1__extract_temp_degc=degc)
        supplies.append(paper.decide(60)["ahu_1.supply_setpoint_degc"])
    assert supplies == [19.5, 16.875, 16.0]


def test_supply_air_stays_two_kelvin_above_the_dew_point(summer):
    summer.set(weather__humidity_pct=80.0, ahu_1__extract_temp_degc=26.0)
    dew = dew_point_degc(22.0, 80.0)
    assert summer.decide()["ahu_1.supply_setpoint_degc"] == pytest.approx(dew + 2.0)


def test_without_humidity_supply_air_goes_no_lower_than_eighteen(summer):
    summer.kill("weather.humidity")
    summer.set(ahu_1__extract_temp_degc=26.0)
    assert summer.decide(300)["ahu_1.supply_setpoint_degc"] == 18.0


def test_without_extract_temperature_the_unit_keeps_its_own_set_point(paper):
    paper.kill("ahu_1.extract_temp")
    paper.decide()
    assert paper.decide(300)["ahu_1.supply_setpoint_degc"] is None


@pytest.mark.parametrize(("temp", "humidity", "dew"), [(20.0, 50.0, 9.27), (20.0, 100.0, 20.0), (-5.0, 80.0, -7.9)])
def test_dew_points_agree_with_tables(temp, humidity, dew):
    assert dew_point_degc(temp, humidity) == pytest.approx(dew, abs=0.1)


def test_free_cooling_comes_with_warm_extract_air_and_goes_with_a_wide_band(summer):
    summer.set(weather__humidity_pct=45.0)
    assert summer.decide()[COOL] == 0.0
    summer.set(ahu_2__extract_temp_degc=24.8)
    assert summer.decide(1000)[COOL] == 100.0
    summer.set(ahu_2__extract_temp_degc=23.5)
    assert 0 < summer.decide(60)[COOL] < 100
    summer.set(ahu_2__extract_temp_degc=22.9)
    assert summer.decide(60)[COOL] == 0.0


def test_a_long_warm_day_moves_the_cooling_valve_a_few_times_and_opens_it_fully(summer):
    """The bug this keeps away: each per cent was written, and by noon the guard held the valve half open."""
    summer.set(weather__humidity_pct=45.0, ahu_2__extract_temp_degc=24.6)
    summer.decide(1000)
    moved = []
    for minute in range(8 * 60):
        noise = 0.05 * (-1) ** minute
        summer.set(ahu_2__extract_temp_degc=23.2 + 2.0 * minute / (8 * 60) + noise)
        moved.append(summer.decide(60)[COOL])
    assert moved[-1] == 100.0
    assert sum(now != before for before, now in pairwise(moved)) <= 12


def test_no_free_cooling_while_the_air_circuit_heats(paper):
    paper.set(ahu_1__extract_temp_degc=27.0)
    assert paper.pass_time(1200)[COOL] == 0.0


def test_no_free_cooling_in_damp_air(summer):
    summer.set(weather__humidity_pct=90.0, ahu_1__extract_temp_degc=27.0)
    assert summer.pass_time(1200)[COOL] == 0.0


@pytest.mark.parametrize("dead", ["weather.humidity", "brine.from_wells", "extract_temp_degc"])
def test_no_free_cooling_when_an_input_is_missing(summer, dead):
    summer.set(ahu_1__extract_temp_degc=27.0, weather__humidity_pct=45.0)
    summer.pass_time(1200)
    summer.kill(dead)
    assert COOL not in summer.decide(60)
    assert summer.decide(60)[COOL] == 0.0
    assert summer.code(COOL) == "air.free_cooling.unknown"
