"""Degree days by the national method, and energy corrected to a normal year by them.

Method: a day's degree days are 17 degC less its mean outdoor temperature, never less than nothing (Statistics Norway,
KOSTRA "Temperaturkorrigert energibruk"; Enova's degree-day figures). Only the part of the energy that follows the
temperature is corrected: E * (1 - a) + E * a * normal / actual.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from dashboards.reports.calc_known import ENOUGH, Array, Known, Why

BASE_DEGC: Final = 17.0
"""No heating is taken to be needed on days that are warmer on the mean."""


@dataclass(frozen=True, slots=True)
class DegreeDays:
    """Degree days of some days, whole and by month."""

    total_kd: Known
    by_month_kd: Mapping[tuple[int, int], Known]
    """By (year, month), of the days that were given."""


def degree_days(days: Sequence[date], mean_degc: Array, base_degc: float = BASE_DEGC) -> DegreeDays:
    """Degree days [K d] of local days with these mean outdoor temperatures [degC]; NaN is a day without.

    Days without a temperature count as the mean of their month's others, as long as nine tenths of the month's days
    are known; the coverage tells. ValueError when there are not as many temperatures as days.
    """
    own_kd = np.maximum(base_degc - mean_degc, 0.0)
    months: dict[tuple[int, int], list[float]] = {}
    for day, kd in zip(days, own_kd.tolist(), strict=True):
        months.setdefault((day.year, day.month), []).append(kd)
    by_month = {month: _month(np.array(kds)) for month, kds in months.items()}
    coverage = float((~np.isnan(mean_degc)).mean()) if len(mean_degc) else 0.0
    known = [month.value for month in by_month.values() if month.value is not None]
    if len(known) < len(by_month) or not known:
        return DegreeDays(Known.missing(Why.GAPS if coverage > 0 else Why.NO_DATA, coverage), by_month)
    return DegreeDays(Known(sum(known), coverage), by_month)


def _month(kds: Array) -> Known:
    some = kds[~np.isnan(kds)]
    coverage = len(some) / len(kds)
    if coverage < ENOUGH:
        return Known.missing(Why.GAPS if len(some) else Why.NO_DATA, coverage)
    return Known(float(some.mean()) * len(kds), coverage)


def corrected_kwh(energy_kwh: float, dependent_share: float, actual_kd: Known, normal_kd: float | None) -> Known:
    """Energy as it would have been with a normal year's (or month's) degree days.

    Args:
        energy_kwh: measured.
        dependent_share: part of it that follows the outdoor temperature, 0 .. 1.
        actual_kd: degree days of the time measured.
        normal_kd: degree days of the same time in a normal year; None when the site does not give them.
    """
    if normal_kd is None:
        return Known.missing(Why.NO_FACTOR, actual_kd.coverage)
    if actual_kd.value is None:
        return Known(None, actual_kd.coverage, actual_kd.why)
    if actual_kd.value <= 0:
        return Known.missing(Why.NOTHING_RAN, actual_kd.coverage)
    factor = normal_kd / actual_kd.value
    return Known(energy_kwh * (1 - dependent_share + dependent_share * factor), actual_kd.coverage)
