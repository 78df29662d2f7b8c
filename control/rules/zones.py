"""Rooms and zones: set points by who is there. Plain rules. Residents' rooms are never set back."""

from dataclasses import replace
from typing import Final

from control.picture import Scene
from control.rules.heat import Outdoor
from control.wish import Wish
from models.assets import Room, Zone, ZoneKind
from models.reasons import Code, because

NO_SETBACK_BELOW_DEGC: Final = -10.0
"""Colder than this the heat would be missing in the morning, all zones at once."""
MANNED_MIN_DEGC: Final = 19.0
BATHROOM_FLOOR_DEGC: Final = 25.0
WARMEST_DEGC: Final = 23.5
"""No room is heated beyond this to store heat."""
EARLY_LEAST_H: Final = 1.0
EARLY_MOST_H: Final = 5.0
STAGGER_H: Final = 0.5
"""Under staggered recovery each zone begins so much before the next one [h]."""


def rooms(scene: Scene) -> list[Wish]:
    """Every resident's room at its own set point, its bathroom floor at 25 degC, day and night.

    Fallback without a room (or floor) temperature: the set point is given back to the local controller, which keeps
    its own.
    """
    wishes: list[Wish] = []
    for zone in scene.site.zones:
        for room in zone.rooms:
            wishes += _held(scene, room, "temp_degc", "setpoint_degc", room.setpoint_degc, _offset_k(scene, zone))
            wishes += _held(scene, room, "floor_temp_degc", "floor_setpoint_degc", BATHROOM_FLOOR_DEGC)
    return wishes


def _offset_k(scene: Scene, zone: Zone) -> float:
    """Heat that a plan stores in the zone before it is dear; never below the set point."""
    return scene.guidance.room_offset_k.get(zone.id, 0.0) if scene.guidance is not None else 0.0


def _held(
    scene: Scene, room: Room, measured: str, target: str, setpoint_degc: float, offset_k: float = 0.0
) -> list[Wish]:
    sensor, point = scene.find(room.devices, measured), scene.find(room.devices, target)
    if point is None:
        return []
    temp = scene.value(sensor)
    if temp is not None and sensor is not None and offset_k:
        setpoint_degc = max(setpoint_degc, min(setpoint_degc + offset_k, WARMEST_DEGC))
        return [Wish(point, setpoint_degc, because(Code.PLAN_ROOM, setpoint_degc=setpoint_degc), (sensor,))]
    if temp is not None and sensor is not None:
        return [Wish(point, setpoint_degc, because(Code.ROOM_OWN, setpoint_degc=setpoint_degc), (sensor,))]
    return [Wish(point, None, because(Code.ROOM_LOCAL), ())] if scene.missing(sensor) else []


def zones(scene: Scene, outside: Outdoor | None) -> list[Wish]:
    """Set point of every zone's common area: comfort while manned and before, set-back otherwise.

    No set-back where people sleep, where the site names none, or below -10 degC outdoors; nobody is left below
    19 degC where somebody is seen. Fallbacks: no presence sensor: the timetable alone; no outdoor temperature yet or
    an assumed one: no set-back; no zone temperature: given back to the local controller.
    """
    wishes: list[Wish] = []
    for zone in scene.site.zones:
        sensor, point = scene.find(zone, "temp_degc"), scene.find(zone, "setpoint_degc")
        if point is None:
            continue
        if scene.value(sensor) is None or sensor is None:
            if scene.missing(sensor):
                wishes.append(Wish(point, None, because(Code.ROOM_LOCAL), ()))
            continue
        wish = _zone(scene, zone, point, sensor, outside)
        if (offset_k := _offset_k(scene, zone)) and wish.value is not None:
            degc = max(wish.value, min(wish.value + offset_k, WARMEST_DEGC))
            wish = replace(wish, value=degc, reason=because(Code.PLAN_ROOM, setpoint_degc=degc))
        wishes.append(wish)
    return wishes


def _zone(scene: Scene, zone: Zone, point: str, sensor: str, outside: Outdoor | None) -> Wish:
    comfort, setback = zone.setpoint_degc, zone.setback_degc
    presence = scene.find(zone, "occupied")
    if zone.kind is ZoneKind.RESIDENTIAL or setback is None:
        return Wish(point, comfort, because(Code.ZONE_ALWAYS, setpoint_degc=comfort), (sensor,))
    if scene.manned(zone):
        return Wish(point, comfort, because(Code.ZONE_MANNED, setpoint_degc=comfort), (sensor,))
    if scene.strategy.no_set_back:
        return Wish(point, comfort, because(Code.ZONE_PREPARED, setpoint_degc=comfort), (sensor,))
    if outside is None or outside.degc < NO_SETBACK_BELOW_DEGC:
        outdoor_degc = outside.degc if outside is not None else None
        why = because(Code.ZONE_TOO_COLD, setpoint_degc=comfort, outdoor_degc=outdoor_degc)
        return Wish(point, comfort, why, (sensor,))
    early_h = early_start_h(comfort - setback, outside.degc) + _stagger_h(scene, zone)
    if _manned_within(scene, zone, early_h):
        why = because(Code.ZONE_EARLY, setpoint_degc=comfort, early_h=early_h)
        return Wish(point, comfort, why, (sensor, *outside.needs))
    if scene.flag(presence) and presence is not None:
        degc = max(setback, min(MANNED_MIN_DEGC, comfort))
        return Wish(point, degc, because(Code.ZONE_SEEN, setpoint_degc=degc), (sensor, presence))
    return Wish(point, setback, because(Code.ZONE_SETBACK, setpoint_degc=setback), (sensor, *outside.needs))


def early_start_h(lift_k: float, outdoor_degc: float) -> float:
    """How long before people come heating must begin [h]: longer for a larger lift [K] and a colder day [degC]."""
    return min(EARLY_MOST_H, max(EARLY_LEAST_H, lift_k * (0.5 + 0.04 * max(0.0, 15.0 - outdoor_degc))))


def _stagger_h(scene: Scene, zone: Zone) -> float:
    set_back = [other.id for other in scene.site.zones if other.setback_degc is not None]
    return STAGGER_H * set_back.index(zone.id) if scene.strategy.staggered else 0.0


def _manned_within(scene: Scene, zone: Zone, hours: float) -> bool:
    """Whether somebody comes within so many hours; the clock is the local one, over a change of summer time too."""
    quarter_hours = range(1, int(hours * 4) + 1)
    return any(scene.manned(zone, scene.local_in(quarter / 4)) for quarter in quarter_hours)
