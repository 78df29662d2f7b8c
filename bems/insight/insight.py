"""What the pages plan, energy and water may read: bems' side of dashboards.ports.insight.Insight."""

import asyncio
import logging
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from bems.history.errors import RecordError
from bems.history.query import HOLD, History
from bems.insight.day_plans import DayPlans
from bems.insight.energy import Known, energy_view
from bems.insight.look_back import look_back
from bems.insight.metered import Metered
from bems.insight.outcomes import Outcomes
from bems.insight.timeline import Newest, timeline_view
from bems.insight.water import Kept, watched, water_view
from bems.planning.live import Advice
from bems.state import aged
from bems.steering import MEMORY_KEY
from bems.system import System
from control.plan import Plan
from control.planning import GOOD_FOR
from control.plant_model import from_site
from control.problem import Plant
from control.rules.memory import RuleMemory
from dashboards.ports.energy import EnergyView
from dashboards.ports.timeline import LookBackView, TimelineView
from dashboards.ports.water import WaterView
from models.assets import Purpose

log = logging.getLogger(__name__)
T = TypeVar("T")
FRESH_S: Final = 10.0
"""Wall time for which an answer is given again: fifty open pages ask the record no more often than one."""


class Answer(Generic[T]):
    """One answer, looked up by one thread at a time and given again while it is fresh."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._lock = Lock()
        self._kept: tuple[float, object, T] | None = None

    def get(self, key: object, make: Callable[[], T]) -> T:
        """What was made for `key` a moment ago, else what `make` makes now."""
        with self._lock:
            kept = self._kept
            if kept is not None and kept[1] == key and self._wall() - kept[0] < FRESH_S:
                return kept[2]
            made = make()
            self._kept = (self._wall(), key, made)
            return made


class SiteInsight:
    """Of one running system; `path` is its record."""

    def __init__(
        self,
        system: System,
        path: Path,
        day_plans: DayPlans | None,
        outcomes: Outcomes | None,
        wall: Callable[[], float],
    ) -> None:
        self._system = system
        self._day_plans, self._outcomes = day_plans, outcomes
        self._history = History(path)
        self._metered = Metered(system.site, path)
        # what is read seldom, or by an accelerated clock, holds until it is read again
        self._hold = max([HOLD, *(timedelta(seconds=age_s) for age_s in system.max_age.values())])
        self._warm = Kept(system.site, self._history, self._hold)
        self._energy: Answer[EnergyView | None] = Answer(wall)
        self._water: Answer[WaterView | None] = Answer(wall)
        self._timeline: Answer[TimelineView | None] = Answer(wall)
        self._look_back: Answer[LookBackView] = Answer(wall)

    async def energy(self) -> EnergyView | None:
        """Energy and money until now."""
        now, known, site = self._system.clock.now(), self._known(), self._system.site_now

        def make() -> EnergyView | None:
            return energy_view(site, self._metered, now, known(self._memory()))

        return await asyncio.to_thread(self._energy.get, site.tariff, make)

    async def water(self) -> WaterView | None:
        """Hot water and hygiene."""
        system, now = self._system, self._system.clock.now()
        water = system.site.hot_water
        wanted = [of.point for of in watched(system.site)]
        if water is not None and (cold := system.site.find(water.devices, "cold_temp_degc")) is not None:
            wanted.append(cold)
        picture = aged(system.picture, now, system.max_age)
        values = {point: picture[point].value for point in wanted}
        plan = self._plan(now)

        def make() -> WaterView | None:
            duty = self._memory().hygiene
            return water_view(system.site, self._history, self._warm, now, values, duty, plan)

        return await asyncio.to_thread(self._water.get, None, make)

    async def timeline(self) -> TimelineView | None:
        """The newest plan with the hours before it."""
        system, planner = self._system, self._system.planner
        if planner is None or planner.advice is None:
            return None
        now, advice = system.clock.now(), planner.advice
        newest = Newest(
            plan=advice.plan,
            inputs=advice.made.inputs,
            plant=advice.plant,
            made_at=advice.made_at,
            expires_at=advice.made_at + GOOD_FOR,
            why=advice.made.why,
            promoted=planner.promoted,
            last=None if self._outcomes is None else self._outcomes.last,
        )
        prices, site = None if system.prices is None else system.prices.series, system.site_now

        def make() -> TimelineView:
            return timeline_view(site, self._history, now, newest, prices, self._hold)

        return await asyncio.to_thread(
            self._timeline.get, (advice.made_at, planner.promoted, newest.last and newest.last[0].made_at), make
        )

    async def look_back(self, day: date) -> LookBackView:
        """A local day's plan against what happened."""
        system, planner = self._system, self._system.planner
        now = system.clock.now()
        plan = None if self._day_plans is None else self._day_plans.of(day)
        scores = () if planner is None else tuple(planner.scores)
        plant = self._plant()

        def make() -> LookBackView:
            return look_back(system.site, plant, self._history, now, day, plan, scores, self._hold)

        return await asyncio.to_thread(self._look_back.get, day, make)

    def _known(self) -> Callable[[RuleMemory], Known]:
        """What is known now, but for what control remembers."""
        system, now = self._system, self._system.clock.now()
        picture = aged(system.picture, now, system.max_age)
        mains = [m for m in system.site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
        points = [point for m in mains if (point := system.site.find(m.devices, "power_kw")) is not None]
        values = [value for point in points if (value := picture[point].value) is not None]
        power_kw = sum(values) if points and len(values) == len(points) else None
        prices = None if system.prices is None else system.prices.series
        plan = self._plan(now)
        accounts = () if system.nights is None else tuple(system.nights.accounts)

        def known(memory: RuleMemory) -> Known:
            outdoor = memory.outdoor.value if memory.outdoor is not None else None
            found = plan[0] if plan is not None else None
            return Known(power_kw, prices, outdoor, memory.highest_kw, found, accounts)

        return known

    def _plan(self, now: datetime) -> tuple[Plan, Plant] | None:
        """The newest plan while it may be followed."""
        advice: Advice | None = None if self._system.planner is None else self._system.planner.advice
        if advice is None or now >= advice.made_at + GOOD_FOR:
            return None
        return advice.plan, advice.plant

    def _plant(self) -> Plant:
        planner = self._system.planner
        return from_site(self._system.site) if planner is None else planner.plant

    def _memory(self) -> RuleMemory:
        """What control remembers, as the record has it; a fresh one when that cannot be read."""
        try:
            return RuleMemory.from_json(self._history.state(MEMORY_KEY)["rules"])
        except (RecordError, ValueError, KeyError, TypeError) as error:
            log.debug("control's memory cannot be read: %s", error)
            return RuleMemory()
