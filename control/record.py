"""What a plant did: values of points on an even grid of time, for learning, refitting and looking back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import numpy as np

from control.grid import Array, Index
from models.local_time import OSLO

SHORT_GAP_H: Final = 1.0
"""Gaps up to this are bridged by a straight line."""


@dataclass(frozen=True)
class Record:
    """One value per step and point id, NaN where it is not known; step n covers [start + n dt, start + (n + 1) dt).

    Powers, temperatures and states are means over the step, counters their value at its end. All columns are equally
    long; ValueError otherwise, and unless `start` is UTC and `dt_s` positive.
    """

    start: datetime
    dt_s: float
    values: Mapping[str, Array]

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.dt_s <= 0:
            raise ValueError(f"a record starts in UTC and has a step, got {self.start!r} and {self.dt_s} s")
        if len({len(column) for column in self.values.values()}) > 1:
            raise ValueError("columns of a record are equally long")

    def __len__(self) -> int:
        """Steps."""
        return len(next(iter(self.values.values()), ()))

    @property
    def end(self) -> datetime:
        """End of the last step."""
        return self.at(len(self))

    def at(self, step: int) -> datetime:
        """Begin of a step."""
        return self.start + timedelta(seconds=step * self.dt_s)

    def index(self, when: datetime) -> int:
        """The step an instant lies in; may lie outside the record."""
        return int((when - self.start).total_seconds() // self.dt_s)

    def column(self, point: str | None) -> Array | None:
        """Values of a point; None when the record does not have it or no value of it is known."""
        values = self.values.get(point) if point is not None else None
        return None if values is None or np.isnan(values).all() else values

    def local(self, zone: tzinfo = OSLO) -> tuple[Index, Array]:
        """Local day (`date.toordinal`) and local time of day [h] of each step's begin."""
        local = [self.at(step).astimezone(zone) for step in range(len(self))]
        days = np.array([when.toordinal() for when in local], dtype=np.int64)
        return days, np.array([when.hour + when.minute / 60 + when.second / 3600 for when in local])

    def slice(self, start: datetime, end: datetime) -> "Record":
        """The steps that begin within [start, end); fewer where the record does not reach."""
        first = min(max(-int((self.start - start).total_seconds() // self.dt_s), 0), len(self))
        stop = min(max(-int((self.start - end).total_seconds() // self.dt_s), first), len(self))
        return Record(self.at(first), self.dt_s, {point: v[first:stop] for point, v in self.values.items()})

    def resampled(self, dt_s: float, counters: frozenset[str] = frozenset()) -> "Record":
        """Means over longer steps, a multiple of this one's, of what is known; `counters` keep their last value.

        A rest too short for a whole step is left out. ValueError for a step that is no multiple.
        """
        many = round(dt_s / self.dt_s)
        if many < 1 or abs(many * self.dt_s - dt_s) > 1e-6:
            raise ValueError(f"{dt_s} s is no multiple of {self.dt_s} s")
        steps = len(self) // many
        made = {}
        for point, column in self.values.items():
            rows = column[: steps * many].reshape(steps, many)
            made[point] = rows[:, -1].copy() if point in counters else mean_known(rows)
        return Record(self.start, dt_s, made)


def mean_known(rows: Array) -> Array:
    """Mean of each row over what is known of it; NaN where nothing is."""
    known = ~np.isnan(rows)
    count = known.sum(axis=1)
    total = np.where(known, rows, 0.0).sum(axis=1)
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan), dtype=np.float64)


def bridged(values: Array | None, dt_s: float) -> Array | None:
    """Short gaps filled by straight lines, longer ones left."""
    if values is None:
        return None
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    filled = np.interp(np.arange(len(values)), known, values[known])
    after = np.searchsorted(known, np.arange(len(values)))
    right = known[np.minimum(after, len(known) - 1)]
    left = known[np.maximum(after - 1, 0)]
    gap = np.isnan(values) & ((right - left) * dt_s > SHORT_GAP_H * 3600 + dt_s)
    outside = np.isnan(values) & ((np.arange(len(values)) < known[0]) | (np.arange(len(values)) > known[-1]))
    return np.asarray(np.where(gap | outside, np.nan, filled), dtype=np.float64)
