"""Rooms, air, blinds and people of the simulated building."""

from datetime import UTC, datetime

import numpy as np
import pytest

from hil_sim.plant import create
from models.physics.ventilation import air_w_per_k
from models.synthetic import spell

JANUARY = datetime(2025, 1, 14, tzinfo=UTC)
MARCH = datetime(2025, 3, 3, tzinfo=UTC)
JULY = datetime(2025, 7, 7, tzinfo=UTC)


def hours(plant, count, commands=None):
    for _ in range(count):
        plant.step(commands or {}, 3600.0)
        commands = None
    return plant.truth()


def test_a_warmer_set_point_warms_its_room_only(plant):
    plant.reset(MARCH, 1)
    base = hours(plant, 36)
    plant.reset(MARCH, 1)
    warmed = hours(plant, 36, {"a1.setpoint_degc": 24.0})
    assert warmed["a1.temp_degc"] > base["a1.temp_degc"] + 0.5
    assert warmed["d5.temp_degc"] == pytest.approx(base["d5.temp_degc"], abs=0.15)


def test_bathroom_floors_are_warm_all_year(plant):
    for start in (JANUARY, JULY):
        plant.reset(start, 1)
        truth = hours(plant, 12, {"boiler.stage_request": 2.0})
        floors = [truth[name] for name in truth if name.endswith("floor_temp_degc")]
        assert len(floors) == 32
        assert 24 < min(floors) <= max(floors) < 27


def test_the_house_cools_with_a_time_constant_of_days(biri):
    plant = create(biri, spell(JANUARY, 240, -10.0, cloud_pct=100.0))
    plant.reset(JANUARY, 1)
    off = {f"{c.id}.pump_on": 0.0 for c in biri.circuits}
    means = []
    for _ in range(4):
        plant.step(off, 24 * 3600.0)
        means.append(float(np.mean(plant.building.temps)))
    falls = -np.diff(means)
    time_constant_h = 24 / np.log(falls[0] / falls[1])
    assert 60 < time_constant_h < 130


def test_blinds_keep_the_sun_out_but_not_in_a_storm(biri, year_of_weather):
    plant = create(biri, year_of_weather)
    down = {f"{b.id}.position_pct": 100.0 for b in biri.blinds}
    warmest = {}
    for name, commands in (("up", {}), ("down", down)):
        plant.reset(JULY, 1)
        hours(plant, 1, commands)
        warmest[name] = hours(plant, 15)["cafe.temp_degc"]
    assert warmest["down"] < warmest["up"] - 0.5
    stormy = create(biri, spell(JULY, 48, 15.0, wind_m_s=16.0))
    stormy.reset(JULY, 1)
    truth = hours(stormy, 1, down)
    assert truth["blinds_south.wind_alarm"] == 1
    assert truth["blinds_south.position_pct"] == 100  # what is commanded; the guard acts beside it
    assert stormy._shading(stormy.weather) == [0.0] * 4


def test_free_cooling_cools_the_supply_air_and_warms_the_wells(biri):
    plant = create(biri, spell(JULY, 72, 26.0))
    cool = {"brine.free_cooling_pct": 100.0} | {f"{a.id}.supply_setpoint_degc": 16.0 for a in biri.air_handling}
    plant.reset(JULY, 1)
    truth = hours(plant, 12, cool)
    assert truth["ahu_1.supply_temp_degc"] < 19 < truth["ahu_4.supply_temp_degc"]  # the kitchen has no cooling coil
    assert -50.5 < truth["heat_brine.power_kw"] < -20
    assert truth["brine.to_wells_temp_degc"] > truth["brine.from_wells_temp_degc"]
    assert truth["ahu_1.cooling_coil_valve_pct"] > 0 == truth["ahu_1.heating_coil_valve_pct"]


def test_an_air_handling_unit_balances_its_heat(plant, biri):
    plant.reset(JANUARY, 1)
    truth = hours(plant, 6, {"boiler.stage_request": 3.0})
    coils_kw = 0.0
    for unit in biri.air_handling:
        name = unit.id
        out, extract = truth[f"{name}.outdoor_temp_degc"], truth[f"{name}.extract_temp_degc"]
        recovered = out + truth[f"{name}.recovery_pct"] / 100 * (extract - out)
        rate = air_w_per_k(truth[f"{name}.supply_flow_m3_per_h"]) / 1000
        coils_kw += rate * (truth[f"{name}.supply_temp_degc"] - recovered) - truth[f"{name}.fan_power_kw"] / 2
    assert coils_kw == pytest.approx(truth["heat_air.power_kw"], rel=1e-6)


def test_a_coil_without_water_trips_the_frost_guard(biri):
    plant = create(biri, spell(JANUARY, 72, -24.0))
    plant.reset(JANUARY, 1)
    truth = hours(plant, 1, {"circuit_air.pump_on": 0.0})
    assert truth["ahu_4.frost_alarm"] == 1
    assert truth["ahu_4.supply_flow_m3_per_h"] < 100


def test_less_air_lets_co2_rise_and_saves_fan_power(plant):
    plant.reset(JANUARY, 1)
    full = hours(plant, 5)
    plant.reset(JANUARY, 1)
    least = hours(plant, 5, {"ahu_1.airflow_request_pct": 40.0})
    assert least["a1_air.co2_ppm"] > full["a1_air.co2_ppm"] + 100
    assert least["ahu_1.fan_power_kw"] < 0.3 * full["ahu_1.fan_power_kw"]


def test_residents_sleep_at_home_and_offices_empty_at_night(plant, biri):
    plant.reset(datetime(2025, 1, 15, 1, tzinfo=UTC), 1)  # 02:00 on a Wednesday
    night = hours(plant, 1)
    day = hours(plant, 8)
    residents = [r.id for z in biri.zones for r in z.rooms]
    assert all(night[f"{r}_air.occupied"] == 1 for r in residents)
    assert sum(day[f"{r}_air.occupied"] for r in residents) < 30
    assert (night["administration.occupied"], day["administration.occupied"]) == (0, 1)
    assert day["el_light.power_kw"] > 1.3 * night["el_light.power_kw"]
