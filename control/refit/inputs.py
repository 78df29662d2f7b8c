"""What the record says about each group of zones: temperature, heat, sun, people, air. The data behind a re-fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from control.activity import equipment_kw, people_kw
from control.assets.air import delivered_degc
from control.assets.building import Group
from control.grid import Array
from control.outlook.sun import GLASS_GAIN
from control.plant_model import AIR_KWH_PER_M3_K, EMITTER_MARGIN
from control.problem import Plant
from control.record import Record, bridged
from control.refit.balance import sent_out_kw
from control.slots import Slots
from control.sunlight import Sun, on_facade, split_ghi
from control.sunlit import sun_over
from models.assets import Purpose, Zone
from models.physics.irradiance import FACADES_DEG
from models.site import Site

FLOOR_OVER_ROOM_K: Final = 2.0
"""A heated floor above its room, where only the split between groups depends on it."""


@dataclass(frozen=True)
class GroupSeries:
    """One value per step of the record; NaN where something it needs is not known."""

    room_degc: Array
    """Mean of the group's rooms, by area."""
    heat_kw: Array
    """From its emitters, bathrooms included."""
    gains_kw: Array
    solar_kw: Array
    """After blinds."""
    vent_kw_per_k: Array
    vent_supply_degc: Array
    outdoor_degc: Array
    opening_kw_per_k: Array
    """Emitters as far as their valves are open, by the site file."""
    supply_degc: Array
    """Water into them."""
    measured: bool
    """Whether `heat_kw` comes from heat meters, else it is what the emitters reach at their valves."""

    @property
    def usable(self) -> Array:
        """1 where every input (not the room itself) is known."""
        inputs = (self.heat_kw, self.gains_kw, self.solar_kw, self.vent_kw_per_k, self.vent_supply_degc)
        return np.asarray(np.isfinite(np.sum([*inputs, self.outdoor_degc], axis=0)), dtype=np.float64)


def group_series(site: Site, plant: Plant, record: Record) -> dict[str, GroupSeries]:
    """Of every group whose rooms and outdoor temperature are measured."""
    outdoor = bridged(record.column(site.find(site.weather_station, "outdoor_temp_degc")), record.dt_s)
    if outdoor is None:
        return {}
    gains, sun = gains_kw(site, plant, record), solar_kw(site, plant, record)
    emitters = {group.id: _emitters(site, group, record) for group in plant.groups}
    reaches = {group.id: _reach_kw(site, group, record, *emitters[group.id]) for group in plant.groups}
    metered = any(m.carrier == "heat" and {c.id for c in site.circuits} & set(m.measures) for m in site.meters)
    sent = None if metered else sent_out_kw(site, plant, record)
    found = {}
    for group in plant.groups:
        room = room_degc(site, group, record)
        if room is None:
            continue
        reach = reaches[group.id]
        heat = _heat_kw(site, plant, group, record, reaches, sent)
        vent, supply = _air(site, plant, group, record, outdoor)
        found[group.id] = GroupSeries(
            room_degc=room,
            heat_kw=heat if heat is not None else reach,
            gains_kw=gains[group.id],
            solar_kw=sun[group.id],
            vent_kw_per_k=vent,
            vent_supply_degc=supply,
            outdoor_degc=outdoor,
            opening_kw_per_k=emitters[group.id][0],
            supply_degc=emitters[group.id][1],
            measured=heat is not None,
        )
    return found


def zones_of(site: Site, group: Group) -> list[Zone]:
    """The group's zones."""
    return [zone for zone in site.zones if zone.id in group.zones]


def spaces(zone: Zone) -> list[tuple[tuple[str, ...], float]]:
    """Devices and area [m2] of the zone's rooms and of what is left of it."""
    rooms = [(room.devices, room.area_m2) for room in zone.rooms]
    common = zone.area_m2 - sum(area for _, area in rooms)
    return [(zone.devices, max(common, 1.0)), *rooms]


def room_degc(site: Site, group: Group, record: Record) -> Array | None:
    """Mean temperature of a group by area; None when no sensor of it is known."""
    parts = [
        (column, area)
        for zone in zones_of(site, group)
        for devices, area in spaces(zone)
        if (column := record.column(site.find(devices, "temp_degc"))) is not None
    ]
    return weighted(parts) if parts else None


def weighted(parts: Sequence[tuple[Array, float]]) -> Array:
    """Mean of columns by weight, over those known at each step."""
    columns = np.stack([column for column, _ in parts])
    weights = np.array([weight for _, weight in parts])[:, None] * ~np.isnan(columns)
    total = weights.sum(axis=0)
    mean = (np.nan_to_num(columns) * weights).sum(axis=0) / np.maximum(total, 1e-9)
    return np.asarray(np.where(total > 0, mean, np.nan), dtype=np.float64)


# --- Heat -----------------------------------------------------------------------------------------------------------


def _emitters(site: Site, group: Group, record: Record) -> tuple[Array, Array]:
    """Sum over zones of valve x emitter [kW/K], and the water into them [degC]; NaN without valve or supply."""
    opening, carried = np.zeros(len(record)), np.zeros(len(record))
    zones = [zone for zone in zones_of(site, group) if zone.circuit is not None]
    design = {zone.id: zone.design_heat_w or EMITTER_MARGIN * zone.heat_loss_w_per_k for zone in zones}
    whole = sum(design.values())
    unknown = np.full(len(record), np.nan)
    for zone in zones:
        circuit = next(c for c in site.circuits if c.id == zone.circuit)
        supply = bridged(record.column(site.find(circuit.devices, "supply_temp_degc")), record.dt_s)
        valves = [
            (column, area)
            for devices, area in spaces(zone)
            if (column := bridged(record.column(site.find(devices, "valve_pct")), record.dt_s)) is not None
        ]
        if supply is None or not valves:
            return unknown, unknown
        on = record.column(site.find(circuit.devices, "pump_on"))
        running = np.ones(len(record)) if on is None else np.nan_to_num(on, nan=1.0)
        own = weighted(valves) / 100 * running * group.emitter_kw_per_k * design[zone.id] / whole
        opening, carried = opening + own, carried + own * supply
    return opening, np.where(opening > 0, carried / np.maximum(opening, 1e-9), np.nan_to_num(carried))


def _reach_kw(site: Site, group: Group, record: Record, opening: Array, supply: Array) -> Array:
    """What the emitters would give at their valves into a floor 2 K above the rooms, bathrooms included."""
    room = room_degc(site, group, record)
    if room is None:
        return np.full(len(record), np.nan)
    return group.always_kw + opening * np.maximum(supply - room - FLOOR_OVER_ROOM_K, 0.0)


def _heat_kw(
    site: Site, plant: Plant, group: Group, record: Record, reaches: dict[str, Array], sent: Array | None
) -> Array | None:
    """The group's part of the heat meters on its circuits, or of all that was `sent` out; None when neither tells."""
    mine = {zone.circuit for zone in zones_of(site, group)} - {None}
    meters = [m for m in site.meters if m.carrier == "heat" and mine & set(m.measures)]
    if not mine:
        return np.zeros(len(record))
    if mine - {name for meter in meters for name in meter.measures}:
        return None if sent is None else sent * _share(plant.groups, group, reaches)
    total = np.zeros(len(record))
    for meter in meters:
        power = bridged(record.column(site.find(meter.devices, "power_kw")), record.dt_s)
        if power is None:
            return None
        behind = [g for g in plant.groups if {z.circuit for z in zones_of(site, g)} & set(meter.measures)]
        total = total + power * _share(behind, group, reaches)
    return total


def _share(behind: Sequence[Group], group: Group, reaches: dict[str, Array]) -> Array | float:
    """The group's part of what these take together, by what its emitters reach at their valves."""
    if len(behind) <= 1:
        return 1.0
    sizes = np.array([g.emitter_kw_per_k for g in behind])
    reach = np.stack([reaches[g.id] for g in behind])
    whole = reach.sum(axis=0)
    place = behind.index(group)
    by_size = float(sizes[place] / sizes.sum())
    return np.where(whole > 1.0, reach[place] / np.maximum(whole, 1.0), by_size)


# --- Air, people, sun -----------------------------------------------------------------------------------------------


def _air(site: Site, plant: Plant, group: Group, record: Record, outdoor: Array) -> tuple[Array, Array]:
    """Heat capacity rate [kW/K] and temperature [degC] of the supply air.

    As measured; else the flow asked for, or full; and the supply air that recovery and coil are set to give.
    """
    rate, carried = np.zeros(len(record)), np.zeros(len(record))
    for unit in plant.air:
        part = unit.rooms.get(group.room.id, 0.0)
        asset = next(a for a in site.air_handling if a.id == unit.id)
        flow = bridged(record.column(site.find(asset.devices, "supply_flow_m3_per_h")), record.dt_s)
        if flow is None:
            asked = bridged(record.column(site.find(asset.devices, "airflow_request_pct")), record.dt_s)
            flow = asset.flow_m3_per_h * (np.ones(len(record)) if asked is None else asked / 100)
        supply = bridged(record.column(site.find(asset.devices, "supply_temp_degc")), record.dt_s)
        own = part * flow * AIR_KWH_PER_M3_K
        rate, carried = rate + own, carried + own * (delivered_degc(unit, outdoor) if supply is None else supply)
    return rate, carried / np.maximum(rate, 1e-9)


def gains_kw(site: Site, plant: Plant, record: Record) -> dict[str, Array]:
    """Heat of people, light and equipment, and hot-water pipes by group of zones, as the outlook has it [kW].

    Light and equipment by their meters where there are any, else by the site's yearly use.
    """
    slots = Slots(record.start, *record.local(site.zone_info))
    stated = equipment_kw(site, slots)
    all_stated = np.maximum(np.sum(list(stated.values()), axis=0), 1e-6)
    mean_kw = site.electricity.fixed_load_mwh_per_year / 8.76
    weekly = sum(zone.equipment_w_per_m2 * zone.area_m2 for zone in site.zones) / 1000
    metered = metered_equipment_kw(site, record)
    heat = all_stated if metered is None or mean_kw <= 0 else metered * min(weekly / mean_kw, 1.0)
    heat = np.where(np.isnan(heat), all_stated, heat)
    pipes = sum(loop.loss_kw for loop in site.hot_water.loops) if site.hot_water is not None else 0.0
    common = {zone.id: max(zone.area_m2 - sum(r.area_m2 for r in zone.rooms), 0.0) for zone in site.zones}
    everywhere = max(sum(common.values()), 1.0)
    found = {}
    for group in plant.groups:
        zones = zones_of(site, group)
        total = np.zeros(len(record))
        for zone in zones:
            total = total + stated[zone.id] / all_stated * heat + people_kw(zone, slots, plant.presence)
        found[group.id] = total + pipes * sum(common[z.id] for z in zones) / everywhere
    return found


def metered_equipment_kw(site: Site, record: Record) -> Array | None:
    """Metered electricity of light, equipment and large users; None without such meters."""
    wanted = (Purpose.LIGHT_AND_EQUIPMENT, Purpose.LARGE_USERS)
    meters = [m for m in site.meters if m.carrier == "electricity" and m.purpose in wanted]
    columns = [bridged(record.column(site.find(m.devices, "power_kw")), record.dt_s) for m in meters]
    known = [column for column in columns if column is not None]
    return np.sum(known, axis=0) if known and len(known) == len(columns) else None


@dataclass(frozen=True)
class Sky:
    """The sun over a record and what of it came through the clouds, at the middle of each step."""

    sun: Sun
    dni_w_m2: Array
    dhi_w_m2: Array


def measured_sky(site: Site, record: Record) -> Sky | None:
    """From the global irradiance on the roof; None without it."""
    ghi = bridged(record.column(site.find(site.weather_station, "irradiance_w_per_m2")), record.dt_s)
    if ghi is None:
        return None
    sun = sun_over(site, record)
    return Sky(sun, *split_ghi(np.maximum(np.nan_to_num(ghi), 0.0), sun))


def solar_kw(site: Site, plant: Plant, record: Record) -> dict[str, Array]:
    """Sun through windows behind their blinds by group of zones [kW]; 0 at night and without windows.

    By day NaN without a pyranometer.
    """
    sky = measured_sky(site, record)
    nothing = np.zeros(len(record))
    if sky is None:
        dark = {g.id: not any(m2 for zone in zones_of(site, g) for _, m2 in glass_of(zone)) for g in plant.groups}
        unknown = np.where(sun_over(site, record).up, np.nan, 0.0)
        return {name: nothing if without else unknown for name, without in dark.items()}
    on = {
        face: on_facade(sky.sun, face, sky.dni_w_m2, sky.dhi_w_m2) * _open(site, plant, record, face)
        for face in FACADES_DEG
    }
    return {
        group.id: GLASS_GAIN
        / 1000
        * sum((m2 * on[face] for zone in zones_of(site, group) for face, m2 in glass_of(zone)), nothing)
        for group in plant.groups
    }


def _open(site: Site, plant: Plant, record: Record, facade: str) -> Array | float:
    columns = [record.column(site.find(b.devices, "position_pct")) for b in site.blinds if b.facade == facade]
    known = [np.nan_to_num(column) for column in columns if column is not None]
    return 1 - plant.blind_stops * np.mean(known, axis=0) / 100 if known else 1.0


def glass_of(zone: Zone) -> list[tuple[str, float]]:
    """Facade and area [m2] of the zone's windows, those of its rooms included."""
    return [*zone.windows_m2.items(), *((room.facade, room.window_m2) for room in zone.rooms)]
