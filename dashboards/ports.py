"""What people's pages may read. The page side defines it, `bems/view.py` satisfies it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from models.signals import Reason
from models.site import Site

State = Literal["ok", "degraded", "down", "starting"]


@dataclass(frozen=True, slots=True)
class PointView:
    """One point as people and programs see it. `age_s` and `period_s` are wall time; `at` is site time, UTC."""

    id: str
    tag: str
    value: float | None
    unit: str
    quality: str
    at: datetime | None
    age_s: float | None
    """Wall time since it was last read; None before the first reading."""
    period_s: float
    source: str
    """Device it comes from."""
    protocol: str
    writable: bool
    held_by: str | None
    """Who holds the point and at which priority, e.g. 'rules@12'; None when nobody does."""
    last_value: float | None
    """Last good value, kept for display when quality is not good."""


@dataclass(frozen=True, slots=True)
class Health:
    """State of one part of the system: a driver, a feed, the record or the loop."""

    name: str
    kind: Literal["driver", "feed", "record", "loop"]
    state: State
    age_s: float | None
    """Wall time since it last worked."""
    detail: str


@dataclass(frozen=True, slots=True)
class HeldCommand:
    """The command that holds a point now, and why."""

    point: str
    value: float
    source: str
    priority: int
    since: datetime
    expires_at: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class AlarmView:
    """Something that needs a person: raised from a device's own alarm flag, a lost connection or a broken rule."""

    id: str
    """Stable, e.g. 'connection.mb_heat' or 'point.boiler.fault'."""
    severity: Literal["A", "B", "C"]
    raised_at: datetime
    text: Reason
    """Code and facts; the page has the sentence."""
    point: str | None


@dataclass(frozen=True, slots=True)
class Series:
    """Time-weighted history of one point in even buckets; all lists are of one length, None where nothing is known."""

    point: str
    unit: str
    start: datetime
    bucket_s: float
    mean: Sequence[float | None]
    minimum: Sequence[float | None]
    maximum: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class PriceView:
    """Electricity price known now: hour or quarter starts (UTC) and NOK/kWh ex VAT, None where it is not known."""

    source: str
    synthetic: bool
    starts: Sequence[datetime]
    nok_per_kwh: Sequence[float | None]


class SiteView(Protocol):
    """Everything the read-only pages and the JSON API need. Answers from memory, except `history` and `events`."""

    @property
    def site(self) -> Site:
        """The site description (drawing, names, assets)."""
        ...

    @property
    def demo(self) -> bool:
        """True when the plant behind it is simulated and loopback is let in as an anonymous viewer."""
        ...

    def now(self) -> datetime:
        """Site time, UTC."""
        ...

    @property
    def speed(self) -> float:
        """Site seconds per wall second."""
        ...

    def points(self) -> Sequence[PointView]:
        """Every point of the site, in the order of the site file."""
        ...

    def health(self) -> Sequence[Health]:
        """Each driver, feed, the record and the loop."""
        ...

    def alarms(self) -> Sequence[AlarmView]:
        """Active alarms, newest first."""
        ...

    def held(self) -> Sequence[HeldCommand]:
        """Commands in force, one a point."""
        ...

    async def events(self, limit: int) -> Sequence[Mapping[str, object]]:
        """Latest events (at, kind, subject, text, data), newest first. Runs off the loop's thread."""
        ...

    def prices(self) -> PriceView | None:
        """Prices known now; None when no feed has delivered any."""
        ...

    async def history(self, point: str, start: datetime, end: datetime, buckets: int) -> Series:
        """Aggregated history of one point; KeyError for an unknown point. Runs off the loop's thread."""
        ...

    def ticks(self) -> AsyncIterator[int]:
        """Yields after every tick of the loop (latest wins); ends when the system stops."""
        ...
