"""Yield of solar cells and collectors from irradiance, for a few days ahead or of a record."""

from typing import Final

import numpy as np

from control.grid import Array
from control.record import Record
from control.sunlight import Sun, on_plane, sun_at
from models.assets import Collectors, PvArray
from models.physics import pv
from models.physics.collector import Collector, absorbed_w_per_m2, useful_w_per_m2
from models.site import Site

GLASS_B0: Final = 0.05
"""Of 1 - b0 (1/cos - 1), what a panel's glass lets through of the beam (ASHRAE 93)."""
FAIMAN_U0, FAIMAN_U1 = 25.0, 6.84
"""Cooling of a panel [W/m2K] and by the wind [W s/m3K] (Faiman 2008)."""
GLYCOL_KJ_PER_L_K: Final = 3.9
EXCHANGER: Final = 0.8
"""Effectiveness of the exchanger in the collector loop."""


def sun_over(site: Site, record: Record) -> Sun:
    """The sun at the middle of each step of a record."""
    middle: Array = record.start.timestamp() + (np.arange(len(record), dtype=np.float64) + 0.5) * record.dt_s
    return sun_at(site.place.latitude_deg, site.place.longitude_deg, middle)


def panel_kw(array: PvArray, sun: Sun, dni: Array, dhi: Array, temp_degc: Array, wind_m_s: Array) -> Array:
    """AC power of an array without snow [kW]: the equations of `models.physics.pv`, without its tables."""
    make = pv.PvArray(array.peak_kw, array.inverter_kw, array.tilt_deg)
    plane = on_plane(sun, array.tilt_deg, array.azimuth_deg, dni, dhi)
    through = np.clip(1 - GLASS_B0 * (1 / np.maximum(plane.cos_incidence, 0.05) - 1), 0.0, 1.0)
    effective = plane.beam_w_m2 * through + plane.diffuse_w_m2 * make.diffuse_transmission
    cell = temp_degc + plane.total_w_m2 / (FAIMAN_U0 + FAIMAN_U1 * np.maximum(wind_m_s, 0.0))
    dc = make.peak_kw * effective / 1000 * (1 + make.gamma_per_k * (cell - 25.0)) * (1 - make.losses)
    rated = make.inverter_kw / make.inverter_efficiency
    load = np.maximum(dc / rated, 1e-3)
    efficiency = make.inverter_efficiency / 0.9637 * (-0.0162 * load - 0.0059 / load + 0.9858)
    return np.asarray(np.clip(dc * efficiency, 0.0, make.inverter_kw), dtype=np.float64)


def absorbed_kw(panel: Collectors, sun: Sun, dni: Array, dhi: Array) -> Array:
    """Heat absorbed by a field [kW] before its losses."""
    return panel.area_m2 / 1000 * field_absorbed_w_per_m2(panel, sun, dni, dhi)


def lost_kw(panel: Collectors, mean_degc: Array, air_degc: Array) -> Array:
    """Heat a field loses at a mean temperature [kW]."""
    none = np.zeros(len(mean_degc))
    return -panel.area_m2 / 1000 * useful_w_per_m2(_make(panel), none, mean_degc, air_degc)


def _make(panel: Collectors) -> Collector:
    return Collector(panel.eta0, panel.a1_w_per_m2_k, panel.a2_w_per_m2_k2, iam50=panel.iam50)


def field_absorbed_w_per_m2(panel: Collectors, sun: Sun, dni: Array, dhi: Array) -> Array:
    """What each square metre of a field absorbs before its losses."""
    plane = on_plane(sun, panel.tilt_deg, panel.azimuth_deg, dni, dhi)
    return absorbed_w_per_m2(_make(panel), plane.beam_w_m2, plane.diffuse_w_m2, plane.cos_incidence)


def collector_heat_kw(
    panel: Collectors, sun: Sun, dni: Array, dhi: Array, air_degc: Array, sink_degc: float | Array
) -> tuple[Array, Array]:
    """(heat into a sink [kW], standstill temperature [degC]) of a field at full flow through its exchanger."""
    make, absorbed = _make(panel), field_absorbed_w_per_m2(panel, sun, dni, dhi)
    a1, a2 = make.a1_w_per_m2_k, make.a2_w_per_m2_k2
    hottest = air_degc + 2 * absorbed / (a1 + np.sqrt(a1 * a1 + 4 * a2 * absorbed))
    flow = panel.design_flow_l_per_h / 3600 * GLYCOL_KJ_PER_L_K
    above = (1 / EXCHANGER - 0.5) / flow
    heat = np.zeros(len(absorbed))
    for _ in range(4):  # the mean temperature follows the heat; each round is a third closer
        mean = np.asarray(sink_degc + above * heat, dtype=np.float64)
        given = panel.area_m2 / 1000 * useful_w_per_m2(make, absorbed, mean, air_degc)
        heat = 0.5 * heat + 0.5 * np.maximum(given, 0.0)
    runs = hottest - sink_degc >= panel.on_difference_k
    return np.where(runs, heat, 0.0), hottest
