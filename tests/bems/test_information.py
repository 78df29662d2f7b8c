"""What may be known when."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bems.backtest.information import Information
from models.prices import PriceSeries
from models.synthetic import BIRI, spell

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def information():
    hours = 60 * 24
    prices = PriceSeries(NEW_YEAR, 3600, np.arange(hours, dtype=np.float64))
    return Information(spell(NEW_YEAR, hours, -10.0, cloud_pct=50), prices, 1, BIRI)


@pytest.mark.parametrize(
    ("utc", "until"),
    [
        ((15, 11, 59), (15, 23)),  # 12:59 in Oslo: today's only
        ((15, 12, 0), (16, 23)),  # 13:00: tomorrow's too
        ((15, 23, 0), (16, 23)),  # midnight: what was tomorrow is today
    ],
)
def test_tomorrows_prices_appear_at_one_in_the_afternoon(information, utc, until):
    day, hour, minute = utc
    known = information.prices(datetime(2026, 1, day, hour, minute, tzinfo=UTC))
    assert known.series.end == datetime(2026, 1, until[0], until[1], tzinfo=UTC)
    assert known.series.values[-1] == (known.series.end - NEW_YEAR) / timedelta(hours=1) - 1
    assert known.issued_at <= datetime(2026, 1, day, hour, minute, tzinfo=UTC)


def test_a_weather_forecast_errs_more_the_farther_it_looks_and_always_the_same(information):
    errors = []
    for hour in range(0, 240, 6):
        now = datetime(2026, 1, 10, tzinfo=UTC) + timedelta(hours=hour, minutes=20)
        forecast = information.weather(now)
        assert forecast.issued_at == now.replace(minute=0)
        errors.append(forecast.series.temp_degc + 10.0)
        assert (information.weather(now + timedelta(minutes=39)).series.temp_degc == forecast.series.temp_degc).all()
    spread = np.std(errors, axis=0)
    assert spread[0] < 0.1
    assert spread[0] < spread[12] < spread[48]
