"""Charging the heat-pump tank that preheats tap water: one machine at a time, by hysteresis. Plain rule."""

from dataclasses import dataclass, replace
from statistics import fmean
from typing import Final

from control.picture import Scene
from control.rules.demand import layers
from control.rules.fleet import Fleet
from control.rules.memory import Duty, RuleMemory
from models.reasons import Code, because
from models.signals import Reason

LONGEST_S: Final = 7200.0
"""A charge that has not come to its end by then gives the machine back to the building [s]."""
REST_S: Final = 1800.0
SHORT_K: Final = 2.0
FULL_K: Final = 1.0
"""The lower part within this of the set point ends the charge."""
BEFORE_IT: Final = range(4, 7)
MORNING: Final = range(7, 12)
"""Local hours in which everything else wants power too."""
WORTH_CHARGING_K: Final = 4.0
"""Under a plan a charge begins only with so much to do: a machine does not start for minutes."""
LEAST_COMPRESSORS: Final = 0.1
"""Planned for the next hour: below it a charge ends, unless it has just begun."""
LEAST_S: Final = 1800.0
"""So long a charge goes on that a plan began: the one after would mostly begin it again."""
PLANNED_TOP_K: Final = 1.0
"""The tank is charged to so much above the mean that a plan wants."""
BLIND_HOURS: Final = 4
"""Without a sensor the tank is charged in one hour of so many."""


@dataclass(frozen=True)
class HotWaterNeed:
    """Which machine makes hot water now (None: no machine), with how many compressors, and to what temperature."""

    machine: str | None = None
    compressors: int = 0
    supply_degc: float = 0.0
    source: Code = Code.CHARGE
    tank_degc: float | None = None
    needs: tuple[str, ...] = ()

    @property
    def short(self) -> bool:
        """Whether the tank is well below what it is charged to."""
        return self.tank_degc is not None and self.tank_degc < self.supply_degc - SHORT_K

    def reason(self, stages: int) -> Reason:
        """Why the machine on duty runs."""
        if self.source is Code.CHARGE_BLIND:
            return because(Code.CHARGE_BLIND, target_degc=self.supply_degc, stages=float(stages))
        return because(self.source, tank_degc=self.tank_degc, target_degc=self.supply_degc, stages=float(stages))


def charge(scene: Scene, memory: RuleMemory, condition: Fleet) -> tuple[HotWaterNeed, RuleMemory]:
    """The hot-water duty.

    Begins when the upper part is `hysteresis_k` below the set point, ends when the lower part has arrived or after 2 h;
    two compressors when it is twice as far below. Under charge hours it begins at half the difference from 4 to 7
    o'clock and at twice from 7 to 12. Among the machines that serve hot water the one with the fewest hours; another
    takes over when it is lost. Fallbacks: a neighbouring layer for a lost one; no layer at all: charged in one hour of
    four. A plan says itself when to begin, with how many compressors, and may end a charge early; it reckons with the
    tank's mean, whose bottom may be cold while all above is hot. Under full tanks it begins as soon as there is enough
    to do.
    """
    tank = next((t for t in scene.site.tanks if t.role == "heat_pump" and t.setpoint_degc is not None), None)
    ready = [p for p in condition.able if p.serves_hot_water and scene.find(p, "hot_water_duty") is not None]
    if tank is None or tank.setpoint_degc is None or not ready:
        return HotWaterNeed(), replace(memory, duty=None)
    target = tank.setpoint_degc
    points = layers(scene, tank)
    if scene.unsettled([points[1], points[2]]):
        return _kept(tank.setpoint_degc, memory, condition), memory
    upper = _first_young(scene, [points[1], points[0], points[2], points[3]])
    lower = _first_young(scene, [points[2], points[3], points[1], points[0]])
    compressors = 1
    if upper is None or lower is None:
        begin = scene.local.hour % BLIND_HOURS == 0
        end, source = not begin, Code.CHARGE_BLIND
        needs: tuple[str, ...] = ()
    else:
        begin = upper[1] < tank.setpoint_degc - tank.hysteresis_k
        end = lower[1] >= tank.setpoint_degc - FULL_K
        if scene.strategy.charge_hours:
            begin = _in_its_hours(scene, tank.setpoint_degc - upper[1], tank.hysteresis_k)
        if scene.strategy.full_tanks:
            begin = lower[1] < tank.setpoint_degc - WORTH_CHARGING_K
        source, needs = Code.CHARGE, (upper[0], lower[0])
        compressors = 2 if upper[1] < tank.setpoint_degc - 2 * tank.hysteresis_k else 1
        if scene.guidance is not None and scene.guidance.charging is not None:
            source = Code.PLAN_CHARGE
            target = max(target, min(tank.max_degc - FULL_K, (scene.guidance.charge_degc or 0.0) + PLANNED_TOP_K))
            mean = fmean(value for point in points if (value := scene.value(point)) is not None)
            begin = scene.guidance.charging and mean < target - WORTH_CHARGING_K
            over = not scene.guidance.charging and scene.guidance.charge_compressors < LEAST_COMPRESSORS
            end = mean >= target - FULL_K or (over and not _just_begun(scene, memory))
            compressors = max(1, round(scene.guidance.charge_compressors))
    duty = _turn(scene, memory, [p.id for p in ready], begin=begin, end=end)
    degc = upper[1] if upper is not None else None
    need = HotWaterNeed(duty.machine if duty is not None else None, compressors, target, source, degc, needs)
    return need, replace(memory, duty=duty)


def _just_begun(scene: Scene, memory: RuleMemory) -> bool:
    duty = memory.duty
    return duty is not None and duty.machine is not None and scene.seconds_since(duty.since) < LEAST_S


def _in_its_hours(scene: Scene, short_k: float, hysteresis_k: float) -> bool:
    """Whether a charge begins: early in the last hours before the morning, late in the morning itself."""
    hour = scene.local.hour
    start_k = 2 * hysteresis_k if hour in MORNING else hysteresis_k / 2 if hour in BEFORE_IT else hysteresis_k
    return short_k > start_k


def _first_young(scene: Scene, points: list[str | None]) -> tuple[str, float] | None:
    return next(((p, value) for p in points if p is not None and (value := scene.value(p)) is not None), None)


def _kept(setpoint_degc: float, memory: RuleMemory, condition: Fleet) -> HotWaterNeed:
    """What was going on goes on while a sensor is late."""
    machine = memory.duty.machine if memory.duty is not None else None
    able = any(pump.id == machine for pump in condition.able)
    return HotWaterNeed(machine if able else None, 1, setpoint_degc)


def _turn(scene: Scene, memory: RuleMemory, ready: list[str], *, begin: bool, end: bool) -> Duty | None:
    """Who is on duty; nobody for half an hour after a charge that took too long."""
    duty = memory.duty
    if duty is not None and duty.machine is None and scene.seconds_since(duty.since) < REST_S:
        return duty
    if duty is not None and duty.machine in ready and not end:
        return Duty(None, scene.now) if scene.seconds_since(duty.since) > LONGEST_S else duty
    interrupted = duty is not None and duty.machine is not None
    if end or not (begin or interrupted):
        return None
    return Duty(min(ready, key=lambda m: memory.machines[m].run_h if m in memory.machines else 0.0), scene.now)
