"""Heat pumps: how many compressors, on which machines, which one makes hot water, at which supply temperature.

Plain rules.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Final

from control.picture import Scene
from control.rules import machines
from control.rules.charge import HotWaterNeed
from control.rules.demand import Shortage, bivalent_degc, chilly, shortage, unknowable
from control.rules.fleet import Fleet, fleet, machine_points, modulates
from control.rules.heat import Outdoor
from control.rules.memory import MachineMemory, RuleMemory, Steps, Switch, latch
from control.rules.peak_guard import FREE, Room
from control.wish import Wish
from models.assets import HeatPump
from models.reasons import Code, because
from models.signals import Reason

MORE_AT_K: Final = 1.0
"""The top of the buffer this far below target asks for more."""
FULL_AT_K: Final = 1.5
"""The bottom within this of the target asks for less."""
HURRY_AT_K: Final = 4.0
STEP_S: Final = 600.0
"""Between two changes of the number of compressors [s]: the buffer must be seen to answer."""
HURRY_STEP_S: Final = 240.0
GUIDED_SHORT_K: Final = 3.0
"""Under a plan the buffer's top may be this far below what circuits are to get before the rule takes over."""
GUIDED_FULL_K: Final = 5.0
"""Above what the plan wants of the buffer, compressors go."""
GUIDED_STORE_K: Final = 12.0
"""Above what circuits are to get, a plan may want no more of the buffer: where its heat is not taken by the rooms, each
new plan begins with a hotter buffer and wants that."""
GIVEN_BACK_K: Final = 0.5
"""Shortness at which the rule leaves the buffer to the plan again: at one threshold they would take turns."""
STEADY: Final = 0.7
"""Compressors by which a plan must differ from what runs."""
CHILLY_K: Final = 0.4
"""With a resident's room this far below its set point no compressor makes way."""
HOT_K: Final = 1.0
"""This near to the highest return or supply it stands, a machine rests: it would trip, and be lost."""
LEAST_AT_K: Final = -2.0
"""Shortness (below zero: too warm) at which modulating machines give their least; all they have at MORE_AT_K."""
CONDENSER_K: Final = 3.0
"""Supply set point of a machine above what it charges."""


def heat_pumps(
    scene: Scene, memory: RuleMemory, outside: Outdoor | None, water: HotWaterNeed, room: Room = FREE
) -> tuple[list[Wish], RuleMemory]:
    """Stages, duty and supply set point of every machine that is run by stages.

    More compressors while the buffer's top is short, fewer when its bottom is nearly at target, one step in 10 min
    (4 min when 4 K short). The machine on hot-water duty does not count for the buffer. Fallbacks: those of `shortage`;
    when nothing at all tells how warm the heating water is, the machines (but for the one on hot-water duty) are given
    back and run on their own curves. A lost machine is asked for nothing; one that does not answer falls to its own
    curve by its watchdog. At a peak the buffer gets what `room` leaves, unless it is so cold that a boiler would have
    to make up for it. A plan says how many compressors while the buffer stays near what it, and the circuits, want.
    Machines that take a capacity give what the plan wants of them, shared evenly; without one, by how short the
    buffer is; all they have on hot-water duty. At a peak they turn down before one of them stops.
    """
    now = scene.now
    condition = fleet(scene, memory)
    need = shortage(scene, memory, outside)
    passed_s = 0.0 if memory.decided_at is None else max(0.0, scene.seconds_since(memory.decided_at))
    known = {pump.id: memory.machines.get(pump.id) for pump in scene.site.heat_pumps}
    memories = {
        pump_id: machines.aged(old or _found(condition.running.get(pump_id, 0), now), now, passed_s)
        for pump_id, old in known.items()
        if old is not None or pump_id in condition.running
    }
    for pump_id in condition.lost.keys() & memories.keys():
        memories[pump_id] = machines.turned_to(memories[pump_id], 0, now)
    blind = need is None and outside is not None and unknowable(scene, memory)
    hot = [pump for pump in condition.able if _hot(scene, pump)]
    for pump in hot:
        memories[pump.id] = machines.turned_to(memories[pump.id], 0, now)
    heating = [pump for pump in condition.able if pump.id != water.machine]
    if need is None and not blind and (outside is None or any(pump.on for pump in memory.pumps.values())):
        return [], replace(memory, machines=memories)  # an input is late: say nothing, keep what was said
    memory = replace(memory, takeover=_takeover(scene, memory, need))
    count = None if blind else _count(scene, memory, need, condition.able, memories)
    # Under a plan the boiler does not make up for what a compressor leaves.
    mild = outside is not None and (scene.guidance is not None or outside.degc > bivalent_degc(scene.site))
    spare = mild and not chilly(scene, CHILLY_K)
    asked = count
    if count is not None and room.compressors is not None and spare:
        count = _making_way(count, room.compressors - _on_duty(water, memories), now)
    if count is not None:
        memories |= machines.share(count.count, [pump for pump in heating if pump not in hot], memories, now)
    for pump in condition.able:
        if pump.id == water.machine and pump not in hot:
            compressors = max(memories[pump.id].stage, water.compressors)
            memories |= machines.share(min(compressors, pump.compressors), [pump], memories, now)
        wants = water.short if pump.id == water.machine else need is not None and need.short_k > MORE_AT_K
        memories[pump.id] = _watched(memories[pump.id], scene, idle=wants and not condition.running[pump.id])
    wishes = _given_back(scene, heating) if blind else []
    planned = memory.takeover is not None and not memory.takeover.on
    heating = [] if blind else heating
    most = room.capacity if room.capacity is not None and spare else 1.0
    wanted = _capacities(scene, memories, need, heating, planned=planned)
    given = {pump.id: max(min(wanted[pump.id], most), pump.least_share) for pump in heating if pump.id in wanted}

    def why(pump: HeatPump) -> Reason:
        stage = memories[pump.id].stage
        if count != asked or given.get(pump.id) != wanted.get(pump.id):
            return because(Code.PEAK_MACHINES, stages=float(stage))
        return _stage_reason(scene, need, stage, planned=planned)

    wishes += _wishes(scene, condition, memories, need, water, heating, given, why)
    return wishes, replace(memory, machines=memories, compressors=count)


def _hot(scene: Scene, pump: HeatPump) -> bool:
    """Whether the machine is about to leave its envelope; one that does not tell is its own guard."""
    told = [("return_temp_degc", pump.return_max_degc), ("supply_temp_degc", pump.supply_max_degc)]
    return any((degc := scene.of(pump, signal)) is not None and degc > most - HOT_K for signal, most in told)


def _found(running: int, now: datetime) -> MachineMemory:
    """A machine met for the first time: what runs may just have started."""
    return MachineMemory(running, started_at=now if running else None)


def _count(
    scene: Scene,
    memory: RuleMemory,
    need: Shortage | None,
    able: tuple[HeatPump, ...],
    memories: Mapping[str, MachineMemory],
) -> Steps:
    """How many compressors the buffer is to get; from what runs now when there is no past.

    A machine on hot-water duty still counts as room for more: it comes back within the hour. None stops before the
    boilers have.
    """
    before = memory.compressors or Steps(sum(memories[p.id].stage for p in able), scene.now)
    most = sum(pump.compressors for pump in able)
    if need is None:
        return before if before.count == 0 else Steps(0, scene.now)
    hurry = need.short_k > HURRY_AT_K or -need.full_k > GUIDED_STORE_K + GUIDED_FULL_K
    step_s = HURRY_STEP_S if hurry else STEP_S
    count = min(before.count, most)
    if (planned := _planned(scene, memory, count, able)) is not None:
        return replace(before, count=count) if planned == count else Steps(planned, scene.now)
    if scene.seconds_since(before.moved_at) < step_s and count:
        return replace(before, count=count)
    if need.short_k > MORE_AT_K:
        count = min(count + 1, most)
    elif need.full_k < FULL_AT_K and not any(boiler.count for boiler in memory.boilers.values()):
        count = max(count - 1, 0)
    return replace(before, count=count) if count == before.count else Steps(count, scene.now)


def _takeover(scene: Scene, memory: RuleMemory, need: Shortage | None) -> Switch | None:
    """Whether the buffer has left what a plan reckons with, so that the rule counts; None without a plan."""
    guide = scene.guidance
    if need is None or guide is None or guide.compressors is None or guide.buffer_degc is None:
        return None
    above_k = need.target_degc - need.full_k - min(guide.buffer_degc, need.target_degc + GUIDED_STORE_K)
    return latch(
        memory.takeover,
        scene.now,
        start=need.short_k > GUIDED_SHORT_K or above_k > GUIDED_FULL_K,
        stop=need.short_k < GIVEN_BACK_K and above_k < GUIDED_FULL_K - GIVEN_BACK_K,
    )


def _planned(scene: Scene, memory: RuleMemory, count: int, able: tuple[HeatPump, ...]) -> int | None:
    """Compressors the plan wants on the buffer; None where the rule counts.

    As many as run now, while the plan's mean of the next hour is near that, or where all of them modulate what they
    can give.
    """
    guide = scene.guidance
    if guide is None or guide.compressors is None or memory.takeover is None or memory.takeover.on:
        return None
    most = sum(pump.compressors for pump in able)
    if able and all(modulates(scene, pump) for pump in able):
        least_share = max(pump.least_share for pump in able)
        return machines.modulating_count(guide.compressors, count, most, least_share)
    return count if abs(guide.compressors - count) < STEADY else min(round(guide.compressors), most)


def _capacities(
    scene: Scene,
    memories: Mapping[str, MachineMemory],
    need: Shortage | None,
    heating: Sequence[HeatPump],
    *,
    planned: bool,
) -> dict[str, float]:
    """Share of its full heat by modulating machine that heats the buffer; staged ones give theirs first."""
    running = [pump for pump in heating if memories[pump.id].stage and modulates(scene, pump)]
    guide = scene.guidance
    if planned and guide is not None and guide.compressors is not None:
        staged = sum(memories[pump.id].stage for pump in heating if pump not in running)
        wanted = machines.evenly(guide.compressors - staged, running)
    else:
        short_k = need.short_k if need is not None else LEAST_AT_K
        part = min(max((short_k - LEAST_AT_K) / (MORE_AT_K - LEAST_AT_K), 0.0), 1.0)
        wanted = {pump.id: pump.least_share + part * (1 - pump.least_share) for pump in running}
    return {pump.id: max(wanted[pump.id], pump.least_share) for pump in running}


def _on_duty(water: HotWaterNeed, memories: Mapping[str, MachineMemory]) -> int:
    machine = memories.get(water.machine) if water.machine is not None else None
    return machine.stage if machine is not None else 0


def _making_way(count: Steps, most: int, now: datetime) -> Steps:
    """No more compressors than a peak leaves room for."""
    return count if count.count <= max(most, 0) else Steps(max(most, 0), now)


def _watched(memory: MachineMemory, scene: Scene, *, idle: bool) -> MachineMemory:
    """Remembers since when a machine that should run does not; one that has done its work may rest."""
    if memory.stage == 0 or not idle:
        return replace(memory, idle_since=None)
    return memory if memory.idle_since is not None else replace(memory, idle_since=scene.now)


def _given_back(scene: Scene, heating: list[HeatPump]) -> list[Wish]:
    why = because(Code.STAGES_OWN_CURVE)
    return [
        Wish(point, None, why, ())
        for pump in heating
        for signal in ("stage_request", "capacity_request_pct", "supply_setpoint_degc", "hot_water_duty")
        if (point := scene.find(pump, signal)) is not None
    ]


def _wishes(
    scene: Scene,
    condition: Fleet,
    memories: Mapping[str, MachineMemory],
    need: Shortage | None,
    water: HotWaterNeed,
    heating: Sequence[HeatPump],
    capacities: Mapping[str, float],
    stage_reason: Callable[[HeatPump], Reason],
) -> list[Wish]:
    wishes: list[Wish] = []
    for pump in condition.able:
        duty = pump.id == water.machine
        if not duty and pump not in heating:
            continue
        stage = memories[pump.id].stage
        own = machine_points(scene, pump)
        needs = own + (water.needs if duty else need.needs if need else ())
        why = water.reason(stage) if duty else stage_reason(pump)
        wishes += _wish(scene, pump, "stage_request", float(stage), why, needs)
        wishes += _wish(scene, pump, "hot_water_duty", float(duty), why, needs)
        given = 1.0 if duty else capacities.get(pump.id, pump.least_share)
        wishes += _wish(scene, pump, "capacity_request_pct", 100 * given, why, needs)
        target = water.supply_degc if duty else _buffer_degc(scene, need)
        if target is not None:
            supply = min(target + CONDENSER_K, pump.supply_max_degc)
            why = because(Code.MACHINE_SUPPLY, supply_degc=supply, target_degc=target)
            wishes += _wish(scene, pump, "supply_setpoint_degc", supply, why, needs)
    for pump in scene.site.heat_pumps:
        if (code := condition.lost.get(pump.id)) and code is not Code.LOST_NO_ANSWER:
            wishes += _wish(scene, pump, "stage_request", 0.0, because(code), machine_points(scene, pump))
    return wishes


def _buffer_degc(scene: Scene, need: Shortage | None) -> float | None:
    """What the machines charge the buffer to: what circuits need, and more where a plan stores heat in it."""
    planned = scene.guidance.buffer_degc if scene.guidance is not None else None
    if need is None or planned is None:
        return need.target_degc if need is not None else None
    return float(ceil(max(need.target_degc, planned)))  # whole kelvins: each change is a message to a device


def _stage_reason(scene: Scene, need: Shortage | None, stage: int, *, planned: bool) -> Reason:
    if need is None:
        return because(Code.STAGES_NO_HEAT)
    if scene.guidance is not None and planned:
        return because(Code.PLAN_STAGES, buffer_degc=scene.guidance.buffer_degc, stages=float(stage))
    return because(need.source, short_k=need.short_k, target_degc=need.target_degc, stages=float(stage))


def _wish(scene: Scene, pump: HeatPump, signal: str, value: float, why: Reason, needs: tuple[str, ...]) -> list[Wish]:
    point = scene.find(pump, signal)
    return [] if point is None else [Wish(point, value, why, needs)]
