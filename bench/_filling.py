"""Whole days of a site's values into a record, as if they had been recorded: what `bems run` would have kept.

By ticks a year takes an hour; here each day becomes its archive file at once, by the functions of the product.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.history import parquet
from bems.history.archive import enter
from bems.history.policy import BIG_STEP, STILL_S, Step
from bems.history.record import Record
from bems.history.rows import Event, KnownForecast
from bems.history.schema import open_for_writing
from bems.history.times import to_ms
from models.prices import PriceSeries
from models.site import Site

DAY_MS: Final = 86_400_000
MINUTES: Final = 1440
"""Of a day: so many ticks are kept free for each."""


class Filling:
    """A new record at `path` for these points of a site, from the UTC midnight `start` on."""

    def __init__(self, path: Path, site: Site, points: Sequence[str], start: datetime) -> None:
        self._path, self._points, self._start = path, tuple(points), start
        at_once = Step(0.0)
        self._changes = np.array(
            [
                site.points[p].writable or site.points[p].spec.alarm
                or (not site.points[p].spec.counter and BIG_STEP[site.points[p].spec.shown_unit] == at_once)
                for p in points
            ]
        )  # fmt: skip
        self._days = 0
        self.rows, self.bytes = 0, 0
        with Record.open(path):
            pass
        with closing(open_for_writing(path, 5.0)) as connection:
            connection.executemany("INSERT INTO points (name) VALUES (?)", [(point,) for point in self._points])

    def day(self, values: NDArray[np.float64]) -> None:
        """The next day (UTC): as many rows as it has steps, one column a point; NaN is not stored.

        Analog values and counters are stored every step; states, flags and what is written when they change, and
        every ten minutes.
        """
        step_ms = DAY_MS // len(values)
        stored = np.isfinite(values)
        stored[1:, self._changes] &= values[1:, self._changes] != values[:-1, self._changes]
        still = max(round(1000 * STILL_S / step_ms), 1)
        stored[::still] |= np.isfinite(values[::still])
        step, point = np.nonzero(stored)
        begin = self._start + timedelta(days=self._days)
        first_tick = self._days * MINUTES + 1
        frame = parquet.frame(
            self._points,
            point,
            to_ms(begin) + step_ms * step,
            values[stored],
            np.zeros(len(point), dtype=np.int8),
            first_tick + step,
        )
        name = f"archive/{begin:%Y}/{begin:%Y-%m-%d}.parquet"
        with closing(open_for_writing(self._path, 5.0)) as connection:
            ticks = (first_tick, first_tick + MINUTES - 1)
            self.rows += enter(connection, self._path.parent, name, frame, ticks, "raw").rows
        self.bytes += (self._path.parent / name).stat().st_size
        self._days += 1

    def finish(self, prices: PriceSeries, events: Iterable[Event]) -> None:
        """Prices as they were known the day before, events, and ticks that go on after the last day."""
        with closing(open_for_writing(self._path, 5.0)) as connection:
            connection.execute("DELETE FROM sqlite_sequence WHERE name = 'ticks'")
            ticks = ("ticks", self._days * MINUTES)
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", ticks)
        with Record.open(self._path) as record:
            for day in range(self._days):
                begin = self._start + timedelta(days=day)
                record.put_forecast(_of_day(prices, begin))
            record.append_tick([], events=events)


def _of_day(prices: PriceSeries, begin: datetime) -> KnownForecast:
    first = (begin - prices.start) // timedelta(seconds=prices.step_s)
    places = np.arange(first, first + 86_400 // prices.step_s)
    known = places[(places >= 0) & (places < len(prices.values))]
    at_ms = to_ms(prices.start) + known * (prices.step_s * 1000)
    told = begin - timedelta(hours=11)
    return KnownForecast("prices", told, told, at_ms, {"price_nok_per_kwh": prices.values[known]})
