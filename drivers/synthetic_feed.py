"""The made-up year behind the same surface as the real feeds: known only as far ahead as reality would know it."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from models.forecast import TOMORROW_KNOWN_FROM, PriceForecast, WeatherForecast
from models.local_time import OSLO, local_day
from models.prices import PriceSeries, join_prices
from models.sun import sky, split_ghi
from models.synthetic import BIRI, circular_noise
from models.synthetic_prices import synthetic_prices
from models.weather import WeatherSeries

Array = NDArray[np.float64]

SOURCE: Final = "synthetic"
HORIZON_H: Final = 9 * 24
"""Reach of a weather forecast [h]."""
GROWTH_H: Final = 36.0
"""Lead time after which the error has 63 % of its final size [h]."""
FINAL_TEMP_ERROR_K: Final = 3.0
"""Standard deviation of the temperature error far ahead; about 1.5 K at 24 h."""
FINAL_CLEARNESS_ERROR: Final = 0.25
FINAL_WIND_ERROR: Final = 0.4
FINAL_HUMIDITY_ERROR_PCT: Final = 9.0
ERROR_MEMORY_H: Final = 15.0
SHARED: Final = 0.8
"""Part of an error's variance that the next forecast of the same hour repeats."""


class SyntheticPriceFeed:
    """Made-up prices: today's, and from 13:00 local time on tomorrow's. `weather` is the year that made them dear."""

    def __init__(self, weather: WeatherSeries, seed: int, step_s: int = 900) -> None:
        self._weather = weather
        self._seed = seed
        self._step_s = step_s
        self._years: dict[int, PriceSeries] = {}

    async def fetch(self, now: datetime) -> PriceForecast:
        """What a buyer would know at `now`; never fails."""
        local = now.astimezone(OSLO)
        known = [local.date()]
        issued = datetime.combine(local.date(), TOMORROW_KNOWN_FROM, OSLO)
        if local.time() >= TOMORROW_KNOWN_FROM:
            known.append(local.date() + timedelta(days=1))
        else:
            issued -= timedelta(days=1)
        return PriceForecast(join_prices([self._day(day) for day in known]), issued.astimezone(UTC), SOURCE, True)

    async def close(self) -> None:
        """Nothing is open."""

    def _day(self, day: date) -> PriceSeries:
        if day.year not in self._years:
            self._years[day.year] = synthetic_prices(day.year, self._seed, self._weather, self._step_s)
        return self._years[day.year].slice(*local_day(day))


class SyntheticWeatherFeed:
    """The truth plus an error that grows with lead time; a new forecast each hour, much like the one before.

    `place` is latitude [°N], longitude [°E], altitude [m]. The truth repeats after its end, as its series does.
    """

    def __init__(self, truth: WeatherSeries, seed: int, place: tuple[float, float, float] = BIRI) -> None:
        self._truth = truth
        self._seed = seed
        self._place = place
        rng = np.random.default_rng([seed, 3])
        hours = max(int((truth.duration_s + truth.step_s) // 3600), 2 * HORIZON_H)
        self._shared = np.stack([circular_noise(rng, hours, ERROR_MEMORY_H) for _ in range(4)])
        self._latest: WeatherForecast | None = None

    async def fetch(self, now: datetime) -> WeatherForecast:
        """The forecast of the full hour before `now`; never fails."""
        issued_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self._latest is None or self._latest.issued_at != issued_at:
            # In a thread: the first clear sky loads pvlib, which takes seconds.
            series = await asyncio.to_thread(self.made_at, issued_at)
            self._latest = WeatherForecast(series, issued_at, SOURCE)
        return self._latest

    async def close(self) -> None:
        """Nothing is open."""

    def made_at(self, issued_at: datetime) -> WeatherSeries:
        """The forecast made at a full hour (UTC)."""
        lead_h = np.arange(HORIZON_H + 1, dtype=np.float64)
        seconds = (issued_at - self._truth.start).total_seconds() + lead_h * 3600
        true = {name: np.asarray(self._truth.at(name, seconds)) for name in _COLUMNS}
        temp_error, clearness_error, wind_error, humidity_error = self._errors(issued_at, lead_h)
        clear = sky(*self._place, issued_at, 3600.0, len(lead_h))
        with np.errstate(divide="ignore", invalid="ignore"):
            clearness = np.where(clear.ghi_clear_w_m2 > 1, true["ghi_w_m2"] / clear.ghi_clear_w_m2, 0.0)
        guessed = np.clip(clearness + FINAL_CLEARNESS_ERROR * clearness_error, 0.1, np.maximum(clearness, 1.0))
        ghi = clear.ghi_clear_w_m2 * guessed
        dni, dhi = split_ghi(ghi, clear)
        return WeatherSeries(
            start=issued_at,
            step_s=3600.0,
            temp_degc=true["temp_degc"] + FINAL_TEMP_ERROR_K * temp_error,
            ghi_w_m2=ghi,
            dni_w_m2=dni,
            dhi_w_m2=dhi,
            wind_m_s=true["wind_m_s"] * np.exp(FINAL_WIND_ERROR * wind_error),
            humidity_pct=np.clip(true["humidity_pct"] + FINAL_HUMIDITY_ERROR_PCT * humidity_error, 10, 100),
            snowfall_cm_per_h=true["snowfall_cm_per_h"],
            synthetic=True,
        )

    def _errors(self, issued_at: datetime, lead_h: Array) -> Array:
        """Four first-order error paths over the lead time, from nothing towards unit deviation."""
        hour = int(issued_at.timestamp() // 3600)
        rng = np.random.default_rng([self._seed, 4, hour])
        keep = float(np.exp(-1 / ERROR_MEMORY_H))
        shocks = rng.standard_normal((4, len(lead_h))) * np.sqrt(1 - keep**2)
        shocks[:, 0] /= np.sqrt(1 - keep**2)
        own = lfilter([1.0], [1.0, -keep], shocks, axis=1)
        shared = self._shared[:, (hour + lead_h.astype(np.int64)) % self._shared.shape[1]]
        growth = 1 - np.exp(-lead_h / GROWTH_H)
        return np.asarray(growth * (np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * own), dtype=np.float64)


_COLUMNS: Final = ("temp_degc", "ghi_w_m2", "wind_m_s", "humidity_pct", "snowfall_cm_per_h")
