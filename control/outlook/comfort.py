"""Bands that rooms are promised, as the rules hold them, and the air they are given by the timetable."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from control.activity import air_share
from control.grid import Array
from control.limits import least_flow_pct
from control.outlook.moment import Moment
from control.outlook.weather import Expected
from control.rules.air import (
    NIGHT_AIR_COLDER_K,
    NIGHT_AIR_HIGH_DEGC,
    NIGHT_AIR_LOW_DEGC,
    NIGHT_AIR_SEASON_DEGC,
)
from control.rules.zones import NO_SETBACK_BELOW_DEGC, STAGGER_H, early_start_h
from models.assets import Zone, ZoneKind

WINTER_HIGH_DEGC: Final = 24.0
SUMMER_HIGH_DEGC: Final = 26.0
SUMMER: Final = (5, 9)
"""First and last month in which homes may be warmer."""
LEAST_BAND_K: Final = 1.0


LEAST_HELD: Final = 0.2
"""Of a group's emitters that give heat however many zones are set back: the coldest of them, and what valves leak."""


@dataclass(frozen=True)
class Bands:
    """What rooms are promised, by quarter."""

    low_degc: dict[str, Array]
    high_degc: dict[str, Array]
    """By group of zones, weighted by area."""
    held: dict[str, Array]
    """Share of a group that is held up, by area."""
    zones_degc: dict[str, Array]
    """Lower bound of each zone's common area."""


def bands(moment: Moment, weather: Expected) -> Bands:
    """What rooms are promised.

    Valves of a zone that is set back are shut until it is as cold as that: no plan stores heat there. They open when
    the rules raise its set point in the morning; it is promised to be warm when people come, and rises until then.
    """
    zones = {zone.id: zone for zone in moment.site.zones}
    slots_ = moment.slots
    summer = (slots_.month >= SUMMER[0]) & (slots_.month <= SUMMER[1])
    low, high, held, promised = {}, {}, {}, {}
    for group in moment.plant.groups:
        area, wanted, up = 0.0, np.zeros(len(slots_)), np.zeros(len(slots_))
        for zone in (zones[name] for name in group.zones):
            rooms_m2 = sum(room.area_m2 for room in zone.rooms)
            common_m2 = max(zone.area_m2 - rooms_m2, 1.0)
            wanted += sum(room.area_m2 * room.setpoint_degc for room in zone.rooms)
            raised, promised[zone.id] = held_up(moment, zone, weather)
            wanted += common_m2 * promised[zone.id]
            up += rooms_m2 + common_m2 * raised
            area += rooms_m2 + common_m2
        homes = [zones[name].setpoint_degc for name in group.zones if zones[name].kind is ZoneKind.RESIDENTIAL]
        most = np.where(summer, SUMMER_HIGH_DEGC, WINTER_HIGH_DEGC) if homes else np.full(len(slots_), 26.0)
        low[group.id] = wanted / area
        if homes:  # in a group with cooler rooms they lie so much above its mean
            most = most - np.maximum(max(homes) - low[group.id], 0.0)
        high[group.id] = np.maximum(most, low[group.id] + LEAST_BAND_K)
        held[group.id] = np.maximum(up / area, LEAST_HELD)
    return Bands(low, high, held, promised)


def held_up(moment: Moment, zone: Zone, weather: Expected) -> tuple[Array, Array]:
    """By quarter whether a zone is held up, and what its common area is promised [degC].

    As `rules.zones.zones`, presence sensors excepted. Once held up it is promised to rise from where it stands, evenly
    until people come, at most at the pace for which its heating begins so early: all of it at once would be worth a
    boiler to a plan.
    """
    setback = zone.setback_degc
    if zone.kind is ZoneKind.RESIDENTIAL or setback is None or setback >= zone.setpoint_degc:
        return np.ones(len(moment.slots)), np.full(len(moment.slots), zone.setpoint_degc)
    outdoor = weather.filtered_degc
    lift = zone.setpoint_degc - setback
    alone = np.array([early_start_h(lift, degc) for degc in outdoor[::4].tolist()])
    alone = np.repeat(alone, 4)[: len(outdoor)]
    early = alone + _stagger_h(moment, zone)
    until = _until_manned_h(moment, zone)
    raised = (until <= early) | (outdoor < NO_SETBACK_BELOW_DEGC)
    asked = np.where(raised, zone.setpoint_degc, setback)
    stands = moment.scene.of(zone, "temp_degc")
    begin = float(asked[0]) if stands is None else min(max(stands, setback), zone.setpoint_degc)
    return raised.astype(np.float64), _rising(asked, begin, lift / alone, np.clip(until, 0.25, RISING_MOST_H))


RISING_MOST_H: Final = 8.0
"""A zone held up against the cold, where nobody is due, takes so long."""


def _rising(asked: Array, begin: float, most_k_per_h: Array, until_h: Array) -> Array:
    """What is asked, but rising by so much at the most, and evenly over the hours until it is due; it falls at once."""
    risen, before = np.empty_like(asked), begin
    for n, (degc, most, hours) in enumerate(zip(asked.tolist(), most_k_per_h.tolist(), until_h.tolist(), strict=True)):
        before += 0.25 * min(most, (degc - before) / hours) if degc > before else degc - before
        risen[n] = before
    return risen


def _until_manned_h(moment: Moment, zone: Zone) -> Array:
    """Time from each quarter until somebody is due; 0 while somebody is, infinite when nobody comes soon [h]."""
    open_ = moment.longer.within(zone.occupied) & ~moment.longer.closed(moment.site, zone)
    there = open_.tolist()
    wait, passed = [], np.inf
    for manned in reversed(there):
        passed = 0.0 if manned else passed + 0.25
        wait.append(passed)
    return np.array(wait[::-1][: len(moment.slots)])


def _stagger_h(moment: Moment, zone: Zone) -> float:
    set_back = [other.id for other in moment.site.zones if other.setback_degc is not None]
    return STAGGER_H * set_back.index(zone.id) if moment.scene.strategy.staggered else 0.0


def air_shares(moment: Moment, weather: Expected) -> dict[str, Array]:
    """Flow of every unit by quarter: its timetable, and night air while warm rooms can be cooled with it."""
    result = {}
    for unit in moment.site.air_handling:
        share = air_share(unit, moment.slots)
        if unit.occupied and (shut := moment.slots.closed(moment.site, unit)).any():
            share = np.where(shut, least_flow_pct(unit) / 100, share)
        extract = moment.scene.of(unit, "extract_temp_degc")
        if extract is not None and extract > NIGHT_AIR_LOW_DEGC:
            part = min((extract - NIGHT_AIR_LOW_DEGC) / (NIGHT_AIR_HIGH_DEGC - NIGHT_AIR_LOW_DEGC), 1.0)
            useful = weather.temp_degc <= extract - NIGHT_AIR_COLDER_K
            useful &= weather.filtered_degc >= NIGHT_AIR_SEASON_DEGC
            share = np.where(useful, np.maximum(share, share + part * (1.0 - share)), share)
        result[unit.id] = share
    return result
