"""Cars that wait: each charges at night, else as late as its own departure allows. Part of the good rules."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from control.picture import DAYS, Scene
from control.rules.memory import ParkedCar, RuleMemory
from models.assets import Charger, Departure

NIGHT_END_H: Final = 6
NIGHT: Final = (*range(22, 24), *range(NIGHT_END_H))
"""Local hours in which little else runs and power is cheap."""
NEED_MARGIN: Final = 1.25
"""A car may come home emptier than the timetable says."""
SPARE: Final = timedelta(minutes=30)
"""For the slow last kWh, and for a clock that is wrong."""
TAKES_NONE_S: Final = 300.0
WEEK: Final = 7


@dataclass(frozen=True)
class Stay:
    """A car at its charger, as the rules see it."""

    charger: Charger
    leaves_at: datetime | None
    """UTC; None when it never leaves."""
    urgent: bool
    """It charges now, whatever the hour and the peak."""
    need_kwh: float = 0.0
    """What it may still need by then."""
    full: bool = False
    """It was offered current and takes none."""


def parked(scene: Scene, memory: RuleMemory) -> RuleMemory:
    """Remembers since when each car has been at its charger; a charger that does not tell its state keeps its car."""
    cars = dict(memory.parked)
    for charger in scene.site.chargers:
        state = scene.of(charger, "mode3_state")
        if state == 0.0:
            cars.pop(charger.id, None)
        elif state is not None and charger.id not in cars:
            cars[charger.id] = ParkedCar(scene.now, scene.of(charger, "energy_kwh"))
    return replace(memory, parked=cars) if cars != memory.parked else memory


def stays(scene: Scene, memory: RuleMemory) -> list[Stay]:
    """Every car that is at a charger which tells its state: those that must charge, then by departure."""
    found = [
        _stay(scene, charger, car)
        for charger in scene.site.chargers
        if (car := memory.parked.get(charger.id)) is not None and scene.of(charger, "mode3_state") in (1.0, 2.0)
    ]
    never = scene.now + timedelta(days=WEEK + 1)
    return sorted(found, key=lambda stay: (not stay.urgent, stay.leaves_at or never))


def _stay(scene: Scene, charger: Charger, car: ParkedCar) -> Stay:
    leaves = next_departure(scene, charger)
    if leaves is None:
        return Stay(charger, None, charger.always_ready, full=_full(scene, charger, car))
    at, departure = leaves
    counter = scene.of(charger, "energy_kwh")
    charged = counter - car.counter_kwh if counter is not None and car.counter_kwh is not None else 0.0
    need_kwh = max(NEED_MARGIN * departure.energy_kwh - max(charged, 0.0), 0.0)
    latest = at - SPARE - timedelta(hours=need_kwh / charger.max_kw)
    urgent = charger.always_ready or scene.now >= latest
    return Stay(charger, at, urgent, need_kwh, _full(scene, charger, car))


def _full(scene: Scene, charger: Charger, car: ParkedCar) -> bool:
    connected = scene.of(charger, "mode3_state") == 1.0
    return connected and car.offered_at is not None and scene.seconds_since(car.offered_at) > TAKES_NONE_S


def next_departure(scene: Scene, charger: Charger) -> tuple[datetime, Departure] | None:
    """When the charger's car leaves next [UTC] and what it needs by then."""
    zone, today = scene.site.zone_info, scene.local.date()
    found = []
    for departure in charger.departures:
        for ahead in range(WEEK + 1):
            day = today + timedelta(days=ahead)
            at = datetime.combine(day, departure.at, zone)
            if DAYS[day.weekday()] in departure.days and at > scene.now:
                found.append((at.astimezone(scene.now.tzinfo), departure))
                break
    return min(found, key=lambda one: one[0], default=None)
