"""Everything the weather does to the site, tabulated once over the whole series and looked up per step."""

from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.physics import collector as collectors
from models.physics import pv
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
    absorbed_w_m2: float
    """Absorbed by the solar collectors."""
    pv_dc_kw: list[float]
    pv_ac_kw: list[float]
    """What each inverter could take from its panels and deliver; snow and temperature included."""


class Outdoor:
    """Weather over time; the series repeats after its end."""

    def __init__(self, site: Site, weather: WeatherSeries) -> None:
        self._start = weather.start
        planes = {**facade_planes(), **{array.id: Plane(array.tilt_deg, array.azimuth_deg) for array in site.pv}}
        if site.collectors:
            planes[site.collectors.id] = Plane(site.collectors.tilt_deg, site.collectors.azimuth_deg)
        place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
        tilted = plane_irradiance(weather, place, planes, GRID_S)
        self._count = len(tilted["north"].beam_w_m2)
        seconds: Array = np.arange(self._count, dtype=np.float64) * GRID_S
        columns = [
            np.asarray(weather.at(name, seconds)) for name in ("temp_degc", "wind_m_s", "humidity_pct", "ghi_w_m2")
        ]
        columns += [tilted[facade].total_w_m2 for facade in FACADES]
        if site.collectors:
            own = tilted[site.collectors.id]
            make = collectors.Collector(eta0=site.collectors.eta0, iam50=site.collectors.iam50)
            columns.append(collectors.absorbed_w_per_m2(make, own.beam_w_m2, own.diffuse_w_m2, own.cos_incidence))
        else:
            columns.append(np.zeros(self._count))
        arrays = [pv.PvArray(array.peak_kw, array.inverter_kw, array.tilt_deg) for array in site.pv]
        yields = [pv.pv_yield(make, tilted[own.id], weather) for make, own in zip(arrays, site.pv, strict=True)]
        columns += [series.dc_kw for series in yields] + [series.ac_kw for series in yields]
        self._arrays = len(arrays)
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
        split = 9 + self._arrays
        return Weather(v[0], v[1], v[2], v[3], v[4:8], v[8], v[9:split], v[split:])

    def mean_temp_degc(self) -> float:
        """Mean of the whole series."""
        return float(self._table[:, 0].mean())
