"""Regression, uncertainty and degree days against figures that others published; the source stands at each.

Beside them: NIST's Norris set (line, R2, residual deviation) and normal-year correction in test_calc_energy.py. No
change-point data set with published coefficients was found that may be used freely.
"""

import calendar
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from dashboards.reports.calc_degree_days import degree_days
from dashboards.reports.calc_et import et_curve
from dashboards.reports.calc_savings import Fit, fractional_uncertainty, goodness
from tests.dashboards.test_calc_energy import NORRIS_Y_X, weeks

HARNOSAND = (
    # year, month, published mean temperature [degC], published degree days
    (2016, 1, -7.2, 749), (2016, 2, -1.9, 548), (2016, 3, 1.7, 475), (2016, 4, 3.9, 394), (2016, 11, 0.5, 494),
    (2016, 12, 0.2, 520), (2017, 1, -1.5, 574), (2017, 3, 0.8, 501), (2017, 4, 3.0, 420), (2017, 10, 6.3, 332),
    (2017, 11, 0.7, 488), (2017, 12, -1.3, 566), (2018, 1, -3.2, 627), (2018, 2, -7.0, 671),
)  # fmt: skip


def test_intervals_are_those_of_the_certified_standard_deviations_of_nist():
    """NIST Statistical Reference Datasets, Norris: standard deviation of the slope 0.429796848199937E-03, of the
    intercept 0.232818234301152; 34 degrees of freedom.
    """
    pairs = np.array(NORRIS_Y_X.split(), dtype=float).reshape(-1, 2)
    x_per_k = 20.0  # fewer change points to try
    curve = et_curve(weeks(pairs[:, 0], -pairs[:, 1] / x_per_k))
    t = stats.t.ppf(0.975, 34)
    low, high = curve.slope_kw_per_k.interval
    assert (high - low) / 2 / t / x_per_k == pytest.approx(0.429796848199937e-03, rel=1e-9)
    # the base stands at the least x, 0.2: the certified deviations give it by the textbook's variance of a mean
    low, high = curve.base_kw.interval
    x, n = pairs[:, 1], len(pairs)
    spread = float(((x - x.mean()) ** 2).sum())
    residual = 0.884796396144373
    assert residual * np.sqrt(1 / n + x.mean() ** 2 / spread) == pytest.approx(0.232818234301152, rel=1e-9)
    assert (high - low) / 2 / t == pytest.approx(residual * np.sqrt(1 / n + (x.mean() - 0.2) ** 2 / spread), rel=1e-9)


@pytest.mark.parametrize(
    ("first", "others", "certified", "rel"),
    [
        (10_000_001.0, (10_000_003.0, 10_000_002.0), -0.5, 1e-12),  # NumAcc1, three observations
        (1.2, (1.1, 1.3) * 500, -0.999, 1e-12),  # NumAcc2, 1001 observations
        (1_000_000.2, (1_000_000.1, 1_000_000.3) * 500, -0.999, 1e-8),  # NumAcc3
    ],
)
def test_correlation_of_residuals_is_the_certified_one_of_nist(first, others, certified, rel):
    """NIST Statistical Reference Datasets, univariate, as the GNU Scientific Library tests itself by them."""
    values = np.array([first, *others])
    fit = goodness(values, np.zeros(len(values)), 1)
    assert fit.correlation == pytest.approx(certified, rel=rel)


def test_fractional_uncertainty_is_that_of_another_implementation():
    """changepointmodel (CUNY Building Performance Lab), its test of ASHRAE Guideline 14-2014 equation B-28: 80 %
    confidence, CV(RMSE) 50 %, everything saved, 2 parameters, 12 months before and after: 0.269.
    """
    assert fractional_uncertainty(Fit(12, 2, 50.0, 0.0, 0.0), 12, 1.0, 0.80) == pytest.approx(0.269, abs=1e-3)


@pytest.mark.parametrize(("year", "month", "mean_degc", "published_kd"), HARNOSAND)
def test_degree_days_of_cold_months_are_those_a_station_published(year, month, mean_degc, published_kd):
    """HEMAB, "Medeltemperaturer och graddagar vid Kraftvarmeverket i Harnosand" (base 17 degC, every day counts): in
    months whose days are all colder than 17 degC, degree days follow from the mean. Means are rounded to 0.1 K.
    February 2017 (-2.0 degC, 550) is left out: the two figures there do not belong together.
    """
    count = calendar.monthrange(year, month)[1]
    days = [date(year, month, 1) + timedelta(days=n) for n in range(count)]
    swing = 4.0 * np.sin(np.arange(count))  # days differ, the month's mean does not
    found = degree_days(days, mean_degc + swing - swing.mean())
    assert found.total_kd.value == pytest.approx(published_kd, abs=0.05 * count + 0.5)


def test_a_day_of_one_degree_is_sixteen_degree_days():
    """HEMAB's own example, "Forklaring graddagar"."""
    assert degree_days([date(2018, 1, 1)], np.array([1.0])).total_kd.value == pytest.approx(16.0)
