"""The made-up year beside measured ones, where a copy of them lies in a sibling folder of the repository."""

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no measured weather and prices beside the repository")

MONTH = np.array([(datetime(2026, 1, 1) + timedelta(hours=i)).month for i in range(8760)])  # noqa: DTZ001


def test_monthly_temperatures_lie_near_both_neighbouring_stations():
    made = synthetic_year(2026, 1).temp_degc
    for name in ("SN12550_kise", "SN12680_lillehammer"):
        lines = (DATA / f"temp_{name}_multiyear_mean_hourly.csv").read_text("utf-8").splitlines()[1:]
        real = np.array([float(line) for line in lines if line])
        for month in range(1, 13):
            assert abs(made[month == MONTH].mean() - real[month == MONTH].mean()) < 2.6, (name, month)


def test_days_vary_about_as_much_as_measured_ones():
    rows = list(csv.reader((DATA / "weather_rygge_2019_hourly.csv").read_text("utf-8").splitlines()))[1:]
    real = np.array([float(row[1] or "nan") for row in rows])
    real_steps = np.diff(np.nanmean(real[: len(real) // 24 * 24].reshape(-1, 24), axis=1))
    made_steps = np.diff(synthetic_year(2026, 1).temp_degc.reshape(-1, 24).mean(axis=1))
    assert 0.6 < made_steps.std() / np.nanstd(real_steps) < 1.5


@pytest.mark.parametrize("year", [2023, 2024])
def test_prices_are_spread_like_real_ones(year):
    path = DATA / f"spot_no1-no5_nok_kwh_incl_vat_{year}.csv"
    rows = list(csv.reader(path.read_text("utf-8-sig").splitlines(), delimiter=";"))[1:]
    real = np.array([float(row[1]) for row in rows])[:8760] / 1.25
    made = synthetic_prices(2026, 1, synthetic_year(2026, 1), step_s=3600).values
    assert 0.7 < made.mean() / real.mean() < 1.4
    daily_spread = [series.reshape(-1, 24).std(axis=1).mean() for series in (made, real)]
    assert 0.6 < daily_spread[0] / daily_spread[1] < 1.5
    follow = [np.corrcoef(day[1:], day[:-1])[0, 1] for day in (s.reshape(-1, 24).mean(axis=1) for s in (made, real))]
    assert abs(follow[0] - follow[1]) < 0.2
