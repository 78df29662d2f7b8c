"""Two fields of collectors in the simulated plant: each with its own sun, pump and tank."""

from datetime import UTC, datetime

import pytest

from hil_sim.plant import create
from models.synthetic import synthetic_year
from tests.two_fields import EAST, WEST, two_fields

CLEAR = datetime(2025, 6, 18, 4, tzinfo=UTC)
STEPS = 14 * 20
IDLE = {"hp1_io.stage_request": 0.0, "hp2_io.stage_request": 0.0}


@pytest.fixture(scope="module")
def weather():
    return synthetic_year(2025, 1)


def sunny_day(plant, target, from_degc, fields=(EAST, WEST)):
    """What the plant shows every three minutes from six to eight; a pump runs while its own collector is hot enough."""
    plant.reset(CLEAR, 1)
    plant.step({f"{name}.target": float(target) for name in fields} | IDLE, 60.0)
    truths = []
    for _ in range(STEPS):
        hot = {name: plant.truth()[f"{name}.collector_temp_degc"] > from_degc for name in fields}
        plant.step({f"{name}.pump_pct": 60.0 * runs for name, runs in hot.items()}, 180.0)
        truths.append(dict(plant.truth()))
    return truths


@pytest.mark.parametrize("tank", ["hp_tank", "solar_tank"])
def test_each_field_has_the_sun_of_its_own_roof_and_heats_its_own_tank(weather, tank):
    site = two_fields(tank)
    plant = create(site, weather)
    tanks = [own.id for own in site.tanks]
    shown = {}
    for fields in ((), (EAST,), (EAST, WEST)):
        seen = sunny_day(plant, 0, 60.0, fields)
        shown[fields] = {
            name: vessel.gained_j / 3.6e6 for name, vessel in zip(tanks, plant.centre.vessels, strict=True)
        }
        for account, balance in plant.balance().items():
            assert abs(balance.error_kwh) < 1e-6 * max(balance.gained_kwh, 1.0), account
    best = {name: max(range(STEPS), key=lambda n, of=name: seen[n][f"{of}.power_kw"]) for name in (EAST, WEST)}
    assert best[EAST] + 60 < best[WEST]  # morning sun, evening sun
    warmer = {name: shown[EAST, WEST][name] - shown[EAST,][name] for name in tanks}
    assert warmer[tank] > 0.6 * seen[-1][f"{WEST}.energy_kwh"] > 10  # the water takes some of it
    assert shown[EAST,]["solar_tank"] > shown[()]["solar_tank"] + 10


def test_a_pump_that_fails_stops_its_own_field_alone(weather):
    plant = create(two_fields(), weather)
    plant.reset(CLEAR, 1)
    plant.fail(WEST, True)
    for _ in range(12):
        plant.step({f"{name}.pump_pct": 100.0 for name in (EAST, WEST)}, 3600.0)
    assert plant.truth()[f"{EAST}.energy_kwh"] > 10
    assert plant.truth()[f"{WEST}.energy_kwh"] == 0
    with pytest.raises(KeyError, match=f"backflow of {WEST}"):
        plant.wear("collectors", "backflow", 0.1)


def test_one_brine_takes_what_both_give_and_stays_below_its_limit(weather):
    site = two_fields()
    plant = create(site, weather)
    seen = sunny_day(plant, 2, 30.0)
    for truth in seen:
        assert truth["brine.to_wells_temp_degc"] < site.collectors[0].wells_max_degc + 0.5
        given = truth[f"{EAST}.power_kw"] + truth[f"{WEST}.power_kw"]
        assert truth["heat_brine.power_kw"] == pytest.approx(-given, abs=0.3)
    assert max(min(t[f"{EAST}.power_kw"], t[f"{WEST}.power_kw"]) for t in seen) > 1  # both at once


def test_what_both_bring_to_the_circulation_spares_the_after_heater(weather):
    plant = create(two_fields(), weather)
    used = []
    for fields in ((), (EAST,), (EAST, WEST)):
        sunny_day(plant, 1, 72.0, fields)
        used.append(plant.energy_by_part_kwh()["hot_water"])
    none, one, both = used
    assert one < none - 5
    assert both < one - 5


def test_electricity_of_both_pumps_is_counted(weather):
    plant = create(two_fields(), weather)
    sunny_day(plant, 0, 60.0)
    used = plant.energy_by_part_kwh()
    assert used[EAST] > 0.2
    assert used[WEST] > 0.2
