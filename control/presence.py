"""How many people are in a zone, from the CO2 they breathe out and the air that carries it away.

Residents are not counted: neither where they live, nor from a point that the site file calls personal.
"""

from typing import Final

import numpy as np

from control.activity import OUTDOOR_CO2_PPM, PERSON_CO2_M3_PER_H
from control.grid import Array
from control.record import Record
from control.slots import Mask, Slots
from models.assets import AirHandling, Zone, ZoneKind
from models.field import Privacy
from models.site import Site

HEIGHT_M: Final = 2.7
"""Of rooms; the air of a room without people is exchanged in hours, so that it matters little."""
PLAUSIBLE_PPM: Final = (300.0, 5000.0)
"""A room outside this is a broken sensor."""
LOWEST_PCT: Final = 2.0
SHARE_LEAST: Final = 0.1
"""Of the design flow: below it leaks count, which nobody knows."""
ZERO_MOST_PPM: Final = 150.0
"""A sensor further off than this says nothing."""
STUCK_H: Final = 12.0
"""A value does not stand still for longer than a night where somebody comes and goes."""
STANDS_PPM: Final = 50.0
"""Above its zero, where nobody is expected: air left alone for so long is fresher."""
SHARE_MOST: Final = 1.3
"""Of the design flow."""


def counted_zones(site: Site) -> tuple[Zone, ...]:
    """Zones whose people can be counted: not lived in, ventilated, their CO2 measured and not personal."""
    return tuple(zone for zone in site.zones if _counted(site, zone))


def _counted(site: Site, zone: Zone) -> bool:
    point = site.find(zone.devices, "co2_ppm")
    if point is None or site.points[point].privacy is Privacy.PERSONAL:
        return False
    aired = _unit(site, zone) is not None and zone.ventilation_m3_per_h > 0
    return zone.kind is not ZoneKind.RESIDENTIAL and zone.persons > 0 and aired


def _unit(site: Site, zone: Zone) -> AirHandling | None:
    return next((unit for unit in site.air_handling if unit.id == zone.air_handling), None)


def presence_points(site: Site) -> tuple[str, ...]:
    """Points it is computed from."""
    zones = counted_zones(site)
    units = [unit for unit in site.air_handling if any(zone.air_handling == unit.id for zone in zones)]
    found = [site.find(zone.devices, "co2_ppm") for zone in zones]
    found += [site.find(u.devices, s) for u in units for s in ("supply_flow_m3_per_h", "airflow_request_pct")]
    return tuple(point for point in found if point is not None)


def persons_counted(site: Site, zone: Zone, record: Record) -> Array | None:
    """People in a counted zone over a record, NaN where not known; None where nothing tells, or the sensor is far off.

    V dC/dt = q (C_0 - C) + G n, over each step; errors of a step's ends cancel in the mean over several.

    | symbol | meaning | unit |
    |---|---|---|
    | C, C_0 | CO2 in the zone, and what its sensor shows of outdoor air | m3/m3 |
    | V | volume | m3 |
    | q | supply air: the zone's design flow, as its unit's flow is of that one's | m3/h |
    | G | what a person breathes out | m3/h |
    | n | people | - |
    """
    co2, share = record.column(site.find(zone.devices, "co2_ppm")), _flow_share(site, zone, record)
    if co2 is None or share is None:
        return None
    co2 = np.where((co2 >= PLAUSIBLE_PPM[0]) & (co2 <= PLAUSIBLE_PPM[1]), co2, np.nan)
    flow = zone.ventilation_m3_per_h * share
    slots = Slots(record.start, *record.local(site.zone_info))
    used = slots.within(zone.occupied) if zone.occupied else np.ones(len(record), dtype=np.bool_)
    empty = np.where(used | (share < SHARE_LEAST), np.nan, flow)
    zero = _lowest_ppm(co2) if used.all() else _decayed_ppm(co2, _stored(zone, record, co2), empty)
    if zero is None or abs(zero - OUTDOOR_CO2_PPM) > ZERO_MOST_PPM:
        return None
    co2 = np.where(_stuck(record, co2) & (used | (co2 > zero + STANDS_PPM)), np.nan, co2)
    breathed = _stored(zone, record, co2) + flow * (co2 - zero)
    return np.asarray(breathed * 1e-6 / PERSON_CO2_M3_PER_H, dtype=np.float64)


def _stored(zone: Zone, record: Record, co2: Array) -> Array:
    """V dC/dt [ppm m3/h]; NaN beside a step that is not known."""
    ends = np.convolve(np.pad(co2, 1, constant_values=np.nan), (0.5, 0.5), "valid")
    return np.asarray(HEIGHT_M * zone.area_m2 * np.diff(ends) / (record.dt_s / 3600), dtype=np.float64)


def _flow_share(site: Site, zone: Zone, record: Record) -> Array | None:
    """Air flow of the zone's unit over its design flow: measured, else asked for."""
    unit = _unit(site, zone)
    if unit is None:
        return None
    flow = record.column(site.find(unit.devices, "supply_flow_m3_per_h"))
    if flow is not None:
        return np.clip(flow / unit.flow_m3_per_h, 0.0, SHARE_MOST)
    asked = record.column(site.find(unit.devices, "airflow_request_pct"))
    return None if asked is None else np.clip(asked / 100, 0.0, 1.0)


def _decayed_ppm(co2: Array, stored: Array, flow: Array) -> float | None:
    """What a sensor shows of outdoor air, from hours without people: C_0 = C + V/q dC/dt, the median of the steps.

    A room with little air at night has not got there by the morning; where it is going is known hours before.
    """
    told = co2 + stored / flow
    return None if np.isnan(told).all() else float(np.nanmedian(told))


def _lowest_ppm(co2: Array) -> float | None:
    """The same where somebody may always be there: no air indoors is fresher, and nothing else is known."""
    return None if np.isnan(co2).all() else min(float(np.nanpercentile(co2, LOWEST_PCT)), OUTDOOR_CO2_PPM)


def _stuck(record: Record, values: Array) -> Mask:
    """Steps of runs of one and the same value that last too long."""
    run = np.concatenate([[0], np.cumsum(np.diff(values) != 0)])  # NaN is a run of its own
    return np.asarray(np.bincount(run)[run] * record.dt_s >= STUCK_H * 3600)
