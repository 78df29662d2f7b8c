from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.reports.calc_et import Weeks, et_curve
from dashboards.reports.calc_known import Why
from dashboards.reports.calc_savings import (
    Fit,
    Resolution,
    Verdict,
    effective_n,
    fractional_uncertainty,
    goodness,
    option_c,
    option_d,
)


def test_cv_rmse_and_nmbe_by_hand():
    """ASHRAE Guideline 14 with one parameter: residuals 10, -10, 20, 0 of a mean of 105, n - p = 3."""
    measured = np.array([110.0, 90.0, 120.0, 100.0])
    fit = goodness(measured, np.full(4, 100.0), 1)
    assert fit.cv_rmse_pct == pytest.approx(100 * np.sqrt(600 / 3) / 105)
    assert fit.nmbe_pct == pytest.approx(100 * 20 / (3 * 105))


def test_the_guidelines_limits_are_those_of_months_and_hours():
    good = Fit(12, 2, 14.9, -4.9, 0.0)
    assert good.within(Resolution.MONTH)
    assert not Fit(12, 2, 15.1, 0.0, 0.0).within(Resolution.MONTH)
    assert not Fit(12, 2, 10.0, 5.1, 0.0).within(Resolution.MONTH)
    assert Fit(8760, 2, 29.9, 9.9, 0.0).within(Resolution.HOUR)


def test_fractional_uncertainty_by_hand():
    """12 months before, 12 after, CV 10 %, a saving of 10 %, uncorrelated; t of 10 degrees at 95 % is 2.228 (tables):
    1.26 * 2.228 * 0.10 * sqrt((1 + 2/12) / 12) / 0.10 = 0.8753.
    """
    fit = Fit(12, 2, 10.0, 0.0, 0.0)
    assert fractional_uncertainty(fit, 12, 0.10, 0.95) == pytest.approx(0.8753, abs=2e-4)


def test_correlated_residuals_are_worth_less():
    """r = 0.5: a third of the observations (n (1 - r) / (1 + r))."""
    assert effective_n(90, 0.5) == pytest.approx(30)
    assert effective_n(90, -0.5) == 90
    loose, tied = Fit(52, 3, 10.0, 0.0, 0.0), Fit(52, 3, 10.0, 0.0, 0.5)
    assert fractional_uncertainty(tied, 26, 0.1) > 1.7 * fractional_uncertainty(loose, 26, 0.1)
    assert fractional_uncertainty(loose, 26, 0.0) == float("inf")


OUTDOOR = 5 - 14 * np.cos(2 * np.pi * np.arange(52) / 52)


def weekly(rng, saved=0.0, noise=1.5):
    expected = 25 + 2.0 * np.maximum(13 - OUTDOOR, 0)
    power = (1 - saved) * expected + rng.normal(0, noise, 52)
    return Weeks(tuple(date(2024, 1, 1) + timedelta(weeks=n) for n in range(52)), power, OUTDOOR, 0)


def test_a_real_saving_is_found_within_its_interval_and_supported():
    rng = np.random.default_rng(3)
    before, after = weekly(rng), weekly(rng, saved=0.12)
    found = option_c(et_curve(before), before.power_kw, after.power_kw, after.outdoor_degc)
    low, high = found.saved_pct.interval
    assert found.verdict is Verdict.SUPPORTED
    assert low < 12 < high
    assert low > 0
    assert found.expected_kwh.value - found.used_kwh.value == pytest.approx(found.saved_kwh.value)


def test_savings_are_seldom_claimed_where_there_is_none():
    rng = np.random.default_rng(4)
    verdicts = []
    for _ in range(100):
        before, after = weekly(rng, noise=3), weekly(rng, noise=3)
        verdicts.append(option_c(et_curve(before), before.power_kw, after.power_kw, OUTDOOR).verdict)
    claimed = sum(verdict in (Verdict.SUPPORTED, Verdict.UNCERTAIN) for verdict in verdicts)
    assert claimed <= 10  # 5 are to be expected at 95 %


def test_what_the_data_cannot_carry_is_not_claimed():
    rng = np.random.default_rng(5)
    before = weekly(rng)
    curve = et_curve(before)
    colder = option_c(curve, before.power_kw, before.power_kw * 0.8, OUTDOOR - 6)
    assert colder.verdict is Verdict.OUTSIDE
    short = option_c(curve, before.power_kw[:20], before.power_kw, OUTDOOR)
    assert (short.verdict, short.saved_kwh.why) == (Verdict.TOO_SHORT, Why.TOO_SHORT)
    assert option_c(Why.NO_SPREAD, before.power_kw, before.power_kw, OUTDOOR).saved_kwh.why is Why.NO_SPREAD
    wild = weekly(rng, noise=25)
    poor = option_c(et_curve(wild), wild.power_kw, wild.power_kw * 0.7, OUTDOOR)
    assert poor.verdict is Verdict.MODEL_TOO_POOR


def test_the_twins_saving_holds_the_truth_and_needs_a_twin_that_meets_the_meter():
    rng = np.random.default_rng(6)
    own = 1000 + 200 * rng.random(60)
    saved = rng.normal(60, 20, 60)
    measured = own * 1.01 + rng.normal(0, 30, 60)
    found = option_d(own + saved, own, measured)
    low, high = found.saved_kwh.interval
    assert found.verdict is Verdict.SUPPORTED
    assert low < 60 * 60 < high
    biased = option_d(own + saved, own, measured * 1.2)
    assert biased.verdict is Verdict.MODEL_TOO_POOR
    noise = rng.normal(0, 60, 60)
    assert option_d(own + noise - noise.mean() + 1, own, measured).verdict is Verdict.NOT_SIGNIFICANT
    assert option_d(own[:10] + 5, own[:10], measured[:10]).verdict is Verdict.TOO_SHORT


def test_a_difference_that_the_twin_cannot_tell_is_no_saving():
    """Every day alike, so that days alone would be sure; the twin misses the meter by 3 %, the saving is 1 %."""
    own = 1300 + 100 * np.sin(np.arange(30.0))
    found = option_d(own * 1.01, own, own * 1.03)
    low, high = found.saved_kwh.interval
    assert found.verdict is Verdict.NOT_SIGNIFICANT
    assert high - found.saved_kwh.value >= 0.029 * found.expected_kwh.value
    assert low < 0
    # a twin that meets the meter is still not better than 2 %
    assert option_d(own * 1.01, own, own).verdict is Verdict.NOT_SIGNIFICANT
    assert option_d(own * 1.06, own, own).verdict is Verdict.SUPPORTED
