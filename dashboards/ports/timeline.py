"""The plan as people's pages may read it: past and plan on one time axis, each command's grounds, and how it went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict

from dashboards.ports.energy import DESCRIBED
from models.profile import Text

Values = Sequence[float | None]


@dataclass(frozen=True)
class LineView:
    """One quantity: what was measured, and what is planned."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    name: Text
    past: Values
    """One value a step of the past; empty where it is not measured."""
    planned: Values
    """One value a step of the plan."""
    low: Values = ()
    """Lowest that is promised, by step of the plan; empty where nothing is."""
    high: Values = ()
    kwh_per_k: float | None = None
    """Heat that a kelvin is worth in a store."""
    spread: Values = ()
    """Standard deviation by step of the plan, of what is forecast; empty where the plan decides."""


@dataclass(frozen=True)
class LaneView:
    """Quantities of one unit that are shown together."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    unit: str
    how: Literal["bars", "lines", "stack", "choice"]
    """bars: one quantity by step; stack: add up; choice: show one of them, the first unless told otherwise."""
    lines: Sequence[LineView]
    limit: float | None = None
    """Of the sum: the month's peak that the plan reckons with."""


@dataclass(frozen=True)
class SecondView:
    """The best of the other choices."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    value: float
    cost_nok: float | None
    """More than what was chosen, over the whole plan; None: no plan is possible with it."""
    breaks: Sequence[Text]
    """Promises that would be broken with it."""


@dataclass(frozen=True)
class CameView:
    """What a command of an earlier plan was to come to in that plan's first step, and what it came to."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    end: datetime
    unit: Literal["kWh", "m³/h", "°C"]
    """Energy over the step, mean flow, or temperature at its end."""
    planned: float
    happened: float | None
    """None: the record does not tell."""


@dataclass(frozen=True)
class GroundsView:
    """One command of the plan's first step, and why."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    family: Literal[
        "compressors",
        "charge",
        "boiler",
        "district_heat",
        "after_heater",
        "cars",
        "battery",
        "air",
        "room",
        "sun",
        "cooling",
        "blinds",
        "pv",
    ]
    asset: Text
    """Name of what it is for."""
    value: float
    """Compressors, kW (of a battery: negative while it gives), or what is spared of full air, 0 to 1."""
    unit: str
    reason: Text
    bound: Text | None
    """What held it back most."""
    bound_nok: float | None
    """What one unit more of room there would save."""
    electricity_nok_per_kwh: float | None
    """What a kWh more of load would cost in this step, power charge included."""
    heat_nok_per_kwh: float | None
    """What a kWh of heat is worth where its heat goes."""
    second: SecondView | None
    """None: there is no other choice, or there was no time to price it."""
    followed: bool
    """Whether control follows the plans for it; if not, the rules decide."""
    start: datetime
    end: datetime
    identity: str
    """The forecasts it was decided on."""
    last: CameView | None
    """What came of the like command of the last plan whose first step has passed; None when no meter tells it."""


@dataclass(frozen=True)
class TimelineView:
    """The newest plan, with the hours before it."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    now: datetime
    made_at: datetime
    expires_at: datetime
    identity: str
    """The forecasts it was made with, as the record names them."""
    sources: Text
    """The same in words."""
    past_starts: Sequence[datetime]
    past_step_s: float
    starts: Sequence[datetime]
    """Begin of each step of the plan."""
    end: datetime
    prices_until: datetime | None
    """From then on prices are expected, not published."""
    lanes: Sequence[LaneView]
    costs_nok: Sequence[tuple[str, float]]
    """Parts of the objective, money first."""
    grounds: Sequence[GroundsView]
    missed: Sequence[Text]
    """Promises it cannot keep."""
    cycle_at: datetime | None
    """When it reaches the heat cycle's temperature."""


@dataclass(frozen=True)
class HourScoreView:
    """A clock hour: what the plan made for it promised, what was measured."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    followed: bool
    """Whether any assets followed the plans."""
    planned_kwh: float
    bought_kwh: float
    planned_nok: float
    paid_nok: float
    kept_nok: float
    """Worth of heat left at the end beyond the plan's; set it against what was paid."""


@dataclass(frozen=True)
class ComparedView:
    """One quantity of a day's plan against what was measured, by hour."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    name: Text
    unit: str
    planned: Values
    measured: Values


@dataclass(frozen=True)
class LookBackView:
    """A day that has passed, or passes: its plan against what happened."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    end: datetime
    made_at: datetime | None
    """When the day's plan was made; None: none was kept."""
    identity: str | None
    starts: Sequence[datetime]
    """Clock hours of `lines`."""
    lines: Sequence[ComparedView]
    hours: Sequence[HourScoreView]
    """Hours whose own plan was compared with what was paid."""
