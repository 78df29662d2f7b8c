"""Expected weather by the quarter: the forecast, set right by what is measured now; without one, what is measured."""

from dataclasses import dataclass
from statistics import median
from typing import Final

import numpy as np

from control.grid import Array
from control.outlook.moment import Moment
from control.rules.heat import outdoor_points
from control.slots import Slots
from control.sunlight import Sun, clear_ghi_w_m2, split_ghi, sun_at
from models.forecast import WeatherForecast
from models.reasons import Code, because
from models.signals import Reason
from models.weather import WeatherSeries

DAY_S: Final = 86400.0
BIAS_FADES_H: Final = 6.0
"""A forecast that is wrong now is believed again after about so long."""
BIAS_MOST_K: Final = 6.0
"""More than that is a sensor in the sun, or one that is broken."""
SKY_FADES_H: Final = 2.0
SKY_WEIGHT: Final = 0.5
"""Clouds move: one look says half of it."""
SKY_FROM_W_PER_M2: Final = 50.0
HELD_FADES_H: Final = 72.0
"""Without a forecast: from what is measured to what is usual."""
UNKNOWN_CLEARNESS: Final = 0.3
UNKNOWN_HUMIDITY_PCT: Final = 80.0
UNKNOWN_WIND_M_S: Final = 2.0
FILTER_H: Final = 3.0
"""Of the outdoor temperature that rules act on."""
SPREAD_NOW_K: Final = 0.3
SPREAD_FAR_K: Final = 3.0
SPREAD_GROWS_H: Final = 36.0
"""Standard deviation of a temperature forecast, about 1.5 K a day ahead."""


@dataclass(frozen=True)
class Expected:
    """Weather by the quarter."""

    temp_degc: Array
    filtered_degc: Array
    """As the rules filter it."""
    sun: Sun
    dni_w_m2: Array
    dhi_w_m2: Array
    wind_m_s: Array
    humidity_pct: Array
    snowfall_cm_per_h: Array
    measured_degc: float | None
    measured_ghi_w_m2: float | None
    source: Reason

    @property
    def ghi_w_m2(self) -> Array:
        """Global horizontal irradiance."""
        return np.asarray(self.dhi_w_m2 + self.dni_w_m2 * self.sun.cos_zenith, dtype=np.float64)


def expected(moment: Moment, forecast: WeatherForecast | None) -> Expected:
    """Forecast, else what is measured held with the day's usual swing, else what is usual for the season."""
    place, slots = moment.site.place, moment.slots
    sun = sun_at(place.latitude_deg, place.longitude_deg, slots.middle_s)
    measured, came_from = _measured_degc(moment)
    bright = moment.scene.value(moment.scene.find(moment.site.weather_station, "irradiance_w_per_m2"))
    series = forecast.series if forecast is not None and _reaches(forecast.series, slots) else None
    if series is None or forecast is None:
        temp = _unforecast_degc(slots, measured)
        ghi = UNKNOWN_CLEARNESS * clear_ghi_w_m2(sun)
        dni, dhi = split_ghi(ghi * _sky_now(slots, ghi, bright), sun)
        calm = np.ones(len(slots))
        wind, humidity, snow = UNKNOWN_WIND_M_S * calm, UNKNOWN_HUMIDITY_PCT * calm, 0.0 * calm
        source = because(came_from)
    else:
        temp = _column(series, "temp_degc", slots, 0.0)
        if measured is not None:
            off = float(np.clip(measured - temp[0], -BIAS_MOST_K, BIAS_MOST_K))
            temp = temp + off * np.exp(-slots.lead_h / BIAS_FADES_H)
        dni, dhi = _column(series, "dni_w_m2", slots, 0.0), _column(series, "dhi_w_m2", slots, 0.0)
        scale = _sky_now(slots, dhi + dni * sun.cos_zenith, bright)
        dni, dhi = dni * scale, dhi * scale
        wind = _column(series, "wind_m_s", slots, UNKNOWN_WIND_M_S)
        humidity = _column(series, "humidity_pct", slots, UNKNOWN_HUMIDITY_PCT)
        snow = _column(series, "snowfall_cm_per_h", slots, 0.0)
        issued = f"{forecast.issued_at:%Y-%m-%dT%H:%MZ}"
        source = because(Code.SEEN_WEATHER, issued_at=issued)
        if (last := series.start.timestamp() + series.duration_s) < slots.middle_s[-1]:
            hours = (last - slots.start.timestamp()) / 3600
            source = because(Code.SEEN_WEATHER_SHORT, issued_at=issued, hours=float(round(hours)))
    before = moment.memory.outdoor
    filtered = _filtered(temp, before.value if before is not None else float(temp[0]))
    return Expected(temp, filtered, sun, dni, dhi, wind, humidity, snow, measured, bright, source)


def temp_spread_k(lead_h: Array, *, forecast: bool) -> Array:
    """Standard deviation of the outdoor temperature so far ahead [K]; without a forecast it grows twice as far."""
    far = SPREAD_FAR_K if forecast else 2 * SPREAD_FAR_K
    return np.asarray(SPREAD_NOW_K + (far - SPREAD_NOW_K) * (1 - np.exp(-lead_h / SPREAD_GROWS_H)), dtype=np.float64)


def usual_degc(slots: Slots) -> Array:
    """Outdoor temperature of inland southern Norway by season and hour [degC]: -7 to 15, warmest at three."""
    return np.asarray(season_degc(slots.day_of_year.astype(np.float64)) + _swing_k(slots), dtype=np.float64)


def season_degc(day_of_year: Array) -> Array:
    """The same by season alone."""
    return np.asarray(4.0 - 11.0 * np.cos(2 * np.pi * (day_of_year - 20) / 365.25), dtype=np.float64)


def _swing_k(slots: Slots) -> Array:
    half_k = 3.0 - 2.0 * np.cos(2 * np.pi * (slots.day_of_year - 5) / 365.25)
    return np.asarray(half_k * np.cos(2 * np.pi * (slots.hour - 15.0) / 24), dtype=np.float64)


def _unforecast_degc(slots: Slots, measured_degc: float | None) -> Array:
    usual = usual_degc(slots)
    if measured_degc is None:
        return usual
    return np.asarray(usual + (measured_degc - usual[0]) * np.exp(-slots.lead_h / HELD_FADES_H), dtype=np.float64)


def _measured_degc(moment: Moment) -> tuple[float | None, Code]:
    """Outdoors now and where it comes from: the station, the median of the machines, the rules' last filtered one."""
    station, others = outdoor_points(moment.scene)
    if (value := moment.scene.value(station)) is not None:
        return value, Code.HELD_OUTDOOR
    if young := [value for point in others if (value := moment.scene.value(point)) is not None]:
        return float(median(young)), Code.HELD_OUTDOOR_MACHINES
    if moment.memory.outdoor is not None:
        return moment.memory.outdoor.value, Code.HELD_OUTDOOR_LAST
    return None, Code.USUAL_WEATHER


def _sky_now(slots: Slots, ghi_w_m2: Array, measured_w_m2: float | None) -> Array:
    """Factor on irradiance: what is measured over what is expected now, fading."""
    if measured_w_m2 is None or ghi_w_m2[0] < SKY_FROM_W_PER_M2:
        return np.ones(len(slots))
    off = float(np.clip(measured_w_m2 / ghi_w_m2[0], 0.2, 3.0)) - 1.0
    return np.asarray(1.0 + SKY_WEIGHT * off * np.exp(-slots.lead_h / SKY_FADES_H), dtype=np.float64)


def _reaches(series: WeatherSeries, slots: Slots) -> bool:
    """Whether the forecast says anything about the coming hour at least."""
    end = series.start.timestamp() + series.duration_s
    return series.start.timestamp() <= slots.middle_s[0] + 3600 <= end and bool(np.isfinite(series.temp_degc).any())


def _column(series: WeatherSeries, name: str, slots: Slots, otherwise: float) -> Array:
    """A column by the quarter; beyond its end the last day again, across holes a straight line."""
    values = getattr(series, name)
    known = np.isfinite(values)
    if not known.any():
        return np.full(len(slots), otherwise)
    seconds = slots.middle_s - series.start.timestamp()
    late = np.ceil(np.maximum(seconds - series.duration_s, 0.0) / DAY_S) * DAY_S
    grid = np.arange(len(values)) * series.step_s
    return np.asarray(np.interp(np.maximum(seconds - late, 0.0), grid[known], values[known]), dtype=np.float64)


def _filtered(temp_degc: Array, before_degc: float) -> Array:
    keep = float(np.exp(-0.25 / FILTER_H))
    result = np.empty_like(temp_degc)
    for n, temp in enumerate(temp_degc):
        before_degc = temp + keep * (before_degc - temp)
        result[n] = before_degc
    return result
