"""The alarms of a running system: the board, moved on by every tick and by what operators do, with its way into the
record and the events that tell of it.
"""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import ValidationError

from bems.alarming.acts import Act, Verb, apply
from bems.alarming.alarms import Condition
from bems.alarming.board import Board, Entry, State
from bems.alarming.calls import Calls
from bems.alarming.catalogue import catalogue
from bems.alarming.fold import Change, Sheets, Turn, fold
from bems.audit import audited
from bems.clock import wall_s
from bems.history.rows import Event, EventKind
from models.site import Site

log = logging.getLogger(__name__)

KEY: Final = "alarms"
"""Of the board in the record."""
AUDITED: Final[Mapping[Verb, str]] = {
    "acknowledge": "alarm_acknowledge",
    "shelve": "alarm_shelve",
    "unshelve": "alarm_unshelve",
    "take_out": "alarm_take_out",
    "put_back": "alarm_put_back",
    "reset": "alarm_reset",
}
"""What the audit calls each act."""


class Alarming:
    """One site's alarms. `stored` is what the record has under KEY, or None."""

    def __init__(self, site: Site, stored: Any) -> None:
        self.sheets = Sheets(site)
        self.board = Board()
        self.calls = Calls()
        """Whom we have told of what."""
        self.site = site
        self.begun_s = wall_s()
        self._catalogue = {condition.id: condition for condition in catalogue(site)}
        if stored is not None:
            try:
                self.board = Board.load(stored["board"])
                self.calls = Calls.load(stored["calls"])
            except (ValidationError, KeyError, TypeError) as error:
                # What stands is raised again, and who acknowledged it is in the events.
                log.warning("alarms start without their memory, the record's cannot be read: %s", error)
        self._kept = self.board, self.calls

    def watch(self, conditions: Iterable[Condition], now: datetime, *, may_end: bool) -> list[Event]:
        """Move on to `now`; gives the events of what changed."""
        self.board, changes = fold(self.board, conditions, now, self.sheets, may_end=may_end)
        return [_event(change, len(self.board.recent)) for change in changes]

    def do(self, act: Act) -> tuple[Event, State]:
        """Do what an operator wants; gives the audit of it and the alarm's state after. Refused when it cannot be."""
        known = self._catalogue.get(act.alarm)
        unraised = None
        if known is not None:
            unraised = Entry(known, active=False, raised_at=act.mark.at, wants_acknowledgement=False)
        self.board, before, after = apply(self.board, act, self.site.alerts, unraised)
        mark, more = act.mark, {} if act.minutes is None else {"minutes": act.minutes}
        states = before.value, after.value
        told = audited(mark.at, mark.who, AUDITED[act.verb], act.alarm, *states, mark.reason or None, **more)
        return told, after

    def known(self) -> Mapping[str, Condition]:
        """Every alarm that this site can raise, as far as that is known beforehand."""
        return self._catalogue

    def take_state(self) -> dict[str, Any]:
        """What is to be kept in the record; nothing when it has not changed since the last call."""
        now = self.board, self.calls
        if now[0] is self._kept[0] and now[1] is self._kept[1]:
            return {}
        self._kept = now
        return {KEY: {"board": self.board.dump(), "calls": self.calls.dump()}}


def _event(change: Change, number: int) -> Event:
    condition = change.entry.condition
    data = {"code": condition.text.code, **condition.text.facts, "severity": condition.severity}
    if change.turn in (Turn.FLOOD, Turn.FLOOD_OVER):
        data |= {"turn": change.turn.value, "number": number}
        return Event(change.at, EventKind.ALARM_FLOOD, condition.id, f"{change.turn}: {number}", data)
    if change.shown and (change.turn is not Turn.UNSHELVED or change.entry.active):
        kind = EventKind.ALARM_DOWN if change.turn is Turn.ENDED else EventKind.ALARM_UP
        return Event(change.at, kind, condition.id, condition.text.code, data)
    data |= {"turn": change.turn.value, "by": change.entry.suppressed_by}
    return Event(change.at, EventKind.ALARM_QUIET, condition.id, condition.text.code, data)
