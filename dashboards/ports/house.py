"""What the pages of the house may read: comfort of rooms, the log, function descriptions. `bems/house.py` answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from dashboards.ports.function import FunctionView

LogGroup = Literal["people", "outside", "control", "alarms", "system"]
"""What people changed here, what was changed elsewhere, what control tells, alarms, and the program itself."""


@dataclass(frozen=True, slots=True)
class SpaceView:
    """One room or zone since midnight. Minutes are of the time for which its temperature is known."""

    space: str
    """Id of the room or zone."""
    resident: bool
    low_degc: float
    """The band it is to be within now."""
    high_degc: float
    below_min: float
    above_min: float
    known_min: float


@dataclass(frozen=True, slots=True)
class ComfortView:
    """All rooms and zones that somebody is in, since local midnight."""

    since: datetime
    until: datetime
    spaces: Sequence[SpaceView]


@dataclass(frozen=True, slots=True)
class LogEntryView:
    """Something that happened or was changed, as the record has it."""

    at: datetime
    group: LogGroup
    kind: str
    subject: str
    text: str
    data: Mapping[str, Any]


class House(Protocol):
    """Answers off the loop's thread where it asks the record; raises what the record raises."""

    def functions(self) -> Sequence[FunctionView]:
        """The function description of each system."""
        ...

    async def comfort(self) -> ComfortView:
        """Comfort since midnight; a few seconds old at most."""
        ...

    async def log(
        self, start: datetime, end: datetime, groups: Sequence[LogGroup], limit: int
    ) -> Sequence[LogEntryView]:
        """The newest entries of these groups from `start` to `end`, newest first."""
        ...
