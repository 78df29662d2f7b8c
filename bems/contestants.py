"""The controllers that a backtest can compare: a name and what makes one from the setting it runs in.

A new one (an optimiser, an oracle) is one entry here: it decides once per step from the picture, and may ask
`setting.information` what a buyer of power would know at that instant.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from bems.information import Information
from bems.lockstep import Controller, LockstepResult
from control.rules import decide
from control.strategy import GOOD, NAIVE, Strategy
from models.site import Site


@dataclass(frozen=True)
class Setting:
    """What a contestant is made from."""

    site: Site
    information: Information
    record: LockstepResult | None
    """Every point over the warm-up, to learn from; None without one."""


@dataclass(frozen=True)
class Contestant:
    """One controller of one run."""

    controller: Controller
    solve_ms: list[float] = field(default_factory=list)
    """Time of each plan [ms], filled by the controller while it runs; rules make none."""


def _rules(strategy: Strategy, _: Setting) -> Contestant:
    return Contestant(partial(decide, strategy=strategy))


CONTESTANTS: Final[Mapping[str, Callable[[Setting], Contestant]]] = {
    NAIVE.label: partial(_rules, NAIVE),
    GOOD.label: partial(_rules, GOOD),
}
WARM_UP: Final[Controller] = partial(decide, strategy=GOOD)
"""Runs the plant before all of them, so that everybody starts from the same state."""
