"""What is known of every alarm: an immutable board, folded from conditions by `fold` and from operators' `acts`.

States after ISA-18.2. The condition is always followed; shelving, suppression by design and out of service only keep an
alarm from calling for attention.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from bems.alarming.alarms import Alarm, Condition


class State(StrEnum):
    """Of one alarm, as operators know it."""

    UNACKNOWLEDGED = "unacknowledged"
    """Active, and nobody has seen it."""
    ACKNOWLEDGED = "acknowledged"
    """Active, and somebody looks after it."""
    RETURNED = "returned"
    """Over, but nobody has seen it."""
    LATCHED = "latched"
    """Over and seen; it stays until it is reset."""
    SHELVED = "shelved"
    """Set aside by an operator for a time."""
    SUPPRESSED = "suppressed"
    """Explained by another alarm."""
    OUT_OF_SERVICE = "out_of_service"
    """Taken out for maintenance."""
    NORMAL = "normal"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who did something to an alarm, when (site time) and why."""

    at: datetime
    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One alarm on the board. All times are site time."""

    condition: Condition
    """As it was last; with the class of the rationalised list."""
    active: bool
    raised_at: datetime
    """When the condition had stood for its delay."""
    shown_at: datetime | None = None
    """Since when it calls for attention; None while it does not."""
    gone_at: datetime | None = None
    """Since when the condition is away; it has ended when that has lasted for its delay."""
    ended_at: datetime | None = None
    acknowledged: Mark | None = None
    latched: bool = False
    wants_acknowledgement: bool = True
    shelved: Mark | None = None
    shelved_until: datetime | None = None
    out_of_service: Mark | None = None
    suppressed_by: str | None = None
    """Id of the alarm that explains it."""
    explained_until: datetime | None = None
    """That one has ended; this one is given until then to end, too."""
    times: int = 1
    """It was raised since it came onto the board."""

    @property
    def silenced(self) -> bool:
        """Kept from calling for attention."""
        return self.shelved is not None or self.suppressed_by is not None or self.out_of_service is not None

    @property
    def state(self) -> State:
        """What operators call it."""
        if self.out_of_service is not None:
            return State.OUT_OF_SERVICE
        if self.shelved is not None:
            return State.SHELVED
        if self.suppressed_by is not None and self.active:
            return State.SUPPRESSED
        if self.active:
            return State.ACKNOWLEDGED if self.acknowledged is not None else State.UNACKNOWLEDGED
        if self.acknowledged is None and self.wants_acknowledgement:
            return State.RETURNED
        return State.LATCHED if self.latched else State.NORMAL

    @property
    def stays(self) -> bool:
        """Whether it stays on the board."""
        return self.active or self.state is not State.NORMAL


@dataclass(frozen=True, slots=True)
class Flood:
    """More alarms than people can follow."""

    since: datetime
    first: str
    """The alarm it began with."""


@dataclass(frozen=True, slots=True)
class Board:
    """Everything known of alarms at one instant."""

    entries: Mapping[str, Entry] = field(default_factory=dict)
    pending: Mapping[str, datetime] = field(default_factory=dict)
    """Conditions that wait for their delay, since when."""
    recent: tuple[tuple[datetime, str], ...] = ()
    """What was raised lately."""
    flood: Flood | None = None

    @property
    def standing(self) -> dict[str, Alarm]:
        """Active alarms that call for attention, in the order they were raised in."""
        shown = [entry for entry in self.entries.values() if entry.active and not entry.silenced]
        return {
            e.condition.id: Alarm(e.condition, e.raised_at) for e in sorted(shown, key=lambda entry: entry.raised_at)
        }

    def with_entry(self, entry: Entry) -> "Board":
        """The board with this entry in place of an older one."""
        return replace(self, entries={**self.entries, entry.condition.id: entry})

    def dump(self) -> Any:
        """For the record: what JSON can hold."""
        return _STORED.dump_python(self, mode="json", warnings=False)  # facts may be whole numbers

    @staticmethod
    def load(stored: Any) -> "Board":
        """From the record. pydantic.ValidationError when it is not a board."""
        return _STORED.validate_python(stored)


_STORED = TypeAdapter(Board)
