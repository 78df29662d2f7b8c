"""The optimiser in lockstep with the plant: it plans, the rules follow, and without a plan they go on alone at once."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import control.planning
from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep, LockstepResult
from bems.backtest.variants import VARIANTS
from control.ledger import Ledger
from control.plan import NoPlan, Plan
from control.planning import CUT_SHORT, GOOD_FOR, label
from control.rules.memory import RuleMemory
from hil_sim.plant import create
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from tests.control.test_learned import MONDAY
from tests.control.test_presence import told

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def world():
    site = load_site(ROOT / "site.biri.toml")
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2025, 2026, 2027)])
    return site, weather, Information(weather, prices, 1, place)


def nothing_recorded():
    raise AssertionError("only the oracle looks ahead")


def running(world, name="optimiser"):
    site, weather, information = world
    contestant = CONTESTANTS[name](Setting(site, information, None, nothing_recorded))
    return Lockstep(site, create(site, weather), START), contestant.controller


def codes(result):
    return {command.reason.code for _, command in result.commands}


def test_it_plans_every_quarter_and_the_rules_follow(world):
    lockstep, controller = running(world)
    result = lockstep.advance(1.0, controller)
    assert not controller.failed
    assert len(controller.solve_ms) == 4
    assert {"plan.stages", "plan.supply"} <= codes(result)
    assert label(controller.standing, lockstep.now) == ("optimiser", {})


@pytest.fixture
def no_solver(monkeypatch):
    """From when it is called, the solver finds nothing; it counts how often it was asked."""
    asked = []

    def fail():
        monkeypatch.setattr(control.planning, "plan", lambda *_: asked.append(1) or NoPlan(None, ("made to fail",)))
        return asked

    return fail


def test_without_a_new_plan_the_last_good_one_goes_on_and_then_the_rules_alone(world, no_solver):
    lockstep, controller = running(world)
    lockstep.advance(0.25, controller)
    asked = no_solver()
    standing = controller.standing
    still = lockstep.advance(GOOD_FOR / timedelta(hours=1) - 0.5, controller)
    assert controller.standing is standing
    assert len(asked) == 6
    assert label(standing, lockstep.now)[0] == "optimiser.old"
    assert not still.codes("peak.boiler")
    lockstep.advance(0.5, controller)
    assert controller.standing is None
    assert label(controller.standing, lockstep.now) == ("rules", {})
    after = lockstep.advance(0.5, controller)
    assert not any(code.startswith("plan.") for code in codes(after))
    assert np.nanmin(after.column("hot_water.supply_temp_degc")) > 65.0


@pytest.mark.parametrize("name", ["optimiser", "optimiser.linear"])
def test_two_plans_on_the_same_data_are_the_same_unless_the_time_limit_was_hit_and_they_say_so(world, name):
    plans = []
    for _ in range(2):
        lockstep, controller = running(world, name)
        lockstep.advance(1 / 60, controller)
        plans.append(controller.standing.plan)
    first, second = plans
    assert isinstance(first, Plan)
    if any(plan.report.status in CUT_SHORT for plan in plans):
        pytest.skip("the machine was too busy for the time limit")
    assert first.first == second.first
    for trajectory, values in first.trajectories.items():
        assert np.array_equal(values, second.trajectories[trajectory]), trajectory


@pytest.mark.parametrize("name", [name for name in VARIANTS if name != "optimiser"])
def test_each_variant_lacks_what_it_says_and_still_plans(world, name):
    lockstep, controller = running(world, name)
    lockstep.advance(1 / 60, controller)
    plan = controller.standing.plan
    assert controller.variant == VARIANTS[name]
    assert controller.variant != VARIANTS["optimiser"]
    assert (plan.report.integers == 0) == (".linear" in name) or plan.report.way == "whole"
    assert len(set(plan.grid.quarters)) == (1 if name.endswith("fine_grid") else 3)
    assert (controller.known(START).weather.source == "truth") == name.endswith("true_forecasts")


def test_without_its_gradient_a_plan_does_not_see_what_a_warm_tank_costs(world):
    plans = {}
    for name in ("optimiser.linear", "optimiser.no_gradient"):
        lockstep, controller = running(world, name)
        lockstep.advance(1 / 60, controller)
        plans[name] = controller.standing.plan
    warm = {name: float(np.max(plan.trajectories["buffer.degc"])) for name, plan in plans.items()}
    assert warm["optimiser.no_gradient"] > warm["optimiser.linear"]


def test_the_people_of_the_warm_up_are_in_the_plant_it_plans_and_observes_with(world):
    site, _, information = world
    seen = told(site)
    values = np.column_stack(list(seen.values()))
    run = LockstepResult(MONDAY, 900.0, tuple(seen), values, values[0], [], [], {}, RuleMemory(), Ledger())
    taught = CONTESTANTS["optimiser"](Setting(site, information, run, nothing_recorded)).controller.known(START)
    assert set(taught.plant.presence) == {"cafe", "day_centre"}
    assert taught.plant.presence == taught.learned.presence
