"""Sun and clear sky over a place, and irradiance under clouds. All angles and sums by pvlib.

One convention everywhere: the closure `ghi = dhi + dni * cos(zenith)` holds with the *apparent* (refracted) zenith.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LINKE_TURBIDITY: Final = (2.0, 2.1, 2.3, 2.5, 2.8, 2.9, 3.0, 2.9, 2.6, 2.4, 2.1, 2.0)
"""Clean inland air at 61° N by month (assumed; the usual maps give 2 to 3.2 for southern Norway)."""

CLOUDY_SHARE: Final = 0.35
"""Part of the clear-sky global irradiance that is left under a full cloud cover."""


@dataclass(frozen=True)
class Sky:
    """Sun and cloudless sky on an even grid: apparent zenith [°], day of the year, clear-sky irradiance [W/m²]."""

    zenith_deg: Array
    day_of_year: NDArray[np.int64]
    ghi_clear_w_m2: Array


def sky(
    latitude_deg: float, longitude_deg: float, altitude_m: float, start: datetime, step_s: float, count: int
) -> Sky:
    """The sky at `count` instants from `start` (UTC) in steps of `step_s`; Ineichen's clear-sky model."""
    import pandas as pd
    from pvlib import atmosphere, clearsky, irradiance, solarposition

    times = pd.date_range(start, periods=count, freq=pd.Timedelta(seconds=step_s))
    position = solarposition.get_solarposition(
        times,
        latitude_deg,
        longitude_deg,
        altitude_m,
        pressure=atmosphere.alt2pres(altitude_m),
        temperature=5.0,
    )
    zenith = position["apparent_zenith"].to_numpy(dtype=np.float64)
    day = times.day_of_year.to_numpy(dtype=np.int64)
    month_middle = (np.arange(12) + 0.5) * 365.25 / 12
    turbidity = np.interp(day, month_middle, LINKE_TURBIDITY, period=365.25)
    with np.errstate(divide="ignore", invalid="ignore"):  # the formula divides by zero where the sun is down
        airmass = atmosphere.get_absolute_airmass(
            atmosphere.get_relative_airmass(zenith),
            atmosphere.alt2pres(altitude_m),
        )
        extra = irradiance.get_extra_radiation(times).to_numpy(dtype=np.float64)
        clear = clearsky.ineichen(zenith, airmass, turbidity, altitude_m, extra)
    ghi = np.where(zenith < 90.0, np.nan_to_num(np.asarray(clear["ghi"], dtype=np.float64)), 0.0)
    return Sky(zenith, day, ghi)


def ghi_under_clouds(ghi_clear_w_m2: Array, cloud_pct: Array) -> Array:
    """Global irradiance [W/m²] falling linearly with the cloud fraction [%] to 35 % of clear sky under full cover."""
    return ghi_clear_w_m2 * (CLOUDY_SHARE + (1 - CLOUDY_SHARE) * (1 - cloud_pct / 100.0))


def split_ghi(ghi_w_m2: Array, over: Sky) -> tuple[Array, Array]:
    """Direct normal and diffuse horizontal irradiance [W/m²] by Erbs' correlation; all diffuse below 3° of sun."""
    from pvlib import irradiance

    parts = irradiance.erbs(ghi_w_m2, over.zenith_deg, over.day_of_year)
    dni = np.nan_to_num(np.asarray(parts["dni"], dtype=np.float64))
    dhi = ghi_w_m2 - dni * np.cos(np.radians(over.zenith_deg))
    return dni, dhi
