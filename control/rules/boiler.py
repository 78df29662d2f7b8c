"""Electric boilers: the last heat on the buffer, stage by stage. Plain rule."""

from dataclasses import dataclass, replace
from typing import Final

from control.picture import Scene
from control.rules.demand import Shortage, bivalent_degc, chilly, shortage
from control.rules.fleet import Fleet
from control.rules.heat import Outdoor
from control.rules.memory import RuleMemory, Steps
from control.rules.peak_guard import FREE, Room
from control.wish import Wish
from models.assets import Boiler, ZoneKind
from models.reasons import Code, because

SHORT_K: Final = 2.0
"""The buffer's top this far below target, with every machine flat out, is a shortage."""
PATIENCE_S: Final = 900.0
STEP_S: Final = 300.0
STAKE_K: Final = 5.0
"""A shortage this deep releases all stages: rooms follow within hours."""
STAKE_S: Final = 1800.0
CHILLY_K: Final = 0.4
"""A resident's room this far below its set point unlocks the boiler."""
COLD_K: Final = 0.7
"""This far below, its heat goes before any peak."""
COLD_ROOM_DEGC: Final = 20.7
"""A resident's room below this releases all stages."""


@dataclass(frozen=True)
class Release:
    """How many stages may be used now, and why."""

    stages: int
    source: Code


def release(
    scene: Scene, memory: RuleMemory, boiler: Boiler, condition: Fleet, need: Shortage | None, outside: Outdoor | None
) -> Release:
    """The normal stages; all of them when a heat pump is lost, the buffer stays far too cold, or a resident freezes.

    A locked boiler has none while the heat pumps can carry the house and every resident's room is warm.
    """
    if condition.lost:
        return Release(boiler.stages, Code.BOILER_MACHINE_LOST)
    steps = memory.boilers.get(boiler.id)
    long_short = steps is not None and steps.short_since and scene.seconds_since(steps.short_since) > STAKE_S
    rooms = [room for zone in scene.site.zones if zone.kind is ZoneKind.RESIDENTIAL for room in zone.rooms]
    temps = [value for room in rooms if (value := scene.of(room.devices, "temp_degc")) is not None]
    cold_room = bool(temps) and min(temps) < COLD_ROOM_DEGC
    deep = need is not None and need.short_k > STAKE_K and long_short and not scene.strategy.boiler_locked
    if cold_room or deep:
        return Release(boiler.stages, Code.BOILER_COMFORT)
    mild = outside is not None and (outside.degc > bivalent_degc(scene.site) or _planned_for(scene, boiler))
    if scene.strategy.boiler_locked and condition.able and mild and not chilly(scene, CHILLY_K):
        return Release(0, Code.BOILER_LOCKED)
    return Release(boiler.normal_stages, Code.BOILER_STAGES)


def _planned_for(scene: Scene, boiler: Boiler) -> bool:
    """Whether a plan has reckoned with the cold: then it says itself when the boiler is needed."""
    return scene.guidance is not None and boiler.id in scene.guidance.boilers


def boilers(
    scene: Scene, memory: RuleMemory, outside: Outdoor | None, condition: Fleet, room: Room = FREE
) -> tuple[list[Wish], RuleMemory]:
    """Stages of every boiler.

    One more each 5 min once all machines that can run have run flat out for 15 min and the buffer's top is still 2 K
    short; one fewer each 5 min when the top has reached its target. Tripped or faulty: none. Fallbacks: those of
    `shortage`; when it cannot be known, or
    the boiler does not answer, no wish, and it falls to 0 by its watchdog. Makes way at a peak (`room`) while no
    resident's room is 0.7 K short. Stages that a plan wants come on at once: it has seen what the machines cannot do.
    """
    need = shortage(scene, memory, outside)
    wishes: list[Wish] = []
    kept = dict(memory.boilers)
    for boiler in scene.site.boilers:
        point = scene.find(boiler, "stage_request")
        guards = tuple(p for s in ("overheat_trip", "fault") if (p := scene.find(boiler, s)) is not None)
        if any(scene.missing(guard) for guard in guards):
            kept[boiler.id] = Steps(0, scene.now)
        if point is None or any(scene.value(guard) is None for guard in guards):
            continue
        if any(scene.flag(guard) for guard in guards):
            kept[boiler.id] = Steps(0, scene.now)
            wishes.append(Wish(point, 0.0, because(Code.BOILER_TRIPPED), guards))
            continue
        if need is None:
            kept[boiler.id] = Steps(0, scene.now)
            if outside is not None and not any(pump.on for pump in memory.pumps.values()):
                wishes.append(Wish(point, 0.0, because(Code.STAGES_NO_HEAT), guards))
            continue
        allowed = release(scene, memory, boiler, condition, need, outside)
        most = room.boilers.get(boiler.id, boiler.stages)
        if most < allowed.stages and not chilly(scene, COLD_K):
            allowed = Release(most, Code.PEAK_BOILER)
        steps = staged(scene, kept.get(boiler.id) or Steps(0, scene.now), allowed.stages, need, memory, condition)
        planned = scene.guidance.boilers.get(boiler.id, 0) if scene.guidance is not None else 0
        if min(planned, most) > steps.count:
            steps = replace(steps, count=min(planned, most), moved_at=scene.now)
            allowed = Release(planned, Code.PLAN_BOILER)
        kept[boiler.id] = steps
        why = because(allowed.source, short_k=need.short_k, stages=float(steps.count), allowed=float(allowed.stages))
        wishes.append(Wish(point, float(steps.count), why, guards + need.needs))
    return wishes, replace(memory, boilers=kept)


def staged(scene: Scene, before: Steps, allowed: int, need: Shortage, memory: RuleMemory, condition: Fleet) -> Steps:
    """One stage more or less, as `boilers` says; `allowed` at most."""
    now = scene.now
    flat_out = all(
        (machine := memory.machines.get(pump.id)) is not None and machine.stage == pump.compressors
        for pump in condition.able
    )
    short_since = (before.short_since or now) if need.short_k > SHORT_K and flat_out else None
    before = replace(before, short_since=short_since)
    settled = before.count == 0 or scene.seconds_since(before.moved_at) >= STEP_S
    if before.count > allowed:
        return Steps(allowed, now, short_since)
    if short_since is not None and settled and before.count < allowed:
        patient = before.count > 0 or scene.seconds_since(short_since) >= PATIENCE_S
        return Steps(before.count + 1, now, short_since) if patient else before
    if need.short_k < 0 and settled and before.count:
        return Steps(before.count - 1, now, short_since)
    return before
