"""A building with collectors on two roofs, end to end: simulated, ruled, planned, recorded, learned, in the twin."""

from datetime import date, timedelta
from functools import partial

import numpy as np
import pytest

from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.twin.plant import Twin
from control.habits.learned import cold, learn
from control.measured import measured
from control.plant_model import from_site
from control.refit.fitted import NEUTRAL
from control.refit.parts import laws
from control.rules.decision import decide
from control.strategy import GOOD
from hil_sim.plant import create
from models.local_time import local_midnight
from models.prices import join_prices
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from tests.two_fields import EAST, WEST, two_fields

DAYS = 3
RULES = partial(decide, strategy=GOOD)


@pytest.fixture(scope="module", params=["hp_tank", "solar_tank"])
def site(request):
    return two_fields(request.param)


@pytest.fixture(scope="module")
def weather(site):
    return synthetic_year(2026, 1, site.place.latitude_deg, site.place.longitude_deg, site.place.altitude_m)


@pytest.fixture(scope="module")
def start():
    return local_midnight(date(2026, 6, 11))


@pytest.fixture(scope="module")
def ruled(site, weather, start):
    """Three days under the rules, in steps of five minutes."""
    return Lockstep(site, create(site, weather), start, dt_s=300.0, max_age_s=900.0).advance(24 * DAYS, RULES)


@pytest.fixture(scope="module")
def planned(site, weather, start):
    """A morning and noon under linear plans: the plans of the way, and the run."""
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2025, 2026, 2027)])
    setting = Setting(site, Information(weather, prices, 1, place), None, lambda: pytest.fail("nobody looks ahead"))
    optimiser = CONTESTANTS["optimiser.linear"](setting).controller
    plans = {}

    def watched(of, picture, now, memory, max_age_s):
        decision = optimiser(of, picture, now, memory, max_age_s)
        plans[optimiser.standing.plan.identity] = optimiser.standing.plan
        return decision

    run = Lockstep(site, create(site, weather), start + timedelta(hours=6)).advance(9, watched)
    assert not optimiser.failed
    return list(plans.values()), run


def test_each_pump_runs_when_its_own_roof_has_sun(ruled):
    hour = (np.arange(len(ruled.values)) + 1) * ruled.dt_s / 3600 % 24
    runs = {name: ruled.column(f"{name}.pump_pct") > 0 for name in (EAST, WEST)}
    assert all(pump.mean() > 0.1 for pump in runs.values())
    assert hour[runs[EAST]].mean() + 1 < hour[runs[WEST]].mean()
    for name, pump in runs.items():
        assert ruled.column(f"{name}.energy_kwh")[-1] > 50
        assert ruled.column(f"{name}.power_kw")[pump].min() > -2.0  # never long against a colder collector


def test_a_plan_has_both_fields_and_their_heat_adds_up_in_their_tanks(site, planned):
    plans, _ = planned
    plant = from_site(site)
    assert [panel.id for panel in plant.collectors] == [EAST, WEST]
    noon = max(plans, key=lambda plan: plan.trajectories[f"{EAST}.to_tank_kw"].sum())
    ways = noon.trajectories
    for panel in plant.collectors:
        assert (ways[f"{panel.id}.heat_kw"] * noon.grid.dt_h).sum() > 10
        sinks = sum(ways[f"{panel.id}.to_{sink}_kw"] for sink in ("tank", "circulation", "wells"))
        assert ways[f"{panel.id}.heat_kw"] == pytest.approx(sinks)
    assert noon.first.sun_share.keys() == {EAST, WEST}
    assert all(sum(share.values()) < 1 + 1e-6 for share in noon.first.sun_share.values())
    tank = next(tank for tank in plant.tanks if tank.node.id == "solar_tank")
    into = sum(ways[f"{panel.id}.to_tank_kw"] for panel in plant.collectors if panel.tank == "solar_tank")
    steps = np.diff(ways["solar_tank.degc"])
    stored = tank.node.capacity_kwh_per_k * steps / noon.grid.dt_h[1:]
    lost = tank.node.loss_kw_per_k * (ways["solar_tank.degc"][1:] - tank.surroundings_degc)
    assert stored == pytest.approx((into - ways["solar_tank.preheat_kw"])[1:] - lost, abs=0.2)


def test_the_plan_is_carried_out_and_what_came_of_each_field_can_be_looked_up(site, planned):
    plans, run = planned
    told = measured(site, from_site(site))
    record = record_of(run, site)
    for name in (EAST, WEST):
        power = told[f"{name}.heat_kw"].over(record)
        assert np.nanmax(power) > 3
        assert f"{name}.heat_kw" in plans[-1].trajectories


def test_a_factor_for_each_field_and_a_law_for_each_come_of_the_record(site, ruled):
    record = record_of(ruled, site)
    learned = learn(site, record, cold(site))
    assert learned.collectors.keys() == {EAST, WEST}
    for factor in learned.collectors.values():
        assert factor.days >= 2
        assert 0.8 < factor.value < 1.2
    parts = {law.part for law in laws(site, from_site(site), record)}
    assert {f"collectors.{name}" for name in (EAST, WEST)} <= parts


def test_the_twin_gets_the_heat_of_each_field_that_the_plant_got(site, ruled):
    record = record_of(ruled, site)
    begin = record.start + timedelta(hours=30)
    twin = Lockstep(site, Twin(site, from_site(site), NEUTRAL, record), begin, dt_s=300.0, max_age_s=900.0)
    run = twin.advance(24, RULES)
    for name in (EAST, WEST):
        point = f"{name}.energy_kwh"
        rows = record.column(point)
        first = record.index(begin)
        was = rows[first + 95] - rows[first - 1]
        assert run.column(point)[-1] - run.initial[run.points.index(point)] == pytest.approx(was, rel=0.2)
