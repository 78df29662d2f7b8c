"""Energy prices as a series of slots: the same shape for real spot prices, forecasts and made-up ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PriceSeries:
    """Prices on an even grid of slots: `values[i]` [NOK/kWh, ex VAT] holds from start + i * step_s for one step.

    NaN marks a slot without a known price. `start` is UTC.
    """

    start: datetime
    step_s: int
    values: Array

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC:
            raise ValueError(f"price start must be UTC, got {self.start!r}")
        if self.step_s <= 0 or 3600 % self.step_s or self.start.timestamp() % self.step_s:
            raise ValueError(f"price slots must divide the hour and lie on its grid, got {self.start}, {self.step_s} s")
        if self.values.ndim != 1 or not len(self.values):
            raise ValueError("a price series needs at least one slot")

    @property
    def end(self) -> datetime:
        """End of the last slot."""
        return self.start + timedelta(seconds=len(self.values) * self.step_s)

    def at(self, when: datetime) -> float | None:
        """The price in force at an instant, or None when it is not known."""
        index = int((when - self.start).total_seconds() // self.step_s)
        if not 0 <= index < len(self.values) or np.isnan(self.values[index]):
            return None
        return float(self.values[index])

    def covers(self, start: datetime, end: datetime) -> bool:
        """Whether every slot that touches [start, end) is known."""
        return bool(not np.isnan(self.on_grid(start, end, self.step_s)).any())

    def on_grid(self, start: datetime, end: datetime, step_s: int) -> Array:
        """Prices for slots of `step_s` from `start` until `end`: repeated when finer, averaged when coarser.

        A slot is NaN unless all of it is known. `start` must lie on the grid of the finer step. ValueError when
        neither step divides the other.
        """
        fine_s = min(step_s, self.step_s)
        if max(step_s, self.step_s) % fine_s:
            raise ValueError(f"prices of {self.step_s} s cannot be put on a grid of {step_s} s")
        count = -int(-(end - start).total_seconds() // step_s) * (step_s // fine_s)
        seconds = (start - self.start).total_seconds() + np.arange(count) * fine_s
        index = np.floor(seconds / self.step_s).astype(np.int64)
        known = (index >= 0) & (index < len(self.values))
        fine = np.where(known, self.values[np.clip(index, 0, len(self.values) - 1)], np.nan)
        return np.asarray(fine.reshape(-1, step_s // fine_s).mean(axis=1), dtype=np.float64)

    def slice(self, start: datetime, end: datetime) -> "PriceSeries":
        """The part of [start, end), on this grid, NaN where nothing is known."""
        first = start - timedelta(seconds=start.timestamp() % self.step_s)
        return PriceSeries(first, self.step_s, self.on_grid(first, end, self.step_s))

    def resampled(self, step_s: int) -> "PriceSeries":
        """The same prices on another step; hours from quarters are plain means, as hourly settlement has it."""
        first = self.start - timedelta(seconds=self.start.timestamp() % step_s)
        return PriceSeries(first, step_s, self.on_grid(first, self.end, step_s))


def join_prices(pieces: Sequence[PriceSeries]) -> PriceSeries:
    """One series over all pieces on the finest of their steps; later pieces win, gaps are NaN. ValueError if none."""
    if not pieces:
        raise ValueError("no price pieces to join")
    step_s = min(piece.step_s for piece in pieces)
    start, end = min(piece.start for piece in pieces), max(piece.end for piece in pieces)
    values = np.full(int((end - start).total_seconds()) // step_s, np.nan)
    for piece in pieces:
        part = piece.on_grid(start, end, step_s)
        values = np.where(np.isnan(part), values, part)
    return PriceSeries(start, step_s, values)
