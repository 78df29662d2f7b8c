"""Sun, clear sky and irradiance on planes for a few days ahead, in plain arrays: milliseconds, and no table to load.

The planner asks every quarter of an hour; pvlib, which whole years are computed with, costs more than the plan then.
Position: Astronomical Almanac's low-precision sun, within 0.02 deg until 2050, refraction by Saemundsson (1986).
Clear sky: Haurwitz (1945). Diffuse share: Erbs et al. (1982). Planes: Hay and Davies (1980), isotropic ground.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.grid import Array
from models.physics.irradiance import FACADES_DEG

SOLAR_CONSTANT_W_PER_M2: Final = 1367.0
ALBEDO: Final = 0.2
SNOW_ALBEDO: Final = 0.6
LOW_SUN_COS: Final = 0.052
"""3 deg above the horizon: lower, all light counts as diffuse."""
_J2000_S: Final = datetime(2000, 1, 1, 12, tzinfo=UTC).timestamp()
_YEAR_S: Final = 365.25 * 86400
_NEW_YEAR_S: Final = datetime(2000, 1, 1, tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Sun:
    """The sun at many instants; angles as seen, refraction included."""

    cos_zenith: Array
    """0 while it is down."""
    sin_zenith: Array
    azimuth_rad: Array
    """From north over east."""
    extra_w_m2: Array
    """Outside the atmosphere, normal to the beam."""

    @property
    def up(self) -> NDArray[np.bool_]:
        """Whether it is above the horizon."""
        return self.cos_zenith > 0.0


def sun_at(latitude_deg: float, longitude_deg: float, unix_s: Array) -> Sun:
    """The sun over a place at instants in seconds since 1970 (UTC)."""
    days = (unix_s - _J2000_S) / 86400
    anomaly = np.radians(357.528 + 0.9856003 * days)
    mean_deg = 280.460 + 0.9856474 * days
    ecliptic = np.radians(mean_deg + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    tilt = np.radians(23.439 - 4e-7 * days)
    declination = np.arcsin(np.sin(tilt) * np.sin(ecliptic))
    ascension = np.arctan2(np.cos(tilt) * np.sin(ecliptic), np.cos(ecliptic))
    sidereal = np.radians((18.697374558 + 24.06570982441908 * days) * 15 + longitude_deg)
    turned, latitude = sidereal - ascension, np.radians(latitude_deg)
    sine = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(turned)
    true_deg = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    near = np.maximum(true_deg, -1.0)
    seen = np.radians(true_deg + 0.017 / np.tan(np.radians(near + 10.3 / (near + 5.11))))
    azimuth = np.arctan2(
        -np.cos(declination) * np.sin(turned),
        np.sin(declination) * np.cos(latitude) - np.cos(declination) * np.sin(latitude) * np.cos(turned),
    )
    distance = 1 + 0.033 * np.cos(2 * np.pi * ((unix_s - _NEW_YEAR_S) / _YEAR_S % 1.0))
    up = seen > 0.0
    return Sun(
        np.where(up, np.sin(seen), 0.0), np.where(up, np.cos(seen), 1.0), azimuth, SOLAR_CONSTANT_W_PER_M2 * distance
    )


def clear_ghi_w_m2(sun: Sun) -> Array:
    """Global horizontal irradiance under a clear sky [W/m2]."""
    cos = np.maximum(sun.cos_zenith, 1e-3)
    return np.asarray(np.where(sun.up, 1098.0 * cos * np.exp(-0.057 / cos), 0.0), dtype=np.float64)


def split_ghi(ghi_w_m2: Array, sun: Sun) -> tuple[Array, Array]:
    """Direct normal and diffuse horizontal irradiance [W/m2] of a global one."""
    high = sun.cos_zenith > LOW_SUN_COS
    cos = np.where(high, sun.cos_zenith, 1.0)
    kt = np.clip(ghi_w_m2 / (sun.extra_w_m2 * cos), 0.0, 1.0)
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    share = np.where(kt <= 0.22, 1.0 - 0.09 * kt, np.where(kt > 0.8, 0.165, middle))
    diffuse = np.where(high, share, 1.0) * ghi_w_m2
    return np.asarray((ghi_w_m2 - diffuse) / cos, dtype=np.float64), diffuse


@dataclass(frozen=True)
class OnPlane:
    """Irradiance on one plane [W/m2]."""

    beam_w_m2: Array
    diffuse_w_m2: Array
    """Sky and ground."""
    cos_incidence: Array
    """0 where the sun is behind."""

    @property
    def total_w_m2(self) -> Array:
        """All of it."""
        return self.beam_w_m2 + self.diffuse_w_m2


def on_plane(
    sun: Sun, tilt_deg: float, azimuth_deg: float, dni_w_m2: Array, dhi_w_m2: Array, albedo: float = ALBEDO
) -> OnPlane:
    """What falls on a plane; tilt 0 is horizontal, azimuth from north over east [deg]."""
    tilt, towards = np.radians(tilt_deg), sun.azimuth_rad - np.radians(azimuth_deg)
    facing = np.cos(tilt) * sun.cos_zenith + np.sin(tilt) * sun.sin_zenith * np.cos(towards)
    facing = np.where(sun.up, np.maximum(facing, 0.0), 0.0)
    dni = np.where(sun.up, dni_w_m2, 0.0)
    anisotropy = np.clip(dni / sun.extra_w_m2, 0.0, 1.0)
    ratio = facing / np.maximum(sun.cos_zenith, 0.01745)
    sky = dhi_w_m2 * (anisotropy * ratio + (1 - anisotropy) * (1 + np.cos(tilt)) / 2)
    ground = albedo * (dhi_w_m2 + dni * sun.cos_zenith) * (1 - np.cos(tilt)) / 2
    return OnPlane(dni * facing, np.asarray(np.maximum(sky + ground, 0.0), dtype=np.float64), facing)


def on_facade(sun: Sun, facade: str, dni_w_m2: Array, dhi_w_m2: Array, albedo: float = ALBEDO) -> Array:
    """What falls on a vertical wall by the name of the side it faces [W/m2]."""
    return on_plane(sun, 90.0, FACADES_DEG[facade], dni_w_m2, dhi_w_m2, albedo).total_w_m2
