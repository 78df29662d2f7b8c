"""What operators do to alarms: acknowledge, shelve, take out of service, reset. Pure: a board in, a board out."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, Literal

from bems.alarming.board import Board, Entry, Mark, State
from models.alarming import Alerts

Verb = Literal["acknowledge", "shelve", "unshelve", "take_out", "put_back", "reset"]
SHELVE_MIN: Final = (15, 60, 480, 1440)
"""The choices there are for how long an alarm is shelved [min]."""
NEEDS_REASON: Final = frozenset({"shelve", "take_out"})


class Refused(Exception):
    """The act is not possible; the key of the words that say why, and what they name."""

    def __init__(self, key: str, **facts: str) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody wants to do to one alarm; `mark` says who, when and why."""

    verb: Verb
    alarm: str
    mark: Mark
    minutes: int | None = None
    """To shelve it for."""


def apply(board: Board, act: Act, alerts: Alerts, unraised: Entry | None = None) -> tuple[Board, State, State]:
    """The board after the act, and the alarm's states before and after. Refused when it is not possible.

    `unraised` is the alarm as it would be if it were raised: one that has never been may be taken out of service, too.
    """
    entry = board.entries.get(act.alarm)
    if entry is None:
        if act.verb != "take_out" or unraised is None:
            raise Refused("alarm_act.unknown")
        entry = unraised
    if act.verb in NEEDS_REASON and not act.mark.reason:
        raise Refused("alarm_act.needs_reason")
    changed = _DO[act.verb](entry, act, alerts)
    after = board.with_entry(changed)
    if not changed.stays:
        after = replace(after, entries={key: e for key, e in after.entries.items() if key != act.alarm})
    return after, entry.state, changed.state


def _acknowledge(entry: Entry, act: Act, _: Alerts) -> Entry:
    if entry.acknowledged is not None:
        raise Refused("alarm_act.acknowledged_already", who=entry.acknowledged.who)
    return replace(entry, acknowledged=act.mark)


def _shelve(entry: Entry, act: Act, alerts: Alerts) -> Entry:
    if entry.out_of_service is not None:
        raise Refused("alarm_act.is_out_of_service")
    if act.minutes not in SHELVE_MIN:
        raise Refused("alarm_act.shelve_choices")
    longest = alerts.shelve_max(entry.condition.severity)
    wanted = timedelta(minutes=act.minutes)
    if wanted > longest:
        hours = f"{longest / timedelta(hours=1):g}"
        raise Refused("alarm_act.shelve_max", severity=entry.condition.severity, hours=hours)
    return replace(entry, shelved=act.mark, shelved_until=act.mark.at + wanted, shown_at=None)


def _unshelve(entry: Entry, act: Act, _: Alerts) -> Entry:
    if entry.shelved is None:
        raise Refused("alarm_act.not_shelved")
    # It calls again: who shelved it has not looked after it.
    return _calling(replace(entry, shelved=None, shelved_until=None), act)


def _take_out(entry: Entry, act: Act, _: Alerts) -> Entry:
    if entry.out_of_service is not None:
        raise Refused("alarm_act.is_out_of_service")
    return replace(entry, out_of_service=act.mark, shelved=None, shelved_until=None, shown_at=None)


def _put_back(entry: Entry, act: Act, _: Alerts) -> Entry:
    if entry.out_of_service is None:
        raise Refused("alarm_act.not_out_of_service")
    return _calling(replace(entry, out_of_service=None), act)


def _calling(entry: Entry, act: Act) -> Entry:
    """The entry with the time from which it calls for attention, where it does."""
    return replace(entry, shown_at=act.mark.at if entry.active and not entry.silenced else None)


def _reset(entry: Entry, act: Act, _: Alerts) -> Entry:
    if not entry.latched:
        raise Refused("alarm_act.not_latched")
    if entry.active:
        raise Refused("alarm_act.still_active")
    return replace(entry, latched=False, acknowledged=entry.acknowledged or act.mark)


_DO: Final = {
    "acknowledge": _acknowledge,
    "shelve": _shelve,
    "unshelve": _unshelve,
    "take_out": _take_out,
    "put_back": _put_back,
    "reset": _reset,
}
