"""When to plan, which plan is in force, and when a new one is worth changing compressors for."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from control.dispatch import Options, plan
from control.grid import Grid
from control.lp import Status
from control.plan import NoPlan, Plan, Violation
from control.planning import GOOD_FOR, KEEP_NOK, Standing, label, planned, steadied, sun_spares_kw, taken
from control.rules.peak_guard import boilers_kw
from models.site import load_site
from tests.control.plans import START, after, heated, machine

ROOT = Path(__file__).parents[2]
QUARTERS = Grid(START, (1,) * 8 + (4,) * 6)
OPTIONS = Options(whole_h=2.0)
COUNT = "hp.buffer.compressors"


@pytest.fixture(scope="module")
def case():
    return heated(QUARTERS, machine())


@pytest.fixture(scope="module")
def made(case):
    found = plan(case, OPTIONS)
    assert isinstance(found, Plan)
    return found


def standing(made, count):
    """A plan in force that has so many compressors running now."""
    ways = {**made.trajectories, COUNT: np.full(len(QUARTERS), float(count))}
    return Standing(replace(made, trajectories=ways), START, frozenset())


def solve(of):
    return plan(of, OPTIONS)


def objective_with(case, made, count):
    asked = []

    def counted(of):
        asked.append(plan(of, OPTIONS))
        return asked[-1]

    kept = steadied(case, made, standing(made, count), counted)
    return kept, asked


def test_a_new_plan_is_in_force_at_once_and_the_last_good_one_until_it_expires(made):
    lost = frozenset({"hp2"})
    first = taken(None, made, START, lost)
    assert first == Standing(made, START, lost)
    nothing = NoPlan(None, ("too slow",))
    assert taken(None, nothing, START, lost) is None
    assert taken(first, nothing, START + GOOD_FOR - timedelta(seconds=1), lost) is first
    assert taken(first, nothing, START + GOOD_FOR, lost) is None


def test_who_decides_has_a_name_and_the_plans_age(made):
    plan_in_force = Standing(made, START, frozenset())
    assert label(None, START) == ("rules", {})
    assert label(plan_in_force, after(0.25)) == ("optimiser", {})
    assert label(plan_in_force, after(0.75)) == ("optimiser.old", {"age_min": 45.0})
    assert label(plan_in_force, START + GOOD_FOR) == ("rules", {})


def test_compressors_do_not_change_for_a_trifle(case, made):
    now = round(float(made.trajectories[COUNT][0]))
    kept, asked = objective_with(case, made, 1 - now)
    assert len(asked) == 1
    dearer = asked[0].report.objective - made.report.objective
    assert dearer >= -1e-6
    if dearer <= KEEP_NOK:
        assert kept is asked[0]
        assert round(float(kept.trajectories[COUNT][0])) == 1 - now
    else:
        assert kept is made


@pytest.mark.parametrize(("gain", "keeps"), [(0.9 * KEEP_NOK, True), (1.1 * KEEP_NOK, False)])
def test_what_a_change_must_gain_is_stated(case, made, gain, keeps):
    now = round(float(made.trajectories[COUNT][0]))

    def dearer_by(of):
        assert [(held.trajectory, held.least, held.most) for held in of.held] == [(COUNT, 1.0 - now, 1.0 - now)]
        return replace(made, report=replace(made.report, objective=made.report.objective + gain))

    kept = steadied(case, made, standing(made, 1 - now), dearer_by)
    assert (kept is not made) == keeps


def test_an_old_plan_is_never_kept_where_it_breaks_a_promise_or_is_impossible(case, made):
    now = round(float(made.trajectories[COUNT][0]))
    other = standing(made, 1 - now)
    broken = replace(made, violations=(*made.violations, made_violation()))
    assert steadied(case, made, other, lambda _: broken) is made
    assert steadied(case, made, other, lambda _: NoPlan(None, ("no",))) is made
    # A machine that is gone cannot be held on.
    gone = replace(case, state=replace(case.state, heat_pumps={}))
    without = plan(gone, OPTIONS)
    assert isinstance(without, Plan)
    assert steadied(gone, without, standing(made, 1), solve) is without


def made_violation():
    return Violation("rooms cold", 1.0, 3)


def test_nothing_is_solved_again_without_a_change_or_a_plan_in_force(case, made):
    def never(_):
        raise AssertionError("nothing to solve")

    now = round(float(made.trajectories[COUNT][0]))
    assert steadied(case, made, None, never) is made
    assert steadied(case, made, standing(made, now), never) is made
    old = replace(standing(made, 1 - now), made_at=START - 2 * GOOD_FOR)
    assert steadied(case, made, old, never) is made


@pytest.mark.parametrize(("jumps_s", "status"), [(0.0, Status.OPTIMAL), (60.0, Status.TIME_LIMIT_WITH_INCUMBENT)])
def test_a_second_solve_has_the_time_the_first_has_left_and_the_plan_says_so_when_that_is_none(case, jumps_s, status):
    looks = []

    def still():
        looks.append(None)
        return 0.0

    first = plan(case, OPTIONS, still)
    own = len(looks)

    def seconds():
        return still() + jumps_s * (len(looks) > 2 * own + 1)

    before = standing(first, 1 - round(float(first.trajectories[COUNT][0])))
    made = planned(case, before, OPTIONS, seconds)
    assert isinstance(made, Plan)
    assert made.report.status is status


def test_a_plan_counts_on_boilers_through_days_that_the_machines_cannot_carry_alone():
    biri = load_site(ROOT / "site.biri.toml")
    assert boilers_kw(biri, -8.0) == 0.0
    assert boilers_kw(biri, -14.0) == 0.0  # the building carries it
    assert 15.0 < boilers_kw(biri, -22.0) < boilers_kw(biri, -26.0) < 40.0
    assert boilers_kw(biri, -80.0) == sum(boiler.stages * boiler.stage_kw for boiler in biri.boilers)


def test_a_plan_counts_on_no_boiler_where_a_network_gives_the_rest():
    school = load_site(ROOT / "docs" / "examples" / "district_school" / "site.toml")
    assert boilers_kw(school, -28.0) == 0.0


@pytest.mark.parametrize(
    ("sun", "spared"),
    [
        ([0, 0, 0, 0], 0.0),
        ([0, 30, 30, 0], 25.0),  # what is left is highest in the evening
        ([0, 30, 0, 0], 5.0),  # the step after it has no sun
        ([40, 0, 0, 0], 0.0),  # sun when nobody needs it
        (None, 0.0),
    ],
)
def test_the_sun_lowers_the_peak_that_a_month_sees_anyway_by_what_it_spares_the_highest_step(sun, spared):
    load = np.array([20.0, 60.0, 55.0, 35.0])
    assert sun_spares_kw(load, None if sun is None else np.array(sun, dtype=float)) == pytest.approx(spared)
