"""How much heat the plant is short of, from the best sensors that still answer."""

from dataclasses import dataclass
from typing import Final

from control.picture import Scene
from control.rules.heat import Outdoor, buffer_target_degc, running_circuits, shortfalls, supply_setpoint_degc
from control.rules.memory import RuleMemory
from models.assets import Tank, ZoneKind
from models.reasons import Code
from models.site import Site

LAYERS: Final = 4
SERVED_K: Final = 0.5
AIR_KWH_PER_M3_K: Final = 0.00033
INDOOR_DEGC: Final = 21.0


@dataclass(frozen=True)
class Shortage:
    """`short_k`: how far below its target the warm end is [K] (negative: above); `full_k`: how far the cold end is.

    More heat while the warm end is short, less when the cold end has nearly arrived too.
    """

    short_k: float
    full_k: float
    target_degc: float
    source: Code
    needs: tuple[str, ...]


def layers(scene: Scene, tank: Tank) -> list[str | None]:
    """The tank's sensors from top to bottom."""
    return [scene.find(tank, f"layer_{n}_temp_degc") for n in range(1, LAYERS + 1)]


def shortage(scene: Scene, memory: RuleMemory, outside: Outdoor | None) -> Shortage | None:
    """Need for heat at the buffer; None when nobody wants any, or it is too early or impossible to say.

    Fallbacks: another layer for a lost top or bottom sensor; with the whole buffer lost (or none on site), the running
    circuits' own supply temperatures against their set points. See `unknowable` for the last step.
    """
    target = None if outside is None else buffer_target_degc(scene, memory, outside)
    if outside is None or target is None:
        return None
    buffer = next((tank for tank in scene.site.tanks if tank.role == "buffer"), None)
    points = layers(scene, buffer) if buffer is not None else []
    if points and scene.unsettled([points[0], points[-1]]):
        return None
    young = [(point, value) for point in points if point and (value := scene.value(point)) is not None]
    if young:
        (top_point, top), (bottom_point, bottom) = young[0], young[-1]
        whole = top_point == points[0] and bottom_point == points[-1]
        source = Code.STAGES_BUFFER if whole else Code.STAGES_OTHER_LAYER
        return Shortage(target - top, target - bottom, target, source, (top_point, bottom_point))
    return _from_circuits(scene, memory, outside, target)


def _from_circuits(scene: Scene, memory: RuleMemory, outside: Outdoor, target: float) -> Shortage | None:
    found = [
        (point, supply_setpoint_degc(scene, circuit, outside, memory) - value)
        for circuit in running_circuits(scene, memory)
        if (point := scene.find(circuit, "supply_temp_degc")) and (value := scene.value(point)) is not None
    ]
    if not found:
        return None
    worst = max(short for _, short in found)
    # A circuit behind a mixing valve is never much warmer than it should be: within half a kelvin it counts as served.
    return Shortage(
        worst - SERVED_K, worst + SERVED_K, target, Code.STAGES_CIRCUITS, tuple(point for point, _ in found)
    )


def unknowable(scene: Scene, memory: RuleMemory) -> bool:
    """Whether every sensor `shortage` could use has been missing long enough to leave the machines to themselves."""
    tanks = [tank for tank in scene.site.tanks if tank.role == "buffer"]
    points = [point for tank in tanks for point in layers(scene, tank)]
    points += [scene.find(circuit, "supply_temp_degc") for circuit in running_circuits(scene, memory)]
    return bool(points) and all(scene.missing(point) for point in points)


def bivalent_degc(site: Site) -> float:
    """Outdoor temperature down to which the heat pumps alone carry the house [degC], from its design values.

    Heat of all compressors at 35 degC and the mean heat of light and equipment against transmission and ventilation.
    """
    return INDOOR_DEGC - (pumped_kw(site) + _free_kw(site)) / _loss_kw_per_k(site)


def bought_heat_kw(site: Site, outdoor_degc: float) -> float:
    """Heat beyond that of the heat pumps which a day as cold as this takes [kW], from design values."""
    need = _loss_kw_per_k(site) * (INDOOR_DEGC - outdoor_degc)
    return max(need - _free_kw(site) - pumped_kw(site), 0.0)


def _loss_kw_per_k(site: Site) -> float:
    loss = sum(zone.heat_loss_w_per_k for zone in site.zones) / 1000
    return loss + sum(AIR_KWH_PER_M3_K * unit.flow_m3_per_h * (1 - unit.recovery) for unit in site.air_handling)


def pumped_kw(site: Site) -> float:
    """Heat of all heat pumps with all compressors, at their best certified points [kW]."""
    return sum(max(point.heat_kw for point in pump.certified) for pump in site.heat_pumps)


def _free_kw(site: Site) -> float:
    return site.electricity.fixed_load_mwh_per_year / 8.76


def neediest_k(scene: Scene) -> float:
    """How far the neediest room or zone is below what it is promised [K]; 0 where nothing is known."""
    return max([0.0, *(short_k for _, short_k in shortfalls(scene, scene.site.zones))])


def chilly(scene: Scene, below_k: float) -> bool:
    """Whether a resident's room is this far below its own set point [K]."""
    rooms = [room for zone in scene.site.zones if zone.kind is ZoneKind.RESIDENTIAL for room in zone.rooms]
    return any(
        (value := scene.of(room.devices, "temp_degc")) is not None and value < room.setpoint_degc - below_k
        for room in rooms
    )
