from datetime import date, datetime, timedelta

import numpy as np
import pytest

from models.local_time import OSLO, local_day, local_midnight
from models.synthetic import synthetic_year
from models.synthetic_prices import LOWEST_NOK, synthetic_prices

SEEDS = range(6)


@pytest.fixture(scope="module", params=SEEDS)
def prices(request):
    return synthetic_prices(2026, request.param, synthetic_year(2026, request.param))


@pytest.fixture(scope="module")
def local(prices):
    return [(prices.start + timedelta(seconds=i * prices.step_s)).astimezone(OSLO) for i in range(len(prices.values))]


def test_the_series_is_one_local_year_of_quarters(prices):
    assert prices.start == local_midnight(date(2026, 1, 1))
    assert prices.end == local_midnight(date(2027, 1, 1))
    assert len(prices.values) == 365 * 96
    assert np.isfinite(prices.values).all()


@pytest.mark.parametrize(
    ("day", "quarters"),
    [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100), (date(2026, 6, 1), 96)],
)
def test_days_have_92_96_or_100_quarters(prices, day, quarters):
    assert len(prices.slice(*local_day(day)).values) == quarters


def test_the_same_seed_gives_the_same_prices():
    weather = synthetic_year(2026, 1)
    np.testing.assert_array_equal(synthetic_prices(2026, 1, weather).values, synthetic_prices(2026, 1, weather).values)
    assert not np.array_equal(synthetic_prices(2026, 1, weather).values, synthetic_prices(2026, 2, weather).values)


def test_hours_are_the_means_of_the_quarters(prices):
    hourly = synthetic_prices(2026, 0, synthetic_year(2026, 0), step_s=3600)
    quarters = synthetic_prices(2026, 0, synthetic_year(2026, 0))
    np.testing.assert_allclose(hourly.values, quarters.resampled(3600).values, atol=1e-5)


def test_level_and_spread_are_those_of_the_area(prices):
    assert 0.45 < prices.values.mean() < 0.75
    assert 0.2 < prices.values.std() < 0.7
    assert 2.0 < prices.values.max() < 10.0


def test_winter_is_dear_and_summer_cheap(prices, local):
    month = np.array([moment.month for moment in local])
    winter, summer = np.isin(month, (12, 1, 2)), np.isin(month, (6, 7, 8))
    assert prices.values[winter].mean() > 1.8 * prices.values[summer].mean()


def test_workdays_peak_in_the_morning_and_in_the_evening(prices, local):
    hour = np.array([moment.hour for moment in local])
    workday = np.array([moment.weekday() < 5 for moment in local])
    shape = np.array([prices.values[workday & (hour == h)].mean() for h in range(24)])
    assert shape[8] > 1.1 * shape[13]
    assert shape[17] > 1.1 * shape[13]
    assert shape[8] > 1.2 * shape[3]
    assert prices.values[~workday].mean() < 0.95 * prices.values[workday].mean()


def test_hours_below_zero_come_in_the_summer_half_only(prices, local):
    hourly = prices.resampled(3600).values
    month = np.array([moment.month for moment in local[::4]])
    assert 40 < (hourly < 0).sum() < 500
    assert (hourly[np.isin(month, (11, 12, 1, 2))] > 0).all()
    assert prices.values.min() >= -LOWEST_NOK


def test_cold_weeks_are_dear():
    weather = synthetic_year(2026, 3)
    colder = type(weather)(**{**weather.__dict__, "temp_degc": weather.temp_degc - 6.0})
    first_quarter = slice(0, 90 * 96)
    ratio = synthetic_prices(2026, 3, colder).values[first_quarter].mean()
    ratio /= synthetic_prices(2026, 3, weather).values[first_quarter].mean()
    assert 1.1 < ratio < 1.4


def test_one_year_runs_into_the_next():
    before = synthetic_prices(2026, 0, synthetic_year(2026, 0))
    after = synthetic_prices(2027, 0, synthetic_year(2027, 0))
    assert before.end == after.start
    assert abs(after.values[0] - before.values[-1]) < 0.3
    assert datetime(2027, 1, 1, tzinfo=OSLO) == after.start
