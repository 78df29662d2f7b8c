"""The twin against the plant it never saw the inside of: the same hours, the same rules, nearly the same energy."""

from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.twin.account import account
from bems.twin.inputs import TwinError
from bems.twin.plant import Twin
from bems.twin.tanks import BOTTOM, LAYERS, TOP, Vessel
from control.plant_model import from_site
from control.record import Record
from control.refit.fitted import NEUTRAL
from control.rules.decision import decide
from control.strategy import GOOD, NAIVE
from hil_sim.plant import create
from models.local_time import local_midnight
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

SITE = load_site(Path("site.biri.toml"))
PLANT = from_site(SITE)
STEP_S = 300.0
RULES = partial(decide, strategy=GOOD)
LEAD_H, RUN_H = 14, 20


@pytest.fixture(scope="module")
def weather():
    place = SITE.place
    return synthetic_year(2026, 1, place.latitude_deg, place.longitude_deg, place.altitude_m)


@pytest.fixture(scope="module")
def record(weather) -> Record:
    """A day and a half of the simulated plant under the good rules."""
    from datetime import date

    start = local_midnight(date(2026, 3, 3))
    lockstep = Lockstep(SITE, create(SITE, weather), start, dt_s=STEP_S, max_age_s=900.0)
    return record_of(lockstep.advance(LEAD_H + RUN_H, RULES), SITE)


@pytest.fixture(scope="module")
def start(record):
    return record.start + timedelta(hours=LEAD_H)


def _run(twin, start, hours=RUN_H, controller=RULES):
    return Lockstep(SITE, twin, start, dt_s=STEP_S, max_age_s=900.0).advance(hours, controller)


@pytest.fixture(scope="module")
def same(record, start):
    return _run(Twin(SITE, PLANT, NEUTRAL, record), start)


def _moved(run, point):
    return run.column(point)[-1] - run.initial[run.points.index(point)]


def _recorded(record, point, start):
    first = record.index(start) - 1
    return record.column(point)[-1] - record.column(point)[first]


def test_same_rules_in_the_same_hours_come_to_the_same_energy(same, record, start):
    recorded = _recorded(record, "main.import_kwh", start)
    assert _moved(same, "main.import_kwh") == pytest.approx(recorded, rel=0.06)
    for point in ("el_hot_water.import_kwh", "heat_circulation.energy_kwh"):
        assert _moved(same, point) == pytest.approx(_recorded(record, point, start), rel=0.15)
    made = sum(_moved(same, f"heat_{pump.id}.energy_kwh") for pump in SITE.heat_pumps)
    was = sum(_recorded(record, f"heat_{pump.id}.energy_kwh", start) for pump in SITE.heat_pumps)
    assert made == pytest.approx(was, rel=0.2)


def test_rooms_stay_where_they_were(same, record, start):
    for room in ("a1", "d8", "cafe", "administration"):
        seen = same.column(f"{room}.temp_degc").reshape(-1, 3).mean(axis=1)
        was = record.column(f"{room}.temp_degc")[record.index(start) :]
        assert float(np.sqrt(((seen - was[: len(seen)]) ** 2).mean())) < 0.35


def test_everything_the_rules_need_is_there(same):
    silent = [p for p in SITE.points if np.isnan(same.column(p)).any()]
    assert silent == []


def test_it_is_the_same_every_time(same, record, start):
    again = _run(Twin(SITE, PLANT, NEUTRAL, record), start)
    assert np.array_equal(same.values, again.values)


def test_fitted_losses_are_paid_for(record, start):
    leaky = NEUTRAL.with_part("circulation", {"loss": 1.5})
    runs = [_run(Twin(SITE, PLANT, fitted, record), start, 8) for fitted in (NEUTRAL, leaky)]
    circulation = [_moved(run, "heat_circulation.energy_kwh") for run in runs]
    assert circulation[1] == pytest.approx(1.5 * circulation[0], rel=0.05)
    assert _moved(runs[1], "el_hot_water.import_kwh") > _moved(runs[0], "el_hot_water.import_kwh") + 10.0


def test_a_colder_set_point_saves_heat_and_cools_the_rooms(record, start):
    rooms, heat = [], []
    for shift in (0.0, -1.0):
        twin = Twin(SITE, PLANT, NEUTRAL, record)
        before = twin.reset(start, 1)["heat_floor.energy_kwh"]
        points = [p for p in SITE.points if p.endswith(".setpoint_degc")]
        twin.step({p: twin.house.held[p] + shift for p in points}, 60.0)
        for _ in range(72):
            seen = twin.step({}, 300.0)
        rooms.append(twin.house.rooms["unit_a"][0])
        heat.append(seen["heat_floor.energy_kwh"] - before)
    assert rooms[1] < rooms[0]
    assert heat[1] < 0.95 * heat[0]


def test_a_command_given_back_falls_to_its_default(record, start):
    twin = Twin(SITE, PLANT, NEUTRAL, record)
    twin.reset(start, 1)
    twin.step({"boiler.stage_request": 3.0}, 60.0)
    assert twin.house.boiler_kw == [60.0]
    twin.step({"boiler.stage_request": None}, 60.0)
    assert twin.house.boiler_kw == [0.0]
    with pytest.raises(KeyError):
        twin.step({"boiler.power_kw": None}, 60.0)


def test_cars_that_are_held_back_charge_later(record, start):
    twin = Twin(SITE, PLANT, NEUTRAL, record)
    twin.reset(start, 1)
    held = {f"{c.id}.max_current_a": 0.0 for c in SITE.chargers}
    twin.step(held, 60.0)
    assert sum(twin.house.car_kw) == 0.0


def test_account_tells_each_controller_from_the_same_state(record, start, weather):
    prices = synthetic_prices(2026, 1, weather)
    controllers = {"rules": RULES, "naive": partial(decide, strategy=NAIVE)}
    told = account(SITE, PLANT, NEUTRAL, record, start.replace(minute=0), 3, controllers, prices)
    assert set(told) == {"rules", "naive"}
    for one in told.values():
        assert len(one.bought_kwh) == len(one.energy_nok) == 3
        assert one.bought_kwh.sum() == pytest.approx(one.score.energy_bought_kwh)
    first = [one.run.initial[one.run.points.index("a1.temp_degc")] for one in told.values()]
    assert first[0] == first[1]


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        ("weather.outdoor_temp_degc", "outdoor"),
        ("main.power_kw", "main meter"),
        ("el_hp1.power_kw", "hp1"),
    ],
)
def test_says_what_a_record_lacks(record, lost, words):
    values = {point: column for point, column in record.values.items() if point != lost}
    with pytest.raises(TwinError, match=words):
        Twin(SITE, PLANT, NEUTRAL, Record(record.start, record.dt_s, values))


def test_vessels_keep_energy():
    vessel = Vessel(3.5, 0.0, 20.0)
    vessel.fill([50.0, 45.0, 40.0, 35.0])
    before = vessel.mean_degc
    for _ in range(60):
        vessel.through(BOTTOM, TOP, 20.0, 7.5)
        vessel.through(TOP, BOTTOM, -12.0, 6.0)
        vessel.heat(BOTTOM, 1.0)
        vessel.advance(60.0)
    assert (vessel.mean_degc - before) * 3.5 == pytest.approx(9.0, rel=1e-6)
    assert len(vessel.temps) == LAYERS
