"""What snow and frost on the panels cost a solar array, from its own days and the measured irradiance.

Method: on days too warm for snow (mean of 5 degC or more) the ratio of made to expected energy tells what the array
gives bare: their median, and its standard error as doubt. A cold day on which it gave clearly less than that - below
the bare days' tenth percentile, and below 0.85 of their median - had snow or frost on the panels; what it lacked is the
loss. With fewer than five warm days the ratio is taken as 1 within 0.10 (the model of the array, docs/fault-detection).
What throttling or a broken string takes looks alike on a cold day; a pyranometer under snow hides a loss.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboards.reports.calc_known import Array, Known, Why

WARM_DEGC: Final = 5.0
LEAST_WARM_DAYS: Final = 5
CLEARLY: Final = 0.85
UNTOLD: Final = 0.10
"""Doubt of the ratio where no warm days tell it."""
LEAST_KWH_PER_KW: Final = 0.2
"""A darker day tells nothing, and has nothing to lose."""
SIGMAS: Final = 1.96


@dataclass(frozen=True, slots=True)
class SnowLoss:
    """Of one array."""

    lost_kwh: Known
    """Interval at 95 %."""
    days: int
    """Cold days on which it was seen."""
    bare_ratio: float
    """Made over expected on days without snow."""
    warm_days: int
    """That tell it."""


def snow_loss(made_kwh: Array, expected_kwh: Array, outdoor_degc: Array, peak_kw: float) -> SnowLoss:
    """From daily energies and mean temperatures; NaN is not known. NO_DATA when no day is known."""
    known = ~np.isnan(made_kwh + expected_kwh + outdoor_degc)
    coverage = float(known.mean()) if len(known) else 0.0
    bright = known & (np.nan_to_num(expected_kwh) >= LEAST_KWH_PER_KW * peak_kw)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = made_kwh / expected_kwh
    warm = ratio[bright & (np.nan_to_num(outdoor_degc) >= WARM_DEGC)]
    bare, doubt, floor = 1.0, UNTOLD, CLEARLY
    if len(warm) >= LEAST_WARM_DAYS:
        bare = float(np.median(warm))
        doubt = SIGMAS * 1.2533 * float(warm.std(ddof=1)) / float(np.sqrt(len(warm)))
        floor = min(CLEARLY * bare, float(np.quantile(warm, 0.1)))
    if not known.any():
        return SnowLoss(Known.missing(Why.NO_DATA, 0.0), 0, bare, len(warm))
    cold = bright & (np.nan_to_num(outdoor_degc, nan=np.inf) < WARM_DEGC)
    snowed = cold & (np.nan_to_num(ratio, nan=np.inf) < floor)
    bare_kwh, had_kwh = float(expected_kwh[snowed].sum()), float(made_kwh[snowed].sum())
    low, mid, high = (max(bare_kwh * at - had_kwh, 0.0) for at in (bare - doubt, bare, bare + doubt))
    return SnowLoss(Known(mid, coverage, interval=(low, high)), int(snowed.sum()), bare, len(warm))
