"""How far solar cells and collectors are from their data sheets, from a record with a measured sky."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from control.grid import Array, Index
from control.habits.known import Factor
from control.record import Record
from control.slots import Mask
from control.sunlight import Sun, split_ghi
from control.sunlit import absorbed_kw, lost_kw, panel_kw, sun_over
from models.assets import Collectors, PvArray
from models.site import Site

LIGHT_W_PER_M2: Final = 60.0
LEAST_DAYS: Final = 2
LEAST_H: Final = 1.0
"""Of light (or of a running pump) a day, for the day to count."""
COVERED_BELOW: Final = 0.5
"""A day that gave less than this of the usual: snow on the panels, if it was cold."""
SNOW_LIES_BELOW_DEGC: Final = 2.0
FREE_PCT: Final = 99.5
PRIOR_DAYS: Final = 2.0
FACTOR_LEAST, FACTOR_MOST = 0.5, 1.3
FLOW_SHARE: Final = 0.25
"""Of the design flow, for the collectors to count as running."""


@dataclass(frozen=True)
class _Sky:
    """Weather as it was measured."""

    sun: Sun
    ghi: Array
    dni: Array
    dhi: Array
    temp_degc: Array
    wind_m_s: Array
    day: Index


def sun_points(site: Site) -> tuple[str, ...]:
    """Points that are read here."""
    station = [site.find(site.weather_station, s) for s in ("irradiance_w_per_m2", "outdoor_temp_degc", "wind_m_per_s")]
    arrays = [site.find(a.devices, s) for a in site.pv for s in ("ac_power_kw", "power_limit_pct")]
    signals = ("power_kw", "collector_temp_degc", "exchanger_return_temp_degc", "flow_l_per_h")
    loops = [site.find(panel.devices, s) for panel in site.collectors for s in signals]
    return tuple(p for p in (*station, *arrays, *loops) if p is not None)


def learned_pv(site: Site, record: Record, before: Mapping[str, Factor]) -> tuple[dict[str, Factor], dict[str, float]]:
    """(factor by array, part of each that was under snow at the last light); empty when the record tells neither."""
    sky = _sky(site, record)
    if sky is None:
        return {}, {}
    found: dict[str, Factor] = {}
    snow: dict[str, float] = {}
    for array in site.pv:
        ratio, temp = _panel_days(site, array, record, sky)
        old = before.get(array.id, Factor())
        bare = _bare(ratio, temp, old)
        if len(bare) >= LEAST_DAYS:
            found[array.id] = _drawn(bare, old)
        if ratio:
            share = ratio[-1] / found.get(array.id, old).value
            cold = temp[-1] < SNOW_LIES_BELOW_DEGC
            snow[array.id] = float(np.clip(1.0 - share, 0.0, 1.0)) if cold and share < COVERED_BELOW else 0.0
    return found, snow


def pv_off(site: Site, record: Record, of: Mapping[str, Factor]) -> dict[str, float]:
    """By array that tells of any: how far days without snow were from the factor, root of the mean square."""
    sky = _sky(site, record)
    if sky is None:
        return {}
    found = {}
    for array in site.pv:
        ratio, temp = _panel_days(site, array, record, sky)
        if bare := _bare(ratio, temp, Factor()):
            found[array.id] = _rms(bare, of.get(array.id, Factor()))
    return found


def _panel_days(site: Site, array: PvArray, record: Record, sky: _Sky) -> tuple[list[float], list[float]]:
    """(measured over computed, outdoor temperature [degC]) of every bright day that nobody turned down."""
    made = record.column(site.find(array.devices, "ac_power_kw"))
    if made is None:
        return [], []
    limit = record.column(site.find(array.devices, "power_limit_pct"))
    could = panel_kw(array, sky.sun, sky.dni, sky.dhi, sky.temp_degc, sky.wind_m_s)
    use = (sky.ghi > LIGHT_W_PER_M2) & ~np.isnan(made)
    use &= np.ones(len(made), dtype=np.bool_) if limit is None else ~(limit < FREE_PCT)
    return _daily(record, sky, made, could, use)


def _bare(ratio: list[float], temp: list[float], usual: Factor) -> list[float]:
    """Of the days without snow on the panels."""
    return [r for r, degc in zip(ratio, temp, strict=True) if r >= COVERED_BELOW * usual.value or degc > 5.0]


def _rms(ratio: list[float], of: Factor) -> float:
    return float(np.sqrt(np.mean((np.array(ratio) - of.value) ** 2)))


def learned_collectors(site: Site, record: Record, before: Mapping[str, Factor]) -> dict[str, Factor]:
    """By field that ran on two days or more: what it absorbs over what its data sheet says."""
    days = _collector_days(site, record)
    return {name: _drawn(mine, before.get(name, Factor())) for name, mine in days.items() if len(mine) >= LEAST_DAYS}


def collectors_off(site: Site, record: Record, of: Mapping[str, Factor]) -> dict[str, float]:
    """By field that ran: how far days were from the factor, root of the mean square."""
    return {name: _rms(mine, of.get(name, Factor())) for name, mine in _collector_days(site, record).items() if mine}


def _collector_days(site: Site, record: Record) -> dict[str, list[float]]:
    sky = _sky(site, record)
    return {} if sky is None else {panel.id: _field_days(site, panel, record, sky) for panel in site.collectors}


def _field_days(site: Site, panel: Collectors, record: Record, sky: _Sky) -> list[float]:
    """Absorbed over computed, of every day on which the field ran."""
    given, hot, back, flow = (
        record.column(site.find(panel.devices, signal))
        for signal in ("power_kw", "collector_temp_degc", "exchanger_return_temp_degc", "flow_l_per_h")
    )
    if given is None or hot is None or back is None or flow is None:
        return []
    mean = (hot + back) / 2
    gross = given + lost_kw(panel, mean, sky.temp_degc)
    use = (flow > FLOW_SHARE * panel.design_flow_l_per_h) & (given > 0) & (sky.ghi > LIGHT_W_PER_M2) & ~np.isnan(gross)
    ratio, _ = _daily(record, sky, gross, absorbed_kw(panel, sky.sun, sky.dni, sky.dhi), use)
    return ratio


def _drawn(ratio: list[float], before: Factor) -> Factor:
    """The median of the days, drawn towards what was known before."""
    weight = len(ratio) / (len(ratio) + PRIOR_DAYS)
    value = weight * float(np.median(ratio)) + (1 - weight) * before.value
    spread = weight * float(np.std(ratio)) + (1 - weight) * before.spread
    return Factor(float(np.clip(value, FACTOR_LEAST, FACTOR_MOST)), spread, float(len(ratio)))


def _sky(site: Site, record: Record) -> _Sky | None:
    station = site.weather_station
    ghi = record.column(site.find(station, "irradiance_w_per_m2"))
    temp = record.column(site.find(station, "outdoor_temp_degc"))
    if ghi is None or temp is None:
        return None
    wind = record.column(site.find(station, "wind_m_per_s"))
    sun = sun_over(site, record)
    bright = np.nan_to_num(ghi)
    dni, dhi = split_ghi(bright, sun)
    day, _ = record.local()
    calm = np.full(len(ghi), 2.0)
    breeze = calm if wind is None else np.where(np.isnan(wind), calm, wind)
    return _Sky(sun, bright, dni, dhi, np.where(np.isnan(temp), np.nanmean(temp), temp), breeze, day)


def _daily(record: Record, sky: _Sky, was: Array, could: Array, use: Mask) -> tuple[list[float], list[float]]:
    """(measured over computed, outdoor temperature [degC]) of every day with light enough."""
    ratio, temp = [], []
    for day in np.unique(sky.day):
        here = use & (sky.day == day)
        computed = float(could[here].sum())
        if here.sum() * record.dt_s >= LEAST_H * 3600 and computed > 0:
            ratio.append(float(was[here].sum()) / computed)
            temp.append(float(sky.temp_degc[here].mean()))
    return ratio, temp
