"""Savings with their uncertainty, and a verdict where the data cannot carry a claim.

Option C (IPMVP, whole facility): a model of the time before foretells the time after; what it foretells less what was
measured is the saving. Option D (calibrated simulation): the fitted twin runs the same days under the rules and under
what really ran; the difference is the saving, and how well the twin meets the meter is its calibration.

Method: ASHRAE Guideline 14-2014. CV(RMSE) and NMBE with n - p degrees of freedom; the fractional savings uncertainty
by its equation for regressions with correlated residuals, 1.26 t CV sqrt(n/n' (1 + 2/n') / m) / F with
n' = n (1 - r) / (1 + r), r the residuals' correlation from one step to the next, m steps after and F the saved share.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy import stats
from statsmodels.stats.weightstats import DescrStatsW

from dashboards.reports.calc_et import EtCurve
from dashboards.reports.calc_known import Array, Known, Why

REDDY_CLARIDGE: Final = 1.26
"""Of the guideline's equation; from Reddy and Claridge (2000)."""
MOST_UNCERTAINTY: Final = 0.5
"""Of the saving, at 68 % confidence: the guideline's limit."""
BEYOND_K: Final = 2.0
"""So much colder or warmer than anything fitted may a week be."""
LEAST_BASE_WEEKS: Final = 26
"""Of the time before, so that cold and mild weeks are both in it (the guideline asks for a year)."""
LEAST_DAYS: Final = 14
TWIN_SHARE: Final = 0.02
"""Of what is used: a difference of two controllers that the twin cannot tell from nothing. A fortnight of March under
the rules themselves, where nothing was saved, came out as 1.1 % (docs/twin.md has single days)."""


class Resolution(StrEnum):
    """Of the energies a model is judged by."""

    MONTH = "month"
    WEEK = "week"
    DAY = "day"
    HOUR = "hour"


CV_RMSE_LIMIT_PCT: Final = {Resolution.MONTH: 15.0, Resolution.WEEK: 20.0, Resolution.DAY: 25.0, Resolution.HOUR: 30.0}
"""The guideline's for months and hours (calibrated models); it has none for weeks and days: between the two."""
NMBE_LIMIT_PCT: Final = {Resolution.MONTH: 5.0, Resolution.WEEK: 5.0, Resolution.DAY: 10.0, Resolution.HOUR: 10.0}


class Verdict(StrEnum):
    """Whether a saving may be claimed."""

    SUPPORTED = "supported"
    """The model is good enough, and the interval has nothing on the other side of zero."""
    NOT_SIGNIFICANT = "not_significant"
    """The model is good enough, but the data cannot tell the saving from nothing."""
    UNCERTAIN = "uncertain"
    """More than nothing, but by more than half uncertain at 68 %."""
    MODEL_TOO_POOR = "model_too_poor"
    """CV(RMSE) or NMBE beyond the limits."""
    TOO_SHORT = "too_short"
    """Too few weeks or days."""
    OUTSIDE = "outside"
    """It was colder or warmer than ever in the time the model knows."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a model meets what was measured."""

    n: int
    parameters: int
    cv_rmse_pct: float
    nmbe_pct: float
    """Positive: the model says too little."""
    correlation: float
    """Of residuals from one step to the next."""

    def within(self, resolution: Resolution) -> bool:
        """Whether both are within the limits."""
        return self.cv_rmse_pct <= CV_RMSE_LIMIT_PCT[resolution] and abs(self.nmbe_pct) <= NMBE_LIMIT_PCT[resolution]


@dataclass(frozen=True, slots=True)
class Saving:
    """What was saved, and whether that may be said."""

    expected_kwh: Known
    """What would have been used."""
    used_kwh: Known
    saved_kwh: Known
    """Interval at 95 %."""
    saved_pct: Known
    uncertainty_pct: Known
    """Fractional savings uncertainty at 68 %: of the saving."""
    fit: Fit | None
    verdict: Verdict


def goodness(measured: Array, modelled: Array, parameters: int) -> Fit:
    """CV(RMSE) and NMBE of a model over steps in which both are known. ValueError when there are too few."""
    both = ~np.isnan(measured + modelled)
    seen, told = measured[both], modelled[both]
    n = len(seen)
    if n <= parameters + 1 or seen.mean() == 0:
        raise ValueError(f"{n} steps are too few for a model of {parameters} parameters")
    residual = seen - told
    mean = float(seen.mean())
    return Fit(
        n=n,
        parameters=parameters,
        cv_rmse_pct=100 * float(np.sqrt(residual @ residual / (n - parameters))) / mean,
        nmbe_pct=100 * float(residual.sum()) / ((n - parameters) * mean),
        correlation=_lag_one(residual),
    )


def _lag_one(residual: Array) -> float:
    own = residual - residual.mean()
    power = float(own @ own)
    return float(own[1:] @ own[:-1]) / power if power > 0 else 0.0


def effective_n(n: int, correlation: float) -> float:
    """Independent observations that n correlated ones are worth; not more than n, not less than 2."""
    held = min(max(correlation, 0.0), 0.999)
    return max(n * (1 - held) / (1 + held), 2.0)


def fractional_uncertainty(fit: Fit, steps_after: int, saved_share: float, confidence: float = 0.68) -> float:
    """Half the width of the saving's interval, of the saving (see the module's method). inf for no saving."""
    if saved_share == 0 or steps_after < 1:
        return float("inf")
    worth = effective_n(fit.n, fit.correlation)
    t = float(stats.t.ppf(0.5 + confidence / 2, max(worth - fit.parameters, 1.0)))
    spread = np.sqrt(fit.n / worth * (1 + 2 / worth) / steps_after)
    return float(REDDY_CLARIDGE * t * fit.cv_rmse_pct / 100 * spread / abs(saved_share))


def option_c(
    curve: EtCurve | Why, before_kw: Array, after_kw: Array, after_degc: Array, hours_per_step: float = 168.0
) -> Saving:
    """What the weeks after used less than the curve of the weeks before foretells.

    Args:
        curve: of the time before.
        before_kw: the weeks it was fitted to.
        after_kw: mean power of the weeks after [kW]; NaN leaves a week out.
        after_degc: their mean outdoor temperature [degC].
        hours_per_step: of a week.
    """
    known = ~np.isnan(after_kw + after_degc)
    coverage = float(known.mean()) if len(known) else 0.0
    if isinstance(curve, Why) or not known.any() or len(before_kw) < LEAST_BASE_WEEKS:
        return _none(curve if isinstance(curve, Why) else Why.TOO_SHORT, coverage)
    told = curve.expected_kw(after_degc[known])
    expected, used = float(told.sum()) * hours_per_step, float(after_kw[known].sum()) * hours_per_step
    fit = goodness(before_kw, before_kw - curve.residual_kw, curve.parameters)
    low, high = curve.range_degc
    outside = bool((after_degc[known] < low - BEYOND_K).any() or (after_degc[known] > high + BEYOND_K).any())
    return _judged(expected, used, coverage, fit, int(known.sum()), Resolution.WEEK, outside)


def _judged(
    expected: float, used: float, coverage: float, fit: Fit, steps: int, resolution: Resolution, outside: bool
) -> Saving:
    saved = expected - used
    share = saved / expected if expected > 0 else 0.0
    wide, narrow = (fractional_uncertainty(fit, steps, share, at) for at in (0.95, 0.68))
    half = abs(saved) * wide if np.isfinite(wide) else 0.0
    if not fit.within(resolution):
        verdict = Verdict.MODEL_TOO_POOR
    elif outside:
        verdict = Verdict.OUTSIDE
    elif wide >= 1:
        verdict = Verdict.NOT_SIGNIFICANT
    else:
        verdict = Verdict.SUPPORTED if narrow <= MOST_UNCERTAINTY else Verdict.UNCERTAIN
    return Saving(
        expected_kwh=Known(expected, coverage),
        used_kwh=Known(used, coverage),
        saved_kwh=Known(saved, coverage, interval=(saved - half, saved + half)),
        saved_pct=_share(saved, half, expected, coverage),
        uncertainty_pct=Known(100 * narrow) if np.isfinite(narrow) else Known.missing(Why.NOT_SIGNIFICANT),
        fit=fit,
        verdict=verdict,
    )


def option_d(rules_kwh: Array, own_kwh: Array, measured_kwh: Array, least_days: int = LEAST_DAYS) -> Saving:
    """What the twin used less, day by day, under what really ran than under the rules.

    Both runs are of the same twin, so much of its error is in both and falls out, but not all: half the interval is at
    least the share of the whole by which it misses the meter (NMBE), and never under TWIN_SHARE. How well it meets the
    meter also decides whether it may speak at all. The saving's spread over days gives the rest of the interval (t,
    days corrected for their correlation).

    Args:
        rules_kwh: by day, the twin under the rules.
        own_kwh: by day, the twin under what really ran.
        measured_kwh: by day, the meter.
        least_days: fewer carry no claim.
    """
    both = ~np.isnan(rules_kwh + own_kwh + measured_kwh)
    coverage = float(both.mean()) if len(both) else 0.0
    if both.sum() < max(least_days, 3):
        return _none(Why.TOO_SHORT, coverage)
    rules, own, measured = rules_kwh[both], own_kwh[both], measured_kwh[both]
    fit = goodness(measured, own, 1)
    by_day = rules - own
    days = len(by_day)
    saved, expected = float(by_day.sum()), float(rules.sum())
    worth = effective_n(days, _lag_one(by_day))
    spread = float(DescrStatsW(by_day).std_mean) * days * float(np.sqrt(days / worth))
    bias = expected * max(abs(fit.nmbe_pct) / 100, TWIN_SHARE)
    half, narrow = (spread * float(stats.t.ppf(0.5 + at / 2, worth - 1)) + bias for at in (0.95, 0.68))
    if not fit.within(Resolution.DAY):
        verdict = Verdict.MODEL_TOO_POOR
    elif half >= abs(saved):
        verdict = Verdict.NOT_SIGNIFICANT
    else:
        verdict = Verdict.SUPPORTED if narrow <= MOST_UNCERTAINTY * abs(saved) else Verdict.UNCERTAIN
    return Saving(
        expected_kwh=Known(expected, coverage),
        used_kwh=Known(float(own.sum()), coverage),
        saved_kwh=Known(saved, coverage, interval=(saved - half, saved + half)),
        saved_pct=_share(saved, half, expected, coverage),
        uncertainty_pct=Known(100 * narrow / abs(saved)) if saved else Known.missing(Why.NOT_SIGNIFICANT),
        fit=fit,
        verdict=verdict,
    )


def _share(saved: float, half: float, expected: float, coverage: float) -> Known:
    if expected <= 0:
        return Known.missing(Why.NOTHING_RAN, coverage)
    scale = 100 / expected
    return Known(scale * saved, coverage, interval=(scale * (saved - half), scale * (saved + half)))


def _none(why: Why, coverage: float) -> Saving:
    nothing = Known.missing(why, coverage)
    return Saving(nothing, nothing, nothing, nothing, nothing, None, Verdict.TOO_SHORT)
