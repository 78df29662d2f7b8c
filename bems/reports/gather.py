"""What a report needs of the record, read once, some days at a time: their samples do not outlive them.

Counters give what they gained over the whole period (their total: what the meter shows) and by clock hour; sensors
means of quarters of an hour, those of the potable water by minute. Values of single residents are read only to be put
into the aggregates that `models.outgoing` allows, as it makes them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from bems.history.aggregate import means
from bems.history.counters import falls, gains, plain, turns
from bems.history.query import HOLD, History
from bems.history.rows import Event, EventKind, Series
from bems.history.times import even_edges, from_ms, to_ms
from bems.learning.quarters import known_prices
from bems.reports.points import Wanted, wanted_of
from bems.water_file import read_file
from control.hygiene import Proof, potable_points, proofs
from dashboards.reports.calc_hygiene import Cycle
from dashboards.reports.calc_known import Array, Known, Why
from dashboards.reports.gathered import HOUR, Break, Counted, Gathered
from dashboards.reports.model import Period
from models.assets import Hygiene
from models.local_time import local_date, local_midnight
from models.outgoing import MAX_AGE, STEP
from models.reasons import Code
from models.site import Site

MINUTE: Final = timedelta(minutes=1)
QUARTER_MS: Final = STEP // timedelta(milliseconds=1)
"""Sensors are looked at as often as aggregates over rooms are made."""
MINUTE_MS: Final = 60_000
HOLD_MS: Final = HOLD // timedelta(milliseconds=1)
AGE_MS: Final = MAX_AGE // timedelta(milliseconds=1)
AT_ONCE: Final = timedelta(days=16)
"""So much of the record is in memory together."""
BEFORE: Final = timedelta(hours=6)
AFTER: Final = timedelta(hours=1)
"""Read beyond a span on either side: how counters went there, and values that still hold. The day's file holds it."""
NEAR: Final = timedelta(days=1)
"""An exchanged meter so near makes a counter odd."""
TOLD: Final = (EventKind.ALARM_UP, EventKind.CONTROL, EventKind.METER_EXCHANGE)


class NothingToTell(Exception):
    """The period has not begun yet."""


def gather(site: Site, record: Path, period: Period, now: datetime) -> Gathered:
    """Reads the record at `record`. Raises RecordError, or NothingToTell when no hour of the period has passed."""
    start = local_midnight(period.first)
    end = min(local_midnight(period.last + timedelta(days=1)), now - (now - start) % HOUR)
    if end <= start:
        raise NothingToTell(f"the period begins {period.first}, and it is {local_date(now)}")
    history, wanted = History(record), wanted_of(site)
    reader = _Reader(site, history, wanted)
    for begin, until in _spans(start, end):
        reader.read(begin, until)
    days = (end - start) // timedelta(days=1) + 1
    return Gathered(
        site=site,
        period=period,
        start=start,
        end=end,
        counters=_counted(site, history, wanted, (start, end), reader.hourly),
        quarters={point: _joined(parts) for point, parts in reader.quarters.items()},
        minutes={point: _joined(parts) for point, parts in reader.minutes.items()},
        rooms={name: _joined(parts) for name, parts in reader.rooms.items()},
        aggregates=wanted.aggregates,
        cycles=_cycles(site, reader.minutes, start),
        cycle_before=_cycle_before(site, history, start),
        prices=known_prices(record, end, days),
        events=tuple(_told(event) for event in history.events(start, end, TOLD)),
        water_file=read_file(history),
    )


class _Reader:
    """Goes through the record span by span and keeps means."""

    def __init__(self, site: Site, history: History, wanted: Wanted) -> None:
        self._history, self._wanted = history, wanted
        self._turns = turns({point: site.points[point] for point in (*wanted.hourly, *wanted.totals)})
        members = (source for quantity in wanted.aggregates for source in quantity.sources)
        self._points = tuple(dict.fromkeys((*wanted.hourly, *wanted.quarters, *wanted.minutes, *members)))
        self.hourly: dict[str, list[Array]] = {point: [] for point in wanted.hourly}
        self.quarters: dict[str, list[Array]] = {point: [] for point in wanted.quarters}
        self.minutes: dict[str, list[Array]] = {point: [] for point in wanted.minutes}
        self.rooms: dict[str, list[Array]] = {quantity.id: [] for quantity in wanted.aggregates}

    def read(self, start: datetime, end: datetime) -> None:
        """From one clock hour to another: every sample is read once, whatever it is for."""
        found = self._history.raw(self._points, start - BEFORE, end + AFTER)
        self._count(found, start, end)
        begin_ms, end_ms = to_ms(start), to_ms(end)
        quarters = np.arange(begin_ms, end_ms + 1, QUARTER_MS, dtype=np.int64)
        minutes = np.arange(begin_ms, end_ms + 1, MINUTE_MS, dtype=np.int64)
        for points, edges_ms in ((self.quarters, quarters), (self.minutes, minutes)):
            for point, parts in points.items():
                parts.append(means(_part(found[point], begin_ms - HOLD_MS, end_ms), edges_ms, HOLD_MS))
        for quantity in self._wanted.aggregates:
            rooms = [_part(found[source], begin_ms - AGE_MS, end_ms) for source in quantity.sources]
            self.rooms[quantity.id].append(mean_of_rooms(rooms, quarters[:-1]))

    def _count(self, found: Mapping[str, Series], start: datetime, end: datetime) -> None:
        """What counters gained by clock hour. Those that do anything but grow are asked for with all that is known."""
        edges = even_edges(start, end, HOUR)
        edges_ms = np.array([to_ms(edge) for edge in edges], dtype=np.int64)
        exchanged = {e.subject for e in self._history.events(start - NEAR, end + NEAR, (EventKind.METER_EXCHANGE,))}
        odd = []
        for point in self._wanted.hourly:
            readings = plain(found[point].at_ms, found[point].value)
            at_ms = readings.at_ms
            spans = len(at_ms) > 1 and at_ms[0] <= edges_ms[0] and at_ms[-1] >= edges_ms[-1]
            if spans and point not in exchanged and not falls(readings):
                self.hourly[point].append(gains(point, readings, edges_ms).gained)
            else:
                odd.append(point)
        for point, of in self._history.gained(odd, edges, self._turns).items():
            self.hourly[point].append(of.gained)


def _part(series: Series, start_ms: int, end_ms: int) -> Series:
    rows = slice(*np.searchsorted(series.at_ms, (start_ms, end_ms)))
    return replace(series, at_ms=series.at_ms[rows], value=series.value[rows], quality=series.quality[rows])


def mean_of_rooms(rooms: Sequence[Series], at_ms: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Array:
    """Mean over all rooms at these moments as `models.outgoing.Outflow` makes it: known only while every one is."""
    total = np.zeros(len(at_ms))
    for room in rooms:
        if not len(room.at_ms):
            return np.full(len(at_ms), np.nan)
        newest = np.searchsorted(room.at_ms, at_ms, side="left") - 1
        age_ms = at_ms - room.at_ms[newest]
        young = (newest >= 0) & (age_ms <= AGE_MS)
        total += np.where(young, room.value[newest], np.nan)
    return np.asarray(np.round(total / len(rooms), 1), dtype=np.float64)


def _counted(
    site: Site, history: History, wanted: Wanted, span: tuple[datetime, datetime], hourly: Mapping[str, list[Array]]
) -> dict[str, Counted]:
    points = (*wanted.hourly, *wanted.totals)
    recorded = frozenset(history.points())
    gains = history.gained(points, span, turns({point: site.points[point] for point in points}))
    found = {}
    for point, of in gains.items():
        value, coverage = float(of.gained[0]), min(max(float(of.coverage[0]), 0.0), 1.0)
        why = Why.NO_DATA if point in recorded else Why.NOT_MEASURED
        total = Known.missing(why, 0.0) if np.isnan(value) else Known(value, coverage)
        lost = 0.0 if np.isnan(of.in_gaps[0]) else float(of.in_gaps[0])
        breaks = tuple(Break(from_ms(b.at_ms), b.kind, b.before, b.after) for b in of.breaks)
        found[point] = Counted(total, lost, _joined(hourly.get(point, [])), breaks)
    return found


def _cycles(site: Site, minutes: Mapping[str, list[Array]], start: datetime) -> tuple[Cycle, ...]:
    """Proven at the coldest sensor of the potable volume, from means by minute; a minute without one proves nothing."""
    potable = [_joined(minutes[point]) for point in potable_points(site)]
    if not potable:
        return ()
    found = proofs_by_minute(np.min(potable, axis=0), site.hygiene, start)
    return tuple(Cycle(p.start, p.end, p.degc, p.minutes, p.coldest_degc) for p in found)


def proofs_by_minute(coldest_degc: Array, rule: Hygiene, start: datetime) -> list[Proof]:
    """What `control.hygiene.proofs` finds in a value a minute from `start` on (NaN: not known), without looking at
    every minute: a time that is warm enough, and long enough for the first pair of the proof, is one proof.
    """
    degc, least_min = rule.proof[0]
    warm = coldest_degc >= min(pair[0] for pair in rule.proof)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], warm.astype(np.int8), [0]))))
    found: list[Proof] = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        own = coldest_degc[first:end]
        began, ended = start + first * MINUTE, start + (end - 1) * MINUTE
        if degc == min(pair[0] for pair in rule.proof) and len(own) - 1 >= least_min:
            found.append(Proof(began, ended, degc, float(len(own) - 1), float(own.min())))
        else:
            looks = [(began + n * MINUTE, value) for n, value in enumerate(own.tolist())]
            found += proofs(looks, rule, MINUTE.total_seconds())
    return found


def _cycle_before(site: Site, history: History, start: datetime) -> datetime | None:
    """As control told it."""
    since = start - timedelta(days=3 * site.hygiene.cycle_interval_days)
    told = history.events(since, start, (EventKind.CONTROL,))
    return max((event.at for event in told if event.data.get("code") == Code.CYCLE_PROVEN), default=None)


def _told(event: Event) -> Mapping[str, object]:
    return {"at": event.at, "kind": event.kind.value, "subject": event.subject, "text": event.text, "data": event.data}


def _joined(parts: Iterable[Array]) -> Array:
    found = list(parts)
    return np.concatenate(found) if found else np.zeros(0)


def _spans(start: datetime, end: datetime) -> Iterable[tuple[datetime, datetime]]:
    while start < end:
        until = min(start + AT_ONCE, end)
        yield start, until
        start = until
