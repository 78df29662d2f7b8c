"""Faults of collectors and solar cells, and what panels should have given by the measured irradiance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from dashboards.reports.calc_faults import (
    HOURS_PER_YEAR,
    FaultKind,
    Finding,
    Flags,
    cannot_tell,
    judged,
    looks,
    yearly_nok,
)
from dashboards.reports.calc_known import Array, Why
from models.assets import Collectors, PvArray, Tank
from models.physics.irradiance import Plane, plane_irradiance
from models.physics.pv import PvArray as Panels
from models.physics.pv import pv_yield
from models.sun import sky, split_ghi
from models.weather import WeatherSeries

NIGHT_LIMIT_K: Final = 3.0
"""Collectors that give off no heat of a tank are no warmer than the air at night, under a clear sky colder."""
DARK_W_PER_M2: Final = 5.0
DARK_FOR_H: Final = 3.0
"""Collectors have cooled down after four of their time constants (some 40 min)."""
TANK_OVER_K: Final = 10.0
SURROUNDINGS_DEGC: Final = 20.0
"""Of a tank in the plant room."""
WATER_KWH_PER_M3_K: Final = 1.16
PV_LIMIT: Final = 0.1
"""Less than expected, as a share."""
PV_LEAST_KWH_PER_KW: Final = 0.8
"""Days with less to expect tell too little."""
PV_LEAST_DAYS: Final = 5
YEARLY_KWH_PER_KW: Final = 800.0
"""Yield of sound panels in inner eastern Norway: the days that tell are bright ones and cannot be carried on."""
SNOW_DEGC: Final = 5.0
"""Days that are colder on the mean may leave snow on the panels: they tell nothing of strings."""
NIGHT_LEAST: Final = 3


@dataclass(frozen=True, slots=True)
class FieldSteps:
    """A collector field and its tank over time, one value a step; NaN is a gap."""

    collector_degc: Array
    outdoor_degc: Array
    pump_pct: Array
    irradiance_w_per_m2: Array
    tank_top_degc: Array
    tank_mean_degc: Array


def night_cooling(
    asset: Collectors, tank: Tank, steps: FieldSteps, step_h: float, heat_nok_per_kwh: float | None
) -> Finding:
    """Whether a tank gives its heat to the collectors at night, through a check valve that does not close.

    Method: collector less outdoor temperature when it has been dark for three hours, the pump stands and the tank is
    warmer than the air by 10 K; one look a night (24 h from the first step: begin at noon). What is lost in
    these steps is bounded twice, and the smaller bound is stated: what the collectors can give off at that temperature
    (EN ISO 9806, a1 dT + a2 dT2; their sensor may see warmer water than their mean), and what the tank lost above its
    standing loss (taps may have had part of it). Dusk and dawn lose too and are not counted, so the cost stated is
    less than the true one: in the simulated plant a quarter to a half of it.
    """
    s = steps
    before = max(round(DARK_FOR_H / step_h), 1)
    light = np.nan_to_num(s.irradiance_w_per_m2, nan=np.inf) >= DARK_W_PER_M2
    passed = np.convolve(light.astype(np.float64), np.ones(before + 1))[: len(light)]
    dark = passed == 0
    dark[:before] = False
    telling = dark & (s.pump_pct < 1) & (s.tank_top_degc > s.outdoor_degc + TANK_OVER_K)
    over = s.collector_degc - s.outdoor_degc
    sizes = looks(over, telling, round(24 / step_h), max(round(1 / step_h), 1))
    if not len(sizes):
        return cannot_tell(FaultKind.NIGHT_COOLING, asset.id, "K", NIGHT_LIMIT_K, Why.NO_OCCASION)
    warmer = np.maximum(over[telling], 0.0)
    given_kw = asset.area_m2 * (asset.a1_w_per_m2_k * warmer + asset.a2_w_per_m2_k2 * warmer**2) / 1000
    given_kwh = float(np.nansum(given_kw)) * step_h
    fallen_kwh = _fallen_kwh(tank, s.tank_mean_degc, telling, step_h)
    lost_kwh = min(given_kwh, fallen_kwh)
    evidence = {
        "dark_h": float(telling.sum()) * step_h,
        "collector_degc": float(np.nanmean(s.collector_degc[telling])),
        "outdoor_degc": float(np.nanmean(s.outdoor_degc[telling])),
        "given_off_kwh": given_kwh,
        "tank_lost_kwh": fallen_kwh,
    }
    return judged(
        FaultKind.NIGHT_COOLING,
        asset.id,
        sizes,
        unit="K",
        limit=NIGHT_LIMIT_K,
        least=NIGHT_LEAST,
        nok_per_year=yearly_nok(lost_kwh, len(telling) * step_h, heat_nok_per_kwh),
        evidence=evidence,
    )


def _fallen_kwh(tank: Tank, mean_degc: Array, telling: Flags, step_h: float) -> float:
    """Heat a tank lost over some steps, less its standing loss."""
    both = telling[1:] & telling[:-1]
    fall_k = float(np.nansum((mean_degc[:-1] - mean_degc[1:])[both]))
    standing_kw = tank.loss_w_per_k * np.maximum(mean_degc[1:][both] - SURROUNDINGS_DEGC, 0.0) / 1000
    return max(tank.volume_m3 * WATER_KWH_PER_M3_K * fall_k - float(np.nansum(standing_kw)) * step_h, 0.0)


def expected_pv_kw(
    arrays: Sequence[PvArray],
    place: tuple[float, float, float],
    start: datetime,
    step_s: float,
    irradiance_w_per_m2: Array,
    outdoor_degc: Array,
) -> dict[str, Array]:
    """Power of sound arrays, by id, by the measured global irradiance, step by step; NaN where that is not known.

    Method: Erbs' split into direct and diffuse, Hay and Davies on the array's plane, PVWatts (`models.physics`).
    The sun's place takes longest and is reckoned once for all arrays.
    `place` is latitude, longitude [deg] and altitude [m]; snow is not known of and taken as none.
    """
    known = ~np.isnan(irradiance_w_per_m2 + outdoor_degc)
    ghi = np.maximum(np.nan_to_num(irradiance_w_per_m2), 0.0)
    middle = start + timedelta(seconds=step_s / 2)
    over = sky(*place, middle, step_s, len(ghi))
    dni, dhi = split_ghi(ghi, over)
    none = np.zeros(len(ghi))
    weather = WeatherSeries(
        middle, step_s, np.nan_to_num(outdoor_degc), ghi, dni, dhi, none + 2.0, none + 70.0, none, synthetic=False
    )
    planes = {array.id: Plane(array.tilt_deg, array.azimuth_deg) for array in arrays}
    falls = plane_irradiance(weather, place, planes, step_s)
    panels = {array.id: Panels(array.peak_kw, array.inverter_kw, array.tilt_deg) for array in arrays}
    return {
        name: np.where(known, pv_yield(panels[name], plane, weather).ac_kw[: len(ghi)], np.nan)
        for name, plane in falls.items()
    }


def pv_loss(  # noqa: PLR0913  (each is one thing measured)
    array: str,
    made_kw: Array,
    expected_kw: Array,
    outdoor_degc: Array,
    peak_kw: float,
    step_h: float,
    nok_per_kwh: float | None,
    *,
    throttled: Array | None = None,
    reference: float = 1.0,
) -> Finding:
    """Whether an array gives less than its panels should: strings, optimisers, soiling.

    Method: a day's energy over what is expected of it, one look a day, of days that are warm enough to have no snow,
    bright enough to tell, and on which the inverter was not held back. `reference` is the same ratio of a sound time.
    Money: the share lost of a usual year's yield, 800 kWh/kWp.
    """
    per_day = round(24 / step_h)
    both = ~np.isnan(made_kw + expected_kw)
    held = np.zeros(len(made_kw)) if throttled is None else np.nan_to_num(throttled)
    ratios, lacking_kwh, days = [], 0.0, 0.0
    for begin in range(0, len(made_kw), per_day):
        part = slice(begin, begin + per_day)
        seen = both[part]
        expected = float(expected_kw[part][seen].sum()) * step_h * reference
        cold = float(outdoor_degc[part][seen].mean()) < SNOW_DEGC if seen.any() else True
        if seen.mean() < 0.9 or expected < PV_LEAST_KWH_PER_KW * peak_kw or cold or held[part].max() > 0.05:
            continue
        made = float(made_kw[part][seen].sum()) * step_h
        ratios.append(1 - made / expected)
        lacking_kwh += expected - made
        days += 1
    sizes = np.array(ratios)
    size = float(np.median(sizes)) if len(sizes) else 0.0
    cost = yearly_nok(size * YEARLY_KWH_PER_KW * peak_kw, HOURS_PER_YEAR, nok_per_kwh)
    evidence = {"days": days, "lacking_kwh": lacking_kwh}
    return judged(
        FaultKind.PV_LOSS,
        array,
        sizes,
        unit="share",
        limit=PV_LIMIT,
        least=PV_LEAST_DAYS,
        nok_per_year=cost,
        evidence=evidence,
    )
