"""Peaks of the power bought: when they were, what made them, what they cost under the tariff.

Method: clock-hour means of import, as the grid company settles them; the month's basis and price are the tariff's
(`models.tariff`). The cause is the part that was furthest above its own usual power at that clock hour of that kind
of day, over the month.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from dashboards.reports.calc_known import Array, Known, Why
from models.local_time import OSLO, is_workday, local_date
from models.tariff import GridTariff, NoPeakCharge, peak_basis_kw, peak_charge_nok


@dataclass(frozen=True, slots=True)
class Share:
    """What a part drew in an hour."""

    part: str
    power_kw: float
    above_usual_kw: float


@dataclass(frozen=True, slots=True)
class Peak:
    """One high hour."""

    start: datetime
    """UTC, of a clock hour."""
    power_kw: float
    parts: tuple[Share, ...]
    """Furthest above the usual first; empty when no part is metered."""


@dataclass(frozen=True, slots=True)
class MonthPeaks:
    """The peaks of one local month."""

    basis_kw: Known
    """What the month is charged for."""
    charge_nok: Known
    """What the basis costs, ex VAT."""
    avoidable_nok: Known
    """What the charge would be lower by, had the highest hour been as high as the next highest day's."""
    highest: tuple[Peak, ...]
    """Of different local days, highest first."""


def month_peaks(
    grid: GridTariff, start: datetime, hourly_kw: Array, parts_kw: Mapping[str, Array], count: int = 3
) -> MonthPeaks:
    """The peaks of one month.

    Args:
        grid: the tariff in force on its first day.
        start: the month's first clock hour (UTC).
        hourly_kw: import by clock hour; NaN is unknown.
        parts_kw: the same of each part, by name; as many hours.
        count: so many peaks.
    """
    known = ~np.isnan(hourly_kw)
    coverage = float(known.mean()) if len(known) else 0.0
    kind = "highest_hour" if isinstance(grid.peak, NoPeakCharge) else grid.peak.basis
    basis = peak_basis_kw(kind, start, hourly_kw)
    if basis is None:
        nothing = Known.missing(Why.NO_DATA, coverage)
        return MonthPeaks(nothing, nothing, nothing, ())
    month = start.astimezone(OSLO).month
    charge = peak_charge_nok(grid.peak, month, basis)
    hours = _highest_of_days(start, hourly_kw)
    lower = hourly_kw.copy()
    if len(hours) > 1:
        lower = np.minimum(lower, hourly_kw[hours[1]])
    less = peak_basis_kw(kind, start, lower)
    avoidable = charge - peak_charge_nok(grid.peak, month, less) if less is not None and len(hours) > 1 else 0.0
    usual = _usual(start, parts_kw)
    return MonthPeaks(
        Known(basis, coverage),
        Known(charge, coverage),
        Known(avoidable, coverage),
        tuple(
            Peak(start + timedelta(hours=hour), float(hourly_kw[hour]), _shares(hour, parts_kw, usual))
            for hour in hours[:count]
        ),
    )


def _highest_of_days(start: datetime, hourly_kw: Array) -> list[int]:
    """The highest hour of each local day, highest first."""
    best: dict[object, int] = {}
    for hour in np.flatnonzero(~np.isnan(hourly_kw)).tolist():
        day = local_date(start + timedelta(hours=hour))
        if day not in best or hourly_kw[hour] > hourly_kw[best[day]]:
            best[day] = hour
    return sorted(best.values(), key=lambda hour: (-hourly_kw[hour], hour))


def _usual(start: datetime, parts_kw: Mapping[str, Array]) -> dict[str, Array]:
    """For each part and hour, its median over the same clock hours of the same kind of day."""
    usual = {}
    hours = max((len(power) for power in parts_kw.values()), default=0)
    locals_ = [(start + timedelta(hours=n)).astimezone(OSLO) for n in range(hours)]
    works = {day: is_workday(day) for day in {at.date() for at in locals_}}
    kinds = np.array([at.hour + 24 * works[at.date()] for at in locals_])
    for part, power in parts_kw.items():
        own = np.full(len(power), np.nan)
        for kind in np.unique(kinds):
            same = power[kinds == kind]
            same = same[~np.isnan(same)]
            own[kinds == kind] = np.median(same) if len(same) else np.nan
        usual[part] = own
    return usual


def _shares(hour: int, parts_kw: Mapping[str, Array], usual: Mapping[str, Array]) -> tuple[Share, ...]:
    shares = [
        Share(part, float(power[hour]), float(power[hour] - usual[part][hour]))
        for part, power in parts_kw.items()
        if not np.isnan(power[hour])
    ]
    return tuple(sorted(shares, key=lambda share: -share.above_usual_kw))
