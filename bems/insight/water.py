"""Hot water and hygiene: where the duty stands, and for how long each sensor was below its limit, day by day."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from bems.history.counters import turns
from bems.history.query import HOLD, History
from bems.history.rows import Buckets, Event, EventKind
from bems.history.times import even_edges
from control.grid import Array
from control.hygiene import HygieneState, potable_points
from control.plan import Plan
from control.problem import Plant
from dashboards.ports.water import CycleView, DutyView, PairView, ProofView, SensorView, WaterView
from models.assets import HotWater, Hygiene, Purpose
from models.local_time import local_date, local_day
from models.naming import in_both
from models.profile import Text
from models.reasons import Code
from models.signals import Reason
from models.site import Site

MINUTE: Final = timedelta(minutes=1)
STILL_ON: Final = 2 * MINUTE
"""A proof that ended no longer ago goes on: control looks every so often."""
DAYS: Final = 7
LOG_BACK: Final = timedelta(days=400)
LOGGED: Final = frozenset({Code.CYCLE_STARTED, Code.PLAN_CYCLE, Code.CYCLE_PROVEN, Code.CYCLE_OVERDUE})
SETTLED: Final = timedelta(hours=1)
CHARTED: Final = ("supply_temp_degc", "top_temp_degc", "bottom_temp_degc")


@dataclass(frozen=True)
class Watched:
    """A sensor of the potable volume and the limit it is to stay above."""

    point: str
    name: Text
    limit_degc: float
    is_loop: bool


def watched(site: Site) -> list[Watched]:
    """Every sensor of the potable volume, after-heater first."""
    water, rule = site.hot_water, site.hygiene
    if water is None:
        return []
    found = [
        Watched(point, site.points[point].spec.label, limit, is_loop=False)
        for signal, limit in (
            ("top_temp_degc", rule.alarm_below_degc),
            ("middle_temp_degc", rule.alarm_below_degc),
            ("bottom_temp_degc", rule.alarm_below_degc),
            ("supply_temp_degc", rule.supply_min_degc),
        )
        if (point := site.find(water.devices, signal)) is not None
    ]
    loops = [(loop, site.find(loop.devices, "return_temp_degc")) for loop in water.loops]
    return found + [
        Watched(point, loop.name, rule.return_min_degc, is_loop=True) for loop, point in loops if point is not None
    ]


@dataclass(frozen=True, eq=False)
class Minutes:
    """How a day was for one sensor [min]; `known` is what of it has a value."""

    below: float
    critical: float
    unknown: float
    known: float


class Kept:
    """How warm the water was kept, day by day; days that have ended are looked up once. Blocks while it reads."""

    def __init__(self, site: Site, history: History, hold: timedelta = HOLD) -> None:
        self._sensors = watched(site)
        self._critical_degc = site.hygiene.critical_below_degc
        self._history = history
        self.hold = hold
        """So long a value holds."""
        self._kept: dict[date, dict[str, Minutes]] = {}

    def days(self, now: datetime) -> list[tuple[datetime, Mapping[str, Minutes]]]:
        """Begin of each of the last local days, today's last, with each sensor's minutes."""
        today = local_date(now)
        wanted = [today - timedelta(days=n) for n in range(DAYS - 1, -1, -1)]
        found = [(local_day(day)[0], self._day(day, now)) for day in wanted]
        self._kept = {day: minutes for day, minutes in self._kept.items() if day in wanted}
        return found

    def _day(self, day: date, now: datetime) -> Mapping[str, Minutes]:
        if day in self._kept:
            return self._kept[day]
        start, end = local_day(day)
        until = max(min(now, end), start + MINUTE)
        found = self._history.aggregated([s.point for s in self._sensors], even_edges(start, until, MINUTE), self.hold)
        minutes = {s.point: counted(found[s.point].mean, s.limit_degc, self._critical_degc) for s in self._sensors}
        if now >= end + SETTLED:
            self._kept[day] = minutes
        return minutes


def counted(degc: Array, limit_degc: float, critical_degc: float) -> Minutes:
    """Minutes below the limit and the critical temperature, from one mean a minute; NaN is not known."""
    known = np.isfinite(degc)
    return Minutes(
        below=float(np.sum(degc[known] < limit_degc)),
        critical=float(np.sum(degc[known] < critical_degc)),
        unknown=float(np.sum(~known)),
        known=float(np.sum(known)),
    )


def water_view(
    site: Site,
    history: History,
    kept: Kept,
    now: datetime,
    values: Mapping[str, float | None],
    duty: HygieneState | None,
    plan: tuple[Plan, Plant] | None,
) -> WaterView | None:
    """Hot water and hygiene at `now` (UTC); None where the site has no hot water. Blocks while it reads the record.

    Args:
        site: the site.
        history: its record.
        kept: days that have been looked up.
        now: site time.
        values: of each sensor now; None or missing is not known.
        duty: where control has the deadline.
        plan: the newest plan with the plant it is for.
    """
    water = site.hot_water
    if water is None:
        return None
    sensors = watched(site)
    days = kept.days(now)
    lowest = _lowest(history.aggregated([s.point for s in sensors], (now - timedelta(days=1), now), kept.hold))
    cold = site.find(water.devices, "cold_temp_degc")
    shown = (site.find(water.devices, s) for s in CHARTED)
    return WaterView(
        now=now,
        duty=_duty(site, now, values, duty, cycle_at(plan)),
        critical_degc=site.hygiene.critical_below_degc,
        days=[start for start, _ in days],
        sensors=[_sensor(s, values.get(s.point), lowest[s.point], [m[s.point] for _, m in days]) for s in sensors],
        log=cycle_log(site, history.events(now - LOG_BACK, now + timedelta(days=1), [EventKind.CONTROL])),
        tapped_m3=_gained(site, history, site.find(water.devices, "volume_m3"), now),
        heater_kwh=_gained(site, history, _heater_counter(site, water), now),
        cold_degc=values.get(cold) if cold is not None else None,
        cold_max_degc=site.hygiene.cold_water_max_degc,
        charts=[point for point in shown if point is not None],
    )


def _lowest(found: Mapping[str, Buckets]) -> dict[str, float | None]:
    return {point: None if np.isnan(of.min[0]) else float(of.min[0]) for point, of in found.items()}


def _sensor(of: Watched, value: float | None, lowest: float | None, days: Sequence[Minutes]) -> SensorView:
    return SensorView(
        point=of.point,
        name=of.name,
        is_loop=of.is_loop,
        value_degc=value,
        limit_degc=of.limit_degc,
        lowest_degc=lowest,
        below_min=[day.below if day.known else None for day in days],
        critical_min=[day.critical if day.known else None for day in days],
        unknown_min=[day.unknown for day in days],
    )


def _duty(
    site: Site,
    now: datetime,
    values: Mapping[str, float | None],
    duty: HygieneState | None,
    planned_at: datetime | None,
) -> DutyView:
    found = [values.get(point) for point in potable_points(site)]
    known = [value for value in found if value is not None]
    proof = duty.proven if duty is not None else None
    return DutyView(
        interval_days=site.hygiene.cycle_interval_days,
        due_at=duty.due_at if duty is not None else None,
        left_h=(duty.due_at - now) / timedelta(hours=1) if duty is not None else None,
        driven_since=duty.forced_since if duty is not None else None,
        planned_at=planned_at,
        coldest_degc=min(known) if known and len(known) == len(found) else None,
        pairs=_pairs(site.hygiene, duty, now),
        proven=None
        if proof is None
        else ProofView(
            proof.start, proof.end, proof.degc, proof.minutes, proof.coldest_degc, now - proof.end <= STILL_ON
        ),
    )


def _pairs(rule: Hygiene, duty: HygieneState | None, now: datetime) -> list[PairView]:
    since = {} if duty is None else {hold.degc: hold.since for hold in duty.holding}
    return [
        PairView(degc, minutes, (now - since[degc]) / MINUTE if degc in since else None) for degc, minutes in rule.proof
    ]


def cycle_at(plan: tuple[Plan, Plant] | None) -> datetime | None:
    """When a plan has the after-heater at a heat cycle's temperature; None where it does not."""
    if plan is None or plan[1].hot_water is None:
        return None
    of, water = plan[0], plan[1].hot_water
    degc = of.trajectories.get(f"{water.after_heater.id}.degc")
    if degc is None:
        return None
    reached = np.flatnonzero(degc >= water.cycle_degc - 0.05)
    return of.grid.at(int(reached[0])) if len(reached) else None


def cycle_log(site: Site, events: Iterable[Event]) -> list[CycleView]:
    """What was said of heat cycles, newest first."""
    found = []
    for event in events:
        facts = dict(event.data)
        code = facts.pop("code", None)
        if code in LOGGED:
            found.append(CycleView(event.at, code, in_both(site, Reason(code, facts))))
    return found[::-1]


def _gained(site: Site, history: History, counter: str | None, now: datetime) -> float | None:
    """What a counter gained today."""
    if counter is None:
        return None
    start = local_day(local_date(now))[0]
    edges = (start, max(now, start + MINUTE))
    found = history.gained([counter], edges, turns({counter: site.points[counter]}))[counter].gained
    return None if np.isnan(found).all() else float(np.nansum(found))


def _heater_counter(site: Site, water: HotWater) -> str | None:
    meters = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.HOT_WATER]
    own = [m for m in meters if water.id in m.measures] or meters
    return next((p for m in own if (p := site.find(m.devices, "import_kwh")) is not None), None)
