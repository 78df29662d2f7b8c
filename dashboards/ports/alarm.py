"""What pages may read of alarms, and do to them. `bems/desk/alarms.py` satisfies it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from models.alarming import Recipient, Severity, Sheet
from models.signals import Reason

AlarmVerb = Literal["acknowledge", "shelve", "unshelve", "take_out", "put_back", "reset"]
AlarmStateName = Literal[
    "unacknowledged", "acknowledged", "returned", "latched", "shelved", "suppressed", "out_of_service", "normal"
]


class ActRefused(Exception):
    """What was asked for cannot be done; `key` is that of the text which says why, `facts` go into it."""

    def __init__(self, key: str, facts: Mapping[str, str]) -> None:
        super().__init__(key)
        self.key, self.facts = key, facts


@dataclass(frozen=True, slots=True)
class MarkView:
    """Who did it, when (site time, UTC) and why."""

    who: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm with its state and everything that is known about what to do."""

    id: str
    severity: Severity
    state: AlarmStateName
    active: bool
    text: Reason
    point: str | None
    tag: str | None
    """TFM tag of what it is about."""
    raised_at: datetime
    ended_at: datetime | None
    acknowledged: MarkView | None
    shelved: MarkView | None
    shelved_until: datetime | None
    out_of_service: MarkView | None
    suppressed_by: str | None
    times: int
    cause: str
    """Id of the alarm that stands for this one and those that belong to it; its own where it stands alone."""
    sheet: Sheet
    shelve_choices_min: Sequence[int]
    can: Sequence[AlarmVerb]
    """What can be done to it now."""


@dataclass(frozen=True, slots=True)
class FloodView:
    """More alarms than people can follow, since when."""

    since: datetime
    first: str
    in_ten_minutes: int


@dataclass(frozen=True, slots=True)
class KnownAlarm:
    """An alarm that can be raised here, with its sheet."""

    id: str
    text: Reason
    tag: str | None
    sheet: Sheet
    out_of_service: bool


@dataclass(frozen=True, slots=True)
class DutyView:
    """Who is told now."""

    on_duty: Sequence[Recipient]
    recipients: int


@dataclass(frozen=True, slots=True)
class BadActor:
    """An alarm that comes often."""

    id: str
    text: Reason
    times: int
    chattering: bool
    """It came three times within ten minutes."""


@dataclass(frozen=True, slots=True)
class AlarmFigures:
    """How well the alarms serve people, over the last seven days (or as far as the record goes)."""

    days: float
    raised: int
    per_day: float
    busiest_ten_minutes: int
    floods: int
    by_class: Mapping[Severity, int]
    standing: int
    standing_over_a_day: int
    shelved: int
    suppressed: int
    out_of_service: int
    often: Sequence[BadActor]


class AlarmDesk(Protocol):
    """The alarms of one site. Answers from memory, except `figures`."""

    def rows(self) -> Sequence[AlarmRow]:
        """Every alarm that is not normal: by cause, the most urgent first."""
        ...

    def flood(self) -> FloodView | None:
        """The flood there is, if any."""
        ...

    def known(self) -> Sequence[KnownAlarm]:
        """The rationalised list: every alarm that can be raised here."""
        ...

    def duty(self) -> DutyView:
        """Who is told now."""
        ...

    async def act(self, who: str, verb: AlarmVerb, alarm: str, reason: str, minutes: int | None) -> AlarmStateName:
        """Do something to one alarm; gives its state after. ActRefused when it cannot be done, KeyError for none."""
        ...

    async def figures(self) -> AlarmFigures:
        """Rates and bad actors. Runs off the loop's thread."""
        ...
