"""What the observer believes of the plant, kept as JSON over a restart. Times are site time, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from control.rules.memory import Filtered


@dataclass(frozen=True, slots=True)
class GroupEstimate:
    """A group of zones."""

    room_degc: float
    mass_degc: float
    disturbance_kw: float
    """Heat into the room that nothing measured explains, now."""
    covariance: tuple[float, ...]
    """Of the three, row by row; units K and kW."""
    usual_kw: float = 0.0
    """Mean of the disturbance over the last days."""
    followed_h: float = 0.0
    """Since the filter was started or started anew."""
    refused: int = 0
    """Measurements in a row that were too far off to be believed."""
    model: tuple[float, ...] = ()
    """Parameters it was made with: others mean another disturbance."""
    heat_kw: float | None = None
    """From the emitters, bathrooms included, over the last update."""

    @property
    def room_sd_k(self) -> float:
        """Standard deviation of the room's temperature [K]: grows while nothing is measured."""
        return float(max(self.covariance[0], 0.0) ** 0.5)


@dataclass(frozen=True, slots=True)
class FreeHeat:
    """What a group usually gets in the running quarter."""

    equipment_share: float
    """Of the heat of all light and equipment."""
    people_kw: float
    """And hot-water pipes."""


@dataclass(frozen=True, slots=True)
class Bias:
    """What machines do over what their certificates say."""

    power_ratio: float = 1.0
    """Electric power, measured over model."""
    heat_ratio: float = 1.0
    """Heat, measured over model."""
    power_h: float = 0.0
    """Running time behind the first figure [h]."""
    heat_h: float = 0.0
    """Running time behind the second figure [h]."""


@dataclass(frozen=True, slots=True)
class Sum:
    """A power while it is being averaged."""

    kws: float = 0.0
    s: float = 0.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """All of it."""

    at: datetime
    """Last look."""
    updated_at: datetime
    """Last time the slow parts moved on."""
    groups: Mapping[str, GroupEstimate] = field(default_factory=dict)
    tanks: Mapping[str, Filtered] = field(default_factory=dict)
    """Mean temperature by node, and when it was last measured."""
    ground: Filtered | None = None
    """Rock near the wells."""
    machines: Mapping[str, Bias] = field(default_factory=dict)
    """By group of machines."""
    compressors: Mapping[str, int] = field(default_factory=dict)
    """Running at the last update, by machine."""
    air_debt_h: Mapping[str, float] = field(default_factory=dict)
    """By air-handling unit."""
    outdoor_degc: float | None = None
    """Last known."""
    powers: Mapping[str, Sum] = field(default_factory=dict)
    """By point, since the last update."""
    quarter: datetime | None = None
    """Begin of the quarter that is running."""
    quarter_kwh: float = 0.0
    """Bought in its clock hour before it began."""
    free: Mapping[str, FreeHeat] = field(default_factory=dict)
    """By group, in the running quarter."""
    equipment_kw: float = 0.0
    """Of all light and equipment, usual in the running quarter."""

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Estimate":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ADAPTER.validate_json(text)


_ADAPTER: Final = TypeAdapter(Estimate)
