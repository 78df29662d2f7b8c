"""Electricity nobody plans, heat that comes with it, and tap water: habits, set right by what is measured now."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from control.activity import equipment_kw, fans_kw, people_kw, pumps_kw
from control.grid import QUARTER_S, Array
from control.habits.known import Learned
from control.loads import base_load_kw, base_load_now_kw, load_points
from control.outlook.moment import Moment
from control.plant_model import WATER_KWH_PER_M3_K
from control.record import Record
from control.tapped import LEAST_LIFT_K, tapped_l_per_h
from models.physics.hot_water import cold_water_degc
from models.reasons import Code, because
from models.signals import Reason

LEVEL_WEIGHT: Final = 0.7
LEVEL_FADES_H: Final = 4.0
"""What is measured now is believed so much, and for so long."""
LEVEL_MOST: Final = 0.5
"""Of the expected load: more is a meter's fault or a test."""
LEAST_SHARE: Final = 0.2
"""A building never takes less of what is expected."""
FLOWS_L_PER_MIN: Final = 1.0
COLD_MOST_K: Final = 6.0
"""Standing water is warmer than the mains: a sensor further off than this says nothing about it."""


@dataclass(frozen=True)
class Load:
    """Base load by quarter [kW]."""

    power_kw: Array
    heating_kw: Array
    """Of it, light and equipment that warm the rooms."""
    source: Reason


@dataclass(frozen=True)
class Draw:
    """Tap water by quarter."""

    heat_kw: Array
    rate_kw_per_k: Array
    cold_degc: Array


def base_load(moment: Moment, shares: dict[str, Array], truth: Record | None) -> Load:
    """The usual day, moved by what it is off now; `shares`: flow of the air-handling units by quarter."""
    slots, learned, points = moment.slots, moment.learned, load_points(moment.site)
    usual = learned.base_load_kw.at(slots)
    power = usual
    now = _looked_at(moment)
    if now is None:
        now = base_load_now_kw(points, moment.scene)
    if now is not None:
        off = float(np.clip(now - usual[0], -LEVEL_MOST * usual[0], LEVEL_MOST * usual[0]))
        power = usual + LEVEL_WEIGHT * off * np.exp(-slots.lead_h / LEVEL_FADES_H)
    source = _source(learned, measured=now is not None)
    power = np.maximum(power, LEAST_SHARE * usual)
    fans = np.sum([fans_kw(unit, shares[unit.id]) for unit in moment.site.air_handling], axis=0)
    rest = np.maximum(power - fans - pumps_kw(moment.site), LEAST_SHARE * power)
    known = _known(moment, base_load_kw(points, truth), truth) if truth is not None else None
    if known is not None and not np.isnan(known).all():
        power, source = np.where(np.isnan(known), power, known), because(Code.LOAD_TRUE)
    return Load(power, rest, source)


def _source(learned: Learned, *, measured: bool) -> Reason:
    """Where the usual day comes from, and whether it is set right by what is measured."""
    if "base_load_kw" in learned.parts:
        code = Code.LOAD_LEARNED if measured else Code.LOAD_LEARNED_UNMEASURED
        return because(code, version=float(learned.version))
    return because(Code.LOAD_FILE if measured else Code.LOAD_FILE_UNMEASURED)


def _looked_at(moment: Moment) -> float | None:
    """Median of the last minutes' power of everything that cannot make way, solar cells added."""
    hour, scene = moment.memory.hour, moment.scene
    points = load_points(moment.site)
    made = [scene.value(point) for point in points.made]
    planned = [scene.value(point) for point in points.planned]
    if hour is None or not hour.rest_kw or not 0 <= scene.seconds_since(hour.at) <= QUARTER_S:
        return None
    if None in made or None in planned:
        return None
    return float(np.median(hour.rest_kw)) + sum(value for value in made if value is not None)


def gains_kw(moment: Moment, load: Load) -> dict[str, Array]:
    """Heat of people, of light and equipment, and of hot-water pipes in the house, by group of zones [kW].

    Light and equipment: the share of the electricity that the site file says ends in rooms, spread by timetables.
    """
    site, slots = moment.site, moment.slots
    stated = equipment_kw(site, slots)
    mean_kw = site.electricity.fixed_load_mwh_per_year / 8.76
    all_stated = np.sum(list(stated.values()), axis=0)
    weekly = sum(zone.equipment_w_per_m2 * zone.area_m2 for zone in site.zones) / 1000
    share = min(weekly / mean_kw, 1.0) if mean_kw > 0 else 0.0
    pipes = sum(loop.loss_kw for loop in site.hot_water.loops) if site.hot_water is not None else 0.0
    common = {zone.id: max(zone.area_m2 - sum(r.area_m2 for r in zone.rooms), 0.0) for zone in site.zones}
    everywhere = max(sum(common.values()), 1.0)
    zones = {zone.id: zone for zone in site.zones}
    result = {}
    for group in moment.plant.groups:
        total = np.zeros(len(slots))
        for name in group.zones:
            part = stated[name] / np.maximum(all_stated, 1e-6)
            people = people_kw(zones[name], slots, moment.plant.presence)
            total += part * share * load.heating_kw + people + pipes * common[name] / everywhere
        result[group.id] = total
    return result


def people_source(moment: Moment) -> Reason:
    """Where the people in the house come from."""
    counted = moment.plant.presence
    if not counted:
        return because(Code.PEOPLE_FILE)
    return because(Code.PEOPLE_COUNTED, zones=float(len(counted)), version=float(moment.learned.version))


def draw(moment: Moment, truth: Record | None) -> Draw | None:
    """Hot water used; None where there is none."""
    water, learned, site = moment.plant.hot_water, moment.learned.tapped_l_per_h, moment.site
    if water is None or site.hot_water is None:
        return None
    slots = moment.slots
    litres = learned.at(slots) if learned is not None else np.zeros(len(slots))
    known = _known(moment, tapped_l_per_h(site, truth), truth) if truth is not None else None
    if known is not None:
        litres = np.where(np.isnan(known), litres, known)
    days, place = np.unique(slots.day_of_year, return_inverse=True)
    usual = np.array([cold_water_degc(float(day)) for day in days])[place] + moment.learned.cold_water_k
    cold = usual + _cold_off_k(moment, float(usual[0]))
    heat = litres / 1000 * WATER_KWH_PER_M3_K * np.maximum(60.0 - cold, LEAST_LIFT_K)
    stored = (water.low_degc + water.high_degc) / 2
    return Draw(heat, heat / np.maximum(stored - cold, LEAST_LIFT_K), cold)


def _cold_off_k(moment: Moment, usual_degc: float) -> float:
    """Cold water now above the usual; 0 while none flows or nothing sensible is measured."""
    asset = moment.site.hot_water
    if asset is None:
        return 0.0
    cold, flow = (moment.scene.of(asset, signal) for signal in ("cold_temp_degc", "flow_l_per_min"))
    if cold is None or flow is None or flow < FLOWS_L_PER_MIN or abs(cold - usual_degc) > COLD_MOST_K:
        return 0.0
    return cold - usual_degc


def _known(moment: Moment, values: Array | None, truth: Record | None) -> Array | None:
    """Values of a record by the quarter, NaN where it does not reach."""
    if values is None or truth is None:
        return None
    found = np.full(len(moment.slots), np.nan)
    if truth.dt_s > QUARTER_S:
        places = [truth.index(moment.slots.start) + int(n * QUARTER_S // truth.dt_s) for n in range(len(found))]
        here = [0 <= place < len(values) for place in places]
        found[here] = values[[place for place, inside in zip(places, here, strict=True) if inside]]
        return found
    only = Record(truth.start, truth.dt_s, {"value": values}).slice(moment.grid.start, moment.grid.end)
    if len(only) and only.start == moment.grid.start:
        quarters = only.resampled(QUARTER_S).values["value"]
        found[: len(quarters)] = quarters
    return found
