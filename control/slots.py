"""Quarters of an hour on the wall calendar: what timetables and daily profiles are looked up by."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.grid import QUARTER_S, Array, Index
from control.picture import DAYS
from models.assets import AirHandling, Period, Zone
from models.local_time import public_holidays
from models.site import Site

Mask = NDArray[np.bool_]

PER_DAY: Final = 96
DAY_S: Final = 86400
_EPOCH: Final = date(1970, 1, 1).toordinal()
WORKDAY, SATURDAY, SUNDAY = 0, 1, 2
"""Kinds of day; a public holiday is lived like a Sunday."""
KINDS: Final = 3


@dataclass(frozen=True)
class Slots:
    """Quarters one after another; `index` counts from local midnight by the clock on the wall."""

    start: datetime
    day: Index
    """Ordinal of the local day."""
    hour: Array
    """Local time of day at the quarter's begin [h]."""

    def __len__(self) -> int:
        return len(self.hour)

    @cached_property
    def index(self) -> Index:
        """Quarter of the local day, 0 to 95."""
        return np.asarray(np.minimum(self.hour * 4 + 1e-6, PER_DAY - 1), dtype=np.int64)

    @cached_property
    def weekday(self) -> Index:
        """0 is Monday."""
        return np.asarray((self.day + 6) % 7, dtype=np.int64)

    @cached_property
    def kind(self) -> Index:
        """WORKDAY, SATURDAY or SUNDAY."""
        return kinds_of(self.day)

    @cached_property
    def middle_s(self) -> Array:
        """Middle of each quarter [s since 1970]."""
        return np.asarray(self.start.timestamp() + (np.arange(len(self)) + 0.5) * QUARTER_S, dtype=np.float64)

    @cached_property
    def lead_h(self) -> Array:
        """Middle of each quarter from the start [h]."""
        return np.asarray((np.arange(len(self)) + 0.5) / 4, dtype=np.float64)

    @cached_property
    def month(self) -> Index:
        """Local month, 1 to 12."""
        days, place = self._days
        return np.array([date.fromordinal(day).month for day in days], dtype=np.int64)[place]

    @cached_property
    def day_of_year(self) -> Index:
        """1 on the first of January."""
        days, place = self._days
        return np.array([date.fromordinal(day).timetuple().tm_yday for day in days], dtype=np.int64)[place]

    @cached_property
    def _days(self) -> tuple[list[int], Index]:
        days, place = np.unique(self.day, return_inverse=True)
        return days.tolist(), place

    def within(self, periods: Iterable[Period]) -> Mask:
        """Which quarters begin within one of the periods, as `picture.manned` has it."""
        inside = np.zeros(len(self), dtype=np.bool_)
        for period in periods:
            on = np.array([day in period.days for day in DAYS])[self.weekday]
            begin, end = _hours(period.start), 24.0 if period.to == time(0) else _hours(period.to)
            inside |= on & (self.hour >= begin - 1e-9) & (self.hour < end - 1e-9)
        return inside

    def between(self, start: datetime, until: datetime) -> Mask:
        """Which quarters begin within these moments by the clock on the wall."""
        wall_h = self.day * 24 + self.hour
        first, last = (at.toordinal() * 24 + _hours(at.time()) for at in (start, until))
        return np.asarray((wall_h >= first - 1e-9) & (wall_h < last - 1e-9), dtype=np.bool_)

    def closed(self, site: Site, asset: Zone | AirHandling) -> Mask:
        """Which quarters a holiday takes from the asset's timetable."""
        shut = np.zeros(len(self), dtype=np.bool_)
        for one in site.closures(asset):
            shut |= self.between(one.start, one.until)
        return shut


def _hours(at: time) -> float:
    return at.hour + at.minute / 60 + at.second / 3600


def slots(start: datetime, count: int, zone: tzinfo) -> Slots:
    """So many quarters from `start` (UTC, on a quarter)."""
    unix_s = int(start.timestamp()) + np.arange(count, dtype=np.int64) * QUARTER_S
    # Clocks are put forward and back on full hours (UTC).
    hours, place = np.unique(unix_s // 3600, return_inverse=True)
    moved = [datetime.fromtimestamp(int(hour) * 3600, zone).utcoffset() or timedelta() for hour in hours]
    wall_s = unix_s + np.array([int(offset.total_seconds()) for offset in moved], dtype=np.int64)[place]
    return Slots(start, wall_s // DAY_S + _EPOCH, (wall_s % DAY_S) / 3600)


def kinds_of(days: Index) -> Index:
    """Kind of each local day (ordinals)."""
    known, place = np.unique(days, return_inverse=True)
    return np.array([_kind(date.fromordinal(int(day))) for day in known], dtype=np.int64)[place]


def _kind(day: date) -> int:
    if day.weekday() == 6 or day in public_holidays(day.year):
        return SUNDAY
    return SATURDAY if day.weekday() == 5 else WORKDAY
