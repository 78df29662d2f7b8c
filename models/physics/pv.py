"""Yield of a photovoltaic array over a whole weather series: PVWatts with cell temperature, inverter and lying snow.

    P_dc = P_peak G_eff/1000 (1 + gamma (T_cell - 25)) (1 - losses) (1 - snow loss)

G_eff: beam through the glass (Fresnel, pvlib.iam.physical) plus 95 % of the diffuse. T_cell: Faiman (2008). Snow: cover
of fresh snow that slides with sun and thaw (Marion et al. 2013, Solar Energy 97:112-121; pvlib.snow.coverage_nrel).
Inverter: PVWatts part-load curve (Dobos 2014, NREL/TP-6A20-62641), clipped at its rating.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.physics.irradiance import PlaneSeries
from models.weather import WeatherSeries

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PvArray:
    """Panels of one orientation on one inverter."""

    peak_kw: float
    """DC power at standard test conditions [kWp]."""
    inverter_kw: float
    """Rated AC power [kW]."""
    tilt_deg: float
    """Decides how fast snow slides off [°]."""
    gamma_per_k: float = -0.0035
    """Temperature coefficient of power, crystalline silicon [1/K]."""
    losses: float = 0.07
    """Soiling 2 %, near shading 1.5 %, mismatch 1 %, wiring 1.5 %, ageing 1 %; snow and inverter not included [-]."""
    diffuse_transmission: float = 0.95
    """Incidence-angle modifier of the diffuse [-]."""
    inverter_efficiency: float = 0.97
    """At rated power [-]."""
    snow_rows: int = 3
    """Parts along the slope that snow switches off one by one (bypass strings of a panel lying across)."""
    covering_cm_per_h: float = 1.0
    """Snowfall that covers the panels [cm/h]."""


@dataclass(frozen=True)
class PvSeries:
    """What an array can give, on the grid of the irradiance it was computed from."""

    step_s: float
    dc_kw: Array
    ac_kw: Array
    """Before any limit set from outside [kW]."""
    snow_cover: Array
    """Covered part of the slope, 0..1."""


def pv_yield(array: PvArray, irradiance: PlaneSeries, weather: WeatherSeries) -> PvSeries:
    """DC and AC power of an array [kW] over one period of the weather; starts without snow."""
    from pvlib import iam, inverter, pvsystem, snow, temperature

    seconds = np.arange(len(irradiance.beam_w_m2), dtype=np.float64) * irradiance.step_s
    total = irradiance.total_w_m2
    incidence_deg = np.degrees(np.arccos(np.clip(irradiance.cos_incidence, 0.0, 1.0)))
    effective = (
        irradiance.beam_w_m2 * iam.physical(incidence_deg) + irradiance.diffuse_w_m2 * array.diffuse_transmission
    )
    cell_degc = temperature.faiman(total, weather.at("temp_degc", seconds), weather.at("wind_m_s", seconds))
    cover = snow_cover(array, irradiance, weather)
    gross_kw = pvsystem.pvwatts_dc(effective, cell_degc, array.peak_kw, array.gamma_per_k)
    dc_kw = gross_kw * (1 - array.losses) * (1 - np.asarray(snow.dc_loss_nrel(cover, array.snow_rows)))
    rated_dc_kw = array.inverter_kw / array.inverter_efficiency
    ac_kw = inverter.pvwatts(dc_kw, rated_dc_kw, array.inverter_efficiency)
    return PvSeries(irradiance.step_s, dc_kw, np.asarray(ac_kw, dtype=np.float64), cover)


def snow_cover(array: PvArray, irradiance: PlaneSeries, weather: WeatherSeries) -> Array:
    """Snow-covered part of the slope, 0..1, on the irradiance's grid; the model runs on the weather's own grid."""
    import pandas as pd
    from pvlib import snow

    count = len(weather.temp_degc)
    times = pd.date_range(weather.start, periods=count, freq=pd.Timedelta(seconds=weather.step_s))
    own_s = np.arange(count) * weather.step_s
    fine_s = np.arange(len(irradiance.beam_w_m2), dtype=np.float64) * irradiance.step_s
    cover = snow.coverage_nrel(
        # pvlib takes the fall in the interval before each time
        pd.Series(weather.snowfall_cm_per_h * weather.step_s / 3600, index=times),
        pd.Series(np.interp(own_s, fine_s, irradiance.total_w_m2), index=times),
        pd.Series(weather.temp_degc, index=times),
        array.tilt_deg,
        threshold_snowfall=array.covering_cm_per_h,
    )
    return np.asarray(np.interp(fine_s, own_s, cover.to_numpy(dtype=np.float64)), dtype=np.float64)
