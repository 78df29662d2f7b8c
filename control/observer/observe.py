"""Where the plant stands, beyond what sensors say: called at every step, cheap, never without an answer.

Powers are averaged at every look; groups, ground and machines move on every five minutes of site time. After a hole of
more than two hours the groups start anew from what is measured then.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from statistics import median
from typing import Final

from control.assets.building import Group
from control.assets.heat_pumps import CHARGE_H, HeatPumps, Running
from control.grid import QUARTER_S, Grid
from control.hygiene import fresh
from control.observer.estimate import Estimate, FreeHeat, GroupEstimate, Sum
from control.observer.groups import LOST_H, Driven, followed, parameters, relearned, started
from control.observer.inputs import (
    air_into,
    emitted_kw,
    equipment_heat_kw,
    heat_meters,
    openings,
    seen,
    sun_through_windows_kw,
    usual_free,
)
from control.observer.plant import air_debts, biases, compressors_on, ground, tanks
from control.picture import Scene
from control.plant_model import FLOOR_DEGC
from control.problem import Plant, State
from control.rules.fleet import fleet
from control.rules.heat import outdoor_points
from control.rules.memory import Filtered, RuleMemory
from models.assets import Boiler, Zone
from models.district_heat import DistrictHeat
from models.reasons import Code

UPDATE_S: Final = 300.0
MILD_DEGC: Final = 0.0
"""Outdoors, when nothing has ever said."""
STALE_H: Final = 6.0
"""A tank not measured for so long is where it usually stands."""
NOW_SHARE: Final = 0.25
"""Of the disturbance's distance from the usual one: what a plan of two days goes by."""


def observe(
    scene: Scene,
    memory: RuleMemory,
    plant: Plant,
    before: Estimate | None,
    *,
    gains_kw: Mapping[str, float] | None = None,
    solar_kw: Mapping[str, float] | None = None,
) -> Estimate:
    """The estimate after this look.

    Args:
        scene: what is measured now.
        memory: of the rules.
        plant: parameters, fitted or not.
        before: the estimate after the look before; None at the first.
        gains_kw: people and equipment by group, as the outlook has them now; None: by the timetable.
        solar_kw: sun into each group after blinds; None: from the weather station.
    """
    if before is None or scene.now < before.at:
        before = Estimate(at=scene.now, updated_at=scene.now - timedelta(hours=2 * LOST_H))
    passed_s = min(scene.seconds_since(before.at), UPDATE_S)
    quarter, quarter_kwh = _quarter(scene, memory, before)
    free = (before.free, before.equipment_kw) if quarter == before.quarter else usual_free(scene, plant)
    points = heat_meters(scene, plant)
    now = replace(
        before,
        at=scene.now,
        tanks=tanks(scene, plant, before.tanks),
        outdoor_degc=_outdoor_degc(scene, memory, before.outdoor_degc),
        powers={point: _added(before.powers.get(point), scene.value(point), passed_s) for point in points},
        quarter=quarter,
        quarter_kwh=quarter_kwh,
        free=free[0],
        equipment_kw=free[1],
    )
    waited_s = scene.seconds_since(before.updated_at)
    if waited_s < UPDATE_S - 1.0:
        return now
    hours = waited_s / 3600
    running = {pump.id: on for pump in scene.site.heat_pumps if (on := compressors_on(scene, pump)) is not None}
    return replace(
        now,
        updated_at=scene.now,
        groups=_groups(scene, plant, now, hours, (gains_kw, solar_kw)),
        ground=ground(scene, plant, before.ground, hours),
        machines=biases(scene, plant, before.machines, before.compressors, running, min(hours, 1.0)),
        compressors=running,
        air_debt_h=air_debts(scene, memory, before.air_debt_h, min(hours, LOST_H)),
        powers={},
    )


def _added(sum_: Sum | None, power_kw: float | None, passed_s: float) -> Sum:
    sum_ = sum_ or Sum()
    if power_kw is None:
        return sum_
    passed_s = max(passed_s, 1.0)
    return Sum(sum_.kws + power_kw * passed_s, sum_.s + passed_s)


def _outdoor_degc(scene: Scene, memory: RuleMemory, last: float | None) -> float | None:
    station, others = outdoor_points(scene)
    if (value := scene.value(station)) is not None:
        return value
    young = [value for point in others if (value := scene.value(point)) is not None]
    if young:
        return median(young)
    return memory.outdoor.value if memory.outdoor is not None else last


def _quarter(scene: Scene, memory: RuleMemory, before: Estimate) -> tuple[datetime, float]:
    """Begin of the running quarter, and what had been bought in its clock hour by then [kWh]."""
    begin = scene.now - timedelta(seconds=scene.now.timestamp() % QUARTER_S)
    if before.quarter == begin:
        return begin, before.quarter_kwh
    hour = memory.hour
    return begin, hour.bought_kwh if hour is not None and hour.start == _hour_of(begin) else 0.0


def _hour_of(when: datetime) -> datetime:
    return when.replace(minute=0, second=0, microsecond=0)


def _groups(
    scene: Scene,
    plant: Plant,
    now: Estimate,
    hours: float,
    told: tuple[Mapping[str, float] | None, Mapping[str, float] | None],
) -> dict[str, GroupEstimate]:
    zones = {zone.id: zone for zone in scene.site.zones}
    metered = {point: of.kws / of.s for point, of in now.powers.items() if of.s > 0}
    masses = {g.id: now.groups[g.id].mass_degc if g.id in now.groups else FLOOR_DEGC for g in plant.groups}
    outdoor = now.outdoor_degc if now.outdoor_degc is not None else MILD_DEGC
    heat, air = emitted_kw(scene, plant, masses, metered), air_into(scene, plant, outdoor)
    gains, solar = told
    equipment = equipment_heat_kw(scene, now.equipment_kw)
    sun = solar if solar is not None else sun_through_windows_kw(scene, plant)
    result = {}
    for group in plant.groups:
        of = [zones[name] for name in group.zones if name in zones]
        told_kw = gains.get(group.id) if gains is not None else None
        usual = now.free.get(group.id, FreeHeat(0.0, 0.0))
        driven = Driven(
            heat_kw=heat[group.id],
            gains_kw=told_kw if told_kw is not None else usual.equipment_share * equipment + usual.people_kw,
            solar_kw=sun.get(group.id, 0.0),
            vent_kw_per_k=air[group.id][0],
            vent_supply_degc=air[group.id][1],
            outdoor_degc=outdoor,
        )
        result[group.id] = _group(scene, group, of, now.groups.get(group.id), driven, hours)
    return result


def _group(
    scene: Scene, group: Group, zones: list[Zone], before: GroupEstimate | None, driven: Driven, hours: float
) -> GroupEstimate:
    area, saw = sum(zone.area_m2 for zone in zones), seen(scene, zones)
    if before is not None and before.model != parameters(group):
        before = relearned(group, area, before)
    after = followed(group, area, before, saw, driven, hours) if before is not None and hours <= LOST_H else None
    if after is not None and all(isfinite(x) for x in (after.room_degc, after.mass_degc, *after.covariance)):
        return after
    setpoint = sum(zone.setpoint_degc * zone.area_m2 for zone in zones) / max(area, 1e-9)
    new = started(group, area, saw, setpoint, driven)
    return replace(new, usual_kw=before.usual_kw, disturbance_kw=before.usual_kw) if before is not None else new


# --- What a plan begins with ----------------------------------------------------------------------------------------


def state(scene: Scene, memory: RuleMemory, plant: Plant, estimate: Estimate, grid: Grid) -> State:
    """The state that a plan on `grid` begins with. Whatever was never measured is where it usually stands."""
    water = plant.hot_water
    due = memory.hygiene.due_at if memory.hygiene is not None else fresh(scene.now).due_at
    groups = {group.id: estimate.groups.get(group.id) for group in plant.groups}
    known = {name: group for name, group in groups.items() if group is not None}
    return State(
        tanks_degc=_tanks(scene, plant, estimate),
        rooms_degc={name: group.room_degc for name, group in known.items()},
        masses_degc={name: group.mass_degc for name, group in known.items()},
        openings=openings(scene, plant),
        ground_degc=estimate.ground.value if estimate.ground is not None else None,
        disturbance_kw={name: held_kw(group) for name, group in known.items()},
        heat_pumps=_machines(scene, memory, plant, grid),
        boilers_lost=frozenset(boiler.id for boiler in scene.site.boilers if _lost(scene, boiler)),
        air_debt_h={unit.id: estimate.air_debt_h.get(unit.id, 0.0) for unit in plant.air},
        extract_degc=_extracts(scene),
        batteries_kwh=_batteries(scene),
        networks_lost=frozenset(network.id for network in scene.site.district_heat if _no_heat(scene, network)),
        heat_hour_kwh=_heat_before_kwh(memory, grid),
        hour_kwh=bought_before_kwh(memory, estimate, grid),
        hygiene_due_at=due if water is not None else None,
    )


def held_kw(group: GroupEstimate) -> float:
    """The disturbance that a plan holds for two days: mostly what is usual."""
    return group.usual_kw + NOW_SHARE * (group.disturbance_kw - group.usual_kw)


def _tanks(scene: Scene, plant: Plant, estimate: Estimate) -> dict[str, float]:
    expected = {tank.node.id: tank.expected_degc for tank in (plant.buffer, *plant.tanks)}
    if plant.hot_water is not None:
        expected[plant.hot_water.after_heater.id] = plant.hot_water.cycle_degc
    return {node: _recent(scene, estimate.tanks.get(node), usual) for node, usual in expected.items()}


def _recent(scene: Scene, measured: Filtered | None, usual: float) -> float:
    if measured is None or scene.seconds_since(measured.at) > STALE_H * 3600:
        return usual
    return measured.value


def bought_before_kwh(memory: RuleMemory, estimate: Estimate, grid: Grid) -> float:
    """Bought in the grid's first clock hour before the grid begins [kWh]; an even hour where nobody looked then."""
    hour = memory.hour
    if hour is None or hour.start != _hour_of(grid.start) or hour.at <= hour.start:
        return 0.0
    if estimate.quarter == grid.start:
        return min(estimate.quarter_kwh, hour.bought_kwh)
    return hour.bought_kwh * max((grid.start - hour.start) / (hour.at - hour.start), 0.0)


def _machines(scene: Scene, memory: RuleMemory, plant: Plant, grid: Grid) -> dict[str, Running]:
    # One that is only too cold now is the plan's, which knows in which steps it can run.
    lost = {name for name, why in fleet(scene, memory).lost.items() if why is not Code.LOST_TOO_COLD}
    # A machine that is not run by stages is only known by its own signals.
    lost |= {
        pump.id
        for pump in scene.site.heat_pumps
        if scene.find(pump, "stage_request") is None and scene.missing(scene.find(pump, "supply_temp_degc"))
    }
    return {group.id: _running(scene, memory, group, lost, grid) for group in plant.heat_pumps}


def _running(scene: Scene, memory: RuleMemory, group: HeatPumps, lost: set[str], grid: Grid) -> Running:
    able = [p for p in scene.site.heat_pumps if p.id in group.machines and p.id not in lost]
    on = held = 0
    until_h = 0.0
    for pump in able:
        of = memory.machines.get(pump.id)
        measured = compressors_on(scene, pump)
        asked = of.stage if of is not None else 0
        on += asked if measured is None else measured
        if of is None or of.started_at is None or not asked:
            continue
        end = of.started_at + timedelta(minutes=pump.min_run_min)
        if end > scene.now:
            held += asked
            until_h = max(until_h, (end - grid.start) / timedelta(hours=1))
    duty = memory.duty if memory.duty is not None and any(p.id == memory.duty.machine for p in able) else None
    charge_h = 0.0 if duty is None else (duty.since - grid.start) / timedelta(hours=1) + CHARGE_H
    return Running(len(able), max(on, held), held, until_h, duty is not None, max(charge_h, 0.0))


def _extracts(scene: Scene) -> dict[str, float]:
    """Extract air of every unit that tells something a room can have [degC]."""
    found = {unit.id: scene.of(unit, "extract_temp_degc") for unit in scene.site.air_handling}
    return {name: degc for name, degc in found.items() if degc is not None and EXTRACT_LOW < degc < EXTRACT_HIGH}


EXTRACT_LOW: Final = 16.0
EXTRACT_HIGH: Final = 30.0


def _batteries(scene: Scene) -> dict[str, float]:
    """What is stored in every battery that tells it and has no fault [kWh]."""
    found = {}
    for battery in scene.site.batteries:
        charge_pct = scene.of(battery, "state_of_charge_pct")
        if charge_pct is not None and not scene.flag(scene.find(battery, "fault")):
            found[battery.id] = charge_pct / 100 * battery.capacity_kwh
    return found


def _no_heat(scene: Scene, network: DistrictHeat) -> bool:
    """Whether a substation reports a fault, or has not answered for long."""
    fault = scene.find(network, "fault")
    return bool(scene.flag(fault)) or scene.missing(scene.find(network, "supply_temp_degc"))


def _heat_before_kwh(memory: RuleMemory, grid: Grid) -> dict[str, float]:
    """District heat taken in the grid's first clock hour before the grid begins [kWh]; as if evenly."""
    found = {}
    for name, hour in memory.heat_hours.items():
        if hour.start == _hour_of(grid.start) and hour.at > hour.start:
            found[name] = hour.taken_kwh * min((grid.start - hour.start) / (hour.at - hour.start), 1.0)
    return found


def _lost(scene: Scene, boiler: Boiler) -> bool:
    guards = [point for s in ("overheat_trip", "fault") if (point := scene.find(boiler, s)) is not None]
    return any(scene.flag(guard) or scene.missing(guard) for guard in guards)
