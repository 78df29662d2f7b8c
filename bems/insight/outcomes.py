"""What came of each command: a plan's first step held against the record when it has passed, kept as an event."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bems.history.errors import RecordError
from bems.history.query import HOLD, History
from bems.history.rows import Event, EventKind
from bems.insight.recorded import recorded
from bems.planning.live import Advice, Planner
from control.decisions import Decision, Family
from control.explain import Why
from control.measured import Outcome, measured, outcome
from models.site import Site

log = logging.getLogger(__name__)

SUBJECT: Final = "outcome"
LOOK_S: Final = 5.0
"""Wall time between two looks."""
MINUTE: Final = timedelta(minutes=1)
SETTLED: Final = 2 * MINUTE
"""What is measured at a step's end is in the record by then."""
TELLS: Final[Mapping[Family, str]] = {
    Family.COMPRESSORS: "{}.power_kw",
    Family.CHARGE: "{}.degc",
    Family.BOILER: "{}.power_kw",
    Family.DISTRICT: "{}.heat_kw",
    Family.AFTER_HEATER: "{}.heater_kw",
    Family.CARS: "cars.charging_kw",
    Family.BATTERY: "{}.power_kw",
    Family.AIR: "{}.flow_m3_per_h",
    Family.ROOM: "{}.room.degc",
    Family.SUN: "{}.heat_kw",
    Family.PV: "pv.power_kw",
}
"""Quantity of `control.measured` that tells a command; heat into rooms is told by how warm they become."""


Last = tuple[Advice, tuple[Outcome, ...]]
"""A plan whose first step has passed, and what came of it."""


class Outcomes:
    """Of one site: looks at the planner now and then, and at the record when a plan's first step has passed."""

    def __init__(self, site: Site, planner: Planner, history: History, now: Callable[[], datetime]) -> None:
        self._site, self._planner, self._history, self._now = site, planner, history, now
        self._seen: Advice | None = None
        self._waiting: list[Advice] = []
        self.last: Last | None = None
        """The newest plan whose first step has passed, and what came of it."""
        self.note: Callable[[Event], None] = lambda _: None

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Take up a new plan, and hold what has passed against the record."""
        advice = self._planner.advice
        if advice is not None and advice is not self._seen:
            self._seen = advice
            # of two plans that begin alike, the newer one is what was carried out
            others = [one for one in self._waiting if one.plan.grid.start != advice.plan.grid.start]
            self._waiting = [*others, advice]
        for one in [one for one in self._waiting if one.plan.grid.at(1) + SETTLED <= self._now()]:
            self._waiting.remove(one)
            try:
                found = await asyncio.to_thread(self._came, one)
            except (RecordError, OSError) as error:
                log.error("what came of a plan cannot be read: %s", error)
                continue
            self.last = (one, found)
            self.note(_as_event(one, found))

    def _came(self, advice: Advice) -> tuple[Outcome, ...]:
        told = measured(self._site, advice.plant)
        start, end = advice.plan.grid.at(0), advice.plan.grid.at(1)
        points = {point for of in told.values() for point in of.points}
        return outcome(advice.plan, recorded(self._history, points, start, end, MINUTE, HOLD), told)


def of_command(why: Why | Decision, outcomes: Sequence[Outcome]) -> Outcome | None:
    """What tells a command of the same kind for the same asset; None when nothing does."""
    name = TELLS.get(why.family, "").format(why.asset)
    return next((one for one in outcomes if one.trajectory == name), None)


def _as_event(advice: Advice, outcomes: tuple[Outcome, ...]) -> Event:
    """For the record: joined to the plan's own event by when it was made."""
    facts = {
        "made_at": advice.made_at.isoformat(),
        "identity": advice.plan.identity,
        "start": advice.plan.grid.at(0).isoformat(),
        "end": advice.plan.grid.at(1).isoformat(),
        "outcomes": [[one.trajectory, one.unit, _rounded(one.planned), _rounded(one.happened)] for one in outcomes],
    }
    return Event(advice.plan.grid.at(1), EventKind.PLAN, SUBJECT, "what came of a plan's first step", facts)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
