"""Batteries: own sun first, then the month's peak. Plain rules, and what they make of a plan."""

from dataclasses import replace
from typing import Final

from control.loads import main_meter
from control.picture import Scene
from control.rules.memory import RuleMemory, latch
from control.rules.peak_guard import Room
from control.wish import Wish
from models.battery import Battery
from models.reasons import Code, because
from models.signals import Reason

RESERVE: Final = 0.3
"""Of what may be used: kept for the peak where power has a price."""
UNFORESEEN: Final = 0.1
"""The same under a plan: for the hour that its forecast does not see."""
BAND_PCT: Final = 3.0
"""Above its reserve by so much a battery balances the house again."""
REFILL_C: Final = 0.1
"""Power of refilling the reserve from the grid, over the capacity [1/h]: slow, so that it makes no peak itself."""
REFILL_BELOW: Final = 0.8
"""Of what may be bought now: the reserve is refilled only below."""
FUSE_SHARE: Final = 0.9
"""Of the main fuse that charging may fill."""
EVEN_KW: Final = 0.1
"""A plan that exchanges less with the grid means to exchange nothing."""


def batteries(scene: Scene, memory: RuleMemory, room: Room) -> tuple[list[Wish], RuleMemory]:
    """Power of every battery, or its own balance of the house.

    Without a plan the inverter balances the house by its own meter: it stores what the sun leaves over and gives it
    back. Where power has a price it does so down to a reserve; the rest waits for the hour that would pass the peak
    (`room`), and is refilled slowly from the grid. A plan says the power; what it meant for the house is not sold, what
    it meant to take from the sun is not bought, and a tenth stays for a peak it has not foreseen. Never beyond its
    state of charge, nor the main fuse. Fallbacks: no main meter, or a fault: its own balance; a battery that does not
    tell its state: given back likewise.
    """
    meter = main_meter(scene.site, "power_kw")
    packs = [battery for battery in scene.site.batteries if _setpoint(scene, battery) is not None]
    if not packs or scene.unsettled([meter]):
        return [], memory
    grid_kw = scene.value(meter)
    known = {battery.id: scene.of(battery, "power_kw") for battery in packs}
    rest_kw = None if grid_kw is None else grid_kw - sum(kw for kw in known.values() if kw is not None)
    wishes: list[Wish] = []
    for battery in packs:
        points = [scene.find(battery, signal) for signal in ("state_of_charge_pct", "power_kw")]
        if scene.unsettled(points):
            continue
        charge_pct = scene.value(points[0])
        unknown = charge_pct is None or known[battery.id] is None or scene.flag(scene.find(battery, "fault"))
        if rest_kw is None or charge_pct is None or unknown:
            wishes += _wishes(scene, battery, None, because(Code.BATTERY_OWN), ())
            continue
        kw, why, memory = _wanted(scene, memory, battery, charge_pct, rest_kw, room)
        needs = tuple(point for point in (meter, *points) if point is not None)
        wishes += _wishes(scene, battery, kw, why, needs)
        rest_kw += kw if kw is not None else known[battery.id] or 0.0
    return wishes, memory


def _setpoint(scene: Scene, battery: Battery) -> str | None:
    return scene.find(battery, "power_setpoint_kw")


def _wanted(
    scene: Scene, memory: RuleMemory, battery: Battery, charge_pct: float, rest_kw: float, room: Room
) -> tuple[float | None, Reason, RuleMemory]:
    """Power [kW], or None for its own balance; `rest_kw` is what the house would buy without it."""
    allowed_kw = room.allowed_kw
    free_kw = FUSE_SHARE * scene.site.electricity.fuse_kw - rest_kw
    most_kw = max(min(battery.charge_kw, free_kw), 0.0) if charge_pct < battery.highest_pct else 0.0
    least_kw = -battery.discharge_kw if charge_pct > battery.lowest_pct else 0.0
    facts = {"charge_pct": charge_pct, "rest_kw": rest_kw}
    if scene.strategy.full_tanks:
        return most_kw, because(Code.BATTERY_PREPARED, power_kw=most_kw, **facts), memory
    if allowed_kw is not None and rest_kw > allowed_kw:
        kw = max(allowed_kw - rest_kw, least_kw)
        return kw, because(Code.BATTERY_PEAK, power_kw=-kw, allowed_kw=allowed_kw, **facts), memory
    planned = scene.guidance.batteries_kw.get(battery.id) if scene.guidance is not None else None
    if planned is not None and scene.guidance is not None:
        kw = _as_meant(planned, scene.guidance.grid_kw, rest_kw)
        if allowed_kw is not None:
            kw = min(kw, allowed_kw - rest_kw)
            if charge_pct <= battery.lowest_pct + UNFORESEEN * (battery.highest_pct - battery.lowest_pct):
                least_kw = 0.0
        kw = min(max(kw, least_kw), most_kw)
        return kw, because(Code.PLAN_BATTERY, power_kw=kw, **facts), memory
    share = RESERVE if allowed_kw is not None else 0.0
    reserve_pct = battery.lowest_pct + share * (battery.highest_pct - battery.lowest_pct)
    switch = latch(
        memory.balancing.get(battery.id),
        scene.now,
        start=charge_pct > reserve_pct + BAND_PCT,
        stop=charge_pct <= reserve_pct,
    )
    memory = replace(memory, balancing={**memory.balancing, battery.id: switch})
    if switch.on and (charge_pct < battery.highest_pct or rest_kw > 0):
        return None, because(Code.BATTERY_BALANCES, **facts), memory
    if rest_kw < 0:
        kw = min(-rest_kw, most_kw)
        return kw, because(Code.BATTERY_SURPLUS, power_kw=kw, **facts), memory
    if allowed_kw is not None and charge_pct < reserve_pct - BAND_PCT:
        kw = max(min(REFILL_C * battery.capacity_kwh, REFILL_BELOW * allowed_kw - rest_kw, most_kw), 0.0)
        return kw, because(Code.BATTERY_RESERVE, power_kw=kw, reserve_pct=reserve_pct, **facts), memory
    return 0.0, because(Code.BATTERY_WAITS, reserve_pct=reserve_pct, **facts), memory


def _as_meant(planned_kw: float, grid_kw: float | None, rest_kw: float) -> float:
    """A plan's power for the house as it is: no more given than the house takes, no more taken than the sun leaves."""
    if grid_kw is not None and planned_kw < 0 and grid_kw > -EVEN_KW:
        return max(planned_kw, -max(rest_kw, 0.0))
    if grid_kw is not None and planned_kw > 0 and grid_kw < EVEN_KW:
        return min(planned_kw, max(-rest_kw, 0.0))
    return planned_kw


def _wishes(scene: Scene, battery: Battery, kw: float | None, why: Reason, needs: tuple[str, ...]) -> list[Wish]:
    """The set point and its enable together; None for both leaves the inverter to its own balance."""
    enabled = scene.find(battery, "setpoint_enabled")
    wishes = [Wish(point, kw, why, needs) for point in (_setpoint(scene, battery),) if point is not None]
    if enabled is not None:
        wishes.append(Wish(enabled, None if kw is None else 1.0, why, needs))
    return wishes
