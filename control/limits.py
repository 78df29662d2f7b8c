"""What the guard knows about the site: for every point the bounds that hold right now, and why.

Independent of every rule: read from the site file and the measurements alone. A bound whose measurement is missing is
left out where it only serves comfort, and kept where it protects people.
"""

from collections import defaultdict
from math import ceil
from typing import Final, NamedTuple

from control.picture import Scene
from models.assets import AirHandling, HeatPump, ZoneKind
from models.reasons import Code

RESIDENT_MIN_DEGC: Final = 21.0
RESIDENT_LEAST_DEGC: Final = 20.0
RESIDENT_MAX_DEGC: Final = 24.0
MANNED_MIN_DEGC: Final = 19.0
FROST_DEGC: Final = 5.0
SCALD_SUPPLY_DEGC: Final = 80.0
"""No supply of tap water above this, whatever is asked for."""
SHOWER_DANGER_DEGC: Final = 43.0
"""A mixer that lets this through has failed."""
BRINE_STEP_K: Final = 1.0
OVERHEAT_K: Final = 5.0
"""Water of a substation this far above its most: its own loop has failed."""
TAPER_H: Final = 0.05
"""A battery reaches a limit of its state of charge in three minutes at the earliest."""
BED_M3_PER_H: Final = 26.0
PHASE_V: Final = 230.0


def least_flow_pct(unit: AirHandling) -> float:
    """The unit's lowest air flow [%]: its own minimum, and 26 m3/h for every bed."""
    return min(100.0, max(unit.min_flow_pct, 100.0 * unit.bedrooms * BED_M3_PER_H / unit.flow_m3_per_h))


def alarm_points(scene: Scene, unit: AirHandling) -> tuple[str, ...]:
    """The unit's own safety signals: they are obeyed, never overridden."""
    found = (scene.find(unit, signal) for signal in ("fire_alarm", "frost_alarm"))
    return tuple(point for point in found if point is not None)


class Bound(NamedTuple):
    """The point must lie within [low, high]; None leaves the side open."""

    low: float | None
    high: float | None
    code: Code

    def within(self, value: float) -> float:
        """The nearest value that lies within; `high` wins where the two cross."""
        value = value if self.low is None else max(self.low, value)
        return value if self.high is None else min(self.high, value)


Bounds = dict[str, list[Bound]]


def bounds(scene: Scene) -> Bounds:
    """Every bound of the moment by point; the later of a point's bounds wins over the earlier."""
    found: Bounds = defaultdict(list)
    for law in (
        _rated,
        _people,
        _air,
        _heat_pumps,
        _circuits,
        _boilers,
        _district_heat,
        _hot_water,
        _blinds,
        _batteries,
    ):
        law(scene, found)
    return found


def left_alone(scene: Scene) -> dict[str, Code]:
    """The points that must be given back now: the air-handling units with a fire or frost alarm."""
    found: dict[str, Code] = {}
    for unit in scene.site.air_handling:
        if any(scene.flag(alarm) for alarm in alarm_points(scene, unit)):
            for signal in ("airflow_request_pct", "supply_setpoint_degc"):
                if (point := scene.find(unit, signal)) is not None:
                    found[point] = Code.GUARD_AIR_ALARM
    return found


def _add(found: Bounds, point: str | None, low: float | None, high: float | None, code: Code) -> None:
    if point is not None:
        found[point].append(Bound(low, high, code))


def _rated(scene: Scene, found: Bounds) -> None:
    """No more stages, compressors or current than the asset has: a profile only knows what its kind may have."""
    site, rated = scene.site, list[tuple[str | None, float]]()
    rated += [(scene.find(pump, "stage_request"), float(pump.compressors)) for pump in site.heat_pumps]
    rated += [(scene.find(boiler, "stage_request"), float(boiler.stages)) for boiler in site.boilers]
    for pump in site.heat_pumps:
        point = scene.find(pump, "capacity_request_pct")
        _add(found, point, 100 * pump.least_share, 100.0, Code.GUARD_RATED)
    if site.hot_water is not None:
        rated.append((scene.find(site.hot_water, "stage_request"), float(site.hot_water.after_heater_stages)))
    for charger in site.chargers:
        amps = 1000 * charger.max_kw / (charger.phases * PHASE_V)
        rated.append((scene.find(charger, "max_current_a"), float(ceil(amps))))
    for point, most in rated:
        _add(found, point, None, most, Code.GUARD_RATED)


def _people(scene: Scene, found: Bounds) -> None:
    """Residents between 21 (or their own lower wish, never below 20) and 24 degC; 19 degC where somebody is."""
    for zone in scene.site.zones:
        for room in zone.rooms:
            low = max(RESIDENT_LEAST_DEGC, min(RESIDENT_MIN_DEGC, room.setpoint_degc))
            point = scene.find(room.devices, "setpoint_degc")
            _add(found, point, low, RESIDENT_MAX_DEGC, Code.GUARD_RESIDENT)
        point = scene.find(zone, "setpoint_degc")
        if zone.kind is ZoneKind.RESIDENTIAL:
            low = max(RESIDENT_LEAST_DEGC, min(RESIDENT_MIN_DEGC, zone.setpoint_degc))
            _add(found, point, low, RESIDENT_MAX_DEGC, Code.GUARD_RESIDENT)
        elif scene.manned(zone) or scene.flag(scene.find(zone, "occupied")):
            _add(found, point, min(MANNED_MIN_DEGC, zone.setpoint_degc), None, Code.GUARD_MANNED)


def _air(scene: Scene, found: Bounds) -> None:
    for unit in scene.site.air_handling:
        if unit.bedrooms:
            point = scene.find(unit, "airflow_request_pct")
            _add(found, point, least_flow_pct(unit), None, Code.GUARD_BED_AIR)


def _heat_pumps(scene: Scene, found: Bounds) -> None:
    """The machine's envelope; fewer compressors as the brine freezes; none with a fault or an open safety chain.

    None either in air colder than an air-source machine stands.
    """
    for pump in scene.site.heat_pumps:
        for signal in ("supply_setpoint_degc", "fixed_supply_setpoint_degc"):
            _add(found, scene.find(pump, signal), None, pump.supply_max_degc, Code.GUARD_MACHINE_ENVELOPE)
        point = scene.find(pump, "stage_request")
        returned = scene.of(pump, "return_temp_degc")
        if returned is not None and returned > pump.return_max_degc:
            _add(found, point, None, float(pump.compressors - 1), Code.GUARD_RETURN_HOT)
        brine = scene.of(pump, "brine_out_temp_degc")
        if brine is not None and brine < pump.brine_out_min_degc:
            high = 1.0 if brine >= pump.brine_out_min_degc - BRINE_STEP_K else 0.0
            _add(found, point, None, high, Code.GUARD_BRINE_COLD)
        if too_cold_outdoors(scene, pump):
            _add(found, point, None, 0.0, Code.GUARD_OUTDOOR_COLD)
        if scene.flag(scene.find(pump, "fault")) or scene.flag(scene.find(pump, "release_ok")) is False:
            _add(found, point, None, 0.0, Code.GUARD_TRIPPED)


def too_cold_outdoors(scene: Scene, pump: HeatPump) -> bool:
    """Whether any sensor near says that the air is colder than the machine stands."""
    points = [scene.find(asset, "outdoor_temp_degc") for asset in (pump.devices, scene.site.weather_station)]
    temps = [value for point in points if (value := scene.value(point)) is not None]
    return pump.lowest_outdoor_degc is not None and bool(temps) and min(temps) < pump.lowest_outdoor_degc


def _circuits(scene: Scene, found: Bounds) -> None:
    """No supply above the circuit's maximum; pumps run when it is below 5 degC outdoors: coils and pipes freeze."""
    site = scene.site
    outdoors = [scene.find(site.weather_station, "outdoor_temp_degc")]
    outdoors += [scene.find(asset, "outdoor_temp_degc") for asset in (*site.heat_pumps, *site.air_handling)]
    temps = [value for point in outdoors if (value := scene.value(point)) is not None]
    frost = not temps or min(temps) < FROST_DEGC
    for circuit in site.circuits:
        point = scene.find(circuit, "supply_setpoint_degc")
        _add(found, point, None, circuit.max_supply_degc, Code.GUARD_CIRCUIT_LIMIT)
        if frost:
            _add(found, scene.find(circuit, "pump_on"), 1.0, None, Code.GUARD_FROST)


def _boilers(scene: Scene, found: Bounds) -> None:
    for boiler in scene.site.boilers:
        if scene.flag(scene.find(boiler, "overheat_trip")) or scene.flag(scene.find(boiler, "fault")):
            _add(found, scene.find(boiler, "stage_request"), None, 0.0, Code.GUARD_TRIPPED)


def _district_heat(scene: Scene, found: Bounds) -> None:
    """No hotter water than the house stands; the valve shut where it is far hotter all the same."""
    for network in scene.site.district_heat:
        point = scene.find(network, "supply_setpoint_degc")
        _add(found, point, None, network.supply_max_degc, Code.GUARD_DISTRICT_LIMIT)
        supply = scene.of(network, "supply_temp_degc")
        if supply is not None and supply > network.supply_max_degc + OVERHEAT_K:
            _add(found, scene.find(network, "valve_limit_pct"), None, 0.0, Code.GUARD_DISTRICT_HOT)


def _batteries(scene: Scene, found: Bounds) -> None:
    """Within what the inverter is rated for, and slower the nearer the state of charge is to its limits."""
    for battery in scene.site.batteries:
        point = scene.find(battery, "power_setpoint_kw")
        _add(found, point, -battery.discharge_kw, battery.charge_kw, Code.GUARD_BATTERY_RATED)
        charge_pct = scene.of(battery, "state_of_charge_pct")
        if charge_pct is not None:
            per_pct = battery.capacity_kwh / 100 / TAPER_H
            low = -max(charge_pct - battery.lowest_pct, 0.0) * per_pct * battery.efficiency
            high = max(battery.highest_pct - charge_pct, 0.0) * per_pct / battery.efficiency
            _add(found, point, low, high, Code.GUARD_BATTERY_CHARGE)
        if scene.flag(scene.find(battery, "fault")):
            _add(found, point, 0.0, 0.0, Code.GUARD_TRIPPED)


def _hot_water(scene: Scene, found: Bounds) -> None:
    """All stages below the hygiene limits, unless that would scald; none after a trip; circulation always."""
    water = scene.site.hot_water
    if water is None:
        return
    point = scene.find(water, "stage_request")
    _add(found, scene.find(water, "circulation_pump_on"), 1.0, None, Code.GUARD_CIRCULATION)
    if too_cold(scene):
        _add(found, point, float(water.after_heater_stages), None, Code.GUARD_HOT_WATER)
    supply, shower = scene.of(water, "supply_temp_degc"), scene.of(water, "shower_temp_degc")
    hot_enough = not too_cold(scene)
    scalding = (supply is not None and supply > SCALD_SUPPLY_DEGC) or (
        shower is not None and shower > SHOWER_DANGER_DEGC and hot_enough
    )
    if scalding:
        _add(found, point, None, 0.0, Code.GUARD_SCALD)
    if scene.flag(scene.find(water, "overheat_trip")):
        _add(found, point, None, 0.0, Code.GUARD_TRIPPED)


def too_cold(scene: Scene) -> bool:
    """Whether the hot-water supply or a return is below its hygiene limit."""
    water, rule = scene.site.hot_water, scene.site.hygiene
    if water is None:
        return False
    supply = scene.of(water, "supply_temp_degc")
    returns = [scene.of(loop.devices, "return_temp_degc") for loop in water.loops]
    cold_return = any(value is not None and value < rule.return_min_degc for value in returns)
    return cold_return or (supply is not None and supply < rule.supply_min_degc)


def _blinds(scene: Scene, found: Bounds) -> None:
    for blind in scene.site.blinds:
        if scene.flag(scene.find(blind, "wind_alarm")):
            _add(found, scene.find(blind, "position_pct"), None, 0.0, Code.GUARD_WIND)
