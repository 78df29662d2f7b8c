"""The first plan of each local day, kept in the record, so that the day can be held against it when it has passed."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import numpy as np
from pydantic import TypeAdapter, ValidationError

from bems.history.errors import RecordError
from bems.history.record import Record
from bems.planning.live import Advice, Planner
from control.measured import measured, planned
from models.local_time import local_date, local_day
from models.site import Site

log = logging.getLogger(__name__)

DAY_PLANS_KEY: Final = "day plans"
KEPT: Final = 8
LOOK_S: Final = 5.0
"""Wall time between two looks."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True)
class DayPlan:
    """What the first plan of a local day said of it, by clock hour."""

    day: date
    made_at: datetime
    identity: str
    start: datetime
    """Begin of the first hour it tells of; the day's begin, or the plan's first full hour."""
    values: Mapping[str, tuple[float, ...]]
    """By `control.measured`'s quantity: energies in kWh an hour (names end in _kw), temperatures at the hour's end."""


_PLANS: Final = TypeAdapter(tuple[DayPlan, ...])


def day_plan(site: Site, advice: Advice, now: datetime) -> DayPlan:
    """What a plan says of the local day of `now` (UTC)."""
    day, grid = local_date(now), advice.plan.grid
    end = local_day(day)[1]
    start = grid.start if not grid.start.timestamp() % 3600 else grid.hour_starts[1]
    hours = int((min(end, grid.end) - start) / HOUR)
    found: dict[str, tuple[float, ...]] = {}
    for name in measured(site, advice.plant):
        values = planned(advice.plan, name) if name.endswith(("_kw", ".degc")) else None
        if values is None:
            continue
        begins = [start + n * HOUR for n in range(hours)]
        if name.endswith("_kw"):
            found[name] = tuple(round(float(grid.covered_h(at, at + HOUR) @ values), 3) for at in begins)
        else:
            ends = [int(np.searchsorted(grid.edges_h, (at + HOUR - grid.start) / HOUR - 1e-9)) - 1 for at in begins]
            found[name] = tuple(round(float(values[step]), 2) for step in ends)
    return DayPlan(day, advice.made_at, advice.plan.identity, start, found)


class DayPlans:
    """Of one site: looks at the planner now and then."""

    def __init__(self, site: Site, planner: Planner, record: Record, now: Callable[[], datetime]) -> None:
        self._site, self._planner, self._record, self._now = site, planner, record, now
        self._plans = recalled(record.load_state(DAY_PLANS_KEY))

    def of(self, day: date) -> DayPlan | None:
        """The plan of a local day; None when none was kept."""
        return next((plan for plan in self._plans if plan.day == day), None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Keep the newest plan when its day has none."""
        now, advice = self._now(), self._planner.advice
        if advice is None or local_date(advice.made_at) != local_date(now) or self.of(local_date(now)) is not None:
            return
        try:
            made = day_plan(self._site, advice, now)
            self._plans = (*self._plans, made)[-KEPT:]
            kept = _PLANS.dump_python(self._plans, mode="json")
            await asyncio.to_thread(self._record.save_state, DAY_PLANS_KEY, kept)
        except (RecordError, ValueError, IndexError) as error:
            log.error("the day's plan is not kept: %s", error)


def recalled(stored: Any) -> tuple[DayPlan, ...]:
    """What the record has; nothing when it cannot be read."""
    if stored is None:
        return ()
    try:
        return _PLANS.validate_python(stored)
    except ValidationError as error:
        log.warning("the plans of earlier days cannot be read: %s", error)
        return ()
