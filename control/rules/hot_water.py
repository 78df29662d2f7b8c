"""Hot water: after-heater stages, circulation, and the heat cycle on its deadline. Plain rules."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from control import hygiene
from control.picture import Scene
from control.rules.memory import RuleMemory
from control.rules.peak_guard import FREE, Room
from control.wish import Wish
from models.assets import HotWater
from models.reasons import Code, because
from models.signals import Reason

STAGE_STEP_K: Final = 1.5
"""Each further stage comes on this much lower."""
STAGE_BAND_K: Final = 1.5
"""A stage goes off this far above where it came on."""
SUPPLY_MARGIN_K: Final = 0.7
"""All stages before the supply or a return reaches its limit, not after."""
RIDE_MARGINS_K: Final = (2.5, 1.4)
"""Above the limits of supply and returns: first and second stage that do not make way at a peak."""
CYCLE_DEGC: Final = 75.0
"""Set point of the after-heater while a cycle is driven."""
MUST_START_H: Final = 12.0
"""A cycle is driven from this long before its deadline, whatever the hour [h]."""
MAY_START_H: Final = 36.0
"""From this long before, in the small hours, when nobody draws [h]."""
SMALL_HOURS: Final = range(1, 5)
MAY_PLAN_H: Final = 48.0
"""A plan may choose any time from this long before [h]."""
PLANNED_DEGC: Final = (68.0, 73.0)
"""Set point of the after-heater that a plan may ask for outside a cycle, lowest and highest."""


def hygiene_cycle(scene: Scene, memory: RuleMemory) -> tuple[RuleMemory, list[Reason]]:
    """Follows the proof of the heat cycle and decides whether one is driven now.

    Needs every sensor of the potable volume; a missing one proves nothing, so the cycle is driven until it is proven.
    """
    if scene.site.hot_water is None:
        return memory, []
    rule = scene.site.hygiene
    points = hygiene.potable_points(scene.site)
    values = [value for point in points if (value := scene.value(point)) is not None]
    coldest = min(values) if points and len(values) == len(points) else None
    before = memory.hygiene or hygiene.fresh(scene.now)
    state, proof = hygiene.observe(before, scene.now, coldest, rule, scene.max_age_s)
    events = []
    if proof is not None:
        facts = {"degc": proof.degc, "minutes": proof.minutes, "coldest_degc": proof.coldest_degc}
        events.append(because(Code.CYCLE_PROVEN, **facts))
    left_h = (state.due_at - scene.now) / timedelta(hours=1)
    planned = scene.guidance is not None and scene.guidance.cycle and left_h <= MAY_PLAN_H
    due = left_h <= MUST_START_H or planned or _by_night(scene, left_h)
    if due and state.forced_since is None:
        state = replace(state, forced_since=scene.now)
        events.append(because(Code.PLAN_CYCLE if planned else Code.CYCLE_STARTED, left_h=left_h))
    if left_h <= 0 < (before.due_at - (memory.decided_at or before.due_at)) / timedelta(hours=1):
        events.append(because(Code.CYCLE_OVERDUE, interval_days=rule.cycle_interval_days))
    return replace(memory, hygiene=state), events


def _by_night(scene: Scene, left_h: float) -> bool:
    """Without a plan, a cycle that falls due soon is driven in the small hours."""
    return scene.guidance is None and left_h <= MAY_START_H and scene.local.hour in SMALL_HOURS


def after_heater(scene: Scene, memory: RuleMemory, room: Room = FREE) -> tuple[list[Wish], RuleMemory]:
    """Stages of the after-heater: by hysteresis on its top, all of them when the supply or a return nears its limit.

    At a peak (`room`) stages make way while the water rides well above its limits; never those of a driven cycle.
    While a heat cycle is driven the set point is 75 degC and the bottom must follow. Fallbacks:
    the middle, then the supply sensor for a lost top; with none of them it is given back to its own thermostat. A lost
    return does not stop the rule: the others are watched.
    """
    water = scene.site.hot_water
    point = scene.find(water, "stage_request") if water is not None else None
    if water is None or point is None:
        return [], memory
    trip = scene.find(water, "overheat_trip")
    if scene.flag(trip) and trip is not None:
        return [Wish(point, 0.0, because(Code.AFTER_HEATER_TRIPPED), (trip,))], replace(memory, after_heater_stages=0)
    sensors = after_heater_sensors(scene, water)
    young = [(p, value) for p in sensors if p is not None and (value := scene.value(p)) is not None]
    if not young:
        if scene.unsettled(sensors):
            return [], memory
        return [Wish(point, None, because(Code.AFTER_HEATER_OWN), ())], replace(memory, after_heater_stages=None)
    sensor, measured = young[0]
    if sensor != sensors[0] and scene.unsettled(sensors[:1]):
        return [], memory
    driven = memory.hygiene is not None and memory.hygiene.forced_since is not None
    if driven and (bottom := scene.find(water, "bottom_temp_degc")) and (cold := scene.value(bottom)) is not None:
        sensor, measured = bottom, min(cold, measured)
    planned = scene.guidance is not None and scene.guidance.after_heater_degc is not None
    wanted = after_heater_wanted_degc(scene, water)
    setpoint = max(water.after_heater_degc, CYCLE_DEGC) if driven else wanted
    stages = _stages(memory.after_heater_stages, measured, setpoint, water.after_heater_stages)
    source = Code.AFTER_HEATER_CYCLE if driven else Code.PLAN_WATER if planned else Code.AFTER_HEATER
    why = because(source, temp_degc=measured, setpoint_degc=setpoint, stages=float(stages))
    needs: tuple[str, ...] = (sensor,)
    if room.after_heater is not None and not driven:
        least = max(room.after_heater, _least_stages(scene, water))
        if least < stages:
            stages, why = least, because(Code.PEAK_WATER, temp_degc=measured, stages=float(least))
    if (limit := near_limit(scene, water, SUPPLY_MARGIN_K)) is not None:
        stages, needs = water.after_heater_stages, (limit[0],)
        why = because(Code.AFTER_HEATER_LIMIT, temp_degc=limit[1], limit_degc=limit[2], stages=float(stages))
    return [Wish(point, float(stages), why, needs)], replace(memory, after_heater_stages=stages)


def after_heater_sensors(scene: Scene, water: HotWater) -> list[str | None]:
    """What tells how warm it is: its top, and what stands in for that."""
    return [scene.find(water, s) for s in ("top_temp_degc", "middle_temp_degc", "supply_temp_degc")]


def after_heater_wanted_degc(scene: Scene, water: HotWater) -> float:
    """What it is to hold while no cycle is driven [degC]: its usual temperature, or a plan's."""
    planned = scene.guidance.after_heater_degc if scene.guidance is not None else None
    if scene.strategy.full_tanks:
        return max(water.after_heater_degc, PLANNED_DEGC[1])
    return water.after_heater_degc if planned is None else min(max(planned, PLANNED_DEGC[0]), PLANNED_DEGC[1])


def _stages(before: int | None, measured_degc: float, setpoint_degc: float, most: int) -> int:
    """Stage k comes on (k-1) steps below the set point and goes off one band above that."""
    on = [setpoint_degc - k * STAGE_STEP_K for k in range(most)]
    return sum(
        measured_degc < (start + STAGE_BAND_K if before is not None and k < before else start)
        for k, start in enumerate(on)
    )


def urgent_stages(scene: Scene, memory: RuleMemory) -> int:
    """Stages that do not make way at a peak: those of a driven cycle, all near a limit, some while not far from it."""
    water, on = scene.site.hot_water, memory.after_heater_stages or 0
    if water is None:
        return 0
    if near_limit(scene, water, SUPPLY_MARGIN_K) is not None:
        return water.after_heater_stages
    driven = memory.hygiene is not None and memory.hygiene.forced_since is not None
    return on if driven else min(on, _least_stages(scene, water))


def _least_stages(scene: Scene, water: HotWater) -> int:
    """Stages that stay on at a peak: one when the water comes near its limits, two still nearer."""
    return sum(near_limit(scene, water, margin) is not None for margin in RIDE_MARGINS_K)


def near_limit(scene: Scene, water: HotWater, margin_k: float) -> tuple[str, float, float] | None:
    """The first of supply and returns within `margin_k` of (or below) its limit: point, value, limit [degC]."""
    rule = scene.site.hygiene
    watched = [(scene.find(water, "supply_temp_degc"), rule.supply_min_degc)]
    watched += [(scene.find(loop.devices, "return_temp_degc"), rule.return_min_degc) for loop in water.loops]
    for point, limit in watched:
        value = scene.value(point)
        if point is not None and value is not None and value < limit + margin_k:
            return point, value, limit
    return None


def circulation(scene: Scene) -> list[Wish]:
    """The circulation pump runs, always: standing water is what grows.

    Needs nothing but a device that has answered once; there is no fallback because there is nothing to fall back from.
    """
    water = scene.site.hot_water
    point = scene.find(water, "circulation_pump_on") if water is not None else None
    if point is None or (scene.value(point) is None and not scene.missing(point)):
        return []
    return [Wish(point, 1.0, because(Code.CIRCULATION), ())]
