"""A simulated plant and the live control code in lockstep: no clock, no sockets, as fast as the machine allows.

Observations become samples, samples the picture, the picture wishes, wishes commands, commands priority slots, and what
holds a point is what the plant is told: the same steps as in the running system. For backtests, reports and tests.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from bems.state import YOUNG_S, observed, unread
from control.guard import guard
from control.ledger import Ledger
from control.picture import Picture
from control.rules.decision import Decision, decide
from control.rules.memory import RuleMemory
from models.priority import PriorityArray
from models.signals import Command, Hold, Reading, Reason
from models.site import Site

Observations = Mapping[str, float | None]
Controller = Callable[[Site, Picture, datetime, RuleMemory, float], Decision]
"""What decides; `control.rules.decision.decide` is one."""


class Plant(Protocol):
    """What is needed of a plant; `truth()` is used when it has one."""

    def reset(self, start: datetime, seed: int) -> Observations:
        """Observations at the start."""
        ...

    def step(self, commands: Observations, dt_s: float) -> Observations:
        """Observations after `dt_s` under these commands."""
        ...


@dataclass(frozen=True)
class LockstepResult:
    """A finished run. Row n of `values` is the moment `start + (n + 1) * dt_s`."""

    start: datetime
    dt_s: float
    points: tuple[str, ...]
    values: NDArray[np.float64]
    """Exact values where the plant tells them, else observations; NaN where it says nothing."""
    initial: NDArray[np.float64]
    """The same at `start`."""
    commands: list[tuple[datetime, Command]]
    """Whenever another command came to hold a point, with its reason."""
    events: list[tuple[datetime, Reason]]
    holds: dict[str, int]
    """How often a wish for a point was held back."""
    memory: RuleMemory
    ledger: Ledger

    def column(self, point: str) -> NDArray[np.float64]:
        """Values of one point over the run."""
        return self.values[:, self.points.index(point)]

    def codes(self, code: str) -> list[tuple[datetime, Reason]]:
        """The events with this code, and when."""
        return [(at, reason) for at, reason in self.events if reason.code == code]


@dataclass
class _Field:
    """What the devices hold: the slots of all writable points."""

    site: Site
    arrays: dict[str, PriorityArray] = field(default_factory=dict)
    holding: dict[str, float] = field(default_factory=dict)

    def take(self, commands: Sequence[Command], now: datetime) -> tuple[dict[str, float | None], list[Command]]:
        """What to tell the plant that it was not told before, and the commands behind it."""
        for command in commands:
            self.arrays[command.point] = self.arrays.get(command.point, PriorityArray()).taken(command)
        told: dict[str, float | None] = {}
        news: list[Command] = []
        for point, array in self.arrays.items():
            self.arrays[point] = array.expire(now)
            winner = self.arrays[point].winner(now)
            value = winner.value if winner is not None else None
            if value is not None and winner is not None and self.holding.get(point) != value:
                self.holding[point] = told[point] = value
                news.append(winner)
            elif value is None and self.holding.pop(point, None) is not None:
                told[point] = None
        return told, news

    def effective(self) -> dict[str, float]:
        """What each point that was ever commanded holds now, given back ones included."""
        values: dict[str, float] = {}
        for point in self.arrays:
            rule = self.site.points[point].spec.write
            assert rule is not None  # only writable points get commands
            values[point] = self.holding.get(point, rule.relinquish)
        return values


DT_S: Final = 60.0


class Lockstep:
    """A plant under control that can be stopped and handed to another controller: what it has become stays with it."""

    def __init__(
        self,
        site: Site,
        plant: Plant,
        start: datetime,
        *,
        dt_s: float = DT_S,
        seed: int = 1,
        memory: RuleMemory | None = None,
        ledger: Ledger | None = None,
        max_age_s: float = YOUNG_S,
    ) -> None:
        """Resets the plant; the arguments are those of `run`."""
        self.site, self.plant, self.now, self.dt_s, self.max_age_s = site, plant, start, dt_s, max_age_s
        self.memory, self.ledger = memory or RuleMemory(), ledger or Ledger()
        self._field, self._picture = _Field(site), unread(site.points)
        self._seen = plant.reset(start, seed)
        self._truth: Callable[[], Observations] | None = getattr(plant, "truth", None)

    def glance(self) -> dict[str, Reading]:
        """What is read at this moment, before anything is decided on it."""
        return observed(self._picture, self._seen, self.now)

    def advance(
        self,
        hours: float,
        controller: Controller,
        *,
        actions: Sequence[tuple[float, Callable[[], None]]] = (),
        keep: Sequence[str] | None = None,
        on_step: Callable[[float], None] | None = None,
    ) -> LockstepResult:
        """Go on for so many hours under this controller; the other arguments are those of `run`."""
        points = tuple(keep) if keep is not None else tuple(self.site.points)
        steps, start = round(hours * 3600 / self.dt_s), self.now
        values, initial = np.full((steps, len(points)), np.nan), self._row(points)
        commands: list[tuple[datetime, Command]] = []
        events: list[tuple[datetime, Reason]] = []
        holds: dict[str, int] = {}
        due = sorted(actions, key=lambda action: action[0])
        for step in range(steps):
            while due and due[0][0] * 3600 <= step * self.dt_s:
                due.pop(0)[1]()
            decision, held, news = self._decide(controller)
            events += [(self.now, reason) for reason in decision.events]
            commands += [(self.now, command) for command in news]
            for point in held:
                holds[point] = holds.get(point, 0) + 1
            self.now = start + timedelta(seconds=(step + 1) * self.dt_s)
            values[step] = self._row(points)
            if on_step is not None:
                on_step((step + 1) / steps)
        return LockstepResult(
            start, self.dt_s, points, values, initial, commands, events, holds, self.memory, self.ledger
        )

    def _row(self, points: Sequence[str]) -> NDArray[np.float64]:
        shown = self._truth() if self._truth is not None else self._seen
        return np.array(list(map(shown.get, points)), dtype=np.float64)  # None becomes NaN

    def _decide(self, controller: Controller) -> tuple[Decision, list[str], list[Command]]:
        """One decision and one step of the plant: the decision, the points held back, the commands that are new."""
        site, now = self.site, self.now
        self._picture = self.glance()
        decision = controller(site, self._picture, now, self.memory, self.max_age_s)
        self.memory = decision.memory
        outcome = guard(decision.wishes, site, self._picture, now, self.ledger, max_age_s=self.max_age_s)
        told, news = self._field.take([c for c in outcome if isinstance(c, Command)], now)
        self.ledger = self.ledger.followed(self._field.effective(), now, now.astimezone(site.zone_info).date())
        self._seen = self.plant.step(told, self.dt_s)
        return decision, [hold.point for hold in outcome if isinstance(hold, Hold)], news


def run(  # noqa: PLR0913  (a call reads as the description of a run)
    site: Site,
    plant: Plant,
    start: datetime,
    hours: float,
    *,
    dt_s: float = DT_S,
    seed: int = 1,
    memory: RuleMemory | None = None,
    ledger: Ledger | None = None,
    controller: Controller = decide,
    max_age_s: float = YOUNG_S,
    actions: Sequence[tuple[float, Callable[[], None]]] = (),
    keep: Sequence[str] | None = None,
    on_step: Callable[[float], None] | None = None,
) -> LockstepResult:
    """Reset the plant and run it under control.

    Args:
        site: the checked site.
        plant: the plant, or anything that behaves like one.
        start: site time of the reset, UTC.
        hours: how long to run [h].
        dt_s: step of plant and control [s].
        seed: for the plant.
        memory: of the rules; fresh when left out.
        ledger: of the writes; fresh when left out.
        controller: what decides.
        max_age_s: age up to which a reading is young [s].
        actions: (hour, call): things that happen on the way, such as a fault in the plant.
        keep: points whose values are kept; all of them when left out.
        on_step: told the share done, 0 to 1, after each step.
    """
    lockstep = Lockstep(site, plant, start, dt_s=dt_s, seed=seed, memory=memory, ledger=ledger, max_age_s=max_age_s)
    return lockstep.advance(hours, controller, actions=actions, keep=keep, on_step=on_step)
