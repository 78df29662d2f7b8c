"""Whom to tell of which alarm, and who has been told: pure, from the board, the steps of escalation and the roster.

Somebody is told of an alarm once for every step that means them, while nobody has acknowledged it; who comes on duty is
told of what still waits. Those who were told of it hear when somebody has taken it (class A), and when it is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from bems.alarming.alarms import Condition
from bems.alarming.board import Board, Entry
from models.alarming import Alerts

About = Literal["raised", "again", "taken", "over"]
SETTLED: Final = timedelta(minutes=5)
"""An alarm must have been over for so long before people are told so: one that comes and goes is told once."""


@dataclass(frozen=True, slots=True)
class Call:
    """What has been told of one alarm."""

    condition: Condition
    begun: datetime
    """When it began to call for attention."""
    told: tuple[tuple[int, str], ...] = ()
    """Steps, with the recipients who have been told in them."""
    taken_told: tuple[str, ...] = ()
    """Who has heard that somebody looks after it."""
    over_told: tuple[str, ...] = ()
    """Who has heard that it is over."""

    @property
    def people(self) -> frozenset[str]:
        """Who has been told of it."""
        return frozenset(name for _, name in self.told)


@dataclass(frozen=True, slots=True)
class Notice:
    """One recipient is to hear one thing of one alarm."""

    recipient: str
    about: About
    condition: Condition
    begun: datetime
    step: int = 0
    who: str | None = None
    """Who has taken it."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Everything that has been told of alarms that are not over."""

    by_alarm: Mapping[str, Call] = field(default_factory=dict)
    last: Mapping[str, datetime] = field(default_factory=dict)
    """When each recipient was last told anything."""

    def told(self, notices: Iterable[Notice], now: datetime) -> "Calls":
        """After these have been delivered."""
        calls, last = dict(self.by_alarm), dict(self.last)
        for notice in notices:
            key, name = notice.condition.id, notice.recipient
            last[name] = now
            call = calls.get(key)
            if notice.about in ("raised", "again"):
                if call is None or call.begun != notice.begun:
                    call = Call(notice.condition, notice.begun)
                calls[key] = replace(call, told=(*call.told, (notice.step, name)))
            elif call is None:
                continue  # its last word has been said meanwhile
            elif notice.about == "taken":
                calls[key] = replace(call, taken_told=(*call.taken_told, name))
            else:
                calls[key] = replace(call, over_told=(*call.over_told, name))
        done = {key for key, call in calls.items() if call.people and call.people <= set(call.over_told)}
        return Calls({key: call for key, call in calls.items() if key not in done}, last)

    def dump(self) -> Any:
        """For the record: what JSON can hold."""
        return _STORED.dump_python(self, mode="json", warnings=False)  # facts may be whole numbers

    @staticmethod
    def load(stored: Any) -> "Calls":
        """From the record. pydantic.ValidationError when it is none."""
        return _STORED.validate_python(stored)


_STORED = TypeAdapter(Calls)


def due(board: Board, calls: Calls, alerts: Alerts, now: datetime, zone: ZoneInfo) -> dict[str, list[Notice]]:
    """What each recipient is to hear now, by their id."""
    found: dict[str, list[Notice]] = {}
    for entry in board.entries.values():
        for notice in _calling(entry, calls.by_alarm.get(entry.condition.id), alerts, now, zone):
            found.setdefault(notice.recipient, []).append(notice)
    known = {recipient.id for recipient in alerts.recipients}
    for call in calls.by_alarm.values():
        for notice in _follow_ups(board.entries.get(call.condition.id), call, now):
            if notice.recipient in known:
                found.setdefault(notice.recipient, []).append(notice)
    if board.flood is None:
        return found
    return {
        name: notices for name, notices in found.items() if _may_in_flood(notices, calls.last.get(name), alerts, now)
    }


def forget(calls: Calls, alerts: Alerts) -> Calls:
    """Without those who are recipients no longer: their follow-ups would wait for ever."""
    known = {recipient.id for recipient in alerts.recipients}
    if all(call.people <= known for call in calls.by_alarm.values()):
        return calls
    kept = {
        key: replace(call, told=tuple((step, name) for step, name in call.told if name in known))
        for key, call in calls.by_alarm.items()
    }
    return replace(calls, by_alarm={key: call for key, call in kept.items() if call.told})


def _may_in_flood(notices: list[Notice], last: datetime | None, alerts: Alerts, now: datetime) -> bool:
    if any(notice.condition.severity == "A" and notice.about in ("raised", "again") for notice in notices):
        return True
    return last is None or now - last >= timedelta(minutes=alerts.flood_every_min) or now < last


def _calling(entry: Entry, call: Call | None, alerts: Alerts, now: datetime, zone: ZoneInfo) -> Iterable[Notice]:
    """Who is to be told of an alarm that stands, and that nobody has acknowledged."""
    begun = entry.shown_at
    if begun is None or not entry.active or entry.acknowledged is not None:
        return
    known = call if call is not None and call.begun == begun else None
    told = set(known.told) if known is not None else set()
    people = known.people if known is not None else frozenset[str]()
    now_told: set[str] = set()
    for number, step in enumerate(alerts.steps):
        wait = timedelta(seconds=max(step.after_min * 60, alerts.gather_s))
        if step.severity != entry.condition.severity or now - begun < wait or not step.may_tell(now, zone):
            continue
        for recipient in alerts.named(step, now, zone):
            if (number, recipient.id) not in told:
                known_to = recipient.id in people or recipient.id in now_told
                now_told.add(recipient.id)
                yield Notice(recipient.id, "again" if known_to else "raised", entry.condition, begun, number)


def _follow_ups(entry: Entry | None, call: Call, now: datetime) -> Iterable[Notice]:
    """Those who were told of it hear how it went on."""
    over = entry is None or (not entry.active and (entry.ended_at is None or now - entry.ended_at >= SETTLED))
    for name in sorted(call.people):
        if over:
            if name not in call.over_told:
                yield Notice(name, "over", call.condition, call.begun)
        elif (
            entry is not None
            and entry.active
            and entry.acknowledged is not None
            and entry.condition.severity == "A"
            and name not in call.taken_told
        ):
            yield Notice(name, "taken", entry.condition, call.begun, who=entry.acknowledged.who)
