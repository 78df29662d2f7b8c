"""Planning: state the problem, solve it within a time limit, prove that hygiene came first, read the plan."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from control.expr import Expr
from control.formulation import Stated, state
from control.lp import Given, Solution, Status
from control.plan import NoPlan, Plan, Report, Way
from control.problem import Inputs, faults
from control.readout import read

BROKEN_NOK: Final = 1e4
"""Per unit of any row, when not all can be kept."""
NEAR_SHARE: Final = 0.5
"""Of the time left, for whole numbers next to the linear plan's; most plans need a twentieth of it."""
NEAR_ENOUGH: Final = 0.01
NEAR_ENOUGH_NOK_PER_KW: Final = 0.125
"""Above the bound by less, for all heat pumps together, a full search is not worth its time."""
FULL_SHARE: Final = 0.8
HYGIENE_TOLERANCE_KH: Final = 0.05
HYGIENE_TOLERANCE: Final = 0.01
"""More slack than is unavoidable, absolute and relative: whole compressors cannot meet a limit to the last digit."""


@dataclass(frozen=True)
class Options:
    """How to solve."""

    whole_h: float = 6.0
    """Compressors and boiler stages are whole numbers for so long [h]; 0: a linear problem."""
    gap: float = 0.005
    gap_nok_per_kw: float = 0.04
    """Allowed in any case, by power of all heat pumps: about a start. Less takes summers all their time."""
    time_limit_s: float = 2.5
    """For all solves of one plan together [s]."""
    linear_limit_s: float = 5.0
    """For the first of them on a machine that is busy: without the linear plan there is none [s]."""


Outcome = tuple[Solution, Way, tuple[Given, ...]]


def _still() -> float:
    return 0.0


def plan(of: Inputs, options: Options = Options(), seconds: Callable[[], float] = _still) -> Plan | NoPlan:
    """The cheapest plan that keeps every promise it can.

    Args:
        of: everything known.
        options: how to solve.
        seconds: a stopwatch, for the time limit and the report; control has no clock of its own.
    """
    begun = seconds()
    if reasons := faults(of):
        return NoPlan(None, tuple(reasons))
    stated = state(of, options.whole_h)

    def left_s() -> float:
        return max(options.time_limit_s - (seconds() - begun), 0.05)

    found, way, gave = _solved(stated, options, left_s)
    if found.found and stated.hygiene is not None and way is not Way.LEAST_BROKEN:
        found, way, gave = _hygiene_first(stated, stated.hygiene, (found, way, gave), options, left_s)
    ms = 1000 * (seconds() - begun)
    if not found.found:
        return NoPlan(found.status, (f"the solver gave no plan: {found.status}",), ms)
    m = stated.bus.m
    report = Report(way, found.status, found.objective, found.gap, ms, m.row_count, m.columns, m.integer_count)
    return read(of, stated, found, gave, report)


def _solved(stated: Stated, options: Options, left_s: Callable[[], float]) -> Outcome:
    """The linear plan, which bounds every other; whole numbers near it or from a full search; or what breaks least."""
    m = stated.bus.m
    linear = m.solve(time_limit_s=options.linear_limit_s)
    if linear.status is Status.INFEASIBLE:
        broken, gave = m.least_broken(BROKEN_NOK, time_limit_s=left_s())
        return broken, Way.LEAST_BROKEN, gave
    if not linear.found or options.whole_h <= 0 or not m.integer_count:
        return linear, Way.RELAXED, ()
    whole = _whole(stated, options, linear, left_s)
    if whole is None:
        return replace(linear, status=Status.TIME_LIMIT_WITH_INCUMBENT), Way.LINEAR, ()
    exact = m.solve(fixed=whole.x, time_limit_s=left_s())
    gap = (whole.objective - linear.objective) / max(abs(whole.objective), 1.0)
    return replace(exact if exact.found else whole, status=whole.status, gap=gap), Way.WHOLE, ()


def _whole(stated: Stated, options: Options, linear: Solution, left_s: Callable[[], float]) -> Solution | None:
    """Whole numbers next to the linear plan's if that costs next to nothing, else the better of these and of all."""
    m = stated.bus.m
    gap = max(options.gap, options.gap_nok_per_kw * stated.pumps_kw / max(abs(linear.objective), 1.0))
    near = m.solve(near=linear.x, gap=gap, time_limit_s=NEAR_SHARE * left_s())
    enough = max(NEAR_ENOUGH * abs(near.objective), NEAR_ENOUGH_NOK_PER_KW * stated.pumps_kw)
    if near.status is Status.OPTIMAL and near.objective - linear.objective <= enough:
        return near
    full = m.solve(gap=gap, time_limit_s=FULL_SHARE * left_s())
    if full.status is Status.OPTIMAL:
        return full
    found = [one for one in (near, full) if one.found]
    best = min(found, key=lambda one: one.objective, default=None)
    return None if best is None else replace(best, status=Status.TIME_LIMIT_WITH_INCUMBENT)


def _hygiene_first(
    stated: Stated, hygiene: Expr, before: Outcome, options: Options, left_s: Callable[[], float]
) -> Outcome:
    """Lexicographic: where the plan misses hygiene by more than is unavoidable, plan again with that as a limit."""
    dt = stated.bus.grid.dt_h
    missed = float(before[0].value((hygiene * dt).sum())[0])
    if missed <= HYGIENE_TOLERANCE_KH:
        return before
    m = stated.bus.m
    least = m.least((hygiene * dt).sum(), time_limit_s=left_s())
    if least is None:
        return before
    allowed = least * (1 + HYGIENE_TOLERANCE) + HYGIENE_TOLERANCE_KH
    if missed <= allowed:
        return before
    m.rows("hygiene first", (hygiene * dt).sum() <= allowed)
    again = _solved(stated, options, left_s)
    return again if again[0].found and again[1] is not Way.LEAST_BROKEN else before
