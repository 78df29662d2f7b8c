"""A made-up but well-shaped year of weather for a place like Biri by Mjøsa, and constant spells for tests.

Drawn from a seed and the published monthly normals only; no measured series is in here. The noise lives on a circle,
so that the last hour of any year runs into the first hour of the next one with the same seed.
"""

from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

from models.sun import Sky, ghi_under_clouds, sky, split_ghi
from models.weather import WeatherSeries

Array = NDArray[np.float64]

NORMAL_TEMP_DEGC: Final = (-5.3, -5.0, -1.1, 3.8, 8.9, 13.1, 15.2, 13.6, 9.5, 4.3, -0.2, -4.0)
"""Monthly normals: mean of Kise by Mjøsa and Lillehammer (MET Norway), which lie on both sides of Biri."""
NORMAL_GHI_KWH_M2: Final = (6.0, 20.0, 65.0, 115.0, 150.0, 155.0, 155.0, 115.0, 65.0, 28.0, 8.0, 3.0)
"""Monthly global irradiation, estimated for Biri from stations farther south."""
DAILY_SWING_K: Final = (1.6, 3.0, 5.2, 6.6, 7.2, 6.6, 5.6, 5.8, 5.0, 2.4, 1.5, 1.3)
"""Mean difference between the warmest and the coldest hour of the day, by month."""
DAY_TO_DAY_K: Final = (5.2, 5.0, 4.0, 3.0, 3.2, 3.1, 2.9, 2.7, 2.7, 3.2, 4.0, 5.0)
"""Standard deviation of the weather-system part of the temperature, by month."""
YEARLY_PRECIPITATION_MM: Final = 650.0
BIRI: Final = (60.95, 10.61, 170.0)
"""Latitude [°N], longitude [°E], altitude [m]."""

_CIRCLE_H: Final = 8760


def circular_noise(rng: np.random.Generator, count: int, memory: float, order: int = 1) -> Array:
    """Noise of zero mean and unit deviation whose autocorrelation fades over `memory` samples; its end meets its start.

    `order` 1 is a first-order process, 2 one that is smooth from sample to sample.
    """
    spectrum = np.fft.rfft(rng.standard_normal(count))
    shaped = spectrum / (1 + 2j * np.pi * np.fft.rfftfreq(count) * memory) ** order
    shaped[0] = 0.0
    noise = np.fft.irfft(shaped, count)
    return np.asarray(noise / noise.std(), dtype=np.float64)


def _smooth(circle: Array, memory: float) -> Array:
    spectrum = np.fft.rfft(circle)
    return np.asarray(
        np.fft.irfft(spectrum / (1 + (2 * np.pi * np.fft.rfftfreq(len(circle)) * memory) ** 2), len(circle)),
        dtype=np.float64,
    )


def by_month(values: tuple[float, ...], year_share: Array) -> Array:
    """Monthly values as a smooth curve over the year (`year_share` 0..1), keeping each month's mean closely."""
    waves = np.arange(1, 4)

    def design(share: Array) -> Array:
        angle = 2 * np.pi * share[:, None] * waves
        return np.hstack([np.ones((len(share), 1)), np.cos(angle), np.sin(angle)])

    fine = np.arange(12 * 30) / (12 * 30)
    monthly = design(fine).reshape(12, 30, -1).mean(axis=1)
    weights = np.linalg.lstsq(monthly, np.array(values), rcond=None)[0]
    return np.asarray(design(year_share) @ weights, dtype=np.float64)


def _month_index(start: datetime, count: int) -> NDArray[np.int64]:
    hours = np.datetime64(start.replace(tzinfo=None), "h") + np.arange(count)
    return hours.astype("datetime64[M]").astype(np.int64) % 12


def _cold_spells(rng: np.random.Generator) -> tuple[Array, Array]:
    """Strength 0..1 over the circle of (the deepest spell of January or February, the lesser ones)."""
    day = np.arange(_CIRCLE_H) / 24.0

    def bump(middle_day: float, days: float) -> Array:
        distance = np.abs((day - middle_day + 182.5) % 365.0 - 182.5)
        return np.asarray(expit((days / 2 - distance) * 4.0), dtype=np.float64)

    first, second = rng.uniform(10, 24), rng.uniform(38, 52)
    deepest, lesser = (first, second) if rng.random() < 0.6 else (second, first)
    main = bump(deepest, rng.uniform(4, 6))
    others = 0.75 * bump(lesser, rng.uniform(3, 5)) + 0.85 * bump(rng.uniform(341, 357), rng.uniform(3, 5))
    return main, np.minimum(others, 1.0)


def _cloud_share(clear: Sky, latent: Array, month: NDArray[np.int64], rng: np.random.Generator) -> Array:
    """Cloud fraction 0..1, often near either end, shifted so that each month's irradiation comes out as drawn."""
    cloud = np.empty_like(latent)
    for index, normal in enumerate(NORMAL_GHI_KWH_M2):
        here = month == index
        target_wh = 1000 * normal * float(np.exp(rng.normal(0, 0.06)))
        low, high = -4.0, 4.0
        for _ in range(40):
            middle = (low + high) / 2
            share = ndtr(1.6 * latent[here] + middle)
            sum_wh = float(ghi_under_clouds(clear.ghi_clear_w_m2[here], 100 * share).sum())
            low, high = (middle, high) if sum_wh > target_wh else (low, middle)
        cloud[here] = ndtr(1.6 * latent[here] + (low + high) / 2)
    return cloud


def _daily_wave(start: datetime, count: int, longitude_deg: float) -> Array:
    """Unit swing (highest less lowest = 1) over the solar day: lowest about sunrise, highest about 15."""
    solar_h = (start.hour + np.arange(count) + longitude_deg / 15.0) % 24
    wave = 0.5 * np.cos(2 * np.pi * (solar_h - 14.8) / 24) + 0.06 * np.cos(4 * np.pi * (solar_h - 13.5) / 24)
    return np.asarray(wave - wave.mean(), dtype=np.float64)


def _pull_to_normals(temp: Array, month: NDArray[np.int64], year_share: Array, share: float) -> Array:
    """Take away `share` of each month's deviation from its normal: a year near the normal, not a freak."""
    for _ in range(3):
        excess = np.array([temp[month == m].mean() - NORMAL_TEMP_DEGC[m] for m in range(12)])
        middles = (np.arange(12) + 0.5) / 12
        temp = temp - np.interp(year_share, middles, share * excess, period=1.0)
    return temp


def _deepen(temp: Array, spell: Array, lowest_degc: float) -> Array:
    """Scale one cold spell so that the coldest hour inside it is `lowest_degc`."""
    low_k, high_k = -25.0, 40.0
    for _ in range(40):
        middle_k = (low_k + high_k) / 2
        coldest = float((temp - middle_k * spell)[spell > 0.5].min())
        low_k, high_k = (middle_k, high_k) if coldest > lowest_degc else (low_k, middle_k)
    return np.asarray(temp - high_k * spell, dtype=np.float64)


def synthetic_year(
    year: int,
    seed: int,
    latitude_deg: float = BIRI[0],
    longitude_deg: float = BIRI[1],
    altitude_m: float = BIRI[2],
) -> WeatherSeries:
    """One calendar year (UTC) of hourly made-up weather, labelled synthetic; the same arguments give the same year.

    Monthly means of temperature and irradiation follow the normals of the Biri area (another place moves the sun,
    not the climate). The coldest hour of the year lies between -24.3 and -26.5 °C, inside a spell of four to six
    clear, calm days.
    """
    rng = np.random.default_rng([seed, 1])
    start = datetime(year, 1, 1, tzinfo=UTC)
    count = int((datetime(year + 1, 1, 1, tzinfo=UTC) - start).total_seconds() // 3600)
    year_share = np.arange(count) / count
    month = _month_index(start, count)

    def on_grid(circle: Array) -> Array:
        return np.interp(year_share * _CIRCLE_H, np.arange(_CIRCLE_H), circle, period=_CIRCLE_H)

    def noise(memory_h: float, order: int = 1) -> Array:
        return on_grid(circular_noise(rng, _CIRCLE_H, memory_h, order))

    main, others = (on_grid(spell) for spell in _cold_spells(rng))
    spell = np.minimum(main + others, 1.0)

    clear = sky(latitude_deg, longitude_deg, altitude_m, start, 3600.0, count)
    systems = 0.8 * noise(30) + 0.6 * noise(4)
    cloud = _cloud_share(clear, systems * (1 - 0.6 * spell) - 2.4 * spell, month, rng)
    ghi = ghi_under_clouds(clear.ghi_clear_w_m2, 100 * cloud)
    dni, dhi = split_ghi(ghi, clear)

    daily_cloud = on_grid(_smooth(np.interp(np.arange(_CIRCLE_H) / _CIRCLE_H, year_share, cloud, period=1.0), 12.0))
    winter = 0.5 + 0.5 * np.cos(2 * np.pi * (year_share - 0.03))
    # Cloud keeps the warmth in winter and the sun out in summer.
    from_cloud_k = (daily_cloud - 0.55) * (5.0 * winter - 2.5 * (1 - winter))
    swing_k = np.interp(year_share, (np.arange(12) + 0.5) / 12, DAILY_SWING_K, period=1.0)
    swing_k = swing_k * np.clip(1.65 - 1.2 * daily_cloud, 0.4, 1.6) * (1 + 1.2 * spell)
    wave = _daily_wave(start, count, longitude_deg)
    drift_k = by_month(DAY_TO_DAY_K, year_share) * noise(28, order=2) * (1 - 0.75 * spell)
    temp = by_month(NORMAL_TEMP_DEGC, year_share) + from_cloud_k + swing_k * wave + drift_k + 0.35 * noise(3)
    temp = _pull_to_normals(temp - 12.0 * main - 10.0 * others, month, year_share, 0.75)
    temp = _deepen(temp, main, float(rng.uniform(-26.5, -24.3)))

    wind = 2.3 * np.exp(0.55 * noise(9) - 0.15) * (1 + 0.5 * wave * (1 - winter)) * (1 - 0.7 * spell)
    humidity = 74 + 10 * winter - 9 * (1 - winter) + 24 * (daily_cloud - 0.55) - 4.5 * swing_k * wave + 5 * noise(8)
    # Inland winters are dry; the wettest months are July and August.
    rain_mm = np.maximum(noise(6) + 3.0 * (cloud - 0.9) - 0.9, 0.0) * (1 - 0.6 * winter)
    rain_mm *= YEARLY_PRECIPITATION_MM / rain_mm.sum()
    return WeatherSeries(
        start=start,
        step_s=3600.0,
        temp_degc=np.round(temp, 2),
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
        wind_m_s=np.clip(wind, 0.1, 18.0).round(2),
        humidity_pct=np.clip(humidity, 25.0, 100.0).round(1),
        snowfall_cm_per_h=fresh_snow_cm(rain_mm, temp),
        synthetic=True,
    )


def fresh_snow_cm(precipitation_mm: Array, temp_degc: Array) -> Array:
    """Fresh snow [cm] from precipitation [mm]: 1 cm per mm, all snow below 0 °C, all rain above 2 °C."""
    return np.asarray(precipitation_mm * np.clip(1.0 - temp_degc / 2.0, 0.0, 1.0), dtype=np.float64)


def spell(
    start: datetime,
    hours: int,
    temp_degc: float,
    *,
    cloud_pct: float = 0.0,
    wind_m_s: float = 1.0,
    humidity_pct: float = 80.0,
    place: tuple[float, float, float] = BIRI,
) -> WeatherSeries:
    """Constant weather for a scenario, such as 72 h at -24 °C; only the sun still moves.

    `start` is UTC. `place` is latitude [°N], longitude [°E], altitude [m]. Labelled synthetic.
    """
    count = hours + 1
    clear = sky(*place, start, 3600.0, count)
    ghi = ghi_under_clouds(clear.ghi_clear_w_m2, np.full(count, cloud_pct))
    dni, dhi = split_ghi(ghi, clear)
    return WeatherSeries(
        start=start,
        step_s=3600.0,
        temp_degc=np.full(count, temp_degc),
        ghi_w_m2=ghi,
        dni_w_m2=dni,
        dhi_w_m2=dhi,
        wind_m_s=np.full(count, wind_m_s),
        humidity_pct=np.full(count, humidity_pct),
        snowfall_cm_per_h=np.zeros(count),
        synthetic=True,
    )
