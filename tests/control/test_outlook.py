"""Each part of an outlook, rung by rung of its ladder of sources, and that it is there whatever is missing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from control.habits.known import PriceShape
from control.rules.memory import Filtered, RuleMemory
from models.site import load_site
from models.tariff import import_prices
from tests.control.looking import JULY, NOON, ROOT, Outside, complete, sky, spot


@pytest.fixture
def outside(biri, paper):
    return Outside(biri, paper)


@pytest.fixture
def warm(biri, summer):
    return Outside(biri, summer, JULY)


# --- All of it --------------------------------------------------------------------------------------------------------


def test_with_nothing_known_everything_is_there_and_says_so(outside):
    outside.paper.kill("")
    made = outside.see()
    complete(outside.site, outside.plant, outside.grid, made)
    assert made.identity == (
        "prices from a flat stand-in; no weather forecast, usual weather of the season; "
        "load site file, not measured now; people site file"
    )


def test_with_everything_known_the_identity_names_it(outside):
    outside.paper.kill("ac_power")
    outside.prices, outside.weather = spot(np.ones(72)), sky(NOON)
    made = outside.see()
    complete(outside.site, outside.plant, outside.grid, made)
    assert made.identity == (
        "prices known to 2026-01-17T12:00+01:00; weather of 2026-01-15T11:00Z; load site file, not measured now; "
        "people site file"
    )


@pytest.mark.parametrize("lost", ["weather", "main", "charger", "hot_water", "pv_", "ahu", "hp", "temp", "power", "_"])
def test_lost_readings_make_no_holes(outside, lost):
    outside.paper.kill(lost)
    outside.prices, outside.weather = spot(np.ones(24)), sky(NOON, hours=20)
    made = outside.see()
    complete(outside.site, outside.plant, outside.grid, made)


def test_the_smallest_building_has_an_outlook(paper):
    site = load_site(ROOT / "site.example.toml")
    small = Outside(site, type(paper)(site, NOON))
    small.weather = sky(NOON)
    made = small.see()
    complete(site, small.plant, small.grid, made)
    assert made.pv_kw is None
    assert made.sun_heat == {}
    assert made.sessions == ()


@pytest.mark.parametrize(
    "begin", [datetime(2026, 3, 28, 13, 30, tzinfo=UTC), datetime(2026, 10, 24, 13, 15, tzinfo=UTC)]
)
def test_over_a_change_of_summer_time(outside, begin):
    outside.paper.now = begin
    outside.weather, outside.prices = sky(begin), spot(np.ones(20), begin.replace(minute=0))
    made = outside.see()
    complete(outside.site, outside.plant, outside.grid, made)


# --- Prices -----------------------------------------------------------------------------------------------------------


def test_published_prices_with_all_that_comes_on_top(outside):
    rng = np.random.default_rng(1)
    outside.prices = spot(rng.uniform(0.2, 2.0, 72))
    made = outside.see()
    whole = import_prices(outside.site.tariff, outside.prices.series, NOON, outside.grid.end, 900)
    assert made.buy_nok_per_kwh == pytest.approx(outside.grid.from_quarters(whole))
    assert made.buy_nok_per_kwh - made.sell_nok_per_kwh == pytest.approx(0.02 + 0.05 + 0.0713)


def test_a_meter_settled_by_the_hour_pays_the_hours_mean_one_by_the_quarter_each_quarter(outside):
    outside.prices = spot(np.tile([0.2, 0.4, 0.6, 0.8], 72), step_s=900)
    assert np.ptp(outside.see().sell_nok_per_kwh) == pytest.approx(0.0)
    tariff = outside.site.tariff.model_copy(update={"settlement": "quarter"})
    outside.site = outside.site.model_copy(update={"tariff": tariff})
    assert outside.see().sell_nok_per_kwh[:4] == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_after_the_published_ones_days_like_the_last_are_expected(outside):
    today = np.where((np.arange(24) >= 16) & (np.arange(24) < 20), 2.0, 1.0)
    outside.prices = spot(today)
    made = outside.see()
    assert "then the last known days' level and shape" in made.identity
    assert "known to 2026-01-16T00:00+01:00" in made.identity
    evening, noon = outside.at(made.sell_nok_per_kwh, 12 + 17), outside.at(made.sell_nok_per_kwh, 24)
    assert evening > noon + 0.5
    assert outside.see().sell_nok_per_kwh.mean() == pytest.approx(today.mean(), rel=0.25)


def test_a_weekend_is_expected_cheaper_than_a_workday(outside):
    outside.paper.now = datetime(2026, 1, 16, 11, 0, tzinfo=UTC)
    outside.prices = spot(np.ones(24), datetime(2026, 1, 15, 23, 0, tzinfo=UTC))
    made = outside.see()
    saturday = [outside.at(made.sell_nok_per_kwh, 12.0 + h) for h in range(24)]
    assert np.mean(saturday) == pytest.approx(0.9, abs=0.02)


def test_old_prices_are_better_than_none(outside):
    outside.prices = spot(np.full(48, 2.0), NOON - timedelta(days=3, hours=12))
    made = outside.see()
    assert made.sell_nok_per_kwh.mean() == pytest.approx(2.0, rel=0.2)
    assert "prices from the last known days' level and shape" in made.identity


def test_without_prices_those_of_the_last_weeks_then_a_flat_one(outside):
    assert outside.see().sell_nok_per_kwh == pytest.approx(0.6)
    row = tuple(0.3 if hour == 17 else 0.0 for hour in range(24))
    outside.learned = replace(outside.learned, prices=PriceShape(1.5, (row, row), 0.8, 0.1))
    made = outside.see()
    assert outside.at(made.sell_nok_per_kwh, 5) == pytest.approx(1.8)
    assert outside.at(made.sell_nok_per_kwh, 8) == pytest.approx(1.5)
    assert "prices from the last weeks' prices" in made.identity


@pytest.mark.parametrize("step_s", [600, 1800, 720])
def test_slots_of_any_length_that_divides_the_hour_will_do(outside, step_s):
    outside.prices = spot(np.ones(72 * 3600 // step_s), step_s=step_s)
    assert outside.see().sell_nok_per_kwh == pytest.approx(1.0)


def test_negative_prices_stay_negative(outside):
    outside.prices = spot(np.full(24, -0.3))
    made = outside.see()
    assert made.sell_nok_per_kwh[0] == pytest.approx(-0.3)
    assert np.isfinite(made.sell_nok_per_kwh).all()


# --- Weather ----------------------------------------------------------------------------------------------------------


def test_a_forecast_that_is_wrong_now_is_believed_again_later(outside):
    outside.paper.set(weather__outdoor_temp_degc=-4.0)
    outside.weather = sky(NOON, temp=0.0)
    outdoor = outside.see().outdoor_degc
    assert outdoor[0] == pytest.approx(-4.0, abs=0.1)
    assert outside.at(outdoor, 6) == pytest.approx(-4.0 / np.e, abs=0.2)
    assert abs(outside.at(outdoor, 36)) < 0.05


def test_a_sensor_that_cannot_be_right_moves_the_forecast_by_six_kelvin_at_most(outside):
    outside.paper.set(weather__outdoor_temp_degc=30.0)
    outside.weather = sky(NOON, temp=0.0)
    assert outside.see().outdoor_degc.max() <= 6.0


def test_a_forecast_too_short_repeats_its_last_day(outside):
    hours = np.arange(31)
    outside.weather = sky(NOON, hours=30, temp=5.0 * np.cos(2 * np.pi * hours / 24))
    outside.paper.kill("outdoor_temp")
    made = outside.see()
    assert outside.at(made.outdoor_degc, 47) == pytest.approx(outside.at(made.outdoor_degc, 23), abs=0.2)
    assert "for 30 h, then its last day again" in made.identity


def test_holes_in_a_forecast_are_bridged(outside):
    outside.weather = sky(NOON, temp=np.where(np.arange(73) % 5 == 2, np.nan, 3.0), humidity=np.nan)
    outside.paper.kill("outdoor_temp")
    assert outside.see().outdoor_degc == pytest.approx(3.0)


def test_a_forecast_of_last_week_is_none(outside):
    outside.weather = sky(NOON - timedelta(days=9), temp=-20.0)
    made = outside.see()
    assert made.outdoor_degc[0] == pytest.approx(0.0, abs=0.2)
    assert "no weather forecast, outdoor temperature held" in made.identity


def test_without_a_forecast_the_next_sensor_then_the_last_value_then_the_season(outside):
    outside.paper.kill("weather.")
    for point in outside.site.points:
        if point.endswith("outdoor_temp_degc"):
            outside.paper.values[point] = -8.0
    made = outside.see()
    assert made.outdoor_degc[0] == pytest.approx(-8.0, abs=0.2)
    assert "outdoor temperature of the machines held" in made.identity
    outside.paper.kill("outdoor_temp")
    outside.memory = replace(outside.memory, outdoor=Filtered(-12.0, NOON))
    made = outside.see()
    assert made.outdoor_degc[0] == pytest.approx(-12.0, abs=0.2)
    assert "last outdoor temperature held" in made.identity
    outside.memory = RuleMemory()
    made = outside.see()
    assert -12.0 < made.outdoor_degc.mean() < 0.0
    assert "usual weather of the season" in made.identity


def test_without_a_forecast_the_day_swings_and_the_sun_is_dull(warm):
    made = warm.see()
    night, day = warm.at(made.outdoor_degc, 16), warm.at(made.outdoor_degc, 27)
    assert day - night > 4.0
    dull = made.pv_kw[0]
    warm.weather = sky(JULY, dni=700.0, dhi=100.0, temp=20.0)
    assert 0 < dull < 0.8 * warm.see().pv_kw[0]
