"""The words that travel between packages: samples up from the field, commands down to it. All immutable."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Quality(StrEnum):
    """Why a value can or cannot be used. Only GOOD carries a value."""

    GOOD = "good"
    STALE = "stale"
    """Was good, but older than its point allows; the last value is kept beside it for people, never for control."""
    OFFLINE = "offline"
    """The device did not answer."""
    BAD = "bad"
    """The device answered, but said 'not available' or something that cannot be decoded."""
    UNREAD = "unread"
    """Not read since start-up."""


class Sample(NamedTuple):
    """One reading of one point. `at` is site time, UTC. `value` is None exactly when `quality` is not GOOD.

    A NamedTuple: a tick makes 500 of them, and they cost a third of a frozen dataclass.
    """

    point: str
    at: datetime
    value: float | None
    quality: Quality = Quality.GOOD


class Reading(NamedTuple):
    """The latest known state of a point, as control and people see it. A NamedTuple for the same reason."""

    value: float | None
    """None unless quality is GOOD."""
    quality: Quality
    at: datetime | None
    """Site time of the last GOOD sample, None before the first."""
    last_value: float | None = None
    """Last GOOD value ever read, whatever the quality now; for display only."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as data: a stable code and the facts it was decided on. Pages turn it into a sentence in their language."""

    code: str
    facts: Mapping[str, float | str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A value to be held on a writable point until `expires_at` (site time), at a BACnet priority 1 (highest) to 16.

    `value` None gives the slot back (relinquish).
    """

    point: str
    value: float | None
    priority: int
    source: str
    expires_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """A wish that was not turned into a command, and why."""

    point: str
    reason: Reason


class Write(NamedTuple):
    """What a driver is asked to do with one point: hold `value` at `priority`, or relinquish when it is None."""

    point: str
    value: float | None
    priority: int


class WriteResult(NamedTuple):
    """What came of a Write: `read_back` is what the device says it holds now, None when that is unknown."""

    point: str
    ok: bool
    read_back: float | None
    error: str | None
    write: Write | None = None
    """The write this answers; the link adds it, so that a late answer is not taken for that of a newer wish."""
