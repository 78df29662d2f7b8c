from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from drivers.synthetic_feed import HORIZON_H, SyntheticPriceFeed, SyntheticWeatherFeed
from models.local_time import local_day, local_midnight
from models.ports import PriceFeed, WeatherFeed
from models.sun import sky
from models.synthetic import BIRI, synthetic_year
from models.synthetic_prices import synthetic_prices

TRUTH = synthetic_year(2026, 1)


@pytest.fixture
def prices() -> PriceFeed:
    return SyntheticPriceFeed(TRUTH, 1)


@pytest.fixture
def weather() -> WeatherFeed:
    return SyntheticWeatherFeed(TRUTH, 1)


async def test_before_13_only_todays_prices_are_known(prices):
    known = await prices.fetch(datetime(2026, 1, 10, 11, 59, tzinfo=UTC))
    assert (known.series.start, known.series.end) == local_day(date(2026, 1, 10))
    assert known.issued_at == datetime(2026, 1, 9, 12, tzinfo=UTC)
    assert (known.synthetic, known.source, known.problem) == (True, "synthetic", None)


async def test_from_13_local_time_on_tomorrow_is_known(prices):
    winter = await prices.fetch(datetime(2026, 1, 10, 12, 0, tzinfo=UTC))
    summer = await prices.fetch(datetime(2026, 7, 10, 11, 0, tzinfo=UTC))
    assert winter.series.end == local_midnight(date(2026, 1, 12))
    assert summer.series.end == local_midnight(date(2026, 7, 12))
    assert winter.age_s(datetime(2026, 1, 10, 13, tzinfo=UTC)) == 3600


async def test_prices_are_those_of_the_year_also_over_new_year(prices):
    known = await prices.fetch(datetime(2026, 12, 31, 20, tzinfo=UTC))
    assert known.series.covers(*local_day(date(2026, 12, 31)))
    assert known.series.covers(*local_day(date(2027, 1, 1)))
    noon = datetime(2027, 1, 1, 12, tzinfo=UTC)
    assert known.series.at(noon) == synthetic_prices(2027, 1, TRUTH).at(noon)


@pytest.mark.parametrize(("day", "quarters"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)])
async def test_changeover_days_have_their_own_length(prices, day, quarters):
    known = await prices.fetch(local_midnight(day) + timedelta(hours=6))
    assert len(known.series.values) == quarters


async def test_a_forecast_begins_with_the_truth_of_the_full_hour(weather):
    now = datetime(2026, 2, 3, 7, 40, tzinfo=UTC)
    forecast = await weather.fetch(now)
    assert forecast.issued_at == forecast.series.start == datetime(2026, 2, 3, 7, tzinfo=UTC)
    assert forecast.series.temp_degc[0] == pytest.approx(TRUTH.at("temp_degc", forecast.issued_at))
    assert forecast.synthetic
    assert forecast.covers(now)
    assert forecast.until == forecast.issued_at + timedelta(hours=HORIZON_H)
    assert not forecast.covers(forecast.until + timedelta(seconds=1))


async def test_the_error_grows_with_lead_time():
    feed = SyntheticWeatherFeed(TRUTH, 1)
    errors = []
    for day in range(0, 350, 2):
        series = (await feed.fetch(datetime(2026, 1, 1, 6, tzinfo=UTC) + timedelta(days=day))).series
        lead_s = (series.start - TRUTH.start).total_seconds() + np.arange(HORIZON_H + 1) * 3600.0
        errors.append(series.temp_degc - TRUTH.at("temp_degc", lead_s))
    spread = np.std(errors, axis=0)
    assert spread[0] == pytest.approx(0, abs=1e-9)
    assert 0.2 < spread[6] < 0.8
    assert 1.0 < spread[24] < 2.0
    assert 2.3 < spread[120] < 3.7
    assert np.abs(np.mean(errors, axis=0)).max() < 1.0


async def test_two_forecasts_in_a_row_resemble_each_other_but_differ(weather):
    first = (await weather.fetch(datetime(2026, 2, 3, 7, tzinfo=UTC))).series
    second = (await weather.fetch(datetime(2026, 2, 3, 8, tzinfo=UTC))).series
    change = np.abs(second.temp_degc[:-1] - first.temp_degc[1:])[24:72]
    assert 0.05 < change.mean() < 2.0


async def test_the_same_seed_forecasts_the_same():
    now = datetime(2026, 5, 5, 5, tzinfo=UTC)
    one, two, other = [(await SyntheticWeatherFeed(TRUTH, seed).fetch(now)).series for seed in (3, 3, 4)]
    np.testing.assert_array_equal(one.temp_degc, two.temp_degc)
    np.testing.assert_array_equal(one.ghi_w_m2, two.ghi_w_m2)
    assert not np.array_equal(one.temp_degc, other.temp_degc)


async def test_forecast_irradiance_closes_and_knows_the_night(weather):
    series = (await weather.fetch(datetime(2026, 6, 3, 7, tzinfo=UTC))).series
    clear = sky(*BIRI, series.start, 3600.0, HORIZON_H + 1)
    closure = series.dhi_w_m2 + series.dni_w_m2 * np.cos(np.radians(clear.zenith_deg)) - series.ghi_w_m2
    assert np.abs(closure).max() < 1e-9
    assert (series.ghi_w_m2[clear.zenith_deg > 90] == 0).all()
    assert (series.ghi_w_m2 <= clear.ghi_clear_w_m2 + 1e-9).all()


async def test_closing_is_harmless(prices, weather):
    for feed in (prices, weather):
        await feed.close()
        await feed.close()
