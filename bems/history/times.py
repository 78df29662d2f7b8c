"""Time in the record: whole milliseconds since 1970 UTC, and the edges of buckets, local days included."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

LOCAL: Final = ZoneInfo("Europe/Oslo")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 UTC, rounded down. ValueError when `at` has no time zone."""
    if at.tzinfo is None:
        raise ValueError(f"a time in the record needs a time zone, got {at!r}")
    return (at - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The UTC time of `ms` milliseconds since 1970."""
    return _EPOCH + ms * _MS


def even_edges(start: datetime, end: datetime, step: timedelta) -> tuple[datetime, ...]:
    """Edges from `start` every `step` (elapsed time, not wall time), the last one at `end`.

    The last bucket is shorter when `step` does not divide the span. ValueError when the span or the step is not
    positive.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError(f"bucket edges need a time zone, got {start!r} and {end!r}")
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if step <= timedelta(0) or last <= first:
        raise ValueError(f"no buckets of {step} between {start} and {end}")
    count = -((first - last) // step)
    return (*(first + i * step for i in range(count)), last)


def local_day_edges(first: date, last: date) -> tuple[datetime, ...]:
    """UTC edges of the local days (Europe/Oslo) `first` to `last`, both included.

    A day has 23 or 25 hours where the clock moves. ValueError when `last` is before `first`.
    """
    if last < first:
        raise ValueError(f"no days from {first} to {last}")
    days = (first + timedelta(days=i) for i in range((last - first).days + 2))
    return tuple(datetime.combine(day, time(), LOCAL).astimezone(UTC) for day in days)
