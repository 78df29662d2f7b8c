"""What the pages may read of the running system: bems' side of dashboards.ports.view.SiteView."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path

from bems.alarming.alarms import Alarm
from bems.alarming.board import Entry
from bems.clock import wall_s
from bems.desk.alarms import SystemAlarms
from bems.desk.operators import Desk
from bems.history.query import HOLD, History
from bems.history.rows import EventKind
from bems.history.times import even_edges
from bems.house import SiteHouse
from bems.insight.day_plans import DayPlans
from bems.insight.insight import SiteInsight
from bems.insight.outcomes import Outcomes
from bems.meter_exchanges import SiteMeters
from bems.night.view import nights_view
from bems.planning.view import model_view, planning_view
from bems.reports.desk import ReportDesk
from bems.state import aged
from bems.system import System
from bems.water_file import SiteWaterFile
from control.orders import decides
from dashboards.ports.night import NightsView
from dashboards.ports.view import AlarmView, Health, HeldCommand, ModelView, PlanningView, PointView, PriceView, Series
from models.reasons import Code, because
from models.signals import Reason
from models.site import Site

EVENTS_BACK = timedelta(days=7)
LATE_TICKS = 3
"""Ticks that may wait for the record before it is degraded."""
NOISY_KINDS = frozenset({EventKind.HOLD, EventKind.PLAN})


class View:
    """Read-only; everything but `history` and `events` answers from memory."""

    def __init__(
        self,
        system: System,
        record_path: Path,
        *,
        demo: bool,
        day_plans: DayPlans | None = None,
        outcomes: Outcomes | None = None,
    ) -> None:
        self._system = system
        self._history = History(record_path)
        self._insight = SiteInsight(system, record_path, day_plans, outcomes, wall_s)
        self.reports = ReportDesk(system.site, record_path, system.clock.now)
        """Reports on demand, and every month's."""
        self.reports.note = system.note
        self.water_file = SiteWaterFile(system.site, system.record, self._history, system.clock.now)
        """The legionella file."""
        self.meters = SiteMeters(system.site, system.record, self._history, system.clock.now)
        """Exchanges of meters."""
        self._demo = demo
        self.desk = Desk(system)
        """People's orders."""
        self._house = SiteHouse(lambda: self.desk.site, record_path, system.clock.now)
        self.alarm_desk = SystemAlarms(system, self._history)
        """Alarms through their whole life."""

    @property
    def site(self) -> Site:
        """The site description."""
        return self._system.site

    @property
    def demo(self) -> bool:
        """Whether the plant is simulated and loopback an anonymous viewer."""
        return self._demo

    @property
    def speed(self) -> float:
        """Site seconds per wall second."""
        return self._system.clock.speed

    def now(self) -> datetime:
        """Site time, UTC."""
        return self._system.clock.now()

    def points(self) -> Sequence[PointView]:
        """Every point, in the order of the site file."""
        system, now, wall = self._system, self.now(), wall_s()
        picture = aged(system.picture, now, system.max_age)
        protocol = {c.id: c.protocol for c in system.site.connections}
        return [
            PointView(
                id=point.id,
                tag=point.tag,
                value=picture[point.id].value,
                unit=point.spec.shown_unit.value,
                quality=picture[point.id].quality.value,
                at=picture[point.id].at,
                age_s=round(wall - system.read_s[point.id], 2) if point.id in system.read_s else None,
                period_s=system.period_s(point.id),
                source=point.device.id,
                protocol=protocol[point.device.connection],
                writable=point.writable,
                held_by=system.outputs.held_by(point.id, now),
                last_value=picture[point.id].last_value,
            )
            for point in system.site.points.values()
        ]

    def health(self) -> Sequence[Health]:
        """Each driver, feed, the record, the loop, and each target."""
        system, wall = self._system, wall_s()
        states = {"starting": "starting", "up": "ok", "down": "down"}
        result = [
            Health(key, "driver", states[link.state], _age(wall, link.last_scan_s), link.detail)  # type: ignore[arg-type]
            for key, link in system.links.items()
        ]
        for feed in system.feeds:
            if feed.fetched_s is None:
                state = "starting" if feed.error is None else "down"
            else:
                state = "ok" if feed.error is None else "degraded"
            result.append(Health(feed.name, "feed", state, _age(wall, feed.fetched_s), feed.error or "fresh"))  # type: ignore[arg-type]
        result.append(self._record_health(wall))
        late = f"tick {system.tick_count}, {1000 * system.lag_s:.0f} ms late"
        figures = {"lag_seconds": system.lag_s, "ticks_total": float(system.tick_count)}
        result.append(Health("loop", "loop", system.state, _age(wall, system.ticked_s), late, figures))
        return [*result, *(asked() for asked in system.health_beside)]

    def _record_health(self, wall: float) -> Health:
        system, age_s = self._system, _age(wall, self._system.recorded_s)
        figures = {"unstored_ticks": float(system.unstored)}
        if system.record_error is not None:
            return Health("record", "record", "down", age_s, system.record_error, figures)
        if system.unstored > LATE_TICKS:
            return Health("record", "record", "degraded", age_s, f"{system.unstored} ticks wait to be stored", figures)
        return Health("record", "record", "ok" if age_s is not None else "starting", age_s, "stores", figures)

    def alarms(self) -> Sequence[AlarmView]:
        """Active alarms, newest first."""
        standing = sorted(self._system.alarms.values(), key=lambda alarm: alarm.raised_at, reverse=True)
        entries = self._system.alarming.board.entries
        return [_alarm(alarm, entries.get(alarm.condition.id)) for alarm in standing]

    def held(self) -> Sequence[HeldCommand]:
        """Commands in force, one a point."""
        return [
            HeldCommand(point, c.value, c.source, c.priority, since, c.expires_at, c.reason)
            for point, (c, since) in self._system.outputs.held(self.now()).items()
            if c.value is not None
        ]

    async def events(self, limit: int) -> Sequence[Mapping[str, object]]:
        """Latest events, newest first; plans and wishes that were held back are left to the record."""
        now = self.now()
        kinds = [kind for kind in EventKind if kind not in NOISY_KINDS]
        found = await asyncio.to_thread(self._history.events, now - EVENTS_BACK, now + timedelta(days=1), kinds)
        return [
            {"at": e.at, "kind": e.kind.value, "subject": e.subject, "text": e.text, "data": dict(e.data)}
            for e in found[: -limit - 1 : -1]
        ]

    def prices(self) -> PriceView | None:
        """Prices known now."""
        known = self._system.prices
        if known is None:
            return None
        series = known.series
        starts = [series.start + timedelta(seconds=i * series.step_s) for i in range(len(series.values))]
        return PriceView(known.source, known.synthetic, starts, [_known(value) for value in series.values])

    async def history(self, point: str, start: datetime, end: datetime, buckets: int) -> Series:
        """Aggregated history of one point; KeyError for an unknown point."""
        unit = self._system.site.points[point].spec.shown_unit.value
        step = (end - start) / buckets
        hold = max(HOLD, timedelta(seconds=self._system.max_age[point]))
        edges = even_edges(start, end, step)
        found = (await asyncio.to_thread(self._history.aggregated, [point], edges, hold))[point]
        mean, low, high = ([_known(x) for x in column] for column in (found.mean, found.min, found.max))
        return Series(point, unit, start, step.total_seconds(), mean, low, high)

    def decides(self) -> Reason:
        """Who decides now, and why not the optimiser."""
        planner = self._system.planner
        of_mode = decides(self._system.book.current)
        if of_mode is not None:
            return of_mode
        if planner is not None:
            return planner.decides(self.now())
        return because(Code.DECIDES_NAIVE if self._system.site_now.control.runs_naive else Code.DECIDES_RULES)

    def planning(self) -> PlanningView | None:
        """The newest plan and the scores."""
        planner = self._system.planner
        return None if planner is None else planning_view(planner, self.now())

    def model(self) -> ModelView | None:
        """What the record has taught."""
        return None if self._system.planner is None else model_view(self._system.planner)

    def nights(self) -> NightsView | None:
        """The night's programme and the last accounts."""
        return None if self._system.nights is None else nights_view(self._system.nights, self.site)

    @property
    def insight(self) -> SiteInsight:
        """Energy and money, hot water, and the plan on one time axis."""
        return self._insight

    @property
    def house(self) -> SiteHouse:
        """Comfort of rooms, the log, function descriptions."""
        return self._house

    def ticks(self) -> AsyncIterator[int]:
        """Yields after every tick."""
        return self._system.ticks()


def _alarm(alarm: Alarm, entry: Entry | None) -> AlarmView:
    """An alarm that stands, and whether it still waits for somebody to see it."""
    waits = entry is None or (entry.wants_acknowledgement and entry.acknowledged is None)
    seen = alarm.condition
    return AlarmView(seen.id, seen.severity, alarm.raised_at, seen.text, seen.point, unacknowledged=waits)


def _age(wall: float, then: float | None) -> float | None:
    return None if then is None else round(wall - then, 2)


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None
