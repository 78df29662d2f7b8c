"""How well the alarms serve people: rates, floods, alarms that chatter, alarms that stand (ISA-18.2, part 16)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from bems.alarming.board import Board, State
from bems.history.rows import Event, EventKind
from dashboards.ports.alarm import AlarmFigures, BadActor
from models.alarming import Severity
from models.signals import Reason

WINDOW: Final = timedelta(minutes=10)
CHATTERS: Final = 3
"""Times within the window from which on an alarm chatters."""
MOST_OFTEN: Final = 10
CLASSES: Final[tuple[Severity, ...]] = ("A", "B", "C")
FACTS_BESIDE: Final = frozenset({"code", "severity"})


def figures(events: Sequence[Event], board: Board, start: datetime, now: datetime) -> AlarmFigures:
    """From the events of alarms since `start`, in the order of time, and the board as it is now."""
    ups = [event for event in events if event.kind is EventKind.ALARM_UP]
    floods = sum(event.kind is EventKind.ALARM_FLOOD and event.data.get("turn") == "flood" for event in events)
    begun = min((event.at for event in events), default=now)
    days = max((now - max(start, begun)) / timedelta(days=1), 1 / 24)
    states = Counter(entry.state for entry in board.entries.values())
    active = [e for e in board.entries.values() if e.state in (State.UNACKNOWLEDGED, State.ACKNOWLEDGED)]
    times: dict[str, list[datetime]] = {}
    latest: dict[str, Event] = {}
    for event in ups:
        times.setdefault(event.subject, []).append(event.at)
        latest[event.subject] = event
    often = sorted(times, key=lambda name: (-len(times[name]), name))[:MOST_OFTEN]
    return AlarmFigures(
        days=round(days, 2),
        raised=len(ups),
        per_day=round(len(ups) / days, 1),
        busiest_ten_minutes=_most([event.at for event in ups]),
        floods=floods,
        by_class={name: sum(event.data.get("severity") == name for event in ups) for name in CLASSES},
        standing=len(active),
        standing_over_a_day=sum(now - entry.raised_at > timedelta(days=1) for entry in active),
        shelved=states[State.SHELVED],
        suppressed=states[State.SUPPRESSED],
        out_of_service=states[State.OUT_OF_SERVICE],
        often=[
            BadActor(name, _reason(latest[name]), len(times[name]), _most(times[name]) >= CHATTERS) for name in often
        ],
    )


def _reason(event: Event) -> Reason:
    facts = {key: fact for key, fact in event.data.items() if key not in FACTS_BESIDE}
    return Reason(str(event.data.get("code", event.text)), facts)


def _most(times: Sequence[datetime]) -> int:
    """The most that fell into any ten minutes."""
    ordered = sorted(times)
    most = first = 0
    for index, at in enumerate(ordered):
        while at - ordered[first] >= WINDOW:
            first += 1
        most = max(most, index - first + 1)
    return most
