"""An air-source machine in air colder than it stands: rules, guard and plan know that it gives nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from control.assets.heat_pumps import Running
from control.dispatch import Options, plan
from control.grid import Grid
from control.observer.observe import _machines
from control.picture import Scene
from control.plan import Plan
from control.plant_model import from_site
from control.strategy import GOOD
from control.wish import Wish
from models.reasons import Code, because
from models.site import load_site
from tests.control.conftest import Paper
from tests.control.plans import START, heated, machine

ROOT = Path(__file__).parents[2]
STAGE = "hp_io.stage_request"
LOWEST = -22.0


@pytest.fixture(scope="module")
def house():
    return load_site(ROOT / "docs" / "examples" / "air_house" / "site.toml")


@pytest.fixture
def paper(house):
    paper = Paper(house, datetime(2026, 1, 15, 11, 0, tzinfo=UTC))
    paper.strategy = GOOD
    paper.layers("buffer", 30, 30, 30, 30)
    return paper


def at(paper, degc, minutes=30):
    paper.set(hp__outdoor_temp_degc=degc)
    for _ in range(minutes):
        values = paper.decide(60)
        paper.set(hp_io__compressor_1_on=values.get(STAGE, 0.0))
    return values


def test_it_rests_in_colder_air_and_for_a_kelvin_more_and_the_boiler_is_free(paper):
    assert at(paper, LOWEST + 0.5)[STAGE] == 0.0  # it does not start so near to it
    assert at(paper, LOWEST + 1.5)[STAGE] == 1.0
    assert at(paper, LOWEST + 0.5)[STAGE] == 1.0  # and goes on
    cold = at(paper, LOWEST - 0.5)
    assert (cold[STAGE], paper.code(STAGE)) == (0.0, "safety.machine_too_cold")
    assert cold["boiler.stage_request"] > 0
    assert at(paper, LOWEST + 1.5)[STAGE] == 1.0


def test_without_a_sensor_its_own_protection_decides(paper):
    at(paper, LOWEST + 1.5)
    paper.kill("outdoor_temp_degc")
    for _ in range(10):
        values = paper.decide(60)
    assert values[STAGE] == 1.0


@pytest.mark.parametrize(
    ("degc", "given", "code"), [(LOWEST - 0.1, 0.0, "safety.outdoor_cold"), (LOWEST, 1.0, "heat.stages.no_heat")]
)
def test_the_guard_stops_it_whoever_asks(paper, degc, given, code):
    paper.set(hp__outdoor_temp_degc=degc)
    command = paper.guarded(Wish(STAGE, 1.0, because(Code.STAGES_NO_HEAT), ()))
    assert (command.value, command.reason.code) == (given, code)


def test_a_plan_has_no_heat_from_it_in_the_cold_steps_and_all_of_it_in_the_others():
    grid = Grid(START, (1,) * 24)
    outdoor = np.where(np.arange(24) % 12 < 6, LOWEST - 1.0, LOWEST + 1.0)
    case = heated(grid, machine(wells=False, lowest_source_degc=LOWEST), outdoor_degc=outdoor)
    # It runs now, and must by its shortest run; the air is stronger.
    running = replace(case.state, heat_pumps={"hp": Running(1, 1, must_run=1, must_run_h=0.5)})
    for options in (Options(), Options(whole_h=0.0)):
        found = plan(replace(case, state=running), options)
        assert isinstance(found, Plan)
        heat = found.trajectories["hp.buffer.heat_kw"]
        assert np.abs(heat[outdoor < LOWEST]).max() < 1e-6
        assert heat[outdoor > LOWEST].max() > 1.0


def test_a_machine_that_only_rests_from_the_cold_is_still_the_plans(paper):
    at(paper, LOWEST - 2.0)
    plant = from_site(paper.site)
    scene = Scene(paper.site, paper.picture, paper.now, 120.0, paper.now, GOOD)
    assert plant.heat_pumps[0].lowest_source_degc == LOWEST
    assert _machines(scene, paper.memory, plant, Grid(START, (1,)))["hp"].available == 1


def test_only_a_machine_that_takes_its_heat_from_the_air_has_a_lowest_temperature(house):
    pump = house.heat_pumps[0]
    with pytest.raises(ValidationError, match="only where source is 'air'"):
        type(pump).model_validate(pump.model_dump() | {"source": "wells"})
