"""How a building is used by the hour, from its site file: light and equipment, people, tap water, fans, pumps.

Shapes are documented assumptions to start with; what is measured replaces them (`learned`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Final

import numpy as np

from control.grid import Array, Index
from control.habits.known import Profile
from control.limits import least_flow_pct
from control.slots import KINDS, PER_DAY, SATURDAY, SUNDAY, WORKDAY, Slots
from models.assets import AirHandling, Zone, ZoneKind
from models.site import Site

LIVED_IN: Final = ((0, 0.68), (5, 0.68), (7, 1.0), (9, 1.3), (11, 1.4), (13, 1.3), (16, 1.05), (19, 0.95), (22, 0.75))
"""(local hour, load over its mean) where people live: the day is twice the night, most of it before noon."""
IDLE: Final = 0.45
"""Light and equipment outside the hours of a zone, over what runs in them: cooling, ventilation of racks, standby."""
SETTLE_H: Final = 1.0
"""Machines are switched on and off within so long around the hours of a zone."""
TAPPED: Final = (
    (0, 0.1), (4, 0.15), (6, 1.0), (8, 2.6), (10, 1.9), (12, 1.4), (15, 0.9), (18, 1.2), (20, 0.9), (23, 0.2),
)  # fmt: skip
"""(local hour, water over its mean): morning care and showers, meals, the evening."""
PERSON_KW: Final = 0.07
"""Dry heat of a person at rest or light work (EN 16798-1)."""
PERSON_CO2_M3_PER_H: Final = 0.0186
"""0.31 l/min at 1.2 met (ASHRAE 62.1); EN 16798-1 dimensions with 0.020."""
OUTDOOR_CO2_PPM: Final = 420.0
ATTENDANCE: Final = 0.5
"""People present over the most that a zone is for; residents are there."""
PRESENCE_SPREAD: Final = 0.4
"""Standard deviation over the mean of the people present in a quarter, before they were counted."""
PUMP_KW_PER_M3_H: Final = 0.035
"""50 kPa at 40 % of efficiency."""
LOOP_PUMP_KW: Final = 0.03
PUMPS_RUN: Final = 0.5
"""Mean power of speed-controlled pumps over that at full flow."""
FAN_EXPONENT: Final = 2.0
"""Fan power over flow: between the cube of the affinity laws and ducts kept at a pressure."""
_MONDAY: Final = date(2026, 1, 12).toordinal()
_OF_KIND: Final = {WORKDAY: 2, SATURDAY: 5, SUNDAY: 6}
"""A day of the week that stands for each kind."""


@cache
def typical_week() -> Slots:
    """Seven days from a Monday, no holiday among them. Shared: not to be changed."""
    day: Index = _MONDAY + np.repeat(np.arange(7, dtype=np.int64), PER_DAY)
    return Slots(datetime.fromordinal(_MONDAY).replace(tzinfo=UTC), day, np.tile(np.arange(PER_DAY) / 4, 7))


def by_kind(week: Array) -> Array:
    """A row for each kind of day from quarters of a typical week."""
    days = week.reshape(7, PER_DAY)
    return np.stack([days[_OF_KIND[kind]] for kind in range(KINDS)])


def shaped(knots: Sequence[tuple[float, float]], hour: Array) -> Array:
    """A daily shape at local hours, straight between its knots, its mean over the day 1."""
    at, value = (np.array(column, dtype=np.float64) for column in zip(*knots, strict=True))
    mean = float(np.interp(np.arange(PER_DAY) / 4, at, value, period=24.0).mean())
    return np.asarray(np.interp(hour, at, value, period=24.0) / mean, dtype=np.float64)


def equipment_w(zone: Zone) -> float:
    """Mean power of the zone's light and equipment that ends as heat in it [W]."""
    return zone.equipment_w_per_m2 * zone.area_m2


def equipment_kw(site: Site, slots: Slots) -> dict[str, Array]:
    """Heat of light and equipment by zone as the site file has it [kW]; over a typical week its mean is as stated."""
    week = typical_week()
    result = {}
    for zone in site.zones:
        mean = float(_activity(zone, week).mean())
        result[zone.id] = _activity(zone, slots) * (equipment_w(zone) / 1000 / mean)
    return result


def _activity(zone: Zone, slots: Slots) -> Array:
    if not zone.occupied or zone.kind is ZoneKind.RESIDENTIAL:
        return shaped(LIVED_IN, slots.hour)
    used = np.where(slots.within(zone.occupied), 1.0, IDLE)
    ramp = round(SETTLE_H * 4)
    kernel = np.ones(2 * ramp + 1) / (2 * ramp + 1)
    return np.asarray(np.convolve(np.pad(used, ramp, mode="edge"), kernel, "valid"), dtype=np.float64)


def people_kw(zone: Zone, slots: Slots, presence: Mapping[str, Profile]) -> Array:
    """Heat of the people in a zone [kW]; `presence` as in `persons`."""
    return PERSON_KW * (persons(zone, slots, presence) + len(zone.rooms))


def people_spread_kw(zone: Zone, slots: Slots, presence: Mapping[str, Profile]) -> Array:
    """Standard deviation of that heat in a quarter [kW]."""
    habit = presence.get(zone.id)
    off = PRESENCE_SPREAD * stated_persons(zone, slots) if habit is None else habit.spread_at(slots)
    return PERSON_KW * off


def persons(zone: Zone, slots: Slots, presence: Mapping[str, Profile]) -> Array:
    """People in a zone beside the residents of its rooms: by habit where that is known, by zone, else by its hours."""
    habit = presence.get(zone.id)
    return stated_persons(zone, slots) if habit is None else habit.at(slots)


def stated_persons(zone: Zone, slots: Slots) -> Array:
    """The same as the site file has it."""
    here = ATTENDANCE * zone.persons * np.ones(len(slots))
    if zone.occupied and zone.kind is not ZoneKind.RESIDENTIAL:
        here = np.where(slots.within(zone.occupied), here, 0.0)
    elif zone.kind is not ZoneKind.RESIDENTIAL:
        here = here * shaped(LIVED_IN, slots.hour)
    return here


def air_share(unit: AirHandling, slots: Slots) -> Array:
    """Flow by the unit's timetable, as share of full flow: its least outside its hours."""
    full = slots.within(unit.occupied) if unit.occupied else np.ones(len(slots), dtype=np.bool_)
    return np.where(full, 1.0, least_flow_pct(unit) / 100)


def fans_kw(unit: AirHandling, share: Array) -> Array:
    """Power of a unit's fans at a share of full flow [kW]."""
    full = unit.sfp_kw_per_m3_s * unit.flow_m3_per_h / 3600
    return np.asarray(full * share**FAN_EXPONENT, dtype=np.float64)


def pumps_kw(site: Site) -> float:
    """Mean power of the heating and circulation pumps [kW]."""
    loops = len(site.hot_water.loops) if site.hot_water is not None else 0
    flow_m3_per_h = sum(circuit.design_flow_l_per_h for circuit in site.circuits) / 1000
    return PUMPS_RUN * PUMP_KW_PER_M3_H * flow_m3_per_h + LOOP_PUMP_KW * loops


def fixed_kw(site: Site, slots: Slots) -> Array:
    """Electricity of light, equipment, kitchen [kW]: the site's yearly use, shaped as its zones are used."""
    mean = site.electricity.fixed_load_mwh_per_year / 8.76
    week = typical_week()
    all_of_it, of_week = (np.sum(list(equipment_kw(site, s).values()), axis=0) for s in (slots, week))
    level = float(of_week.mean()) if site.zones else 0.0
    return np.asarray(mean * all_of_it / level if level > 0 else np.full(len(slots), mean), dtype=np.float64)


def tapped_l_per_h(site: Site, slots: Slots) -> Array:
    """Hot water used [l/h at 60 degC]."""
    litres = site.hot_water.litres_per_day_60degc if site.hot_water is not None else 0.0
    return litres / 24 * shaped(TAPPED, slots.hour)
