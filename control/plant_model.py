"""The optimiser's parameters from the site file alone: safe to start with, later re-fitted from the record.

Values the site file does not give are stated here once, with their grounds; every one is a parameter of the result.
"""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from math import inf, log, pi
from typing import Final

from control.assets.air import AirUnit
from control.assets.battery import Battery
from control.assets.boilers import Boiler, DistrictHeat
from control.assets.building import Group
from control.assets.bus import Node
from control.assets.collectors import Collectors
from control.assets.electricity import Connection
from control.assets.heat_pumps import GROUND, HeatPumps
from control.assets.hot_water import HotWater
from control.assets.wells import Wells
from control.problem import Plant, Tank
from models.assets import AirHandling, Circuit, Zone
from models.assets import HeatPump as HeatPumpAsset
from models.battery import Battery as BatteryAsset
from models.physics.heat_pump import Certified, fit_heat_pump
from models.point import Persistence
from models.site import Site

WATER_KWH_PER_M3_K: Final = 1.157
AIR_KWH_PER_M3_K: Final = 0.000336
HEADER_M3: Final = 0.3
"""Water in the pipes of a plant without a buffer."""
ROOM_WH_PER_M2_K: Final = 15.0
"""Air, furniture, and what of the walls follows within an hour."""
ROOM_TO_MASS_W_PER_M2_K: Final = 7.0
ROOM_LOSS_SHARE: Final = 0.5
"""Of the heat loss: windows and leaks; the rest goes through the mass."""
DESIGN_OUTDOOR_DEGC: Final = -24.0
EMITTER_MARGIN: Final = 1.25
FLOOR_DEGC: Final = 24.0
"""Mean of the mass under design load."""
BATH_KW_PER_M2: Final = 0.024
"""Bathroom floor 3 K above its room at 8 W/m2K."""
BEHIND_COIL_DEGC: Final = 12.0
LOOP_LITRE_KW_PER_K: Final = 0.0697
"""Capacity rate of 1 l/min."""
LOOP_LOSS_AT_K: Final = 41.5
"""A loop's stated loss is at 66 degC supply in rooms of 22."""
LOOP_SURROUNDINGS_DEGC: Final = 22.0
SUPPLY_MARGIN_K: Final = 1.5
"""Of the after-heater's mean above what its supply must never fall below."""
THERMOSTAT_K: Final = 2.0
"""The heater's own thermostat stops so much above its temperature."""
LEAST_WRITE_K: Final = 0.1
"""Of a set point whose profile states no least change."""
CYCLE_H: Final = 0.75
"""A proof takes half an hour; its start is not met to the minute."""
NEAR_WELLS_M: Final = 0.65
"""Rock reached within a day: sqrt(4 a t) at 1.2e-6 m2/s."""
WELL_RADIUS_M: Final = 0.0575


def from_site(site: Site) -> Plant:
    """Parameters of the whole plant; ValueError when the certified points of a heat pump cannot be fitted."""
    buffers = [tank for tank in site.tanks if tank.role == "buffer"]
    rest = tuple(
        Tank(
            Node(tank.id, tank.volume_m3 * WATER_KWH_PER_M3_K, tank.loss_w_per_k / 1000),
            tank.max_degc,
            tank.setpoint_degc or EXPECTED_DEGC[tank.role],
        )
        for tank in site.tanks
        if tank.role != "buffer"
    )
    volume = sum(tank.volume_m3 for tank in buffers) or HEADER_M3
    loss = sum(tank.loss_w_per_k for tank in buffers) or 2.0
    buffer_max = min((tank.max_degc for tank in buffers), default=90.0)
    buffer = Tank(Node("buffer", volume * WATER_KWH_PER_M3_K, loss / 1000), buffer_max, EXPECTED_DEGC["buffer"])
    groups = _groups(site)
    return Plant(
        connection=Connection(site.electricity.fuse_kw, site.electricity.feed_in_limit_kw),
        buffer=buffer,
        groups=groups,
        curve=_warmest_curve(site.circuits),
        tanks=rest,
        heat_pumps=_heat_pumps(site),
        boilers=tuple(Boiler(b.id, b.stages, b.stage_kw, b.normal_stages) for b in site.boilers),
        district_heat=tuple(DistrictHeat(network.id, network.max_kw) for network in site.district_heat),
        hot_water=_hot_water(site),
        collectors=_collectors(site, buffer, rest),
        wells=_wells(site),
        air=tuple(_air_unit(site, unit, groups) for unit in site.air_handling),
        batteries=tuple(battery_of(battery) for battery in site.batteries),
        pv=tuple(array.id for array in site.pv),
    )


def battery_of(asset: BatteryAsset) -> Battery:
    """The plan's parameters of a battery."""
    return Battery(
        id=asset.id,
        lowest_kwh=asset.lowest_pct / 100 * asset.capacity_kwh,
        highest_kwh=asset.highest_pct / 100 * asset.capacity_kwh,
        charge_kw=asset.charge_kw,
        discharge_kw=asset.discharge_kw,
        efficiency=asset.efficiency,
        wear_nok_per_kwh=asset.wear_nok_per_kwh,
    )


EXPECTED_DEGC: Final = {"buffer": 35.0, "solar": 45.0, "heat_pump": 50.0}


def _warmest_curve(circuits: Iterable[Circuit]) -> tuple[tuple[float, float], ...]:
    """Supply over outdoor temperature that every floor circuit is content with."""
    floors = [c for c in circuits if c.kind == "floor"] or list(circuits)
    outdoors = sorted({point[0] for c in floors for point in c.curve})
    return tuple((outdoor, max(_on_curve(c.curve, outdoor) for c in floors)) for outdoor in outdoors)


def _on_curve(curve: tuple[tuple[float, float], ...], outdoor_degc: float) -> float:
    if outdoor_degc <= curve[0][0]:
        return curve[0][1]
    for (cold, warm), (mild, cool) in pairwise(curve):
        if outdoor_degc <= mild:
            return warm + (cool - warm) * (outdoor_degc - cold) / (mild - cold)
    return curve[-1][1]


def group_key(zone: Zone, site: Site) -> tuple[object, ...]:
    """Zones with the same key are heated alike: same curve, on circuits that residents live on or that they do not.

    Two circuits of one curve count as one, and so do all zones on one circuit: nothing a plan can decide tells them
    apart, for what is sent out for the coldest of them passes the others' valves too.
    """
    circuit = next((c for c in site.circuits if c.id == zone.circuit), None)
    if circuit is None:
        return (None, zone.kind == "residential")
    return (circuit.curve, any(other.kind == "residential" for other in site.zones if other.circuit == circuit.id))


def _groups(site: Site) -> tuple[Group, ...]:
    alike: defaultdict[tuple[object, ...], list[Zone]] = defaultdict(list)
    for zone in site.zones:
        alike[group_key(zone, site)].append(zone)
    return tuple(_group(site, zones) for zones in alike.values())


def _group(site: Site, zones: list[Zone]) -> Group:
    circuit = next((c for c in site.circuits if c.id == zones[0].circuit), None)
    area = sum(zone.area_m2 for zone in zones)
    loss = sum(zone.heat_loss_w_per_k for zone in zones) / 1000
    mass = sum((zone.mass_wh_per_m2_k - ROOM_WH_PER_M2_K) * zone.area_m2 for zone in zones) / 1000
    lift = zones[0].setpoint_degc - DESIGN_OUTDOOR_DEGC
    design = sum(z.design_heat_w or EMITTER_MARGIN * z.heat_loss_w_per_k * lift for z in zones) / 1000
    supply = circuit.curve[0][1] if circuit else 0.0
    name = zones[0].id
    facades = {facade for zone in zones for facade, m2 in zone.windows_m2.items() if m2}
    return Group(
        id=name,
        zones=tuple(zone.id for zone in zones),
        room=Node(f"{name}.room", ROOM_WH_PER_M2_K * area / 1000),
        mass=Node(f"{name}.mass", max(mass, 0.01 * area)),
        room_to_mass_kw_per_k=ROOM_TO_MASS_W_PER_M2_K * area / 1000,
        room_to_outdoor_kw_per_k=ROOM_LOSS_SHARE * loss,
        mass_to_outdoor_kw_per_k=(1 - ROOM_LOSS_SHARE) * loss,
        emitter_kw_per_k=design / max(supply - FLOOR_DEGC, 2.0) if circuit else 0.0,
        emitter_max_kw=1.5 * design if circuit else 0.0,
        curve=circuit.curve if circuit and circuit.kind != "air" else (),
        supply_max_degc=circuit.max_supply_degc if circuit else 0.0,
        heat_to_mass=0.9 if circuit and circuit.kind == "floor" else 0.3,
        always_kw=BATH_KW_PER_M2 * sum(r.bathroom_floor_m2 for z in zones for r in z.rooms) if circuit else 0.0,
        blinds=any(blind.facade in facades for blind in site.blinds),
    )


def _write_k(site: Site, pump: HeatPumpAsset) -> float | None:
    """Least change of a supply set point that is kept in a memory that wears."""
    point = site.find(pump.devices, "supply_setpoint_degc")
    rule = site.points[point].spec.write if point is not None else None
    wears = rule is not None and rule.persistence is Persistence.EEPROM
    return max(rule.min_change, rule.step, LEAST_WRITE_K) if rule is not None and wears else None


def _modulating(site: Site, pump: HeatPumpAsset) -> bool:
    """Whether its compressors run at part speed: as they are told, or as its own regulator has it."""
    return any(site.find(pump.devices, signal) for signal in ("capacity_request_pct", "compressor_speed_pct"))


def _heat_pumps(site: Site) -> tuple[HeatPumps, ...]:
    alike: defaultdict[tuple[object, ...], list[HeatPumpAsset]] = defaultdict(list)
    for pump in site.heat_pumps:
        limits = (pump.supply_max_degc, pump.return_max_degc, pump.min_run_min, pump.min_stop_min, _write_k(site, pump))
        part = (_modulating(site, pump), pump.least_share, pump.lowest_outdoor_degc)
        alike[(pump.certified, pump.source, pump.compressors, limits, pump.serves_hot_water, part)].append(pump)
    charged = tuple(tank.id for tank in site.tanks if tank.role == "heat_pump")
    result = []
    for pumps in alike.values():
        pump = pumps[0]
        points = [Certified(p.source_degc, p.supply_degc, p.compressors, p.heat_kw, p.power_kw) for p in pump.certified]
        result.append(
            HeatPumps(
                id=pump.id if len(pumps) == 1 else f"{pump.id}..{pumps[-1].id}",
                machines=tuple(p.id for p in pumps),
                physics=fit_heat_pump(points, pump.source),
                wells=pump.source == "wells" and site.wells is not None,
                water_tanks=charged if pump.serves_hot_water else (),
                modulating=_modulating(site, pump),
                least_share=pump.least_share,
                min_run_h=pump.min_run_min / 60,
                min_stop_h=pump.min_stop_min / 60,
                supply_max_degc=pump.supply_max_degc,
                return_max_degc=pump.return_max_degc,
                write_k=_write_k(site, pump),
                lowest_source_degc=-inf if pump.lowest_outdoor_degc is None else pump.lowest_outdoor_degc,
            )
        )
    return tuple(result)


def _hot_water(site: Site) -> HotWater | None:
    water, rule = site.hot_water, site.hygiene
    if water is None:
        return None
    drops = [loop.loss_kw / (LOOP_LITRE_KW_PER_K * loop.flow_l_per_min) for loop in water.loops]
    low = max(rule.supply_min_degc, rule.return_min_degc + max(drops, default=0.0)) + SUPPLY_MARGIN_K
    node = Node(water.id, water.after_heater_m3 * WATER_KWH_PER_M3_K, water.after_heater_loss_w_per_k / 1000)
    return HotWater(
        preheaters=water.preheat_tanks,
        exchanger_kw_per_k=water.preheat_exchanger_kw_per_k,
        after_heater=node,
        heater_kw=water.after_heater_stages * water.after_heater_stage_kw,
        stage_kw=water.after_heater_stage_kw,
        circulation_kw_per_k=sum(loop.loss_kw for loop in water.loops) / LOOP_LOSS_AT_K,
        surroundings_degc=LOOP_SURROUNDINGS_DEGC,
        low_degc=low,
        high_degc=max(water.after_heater_degc, rule.storage_degc) + THERMOSTAT_K,
        cycle_degc=rule.storage_degc,
        cycle_h=CYCLE_H,
    )


def _collectors(site: Site, buffer: Tank, rest: tuple[Tank, ...]) -> tuple[Collectors, ...]:
    """Each field with the node of its tank; a plan has all buffers in one."""
    circulation = site.hot_water.id if site.hot_water is not None and site.hot_water.loops else None
    own = {tank.node.id: tank for tank in rest}
    tanks = [own.get(panel.tank, buffer) for panel in site.collectors]
    return tuple(
        Collectors(panel.id, tank.node.id, circulation, site.wells is not None, tank.expected_degc)
        for panel, tank in zip(site.collectors, tanks, strict=True)
    )


def _wells(site: Site) -> Wells | None:
    wells = site.wells
    if wells is None:
        return None
    metres = wells.count_x * wells.count_y * wells.depth_m
    conductivity = 2 * pi * wells.ground_conductivity_w_per_m_k
    ring_m2 = pi * NEAR_WELLS_M**2
    capacity = ring_m2 * wells.ground_heat_capacity_mj_per_m3_k / 3.6 * metres
    away = conductivity * metres / log(wells.spacing_m / 2 / NEAR_WELLS_M) / 1000
    to_rock = log(NEAR_WELLS_M / 2 / WELL_RADIUS_M) / conductivity
    return Wells(
        ground=Node(GROUND, capacity, away),
        far_degc=wells.undisturbed_degc,
        resistance_k_per_kw=(wells.resistance_m_k_per_w + to_rock) / metres * 1000,
        mean_fluid_min_degc=wells.mean_fluid_min_degc,
    )


def _air_unit(site: Site, unit: AirHandling, groups: tuple[Group, ...]) -> AirUnit:
    circuit = next(c for c in site.circuits if c.id == unit.circuit)
    served = [zone for zone in site.zones if zone.air_handling == unit.id]
    flow = sum(zone.ventilation_m3_per_h for zone in served)
    rooms: dict[str, float] = defaultdict(float)
    for zone in served:
        group = next(g for g in groups if zone.id in g.zones)
        rooms[group.room.id] += zone.ventilation_m3_per_h / flow if flow else 0.0
    return AirUnit(
        id=unit.id,
        flow_kw_per_k=unit.flow_m3_per_h * AIR_KWH_PER_M3_K,
        recovery=unit.recovery,
        coil_kw_per_k=unit.heating_coil_kw / max(circuit.curve[0][1] - BEHIND_COIL_DEGC, 5.0),
        fan_kw=unit.sfp_kw_per_m3_s * unit.flow_m3_per_h / 3600,
        least_share=unit.min_flow_pct / 100,
        bedrooms=unit.bedrooms > 0,
        cooling_kw=unit.cooling_coil_kw,
        rooms=dict(rooms),
        flow_m3_per_h=unit.flow_m3_per_h,
    )
