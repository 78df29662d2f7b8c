"""Heating curve and pumps."""

import pytest

from control.rules.heat import curve

AB = "circuit_floor_ab.supply_setpoint_degc"


def outdoors(paper, degc):
    for point in paper.values:
        if point.endswith(".outdoor_temp_degc"):
            paper.values[point] = degc


@pytest.mark.parametrize(("outdoor", "supply"), [(-30, 37), (-25, 37), (-12.5, 34), (0, 31), (7.5, 28.5), (25, 26)])
def test_the_curve_is_linear_between_its_points_and_level_beyond(outdoor, supply):
    assert curve(((-25.0, 37.0), (0.0, 31.0), (15.0, 26.0)), outdoor) == pytest.approx(supply)


def test_each_circuit_gets_its_own_curve_and_never_more_than_it_bears(paper):
    values = paper.decide()
    assert values[AB] == pytest.approx(31.0)
    assert values["circuit_air.supply_setpoint_degc"] == pytest.approx(35.0)
    hot = paper.site.circuits[0].model_copy(update={"curve": ((-25.0, 60.0), (0.0, 60.0))})
    paper.site = paper.site.model_copy(update={"circuits": (hot, *paper.site.circuits[1:])})
    assert paper.decide(60)[AB] == hot.max_supply_degc


def test_the_outdoor_temperature_is_filtered_over_three_hours(paper):
    outdoors(paper, 0.0)
    paper.decide()
    outdoors(paper, -20.0)
    assert paper.decide(60)[AB] == pytest.approx(31.0, abs=0.05)
    assert paper.pass_time(3 * 3600, 600)[AB] == pytest.approx(31.0 + 0.24 * 20 * (1 - 2.71828**-1), abs=0.05)


def test_nothing_is_written_before_the_outdoor_temperature_has_been_read(paper):
    paper.kill("outdoor_temp_degc")
    assert not [p for p in paper.decide() if p.startswith("circuit_")]
    assert not [p for p in paper.decide(60) if p.startswith("circuit_")]


def test_other_outdoor_sensors_take_over_after_two_minutes_but_not_before(paper):
    outdoors(paper, -5.0)
    paper.decide()
    paper.kill("weather.outdoor")
    assert AB not in paper.decide(60)
    assert AB in paper.decide(60)
    assert paper.code(AB) == "heat.curve.other_sensor"
    assert paper.wishes[AB].value == pytest.approx(32.2)


def test_with_no_sensor_the_last_value_less_ten_kelvin_serves_for_two_hours_then_minus_ten(paper):
    paper.decide()
    paper.kill("outdoor_temp_degc")
    values = paper.pass_time(180)
    assert paper.code(AB) == "heat.curve.last_value"
    assert values[AB] == pytest.approx(31.0 + 0.24 * 10)
    values = paper.pass_time(7200, 600)
    assert paper.code(AB) == "heat.curve.assumed"
    assert values[AB] == pytest.approx(31.0 + 0.24 * 10)
    assert paper.wishes[AB].needs == ()


def test_an_assumed_temperature_is_never_warmer_than_the_last_one_known(paper):
    outdoors(paper, -22.0)
    paper.decide()
    paper.kill("outdoor_temp_degc")
    assert paper.pass_time(3 * 3600, 600)[AB] == pytest.approx(31.0 + 0.24 * 22)


def test_pumps_stop_above_the_heating_limit_and_start_two_kelvin_lower(paper):
    point = "circuit_floor_common.pump_on"
    assert paper.decide()[point] == 1.0
    outdoors(paper, 20.0)
    assert paper.pass_time(12 * 3600, 600)[point] == 0.0
    outdoors(paper, 16.0)
    assert paper.pass_time(12 * 3600, 600)[point] == 0.0
    outdoors(paper, 13.0)
    assert paper.pass_time(12 * 3600, 600)[point] == 1.0


def test_the_circuit_under_heated_bathroom_floors_runs_all_year(summer):
    values = summer.pass_time(600)
    assert values["circuit_floor_ab.pump_on"] == 1.0
    assert values["circuit_air.pump_on"] == 0.0
