"""What people's pages may read. The page side defines it, `bems/view.py` satisfies it."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from dashboards.ports.alarm import AlarmDesk
from dashboards.ports.desk import Desk
from dashboards.ports.house import House
from dashboards.ports.insight import Insight
from dashboards.ports.meter import Meters
from dashboards.ports.night import NightsView
from dashboards.ports.report import Reports
from dashboards.ports.water_file import WaterDesk
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
    """State of one part of the system: a driver, a feed, the record, the loop, or a target that is fed from here."""

    name: str
    kind: Literal["driver", "feed", "record", "loop", "plan", "target"]
    state: State
    age_s: float | None
    """Wall time since it last worked."""
    detail: str
    figures: Mapping[str, float] = field(default_factory=dict)
    """Further figures for monitoring; those that only rise end with '_total'. Described in dashboards.metrics."""


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
    unacknowledged: bool = True
    """A person has to see it, and nobody has."""


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


@dataclass(frozen=True, slots=True)
class SolveView:
    """How a plan was found."""

    way: str
    status: str
    objective_nok: float
    gap: float
    """Above the linear plan, as share of the objective."""
    solve_ms: float
    total_ms: float
    """Stating the problem included."""
    rows: int
    columns: int
    integers: int


@dataclass(frozen=True, slots=True)
class RowView:
    """A row of the problem: what it is missed by in its unit, or what a unit more of room is worth [NOK]."""

    row: str
    step: int
    amount: float


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One clock hour: what the plan would have paid for electricity, and what was paid [NOK]."""

    start: datetime
    followed: Sequence[str]
    """Assets that followed the plans; none in shadow."""
    planned_nok: float
    paid_nok: float
    planned_kwh: float
    bought_kwh: float
    kept_nok: float
    """Worth of heat left in tanks and building at the end, beyond the plan's."""


@dataclass(frozen=True, slots=True)
class PlanView:
    """The newest plan, followed or not. Values by step; a step lasts from its start to the next one's, or to `end`."""

    made_at: datetime
    expires_at: datetime
    """From then on nobody follows it."""
    identity: str
    """The forecasts it was made with."""
    starts: Sequence[datetime]
    end: datetime
    trajectories: Mapping[str, Sequence[float | None]]
    """By '<asset>.<quantity>_<unit>'."""
    clock_hours: Mapping[str, Sequence[float | None]]
    """Values by clock hour, or one for each month."""
    buy_nok_per_kwh: Sequence[float | None]
    sell_nok_per_kwh: Sequence[float | None]
    electricity_nok_per_kwh: Sequence[float | None]
    """What a kWh more of load would cost, power charge included."""
    heat_nok_per_kwh: Mapping[str, Sequence[float | None]]
    """What a kWh of heat is worth, by store."""
    parts_nok: Mapping[str, float]
    binding: Sequence[RowView]
    violations: Sequence[RowView]
    solve: SolveView
    why: Sequence[Mapping[str, Any]]
    """Grounds of each decision of the first step, as they are kept in the record."""
    asks: Mapping[str, Any]
    """What it asks for now; empty when it has run out."""


@dataclass(frozen=True, slots=True)
class PlanningView:
    """Who decides, and what the optimiser has to say."""

    decides: Reason
    promoted: Sequence[str]
    """Assets that follow the plans; none in shadow."""
    no_plan: Reason | None
    """Why the last try gave none."""
    plan: PlanView | None
    scores: Sequence[ScoreView]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class ModelView:
    """What the record has taught; version 0 is the site file alone."""

    learned_version: int
    learned_until: datetime | None
    learned_parts: Sequence[str]
    fitted_version: int
    fitted_until: datetime | None
    fitted_parts: Mapping[str, Mapping[str, float]]
    """Factors on the site file's parameters (1: as it says), by part."""
    nights: Sequence[Mapping[str, Any]]
    """What came of each night, newest last."""


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
        """Each driver, feed, the record, the loop, and each target."""
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

    def decides(self) -> Reason:
        """Who decides now: the optimiser, or the rules and why."""
        ...

    def planning(self) -> PlanningView | None:
        """The newest plan and the scores; None where nothing plans."""
        ...

    def model(self) -> ModelView | None:
        """What the record has taught; None where nothing plans."""
        ...

    def nights(self) -> NightsView | None:
        """The night's programme and the last accounts; None where nobody makes them."""
        ...

    @property
    def reports(self) -> Reports:
        """Reports of months, quarters and years."""
        ...

    @property
    def water_file(self) -> WaterDesk:
        """The legionella file."""
        ...

    @property
    def meters(self) -> Meters:
        """Exchanges of meters."""
        ...

    @property
    def insight(self) -> Insight:
        """Energy and money, hot water, and the plan on one time axis."""
        ...

    @property
    def desk(self) -> Desk:
        """People's orders: what is taken over, modes, settings."""
        ...

    @property
    def house(self) -> House:
        """Comfort of rooms, the log, function descriptions."""
        ...

    @property
    def alarm_desk(self) -> AlarmDesk:
        """Alarms through their whole life, and what operators do to them."""
        ...

    def ticks(self) -> AsyncIterator[int]:
        """Yields after every tick of the loop (latest wins); ends when the system stops."""
        ...
