"""Cars, photovoltaics and the fuse of the simulated plant."""

from datetime import UTC, datetime

import pytest

from hil_sim.plant import create

JUNE = datetime(2025, 6, 18, tzinfo=UTC)
WEDNESDAY = datetime(2025, 1, 15, tzinfo=UTC)


def test_cars_leave_come_back_and_are_charged(plant):
    plant.reset(WEDNESDAY, 1)
    states = []
    for _ in range(48):
        plant.step({}, 1800.0)
        states.append(plant.truth()["charger_3.mode3_state"])
    assert set(states) == {0, 1, 2}
    assert states[11:14] == [1, 1, 0] or 0 in states[12:16]  # leaves at 07:30 local, 06:30 UTC
    truth = plant.truth()
    assert 5 < truth["charger_3.energy_kwh"] < 25
    assert truth["el_cars.import_kwh"] > sum(truth[f"charger_{n}.energy_kwh"] for n in range(1, 9))
    assert plant.shortfalls()["car_kwh"] == 0


def test_a_current_limit_slows_and_a_small_one_pauses(plant):
    plant.reset(WEDNESDAY, 1)
    powers = []
    for amperes in (16.0, 8.0, 5.0, None):
        plant.step({"charger_1.max_current_a": amperes}, 60.0)
        powers.append(plant.truth()["charger_1.power_kw"])
    assert powers[0] == pytest.approx(11.0, abs=0.1)
    assert powers[1] == pytest.approx(8 * 230 * 3 / 1000, abs=0.1)
    assert powers[2] == 0
    assert powers[3] > 0


def test_cars_that_are_never_charged_are_counted(plant):
    plant.reset(WEDNESDAY, 1)
    plant.step({f"charger_{n}.max_current_a": 0.0 for n in range(1, 9)}, 36 * 3600.0)
    assert plant.shortfalls()["car_kwh"] > 10


def test_photovoltaics_follow_their_limit_only_when_it_is_enabled(plant):
    plant.reset(JUNE, 1)
    plant.step({}, 10 * 3600.0)
    free = plant.truth()["pv_east.ac_power_kw"]
    assert free > 5
    plant.step({"pv_east.power_limit_pct": 5.0}, 60.0)
    assert plant.truth()["pv_east.ac_power_kw"] > 4
    plant.step({"pv_east.power_limit_enabled": 1.0}, 60.0)
    truth = plant.truth()
    assert truth["pv_east.ac_power_kw"] == pytest.approx(0.05 * 45)
    assert truth["pv_east.operating_state"] == 5
    assert truth["el_pv.power_kw"] == pytest.approx(-truth["pv_east.ac_power_kw"] - truth["pv_west.ac_power_kw"])


def test_overload_of_the_main_fuse_is_noticed(biri, year_of_weather):
    small = biri.model_copy(update={"electricity": biri.electricity.model_copy(update={"main_fuse_a": 100.0})})
    plant = create(small, year_of_weather)
    plant.reset(WEDNESDAY, 1)
    plant.step({"boiler.stage_request": 7.0}, 600.0)
    assert plant.shortfalls()["over_fuse_s"] >= 540
