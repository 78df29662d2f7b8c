"""What the record keeps and gives back, apart from samples (models.signals.Sample): plain, immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from models.signals import Command, WriteResult


class EventKind(StrEnum):
    """What kind of thing happened."""

    START = "start"
    """The program started."""
    STOP = "stop"
    """The program stopped in good order; a start without a stop before it followed a crash or a power cut."""
    ALARM_UP = "alarm_up"
    """An alarm calls for attention: raised, or no longer explained by another one."""
    ALARM_DOWN = "alarm_down"
    ALARM_QUIET = "alarm_quiet"
    """An alarm was raised or ended, or is explained by another one now (`turn`), and does not call for attention."""
    ALARM_TOLD = "alarm_told"
    """Somebody was told of an alarm: `to` (id of the recipient), `how`, `about`."""
    ALARM_FLOOD = "alarm_flood"
    """A flood of alarms has begun, or is over (`turn`); the subject is the alarm it began with."""
    FALLBACK_ON = "fallback_on"
    """A rule lost an input and does what it does without."""
    FALLBACK_OFF = "fallback_off"
    CONTROL = "control"
    """Something control reports of itself: a hygiene cycle begun, proven or overdue."""
    OUTSIDE_CHANGE = "outside_change"
    """Somebody else wrote a point that we hold."""
    PLAN = "plan"
    """A new plan, with the grounds of what it asks for."""
    METER_EXCHANGE = "meter_exchange"
    """A meter was exchanged; the subject is its counter's point, the data `last` (old meter), `first` (new one), `who`,
    `why`, `told_ms`. None for both readings takes back what was noted of these hours. See bems.history.exchanges."""
    HOLD = "hold"
    """A wish that was not turned into a command."""
    AUDIT = "audit"
    """Somebody changed something here. Data: `who`, `what` (a name of the texts' part [audit]), `before`, `after`,
    `reason`; the last three may be None."""
    WATER_FILE = "water_file"
    """Somebody made an entry in the legionella file. Data: `number`, `who`, `what`, `corrects` (the number of an older
    entry in whose place it stands, or None) and `fact` (models.water_facts)."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at `at` (site time) to `subject` (a point, device, driver or rule)."""

    at: datetime
    kind: EventKind
    subject: str
    text: str
    """One sentence for people."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """The same for programs; anything JSON can hold."""


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command as it was given at `at` (site time), and what came of it."""

    at: datetime
    command: Command
    result: WriteResult | None = None
    """None when nothing was written, e.g. because the device held the value already."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownForecast:
    """A forecast as it was known: columns over the times they are for. Names of columns carry their unit."""

    source: str
    known_at: datetime
    """Site time from which we had it."""
    issued_at: datetime
    """When its maker issued it."""
    at_ms: NDArray[np.int64]
    """Times it is for [ms since 1970 UTC]."""
    columns: Mapping[str, NDArray[np.float64]]
    """NaN where the forecast says nothing."""

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items() if len(column) != len(self.at_ms)}
        if lengths:
            raise ValueError(f"forecast of {self.source}: {len(self.at_ms)} times, but columns have {lengths}")


class Table(NamedTuple):
    """Samples as columns of equal length: of one point, or of several after each other."""

    at_ms: NDArray[np.int64]
    """[ms since 1970 UTC]"""
    value: NDArray[np.float64]
    """NaN where there is none."""
    quality: NDArray[np.int8]

    def part(self, rows: slice | NDArray[np.bool_] | NDArray[np.int64]) -> Self:
        """Some of the rows."""
        return self._replace(at_ms=self.at_ms[rows], value=self.value[rows], quality=self.quality[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Samples of one point in order of time, every one that was recorded."""

    point: str
    at_ms: NDArray[np.int64]
    """[ms since 1970 UTC]"""
    value: NDArray[np.float64]
    """NaN exactly where the quality is not GOOD."""
    quality: NDArray[np.int8]
    """Codes of bems.history.schema.QUALITY_CODE; 0 is GOOD."""


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """One point over n buckets, n + 1 edges; a bucket without any known value has NaN and coverage 0."""

    point: str
    edges_ms: NDArray[np.int64]
    """[ms since 1970 UTC]"""
    mean: NDArray[np.float64]
    """Weighted by the time each value held, over the time that is known."""
    min: NDArray[np.float64]
    max: NDArray[np.float64]
    last: NDArray[np.float64]
    """The last value that held within the bucket."""
    coverage: NDArray[np.float64]
    """Part of the bucket's time for which a value is known, 0 .. 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Samples in the order of their ticks, whole ticks only, in columns of one length; see `History.ticks_after`."""

    cursor: int
    """Ask for what follows from here; it has moved on even when the ticks passed brought no samples."""
    names: tuple[str, ...]
    """What `point` indexes."""
    tick: NDArray[np.int64]
    """Never falls."""
    point: NDArray[np.int32]
    """Place in `names`."""
    at_ms: NDArray[np.int64]
    """[ms since 1970 UTC]; late samples keep their own time, so it may fall."""
    value: NDArray[np.float64]
    """NaN exactly where the quality is not GOOD."""
    quality: NDArray[np.int8]
    """Codes of bems.history.schema.QUALITY_CODE; 0 is GOOD."""

    def __len__(self) -> int:
        return len(self.tick)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A meter was exchanged for another one at `at_ms`."""

    at_ms: int
    last: float
    """Reading of the old meter when it was taken out."""
    first: float
    """Reading of the new one when it was put in."""


@dataclass(frozen=True, slots=True)
class Break:
    """A counter did not simply go on: it was read as `before`, then, at `at_ms`, as `after`."""

    at_ms: int
    kind: Literal["rollover", "exchange", "reset"]
    before: float
    after: float


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """What one counter gained over n buckets, n + 1 edges; NaN where no two readings tell of the bucket."""

    point: str
    edges_ms: NDArray[np.int64]
    """[ms since 1970 UTC]"""
    gained: NDArray[np.float64]
    """In the counter's own unit."""
    in_gaps: NDArray[np.float64]
    """The part of it that fell into gaps: known as a whole, shared out evenly over each gap."""
    coverage: NDArray[np.float64]
    """Part of the bucket's time between readings that are close together, 0 .. 1."""
    breaks: tuple[Break, ...]
