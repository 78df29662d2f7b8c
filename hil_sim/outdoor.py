"""Everything the weather does to the site, tabulated once over the whole series and looked up per step."""

from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.assets import Collectors, PvArray
from models.physics import collector, pv
from models.physics.irradiance import Plane, facade_planes, plane_irradiance
from models.site import Site
from models.weather import WeatherSeries

Array = NDArray[np.float64]

FACADES: Final = ("north", "east", "south", "west")
GRID_S: Final = 600.0


class Weather(NamedTuple):
    """The weather at one instant."""

    temp_degc: float
    wind_m_s: float
    humidity_pct: float
    ghi_w_m2: float
    facade_w_m2: list[float]
    """Irradiance on vertical glass, in the order of FACADES."""
    absorbed_w_m2: list[float]
    """Absorbed by each field of solar collectors."""
    pv_dc_kw: list[float]
    pv_ac_kw: list[float]
    """What each inverter could take from its panels and deliver; snow and temperature included."""


class Outdoor:
    """Weather over time; the series repeats after its end."""

    def __init__(self, site: Site, weather: WeatherSeries) -> None:
        self._start = weather.start
        planes = facade_planes() | {_plane_of(own): Plane(own.tilt_deg, own.azimuth_deg) for own in _tilted(site)}
        place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
        tilted = plane_irradiance(weather, place, planes, GRID_S)
        self._count = len(tilted["north"].beam_w_m2)
        seconds: Array = np.arange(self._count, dtype=np.float64) * GRID_S
        columns = [
            np.asarray(weather.at(name, seconds)) for name in ("temp_degc", "wind_m_s", "humidity_pct", "ghi_w_m2")
        ]
        columns += [tilted[facade].total_w_m2 for facade in FACADES]
        for panel in site.collectors:
            own, make = tilted[_plane_of(panel)], collector.Collector(eta0=panel.eta0, iam50=panel.iam50)
            columns.append(collector.absorbed_w_per_m2(make, own.beam_w_m2, own.diffuse_w_m2, own.cos_incidence))
        arrays = [pv.PvArray(array.peak_kw, array.inverter_kw, array.tilt_deg) for array in site.pv]
        yields = [pv.pv_yield(make, tilted[_plane_of(own)], weather) for make, own in zip(arrays, site.pv, strict=True)]
        columns += [series.dc_kw for series in yields] + [series.ac_kw for series in yields]
        self._dc_at = 8 + len(site.collectors)
        self._ac_at = self._dc_at + len(arrays)
        table = np.column_stack(columns)
        self._table = np.vstack([table, table[:1]])
        self._below = -1
        self._low: Array = self._table[0]
        self._rise: Array = self._table[0]

    def at(self, when: datetime) -> Weather:
        """Linear between the places of the grid."""
        place = (when - self._start).total_seconds() / GRID_S % self._count
        below = int(place)
        if below != self._below:
            self._below, self._low = below, self._table[below]
            self._rise = self._table[below + 1] - self._low
        v = (self._rise * (place - below) + self._low).tolist()
        dc, ac = self._dc_at, self._ac_at
        return Weather(v[0], v[1], v[2], v[3], v[4:8], v[8:dc], v[dc:ac], v[ac:])

    def mean_temp_degc(self) -> float:
        """Mean of the whole series."""
        return float(self._table[:, 0].mean())


def _tilted(site: Site) -> tuple[PvArray | Collectors, ...]:
    return (*site.pv, *site.collectors)


def _plane_of(own: PvArray | Collectors) -> str:
    """Unlike any facade, and unlike an asset of the other kind with the same id."""
    return f"{type(own).__name__} {own.id}"
