"""What is done in the process beside the loop: a plan from one moment, with all that went into it."""

from dataclasses import dataclass
from time import perf_counter
from typing import Final

from control.dispatch import Options, plan
from control.estimate import Estimate
from control.memory import RuleMemory
from control.picture import Scene
from control.plan import NoPlan, Plan
from control.planning import Knowledge, inputs, lost_machines
from control.problem import Inputs

OPTIONS: Final = Options()


@dataclass(frozen=True)
class Moment:
    """One consistent look: everything in it belongs to the same decision."""

    scene: Scene
    memory: RuleMemory
    estimate: Estimate
    known: Knowledge


@dataclass(frozen=True)
class Made:
    """What came of planning at a moment."""

    found: Plan | NoPlan
    inputs: Inputs
    lost: frozenset[str]
    """Machines it could not count on."""
    ms: float
    """Everything together, stating the problem included [ms]."""


def make(moment: Moment, options: Options = OPTIONS) -> Made:
    """Plan from the moment. Pure but for the stopwatch."""
    begun = perf_counter()
    of = inputs(moment.scene, moment.memory, moment.estimate, moment.known)
    found = plan(of, options, perf_counter)
    lost = lost_machines(moment.scene, moment.memory)
    return Made(found, of, lost, 1000 * (perf_counter() - begun))
