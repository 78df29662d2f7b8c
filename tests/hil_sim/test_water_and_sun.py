"""Hot water, solar heat and wells of the simulated plant."""

from datetime import UTC, datetime

import pytest

from hil_sim.deviations import SPREAD, Deviations

JANUARY = datetime(2025, 1, 14, tzinfo=UTC)
JUNE = datetime(2025, 6, 16, tzinfo=UTC)


def hourly(plant, count, commands=None):
    truths = []
    for _ in range(count):
        plant.step(commands or {}, 3600.0)
        commands = None
        truths.append(plant.truth())
    return truths


def test_left_alone_the_heater_keeps_supply_and_returns_hygienic(plant):
    plant.reset(JANUARY, 1)
    for truth in hourly(plant, 48):
        assert 65 <= truth["hot_water.supply_temp_degc"] <= 75
        assert min(truth[f"loop_{name}.return_temp_degc"] for name in "abcd") >= 60
        assert truth["hot_water.tap_temp_degc"] == pytest.approx(55)
        assert truth["hot_water.shower_temp_degc"] == pytest.approx(38)
        assert truth["hot_water.cold_temp_degc"] < 20


def test_a_day_draws_about_what_the_site_says(plant, biri):
    plant.reset(JANUARY, 1)
    truth = hourly(plant, 72)[-1]
    litres = truth["hot_water.volume_m3"] * 1000 / 3
    stored, cold = 72.0, truth["hot_water.cold_temp_degc"]
    as_60 = litres * (stored - cold) / (60 - cold)
    assert as_60 == pytest.approx(biri.hot_water.litres_per_day_60degc, rel=0.2)


def test_without_heat_the_water_cools_and_the_shortfall_is_counted(plant):
    plant.reset(JANUARY, 1)
    truth = hourly(plant, 30, {"hot_water.stage_request": 0.0})[-1]
    assert truth["hot_water.supply_temp_degc"] < 45
    assert plant.shortfalls()["cold_tap_l"] > 0


def test_a_standing_circulation_cools_and_comes_back(plant):
    plant.reset(JANUARY, 1)
    stopped = hourly(plant, 3, {"hot_water.circulation_pump_on": 0.0})[-1]
    assert stopped["loop_a.return_temp_degc"] < 50
    assert (stopped["loop_a.flow_l_per_min"], stopped["heat_circulation.power_kw"]) == (0, 0)
    assert hourly(plant, 1, {"hot_water.circulation_pump_on": None})[-1]["loop_a.return_temp_degc"] > 60


def test_preheating_takes_heat_from_the_tanks(plant):
    plant.reset(JANUARY, 1)
    hourly(plant, 12)
    truth = plant.truth()
    assert truth["hp_tank.layer_4_temp_degc"] < 40
    assert truth["hot_water.preheat_temp_degc"] > 25


@pytest.mark.parametrize("target", [0, 1, 2])
def test_the_sun_is_delivered_where_it_is_wanted(plant, target):
    plant.reset(JUNE, 1)
    hourly(plant, 8)
    tank, heater = plant.centre.vessels[1], plant.centre.tap
    before = tank.gained_j, heater.power_kw
    wells = 0.0
    for _ in range(300):
        plant.step({"solar.target": float(target), "solar.pump_pct": 100.0}, 60.0)
        wells = min(wells, plant.truth()["heat_brine.power_kw"])
    truth = plant.truth()
    assert truth["solar.energy_kwh"] > 20
    assert (tank.gained_j > before[0] + 1e7) == (target == 0)
    assert (wells < -3) == (target == 2)
    for account, balance in plant.balance().items():
        assert abs(balance.error_kwh) < 1e-6 * max(balance.gained_kwh, 1.0), account


def test_a_field_left_alone_stagnates_and_its_pump_is_locked(plant):
    plant.reset(JUNE, 1)
    truths = hourly(plant, 14)
    hottest = max(truth["solar.collector_temp_degc"] for truth in truths)
    assert 115 < hottest < 200
    assert any(truth["solar.stagnation"] for truth in truths)


def test_recharge_never_sends_brine_above_its_limit(plant, biri):
    plant.reset(JUNE, 1)
    for _ in range(14):
        plant.step({"solar.target": 2.0, "solar.pump_pct": 100.0}, 3600.0)
        assert plant.truth()["brine.to_wells_temp_degc"] < biri.collectors[0].wells_max_degc + 0.5


def test_a_season_of_extraction_cools_the_wells(plant):
    plant.reset(JANUARY, 1)
    first, last = hourly(plant, 96, {"boiler.stage_request": 1.0})[::95]
    assert last["brine.from_wells_temp_degc"] < first["brine.from_wells_temp_degc"]
    assert last["brine.to_wells_temp_degc"] > -4


def test_deviations_are_seeded_bounded_and_independent():
    one, same, other = Deviations(3), Deviations(3), Deviations(4)
    factors = [one.factor("heat_loss", f"zone_{n}") for n in range(50)]
    assert factors == [same.factor("heat_loss", f"zone_{n}") for n in range(50)]
    assert factors[0] != other.factor("heat_loss", "zone_0")
    assert all(abs(f - 1) <= 2.001 * SPREAD["heat_loss"] for f in factors)
    with pytest.raises(KeyError):
        one.factor("colour")
