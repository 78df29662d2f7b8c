"""The record by quarters of an hour, to learn from: one small file a finished day (UTC), made once from the samples.

What tells about one resident is left out: no model needs it, and it must not outlive its own retention.
"""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from bems.history.query import History
from bems.history.times import even_edges, from_ms
from control.grid import Array
from control.record import Record
from models.field import Privacy
from models.prices import PriceSeries, join_prices
from models.site import Site

QUARTERS: Final = 96
QUARTER: Final = timedelta(minutes=15)
DAY: Final = timedelta(days=1)
AT_ONCE: Final = 16
"""Points read together: a day of one is 86 400 samples where it is read every second."""


def quarters(history: Path, folder: Path, site: Site, end: datetime, days: int) -> Record | None:
    """The finished days before `end`, at most so many; None when nothing of them is known.

    Powers and temperatures are means, counters their last value. Raises what the record raises (RecordError).
    """
    last = end.astimezone(UTC).date()
    points = tuple(point.id for point in site.points.values() if point.privacy is not Privacy.PERSONAL)
    counters = frozenset(point for point in points if site.points[point].spec.counter)
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[date, Array] = {}
    for day in (last - n * DAY for n in range(days, 0, -1)):
        table = _kept(folder / f"{day}.npz", points)
        if table is None:
            table = _made(History(history), points, counters, day)
            _keep(folder / f"{day}.npz", points, table)
        if found or np.isfinite(table).any():
            found[day] = table
    for old in folder.glob("*.npz"):
        if old.stem < str(last - days * DAY):
            old.unlink()
    if not found:
        return None
    first = min(found)
    columns = np.concatenate([found[first + n * DAY] for n in range((last - first).days)])
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    return Record(start, QUARTER.total_seconds(), {point: columns[:, n] for n, point in enumerate(points)})


def _made(history: History, points: Sequence[str], counters: frozenset[str], day: date) -> Array:
    """One row a quarter, one column a point."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    edges = even_edges(start, start + DAY, QUARTER)
    table = np.full((QUARTERS, len(points)), np.nan)
    for first in range(0, len(points), AT_ONCE):
        batch = points[first : first + AT_ONCE]
        found = history.aggregated(batch, edges)
        for n, point in enumerate(batch, first):
            table[:, n] = found[point].last if point in counters else found[point].mean
    return table


def known_prices(history: Path, end: datetime, days: int) -> PriceSeries | None:
    """Spot prices of the days before `end` as the record knew them; None when it knew none."""
    reader, pieces = History(history), []
    for day in range(days, -1, -1):
        known = reader.forecast_as_known(end - day * DAY, "prices")
        if known is not None and len(known.at_ms) > 1:
            step_s = int(known.at_ms[1] - known.at_ms[0]) // 1000
            pieces.append(PriceSeries(from_ms(int(known.at_ms[0])), step_s, known.columns["price_nok_per_kwh"]))
    return join_prices(pieces) if pieces else None


def _kept(file: Path, points: Sequence[str]) -> Array | None:
    """A day that was made before; None when there is none, or it is damaged. Points it does not have are NaN."""
    try:
        with np.load(file) as kept:
            names, table = kept["points"].tolist(), kept["values"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    place = {name: n for n, name in enumerate(names)}
    found = np.full((QUARTERS, len(points)), np.nan)
    for n, point in enumerate(points):
        if point in place:
            found[:, n] = table[:, place[point]]
    return found


def _keep(file: Path, points: Sequence[str], table: Array) -> None:
    """Whole or not at all."""
    made = file.with_suffix(".part")
    with made.open("wb") as out:
        np.savez_compressed(out, points=np.array(points), values=table)
        out.flush()
        os.fsync(out.fileno())
    made.replace(file)
