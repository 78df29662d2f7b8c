"""Columns of a run by point, with what is not known kept apart from what is zero."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bems.backtest.lockstep import LockstepResult

Array = NDArray[np.float64]


class Columns:
    """Columns of a run by point, None where the plant never said anything."""

    def __init__(self, run: LockstepResult) -> None:
        self.run = run
        self.hours = run.dt_s / 3600
        self._place = {point: n for n, point in enumerate(run.points)}

    def column(self, point: str | None) -> Array | None:
        """Values over the run; gaps keep the value before."""
        if point is None or point not in self._place:
            return None
        values = self.run.values[:, self._place[point]]
        known = np.flatnonzero(~np.isnan(values))
        return values if len(known) == len(values) else _filled(values, known)

    def first(self, point: str | None) -> float | None:
        """The value at the start."""
        if point is None or point not in self._place:
            return None
        value = float(self.run.initial[self._place[point]])
        return None if np.isnan(value) else value

    def energy_kwh(self, counter: str | None) -> Array | None:
        """What a counter moved in each step."""
        values = self.column(counter)
        if values is None:
            return None
        before = self.first(counter)
        return np.diff(values, prepend=values[0] if before is None else before)

    def mean(self, points: Iterable[str | None]) -> tuple[float, float] | None:
        """Mean of several points at the start and at the end."""
        first = [value for p in points if (value := self.first(p)) is not None]
        last = [float(values[-1]) for p in points if (values := self.column(p)) is not None]
        return (sum(first) / len(first), sum(last) / len(last)) if first and last else None


def _filled(values: Array, known: NDArray[np.intp]) -> Array | None:
    if not len(known):
        return None
    place = np.maximum(np.searchsorted(known, np.arange(len(values)), side="right") - 1, 0)
    return np.asarray(values[known[place]], dtype=np.float64)
