"""What the pages of the house read: comfort since midnight, the log, function descriptions. Satisfies House."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.clock import wall_s
from bems.comfort import SUMMER, Space, high_degc, low_degc, spaces
from bems.functions.build import functions
from bems.history.query import History
from bems.history.rows import Event, EventKind
from bems.history.times import even_edges
from control.picture import manned
from dashboards.ports.function import FunctionView
from dashboards.ports.house import ComfortView, LogEntryView, LogGroup, SpaceView
from models.assets import Zone
from models.site import Site

STEP: Final = timedelta(minutes=5)
"""Comfort is counted in so long steps, by their mean temperature."""
GOOD_FOR_S: Final = 10.0
"""Wall time for which an answer on comfort is given again."""
GROUPS: Final[dict[LogGroup, frozenset[EventKind]]] = {
    "people": frozenset({EventKind.AUDIT, EventKind.WATER_FILE}),
    "outside": frozenset({EventKind.OUTSIDE_CHANGE}),
    "control": frozenset({EventKind.CONTROL, EventKind.FALLBACK_ON, EventKind.FALLBACK_OFF}),
    "alarms": frozenset(
        {
            EventKind.ALARM_UP, EventKind.ALARM_DOWN, EventKind.ALARM_QUIET, EventKind.ALARM_TOLD,
            EventKind.ALARM_FLOOD,
        }
    ),
    "system": frozenset({EventKind.START, EventKind.STOP}),
}  # fmt: skip
"""What stands in the log; plans and wishes held back are left to the record. The audit tells of exchanged meters."""
GROUP_OF: Final = {kind: group for group, kinds in GROUPS.items() for kind in kinds}


class SiteHouse:
    """Of one site; `site` gives it as people have it now, `path` is its record's file."""

    def __init__(
        self, site: Callable[[], Site], path: Path, now: Callable[[], datetime], wall: Callable[[], float] = wall_s
    ) -> None:
        self._site, self._now, self._wall = site, now, wall
        self._history = History(path)
        self._functions: tuple[FunctionView, ...] = ()
        self._told_of: object = None
        """What people can change of the site, as the descriptions have it."""
        self._comfort: ComfortView | None = None
        self._counted_s = 0.0
        self._counting = asyncio.Lock()

    def functions(self) -> Sequence[FunctionView]:
        """Written anew only when people have changed what they tell of."""
        site = self._site()
        if self._told_of != (settings := (site.zones, site.tariff)):
            self._functions, self._told_of = functions(site), settings
        return self._functions

    async def comfort(self) -> ComfortView:
        """Since midnight; asked by many pages at once, the record is read once."""
        async with self._counting:
            if self._comfort is None or self._wall() - self._counted_s > GOOD_FOR_S:
                self._comfort = await asyncio.to_thread(
                    comfort_since_midnight, self._site(), self._history, self._now()
                )
                self._counted_s = self._wall()
            return self._comfort

    async def log(
        self, start: datetime, end: datetime, groups: Sequence[LogGroup], limit: int
    ) -> Sequence[LogEntryView]:
        """The newest entries, newest first."""
        kinds = [kind for group in groups for kind in GROUPS[group]]
        found = await asyncio.to_thread(self._history.events, start, end, kinds)
        return [_entry(event) for event in found[: -limit - 1 : -1]]


def _entry(event: Event) -> LogEntryView:
    group = GROUP_OF[event.kind]
    return LogEntryView(event.at, group, event.kind.value, event.subject, event.text, dict(event.data))


def comfort_since_midnight(site: Site, history: History, now: datetime) -> ComfortView:
    """Minutes of each room and zone below and above its band since local midnight, as the record has them."""
    today = now.astimezone(site.zone_info).date()
    midnight = datetime.combine(today, time(), site.zone_info).astimezone(UTC)
    known = list(spaces(site))
    edges = even_edges(midnight, midnight + STEP * max(1, (now - midnight) // STEP), STEP)
    found = history.aggregated([space.point for space in known], edges)
    minutes = STEP / timedelta(minutes=1)
    views = []
    for space in known:
        buckets = found[space.point]
        low, high = _bands(space, site, edges)
        weight = minutes * np.nan_to_num(buckets.coverage)
        below = float(np.sum(weight[buckets.mean < low]))
        above = float(np.sum(weight[buckets.mean > high]))
        views.append(
            SpaceView(space.id, space.resident, float(low[-1]), float(high[-1]), below, above, float(np.sum(weight)))
        )
    return ComfortView(midnight, now, views)


def _bands(space: Space, site: Site, edges: Sequence[datetime]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The lowest and highest accepted temperature in each step [degC]."""
    local = [edge.astimezone(site.zone_info) for edge in edges[1:]]
    zone = space.zone
    people = np.array([_manned(zone, site, when) for when in local]) if zone.occupied else None
    summer = np.array([when.month in SUMMER for when in local])
    shape = len(local)
    low = np.broadcast_to(np.asarray(low_degc(space, people), dtype=np.float64), shape)
    high = np.broadcast_to(np.asarray(high_degc(space, summer), dtype=np.float64), shape)
    return low, high


def _manned(zone: Zone, site: Site, local: datetime) -> bool:
    """Whether a local moment is within the zone's timetable, and no holiday closes it."""
    wall = local.replace(tzinfo=None)
    return manned(zone.occupied, local) and not any(one.start <= wall < one.until for one in site.closures(zone))
