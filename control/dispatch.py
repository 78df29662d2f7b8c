"""Planning: state the problem, solve it within a time limit, prove that hygiene came first, read the plan."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from control.formulation import Stated, state
from control.lp import Expr, Given, Solution, Status
from control.plan import NoPlan, Plan, Report, Way
from control.problem import Inputs, faults
from control.readout import read

BROKEN_NOK: Final = 1e4
"""Per unit of any row, when not all can be kept."""
HYGIENE_TOLERANCE_KH: Final = 1e-3
"""A slack below this is the solver's own tolerance."""


@dataclass(frozen=True)
class Options:
    """How to solve."""

    whole_h: float = 6.0
    """Compressors and boiler stages are whole numbers for so long [h]; 0: a linear problem."""
    gap: float = 0.01
    time_limit_s: float = 4.0
    """For all solves of one plan together [s]."""


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
        found, way = _hygiene_first(stated, stated.hygiene, found, way, left_s)
    ms = 1000 * (seconds() - begun)
    if not found.found:
        return NoPlan(found.status, (f"the solver gave no plan: {found.status}",), ms)
    m = stated.bus.m
    report = Report(way, found.status, found.objective, found.gap, ms, m.row_count, m.columns, m.integer_count)
    return read(of, stated, found, gave, report)


def _solved(stated: Stated, options: Options, left_s: Callable[[], float]) -> tuple[Solution, Way, tuple[Given, ...]]:
    """Whole numbers; else the linear problem, rounded if that goes; else the plan that breaks the rows least."""
    m = stated.bus.m
    whole: Solution | None = None
    if options.whole_h > 0 and m.integer_count:
        whole = m.solve(gap=options.gap, time_limit_s=0.8 * left_s())
        if whole.found:
            exact = m.solve(fixed=whole.x, time_limit_s=left_s())
            return _labelled(exact if exact.found else whole, whole), Way.WHOLE, ()
    if whole is None or whole.status is not Status.INFEASIBLE:
        linear = m.solve(time_limit_s=left_s())
        if linear.found and whole is None:
            return linear, Way.RELAXED, ()
        if linear.found:
            rounded = m.solve(fixed=m.rounded(linear.x), time_limit_s=left_s())
            return (rounded, Way.ROUNDED, ()) if rounded.found else (linear, Way.LINEAR, ())
        if linear.status is not Status.INFEASIBLE:
            return linear, Way.LINEAR, ()
    broken, gave = m.least_broken(BROKEN_NOK, time_limit_s=left_s())
    return broken, Way.LEAST_BROKEN, gave


def _labelled(exact: Solution, whole: Solution) -> Solution:
    """The point found with duals, under the status of the search that chose its whole numbers."""
    return Solution(whole.status, exact.x, exact.objective, exact.dual, whole.gap)


def _hygiene_first(
    stated: Stated, hygiene: Expr, found: Solution, way: Way, left_s: Callable[[], float]
) -> tuple[Solution, Way]:
    """Lexicographic: where the plan misses hygiene by more than is unavoidable, plan again with that as a limit."""
    dt = stated.bus.grid.dt_h
    missed = float(found.value((hygiene * dt).sum())[0])
    if missed <= HYGIENE_TOLERANCE_KH:
        return found, way
    m = stated.bus.m
    least = m.least((hygiene * dt).sum(), time_limit_s=left_s())
    if least is None or missed <= least + HYGIENE_TOLERANCE_KH:
        return found, way
    m.rows("hygiene first", (hygiene * dt).sum() <= least + HYGIENE_TOLERANCE_KH)
    again = m.solve(fixed=found.x if way in (Way.WHOLE, Way.ROUNDED) else None, time_limit_s=left_s())
    if not again.found:
        again, way = m.solve(time_limit_s=left_s()), Way.LINEAR
    return (again, way) if again.found else (found, way)
