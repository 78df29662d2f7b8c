"""What came of a plan's commands is read from the record when its first step has passed, once, and kept as an event."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.insight.outcomes import SUBJECT, TELLS, Outcomes, of_command
from bench._plan_cases import inputs
from control.decisions import Family, decisions
from control.dispatch import Options, plan
from control.grid import Grid
from control.measured import Outcome, measured, outcome
from control.plant_model import from_site
from control.record import Record as Columns
from models.signals import Quality, Sample
from models.site import load_site
from tests.control.plans import small

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GRID = Grid(START, (1,) * 24)


@pytest.fixture(scope="module")
def site():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def found():
    return plan(small(GRID, base_load_kw=np.full(24, 40.0)), Options(whole_h=0.0))


@pytest.fixture
def house(site, found, tmp_path):
    """A record in which 36 kW are bought, and a plan that expects 40."""
    path, now, events = tmp_path / "record.sqlite", [START], []
    with Record.open(path) as record:
        minutes = [Sample("main.power_kw", START + n * timedelta(minutes=1), 36.0, Quality.GOOD) for n in range(40)]
        record.append_tick(minutes, [], [], {})
        advice = SimpleNamespace(plan=found, plant=from_site(site), made_at=START)
        planner = SimpleNamespace(advice=advice)
        outcomes = Outcomes(site, planner, History(path), lambda: now[0])
        outcomes.note = events.append
        yield SimpleNamespace(outcomes=outcomes, now=now, events=events, advice=advice, planner=planner)


async def test_it_is_read_when_the_step_has_passed_and_only_once(house):
    for minutes in (0, 14, 16, 17, 18, 30):
        house.now[0] = START + timedelta(minutes=minutes)
        await house.outcomes.look()
        assert len(house.events) == (minutes >= 17)
    (event,) = house.events
    assert (event.kind, event.subject, event.at) == (EventKind.PLAN, SUBJECT, START + QUARTER)
    assert ["grid.power_kw", "kWh", 10.0, 9.0] in event.data["outcomes"]
    assert event.data["made_at"] == START.isoformat()


async def test_what_no_sensor_told_is_not_known(house):
    house.now[0] = START + timedelta(minutes=1)
    await house.outcomes.look()
    house.now[0] = START + timedelta(minutes=20)
    await house.outcomes.look()
    unknown = [one.happened for one in house.outcomes.last[1] if one.trajectory != "grid.power_kw"]
    assert unknown == [None] * len(unknown) != []


async def test_of_two_plans_that_begin_alike_the_newer_one_was_carried_out(house):
    await house.outcomes.look()
    house.planner.advice = newer = SimpleNamespace(**vars(house.advice) | {"made_at": START + timedelta(minutes=4)})
    for minutes in (4, 20):
        house.now[0] = START + timedelta(minutes=minutes)
        await house.outcomes.look()
    assert len(house.events) == 1
    assert house.outcomes.last[0] is newer


async def test_a_record_that_cannot_be_read_costs_one_outcome_and_no_more(house, monkeypatch):
    await house.outcomes.look()
    monkeypatch.setattr(History, "aggregated", lambda *_: (_ for _ in ()).throw(OSError("gone")))
    house.now[0] = START + timedelta(minutes=20)
    await house.outcomes.look()
    monkeypatch.undo()
    await house.outcomes.look()
    assert (house.events, house.outcomes.last) == ([], None)


def test_a_command_is_told_by_the_meter_of_its_asset(site):
    told = measured(site, from_site(site))
    pumps = from_site(site).heat_pumps[0].id
    outcomes = (Outcome(f"{pumps}.power_kw", "kWh", 8.0, 7.5), Outcome("boiler.power_kw", "kWh", 0.0, 0.0))
    assert TELLS[Family.COMPRESSORS].format(pumps) in told
    assert of_command(SimpleNamespace(family=Family.COMPRESSORS, asset=pumps), outcomes) is outcomes[0]
    assert of_command(SimpleNamespace(family=Family.AIR, asset="ahu_1"), outcomes) is None


def test_every_command_of_a_plan_has_an_outcome(site):
    case = inputs(site, 2)
    found = plan(case, Options(whole_h=0.0))
    told = measured(site, case.plant)
    record = Columns(found.grid.start, 900.0, {point: np.zeros(1) for of in told.values() for point in of.points})
    outcomes = outcome(found, record, told)
    asked = decisions(case, found)
    assert {Family.AIR, Family.ROOM, Family.COMPRESSORS, Family.AFTER_HEATER} <= {one.family for one in asked}
    assert [one.asset for one in asked if of_command(one, outcomes) is None] == []
