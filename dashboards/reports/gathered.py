"""What was read for a report: counters, sensors, prices and events of its period. `bems.reports.gather` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_hygiene import Cycle
from dashboards.reports.calc_known import ENOUGH, Array, Known, Why
from dashboards.reports.model import Period
from models.local_time import local_date, local_midnight
from models.outgoing import Quantity
from models.prices import PriceSeries
from models.site import Site
from models.water_facts import WaterFile

HOUR: Final = timedelta(hours=1)
QUARTERS: Final = 4
"""Of an hour."""


@dataclass(frozen=True, slots=True)
class Break:
    """A counter did not simply go on: `kind` is 'rollover', 'exchange' or 'reset'."""

    at: datetime
    kind: str
    before: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """What one counter gained in the period, in its own unit."""

    total: Known
    """As the counter shows it: last reading less the first one, exchanges and rollovers minded."""
    in_gaps: float
    """The part of the total that fell into gaps: known as a whole, but not when."""
    hourly: Array
    """By clock hour; NaN where no readings tell. Empty where only the total was asked for."""
    breaks: tuple[Break, ...]


@dataclass(frozen=True, eq=False)
class Gathered:
    """Everything that was read, from `start` to `end` (UTC), which are clock hours."""

    site: Site
    period: Period
    start: datetime
    end: datetime
    """Of the period, or the last full hour before now."""
    counters: Mapping[str, Counted]
    quarters: Mapping[str, Array]
    """Means of quarters of an hour from `start` on; NaN where nothing is known."""
    minutes: Mapping[str, Array]
    """The same by minute: sensors of the potable water."""
    rooms: Mapping[str, Array]
    """By the id of an aggregate over rooms, one value a quarter of an hour."""
    aggregates: tuple[Quantity, ...]
    """What `rooms` are."""
    cycles: tuple[Cycle, ...]
    """Proven heat cycles of the potable water."""
    cycle_before: datetime | None
    """End of the last one before the period; None when none is known."""
    prices: PriceSeries | None
    events: tuple[Mapping[str, object], ...]
    """at, kind, subject, text, data; in order of time."""
    water_file: WaterFile = field(default_factory=WaterFile)
    """The legionella file with everything entered until the report was made."""

    @property
    def hours(self) -> int:
        """Clock hours of the period so far."""
        return (self.end - self.start) // HOUR

    @property
    def is_over(self) -> bool:
        """Whether nothing of the period is still to come."""
        return self.end >= local_midnight(self.period.last + timedelta(days=1))

    @cached_property
    def days(self) -> tuple[date, ...]:
        """Its local days so far."""
        last = local_date(self.end - timedelta(seconds=1))
        return tuple(self.period.first + timedelta(days=n) for n in range((last - self.period.first).days + 1))

    @cached_property
    def months(self) -> tuple[date, ...]:
        """First days of the local months that it touches."""
        return tuple(sorted({day.replace(day=1) for day in self.days}))

    @cached_property
    def day_of_hour(self) -> NDArray[np.int64]:
        """For each clock hour, which of `days` it belongs to."""
        edges = np.array([self.hour_at(local_midnight(day)) for day in self.days], dtype=np.int64)
        return np.asarray(np.searchsorted(edges, np.arange(self.hours), side="right") - 1, dtype=np.int64)

    def hour_at(self, at: datetime) -> int:
        """Which clock hour of the period begins at a moment."""
        return (at - self.start) // HOUR

    def hour_start(self, hour: int) -> datetime:
        """When a clock hour of the period begins."""
        return self.start + hour * HOUR

    def counted(self, point: str | None) -> Counted:
        """Of a counter's point; NOT_MEASURED for None."""
        if point is not None and point in self.counters:
            return self.counters[point]
        return Counted(Known.missing(Why.NOT_MEASURED), 0.0, np.full(self.hours, np.nan), ())

    def by_day(self, hourly: Array) -> Array:
        """Sums of the hours of each day; NaN where one of them is not known."""
        return np.asarray(np.bincount(self.day_of_hour, hourly, minlength=len(self.days)), dtype=np.float64)

    def by_month(self, hourly: Array) -> dict[date, Known]:
        """What is known of each month's hours, and how much of it is."""
        month_of_day = np.array([self.months.index(day.replace(day=1)) for day in self.days])
        month = month_of_day[self.day_of_hour]
        found = {}
        for n, first in enumerate(self.months):
            own = hourly[month == n]
            known = own[~np.isnan(own)]
            share = len(known) / len(own) if len(own) else 0.0
            found[first] = Known(float(known.sum()), share) if len(known) else Known.missing(Why.NO_DATA, 0.0)
        return found

    def daily_mean(self, point: str | None) -> Array:
        """Mean of a sensor by local day; NaN where less than nine tenths of its quarters are known."""
        if point is None or point not in self.quarters:
            return np.full(len(self.days), np.nan)
        values = self.quarters[point]
        day, known = np.repeat(self.day_of_hour, QUARTERS), np.isfinite(values)
        count = np.bincount(day[known], minlength=len(self.days))
        total = np.bincount(day[known], values[known], minlength=len(self.days))
        enough = count >= ENOUGH * np.bincount(day, minlength=len(self.days))
        return np.asarray(np.where(enough, total / np.maximum(count, 1), np.nan), dtype=np.float64)

    def day_hours(self) -> Array:
        """Clock hours of each local day so far: 23, 24 or 25."""
        return np.bincount(self.day_of_hour, minlength=len(self.days)).astype(np.float64)
