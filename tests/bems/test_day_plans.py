"""The first plan of a local day is kept, over a restart too, and the day is held against it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.insight.day_plans import DAY_PLANS_KEY, KEPT, DayPlans, day_plan, recalled
from bems.insight.look_back import look_back
from bems.planning.shadow import HourScore
from control.dispatch import Options, plan
from control.grid import Grid
from control.plant_model import from_site
from models.local_time import local_date
from models.signals import Quality, Sample
from models.site import load_site
from tests.control.plans import small

ROOT = Path(__file__).parents[2]
HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 1, 14, 23, 0, tzinfo=UTC)
DAY = Grid(MIDNIGHT, (1,) * 24 + (2,) * 12 + (4,) * 24)


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def found():
    load = np.where(DAY.edges_h[:-1] < 6, 10.0, 20.0)
    return plan(small(DAY, base_load_kw=load), Options(whole_h=0.0))


@pytest.fixture
def record(tmp_path):
    with Record.open(tmp_path / "record.sqlite") as opened:
        yield opened


def advice(biri, found, at=MIDNIGHT):
    return SimpleNamespace(plan=found, plant=from_site(biri), made_at=at)


def test_a_days_plan_is_told_by_clock_hour_and_ends_with_the_day(biri, found):
    of = day_plan(biri, advice(biri, found), MIDNIGHT)
    energies = of.values["grid.power_kw"]
    assert len(energies) == 24
    assert energies[0] == pytest.approx(10.0, abs=0.3)
    assert energies[12] == pytest.approx(20.0, abs=0.3)
    assert of.start == MIDNIGHT


async def test_the_first_plan_of_a_day_is_kept_and_no_later_one(biri, found, record):
    now = [MIDNIGHT + timedelta(minutes=5)]
    planner = SimpleNamespace(advice=None)
    plans = DayPlans(biri, planner, record, lambda: now[0])
    await plans.look()
    assert record.load_state(DAY_PLANS_KEY) is None
    for minutes in (10, 25):
        now[0] = MIDNIGHT + timedelta(minutes=minutes)
        planner.advice = advice(biri, found, now[0])
        await plans.look()
    kept = DayPlans(biri, planner, record, lambda: now[0]).of(local_date(MIDNIGHT))
    assert kept.made_at == MIDNIGHT + timedelta(minutes=10)


async def test_a_plan_of_yesterday_is_not_taken_for_todays(biri, found, record):
    planner = SimpleNamespace(advice=advice(biri, found, MIDNIGHT - HOUR))
    plans = DayPlans(biri, planner, record, lambda: MIDNIGHT + HOUR)
    await plans.look()
    assert plans.of(local_date(MIDNIGHT)) is None


async def test_so_many_days_are_kept(biri, found, record):
    planner, now = SimpleNamespace(advice=None), [MIDNIGHT]
    plans = DayPlans(biri, planner, record, lambda: now[0])
    for n in range(KEPT + 2):
        now[0] = MIDNIGHT + n * 24 * HOUR
        planner.advice = advice(biri, found, now[0])
        await plans.look()
    assert len(record.load_state(DAY_PLANS_KEY)) == KEPT


def test_what_cannot_be_read_is_begun_anew():
    assert recalled(None) == recalled([{"day": "never"}]) == ()


def test_looking_back_sets_what_was_measured_beside_the_plan(biri, found, record, tmp_path):
    minutes = [Sample("main.power_kw", MIDNIGHT + n * timedelta(minutes=1), 12.0, Quality.GOOD) for n in range(180)]
    record.append_tick(minutes, [], [], {})
    scores = [HourScore(MIDNIGHT + n * HOUR, ("rooms",), 8.0, 9.0, 10.0, 12.0, 0.5) for n in (-1, 0, 1)]
    history, now = History(tmp_path / "record.sqlite"), MIDNIGHT + 3 * HOUR
    of = day_plan(biri, advice(biri, found), MIDNIGHT)
    told = look_back(biri, from_site(biri), history, now, local_date(MIDNIGHT), of, scores)
    bought = next(line for line in told.lines if line.id == "grid.power_kw")
    assert bought.measured[:4] == [12.0, 12.0, 12.0, None]
    assert bought.unit == "kWh"
    assert [hour.start for hour in told.hours] == [MIDNIGHT, MIDNIGHT + HOUR]


def test_a_day_without_a_plan_has_its_scores_alone(biri, tmp_path, record):
    told = look_back(
        biri, from_site(biri), History(tmp_path / "record.sqlite"), MIDNIGHT, local_date(MIDNIGHT), None, []
    )
    assert (told.made_at, told.lines, told.hours) == (None, [], [])
