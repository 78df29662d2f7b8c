"""What drives and shows a group of zones, as measured at one moment, with a fallback for everything that is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import Final

import numpy as np

from control.activity import equipment_kw, people_kw
from control.assets.air import AirUnit, delivered_degc
from control.grid import QUARTER_S
from control.observer.estimate import FreeHeat
from control.outlook.sun import GLASS_GAIN
from control.picture import Scene
from control.plant_model import DESIGN_OUTDOOR_DEGC, EMITTER_MARGIN
from control.problem import Plant
from control.slots import slots
from control.sunlight import on_facade, split_ghi, sun_at
from models.assets import AirHandling, Circuit, Meter, Purpose, Zone
from models.physics.irradiance import FACADES_DEG

UNKNOWN_VALVE: Final = 0.5
LEAST_MODEL_KW: Final = 0.5
"""Below this the emitters' model cannot share a measured heat; their size does."""
PLAUSIBLE_DEGC: Final = (2.0, 45.0)
"""A room outside this is a broken sensor."""
SET_BACK_K: Final = 0.5
"""Below its set point of the day a zone counts as set back."""


@dataclass(frozen=True)
class Seen:
    """Mean temperature of a group's rooms."""

    degc: float
    known: float
    """Share of the floor area that was measured."""


def heat_meters(scene: Scene, plant: Plant) -> dict[str, tuple[str, ...]]:
    """Power points of the meters that measure nothing but circuits of the groups, and these circuits.

    A circuit is behind one of them at most; meters of fewer circuits come first.
    """
    heated = {zone.circuit for zone in scene.site.zones if zone.circuit is not None}
    fits = [m for m in scene.site.meters if m.carrier == "heat" and m.measures and heated.issuperset(m.measures)]
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for meter in sorted(fits, key=_breadth):
        point = scene.find(meter, "power_kw")
        if point is not None and taken.isdisjoint(meter.measures) and plant.groups:
            found[point] = meter.measures
            taken.update(meter.measures)
    return found


def _breadth(meter: Meter) -> int:
    return len(meter.measures)


def emitted_kw(
    scene: Scene, plant: Plant, masses_degc: Mapping[str, float], metered_kw: Mapping[str, float]
) -> dict[str, float]:
    """Heat of the emitters into each group, bathrooms included [kW].

    q = sum over circuits of k V H_em (T_sup - T_m) + q_0, with V the openings of valves. Circuits behind a meter are
    scaled (k) to what it shows, `metered_kw` by its power point; k = 1 without one.
    """
    modelled, size = _modelled_kw(scene, plant, masses_degc)
    heat = dict.fromkeys((group.id for group in plant.groups), 0.0)
    for point, circuits in heat_meters(scene, plant).items():
        shown = metered_kw.get(point)
        if shown is None:
            continue
        behind = [key for key in modelled if key[0] in circuits]
        total = sum(modelled[key] for key in behind)
        weights = modelled if total >= LEAST_MODEL_KW else size
        total = max(sum(weights[key] for key in behind), 1e-9)
        for key in behind:
            modelled[key] = max(shown, 0.0) * weights[key] / total
    for (_, group_id), kw in modelled.items():
        heat[group_id] += kw
    return heat


Key = tuple[str, str]


def _modelled_kw(
    scene: Scene, plant: Plant, masses_degc: Mapping[str, float]
) -> tuple[dict[Key, float], dict[Key, float]]:
    """By circuit and group: heat as the emitters' model has it, and the emitters' size, both [kW]."""
    zones = {zone.id: zone for zone in scene.site.zones}
    circuits = {circuit.id: circuit for circuit in scene.site.circuits}
    modelled: dict[Key, float] = {}
    size: dict[Key, float] = {}
    for group in plant.groups:
        of = [zones[name] for name in group.zones if name in zones and zones[name].circuit in circuits]
        design = {zone.id: _design_kw(zone) for zone in of}
        baths = {zone.id: sum(room.bathroom_floor_m2 for room in zone.rooms) for zone in of}
        for zone in of:
            circuit = circuits[zone.circuit or ""]
            key = (circuit.id, group.id)
            share = design[zone.id] / max(sum(design.values()), 1e-9)
            bath = group.always_kw * baths[zone.id] / max(sum(baths.values()), 1e-9)
            size[key] = size.get(key, 0.0) + share * group.emitter_max_kw
            modelled.setdefault(key, 0.0)
            if scene.flag(scene.find(circuit, "pump_on")) is False:
                continue
            lift = max(_supply_degc(scene, circuit) - masses_degc[group.id], 0.0)
            heat = share * min(_opening(scene, zone) * group.emitter_kw_per_k * lift, group.emitter_max_kw)
            modelled[key] += heat + bath
    return modelled, size


def _design_kw(zone: Zone) -> float:
    lift = zone.setpoint_degc - DESIGN_OUTDOOR_DEGC
    return (zone.design_heat_w or EMITTER_MARGIN * zone.heat_loss_w_per_k * lift) / 1000


def _supply_degc(scene: Scene, circuit: Circuit) -> float:
    for signal in ("supply_temp_degc", "supply_setpoint_degc"):
        if (value := scene.of(circuit, signal)) is not None:
            return value
    return circuit.curve[len(circuit.curve) // 2][1]


def _spaces(zone: Zone) -> list[tuple[tuple[str, ...], float, float]]:
    """(devices, floor area, set point) of the zone's rooms and of its common area."""
    rooms = [(room.devices, room.area_m2, room.setpoint_degc) for room in zone.rooms]
    common = max(zone.area_m2 - sum(area for _, area, _ in rooms), 0.0)
    return [*rooms, (zone.devices, common, zone.setpoint_degc)]


def _opening(scene: Scene, zone: Zone) -> float:
    """Mean opening of the zone's valves, 0 to 1."""
    weight = total = 0.0
    for devices, area, _ in _spaces(zone):
        if (valve := scene.value(scene.find(devices, "valve_pct"))) is not None:
            weight, total = weight + area, total + area * valve / 100
    return min(max(total / weight, 0.0), 1.0) if weight else UNKNOWN_VALVE


def openings(scene: Scene, plant: Plant) -> dict[str, float]:
    """By group: mean opening of its valves if the supply were such that the neediest is nearly open, 0 to 1.

    Zones that are set back are left out: their valves are shut for another reason. A group whose valves are all
    nearly shut or not known is not in it.
    """
    zones = {zone.id: zone for zone in scene.site.zones}
    result: dict[str, float] = {}
    for group in plant.groups:
        total = weight = widest = 0.0
        for zone in (zones[name] for name in group.zones if name in zones):
            asked = scene.of(zone, "setpoint_degc")
            if asked is not None and asked < zone.setpoint_degc - SET_BACK_K:
                continue
            valve = _opening(scene, zone)
            total, weight = total + _design_kw(zone) * valve, weight + _design_kw(zone)
            widest = max(widest, valve)
        if widest > TELLING:
            result[group.id] = min(max(NEARLY_OPEN * total / weight / widest, LEAST_OPENING), MOST_OPENING)
    return result


def needy_k(scene: Scene, plant: Plant, promised_degc: Mapping[str, float]) -> dict[str, float]:
    """By group: how much further its neediest zone is behind what it is promised than the group's mean is [K].

    Args:
        scene: what is measured now.
        plant: its groups.
        promised_degc: to each zone's common area, now. A zone that is set back is not behind because another is not.
    """
    zones = {zone.id: zone for zone in scene.site.zones}
    result: dict[str, float] = {}
    for group in plant.groups:
        total = area = 0.0
        lowest_k = inf
        for zone in (zones[name] for name in group.zones if name in zones):
            if (here := seen(scene, [zone])) is None:
                continue
            spaces = _spaces(zone)
            m2 = sum(size for _, size, _ in spaces)
            *rooms, (_, common_m2, setpoint_degc) = spaces
            asked = sum(size * degc for _, size, degc in rooms)
            asked += common_m2 * promised_degc.get(zone.id, setpoint_degc)
            above_k = here.degc - asked / max(m2, 1e-9)
            total, area, lowest_k = total + m2 * above_k, area + m2, min(lowest_k, above_k)
        if area:
            result[group.id] = min(max(total / area - lowest_k, 0.0), MOST_NEEDY_K)
    return result


MOST_NEEDY_K: Final = 1.0
"""Further behind, something else than heat is wrong with the zone."""
TELLING: Final = 0.4
"""Below this the valves' openings say little about each other's needs."""
NEARLY_OPEN: Final = 0.95
LEAST_OPENING: Final = 0.4
MOST_OPENING: Final = 0.8


def seen(scene: Scene, zones: Sequence[Zone]) -> Seen | None:
    """Area-weighted mean of the rooms' sensors; a lost one is taken as far from its set point as the others."""
    area = known = target = above = 0.0
    for zone in zones:
        for devices, m2, setpoint in _spaces(zone):
            area, target = area + m2, target + m2 * setpoint
            degc = scene.value(scene.find(devices, "temp_degc"))
            if degc is not None and PLAUSIBLE_DEGC[0] < degc < PLAUSIBLE_DEGC[1]:
                known, above = known + m2, above + m2 * (degc - setpoint)
    return Seen(target / area + above / known, known / area) if known else None


def usual_free(scene: Scene, plant: Plant) -> tuple[dict[str, FreeHeat], float]:
    """By group: what a plan's outlook has of people, equipment and pipes in this quarter; and all equipment [kW]."""
    site = scene.site
    quarter = scene.now - timedelta(seconds=scene.now.timestamp() % QUARTER_S)
    here = slots(quarter, 1, site.zone_info)
    stated = {name: float(kw[0]) for name, kw in equipment_kw(site, here).items()}
    all_kw = sum(stated.values())
    pipes = sum(loop.loss_kw for loop in site.hot_water.loops) if site.hot_water is not None else 0.0
    common = {zone.id: _spaces(zone)[-1][1] for zone in site.zones}
    per_m2 = pipes / max(sum(common.values()), 1.0)
    zones = {zone.id: zone for zone in site.zones}
    found = {}
    for group in plant.groups:
        of = [zones[name] for name in group.zones if name in zones]
        people = sum(float(people_kw(zone, here, plant.presence)[0]) + per_m2 * common[zone.id] for zone in of)
        found[group.id] = FreeHeat(sum(stated[zone.id] for zone in of) / max(all_kw, 1e-6), people)
    return found, all_kw


def equipment_heat_kw(scene: Scene, usual_kw: float) -> float:
    """Heat of light and equipment in the house [kW]: the part of their meters that ends in rooms, else the usual."""
    wanted = (Purpose.LIGHT_AND_EQUIPMENT, Purpose.LARGE_USERS)
    meters = [m for m in scene.site.meters if m.carrier == "electricity" and m.purpose in wanted]
    powers = [power for m in meters if (power := scene.of(m, "power_kw")) is not None]
    mean_kw = scene.site.electricity.fixed_load_mwh_per_year / 8.76
    if not powers or len(powers) < len(meters) or mean_kw <= 0:
        return usual_kw
    weekly_kw = sum(zone.equipment_w_per_m2 * zone.area_m2 for zone in scene.site.zones) / 1000
    return max(sum(powers), 0.0) * min(weekly_kw / mean_kw, 1.0)


def sun_through_windows_kw(scene: Scene, plant: Plant) -> dict[str, float]:
    """Sun into each group after blinds [kW], from the weather station's irradiance; 0 where it has none."""
    shine = scene.value(scene.find(scene.site.weather_station, "irradiance_w_per_m2"))
    found = dict.fromkeys((group.id for group in plant.groups), 0.0)
    if shine is None or shine <= 1.0:
        return found
    place = scene.site.place
    sun = sun_at(place.latitude_deg, place.longitude_deg, np.array([scene.now.timestamp()]))
    beam, diffuse = split_ghi(np.array([shine]), sun)
    facades = {facade: float(on_facade(sun, facade, beam, diffuse)[0]) for facade in FACADES_DEG}
    for blind in scene.site.blinds:
        closed = scene.of(blind, "position_pct") or 0.0
        facades[blind.facade] *= 1 - plant.blind_stops * closed / 100
    zones = {zone.id: zone for zone in scene.site.zones}
    for group in plant.groups:
        of = [zones[name] for name in group.zones if name in zones]
        w = sum(m2 * facades[facade] for zone in of for facade, m2 in zone.windows_m2.items())
        w += sum(room.window_m2 * facades[room.facade] for zone in of for room in zone.rooms)
        found[group.id] = GLASS_GAIN * w / 1000
    return found


def flow_share(scene: Scene, unit: AirHandling) -> float:
    """Air flow over design flow: measured, asked for, or as the timetable has it."""
    flow = scene.of(unit, "supply_flow_m3_per_h")
    if flow is not None:
        return min(max(flow / unit.flow_m3_per_h, 0.0), 1.3)
    asked = scene.of(unit, "airflow_request_pct")
    if asked is not None:
        return min(max(asked / 100, 0.0), 1.0)
    return 1.0 if not unit.occupied or scene.manned(unit) else unit.min_flow_pct / 100


def air_into(scene: Scene, plant: Plant, outdoor_degc: float) -> dict[str, tuple[float, float]]:
    """Supply air of each group: heat capacity rate [kW/K] and temperature [degC]."""
    units = {unit.id: unit for unit in scene.site.air_handling}
    rate: dict[str, float] = {}
    carried: dict[str, float] = {}
    for unit in plant.air:
        if unit.id not in units:
            continue
        share, degc = flow_share(scene, units[unit.id]), _air_degc(scene, unit, units[unit.id], outdoor_degc)
        for room, part in unit.rooms.items():
            kw_per_k = part * unit.flow_kw_per_k * share
            rate[room] = rate.get(room, 0.0) + kw_per_k
            carried[room] = carried.get(room, 0.0) + kw_per_k * degc
    return {
        group.id: (
            rate.get(group.room.id, 0.0),
            carried.get(group.room.id, 0.0) / max(rate.get(group.room.id, 0), 1e-9),
        )
        for group in plant.groups
    }


def _air_degc(scene: Scene, unit: AirUnit, asset: AirHandling, outdoor_degc: float) -> float:
    measured = scene.of(asset, "supply_temp_degc")
    return measured if measured is not None else float(delivered_degc(unit, np.array([outdoor_degc]))[0])
