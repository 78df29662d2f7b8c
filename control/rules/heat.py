"""Heating circuits: supply set point from the outdoor temperature, and the pumps. Plain rules.

Also the two facts every other heat rule builds on: the filtered outdoor temperature, and what the buffer must hold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from math import exp
from statistics import median
from typing import Final

from control.assets.building import BATH_SUPPLY_DEGC, STORING_K
from control.picture import Scene
from control.rules.memory import Filtered, RuleMemory, latch
from control.wish import Wish
from models.assets import Circuit, Zone
from models.reasons import Code, because
from models.signals import Reason

FILTER_H: Final = 3.0
"""Time constant of the outdoor filter [h]: a well-insulated building does not follow a gust."""
LAST_VALUE_S: Final = 7200.0
"""How long the last filtered value is trusted after all sensors are lost [s]."""
LAST_VALUE_MARGIN_K: Final = 10.0
"""It may have become colder meanwhile."""
ASSUMED_DEGC: Final = -10.0
"""Outdoor temperature when nothing is known."""
HEATING_OFF_DEGC: Final = 17.0
HEATING_ON_DEGC: Final = 15.0
LEAST_SUPPLY_DEGC: Final = 22.0
UNSERVED_K: Final = 1.0
WIDE_PCT: Final = 95.0
NARROW_PCT: Final = 85.0
UP_FASTER: Final = 3.0
"""A supply is raised so much faster than it is lowered: a cold room is worse than a kelvin too much."""
FLOOR_TRIM: Final = (0.5, -5.0, 2.0)
AIR_TRIM: Final = (3.0, -10.0, 2.0)
"""How fast a supply is trimmed [K/h], and how far below and above its curve [K]: a floor answers within hours."""
STEADY_K: Final = 1.0
"""Smaller changes of a planned supply are not worth a message to a device."""
SHORT_K: Final = (0.1, 0.3)
"""From the first to the second below its set point, the neediest room takes a circuit back from a plan [K]."""
SHORT_H: Final = 1.0
"""Time constant of it [h]."""
FULL_BUFFER_DEGC: Final = 55.0
"""Where the buffer is kept when every store is to be full, as far as the machines reach."""
FULL_BELOW_MAX_K: Final = 5.0
BUFFER_MARGIN_K: Final = 2.0
"""The buffer's top above the warmest circuit: mixing valves need something to mix from."""


@dataclass(frozen=True)
class Outdoor:
    """The outdoor temperature rules are to use [degC], where it comes from, and the reason to say so."""

    degc: float
    source: Code
    needs: tuple[str, ...]


def outdoor_points(scene: Scene) -> tuple[str | None, tuple[str, ...]]:
    """The weather station's point, and those of every machine that also measures outdoors."""
    site = scene.site
    station = scene.find(site.weather_station, "outdoor_temp_degc")
    others = [scene.find(asset, "outdoor_temp_degc") for asset in (*site.heat_pumps, *site.air_handling)]
    return station, tuple(point for point in others if point is not None)


def outdoor(scene: Scene, memory: RuleMemory) -> tuple[Outdoor | None, RuleMemory]:
    """The filtered outdoor temperature; None while it is too early to say.

    Fallbacks, in order: the median of the site's other outdoor sensors; the last filtered value less 10 K for 2 h;
    -10 degC, or the last filtered value where that was colder.
    """
    station, others = outdoor_points(scene)
    if (measured := scene.value(station)) is not None and station is not None:
        return _smoothed(scene, memory, measured, Code.CURVE, (station,))
    if scene.unsettled([station]):
        return None, memory
    young = [(point, value) for point in others if (value := scene.value(point)) is not None]
    if young:
        points, values = zip(*young, strict=True)
        return _smoothed(scene, memory, median(values), Code.CURVE_OTHER_SENSOR, points)
    if scene.unsettled(others):
        return None, memory
    last = memory.outdoor
    if last is not None and scene.seconds_since(last.at) <= LAST_VALUE_S:
        return Outdoor(last.value - LAST_VALUE_MARGIN_K, Code.CURVE_LAST_VALUE, ()), memory
    coldest = min(ASSUMED_DEGC, last.value) if last is not None else ASSUMED_DEGC
    return Outdoor(coldest, Code.CURVE_ASSUMED, ()), memory


def _smoothed(
    scene: Scene, memory: RuleMemory, measured_degc: float, source: Code, needs: tuple[str, ...]
) -> tuple[Outdoor, RuleMemory]:
    """First-order filter over site time; starts anew after a gap of two time constants."""
    last, value = memory.outdoor, measured_degc
    if last is not None and timedelta() <= scene.now - last.at <= timedelta(hours=2 * FILTER_H):
        share = 1 - exp(-scene.seconds_since(last.at) / (FILTER_H * 3600))
        value = last.value + share * (measured_degc - last.value)
    return Outdoor(value, source, needs), replace(memory, outdoor=Filtered(value, scene.now))


def curve(points: tuple[tuple[float, float], ...], outdoor_degc: float) -> float:
    """Supply temperature [degC] on a heating curve, held level beyond its ends."""
    if outdoor_degc <= points[0][0]:
        return points[0][1]
    for (cold, warm_supply), (mild, cool_supply) in pairwise(points):
        if outdoor_degc <= mild:
            return warm_supply + (cool_supply - warm_supply) * (outdoor_degc - cold) / (mild - cold)
    return points[-1][1]


def supply_setpoint_degc(scene: Scene, circuit: Circuit, outside: Outdoor, memory: RuleMemory) -> float:
    """What the circuit is to be given [degC]: its curve, and what its valves have asked for on top.

    A plan may give less, and more to store heat in the floors; but the more the neediest room of the circuit falls
    short, the more of it is the curve's again: a plan knows only the mean of rooms that are heated alike.
    """
    wanted = curve(circuit.curve, outside.degc) + memory.trims_k.get(circuit.id, 0.0)
    planned = planned_supply_degc(scene, circuit)
    if planned is not None:
        short_k = memory.shorts_k.get(circuit.id, _short_k(scene, circuit))
        own = max(0.0, min(1.0, (short_k - SHORT_K[0]) / (SHORT_K[1] - SHORT_K[0])))
        wanted = planned + own * max(wanted - planned, 0.0)
        wanted = min(wanted, curve(circuit.curve, outside.degc) + STORING_K)
    least = BATH_SUPPLY_DEGC if _under_bathrooms(scene, circuit) else LEAST_SUPPLY_DEGC
    return min(circuit.max_supply_degc, max(least, wanted))


def _under_bathrooms(scene: Scene, circuit: Circuit) -> bool:
    """Whether the circuit heats floors of residents' bathrooms, which are promised to be warm all year."""
    return any(room.bathroom_floor_m2 for zone in _zones(scene, circuit) for room in zone.rooms)


def planned_supply_degc(scene: Scene, circuit: Circuit) -> float | None:
    """The supply that a plan wants for the circuit's neediest zone; None without one."""
    if scene.guidance is None or circuit.kind == "air":
        return None
    zones = [zone.id for zone in _zones(scene, circuit)]
    return max((scene.guidance.supply_degc[z] for z in zones if z in scene.guidance.supply_degc), default=None)


def shortfalls(scene: Scene, zones: Iterable[Zone]) -> Iterator[tuple[Zone, float]]:
    """How far each room and common area of the zones is below what it is promised [K], of those that are known.

    Promised is the set point it holds, less what a plan has put on it to store heat.
    """
    stored = scene.guidance.room_offset_k if scene.guidance is not None else {}
    for zone in zones:
        for devices in (zone.devices, *(room.devices for room in zone.rooms)):
            asked, degc = (scene.of(devices, signal) for signal in ("setpoint_degc", "temp_degc"))
            if asked is not None and degc is not None:
                yield zone, asked - stored.get(zone.id, 0.0) - degc


def _short_k(scene: Scene, circuit: Circuit) -> float:
    """How far the neediest room or zone of the circuit is below its set point [K]; 0 where nothing is known."""
    return max((short_k for _, short_k in shortfalls(scene, _zones(scene, circuit))), default=0.0)


def _zones(scene: Scene, circuit: Circuit) -> list[Zone]:
    return [zone for zone in scene.site.zones if zone.circuit == circuit.id]


def trimmed(scene: Scene, memory: RuleMemory) -> RuleMemory:
    """Moves every circuit's supply by its widest valve: up while it is open beyond 95 %, down while below 85 %.

    Colder water is better water for a heat pump, as long as the neediest room still gets enough. Never down while a
    zone is set back. Valves that are not known do not count; without any the circuit goes back to its curve. Under
    other strategies all stay on it. Under a plan, whose supply it is that they answer to, valves count where a room is
    short: what it then takes back is to be enough for it.
    """
    if not scene.strategy.neediest_valve:
        return replace(memory, trims_k={}) if memory.trims_k else memory
    passed_h = _passed_h(scene, memory)
    memory = replace(memory, shorts_k=_shorts_k(scene, memory, passed_h))
    trims: dict[str, float] = {}
    for circuit in scene.site.circuits:
        speed, low, high = AIR_TRIM if circuit.kind == "air" else FLOOR_TRIM
        step, before = speed * passed_h, memory.trims_k.get(circuit.id, 0.0)
        widest = max(_valves_pct(scene, circuit), default=None)
        planned = planned_supply_degc(scene, circuit) is not None
        wider = widest is not None and widest > WIDE_PCT and _served(scene, circuit)
        if widest is None or (planned and not (wider and memory.shorts_k[circuit.id] > SHORT_K[0])):
            trims[circuit.id] = max(0.0, before - step) if before > 0 else min(0.0, before + step)
        else:
            colder = widest < NARROW_PCT and not _set_back(scene, circuit)
            move = UP_FASTER * step if wider else -step if colder else 0.0
            trims[circuit.id] = min(high, max(low, before + move))
    return replace(memory, trims_k=trims)


def _shorts_k(scene: Scene, memory: RuleMemory, passed_h: float) -> dict[str, float]:
    """How far each circuit's neediest room is below its set point, over SHORT_H: a sensor's last digit is no need."""
    share, shorts = 1 - exp(-passed_h / SHORT_H), {}
    for circuit in scene.site.circuits:
        now_k = _short_k(scene, circuit)
        before_k = memory.shorts_k.get(circuit.id, now_k)
        shorts[circuit.id] = before_k + share * (now_k - before_k)
    return shorts


def _passed_h(scene: Scene, memory: RuleMemory) -> float:
    """Time since the last decision [h], a quarter of an hour at most."""
    return 0.0 if memory.decided_at is None else min(max(scene.seconds_since(memory.decided_at) / 3600, 0.0), 0.25)


def _set_back(scene: Scene, circuit: Circuit) -> bool:
    """Whether a zone of the circuit is set back: closed valves at night say nothing about the morning."""
    zones = _zones(scene, circuit)
    asked = [(zone, scene.of(zone, "setpoint_degc")) for zone in zones]
    return any(degc is not None and degc < zone.setpoint_degc - UNSERVED_K / 2 for zone, degc in asked)


def _served(scene: Scene, circuit: Circuit) -> bool:
    """Whether the circuit gets what it is asked to get: asking for more is of no use before."""
    supply, asked = (scene.of(circuit, signal) for signal in ("supply_temp_degc", "supply_setpoint_degc"))
    return supply is None or asked is None or supply > asked - UNSERVED_K


def _valves_pct(scene: Scene, circuit: Circuit) -> list[float]:
    site, zones = scene.site, _zones(scene, circuit)
    points = [scene.find(zone, "valve_pct") for zone in zones]
    points += [scene.find(room.devices, "valve_pct") for zone in zones for room in zone.rooms]
    units = [unit for unit in site.air_handling if unit.circuit == circuit.id]
    points += [scene.find(unit, "heating_coil_valve_pct") for unit in units]
    return [value for point in points if (value := scene.value(point)) is not None]


def circuits(scene: Scene, memory: RuleMemory, outside: Outdoor | None) -> tuple[list[Wish], RuleMemory]:
    """Supply set point of each circuit on its curve; its pump by the heating limit (off 17, on 15 degC).

    A circuit under rooms with heated bathroom floors runs all year. Fallback: that of `outdoor`; with an assumed
    outdoor temperature every pump runs.
    """
    if outside is None:
        return [], memory
    wishes: list[Wish] = []
    pumps = dict(memory.pumps)
    for circuit in scene.site.circuits:
        setpoint = supply_setpoint_degc(scene, circuit, outside, memory)
        if planned_supply_degc(scene, circuit) is not None:
            setpoint, memory = memory.steadied(f"{circuit.id}.planned", setpoint, STEADY_K)
        source = outside.source if planned_supply_degc(scene, circuit) is None else Code.PLAN_SUPPLY
        why = because(source, outdoor_degc=outside.degc, supply_degc=setpoint)
        wishes += _wish(scene, circuit, "supply_setpoint_degc", setpoint, why, outside.needs)
        all_year = _under_bathrooms(scene, circuit)
        pumps[circuit.id] = latch(
            memory.pumps.get(circuit.id),
            scene.now,
            start=all_year or outside.degc < HEATING_ON_DEGC,
            stop=not all_year and outside.degc > HEATING_OFF_DEGC,
        )
        on = pumps[circuit.id].on
        why = because(Code.PUMP_ON if on else Code.PUMP_OFF, outdoor_degc=outside.degc, limit_degc=HEATING_OFF_DEGC)
        wishes += _wish(scene, circuit, "pump_on", float(on), why, outside.needs)
    return wishes, replace(memory, pumps=pumps)


def _wish(scene: Scene, circuit: Circuit, signal: str, value: float, why: Reason, needs: tuple[str, ...]) -> list[Wish]:
    point = scene.find(circuit, signal)
    return [] if point is None else [Wish(point, value, why, needs)]


def running_circuits(scene: Scene, memory: RuleMemory) -> list[Circuit]:
    """The circuits whose pump is wanted on."""
    return [c for c in scene.site.circuits if (pump := memory.pumps.get(c.id)) is not None and pump.on]


def _coils_short(scene: Scene, circuit: Circuit) -> bool:
    """Whether a unit of the circuit blows colder than it is asked to."""
    units = [unit for unit in scene.site.air_handling if unit.circuit == circuit.id]
    pairs = [(scene.of(unit, "supply_setpoint_degc"), scene.of(unit, "supply_temp_degc")) for unit in units]
    return any(asked is not None and degc is not None and degc < asked - UNSERVED_K for asked, degc in pairs)


def buffer_target_degc(scene: Scene, memory: RuleMemory, outside: Outdoor) -> float | None:
    """What the top of the buffer must hold [degC]; None when no circuit wants heat.

    Under a plan coils do with the water there is, as long as their air is warm enough.
    """
    circuits = running_circuits(scene, memory)
    if scene.guidance is not None and scene.guidance.supply_degc:
        circuits = [circuit for circuit in circuits if circuit.kind != "air" or _coils_short(scene, circuit)]
    wanted = [supply_setpoint_degc(scene, circuit, outside, memory) for circuit in circuits]
    if not wanted:
        return None
    target = max(wanted) + BUFFER_MARGIN_K
    if scene.strategy.full_tanks:
        most = min((pump.supply_max_degc for pump in scene.site.heat_pumps), default=FULL_BUFFER_DEGC)
        target = max(target, min(FULL_BUFFER_DEGC, most - FULL_BELOW_MAX_K))
    return target
