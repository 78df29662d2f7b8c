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

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_known import Array, Known, Why

Flags = NDArray[np.bool_]

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


def looks(values: Array, where: Flags, steps_per_day: int, least_steps: int) -> Array:
    """One number a day: the median of the values `where` they count; days with fewer than `least_steps` are left out.

    Days are 24 h from the first step; what is left after the last whole day is a day of its own.
    """
    found = []
    for begin in range(0, len(values), steps_per_day):
        part = slice(begin, begin + steps_per_day)
        some = values[part][where[part] & ~np.isnan(values[part])]
        if len(some) >= least_steps:
            found.append(float(np.median(some)))
    return np.array(found)


def judged(
    kind: FaultKind,
    asset: str,
    sizes: Array,
    *,
    unit: str,
    limit: float,
    least: int,
    nok_per_year: Known,
    evidence: Mapping[str, float],
) -> Finding:
    """The finding that independent looks give: their median against the limit, how many of them show it.

    Fewer looks than `least` cannot tell. What a fault costs is stated only where one is found.
    """
    if len(sizes) < least:
        return cannot_tell(kind, asset, unit, limit, Why.NO_OCCASION)
    size = float(np.median(sizes))
    found = size >= limit
    showing = int((sizes >= limit).sum())
    return Finding(
        kind,
        asset,
        found,
        Known(size),
        unit,
        limit,
        confidence(showing, len(sizes)),
        nok_per_year if found else Known.missing(Why.NOT_SIGNIFICANT),
        {"looks": float(len(sizes)), "looks_showing": float(showing), **evidence},
    )
