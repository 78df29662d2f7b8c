"""Hot water and hygiene as people's pages may read them: the deadline, its proof, how warm every part was kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from pydantic import ConfigDict

from dashboards.ports.energy import DESCRIBED
from models.profile import Text


@dataclass(frozen=True)
class ProofView:
    """A heat cycle that is proven: the coldest sensor stayed at or above `degc`."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    end: datetime
    degc: float
    minutes: float
    coldest_degc: float
    """Lowest temperature at the coldest sensor meanwhile."""
    still_on: bool = False
    """The water is as warm yet: `end`, and with it the deadline, move on with the clock."""


@dataclass(frozen=True)
class PairView:
    """One of the pairs that prove a cycle, and how far a hold that runs now has come."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    degc: float
    minutes: float
    """At or above `degc` at the coldest sensor for so long proves a cycle."""
    held_minutes: float | None
    """So far; None: the coldest sensor is below."""


@dataclass(frozen=True)
class DutyView:
    """Where the duty to drive a heat cycle stands."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    interval_days: float
    due_at: datetime | None
    """None while control has not looked yet."""
    left_h: float | None
    """Until the deadline; negative when it has passed."""
    driven_since: datetime | None
    """A cycle is driven now."""
    planned_at: datetime | None
    """When the newest plan reaches the cycle's temperature."""
    coldest_degc: float | None
    """Of all sensors now; None while one of them is not known."""
    pairs: Sequence[PairView]
    proven: ProofView | None
    """The last proof."""


@dataclass(frozen=True)
class SensorView:
    """One sensor of the potable volume, and how it was kept."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    point: str
    name: Text
    is_loop: bool
    """A return of the circulation."""
    value_degc: float | None
    limit_degc: float
    lowest_degc: float | None
    """Within the last 24 hours."""
    below_min: Sequence[float | None]
    """Minutes below the limit on each day of `days`."""
    critical_min: Sequence[float | None]
    """Minutes below the critical temperature, likewise."""
    unknown_min: Sequence[float]
    """Minutes without a value, likewise; the time to come is not counted."""


@dataclass(frozen=True)
class CycleView:
    """An entry of the log of heat cycles."""

    at: datetime
    code: str
    text: Text


@dataclass(frozen=True)
class WaterView:
    """Hot water and hygiene."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    now: datetime
    duty: DutyView
    critical_degc: float
    days: Sequence[datetime]
    """Local midnights; the last one is today's."""
    sensors: Sequence[SensorView]
    log: Sequence[CycleView]
    """Newest first."""
    tapped_m3: float | None
    """Hot water used today."""
    heater_kwh: float | None
    """Electricity of the after-heater today."""
    cold_degc: float | None
    cold_max_degc: float
    charts: Sequence[str]
    """Points worth a chart, at most four."""
