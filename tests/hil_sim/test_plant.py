from datetime import UTC, datetime, timedelta

import pytest

from bench.plant_year import run
from hil_sim.plant import create
from models.units import Unit

WINTER = datetime(2025, 2, 3, tzinfo=UTC)
SUMMER = datetime(2025, 7, 7, tzinfo=UTC)


def bounds(point):
    """Plausible range of a reading: the profile's, or what its unit allows."""
    spec = point.spec
    low, high = {Unit.PCT: (0.0, 100.0), Unit.BOOL: (0.0, 1.0), Unit.DEGC: (-40.0, 130.0)}.get(
        spec.shown_unit, (-1e9, 1e9)
    )
    if spec.states:
        low, high = min(spec.states), max(spec.states)
    return low if spec.min is None else spec.min, high if spec.max is None else spec.max


@pytest.mark.parametrize("start", [WINTER, SUMMER])
def test_every_point_has_a_plausible_value(plant, biri, start):
    seen = plant.reset(start, 1)
    assert list(seen) == list(biri.points)
    for hour in range(6):
        seen = plant.step({}, 3600.0)
        for name, point in biri.points.items():
            low, high = bounds(point)
            value = seen[name]
            assert value is not None, name
            assert low <= value <= high, (hour, name, value)
            if point.spec.states:
                assert value in point.spec.states, (name, value)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(plant):
    runs = []
    for seed in (7, 7, 8):
        plant.reset(WINTER, seed)
        runs.append([dict(plant.step({"hp1_io.stage_request": 1.0}, 60.0)) for _ in range(90)])
    assert runs[0] == runs[1]
    assert runs[0][-1]["a1.temp_degc"] == runs[1][-1]["a1.temp_degc"]
    different = sum(runs[0][-1][name] != runs[2][-1][name] for name in runs[0][-1])
    assert different > 200


def test_another_plant_of_the_same_site_runs_the_same(plant, biri, year_of_weather):
    other = create(biri, year_of_weather)
    for one in (plant, other):
        one.reset(SUMMER, 3)
        one.step({}, 7200.0)
    assert plant.truth() == other.truth()


def test_a_long_step_is_cut_into_minutes(plant):
    plant.reset(WINTER, 1)
    plant.step({}, 600.0)
    long = plant.truth()
    plant.reset(WINTER, 1)
    for _ in range(10):
        plant.step({}, 60.0)
    assert plant.truth() == long


def test_second_steps_come_to_the_same_as_minute_steps(plant):
    plant.reset(WINTER, 1)
    for _ in range(1200):
        plant.step({}, 1.0)
    fine = plant.truth()
    plant.reset(WINTER, 1)
    for _ in range(20):
        plant.step({}, 60.0)
    coarse = plant.truth()
    limits_k = {"a1.temp_degc": 0.1, "buffer.layer_3_temp_degc": 3.0, "brine.from_wells_temp_degc": 0.5}
    for name, limit_k in limits_k.items():
        assert fine[name] == pytest.approx(coarse[name], abs=limit_k), name
    assert fine["main.import_kwh"] == pytest.approx(coarse["main.import_kwh"], rel=0.1)


@pytest.mark.parametrize("start", [WINTER, SUMMER])
def test_energy_accounts_of_a_week_close(plant, start):
    run(plant, 7 * 1440, start)
    for account, balance in plant.balance().items():
        turnover = max(abs(balance.gained_kwh), abs(balance.lost_kwh))
        assert turnover > 100, account
        assert abs(balance.error_kwh) < 1e-6 * turnover, (account, balance)


def test_the_main_meter_is_the_sum_of_its_parts(plant, biri):
    plant.reset(SUMMER, 1)
    subs = [f"{m.id}.power_kw" for m in biri.meters if m.carrier == "electricity" and m.id != "main"]
    for _ in range(24):
        seen = plant.step({}, 3600.0)
        truth = plant.truth()
        assert truth["main.power_kw"] == pytest.approx(sum(truth[p] for p in subs), abs=1e-9)
        assert seen["main.power_kw"] == pytest.approx(sum(seen[p] for p in subs), abs=0.0005 * len(subs))
    parts = plant.energy_by_part_kwh()
    net = truth["main.import_kwh"] - truth["main.export_kwh"]
    assert net == pytest.approx(sum(parts.values()), rel=1e-9)
    assert truth["main.import_kwh"] - seen["main.import_kwh"] < 0.1 + 1e-9


def test_heat_meters_and_machines_agree(plant):
    run(plant, 1440, WINTER)
    truth = plant.truth()
    for name in ("hp1", "hp2"):
        assert truth[f"{name}.heat_energy_kwh"] > 100
        assert truth[f"heat_{name}.energy_kwh"] == pytest.approx(truth[f"{name}.heat_energy_kwh"], rel=1e-9)
        flow_kw = (
            truth[f"heat_{name}.flow_l_per_h"]
            / 3640
            * 4.186
            * (truth[f"heat_{name}.supply_temp_degc"] - truth[f"heat_{name}.return_temp_degc"])
        )
        assert flow_kw == pytest.approx(truth[f"heat_{name}.power_kw"], abs=0.01)


def test_commands_are_held_limited_and_given_back(plant):
    plant.reset(WINTER, 1)
    seen = plant.step({"boiler.stage_request": 99.0, "a1.setpoint_degc": 23.5}, 60.0)
    assert (seen["boiler.stage_request"], seen["boiler.stages_on"]) == (7.0, 7.0)
    assert seen["boiler.power_kw"] == pytest.approx(140.0)
    assert plant.step({}, 60.0)["boiler.stages_on"] == 7.0
    seen = plant.step({"boiler.stage_request": None, "a1.setpoint_degc": None}, 60.0)
    assert (seen["boiler.stages_on"], seen["a1.setpoint_degc"]) == (0.0, 22.0)


def test_a_command_for_no_point_is_refused(plant):
    plant.reset(WINTER, 1)
    with pytest.raises(KeyError, match="nothing"):
        plant.step({"nothing.at_all": 1.0}, 60.0)


def test_a_plant_wants_a_reset_first(biri, year_of_weather):
    with pytest.raises(RuntimeError, match="reset"):
        create(biri, year_of_weather).step({}, 60.0)


def test_weather_reaches_the_station(plant, year_of_weather):
    plant.reset(SUMMER, 1)
    plant.step({}, 12 * 3600.0)
    truth = plant.truth()
    noon = SUMMER + timedelta(hours=12)
    assert truth["weather.outdoor_temp_degc"] == pytest.approx(year_of_weather.at("temp_degc", noon), abs=1e-6)
    assert truth["weather.irradiance_w_per_m2"] == pytest.approx(year_of_weather.at("ghi_w_m2", noon), abs=1e-6)


def test_sensors_round_lag_and_err_but_stay_near_the_truth(plant):
    plant.reset(WINTER, 1)
    for _ in range(60):
        seen = plant.step({}, 60.0)
    truth = plant.truth()
    rooms = [name for name in seen if name.endswith("temp_degc") and name[0] in "abcd" and name[1].isdigit()]
    errors = [seen[name] - truth[name] for name in rooms]
    assert max(abs(e) for e in errors) < 0.5
    assert len({round(e, 3) for e in errors}) > 10
    assert all(seen[name] == round(seen[name], 1) for name in rooms)


@pytest.mark.parametrize("start", [datetime(2025, 3, 29, 12, tzinfo=UTC), datetime(2025, 10, 25, 12, tzinfo=UTC)])
def test_days_of_23_and_25_hours_pass_and_counters_only_grow(plant, biri, start):
    counters = [name for name, point in biri.points.items() if point.spec.counter]
    before = plant.reset(start, 1)
    assert len(counters) > 30
    for _ in range(28):
        seen = plant.step({}, 3600.0)
        assert all(seen[name] >= before[name] for name in counters)
        before = seen
    assert plant.now == start + timedelta(hours=28)


def test_the_plant_starts_where_it_is_told(plant):
    plant.reset(WINTER, 1)
    assert (plant.now, plant.elapsed_s) == (WINTER, 0.0)
    plant.step({}, 90.0)
    assert plant.elapsed_s == 90.0
