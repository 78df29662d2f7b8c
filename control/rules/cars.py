"""Cars: equal sharing of what the main fuse leaves, at once, or at night and in time for their departure."""

from dataclasses import replace
from math import ceil, floor
from typing import Final

from control.loads import main_meter
from control.picture import Scene
from control.rules.departures import NIGHT, NIGHT_END_H, Stay, stays
from control.rules.memory import RuleMemory
from control.rules.peak_guard import Room
from control.wish import Wish
from models.assets import Charger
from models.reasons import Code, because

FUSE_SHARE: Final = 0.9
"""Part of the main fuse that is planned with."""
LEAST_A: Final = 6.0
"""A car takes no less; below this charging pauses (IEC 61851-1)."""
MOST_A: Final = 16.0
NIGHT_A: Final = (LEAST_A, 10.0, MOST_A)
"""Few values: what is left at night moves all the time."""


def kw_per_ampere(charger: Charger, voltage_v: float) -> float:
    """Power of one ampere per phase [kW/A] at line voltage `voltage_v` [V]."""
    return 3**0.5 * voltage_v / 1000 if charger.phases == 3 else voltage_v / 3**0.5 / 1000


def cars(scene: Scene) -> list[Wish]:
    """The same current for every connected car, 6-16 A, from 90 % of the fuse less all other loads; else a pause.

    A free charger is offered what one more car would get. Fallbacks: main meter missing: 6 A
    each; another charger's power missing: it counts among the other loads; a charger that does not tell its own state
    gets no command and falls to its own current by its watchdog.
    """
    site = scene.site
    meter = main_meter(scene.site, "power_kw")
    power_points = [scene.find(charger, "power_kw") for charger in site.chargers]
    if scene.unsettled([meter, *power_points]):
        return []
    grid_kw = scene.value(meter)
    states = {c.id: scene.of(c, "mode3_state") for c in site.chargers}
    connected = [c for c in site.chargers if states[c.id] in (1.0, 2.0)]
    own = [(point, power) for point in power_points if point and (power := scene.value(point)) is not None]
    budget_kw = FUSE_SHARE * site.electricity.fuse_kw + sum(power for _, power in own)
    wishes: list[Wish] = []
    for charger in site.chargers:
        point, state_point = scene.find(charger, "max_current_a"), scene.find(charger, "mode3_state")
        if point is None or state_point is None or states[charger.id] is None:
            continue
        sharing = connected if charger in connected else [*connected, charger]
        if grid_kw is not None and meter is not None:
            free_kw = budget_kw - grid_kw
            amps = _share_a(sharing, free_kw, site.electricity.voltage_v)
            why = because(Code.CARS_SHARE, current_a=amps, cars=float(len(sharing)), free_kw=free_kw)
            needs: tuple[str, ...] = (meter, state_point, *(p for p, _ in own))
        else:
            amps, needs = LEAST_A, (state_point,)
            why = because(Code.CARS_UNKNOWN, current_a=amps)
        wishes.append(Wish(point, amps, why, needs))
    return wishes


def urgent_kw(scene: Scene, memory: RuleMemory) -> float:
    """Power of the cars that must charge now: what is no peak's to take."""
    return sum(stay.charger.max_kw for stay in stays(scene, memory) if stay.urgent and _charging(scene, stay))


def _charging(scene: Scene, stay: Stay) -> bool:
    return (scene.of(stay.charger, "power_kw") or 0.0) > 0.0


def waiting_cars(scene: Scene, memory: RuleMemory, room: Room) -> tuple[list[Wish], RuleMemory]:
    """Cars by their departures: full current for those that must, the others at night, one after another.

    More at a time only when the night is too short for one after another, and never beyond the `room` a peak leaves.
    A car that was offered current and takes none is full: it keeps its offer and holds up nobody. What `cars` would
    give is never exceeded, and stands where the main meter or a charger's state is missing. A plan says when, and how
    many at a time.
    """
    equal = {wish.point: wish for wish in cars(scene)}
    queue = [stay for stay in stays(scene, memory) if _current(scene, stay) in equal]
    left_kw = room.cars_kw if room.cars_kw is not None else scene.site.electricity.fuse_kw
    planned = scene.guidance.cars_kw if scene.guidance is not None else None
    night = scene.local.hour in NIGHT if planned is None else planned > 0.0
    waiting = [stay for stay in queue if not stay.urgent and not stay.full]
    places = _at_a_time(scene, waiting) if planned is None else _planned(waiting, planned)
    wishes: list[Wish] = []
    parked = dict(memory.parked)
    for stay in queue:
        wish = equal.pop(_current(scene, stay) or "")
        if not stay.urgent and wish.reason.code != Code.CARS_UNKNOWN and wish.value is not None:
            per_a = kw_per_ampere(stay.charger, scene.site.electricity.voltage_v)
            fits = [a for a in NIGHT_A if a <= wish.value and (stay.full or (places > 0 and a * per_a <= left_kw))]
            amps = max(fits, default=0.0) if night else 0.0
            if amps and not stay.full:
                places, left_kw = places - 1, left_kw - amps * per_a
            offer = Code.CARS_NIGHT if planned is None else Code.PLAN_CARS
            code = offer if amps else Code.CARS_PEAK if night and places > 0 else Code.CARS_WAIT
            wish = replace(wish, value=amps, reason=because(code, current_a=amps))
        wishes.append(wish)
        car = parked[stay.charger.id]
        offered = None if not wish.value else car.offered_at or scene.now
        parked[stay.charger.id] = replace(car, offered_at=offered)
    return [*wishes, *equal.values()], replace(memory, parked=parked)


def _current(scene: Scene, stay: Stay) -> str | None:
    return scene.find(stay.charger, "max_current_a")


def _at_a_time(scene: Scene, waiting: list[Stay]) -> int:
    """Cars that must charge together for all to be ready when the night ends."""
    if not waiting:
        return 0
    hours = max(((NIGHT_END_H - scene.local.hour) % 24) - scene.local.minute / 60, 0.25)
    most_kw = min(stay.charger.max_kw for stay in waiting)
    return max(1, ceil(sum(stay.need_kwh for stay in waiting) / (most_kw * hours)))


def _planned(waiting: list[Stay], power_kw: float) -> int:
    """Cars at full current that make up the planned power, of those that can still wait."""
    return round(power_kw / min(stay.charger.max_kw for stay in waiting)) if waiting else 0


def _share_a(sharing: list[Charger], free_kw: float, voltage_v: float) -> float:
    amps = floor(free_kw / sum(kw_per_ampere(charger, voltage_v) for charger in sharing))
    return min(MOST_A, float(amps)) if amps >= LEAST_A else 0.0
