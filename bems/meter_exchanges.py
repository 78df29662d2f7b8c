"""Exchanges of meters as people note them. Satisfies dashboards.ports.meter.Meters.

Each is an event of the record with the time of the exchange, by which counters are read (bems.history.exchanges), and
one of the audit with the time at which it was told. It counts once the record has both, and not before.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from bems.audit import audited
from bems.history.errors import RecordError
from bems.history.exchanges import standing
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.history.times import from_ms, to_ms
from dashboards.ports.desk import LONGEST_TEXT, Refused
from dashboards.ports.meter import UNITS, ExchangeView, is_meter
from models.site import Site
from models.units import Unit

log = logging.getLogger(__name__)

FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
NEAR: Final = timedelta(days=1)
"""Readings so near to the exchange are held against those that are told."""
WHOLE: Final = 1.0
"""People read whole kWh and m3; the record may have parts of them."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An event of the record; without readings it takes back what it stands for."""

    at: datetime
    point: str
    told_at: datetime
    last: float | None
    first: float | None
    who: str
    why: str

    @classmethod
    def of(cls, event: Event) -> "_Told":
        data = event.data
        last, first = (None if data[name] is None else float(data[name]) for name in ("last", "first"))
        told_ms = data.get("told_ms")
        told_at = event.at if told_ms is None else from_ms(int(told_ms))
        return cls(event.at, event.subject, told_at, last, first, str(data.get("who", "")), str(data.get("why", "")))

    def view(self) -> ExchangeView:
        """As pages have it; it tells of an exchange."""
        assert self.last is not None
        assert self.first is not None
        return ExchangeView(self.point, self.at, self.last, self.first, self.who, self.told_at, self.why)

    def event(self) -> Event:
        """As the record keeps it."""
        data: dict[str, Any] = {
            "last": self.last, "first": self.first, "who": self.who, "why": self.why, "told_ms": to_ms(self.told_at),
        }  # fmt: skip
        said = "not exchanged after all" if self.last is None else f"exchanged: {self.last:.12g}, {self.first:.12g}"
        return Event(self.at, EventKind.METER_EXCHANGE, self.point, f"{self.who}: {said}", data)


class SiteMeters:
    """Of one site, whose record is open for writing. Reads the record once, when it is made."""

    def __init__(self, site: Site, record: Record, history: History, now: Callable[[], datetime]) -> None:
        self._site, self._record, self._history, self._now = site, record, history, now
        events = history.events(FIRST, LAST, [EventKind.METER_EXCHANGE])
        self._told = sorted(_told(events), key=lambda one: one.told_at)
        self._one_by_one = asyncio.Lock()

    def exchanges(self) -> Sequence[ExchangeView]:
        """Those that count, newest first."""
        found = (one.view() for one in _counting(self._told))
        return sorted(found, key=lambda one: (one.at, one.point), reverse=True)

    async def note(
        self, point: str, at: datetime | None, last: float, first: float, why: str, who: str
    ) -> ExchangeView:
        """Note it; Refused for what cannot be, KeyError for an unknown point."""
        described, now = self._site.points[point], self._now()
        if not is_meter(described):
            units = ", ".join(unit.value for unit in UNITS)
            raise Refused("no_meter", point=point, unit=described.spec.shown_unit.value, units=units)
        when = now if at is None else at
        one = _Told(when, point, now, last, first, who, _reason(why))
        await asyncio.to_thread(self._check, one, described.spec.shown_unit)
        # Shielded: once it is on its way to the disk, it must count here as well, whoever has stopped waiting.
        await asyncio.shield(asyncio.create_task(self._keep(one), name="meter exchange"))
        return one.view()

    async def take_back(self, point: str, at: datetime, why: str, who: str) -> None:
        """Note that it was not; KeyError where nothing that counts was noted for exactly this time."""
        noted = next((o for o in _counting(self._told) if o.point == point and to_ms(o.at) == to_ms(at)), None)
        if noted is None:
            raise KeyError(f"{point} {at.isoformat()}")
        one = _Told(noted.at, point, self._now(), None, None, who, _reason(why))
        await asyncio.shield(asyncio.create_task(self._keep(one), name="meter exchange"))

    async def _keep(self, one: _Told) -> None:
        async with self._one_by_one:
            events = [one.event(), _audit(one, _counting(self._told))]
            try:
                await asyncio.to_thread(self._record.append_tick, (), (), events)
            except RecordError as error:
                log.error("the exchange of a meter was not kept: %s", error)
                raise Refused("exchange_not_kept") from error
            self._told.append(one)

    def _check(self, one: _Told, unit: Unit) -> None:
        """Refused for what the record shows cannot be. Blocks."""
        begin = self._history.first_of(one.point)
        if begin is None:
            raise Refused("never_read", point=one.point)
        if not begin <= one.at <= one.told_at:
            raise Refused("exchange_time", at=one.at, low=begin, high=one.told_at)
        readings = self._history.raw([one.point], one.at - NEAR, one.at + NEAR)[one.point]
        good = np.isfinite(readings.value)
        at_ms, value = readings.at_ms[good], readings.value[good]
        after = int(np.searchsorted(at_ms, to_ms(one.at), side="right"))
        if after > 0 and one.last is not None and one.last < value[after - 1] - WHOLE:
            before = {"read": float(value[after - 1]), "when": from_ms(int(at_ms[after - 1]))}
            raise Refused("exchange_last", last=one.last, unit=unit.value, **before)
        if after < len(value) and one.first is not None and one.first > value[after] + WHOLE:
            then = {"read": float(value[after]), "when": from_ms(int(at_ms[after]))}
            raise Refused("exchange_first", first=one.first, unit=unit.value, **then)


def _told(events: Iterable[Event]) -> Iterator[_Told]:
    """Those that can be read; of the others it is said that they cannot."""
    for event in events:
        try:
            yield _Told.of(event)
        except (ValueError, KeyError, TypeError) as error:
            log.error("the exchange of a meter from %s cannot be read: %s", event.at, error)


def _counting(told: Sequence[_Told]) -> list[_Told]:
    """Those of each meter that nothing stands in the place of, and that tell of an exchange."""
    found = []
    for point in dict.fromkeys(one.point for one in told):
        own = [one for one in told if one.point == point]
        found += [own[place] for place in standing([to_ms(one.at) for one in own]) if own[place].last is not None]
    return found


def _audit(one: _Told, before: Sequence[_Told]) -> Event:
    """Who told what, and whether it stands in the place of something."""
    if one.last is None:
        what = "meter_exchange_back"
    else:
        own = [other for other in before if other.point == one.point]
        again = len(standing([to_ms(other.at) for other in (*own, one)])) <= len(own)
        what = "meter_exchange_again" if again else "meter_exchange"
    return audited(one.told_at, one.who, what, one.point, one.last, one.first, one.why or None, of_ms=to_ms(one.at))


def _reason(why: str) -> str:
    said = " ".join(why.split())[:LONGEST_TEXT]
    if len(said) < 3:
        raise Refused("no_reason")
    return said
