from datetime import UTC, datetime

import numpy as np
import pytest

from models.sun import ghi_under_clouds, sky, split_ghi
from models.synthetic import BIRI, NORMAL_GHI_KWH_M2, NORMAL_TEMP_DEGC, fresh_snow_cm, spell, synthetic_year
from models.weather import COLUMNS

SEEDS = range(6)


def months(series):
    hours = np.datetime64(series.start.replace(tzinfo=None), "h") + np.arange(len(series.temp_degc))
    return hours.astype("datetime64[M]").astype(int) % 12


@pytest.fixture(scope="module", params=SEEDS)
def year(request):
    return synthetic_year(2026, request.param)


def test_the_same_seed_gives_the_same_year_and_another_seed_another():
    first, again, other = synthetic_year(2026, 1), synthetic_year(2026, 1), synthetic_year(2026, 2)
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(first, column), getattr(again, column))
    assert not np.array_equal(first.temp_degc, other.temp_degc)


def test_the_year_is_hourly_complete_and_labelled_synthetic(year):
    assert year.start == datetime(2026, 1, 1, tzinfo=UTC)
    assert len(year.temp_degc) == 8760
    assert year.step_s == 3600
    assert year.synthetic
    assert all(np.isfinite(getattr(year, column)).all() for column in COLUMNS)


def test_a_leap_year_has_its_29_february():
    assert len(synthetic_year(2028, 1).temp_degc) == 8784


def test_monthly_temperatures_are_near_the_normals(year):
    means = np.array([year.temp_degc[months(year) == m].mean() for m in range(12)])
    assert np.abs(means - NORMAL_TEMP_DEGC).max() < 2.0
    assert abs(year.temp_degc.mean() - np.mean(NORMAL_TEMP_DEGC)) < 0.4


def test_monthly_irradiation_is_near_the_estimate_for_biri(year):
    sums = np.array([year.ghi_w_m2[months(year) == m].sum() / 1000 for m in range(12)])
    assert np.abs(sums / NORMAL_GHI_KWH_M2 - 1).max() < 0.25
    assert 820 < sums.sum() < 950


def test_one_spell_a_year_reaches_minus_24_and_none_goes_far_below_27(year):
    assert -27.5 < year.temp_degc.min() <= -24.0
    three_days = np.convolve(year.temp_degc, np.ones(72) / 72, "valid")
    assert three_days.min() < -18.5


def test_the_coldest_days_are_calm_and_their_nights_clear(year):
    coldest = np.argsort(year.temp_degc)[:48]
    assert year.wind_m_s[coldest].mean() < 0.7 * year.wind_m_s.mean()
    clear = sky(*BIRI, year.start, 3600.0, 8760)
    deep = int(np.argmin(year.temp_degc))
    day = slice(max(deep - 24, 0), deep + 24)
    assert year.ghi_w_m2[day].sum() > 0.75 * clear.ghi_clear_w_m2[day].sum()


def test_weather_comes_in_systems_of_several_days(year):
    daily = year.temp_degc.reshape(-1, 24).mean(axis=1)
    season = np.convolve(np.pad(daily, 15, "wrap"), np.ones(31) / 31, "valid")
    rest = daily - season
    follow = [np.corrcoef(rest[lag:], rest[:-lag])[0, 1] for lag in (1, 5)]
    assert 0.6 < follow[0] < 0.9
    assert follow[1] < 0.4


def test_summer_afternoons_are_warmest_and_winter_days_hardly_vary(year):
    by_hour = year.temp_degc.reshape(-1, 24)
    july, december = by_hour[181:212].mean(axis=0), by_hour[334:365].mean(axis=0)
    assert 12 <= int(np.argmax(july)) <= 16
    assert 1 <= int(np.argmin(july)) <= 5
    assert 4 < np.ptp(july) < 9
    assert np.ptp(december) < 4


def test_irradiance_closes_and_stays_below_clear_sky(year):
    clear = sky(*BIRI, year.start, 3600.0, 8760)
    closure = year.dhi_w_m2 + year.dni_w_m2 * np.cos(np.radians(clear.zenith_deg)) - year.ghi_w_m2
    assert np.abs(closure).max() < 1e-9
    assert (year.ghi_w_m2 <= clear.ghi_clear_w_m2 + 1e-9).all()
    assert min(year.ghi_w_m2.min(), year.dni_w_m2.min(), year.dhi_w_m2.min()) >= 0
    assert (year.ghi_w_m2[clear.zenith_deg > 90] == 0).all()
    assert year.dni_w_m2.max() < 1100


def test_wind_humidity_and_snow_are_plausible(year):
    assert 1.5 < year.wind_m_s.mean() < 3.5
    assert 6 < year.wind_m_s.max() <= 18
    assert year.humidity_pct.min() >= 25
    assert year.humidity_pct.max() <= 100
    assert year.humidity_pct[months(year) == 11].mean() > year.humidity_pct[months(year) == 5].mean() + 10
    assert 120 < year.snowfall_cm_per_h.sum() < 320
    assert year.snowfall_cm_per_h[(months(year) > 4) & (months(year) < 8)].sum() < 1


def test_one_year_runs_into_the_next(year):
    following = synthetic_year(2027, 0)
    assert abs(synthetic_year(2026, 0).temp_degc[-1] - following.temp_degc[0]) < 2.0
    assert abs(year.temp_degc[-1] - year.temp_degc[0]) < 2.0


def test_a_spell_holds_its_temperature_while_the_sun_moves():
    cold = spell(datetime(2026, 1, 20, tzinfo=UTC), 72, -24.0)
    assert cold.synthetic
    assert cold.duration_s == 72 * 3600
    assert set(cold.temp_degc) == {-24.0}
    assert cold.ghi_w_m2.max() > 50
    assert cold.ghi_w_m2[0] == 0
    overcast = spell(datetime(2026, 1, 20, tzinfo=UTC), 72, -24.0, cloud_pct=100.0)
    np.testing.assert_allclose(overcast.ghi_w_m2, 0.35 * cold.ghi_w_m2)


@pytest.mark.parametrize(("cloud_pct", "share"), [(0, 1.0), (50, 0.675), (100, 0.35)])
def test_clouds_take_global_irradiance_linearly_down_to_35_percent(cloud_pct, share):
    assert ghi_under_clouds(np.array([800.0]), np.array([cloud_pct]))[0] == pytest.approx(800 * share)


def test_overcast_light_is_nearly_all_diffuse_and_clear_light_mostly_direct():
    noon = sky(*BIRI, datetime(2026, 6, 21, 11, tzinfo=UTC), 3600.0, 2)
    assert noon.zenith_deg[0] == pytest.approx(60.95 - 23.44, abs=0.5)
    _, dull = split_ghi(0.3 * noon.ghi_clear_w_m2, noon)
    _, clear = split_ghi(noon.ghi_clear_w_m2, noon)
    assert dull[0] > 0.95 * 0.3 * noon.ghi_clear_w_m2[0]
    assert clear[0] < 0.3 * noon.ghi_clear_w_m2[0]


def test_precipitation_is_snow_below_0_and_rain_above_2_degrees():
    snow = fresh_snow_cm(np.array([2.0, 2.0, 2.0]), np.array([-5.0, 1.0, 3.0]))
    assert snow.tolist() == [2.0, 1.0, 0.0]
