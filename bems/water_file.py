"""The legionella file of the running system. Satisfies dashboards.ports.water_file.WaterDesk.

Every entry is an event of the record, so that backups, exports and reports have it; it counts once the record has it,
and not before. What an alarm about the hot water shows becomes a deviation by itself, which a person closes by name.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bems.alarming.alarms import Alarm
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from dashboards.ports.desk import Refused
from models.site import Site
from models.water_facts import AnyFact, Closing, Deviation, Entry, Striking, WaterFile

log = logging.getLogger(__name__)

BY_ITSELF: Final = "bems"
"""Who opens a deviation that no person has opened."""
FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST: Final = datetime(2200, 1, 1, tzinfo=UTC)
OLDEST: Final = timedelta(days=400)
"""What happened longer ago is not entered any more."""
FAST_CLOCK: Final = timedelta(minutes=2)
"""So much may the clock of whoever enters something be ahead of ours."""
WATCHED: Final = ("hygiene.", "fallback.water.")
"""Beginnings of the ids of alarms that tell of the hot water's hygiene."""


def entries_of(events: Iterable[Event]) -> list[Entry]:
    """The entries among events of the record; one that cannot be read is left out, and said to be."""
    found = []
    for event in events:
        try:
            found.append(Entry.from_data(event.at, event.data))
        except (ValueError, KeyError, TypeError) as error:
            log.error("an entry of the legionella file from %s cannot be read: %s", event.at, error)
    return found


def read_file(history: History, until: datetime = LAST) -> WaterFile:
    """The file as the record has it, of entries made before `until`. Blocks; RecordError."""
    return WaterFile(entries_of(history.events(FIRST, until, [EventKind.WATER_FILE])))


class SiteWaterFile:
    """Of one site, whose record is open for writing. Reads the record once, when it is made."""

    def __init__(self, site: Site, record: Record, history: History, now: Callable[[], datetime]) -> None:
        self._site, self._record, self._now = site, record, now
        self._file = read_file(history)
        self._one_by_one = asyncio.Lock()

    def file(self) -> WaterFile:
        """As it stands."""
        return self._file

    async def enter(self, fact: AnyFact, who: str, corrects: int | None = None) -> Entry:
        """Make an entry; Refused when it cannot be one, or when the record does not keep it."""
        # Shielded: once it is on its way to the disk, it must count here as well, whoever has stopped waiting.
        return await asyncio.shield(asyncio.create_task(self._enter(fact, who, corrects), name="water file"))

    async def _enter(self, fact: AnyFact, who: str, corrects: int | None) -> Entry:
        async with self._one_by_one:
            file, now = self._file, self._now()
            self._check(file, fact, corrects, now)
            entry = Entry(file.next_number, now, who, fact, corrects)
            made = [entry]
            opened = WaterFile([*file.entries, entry]).opens(entry, self._site.legionella, self._site.hygiene)
            if opened is not None:
                made.append(Entry(entry.number + 1, now, BY_ITSELF, opened))
            try:
                await asyncio.to_thread(self._record.append_tick, (), (), [_event(one) for one in made])
            except RecordError as error:
                log.error("an entry of the legionella file was not kept: %s", error)
                raise Refused("not_kept") from error
            self._file = WaterFile([*file.entries, *made])
            return entry

    def _check(self, file: WaterFile, fact: AnyFact, corrects: int | None, now: datetime) -> None:
        """Refused for what cannot be true, or concerns what there is not."""
        place = getattr(fact, "place", None)
        if place is not None and place not in self._site.legionella.by_id:
            raise Refused("no_place", place=place)
        if fact.at > now + FAST_CLOCK:
            raise Refused("to_come")
        if fact.at < now - OLDEST:
            raise Refused("too_old", days=OLDEST.days)
        if corrects is not None and not file.may_correct(corrects, fact):
            raise Refused("not_to_correct", number=corrects)
        if isinstance(fact, Closing) and fact.deviation not in {one.entry.number for one in file.open_deviations()}:
            raise Refused("not_open", number=fact.deviation)
        if isinstance(fact, Striking) and not file.may_strike(fact.entry):
            raise Refused("not_to_strike", number=fact.entry)

    async def run(self, ticks: Callable[[], AsyncIterator[int]], standing: Callable[[], Mapping[str, Alarm]]) -> None:
        """Look at the alarms after every tick, and open a deviation for each about the hot water. Until cancelled."""
        seen: frozenset[str] = frozenset()
        async for _ in ticks():
            alarms = standing()
            if alarms.keys() == seen:
                continue
            if await self.watch(list(alarms.values())):
                seen = frozenset(alarms)

    async def watch(self, alarms: Sequence[Alarm]) -> bool:
        """Open a deviation for each of these alarms that has none since it was raised. False: the record is away."""
        for alarm in alarms:
            condition = alarm.condition
            if not condition.id.startswith(WATCHED) or self._has(alarm):
                continue
            facts = {name: fact for name, fact in condition.text.facts.items() if isinstance(fact, float | int | str)}
            shown = Deviation(at=alarm.raised_at, alarm=condition.id, code=condition.text.code, facts=facts)
            try:
                await self.enter(shown, BY_ITSELF)
            except Refused:
                return False
        return True

    def _has(self, alarm: Alarm) -> bool:
        """Whether one about it is open, or was opened since it was raised."""
        return any(
            one.deviation.alarm == alarm.condition.id
            and (one.closing is None or one.entry.entered_at >= alarm.raised_at)
            for one in self._file.deviations()
        )


def _event(entry: Entry) -> Event:
    subject = getattr(entry.fact, "place", None) or "hot_water"
    text = f"{entry.who}: {entry.fact.what} {entry.number} in the legionella file"
    return Event(entry.entered_at, EventKind.WATER_FILE, subject, text, entry.to_data())
