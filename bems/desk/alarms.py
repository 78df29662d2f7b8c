"""The operators' desk for alarms: bems' side of dashboards.ports.alarm.AlarmDesk."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from bems.alarming.acts import SHELVE_MIN, Act, Refused
from bems.alarming.alarms import Condition
from bems.alarming.board import Entry, Mark, State
from bems.alarming.figures import figures
from bems.alarming.groups import groups
from bems.history.query import History
from bems.history.rows import EventKind
from bems.system import System
from dashboards.ports.alarm import (
    ActRefused,
    AlarmFigures,
    AlarmRow,
    AlarmStateName,
    AlarmVerb,
    DutyView,
    FloodView,
    KnownAlarm,
    MarkView,
)
from models.alarming import Sheet

FIGURES_BACK: Final = timedelta(days=7)
KINDS: Final = (EventKind.ALARM_UP, EventKind.ALARM_FLOOD)


class SystemAlarms:
    """Of one running system."""

    def __init__(self, system: System, history: History) -> None:
        self._system, self._history = system, history
        self._systems = {device.id: device.system for device in system.site.devices}

    def rows(self) -> Sequence[AlarmRow]:
        """Every alarm that is not normal: by cause, the most urgent first."""
        alarming = self._system.alarming
        return [
            self._row(entry, group.first.condition.id)
            for group in groups(alarming.board, alarming.sheets)
            for entry in (group.first, *group.others)
        ]

    def _row(self, entry: Entry, cause: str) -> AlarmRow:
        condition, sheet = entry.condition, self._system.alarming.sheets.of(entry.condition)
        longest = self._system.site.alerts.shelve_max(condition.severity)
        return AlarmRow(
            id=condition.id,
            severity=condition.severity,
            state=entry.state.value,
            active=entry.active,
            text=condition.text,
            point=condition.point,
            tag=self._tag(condition, sheet),
            raised_at=entry.raised_at,
            ended_at=entry.ended_at,
            acknowledged=_mark(entry.acknowledged),
            shelved=_mark(entry.shelved),
            shelved_until=entry.shelved_until,
            out_of_service=_mark(entry.out_of_service),
            suppressed_by=entry.suppressed_by if entry.active else None,
            times=entry.times,
            cause=cause,
            sheet=sheet,
            shelve_choices_min=[minutes for minutes in SHELVE_MIN if timedelta(minutes=minutes) <= longest],
            can=_possible(entry),
        )

    def _tag(self, condition: Condition, sheet: Sheet) -> str | None:
        """What the list says, else the point's, else the system its device belongs to."""
        if sheet.tag is not None:
            return sheet.tag
        if condition.point is not None and condition.point in self._system.site.points:
            return self._system.site.points[condition.point].tag
        return self._systems.get(self._system.alarming.sheets.device(condition) or "")

    def flood(self) -> FloodView | None:
        """The flood there is, if any."""
        board = self._system.alarming.board
        return None if board.flood is None else FloodView(board.flood.since, board.flood.first, len(board.recent))

    def known(self) -> Sequence[KnownAlarm]:
        """The rationalised list: what is known beforehand, and what stands besides."""
        alarming = self._system.alarming
        entries = alarming.board.entries
        conditions = dict(alarming.known()) | {key: entry.condition for key, entry in entries.items()}
        found = []
        for key, condition in conditions.items():
            sheet = alarming.sheets.of(condition)
            out = key in entries and entries[key].out_of_service is not None
            found.append(KnownAlarm(key, condition.text, self._tag(condition, sheet), sheet, out))
        return sorted(found, key=lambda known: (known.sheet.severity, known.id))

    def duty(self) -> DutyView:
        """Who is told now."""
        site = self._system.site
        return DutyView(site.alerts.on_duty(self._system.clock.now(), site.zone_info), len(site.alerts.recipients))

    async def act(self, who: str, verb: AlarmVerb, alarm: str, reason: str, minutes: int | None) -> AlarmStateName:
        """Do something to one alarm. The audit goes into the record with the next tick."""
        mark = Mark(self._system.clock.now(), who, reason)
        try:
            audit, state = self._system.alarming.do(Act(verb, alarm, mark, minutes))
        except Refused as refused:
            if refused.key == "alarm_act.unknown":
                raise KeyError(alarm) from refused
            raise ActRefused(refused.key, refused.facts) from refused
        self._system.note(audit)
        return state.value

    async def figures(self) -> AlarmFigures:
        """Rates and bad actors of the last seven days."""
        now = self._system.clock.now()
        start = now - FIGURES_BACK
        events = await asyncio.to_thread(self._history.events, start, now + timedelta(days=1), KINDS)
        return figures(events, self._system.alarming.board, start, now)


def _mark(mark: Mark | None) -> MarkView | None:
    return None if mark is None else MarkView(mark.who, mark.at, mark.reason)


def _possible(entry: Entry) -> list[AlarmVerb]:
    """What can be done to it now."""
    state = entry.state
    if state is State.OUT_OF_SERVICE:
        return ["put_back"]
    found: list[AlarmVerb] = []
    if entry.acknowledged is None and state in (State.UNACKNOWLEDGED, State.RETURNED):
        found.append("acknowledge")
    if state is State.LATCHED:
        found.append("reset")
    found.append("unshelve" if state is State.SHELVED else "shelve")
    return [*found, "take_out"]
