from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.reports.calc_degree_days import corrected_kwh, degree_days
from dashboards.reports.calc_et import Weeks, cusum_kwh, et_curve, whole_weeks
from dashboards.reports.calc_known import Known, Why, known_mean, known_sum, quotient


def days(count, first=date(2025, 1, 1)):
    return [first + timedelta(days=n) for n in range(count)]


# --- Degree days ----------------------------------------------------------------------------------------------------


def test_a_day_has_as_many_degree_days_as_it_is_colder_than_17_degc():
    """Statistics Norway's definition: 17 less the day's mean, warmer days none. By hand: 24.5 + 17 + 0.1 + 0 + 0."""
    found = degree_days(days(5), np.array([-7.5, 0.0, 16.9, 17.0, 21.3]))
    assert found.total_kd.value == pytest.approx(41.6)
    assert found.total_kd.coverage == 1.0


def test_degree_days_add_up_by_month():
    first = date(2025, 1, 30)
    found = degree_days(days(4, first), np.array([-3.0, 1.0, 7.0, 9.0]))
    assert {month: kd.value for month, kd in found.by_month_kd.items()} == {(2025, 1): 36.0, (2025, 2): 18.0}
    assert found.total_kd.value == 54.0


def test_a_month_of_which_too_much_is_missing_has_no_degree_days():
    temps = np.full(31, 2.0)
    temps[:3] = np.nan
    known = degree_days(days(31), temps)
    assert known.total_kd.value == pytest.approx(31 * 15.0)  # three days count as the others
    assert known.total_kd.coverage == pytest.approx(28 / 31)
    temps[3] = np.nan
    missing = degree_days(days(31), temps)
    assert (missing.total_kd.value, missing.total_kd.why) == (None, Why.GAPS)


def test_correction_to_a_normal_month_as_published():
    """Alvsbyns Energi, "Hur fungerar normalkorrigering": a house used 4 MWh in January 2016, a quarter of it hot
    water; 1104 index days against 967 normally. Published: 3.63 MWh (with its factor rounded to 1.14).
    """
    found = corrected_kwh(4000.0, 0.75, Known(1104.0), 967.0)
    assert found.value == pytest.approx(3630, abs=5)


def test_without_a_normal_nothing_is_corrected():
    assert corrected_kwh(4000.0, 0.75, Known(1104.0), None).why is Why.NO_FACTOR
    assert corrected_kwh(4000.0, 0.75, Known.missing(Why.GAPS, 0.5), 967.0).why is Why.GAPS
    assert corrected_kwh(4000.0, 0.75, Known(0.0), 967.0).why is Why.NOTHING_RAN


# --- ET curve -------------------------------------------------------------------------------------------------------

NORRIS_Y_X = """0.1 0.2 338.8 337.4 118.1 118.2 888.0 884.6 9.2 10.1 228.1 226.5 668.5 666.3 998.5 996.3 449.1 448.6
778.9 777.0 559.2 558.2 0.3 0.4 0.1 0.6 778.1 775.5 668.8 666.9 339.3 338.0 448.9 447.5 10.8 11.6 557.7 556.0 228.3
228.1 998.0 995.8 888.8 887.6 119.6 120.2 0.3 0.3 0.6 0.3 557.6 556.8 339.3 339.1 888.0 887.2 998.5 999.0 778.9 779.0
10.2 11.1 117.6 118.3 228.9 229.2 668.4 669.1 449.2 448.9 0.2 0.5"""


def weeks(power, outdoor):
    mondays = tuple(date(2024, 1, 1) + timedelta(weeks=n) for n in range(len(power)))
    return Weeks(mondays, np.asarray(power, dtype=float), np.asarray(outdoor, dtype=float), 0)


def test_a_straight_line_has_the_certified_coefficients_of_nist():
    """NIST Statistical Reference Datasets, Norris: certified slope 1.00211681802045, intercept -0.262323073774029,
    residual deviation 0.884796396144373, R2 0.999993745883712. Colder is "more x" here; scaled to shorten the search.
    """
    pairs = np.array(NORRIS_Y_X.split(), dtype=float).reshape(-1, 2)
    curve = et_curve(weeks(pairs[:, 0], -pairs[:, 1] / 20))
    assert curve.parameters == 2
    assert curve.change_point_degc.why is Why.NOT_SIGNIFICANT
    assert curve.slope_kw_per_k.value / 20 == pytest.approx(1.00211681802045, rel=1e-10)
    base_at_0 = curve.base_kw.value - curve.slope_kw_per_k.value * pairs[:, 1].min() / 20
    assert base_at_0 == pytest.approx(-0.262323073774029, rel=1e-8)
    assert curve.rmse_kw == pytest.approx(0.884796396144373, rel=1e-10)
    assert curve.r2 == pytest.approx(0.999993745883712, rel=1e-12)


def test_a_curve_without_scatter_is_found_exactly():
    outdoor = np.arange(-18.0, 22.0)
    curve = et_curve(weeks(20 + 2.5 * np.maximum(11.3 - outdoor, 0), outdoor))
    assert curve.change_point_degc.value == pytest.approx(11.3)
    assert curve.base_kw.value == pytest.approx(20.0)
    assert curve.slope_kw_per_k.value == pytest.approx(2.5)
    assert curve.expected_kw(np.array([-10.0, 15.0])) == pytest.approx([73.25, 20.0])
    assert curve.outliers == ()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(7)
    outdoor = np.linspace(-15, 20, 52)
    hits = np.zeros(3)
    for _ in range(100):
        power = 20 + 2.5 * np.maximum(12.0 - outdoor, 0) + rng.normal(0, 3, 52)
        curve = et_curve(weeks(power, outdoor))
        for place, (known, truth) in enumerate(
            ((curve.base_kw, 20.0), (curve.slope_kw_per_k, 2.5), (curve.change_point_degc, 12.0))
        ):
            low, high = known.interval
            hits[place] += low <= truth <= high
    # base and slope are stated at the change point found, so theirs are somewhat narrow
    assert (hits >= [80, 75, 88]).all()


def test_the_odd_week_is_named():
    outdoor = np.linspace(-15, 20, 40)
    power = 20 + 2.5 * np.maximum(12.0 - outdoor, 0) + 0.5 * np.sin(np.arange(40))
    power[7] += 12
    curve = et_curve(weeks(power, outdoor))
    assert [outlier.monday for outlier in curve.outliers] == [date(2024, 1, 1) + timedelta(weeks=7)]
    assert curve.outliers[0].studentised > 5


@pytest.mark.parametrize(
    ("outdoor", "why"), [(np.linspace(-10, 15, 7), Why.TOO_SHORT), (np.linspace(14, 18, 30), Why.NO_SPREAD)]
)
def test_too_few_or_too_like_weeks_give_no_curve(outdoor, why):
    assert et_curve(weeks(np.full(len(outdoor), 30.0), outdoor)) is why


def test_only_whole_known_weeks_count_and_the_change_of_clocks_is_an_hour():
    monday = date(2025, 3, 24)  # the clock is put forward on its Sunday
    energy, temps = np.full(16, 24.0), np.full(16, 3.0)
    hours = np.full(16, 24.0)
    hours[6] = 23.0
    energy[9] = np.nan
    found = whole_weeks(days(16, monday), energy, temps, hours)
    assert found.monday == (monday,)
    assert found.left_out == 2
    assert found.power_kw == pytest.approx([7 * 24.0 / 167])


def test_cusum_is_the_running_sum_of_differences_and_gaps_add_nothing():
    """Performance line of the furnace in "CUSUM, a monitoring and targeting technique" (Cheriton Technology 1989),
    E = 9831 + 15.16 P; 1000 t and 1500 t expect 24991 and 32571 therms.
    """
    expected = 9831 + 15.16 * np.array([1000.0, 1500.0, 1000.0])
    assert expected[:2] == pytest.approx([24991, 32571])
    found = cusum_kwh(np.array([25091.0, np.nan, 24791.0]), expected)
    assert found[[0, 2]] == pytest.approx([100.0, -100.0])
    assert np.isnan(found[1])


# --- Numbers and reasons --------------------------------------------------------------------------------------------


def test_a_number_has_a_value_or_a_reason():
    with pytest.raises(ValueError, match="either"):
        Known(None)
    with pytest.raises(ValueError, match="either"):
        Known(1.0, why=Why.GAPS)


def test_sums_and_means_say_what_they_rest_on():
    values = np.array([1.0, np.nan, 3.0, 4.0])
    assert known_sum(values).why is Why.GAPS
    assert known_sum(values, least=0.5) == Known(8.0, 0.75)
    assert known_mean(values, least=0.5).value == pytest.approx(8 / 3)
    assert known_mean(values[1:2]).why is Why.NO_DATA


def test_a_quotient_by_nothing_is_not_known():
    assert quotient(Known(3.0, 0.9), Known(0.0, 1.0)) == Known(None, 0.9, Why.NOTHING_RAN)
    assert quotient(Known(3.0), Known.missing(Why.NOT_MEASURED)).why is Why.NOT_MEASURED
    assert quotient(Known(3.0), Known(2.0), 100.0).value == 150.0
