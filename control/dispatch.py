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
WHOLE_SHARE: Final = 0.4
"""Of the time for the full search of whole numbers; most plans need a tenth of it."""
NEAR_SHARE: Final = 0.6
"""Of what is left then, for those next to the linear plan's."""
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
    """Whole numbers; else those next to the linear plan's; else that plan; else the one that breaks the rows least."""
    m = stated.bus.m
    whole: Solution | None = None
    if options.whole_h > 0 and m.integer_count:
        whole = m.solve(gap=options.gap, time_limit_s=WHOLE_SHARE * left_s())
        if whole.status is Status.OPTIMAL:
            return _exact(stated, whole, whole.status, left_s), Way.WHOLE, ()
    if whole is None or whole.status is not Status.INFEASIBLE:
        linear = m.solve(time_limit_s=left_s())
        if whole is None and linear.found:
            return linear, Way.RELAXED, ()
        if whole is not None and linear.found:
            found, way = _next_best(stated, options, whole, linear, left_s)
            return found, way, ()
        if whole is not None and whole.found:
            return whole, Way.WHOLE, ()
        if linear.status is not Status.INFEASIBLE:
            return linear, Way.LINEAR, ()
    broken, gave = m.least_broken(BROKEN_NOK, time_limit_s=left_s())
    return broken, Way.LEAST_BROKEN, gave


def _next_best(
    stated: Stated, options: Options, whole: Solution, linear: Solution, left_s: Callable[[], float]
) -> tuple[Solution, Way]:
    """After a search cut short: the better of what it had and whole numbers next to the linear plan's."""
    near = stated.bus.m.solve(near=linear.x, gap=options.gap, time_limit_s=NEAR_SHARE * left_s())
    late = Status.TIME_LIMIT_WITH_INCUMBENT
    if near.found and not (whole.found and whole.objective <= near.objective):
        gap = (near.objective - linear.objective) / max(abs(near.objective), 1.0)
        return _exact(stated, replace(near, gap=gap), late, left_s), Way.ROUNDED
    if whole.found:
        return _exact(stated, whole, late, left_s), Way.WHOLE
    return replace(linear, status=late), Way.LINEAR


def _exact(stated: Stated, whole: Solution, status: Status, left_s: Callable[[], float]) -> Solution:
    """The same whole numbers with everything else found anew, and with duals."""
    exact = stated.bus.m.solve(fixed=whole.x, time_limit_s=left_s())
    return replace(exact if exact.found else whole, status=status, gap=whole.gap)


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
    if least is None or missed <= least + HYGIENE_TOLERANCE_KH:
        return before
    m.rows("hygiene first", (hygiene * dt).sum() <= least + HYGIENE_TOLERANCE_KH)
    again = _solved(stated, options, left_s)
    return again if again[0].found and again[1] is not Way.LEAST_BROKEN else before
