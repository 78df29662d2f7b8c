"""Tanks, ground, machines and debts of air as they stand, from measurements with their fallbacks."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from math import exp, isfinite
from typing import Final

from control.assets.air import AIR_CHANGE_H, DEBT_H
from control.assets.heat_pumps import HeatPumps
from control.observer.estimate import Bias
from control.observer.inputs import flow_share
from control.picture import Scene
from control.problem import Plant
from control.rules.memory import Filtered, RuleMemory
from models.assets import Asset, HeatPump, Tank
from models.physics.heat_pump import capacity_kw, power_kw

LAYERS_MOST: Final = 12
PLAUSIBLE_DEGC: Final = (0.0, 115.0)
GROUND_H: Final = 8.0
"""Brine follows a change of the heat drawn within hours; the rock is read off it no faster."""
BRINE_WH_PER_L_K: Final = 0.277
"""Per kJ/kgK of the fluid, at about 1 kg/l."""
LEAST_DRAWN_FLOW: Final = 0.2
"""Of the design flow: slower brine does not show the ground's mean."""
BIAS_H: Final = 48.0
BIAS_RANGE: Final = (0.5, 1.6)
"""A ratio outside is a start, a defrost or a fault, not what the machine is."""
FULL_CUT: Final = 0.05
"""Air that is missing by less is not."""


# --- Tanks ----------------------------------------------------------------------------------------------------------


def layered(values: Sequence[float | None]) -> float | None:
    """Mean of equal layers from the top; lost ones lie between their neighbours, outer ones are as these."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if not known:
        return None
    total = 0.0
    for place, value in enumerate(values):
        if value is not None:
            total += value
            continue
        above = [pair for pair in known if pair[0] < place]
        below = [pair for pair in known if pair[0] > place]
        if above and below:
            (a, high), (b, low) = above[-1], below[0]
            total += high + (low - high) * (place - a) / (b - a)
        else:
            total += (above[-1] if above else below[0])[1]
    return total / len(values)


def tanks(scene: Scene, plant: Plant, before: Mapping[str, Filtered]) -> dict[str, Filtered]:
    """Mean temperature of every node that can be measured now; the others as they were last."""
    site, found = scene.site, dict(before)
    weights: dict[str, tuple[float, float]] = {}
    for tank in site.tanks:
        degc = layered([_plausible(scene.value(point)) for point in _layers(scene, tank)])
        node = plant.buffer.node.id if tank.role == "buffer" else tank.id
        if degc is not None:
            volume, carried = weights.get(node, (0.0, 0.0))
            weights[node] = (volume + tank.volume_m3, carried + tank.volume_m3 * degc)
    if plant.hot_water is not None and site.hot_water is not None:
        signals = ("top_temp_degc", "middle_temp_degc", "bottom_temp_degc")
        degc = layered([_plausible(scene.of(site.hot_water, signal)) for signal in signals])
        if degc is None:
            degc = _plausible(scene.of(site.hot_water, "supply_temp_degc"))
        if degc is not None:
            weights[plant.hot_water.after_heater.id] = (1.0, degc)
    if not any(tank.role == "buffer" for tank in site.tanks) and (degc := _in_pipes(scene)) is not None:
        weights[plant.buffer.node.id] = (1.0, degc)
    found |= {node: Filtered(carried / volume, scene.now) for node, (volume, carried) in weights.items()}
    return found


def _layers(scene: Scene, tank: Tank) -> list[str]:
    """Points of the layers from the top."""
    points = (scene.find(tank, f"layer_{n}_temp_degc") for n in range(1, LAYERS_MOST + 1))
    return [point for point in takewhile(bool, points) if point is not None]


def _plausible(value: float | None) -> float | None:
    return value if value is not None and PLAUSIBLE_DEGC[0] < value < PLAUSIBLE_DEGC[1] else None


def _in_pipes(scene: Scene) -> float | None:
    """Without a buffer: the warmest water that circuits are given."""
    found = [_plausible(scene.of(circuit, "supply_temp_degc")) for circuit in scene.site.circuits]
    return max((value for value in found if value is not None), default=None)


# --- Ground ---------------------------------------------------------------------------------------------------------


def ground(scene: Scene, plant: Plant, before: Filtered | None, hours: float) -> Filtered | None:
    """Rock near the wells: T_f + R x while brine flows, towards the far rock while it stands. None without wells."""
    wells = plant.wells
    if wells is None:
        return None
    drawn = drawn_kw(scene)
    fluid = _fluid_degc(scene)
    read = fluid + wells.resistance_k_per_kw * drawn if fluid is not None and drawn is not None else None
    if before is None:
        return Filtered(read if read is not None else wells.far_degc - START_BELOW_FAR_K, scene.now)
    degc = before.value
    if read is not None:
        degc += (read - degc) * (1 - exp(-hours / GROUND_H))
        return Filtered(degc, scene.now)
    away = wells.ground.loss_kw_per_k / max(wells.ground.capacity_kwh_per_k, 1e-9)
    return Filtered(degc + (wells.far_degc - degc) * (1 - exp(-hours * away)), before.at)


START_BELOW_FAR_K: Final = 1.5


def drawn_kw(scene: Scene) -> float | None:
    """Heat taken out of the ground [kW]: its meter's, else by flow and temperatures of the brine."""
    wells = scene.site.wells
    if wells is None:
        return None
    for meter in scene.site.meters:
        measured = meter.carrier == "heat" and meter.measures == (wells.id,)
        if measured and (power := scene.of(meter, "power_kw")) is not None:
            return power
    flow = scene.of(wells, "flow_m3_per_h")
    out, back = scene.of(wells, "from_wells_temp_degc"), scene.of(wells, "to_wells_temp_degc")
    if flow is None or out is None or back is None:
        return None
    return flow * wells.fluid_heat_capacity_kj_per_kg_k * BRINE_WH_PER_L_K * (out - back)


def _fluid_degc(scene: Scene) -> float | None:
    """Mean brine; None while it stands or creeps."""
    wells = scene.site.wells
    if wells is None or scene.flag(scene.find(wells, "pump_on")) is False:
        return None
    flow = scene.of(wells, "flow_m3_per_h")
    if flow is not None and flow < LEAST_DRAWN_FLOW * wells.design_flow_m3_per_h:
        return None
    out, back = scene.of(wells, "from_wells_temp_degc"), scene.of(wells, "to_wells_temp_degc")
    return (out + back) / 2 if out is not None and back is not None else None


# --- Machines -------------------------------------------------------------------------------------------------------


def compressors_on(scene: Scene, pump: HeatPump) -> int | None:
    """Compressors running as measured; None when one of them is not known. An inverter counts as one."""
    speed = scene.of(pump, "compressor_speed_pct")
    if speed is not None:
        return int(speed > 1.0)
    flags = [scene.flag(scene.find(pump, f"compressor_{n}_on")) for n in range(1, pump.compressors + 1)]
    return None if None in flags else sum(flag is True for flag in flags)


def biases(
    scene: Scene,
    plant: Plant,
    before: Mapping[str, Bias],
    last: Mapping[str, int],
    now: Mapping[str, int],
    hours: float,
) -> dict[str, Bias]:
    """Power and heat of staged machines over their model, while they run as they did at the last update (`last`)."""
    pumps = {pump.id: pump for pump in scene.site.heat_pumps}
    found = dict(before)
    for group in plant.heat_pumps:
        bias = found.get(group.id, Bias())
        for name in group.machines:
            steady = now.get(name, 0) > 0 and last.get(name) == now[name]
            if name in pumps and steady and not group.modulating:
                bias = _compared(scene, group, pumps[name], float(now[name]), bias, hours)
        found[group.id] = bias
    return found


def _compared(scene: Scene, group: HeatPumps, pump: HeatPump, level: float, bias: Bias, hours: float) -> Bias:
    supply = scene.of(pump, "supply_temp_degc")
    source = scene.of(pump, "brine_in_temp_degc" if group.wells else "outdoor_temp_degc")
    if supply is None or source is None:
        return bias
    power, heat = own_power_kw(scene, pump, "electricity"), own_power_kw(scene, pump, "heat")
    ratio, took = _averaged(
        power, power_kw(group.physics, source, supply, level), bias.power_ratio, bias.power_h, hours
    )
    warm, gave = _averaged(heat, capacity_kw(group.physics, source, supply, level), bias.heat_ratio, bias.heat_h, hours)
    return Bias(ratio, warm, took, gave)


def _averaged(shown: float | None, model: float, ratio: float, seen_h: float, hours: float) -> tuple[float, float]:
    """A running mean of the ratio that becomes a slow filter; unchanged by what cannot be."""
    now = shown / model if shown is not None and model > 0 else 0.0
    if not isfinite(now) or not BIAS_RANGE[0] < now < BIAS_RANGE[1]:
        return ratio, seen_h
    seen_h += hours
    return ratio + (now - ratio) * min(hours / min(seen_h, BIAS_H), 1.0), seen_h


def own_power_kw(scene: Scene, asset: Asset, carrier: str) -> float | None:
    """Power of the meter that measures this asset alone."""
    meters = (m for m in scene.site.meters if m.carrier == carrier and m.measures == (asset.id,))
    return next((value for m in meters if (value := scene.of(m, "power_kw")) is not None), None)


# --- Air ------------------------------------------------------------------------------------------------------------


def air_debts(scene: Scene, memory: RuleMemory, before: Mapping[str, float], hours: float) -> dict[str, float]:
    """Hours of full air that rooms miss: grows while a unit is turned down in its hours, fades with the air."""
    found: dict[str, float] = {}
    for unit in scene.site.air_handling:
        full = not unit.occupied or scene.manned(unit)
        spared = memory.spared.get(unit.id)
        missing = max(1.0 - flow_share(scene, unit), 0.0) if full and not unit.bedrooms else 0.0
        if spared is not None and spared.on and scene.of(unit, "supply_flow_m3_per_h") is None:
            missing = 1 - unit.min_flow_pct / 100
        missing = missing if missing > FULL_CUT else 0.0
        fading = exp(-hours / AIR_CHANGE_H)
        found[unit.id] = min(before.get(unit.id, 0.0) * fading + missing * AIR_CHANGE_H * (1 - fading), DEBT_H)
    return found
