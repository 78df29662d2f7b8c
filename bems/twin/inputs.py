"""What drives the twin: everything of the record that no controller decides, ready to be looked up step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.grid import Array
from control.loads import base_load_kw, load_points
from control.outlook.sun import GLASS_GAIN
from control.problem import Plant
from control.record import Record, bridged
from control.refit.balance import metered_kw
from control.refit.building import followed
from control.refit.inputs import Sky, gains_kw, glass_of, group_series, measured_sky, spaces, zones_of
from control.sunlight import on_facade
from control.sunlit import field_absorbed_w_per_m2
from models.assets import Charger
from models.physics.irradiance import FACADES_DEG
from models.physics.ventilation import fan_kw
from models.site import Site

CONNECTED: Final = 0.5
"""Mean state of a charger from which a car counts as there."""


class TwinError(ValueError):
    """The record does not tell what a twin needs; the text names it."""


@dataclass(frozen=True)
class Stay:
    """A car at a charger: steps of the record."""

    first: int
    end: int


@dataclass(frozen=True)
class GroupInputs:
    """Of one group of zones; arrays over the record's steps."""

    gains_kw: Array
    bare_solar_kw: Array
    """One row per facade, in the order of FACADES_DEG."""
    room_degc: Array
    """As recorded."""
    mass_degc: Array
    """As the fitted model follows it from the record."""


@dataclass(frozen=True)
class Spaces:
    """Rooms and common areas with emitters of their own; one row each where there is a matrix."""

    devices: tuple[tuple[str, ...], ...]
    group: NDArray[np.intp]
    circuit: NDArray[np.intp]
    """Place in `site.circuits`; -1 where unheated."""
    emitter_kw_per_k: Array
    temp_degc: Array
    """As recorded, rows over steps."""
    valve: Array
    """As recorded, 0 to 1."""
    setpoint_degc: Array
    """As recorded."""


@dataclass(frozen=True)
class TwinInputs:
    """All of it. Arrays have one value per step of `record`."""

    record: Record
    outdoor_degc: Array
    base_kw: Array
    """Electricity of what the twin does not model."""
    pv_kw: tuple[Array, ...]
    """In the order of `site.pv`."""
    groups: Mapping[str, GroupInputs]
    spaces: Spaces
    draw_l_per_s: Array
    """Tap water that leaves the after-heater, at `draw_degc`."""
    draw_degc: Array
    cold_degc: Array
    absorbed_w_per_m2: tuple[Array, ...]
    """In the order of `site.collectors`."""
    stays: tuple[tuple[Stay, ...], ...]
    """In the order of `site.chargers`."""
    cars_kw: tuple[Array, ...]
    """What they took, in the same order."""
    brine_degc: Array | None
    """From the wells, as recorded."""
    drawn_kw: Array | None
    """Heat out of the wells, as recorded."""
    played: tuple[tuple[str, Array], ...]
    """Points that are shown as they were recorded."""

    def index(self, when: datetime) -> int:
        """The step an instant lies in, the nearest one outside the record."""
        return min(max(self.record.index(when), 0), len(self.record) - 1)


def twin_inputs(site: Site, plant: Plant, record: Record) -> TwinInputs:
    """From a record of at least a few hours. `plant` is the fitted one. TwinError when something needed is missing."""
    outdoor = _filled(record, site.find(site.weather_station, "outdoor_temp_degc"))
    if outdoor is None:
        raise TwinError("no outdoor temperature in the record")
    for battery in site.batteries:
        if _filled(record, site.find(battery.devices, "state_of_charge_pct")) is None:
            raise TwinError(f"no state of charge of '{battery.id}' in the record")
    made = [_filled(record, site.find(array.devices, "ac_power_kw")) for array in site.pv]
    tap = [_tap(site, record, signal) for signal in ("flow_l_per_min", "supply_temp_degc", "cold_temp_degc")]
    nothing = np.zeros(len(record))
    sky = measured_sky(site, record)
    groups = _groups(site, plant, record, sky)
    return TwinInputs(
        record=record,
        outdoor_degc=outdoor,
        base_kw=_base_kw(site, record),
        pv_kw=tuple(nothing if column is None else np.maximum(column, 0.0) for column in made),
        groups=groups,
        spaces=_spaces(site, plant, record, groups),
        draw_l_per_s=tap[0] / 60,
        draw_degc=tap[1],
        cold_degc=tap[2],
        absorbed_w_per_m2=tuple(
            nothing if sky is None else field_absorbed_w_per_m2(panel, sky.sun, sky.dni_w_m2, sky.dhi_w_m2)
            for panel in site.collectors
        ),
        stays=tuple(stays(site, charger, record) for charger in site.chargers),
        cars_kw=tuple(_car_kw(site, charger, record) for charger in site.chargers),
        brine_degc=_filled(record, site.find(site.wells.devices, "from_wells_temp_degc")) if site.wells else None,
        drawn_kw=metered_kw(site, record, (site.wells.id,), "heat") if site.wells else None,
        played=tuple((point, column) for point in record.values if (column := _filled(record, point)) is not None),
    )


def _filled(record: Record, point: str | None) -> Array | None:
    """A column without gaps: straight lines over them, level at the ends."""
    column = record.column(point)
    if column is None:
        return None
    known = np.flatnonzero(~np.isnan(column))
    if len(known) == len(column):
        return column
    return np.asarray(np.interp(np.arange(len(column)), known, column[known]), dtype=np.float64)


def _tap(site: Site, record: Record, signal: str) -> Array:
    usual = {"flow_l_per_min": 0.0, "supply_temp_degc": 66.0, "cold_temp_degc": 7.0}[signal]
    if site.hot_water is None:
        return np.full(len(record), usual)
    column = _filled(record, site.find(site.hot_water.devices, signal))
    return np.full(len(record), usual) if column is None else column


def _base_kw(site: Site, record: Record) -> Array:
    """What is left of the main meter without heat pumps, boilers, after-heater, cars, solar cells and fans."""
    for pump in site.heat_pumps:
        if metered_kw(site, record, (pump.id,), "electricity") is None:
            raise TwinError(f"no electricity meter of '{pump.id}' alone in the record")
    base = base_load_kw(load_points(site), record)
    if base is None:
        raise TwinError("no main meter in the record, or a part of it is not recorded")
    base = bridged(base, record.dt_s)
    if base is None:
        raise TwinError("the main meter is never known together with its parts")
    known = np.flatnonzero(~np.isnan(base))
    base = np.interp(np.arange(len(base)), known, base[known])
    for unit in site.air_handling:
        flow = _filled(record, site.find(unit.devices, "supply_flow_m3_per_h"))
        if flow is not None:
            shares = (flow / unit.flow_m3_per_h).tolist()
            base = base - [fan_kw(unit.sfp_kw_per_m3_s, unit.flow_m3_per_h, share) for share in shares]
    return np.asarray(base, dtype=np.float64)


def _groups(site: Site, plant: Plant, record: Record, sky: Sky | None) -> dict[str, GroupInputs]:
    series = group_series(site, plant, record)
    gains = gains_kw(site, plant, record)
    found = {}
    for group in plant.groups:
        if group.id not in series:
            raise TwinError(f"no room temperature of '{group.id}' in the record")
        solar = np.zeros((len(FACADES_DEG), len(record)))
        for place, facade in enumerate(FACADES_DEG):
            m2 = sum(area for zone in zones_of(site, group) for face, area in glass_of(zone) if face == facade)
            if sky is not None:
                solar[place] = GLASS_GAIN / 1000 * m2 * on_facade(sky.sun, facade, sky.dni_w_m2, sky.dhi_w_m2)
        room = series[group.id].room_degc
        known = np.flatnonzero(~np.isnan(room))
        room = np.interp(np.arange(len(room)), known, room[known])
        mass = followed(group, series[group.id], record.dt_s)[:, 1]
        found[group.id] = GroupInputs(gains[group.id], solar, room, mass)
    return found


def _spaces(site: Site, plant: Plant, record: Record, groups: Mapping[str, GroupInputs]) -> Spaces:
    devices: list[tuple[str, ...]] = []
    of_group, of_circuit, emitter = [], [], []
    rows: dict[str, list[Array]] = {"temp_degc": [], "valve_pct": [], "setpoint_degc": []}
    circuits = [circuit.id for circuit in site.circuits]
    for place, group in enumerate(plant.groups):
        room = groups[group.id].room_degc
        zones = zones_of(site, group)
        design = {z.id: z.design_heat_w or z.heat_loss_w_per_k for z in zones if z.circuit is not None}
        for zone in zones:
            area = sum(m2 for _, m2 in spaces(zone))
            for own, m2 in spaces(zone):
                devices.append(own)
                of_group.append(place)
                of_circuit.append(circuits.index(zone.circuit) if zone.circuit is not None else -1)
                share = design.get(zone.id, 0.0) / max(sum(design.values()), 1e-9) * m2 / area
                emitter.append(share * group.emitter_kw_per_k)
                for signal, usual in (("temp_degc", room), ("valve_pct", None), ("setpoint_degc", None)):
                    column = _filled(record, site.find(own, signal))
                    level = zone.setpoint_degc if signal == "setpoint_degc" else 50.0
                    rows[signal].append(
                        column if column is not None else usual if usual is not None else np.full(len(record), level)
                    )
    return Spaces(
        tuple(devices),
        np.array(of_group, dtype=np.intp),
        np.array(of_circuit, dtype=np.intp),
        np.array(emitter, dtype=np.float64),
        np.stack(rows["temp_degc"]),
        np.clip(np.stack(rows["valve_pct"]) / 100, 0.0, 1.0),
        np.stack(rows["setpoint_degc"]),
    )


def stays(site: Site, charger: Charger, record: Record) -> tuple[Stay, ...]:
    """When a car stood at the charger; never where the charger does not tell its state."""
    state = record.column(site.find(charger.devices, "mode3_state"))
    if state is None:
        return ()
    here = np.concatenate([[False], np.nan_to_num(state) >= CONNECTED, [False]])
    firsts, ends = np.flatnonzero(~here[:-1] & here[1:]), np.flatnonzero(here[:-1] & ~here[1:])
    return tuple(Stay(int(first), int(end)) for first, end in zip(firsts, ends, strict=True))


def _car_kw(site: Site, charger: Charger, record: Record) -> Array:
    power = _filled(record, site.find(charger.devices, "power_kw"))
    return np.zeros(len(record)) if power is None else np.maximum(power, 0.0)
