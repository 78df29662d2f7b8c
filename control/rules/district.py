"""District heat: the only heat of a house, or what its heat pumps do not give. Plain rule."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from control.picture import Scene
from control.rules.boiler import staged
from control.rules.demand import Shortage, neediest_k, shortage
from control.rules.fleet import Fleet
from control.rules.heat import Outdoor, buffer_target_degc
from control.rules.memory import HeatHour, RuleMemory, Steps
from control.wish import Wish
from models.district_heat import DistrictHeat
from models.local_time import local_date
from models.reasons import Code, because
from models.signals import Reason

FREE_PCT: Final = 100.0
STEP_PCT: Final = 2.0
"""A planned limit moves in such steps: each is a message to a device."""
ABOVE_PLAN: Final = 1.1
"""Room above the heat planned for now: a plan knows only means of a quarter."""
LEAST_SHARE: Final = 0.02
"""Of full heat: a plan that wants less wants none."""
SHORT_K: Final = 1.5
"""Water this far below what circuits are to get takes the substation back from a plan until it is there again ..."""
COLD_K: Final = 0.4
"""... while the neediest room is so far below its set point: cold water alone is nobody's loss ..."""
PATIENCE_S: Final = 900.0
"""... once it has been so for a quarter: a new set point is not met at once."""
MOST_GAP_S: Final = 600.0
"""Power is not carried over a longer hole in the record [s]."""


def district_heat(
    scene: Scene, memory: RuleMemory, outside: Outdoor | None, condition: Fleet
) -> tuple[list[Wish], RuleMemory]:
    """Supply set point and valve limit of every substation.

    The set point is what the warmest running circuit needs. Where there are no heat pumps the valve is free; else it is
    shut until every machine has run flat out for 15 min and the water is still 2 K short, or a machine is lost, and
    shut again when the water is warm. A plan limits it to the heat it wants of it now, without heat pumps to the
    highest hour it wants at all, unless circuits are 1.5 K short of theirs for a quarter and a room is cold. No circuit
    wants heat: shut.
    Fallbacks: those of `shortage`; what is not repeated falls back to the substation's own set point and a free valve.
    """
    target_degc = None if outside is None else buffer_target_degc(scene, memory, outside)
    need = shortage(scene, memory, outside)
    wishes: list[Wish] = []
    for network in scene.site.district_heat:
        point, limit = (scene.find(network, signal) for signal in ("supply_setpoint_degc", "valve_limit_pct"))
        if outside is None or point is None:
            continue
        if target_degc is None:
            if limit is not None and memory.pumps and not any(pump.on for pump in memory.pumps.values()):
                wishes.append(Wish(limit, 0.0, because(Code.STAGES_NO_HEAT), outside.needs))
            continue
        degc = min(_stored_degc(scene, target_degc), network.supply_max_degc)
        why = because(Code.DISTRICT_SUPPLY, supply_degc=degc, outdoor_degc=outside.degc)
        wishes.append(Wish(point, degc, why, outside.needs))
        pct, why, memory = _limit(scene, memory, network, need, condition)
        if limit is not None and pct is not None:
            wishes.append(Wish(limit, pct, why, outside.needs))
    return wishes, memory


def _stored_degc(scene: Scene, target_degc: float) -> float:
    """What the water is heated to: more than circuits need where a plan stores heat in a tank."""
    planned = scene.guidance.buffer_degc if scene.guidance is not None else None
    if planned is None or not any(tank.role == "buffer" for tank in scene.site.tanks):
        return target_degc
    return float(ceil(max(target_degc, planned)))


def _limit(
    scene: Scene, memory: RuleMemory, network: DistrictHeat, need: Shortage | None, condition: Fleet
) -> tuple[float | None, Reason, RuleMemory]:
    """How far the valve may open [%], None while that cannot be said."""
    if condition.lost:
        return FREE_PCT, because(Code.DISTRICT_MACHINE_LOST), memory
    if need is not None:
        memory = _watched(scene, memory, network, need.short_k)
    guide, alone, since = scene.guidance, not scene.site.heat_pumps, memory.unserved.get(network.id)
    unserved = since is not None and scene.seconds_since(since) >= PATIENCE_S
    wanted = {} if guide is None else guide.networks_most_kw if alone else guide.networks_kw
    planned = wanted.get(network.id)
    if planned is not None and need is not None and not unserved:
        share = planned / network.max_kw
        above = 1.0 if alone else ABOVE_PLAN
        pct = 0.0 if share < LEAST_SHARE else STEP_PCT * ceil(above * share * 100 / STEP_PCT)
        return min(pct, FREE_PCT), because(Code.PLAN_DISTRICT, heat_kw=planned), memory
    if alone:
        return FREE_PCT, because(Code.DISTRICT_ALONE), memory
    if need is None:
        return None, because(Code.DISTRICT_WAITS), memory
    steps = staged(scene, memory.boilers.get(network.id) or Steps(0, scene.now), 1, need, memory, condition)
    memory = replace(memory, boilers={**memory.boilers, network.id: steps})
    if steps.count:
        return FREE_PCT, because(Code.DISTRICT_HELPS, short_k=need.short_k), memory
    return 0.0, because(Code.DISTRICT_WAITS), memory


def _watched(scene: Scene, memory: RuleMemory, network: DistrictHeat, short_k: float) -> RuleMemory:
    """Remembers since when circuits do not get what they are to get while a room is cold."""
    since = memory.unserved.get(network.id)
    if short_k > SHORT_K and neediest_k(scene) > COLD_K if since is None else short_k > 0:
        return replace(memory, unserved={**memory.unserved, network.id: since or scene.now})
    return replace(memory, unserved={name: at for name, at in memory.unserved.items() if name != network.id})


def metered(scene: Scene, memory: RuleMemory) -> RuleMemory:
    """Follows what each substation has taken in the running clock hour, and the month's highest hour."""
    if not scene.site.district_heat:
        return memory
    hours = dict(memory.heat_hours)
    for network in scene.site.district_heat:
        power_kw = scene.of(network, "power_kw")
        if power_kw is not None:
            hours[network.id] = _followed(hours.get(network.id), scene.now, max(power_kw, 0.0))
    return replace(memory, heat_hours=hours)


def _followed(hour: HeatHour | None, now: datetime, power_kw: float) -> HeatHour:
    start = now - timedelta(seconds=now.timestamp() % 3600)
    passed_s = -1.0 if hour is None else (now - hour.at).total_seconds()
    if hour is None or not 0.0 <= passed_s <= MOST_GAP_S:
        kept = 0.0 if hour is None or _month(hour.start) != _month(start) else hour.highest_kw
        return HeatHour(start, now, 0.0, kept)
    taken_kwh = hour.taken_kwh + power_kw * passed_s / 3600
    if start == hour.start:
        return replace(hour, at=now, taken_kwh=taken_kwh)
    highest_kw = max(hour.highest_kw, taken_kwh) if _month(hour.start) == _month(start) else 0.0
    return HeatHour(start, now, 0.0, highest_kw)


def _month(when: datetime) -> tuple[int, int]:
    day = local_date(when)
    return day.year, day.month
