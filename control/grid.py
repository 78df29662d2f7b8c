"""The planner's steps: quarters of an hour for the first six hours, half-hours for six more, then hours.

A plan begins on a quarter. The quarters end on a full clock hour, so every step lies within one clock hour, the one
its power is metered in: 24 + 12 + 36 = 72 steps and 48 h from a full hour, up to three quarters fewer otherwise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Index = NDArray[np.int64]

QUARTER_S: Final = 900
QUARTERS: Final = 24
HALF_HOURS: Final = 12
HOURS: Final = 36


@dataclass(frozen=True)
class Grid:
    """Steps one after another from `start` (UTC, on a quarter); `quarters[i]` is step i's length in quarters."""

    start: datetime
    quarters: tuple[int, ...]

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.start.timestamp() % QUARTER_S:
            raise ValueError(f"a grid starts on a quarter in UTC, got {self.start!r}")
        if not self.quarters or min(self.quarters) < 1 or max(self.quarters) > 4:
            raise ValueError(f"steps last one to four quarters, got {self.quarters}")

    def __len__(self) -> int:
        return len(self.quarters)

    @cached_property
    def dt_h(self) -> Array:
        """Length of each step [h]."""
        return np.asarray(self.quarters, dtype=np.float64) / 4

    @cached_property
    def edges_h(self) -> Array:
        """Begin of each step, and the end of the last, from the start [h]."""
        return np.concatenate(([0.0], np.cumsum(self.dt_h)))

    @property
    def end(self) -> datetime:
        """End of the last step."""
        return self.at(len(self))

    def at(self, step: int) -> datetime:
        """Begin of a step; `len(grid)` gives the end."""
        return self.start + timedelta(hours=float(self.edges_h[step]))

    def step_at(self, when: datetime) -> int | None:
        """The step an instant lies in; None before the first and after the last."""
        if not self.start <= when < self.end:
            return None
        return int(np.searchsorted(self.edges_h, (when - self.start).total_seconds() / 3600, side="right")) - 1

    @cached_property
    def hour(self) -> Index:
        """Clock hour of each step, counted from the one the grid starts in."""
        offset_h = (self.start.timestamp() % 3600) / 3600
        return np.asarray(np.floor(self.edges_h[:-1] + offset_h + 1e-9), dtype=np.int64)

    @cached_property
    def hour_starts(self) -> tuple[datetime, ...]:
        """Begin of every clock hour that has steps; the first may lie before the grid."""
        first = self.start.replace(minute=0)
        return tuple(first + timedelta(hours=n) for n in range(int(self.hour[-1]) + 1))

    def steps_until(self, hours: float) -> int:
        """Steps that begin before so many hours have passed [h]."""
        return int(np.searchsorted(self.edges_h[:-1], hours - 1e-9))

    def covered_h(self, start: datetime, end: datetime) -> Array:
        """Time of each step that lies within [start, end) [h]."""
        begin, stop = ((when - self.start).total_seconds() / 3600 for when in (start, end))
        low, high = np.maximum(self.edges_h[:-1], begin), np.minimum(self.edges_h[1:], stop)
        return np.asarray(np.maximum(high - low, 0.0), dtype=np.float64)

    def from_quarters(self, values: Array | Sequence[float]) -> Array:
        """Means over the steps of values by the quarter from `start`; ValueError unless there are enough."""
        wanted = sum(self.quarters)
        if len(values) < wanted:
            raise ValueError(f"the grid needs {wanted} quarters, got {len(values)}")
        first = np.concatenate(([0], np.cumsum(self.quarters)[:-1]))
        sums = np.add.reduceat(np.asarray(values, dtype=np.float64)[:wanted], first)
        return np.asarray(sums / self.quarters, dtype=np.float64)

    def from_hours(self, values: Array | Sequence[float]) -> Array:
        """Each step's value of its clock hour; `values[0]` is that of the hour the grid starts in."""
        return np.asarray(values, dtype=np.float64)[self.hour]


def grid_at(now: datetime) -> Grid:
    """The grid that begins with the quarter `now` (UTC) lies in."""
    start = now.replace(minute=now.minute - now.minute % 15, second=0, microsecond=0)
    into_hour = start.minute // 15
    return Grid(start, (1,) * (QUARTERS - into_hour) + (2,) * HALF_HOURS + (4,) * HOURS)
