"""A made-up year of day-ahead prices with the shape of south-eastern Norway (NO1): no quotation is in here.

What it has of the real thing: dear winters and cheap summers, slow swings, a morning and an evening peak, a midday
dip in summer, cheaper weekends and holidays, dear cold spells with spikes, surplus hours below zero in the summer half.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.local_time import OSLO, is_workday, local_midnight
from models.prices import PriceSeries
from models.synthetic import NORMAL_TEMP_DEGC, by_month, circular_noise
from models.weather import WeatherSeries

Array = NDArray[np.float64]

MONTH_LEVEL: Final = (0.95, 0.85, 0.78, 0.60, 0.47, 0.42, 0.36, 0.36, 0.42, 0.53, 0.76, 0.88)
"""Mean price by month [NOK/kWh, ex VAT], assumed; between the real years 2023 and 2024 over the year."""
WINTER_DAY: Final = (0.82, 0.78, 0.75, 0.74, 0.76, 0.84, 0.97, 1.16, 1.27, 1.22, 1.13, 1.07)
WINTER_DAY_PM: Final = (1.03, 1.02, 1.05, 1.12, 1.24, 1.29, 1.19, 1.08, 0.99, 0.92, 0.87, 0.84)
SUMMER_DAY: Final = (0.99, 0.95, 0.92, 0.91, 0.92, 0.98, 1.08, 1.18, 1.20, 1.10, 0.98, 0.88)
SUMMER_DAY_PM: Final = (0.80, 0.74, 0.74, 0.81, 0.93, 1.05, 1.13, 1.17, 1.18, 1.14, 1.08, 1.03)
"""Shape of a workday by local hour; its mean is about 1."""
LOWEST_NOK: Final = 0.60
"""No hour falls below minus this."""

YEAR_S: Final = 365.25 * 86400

_CIRCLE_H: Final = 8760


def synthetic_prices(year: int, seed: int, weather: WeatherSeries, step_s: int = 900) -> PriceSeries:
    """Prices [NOK/kWh, ex VAT] of one local calendar year in slots of `step_s` (a divisor of the hour, at least 900 s).

    `weather` is the year the prices belong to: cold makes dear. The same arguments give the same prices; hours are
    the means of the quarters that the same call with 900 s gives. Days have 92, 96 or 100 quarters.
    """
    start, end = local_midnight(date(year, 1, 1)), local_midnight(date(year + 1, 1, 1))
    count = int((end - start).total_seconds() // 900)
    hours = np.arange(count) / 4.0
    year_share = hours / hours[-1]
    rng = np.random.default_rng([seed, 2])

    def noise(memory_h: float) -> Array:
        circle = circular_noise(rng, _CIRCLE_H, memory_h)
        on_year = np.interp(year_share * _CIRCLE_H, np.arange(_CIRCLE_H), circle, period=_CIRCLE_H)
        return np.asarray(on_year, dtype=np.float64)

    local_hour, workday = _wall_clock(start, count)
    winter = 0.5 + 0.5 * np.cos(2 * np.pi * (year_share - 0.03))
    cold_k = _cold_k(weather, start, count)
    level = by_month(MONTH_LEVEL, year_share) * np.exp(0.28 * noise(150) + 0.12 * noise(20) - 0.047)
    level *= np.exp(0.035 * np.clip(cold_k, -8, 16) * (0.3 + 0.7 * winter) - 0.03 * winter)
    swing = np.exp(0.45 * noise(60) - 0.1) * np.where(workday, 1.0, 0.55)
    shape = 1 + swing * (_day_shape(local_hour, winter) - 1)
    spikes = 1 + _spikes(rng, cold_k, winter, workday, local_hour)
    night = np.exp(-(((local_hour - 3.5) / 3.0) ** 2))
    noon = np.exp(-(((local_hour - 13.5) / 2.5) ** 2))
    surplus_when = 0.35 * night + 0.7 * noon + np.where(workday, 0.0, 0.45)
    surplus = np.maximum(noise(16) + surplus_when - 1.0 - 2.6 * winter, 0.0)
    price = level * np.maximum(shape, 0.05) * np.where(workday, 1.0, 0.86) * spikes - 0.42 * surplus
    price *= 1 + 0.03 * rng.standard_normal(count)
    price = np.where(price < 0, -LOWEST_NOK * np.tanh(-price / LOWEST_NOK), price)
    values = price.reshape(-1, step_s // 900).mean(axis=1)
    return PriceSeries(start, step_s, values.round(5))


def _wall_clock(start: datetime, count: int) -> tuple[Array, NDArray[np.bool_]]:
    """Local hour of the day 0..24 and whether it is a workday, per quarter."""
    hours = np.empty(count)
    workday = np.empty(count, dtype=np.bool_)
    for index in range(0, count, 4):
        local = (start + timedelta(minutes=15 * index)).astimezone(OSLO)
        hours[index : index + 4] = local.hour + np.arange(4) / 4.0
        workday[index : index + 4] = is_workday(local.date())
    return hours, workday


def _day_shape(local_hour: Array, winter: Array) -> Array:
    middles = np.arange(24) + 0.5
    in_winter = np.interp(local_hour, middles, WINTER_DAY + WINTER_DAY_PM, period=24)
    in_summer = np.interp(local_hour, middles, SUMMER_DAY + SUMMER_DAY_PM, period=24)
    return np.asarray(winter * in_winter + (1 - winter) * in_summer, dtype=np.float64)


def _cold_k(weather: WeatherSeries, start: datetime, count: int) -> Array:
    """How much colder than normal the past 24 hours were [K], per quarter."""
    offset_s = (start - weather.start).total_seconds()
    new_year = datetime(weather.start.year, 1, 1, tzinfo=UTC)
    into_year_s = (weather.start - new_year).total_seconds() + np.arange(len(weather.temp_degc)) * weather.step_s
    year_share = np.asarray(into_year_s / YEAR_S % 1.0, dtype=np.float64)
    below = by_month(NORMAL_TEMP_DEGC, year_share) - weather.temp_degc
    day = int(86400 // weather.step_s)
    sums = np.cumsum(np.insert(np.pad(below, (day, 0), "wrap"), 0, 0.0))
    mean = (sums[day:] - sums[:-day])[1:] / day
    seconds = offset_s + np.arange(count) * 900.0
    past_day = np.interp(seconds, np.arange(len(mean)) * weather.step_s, mean, period=len(mean) * weather.step_s)
    return np.asarray(past_day, dtype=np.float64)


def _spikes(
    rng: np.random.Generator, cold_k: Array, winter: Array, workday: NDArray[np.bool_], local_hour: Array
) -> Array:
    """Extra price as a share, in the morning and evening of the few winter days that are coldest and unluckiest."""
    days = len(cold_k) // 96
    luck = rng.standard_normal(days)
    noon = np.minimum(np.arange(days) * 96 + 48, len(cold_k) - 1)
    chance = 0.25 * cold_k[noon] + luck + np.where(workday[noon] & (winter[noon] > 0.6), 0.0, -9.0)
    height = np.zeros(days)
    worst = np.argsort(chance)[-6:]
    height[worst] = rng.uniform(0.5, 1.7, len(worst))
    per_quarter = height[np.minimum(np.arange(len(cold_k)) // 96, days - 1)]
    peaks = np.exp(-(((local_hour - 8.5) / 1.1) ** 2)) + np.exp(-(((local_hour - 17.5) / 1.3) ** 2))
    return np.asarray(per_quarter * peaks, dtype=np.float64)
