"""Parameters from a site file: each traced back to the figure it comes from; another plant needs no other code."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bench._plan_cases import inputs
from control.assets.peak import HighestHour, MeanOfThreeDays, PerKw, Steps
from control.dispatch import Options, plan
from control.plan import Plan
from control.plant_model import from_site
from control.tariff_state import local_days, tariff_state
from models.site import load_site

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def plant(biri):
    return from_site(biri)


def test_every_zone_is_in_one_group_and_sleepers_are_apart(biri, plant):
    zones = [zone for group in plant.groups for zone in group.zones]
    assert sorted(zones) == sorted(zone.id for zone in biri.zones)
    assert plant.groups[0].zones == ("unit_a", "unit_b", "unit_c", "unit_d")
    loss = sum(g.room_to_outdoor_kw_per_k + g.mass_to_outdoor_kw_per_k for g in plant.groups)
    assert loss == pytest.approx(sum(z.heat_loss_w_per_k for z in biri.zones) / 1000)
    stored = sum(g.room.capacity_kwh_per_k + g.mass.capacity_kwh_per_k for g in plant.groups)
    assert stored == pytest.approx(sum(z.mass_wh_per_m2_k * z.area_m2 for z in biri.zones) / 1000)
    assert 40 < stored / (loss + 0.8) < 120  # time constant [h] with what ventilation loses after recovery


def test_zones_on_one_circuit_are_heated_as_one_whoever_lives_there():
    house = load_site(ROOT / "docs" / "examples" / "air_house" / "site.toml")
    (group,) = from_site(house).groups
    assert group.zones == ("home", "workshop")


def test_the_building_can_be_heated_at_its_design_temperature(plant):
    assert 100 < sum(g.emitter_max_kw for g in plant.groups) < 250


def test_identical_machines_are_one_group(plant):
    (pumps,) = plant.heat_pumps
    assert pumps.machines == ("hp1", "hp2")
    assert (pumps.compressors, pumps.water_tanks, pumps.wells, pumps.modulating) == (2, ("hp_tank",), True, False)


def test_hot_water_keeps_supply_and_every_return_above_their_limits(biri, plant):
    water = plant.hot_water
    drop = 1.5 / (6.5 * 0.0697)
    assert water.low_degc - 1.5 >= max(65.0, 60.0 + drop) - 1e-9
    assert water.circulation_kw_per_k * 41.5 == pytest.approx(6.0)
    assert water.heater_kw == 30.0
    assert water.cycle_degc == biri.hygiene.storage_degc
    assert water.low_degc < water.cycle_degc < water.high_degc


def test_wells_give_a_day_of_full_power_within_a_few_kelvin(plant):
    wells = plant.wells
    assert 60 * wells.resistance_k_per_kw < 5.0
    assert 60 * 24 / wells.ground.capacity_kwh_per_k < 1.5


def test_air_units_serve_the_rooms_behind_them(plant):
    for unit in plant.air:
        assert sum(unit.rooms.values()) == pytest.approx(1.0)
    assert [unit.bedrooms for unit in plant.air] == [True, True, False, False]


@pytest.mark.parametrize("season", ["cold", "july"])
def test_another_plant_is_planned_by_the_same_code(season):
    site = load_site(ROOT / "site.example.toml")
    plant = from_site(site)
    (pump,) = plant.heat_pumps
    assert pump.modulating
    assert pump.water_tanks == ()
    found = plan(inputs(site, 5, season, plant), Options())
    assert isinstance(found, Plan)
    assert found.first.heat_pumps["hp"].heat_kw.keys() == {"buffer"}
    assert {v.row for v in found.violations} <= {"playroom_sun cold", "playroom_sun hot"}


def test_a_site_without_a_buffer_has_the_water_in_its_pipes(biri):
    bare = from_site(biri.model_copy(update={"tanks": tuple(t for t in biri.tanks if t.role != "buffer")}))
    assert bare.buffer.node.capacity_kwh_per_k == pytest.approx(0.3 * 1.157)


def test_the_months_of_a_plan_carry_their_own_peaks(biri):
    start = datetime(2026, 3, 31, 10, 0, tzinfo=UTC)
    days = local_days([start + timedelta(hours=n) for n in range(48)])
    assert days[11].month == 3
    assert days[12].month == 4  # midnight in Norway
    highs = {date(2026, 3, 5): 88.0, date(2026, 3, 9): 71.0, date(2026, 2, 1): 200.0}
    march, april = tariff_state(biri.tariff, days, highs, floor_kw=50.0).months
    assert (march.basis, march.charge) == (HighestHour(88.0), PerKw(92.0))
    assert (april.basis, april.charge) == (HighestHour(50.0), PerKw(38.0))


def test_capacity_steps_and_three_days_are_read_from_the_contract():
    site = load_site(ROOT / "site.example.toml")
    highs = {date(2026, 1, 5): 20.0}
    (month,) = tariff_state(site.tariff, (date(2026, 1, 15),), highs, floor_kw=8.0).months
    assert month.basis == MeanOfThreeDays(highs, 24.5)  # 2 % below the step that the month falls into
    (billed,) = tariff_state(site.tariff, (date(2026, 1, 15),), highs).months
    assert billed.basis == MeanOfThreeDays(highs)
    assert billed.basis.so_far_kw == pytest.approx(20.0 / 3)
    assert isinstance(month.charge, Steps)
    assert month.charge.from_kw == (0.0, 10.0, 25.0, 50.0)


def test_parameters_are_the_same_every_time(biri, plant):
    again = from_site(biri)
    assert again == plant
    assert np.isfinite([g.emitter_kw_per_k for g in again.groups]).all()
