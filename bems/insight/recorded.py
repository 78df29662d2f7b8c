"""Means of points over even steps, as control looks at a record."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bems.history.query import History
from bems.history.times import even_edges
from control.record import Record


def recorded(
    history: History, points: Collection[str], start: datetime, end: datetime, step: timedelta, hold: timedelta
) -> Record:
    """From `start` to `end` (UTC; not before it), whole steps only; NaN is not known. Blocks while it reads."""
    steps = (end - start) // step
    found = history.aggregated(sorted(points), even_edges(start, start + steps * step, step), hold)
    return Record(start, step.total_seconds(), {point: found[point].mean for point in found})
