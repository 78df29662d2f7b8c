"""What is done in the process beside the loop: a plan from one moment, with all that went into it, and its grounds."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from control.dispatch import Options, plan
from control.explain import Why, explain
from control.observer.estimate import Estimate
from control.picture import Scene
from control.plan import NoPlan, Plan
from control.planning import Knowledge, Standing, inputs, lost_machines, planned
from control.problem import Inputs
from control.rules.memory import RuleMemory

OPTIONS: Final = Options()
LINEAR: Final = Options(whole_h=0.0, time_limit_s=1.0)
EXPLAIN_S: Final = 1.0
"""For pricing the second best of every decision."""


@dataclass(frozen=True)
class Moment:
    """One consistent look: everything in it belongs to the same decision."""

    scene: Scene
    memory: RuleMemory
    estimate: Estimate
    known: Knowledge
    standing: Standing | None = None
    """The plan in force."""
    before: tuple[Why, ...] = ()
    """Grounds of the plan before: where a decision has not changed, its second best has not either."""


@dataclass(frozen=True)
class Made:
    """What came of planning at a moment."""

    found: Plan | NoPlan
    inputs: Inputs
    lost: frozenset[str]
    """Machines it could not count on."""
    ms: float
    """Everything but the grounds, stating the problem included [ms]."""
    why: tuple[Why, ...] = ()
    """Grounds of each decision of the first step."""
    unexplained: str | None = None
    """Why there are none: a plan is not lost for want of words."""


def make(moment: Moment, options: Options = OPTIONS) -> Made:
    """Plan from the moment. Pure but for the stopwatch."""
    begun = perf_counter()
    of = inputs(moment.scene, moment.memory, moment.estimate, moment.known)
    found = planned(of, moment.standing, options, perf_counter)
    lost = lost_machines(moment.scene, moment.memory)
    ms = 1000 * (perf_counter() - begun)
    if isinstance(found, NoPlan):
        return Made(found, of, lost, ms)
    try:
        why = explain(
            of, found, lambda changed: plan(changed, LINEAR), moment.before, limit_s=EXPLAIN_S, seconds=perf_counter
        )
    except Exception as error:  # noqa: BLE001  # as above
        return Made(found, of, lost, ms, unexplained=repr(error))
    return Made(found, of, lost, ms, why)
