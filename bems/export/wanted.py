"""What an export is asked for: points by pattern, a period in the site's time, and the size of buckets."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final, Literal
from zoneinfo import ZoneInfo

from bems.export.errors import ExportError
from bems.history.times import even_edges
from models.field import Privacy
from models.outgoing import Quantity, outgoing
from models.profile import Text
from models.site import Site

Language = Literal["nb", "en"]

DAY: Final = timedelta(days=1)
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})(s|m|h|d)")
_UNIT: Final = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": DAY}
MOST_DAYS: Final = 366
"""Longest bucket."""


@dataclass(frozen=True)
class Wanted:
    """An export as it was asked for and checked."""

    site: Site
    quantities: tuple[Quantity, ...]
    start: datetime
    end: datetime
    """Excluded."""
    every: timedelta | None
    """Size of the buckets; None for every sample as it was recorded."""
    language: Language

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone, in which all times are given."""
        return self.site.zone_info

    def said(self, text: Text) -> str:
        """In the language that was asked for."""
        return text.nb if self.language == "nb" else text.en

    def edges(self) -> list[datetime]:
        """Edges of the buckets [UTC], the first at the start and the last at the end.

        Buckets of whole days begin at local midnight, so that they have 23 or 25 hours where the clock moves; shorter
        ones last as long as they say.
        """
        assert self.every is not None
        if self.every % DAY:
            return list(even_edges(self.start, self.end, self.every))
        first = self.start.astimezone(self.zone).date()
        inner: list[datetime] = []
        for number in range(1, (self.end - self.start) // DAY + 2):
            midnight = datetime.combine(first + number * self.every, datetime.min.time(), self.zone).astimezone(UTC)
            if midnight >= self.end:
                break
            inner.append(midnight)
        return [self.start, *inner, self.end]


def span(text: str) -> timedelta:
    """'15m', '1h', '7d' as a length of time. ExportError for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None or (length := int(match[1]) * _UNIT[match[2]]) > MOST_DAYS * DAY:
        raise ExportError(f"'{text}' is no length of time such as 30s, 15m, 1h or 1d")
    return length


def moment(text: str, zone: ZoneInfo) -> datetime:
    """'2026-01-31' or '2026-01-31T14:30', local time unless it has an offset, as UTC. ExportError for others."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ExportError(f"'{text}' is no time such as 2026-01-31 or 2026-01-31T14:30") from error
    return (at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC)


def select(site: Site, patterns: Sequence[str]) -> tuple[Quantity, ...]:
    """What may leave the site and fits one of the patterns, in the order of the site file.

    ExportError for a pattern that fits nothing, which says so when it fits personal points only.
    """
    quantities = outgoing(site)
    for pattern in patterns:
        if not any(fnmatchcase(q.id, pattern) for q in quantities):
            raise ExportError(_nothing(site, pattern, quantities))
    return tuple(q for q in quantities if any(fnmatchcase(q.id, pattern) for pattern in patterns))


def _nothing(site: Site, pattern: str, quantities: Iterable[Quantity]) -> str:
    personal = [p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL and fnmatchcase(p.id, pattern)]
    if not personal:
        return f"no point fits '{pattern}'; `bems read SITE` prints the points there are"
    aggregates = [q.id for q in quantities if q.origin == "aggregate" and not set(q.sources).isdisjoint(personal)]
    instead = f" It is part of {', '.join(aggregates)}." if aggregates else ""
    return f"'{pattern}' fits personal points only, which never leave the building one by one.{instead}"


def chunks(start: datetime, end: datetime, length: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """The period in pieces of `length`, the last one shorter."""
    while start < end:
        yield start, min(start + length, end)
        start += length
