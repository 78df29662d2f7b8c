"""The energy-temperature curve (ET-kurve): weekly mean power over weekly mean outdoor temperature, with a change point.

Method: the three-parameter heating model of ASHRAE's Inverse Modeling Toolkit (Kissock, Haberl and Claridge 2003,
RP-1050): power = base + slope * max(0, change point - outdoor temperature). For each change point on a grid of 0.1 K
the other two follow by ordinary least squares; the one with the smallest sum of squares is taken and fitted by
statsmodels, and all that an F test at 95 % cannot tell from it are its interval. A week is named an outlier when its
externally studentised residual is beyond +-2 and it deviates by more than 10 % of what was expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import statsmodels.api as sm
from scipy import stats

from dashboards.reports.calc_known import Array, Known, Why

LEAST_WEEKS: Final = 8
LEAST_BEYOND: Final = 3
"""So many weeks must lie on each side of a change point."""
LEAST_SPREAD_K: Final = 5.0
STEP_K: Final = 0.1
OUTLIER_STUDENTISED: Final = 2.0
OUTLIER_SHARE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Weeks:
    """Whole weeks, Monday to Sunday, with seven known days each."""

    monday: tuple[date, ...]
    power_kw: Array
    outdoor_degc: Array
    left_out: int
    """Weeks of the period that are not whole or not wholly known."""


@dataclass(frozen=True, slots=True)
class Outlier:
    """A week that does not lie on the curve."""

    monday: date
    measured_kw: float
    expected_kw: float
    studentised: float
    """Externally studentised residual; positive: more than expected."""


@dataclass(frozen=True, slots=True)
class EtCurve:
    """power_kw = base_kw + slope_kw_per_k * max(0, change_point_degc - outdoor); a straight line where the weeks do
    not show a change point (`change_point_degc.why` says so), its base then at the warmest week.
    """

    base_kw: Known
    slope_kw_per_k: Known
    change_point_degc: Known
    weeks: int
    parameters: int
    """3 with a change point, 2 without."""
    r2: float
    rmse_kw: float
    """By n - p degrees of freedom."""
    cv_rmse_pct: float
    residual_kw: Array
    """Measured less expected, in the order of the weeks."""
    outliers: tuple[Outlier, ...]
    knee_degc: float
    """Temperature from which the slope is counted."""
    range_degc: tuple[float, float]
    """Coldest and warmest week it was fitted to."""

    def expected_kw(self, outdoor_degc: Array) -> Array:
        """Power by the curve at these weekly means."""
        assert self.base_kw.value is not None  # a fitted curve has both
        assert self.slope_kw_per_k.value is not None
        below = self.knee_degc - outdoor_degc
        bent = np.maximum(below, 0.0) if self.parameters == 3 else below
        return np.asarray(self.base_kw.value + self.slope_kw_per_k.value * bent, dtype=np.float64)


def whole_weeks(days: Sequence[date], energy_kwh: Array, mean_degc: Array, hours: Array | None = None) -> Weeks:
    """Weeks of local days that follow each other; NaN in either array leaves the week out.

    `hours` are those of each day (23, 24 or 25); 24 each when left out. ValueError when lengths differ.
    """
    length_h = np.full(len(days), 24.0) if hours is None else hours
    if not len(days) == len(energy_kwh) == len(mean_degc) == len(length_h):
        raise ValueError(f"{len(days)} days, {len(energy_kwh)} energies, {len(mean_degc)} temperatures")
    place = {day: n for n, day in enumerate(days)}
    mondays = sorted({day - timedelta(days=day.weekday()) for day in days})
    kept, power, outdoor = [], [], []
    for monday in mondays:
        rows = [place[day] for n in range(7) if (day := monday + timedelta(days=n)) in place]
        if len(rows) == 7 and not np.isnan(energy_kwh[rows] + mean_degc[rows]).any():
            kept.append(monday)
            power.append(float(energy_kwh[rows].sum() / length_h[rows].sum()))
            outdoor.append(float(mean_degc[rows] @ length_h[rows] / length_h[rows].sum()))
    return Weeks(tuple(kept), np.array(power), np.array(outdoor), len(mondays) - len(kept))


def et_curve(weeks: Weeks) -> EtCurve | Why:
    """The curve through some weeks, or why there is none: TOO_SHORT under eight weeks, NO_SPREAD under 5 K."""
    power, outdoor = weeks.power_kw, weeks.outdoor_degc
    if len(power) < LEAST_WEEKS:
        return Why.TOO_SHORT
    if np.ptp(outdoor) < LEAST_SPREAD_K:
        return Why.NO_SPREAD
    knees = _knees(outdoor)
    errors = _unexplained(power, np.maximum(knees[:, None] - outdoor, 0.0))
    straight = _fit(power, float(outdoor.max()) - outdoor)
    best = int(errors.argmin()) if len(errors) else -1
    n = len(power)
    if best < 0 or not _better(float(errors[best]), float(straight.ssr), n):
        return _curve(weeks, straight, float(outdoor.max()), Known.missing(Why.NOT_SIGNIFICANT))
    limit = errors[best] * (1 + float(stats.f.ppf(0.95, 1, n - 3)) / (n - 3))
    near = knees[errors <= limit]
    knee = float(knees[best])
    bent = _fit(power, np.maximum(knee - outdoor, 0.0))
    return _curve(weeks, bent, knee, Known(knee, interval=(float(near.min()), float(near.max()))))


def _knees(outdoor: Array) -> Array:
    ranked = np.sort(outdoor)
    low, high = ranked[LEAST_BEYOND - 1], ranked[-LEAST_BEYOND]
    return np.arange(np.ceil(low / STEP_K), np.floor(high / STEP_K) + 1) * STEP_K


def _unexplained(power: Array, below: Array) -> Array:
    """Squares left by a straight line through each row of `below`: (1 - r2) of the whole. For the search alone."""
    x, y = below - below.mean(axis=1, keepdims=True), power - power.mean()
    return np.asarray(y @ y - (x @ y) ** 2 / (x * x).sum(axis=1), dtype=np.float64).clip(min=0.0)


def _better(bent: float, straight: float, n: int) -> bool:
    """Whether the third parameter earns its place, by an F test at 95 %."""
    if bent <= 0:
        return straight > 0
    return (straight - bent) / (bent / (n - 3)) > float(stats.f.ppf(0.95, 1, n - 3))


def _fit(power: Array, below: Array) -> Any:
    return sm.OLS(power, sm.add_constant(below, has_constant="add")).fit()


def _curve(weeks: Weeks, fit: Any, knee: float, change_point: Known) -> EtCurve:
    power = weeks.power_kw
    parameters = 3 if change_point.value is not None else 2
    expected = np.asarray(fit.fittedvalues, dtype=np.float64)
    rmse = float(np.sqrt(fit.ssr / (len(power) - parameters)))
    ends = np.asarray(fit.conf_int(0.05))
    base, slope = (
        Known(float(value), interval=(float(low), float(high)))
        for value, (low, high) in zip(fit.params, ends, strict=True)
    )
    return EtCurve(
        base_kw=base,
        slope_kw_per_k=slope,
        change_point_degc=change_point,
        weeks=len(power),
        parameters=parameters,
        r2=float(fit.rsquared),
        rmse_kw=rmse,
        cv_rmse_pct=100 * rmse / float(power.mean()) if power.mean() > 0 else float("inf"),
        residual_kw=power - expected,
        outliers=_outliers(weeks, fit, expected),
        knee_degc=knee,
        range_degc=(float(weeks.outdoor_degc.min()), float(weeks.outdoor_degc.max())),
    )


def _outliers(weeks: Weeks, fit: Any, expected: Array) -> tuple[Outlier, ...]:
    if fit.ssr <= 1e-12 * float(weeks.power_kw @ weeks.power_kw):
        return ()  # all weeks lie on the curve: their residuals are rounding
    studentised = np.asarray(fit.get_influence().resid_studentized_external, dtype=np.float64)
    beyond = (np.abs(studentised) > OUTLIER_STUDENTISED) & (
        np.abs(weeks.power_kw - expected) > OUTLIER_SHARE * np.abs(expected)
    )
    return tuple(
        Outlier(weeks.monday[n], float(weeks.power_kw[n]), float(expected[n]), float(studentised[n]))
        for n in np.flatnonzero(beyond)
    )


def cusum_kwh(measured_kwh: Array, expected_kwh: Array) -> Array:
    """Cumulative sum of measured less expected energy: rising is drift towards more, falling is saving.

    A step in which either is not known adds nothing and is NaN itself. Method: cumulative sum of differences from the
    performance line (Harris, Energy Monitoring & Target Setting using CUSUM, Cheriton Technology 1989).
    """
    difference = measured_kwh - expected_kwh
    sums = np.cumsum(np.nan_to_num(difference))
    return np.where(np.isnan(difference), np.nan, sums)
