"""What the sun will give: heat through windows, power of panels, heat of collectors; and when free cooling is dry."""

from dataclasses import dataclass
from math import radians, sin
from typing import Final

import numpy as np

from control.assets.collectors import Collectors, SunHeat
from control.grid import Array
from control.habits.known import Factor
from control.outlook.moment import Moment
from control.outlook.weather import Expected
from control.rules.air import DEW_MARGIN_K, SUPPLY_WARM_DEGC
from control.rules.heat import HEATING_OFF_DEGC
from control.sunlight import on_facade, on_plane, split_ghi
from control.sunlit import collector_heat_kw, panel_kw
from models.assets import Collectors as CollectorsAsset
from models.assets import PvArray
from models.physics import pv

GLASS_GAIN: Final = 0.34
"""Solar heat through triple glass: 0.50 straight on, 0.90 for the angle, 0.95 for dirt, 0.80 for horizon and reveal."""
SLIDE_PER_H: Final = 0.197
SLIDES_FROM_W_PER_M2_K: Final = -80.0
"""Snow slides off so much of the slope in an hour, when the air is warmer than irradiance over this (Marion 2013)."""
COVERED_BELOW: Final = 0.5
"""Less than this of what the sky would give, in frost: snow on the panels."""
SNOW_LIES_BELOW_DEGC: Final = 2.0
FREE_PCT: Final = 99.5
"""Of an inverter's rating: limited to less, what it makes says nothing about snow."""
LIGHT_W_PER_M2: Final = 60.0
"""Irradiance from which yield tells anything."""
RETURN_ABOVE_LIMIT_K: Final = 3.0
"""Circulation returns above their hygiene limit."""
BRINE_ABOVE_GROUND_K: Final = 2.0


@dataclass(frozen=True)
class PvYield:
    """Power of the arrays by quarter."""

    power_kw: Array
    spread_share: float
    snow: bool


def windows_kw(moment: Moment, weather: Expected) -> dict[str, Array]:
    """Sun through bare windows by group of zones [kW]."""
    albedo = 0.2
    faces = ("north", "east", "south", "west")
    on = {face: on_facade(weather.sun, face, weather.dni_w_m2, weather.dhi_w_m2, albedo) for face in faces}
    zones = {zone.id: zone for zone in moment.site.zones}
    result = {}
    for group in moment.plant.groups:
        total = np.zeros(len(moment.slots))
        for zone in (zones[name] for name in group.zones):
            for face, m2 in zone.windows_m2.items():
                total += on[face] * m2
            for room in zone.rooms:
                total += on[room.facade] * room.window_m2
        result[group.id] = GLASS_GAIN / 1000 * total
    return result


def pv_yield(moment: Moment, weather: Expected) -> PvYield | None:
    """All arrays, as they were measured to be, less the snow on them; None where there are none."""
    if not moment.site.pv:
        return None
    total, snow, spreads = np.zeros(len(moment.slots)), False, []
    for array in moment.site.pv:
        factor = moment.learned.pv.get(array.id, Factor())
        bare = panel_kw(array, weather.sun, weather.dni_w_m2, weather.dhi_w_m2, weather.temp_degc, weather.wind_m_s)
        covered = covered_share(array, weather, _cover_now(moment, weather, array, factor))
        snow = snow or bool(covered.any())
        total += bare * factor.value * (1 - covered)
        spreads.append(factor.spread)
    return PvYield(total, float(np.mean(spreads)), snow)


def covered_share(array: PvArray, weather: Expected, now: float) -> Array:
    """Part of an array under snow: covered by a centimetre an hour, bared as it slides in sun and thaw."""
    plane = on_plane(weather.sun, array.tilt_deg, array.azimuth_deg, weather.dni_w_m2, weather.dhi_w_m2)
    slides = weather.temp_degc > plane.total_w_m2 / SLIDES_FROM_W_PER_M2_K
    # In the dark nothing is lost, but frost must not be taken for thaw.
    falls = weather.snowfall_cm_per_h >= pv.PvArray(1.0, 1.0, array.tilt_deg).covering_cm_per_h
    if now <= 0.0 and not falls.any():
        return np.zeros(len(slides))
    slid = SLIDE_PER_H * sin(radians(array.tilt_deg)) / 4
    cover, result = now, np.zeros(len(slides))
    for n, (falling, sliding) in enumerate(zip(falls.tolist(), slides.tolist(), strict=True)):
        cover = 1.0 if falling else max(cover - slid, 0.0) if sliding else cover
        result[n] = cover
    return np.asarray(np.ceil(result * 3 - 1e-9) / 3, dtype=np.float64)


def _cover_now(moment: Moment, weather: Expected, array: PvArray, factor: Factor) -> float:
    """Snow on an array: by what it makes under the sky that is measured, else what the record saw last."""
    if weather.measured_degc is not None and weather.measured_degc > SNOW_LIES_BELOW_DEGC:
        return 0.0
    made, ghi = moment.scene.of(array.devices, "ac_power_kw"), weather.measured_ghi_w_m2
    limit = moment.scene.of(array.devices, "power_limit_pct")
    held_back = limit is not None and limit < FREE_PCT and moment.scene.of(array.devices, "power_limit_enabled") != 0.0
    if made is None or ghi is None or ghi < LIGHT_W_PER_M2 or held_back:
        return moment.learned.snow_cover.get(array.id, 0.0)
    dni, dhi = split_ghi(np.full(len(moment.slots), ghi), weather.sun)
    could = panel_kw(array, weather.sun, dni, dhi, weather.temp_degc, weather.wind_m_s)[0] * factor.value
    if could < 0.02 * array.peak_kw:
        return moment.learned.snow_cover.get(array.id, 0.0)
    share = made / could
    return min(1.0 - share, 1.0) if share < COVERED_BELOW else 0.0


def sun_heat(moment: Moment, weather: Expected) -> dict[str, SunHeat]:
    """What each field of collectors could give to each sink if that had it alone."""
    pairs = zip(moment.site.collectors, moment.plant.collectors, strict=True)
    return {panel.id: _field_heat(moment, weather, panel, planned) for panel, planned in pairs}


def _field_heat(moment: Moment, weather: Expected, panel: CollectorsAsset, planned: Collectors) -> SunHeat:
    factor = moment.learned.collectors.get(panel.id, Factor()).value
    dni, dhi = weather.dni_w_m2 * factor, weather.dhi_w_m2 * factor
    far = moment.plant.wells.far_degc if moment.plant.wells is not None else 8.0
    sinks = (
        planned.tank_expected_degc,
        moment.site.hygiene.return_min_degc + RETURN_ABOVE_LIMIT_K,
        min(far + BRINE_ABOVE_GROUND_K, panel.wells_max_degc),
    )
    found = [collector_heat_kw(panel, weather.sun, dni, dhi, weather.temp_degc, sink) for sink in sinks]
    tank, circulation, wells = (moment.on_grid(heat) for heat, _ in found)
    return SunHeat(tank, circulation, wells, moment.on_grid(found[0][1]))


def cooling_kw(moment: Moment, weather: Expected) -> Array | None:
    """Most free cooling: none while the season heats or supply air would meet its dew point."""
    wells = moment.site.wells
    if wells is None or wells.free_cooling_kw <= 0 or not any(unit.cooling_kw > 0 for unit in moment.plant.air):
        return None
    humidity, temp = np.clip(weather.humidity_pct, 1.0, 100.0), weather.temp_degc
    gamma = np.log(humidity / 100) + 17.62 * temp / (243.12 + temp)
    dew = 243.12 * gamma / (17.62 - gamma)
    dry = (dew + DEW_MARGIN_K <= SUPPLY_WARM_DEGC) & (weather.filtered_degc > HEATING_OFF_DEGC)
    return np.where(dry, wells.free_cooling_kw, 0.0)
