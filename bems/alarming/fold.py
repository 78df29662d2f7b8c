"""The board after a tick: a pure fold of what stands now.

An alarm is raised when its condition has stood for its delay, and has ended when that has been away for the other
delay. One that another alarm explains is followed, but not shown; it is given a while after the other one has ended, so
that what goes away by itself never shows at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from bems.alarming.alarms import Condition
from bems.alarming.board import Board, Entry, Flood
from models.alarming import Severity, Sheet, sheet_of
from models.site import Site

FLOOD_WINDOW: Final = timedelta(minutes=10)
FLOOD_BEGINS: Final = 10
"""Alarms within the window from which on it is a flood (ISA-18.2, EEMUA 191)."""
FLOOD_ENDS: Final = 5
"""It is over with fewer than this."""
EXPLAINED_FOR: Final = timedelta(minutes=2)
"""An alarm stays explained for this long after the one that explains it has ended."""
RANK: Final[Mapping[Severity, int]] = {"A": 0, "B": 1, "C": 2}


class Turn(StrEnum):
    """What can happen to an alarm by itself."""

    RAISED = "raised"
    ENDED = "ended"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    UNSHELVED = "unshelved"
    FLOOD = "flood"
    FLOOD_OVER = "flood_over"


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to an alarm by itself; `shown` tells whether it called for attention."""

    at: datetime
    turn: Turn
    entry: Entry
    shown: bool


class Sheets:
    """The rationalised list as one site has it, looked up by alarm."""

    def __init__(self, site: Site) -> None:
        self._own = site.alarms
        self._devices = {device.id: device.connection for device in site.devices}
        self._known: dict[tuple[str, Severity], Sheet] = {}
        self._parents: dict[str, tuple[str, ...]] = {}

    def of(self, condition: Condition) -> Sheet:
        """What is known of the alarm that this condition raises."""
        key = condition.id, condition.severity
        if key not in self._known:
            self._known[key] = sheet_of(*key, self._own)
        return self._known[key]

    def parents(self, condition: Condition, sheet: Sheet) -> tuple[str, ...]:
        """Patterns of the alarms that explain it; those that name a device it does not have are left out."""
        if condition.id not in self._parents:
            device = self.device(condition)
            names = {"device": device, "connection": self._devices.get(device or "")}
            missing = tuple(f"{{{name}}}" for name, known in names.items() if known is None)
            patterns = [p for p in sheet.suppressed_by if not any(gap in p for gap in missing)]
            for name, known in names.items():
                patterns = [p.replace(f"{{{name}}}", known or "") for p in patterns]
            self._parents[condition.id] = tuple(patterns)
        return self._parents[condition.id]

    def device(self, condition: Condition) -> str | None:
        """The device an alarm is about."""
        kind, _, rest = condition.id.partition(".")
        name = rest if kind == "device" else (condition.point or "").partition(".")[0]
        return name if name in self._devices else None

    def connection(self, condition: Condition) -> str | None:
        """The connection an alarm is about, or that its device is reached through."""
        kind, _, rest = condition.id.partition(".")
        return rest if kind == "connection" else self._devices.get(self.device(condition) or "")


def fold(
    board: Board, conditions: Iterable[Condition], now: datetime, sheets: Sheets, *, may_end: bool = True
) -> tuple[Board, list[Change]]:
    """The board at `now`, and what changed.

    `may_end` is False after a start until everything has been looked at: an alarm of before must not end, and be raised
    again, only because nobody has asked the device yet.
    """
    found = {condition.id: condition for condition in conditions}
    entries, changes = dict(board.entries), list[Change]()
    pending = _raise(entries, board.pending, found, now, sheets, changes)
    if may_end:
        _end(entries, found, now, sheets, changes)
    _unshelve(entries, now, changes)
    if changes or any(entry.explained_until is not None for entry in entries.values()):
        _explain(entries, now, sheets, changes)
    _show(entries, now)
    kept = {key: entry for key, entry in entries.items() if entry.stays}
    changes = [_final(change, entries[change.entry.condition.id]) for change in changes]
    calls = [(c.at, c.entry.condition.id) for c in changes if c.shown and c.turn in (Turn.RAISED, Turn.UNSUPPRESSED)]
    recent = tuple((at, key) for at, key in (*board.recent, *calls) if now - FLOOD_WINDOW < at <= now)
    flood = _flood(board.flood, recent, now)
    if (flood is None) is not (board.flood is None):
        known = flood or board.flood
        if known is not None and (first := entries.get(known.first)) is not None:
            changes.append(Change(now, Turn.FLOOD_OVER if flood is None else Turn.FLOOD, first, shown=True))
    same = kept == board.entries and pending == board.pending and recent == board.recent and flood == board.flood
    return (board if same else Board(kept, pending, recent, flood)), changes


def _final(change: Change, entry: Entry) -> Change:
    """The change with its alarm as it is after all of them."""
    return replace(change, entry=entry, shown=not entry.silenced)


def _raise(
    entries: dict[str, Entry],
    waiting: Mapping[str, datetime],
    found: Mapping[str, Condition],
    now: datetime,
    sheets: Sheets,
    changes: list[Change],
) -> dict[str, datetime]:
    pending: dict[str, datetime] = {}
    for key, seen in found.items():
        sheet = sheets.of(seen)
        condition = replace(seen, severity=sheet.severity)
        known = entries.get(key)
        if known is not None and known.active:
            entries[key] = replace(known, condition=condition, gone_at=None)
            continue
        since = min(waiting.get(key, now), now)  # a clock that was set back must not make anybody wait
        if now - since < timedelta(seconds=sheet.delay_s):
            pending[key] = since
            continue
        fresh = Entry(
            condition, active=True, raised_at=now, latched=sheet.latching, wants_acknowledgement=sheet.acknowledge
        )
        if known is not None:
            fresh = replace(
                fresh,
                shelved=known.shelved,
                shelved_until=known.shelved_until,
                out_of_service=known.out_of_service,
                times=known.times + 1,
                # Nobody has seen the last time yet: it is one and the same call for attention.
                shown_at=known.shown_at,
            )
        entries[key] = fresh
        changes.append(Change(now, Turn.RAISED, fresh, shown=True))
    return pending


def _end(
    entries: dict[str, Entry], found: Mapping[str, Condition], now: datetime, sheets: Sheets, changes: list[Change]
) -> None:
    for key, entry in list(entries.items()):
        if not entry.active or key in found:
            continue
        gone_at = min(entry.gone_at or now, now)
        if now - gone_at < timedelta(seconds=sheets.of(entry.condition).clear_s):
            entries[key] = replace(entry, gone_at=gone_at)
            continue
        # What nobody was shown, nobody has to acknowledge.
        wants = entry.wants_acknowledgement and entry.shown_at is not None
        ended = replace(
            entry,
            active=False,
            gone_at=gone_at,
            ended_at=now,
            wants_acknowledgement=wants,
            latched=entry.latched and entry.shown_at is not None,
        )
        entries[key] = ended
        changes.append(Change(now, Turn.ENDED, ended, shown=True))


def _unshelve(entries: dict[str, Entry], now: datetime, changes: list[Change]) -> None:
    for key, entry in list(entries.items()):
        if entry.shelved_until is not None and now >= entry.shelved_until:
            entries[key] = replace(entry, shelved=None, shelved_until=None, acknowledged=None)
            changes.append(Change(now, Turn.UNSHELVED, entries[key], shown=True))


def _explain(entries: dict[str, Entry], now: datetime, sheets: Sheets, changes: list[Change]) -> None:
    """Who explains whom. An alarm never hides behind one of a lower class."""
    for key in [key for key, entry in entries.items() if entry.active]:
        entry = entries[key]
        before = entry.suppressed_by
        patterns = sheets.parents(entry.condition, sheets.of(entry.condition))
        parent = _parent(entry, entries, patterns) if patterns else None
        until = None
        if parent is None and before is not None:
            until = entry.explained_until or now + EXPLAINED_FOR
            if now < until:
                parent = before
            else:
                until = None
        if parent == before and until == entry.explained_until:
            continue
        entries[key] = replace(entry, suppressed_by=parent, explained_until=until)
        if (parent is None) is not (before is None):
            turn = Turn.UNSUPPRESSED if parent is None else Turn.SUPPRESSED
            changes.append(Change(now, turn, entries[key], shown=True))


def _parent(entry: Entry, entries: Mapping[str, Entry], patterns: Sequence[str]) -> str | None:
    """The first alarm raised of those that explain this one, and are not themselves explained by it."""
    own = entry.condition
    may = [
        other
        for other in entries.values()
        if other.active
        and RANK[other.condition.severity] <= RANK[own.severity]
        and any(fnmatchcase(other.condition.id, pattern) for pattern in patterns)
        and own.id not in chain(entries, other.condition.id)
    ]
    first = min(may, key=lambda other: (other.raised_at, other.condition.id), default=None)
    return None if first is None else first.condition.id


def chain(entries: Mapping[str, Entry], alarm: str) -> list[str]:
    """The alarm, what explains it, what explains that, and so on."""
    found = [alarm]
    while (entry := entries.get(found[-1])) is not None and entry.suppressed_by is not None:
        if entry.suppressed_by in found:
            break
        found.append(entry.suppressed_by)
    return found


def _show(entries: dict[str, Entry], now: datetime) -> None:
    for key, entry in entries.items():
        shown_at = (entry.shown_at or now) if not entry.silenced else None
        if entry.active and shown_at != entry.shown_at:
            entries[key] = replace(entry, shown_at=shown_at)


def _flood(before: Flood | None, recent: Sequence[tuple[datetime, str]], now: datetime) -> Flood | None:
    if before is None:
        return Flood(now, recent[0][1]) if len(recent) >= FLOOD_BEGINS else None
    return before if len(recent) >= FLOOD_ENDS else None
