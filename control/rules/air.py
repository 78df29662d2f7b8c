"""Ventilation and free cooling. Plain rules. A fire or frost alarm leaves the unit to its own controller."""

from dataclasses import dataclass, replace
from math import log
from typing import Final

from control.limits import alarm_points, least_flow_pct
from control.picture import Scene
from control.rules.heat import Outdoor
from control.rules.memory import RuleMemory, latch
from control.rules.peak_guard import FREE, Room
from control.wish import Wish
from models.assets import AirHandling, ZoneKind
from models.reasons import Code, because

CO2_LOW_PPM: Final = 750.0
CO2_HIGH_PPM: Final = 950.0
"""Full air here: the limit is 1000 ppm."""
SUPPLY_WARM_DEGC: Final = 19.5
SUPPLY_COOL_DEGC: Final = 16.0
EXTRACT_LOW_DEGC: Final = 22.0
EXTRACT_HIGH_DEGC: Final = 24.0
SUPPLY_BAND_K: Final = 0.5
"""Smaller changes of the supply set point are not worth a write."""
NIGHT_AIR_LOW_DEGC: Final = 22.5
NIGHT_AIR_HIGH_DEGC: Final = 24.0
NIGHT_AIR_COLDER_K: Final = 3.0
NIGHT_AIR_SEASON_DEGC: Final = 10.0
"""Filtered outdoor temperature above which warm rooms are cooled with night air."""
FLOW_BAND_PCT: Final = 15.0
SPARE_LEAST_S: Final = 1800.0
SPARE_MOST_S: Final = 3600.0
"""A unit is turned down at a peak for half an hour to an hour [s], then runs for as long."""
COOLING_ON_DEGC: Final = 24.5
COOLING_OFF_DEGC: Final = 23.0
COOLING_SPAN_K: Final = 1.5
COOLING_REST_S: Final = 900.0
COOLING_BAND_PCT: Final = 10.0
"""Steadied, or a warm morning uses up the day's writes of the valve and the hot afternoon finds it where it stood."""
DEW_MARGIN_K: Final = 2.0


def ramp(value: float, low: float, high: float) -> float:
    """0 at `low` and below, 1 at `high` and above, straight between."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def air_flow(
    scene: Scene, memory: RuleMemory, outside: Outdoor | None, room: Room = FREE
) -> tuple[list[Wish], RuleMemory]:
    """Air flow of every unit: full in its hours, its minimum outside them, more as CO2 rises from 750 to 950 ppm.

    Never below 26 m3/h per bed. On summer nights more as the extract air passes 22.5 degC while it is 3 K colder
    outdoors. Fallbacks: no CO2: the timetable alone; no extract or outdoor temperature: no night air; an alarm signal
    that does not answer: the unit is given back to its own controller. At a peak (`room`) units that serve neither
    bedrooms nor a kitchen follow CO2 in their hours too, for half an hour to an hour at a time.
    """
    wishes: list[Wish] = []
    for unit in scene.site.air_handling:
        point = scene.find(unit, "airflow_request_pct")
        if point is None:
            continue
        alarms = alarm_points(scene, unit)
        if (left := _left_alone(scene, point, alarms)) is not None:
            wishes += left
            continue
        co2_point = scene.find(unit, "extract_co2_ppm")
        co2 = scene.value(co2_point)
        least = least_flow_pct(unit)
        spared, memory = _spared(scene, memory, unit, room)
        full = not unit.occupied or scene.manned(unit)
        if full and spared and co2 is not None and co2_point is not None:
            wanted = least + (100.0 - least) * ramp(co2, CO2_LOW_PPM, CO2_HIGH_PPM)
            flow, memory = memory.steadied(point, wanted, FLOW_BAND_PCT)
            code = Code.PEAK_AIR if room.spare_air else Code.PLAN_AIR
            wishes.append(Wish(point, flow, because(code, flow_pct=flow, co2_ppm=co2), (*alarms, co2_point)))
        elif full:
            wishes.append(Wish(point, 100.0, because(Code.AIR_MANNED, flow_pct=100.0), alarms))
        elif (night := _night_air(scene, unit, least, outside)) is not None:
            flow, memory = memory.steadied(point, night[1], FLOW_BAND_PCT)
            why = because(Code.AIR_NIGHT, flow_pct=flow, extract_degc=night[2])
            wishes.append(Wish(point, flow, why, (*alarms, night[0])))
        elif co2 is not None and co2_point is not None:
            wanted = least + (100.0 - least) * ramp(co2, CO2_LOW_PPM, CO2_HIGH_PPM)
            flow, memory = memory.steadied(point, wanted, FLOW_BAND_PCT)
            wishes.append(Wish(point, flow, because(Code.AIR_CO2, flow_pct=flow, co2_ppm=co2), (*alarms, co2_point)))
        elif scene.missing(co2_point):
            wishes.append(Wish(point, least, because(Code.AIR_TIMETABLE, flow_pct=least), alarms))
    return wishes, memory


def _spared(scene: Scene, memory: RuleMemory, unit: AirHandling, room: Room) -> tuple[bool, RuleMemory]:
    """Whether the unit is turned down at a peak now.

    Never where people sleep, nor where only service rooms are, nor while warm rooms need its air to cool them.
    """
    before = memory.spared.get(unit.id)
    asked = room.spare_air or (scene.guidance is not None and unit.id in scene.guidance.air_cut)
    if before is None and not asked:
        return False, memory
    zones = [zone for zone in scene.site.zones if zone.air_handling == unit.id]
    if unit.bedrooms or all(zone.kind in (ZoneKind.RESIDENTIAL, ZoneKind.SERVICE) for zone in zones):
        return False, memory
    extract = scene.of(unit, "extract_temp_degc")
    if extract is not None and extract > EXTRACT_HIGH_DEGC:
        return False, memory
    tired = before is not None and before.on and scene.seconds_since(before.since) >= SPARE_MOST_S
    switch = latch(
        before,
        scene.now,
        start=asked,
        stop=tired or not asked,
        min_on_s=SPARE_LEAST_S,
        min_off_s=SPARE_MOST_S,
    )
    return switch.on, replace(memory, spared={**memory.spared, unit.id: switch})


def _night_air(
    scene: Scene, unit: AirHandling, least_pct: float, outside: Outdoor | None
) -> tuple[str, float, float] | None:
    """Extract sensor, flow [%] and extract temperature [degC] while night air cools more than CO2 would ask for."""
    extract_point = scene.find(unit, "extract_temp_degc")
    extract = scene.value(extract_point)
    outdoor_degc = scene.of(scene.site.weather_station, "outdoor_temp_degc")
    if extract_point is None or extract is None or outdoor_degc is None or outside is None:
        return None
    if outside.degc < NIGHT_AIR_SEASON_DEGC or outdoor_degc > extract - NIGHT_AIR_COLDER_K:
        return None
    flow = least_pct + (100.0 - least_pct) * ramp(extract, NIGHT_AIR_LOW_DEGC, NIGHT_AIR_HIGH_DEGC)
    co2 = scene.of(unit, "extract_co2_ppm")
    for_people = least_pct + (100.0 - least_pct) * (ramp(co2, CO2_LOW_PPM, CO2_HIGH_PPM) if co2 is not None else 0.0)
    return (extract_point, flow, extract) if flow > max(least_pct, for_people) else None


def _left_alone(scene: Scene, point: str, alarms: tuple[str, ...]) -> list[Wish] | None:
    """The wish that gives the unit back while an alarm is on or unknown; None when it may be run."""
    if any(scene.flag(alarm) for alarm in alarms):
        return [Wish(point, None, because(Code.AIR_ALARM), alarms)]
    if any(scene.missing(alarm) for alarm in alarms):
        return [Wish(point, None, because(Code.AIR_NO_ANSWER), ())]
    return [] if scene.unsettled(alarms) else None


@dataclass(frozen=True)
class Dew:
    """Dew point of the outdoor air [degC] and what it was computed from."""

    degc: float
    needs: tuple[str, ...]


def dew_point_degc(temp_degc: float, humidity_pct: float) -> float:
    """Magnus formula over water (WMO constants 17.62, 243.12 degC); within 0.4 K from -45 to 60 degC."""
    gamma = log(max(humidity_pct, 1.0) / 100) + 17.62 * temp_degc / (243.12 + temp_degc)
    return 243.12 * gamma / (17.62 - gamma)


def dew(scene: Scene) -> Dew | None:
    """The outdoor dew point from the weather station; None when it does not know."""
    station = scene.site.weather_station
    temp, humidity = scene.find(station, "outdoor_temp_degc"), scene.find(station, "humidity_pct")
    degc, pct = scene.value(temp), scene.value(humidity)
    if temp is None or humidity is None or degc is None or pct is None:
        return None
    return Dew(dew_point_degc(degc, pct), (temp, humidity))


def supply_air(scene: Scene, memory: RuleMemory) -> tuple[list[Wish], RuleMemory]:
    """Supply air from 19.5 degC down to 16 as the extract air rises from 22 to 24 degC, at least dew point + 2 K.

    Fallbacks: no extract temperature, or an alarm signal that does not answer: the unit keeps its own set point; no
    humidity: 16 degC becomes 18.
    """
    wishes: list[Wish] = []
    wet = dew(scene)
    for unit in scene.site.air_handling:
        point, extract_point = scene.find(unit, "supply_setpoint_degc"), scene.find(unit, "extract_temp_degc")
        if point is None:
            continue
        alarms = alarm_points(scene, unit)
        if (left := _left_alone(scene, point, alarms)) is not None:
            wishes += left
            continue
        extract = scene.value(extract_point)
        if extract is None or extract_point is None:
            wishes += [Wish(point, None, because(Code.AIR_NO_ANSWER), alarms)] if scene.missing(extract_point) else []
            continue
        floor = max(SUPPLY_COOL_DEGC, wet.degc + DEW_MARGIN_K) if wet is not None else 18.0
        share = ramp(extract, EXTRACT_LOW_DEGC, EXTRACT_HIGH_DEGC)
        wanted = SUPPLY_WARM_DEGC - share * (SUPPLY_WARM_DEGC - SUPPLY_COOL_DEGC)
        degc, memory = memory.steadied(point, wanted, SUPPLY_BAND_K)
        degc = max(floor, degc)
        why = because(Code.AIR_SUPPLY, supply_degc=degc, extract_degc=extract)
        wishes.append(Wish(point, degc, why, (*alarms, extract_point, *(wet.needs if wet is not None else ()))))
    return wishes, memory


def free_cooling(scene: Scene, memory: RuleMemory, outside: Outdoor | None) -> tuple[list[Wish], RuleMemory]:
    """Brine through the cooling coils when the warmest extract air of a unit with one passes 24.5 degC, until 23.

    Only outside the heating season and while the brine from the wells leaves supply air above dew point + 2 K.
    Fallbacks: any of humidity, extract air, brine or outdoor temperature missing: none (0 %).
    """
    wells = scene.site.wells
    point = scene.find(wells, "free_cooling_pct") if wells is not None else None
    if wells is None or point is None:
        return [], memory
    brine_point = scene.find(wells, "from_wells_temp_degc")
    coils = [unit for unit in scene.site.air_handling if unit.cooling_coil_kw > 0]
    extracts = [scene.find(unit, "extract_temp_degc") for unit in coils]
    young = [(p, value) for p in extracts if p is not None and (value := scene.value(p)) is not None]
    wet = dew(scene)
    station = scene.site.weather_station
    weather = [scene.find(station, s) for s in ("outdoor_temp_degc", "humidity_pct")]
    if outside is None or scene.unsettled([brine_point, *weather]) or (not young and scene.unsettled(extracts)):
        return [], memory
    if wet is None or not young or brine_point is None or scene.value(brine_point) is None:
        return [Wish(point, 0.0, because(Code.COOLING_UNKNOWN), ())], replace(memory, free_cooling=None)
    warmest_point, warmest = max(young, key=lambda pair: pair[1])
    heating = any(pump.on for circuit, pump in memory.pumps.items() if _is_air(scene, circuit))
    dry = wet.degc + DEW_MARGIN_K <= SUPPLY_WARM_DEGC
    switch = latch(
        memory.free_cooling,
        scene.now,
        start=warmest > COOLING_ON_DEGC and not heating and dry,
        stop=warmest < COOLING_OFF_DEGC or heating or not dry,
        min_off_s=COOLING_REST_S,
    )
    wanted = 100.0 * ramp(warmest, COOLING_OFF_DEGC, COOLING_OFF_DEGC + COOLING_SPAN_K) if switch.on else 0.0
    pct, memory = memory.steadied(point, wanted, COOLING_BAND_PCT)
    code = Code.COOLING if switch.on else Code.COOLING_OFF
    why = because(code, extract_degc=warmest, dew_degc=wet.degc, cooling_pct=pct)
    needs = (warmest_point, brine_point, *wet.needs, *outside.needs)
    return [Wish(point, pct, why, needs)], replace(memory, free_cooling=switch)


def _is_air(scene: Scene, circuit_id: str) -> bool:
    return any(circuit.id == circuit_id and circuit.kind == "air" for circuit in scene.site.circuits)
