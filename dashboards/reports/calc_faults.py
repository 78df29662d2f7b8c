"""Faults that nobody was told of: what a finding is, what it costs, and how sure it is.

A finding rests on evidence in numbers that can be looked up again. Confidence is the part of the independent looks
(hours, nights, days) that show the fault, carried towards a half when there are few of them (Laplace's rule of
succession): one bad hour is no fault. Money is what the fault costs in a year if it goes on as in the period, at the
mean price of the period; None where a fault has no energy of its own, as with a sensor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from dashboards.reports.calc_known import Known, Why

HOURS_PER_YEAR: Final = 8766.0


class FaultKind(StrEnum):
    """What is looked for."""

    COP_DRIFT = "cop_drift"
    VALVE_LEAK = "valve_leak"
    CIRCULATION_LOSS = "circulation_loss"
    NIGHT_COOLING = "night_cooling"
    PV_LOSS = "pv_loss"
    SENSOR = "sensor"
    HEATING_AND_COOLING = "heating_and_cooling"


@dataclass(frozen=True, slots=True)
class Finding:
    """One asset judged for one fault. `found` is None when the period cannot tell (`why`)."""

    kind: FaultKind
    asset: str
    found: bool | None
    size: Known
    """How big, in `unit`."""
    unit: str
    limit: float
    """From this size on it is a fault."""
    confidence: float
    """0 .. 1, that a fault is there; 0.5 is not knowing."""
    nok_per_year: Known
    evidence: Mapping[str, float] = field(default_factory=dict)
    """Numbers by name; a name's suffix is its unit."""
    why: Why | None = None
    """Why it cannot be told."""


def confidence(showing: int, looks: int) -> float:
    """Laplace's rule of succession: (showing + 1) / (looks + 2)."""
    return (showing + 1) / (looks + 2)


def yearly_nok(lost_kwh: float, hours: float, nok_per_kwh: float | None) -> Known:
    """What a loss costs in a year that goes on as the `hours` looked at."""
    if nok_per_kwh is None:
        return Known.missing(Why.NO_FACTOR)
    if hours <= 0:
        return Known.missing(Why.NO_DATA)
    return Known(lost_kwh * HOURS_PER_YEAR / hours * nok_per_kwh)


def cannot_tell(kind: FaultKind, asset: str, unit: str, limit: float, why: Why) -> Finding:
    """A finding that the period gives no ground for."""
    return Finding(kind, asset, None, Known.missing(why), unit, limit, 0.5, nok_per_year=Known.missing(why), why=why)
