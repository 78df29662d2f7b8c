"""External blinds: down against sun on warm rooms, up in wind. Plain rule."""

from dataclasses import replace
from datetime import datetime
from math import acos, asin, cos, degrees, pi, radians, sin
from typing import Final

from control.picture import Scene
from control.rules.memory import RuleMemory, latch
from control.wish import Wish
from models.assets import Blind
from models.reasons import Code, because

FACADE_DEG: Final = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}
SEES_SUN_DEG: Final = 75.0
"""Sun within this of the facade's normal."""
LOW_SUN_DEG: Final = 4.0
BRIGHT_W_PER_M2: Final = 300.0
DULL_W_PER_M2: Final = 150.0
WARM_ROOM_DEGC: Final = 24.0
COOL_ROOM_DEGC: Final = 23.0
WINDY_M_PER_S: Final = 12.0
MIN_REST_S: Final = 1800.0
DOWN_PCT: Final = 80.0
"""Slats of the lowest fifth stay open: residents look out."""


def sun_position_deg(latitude_deg: float, longitude_deg: float, when: datetime) -> tuple[float, float]:
    """Elevation and azimuth (0 north, 90 east) of the sun [deg]; `when` UTC. Spencer's series (1971), within 1 deg."""
    day = when.timetuple().tm_yday
    hours = when.hour + when.minute / 60 + when.second / 3600
    g = 2 * pi * (day - 1 + (hours - 12) / 24) / 365
    declination = (
        0.006918 - 0.399912 * cos(g) + 0.070257 * sin(g) - 0.006758 * cos(2 * g) + 0.000907 * sin(2 * g)
        - 0.002697 * cos(3 * g) + 0.00148 * sin(3 * g)
    )  # fmt: skip
    equation_min = 229.18 * (
        0.000075 + 0.001868 * cos(g) - 0.032077 * sin(g) - 0.014615 * cos(2 * g) - 0.040849 * sin(2 * g)
    )
    hour_angle = radians((hours * 60 + equation_min + 4 * longitude_deg) / 4 - 180)
    latitude = radians(latitude_deg)
    sine = sin(latitude) * sin(declination) + cos(latitude) * cos(declination) * cos(hour_angle)
    elevation = asin(sine)
    ratio = (sin(declination) - sin(latitude) * sine) / max(1e-9, cos(latitude) * cos(elevation))
    azimuth = degrees(acos(max(-1.0, min(1.0, ratio))))
    return degrees(elevation), azimuth if sin(hour_angle) < 0 else 360 - azimuth


def blinds(scene: Scene, memory: RuleMemory) -> tuple[list[Wish], RuleMemory]:
    """Every blind: down while the sun is bright on its facade and the warmest room behind it is above 24 degC.

    Up again below 23 degC, at once in wind or at its own wind alarm. Fallbacks: wind, irradiance or all room
    temperatures missing: up.
    """
    wishes: list[Wish] = []
    kept = dict(memory.blinds)
    station = scene.site.weather_station
    wind_point, bright_point = (scene.find(station, s) for s in ("wind_m_per_s", "irradiance_w_per_m2"))
    for blind in scene.site.blinds:
        point, alarm_point = scene.find(blind, "position_pct"), scene.find(blind, "wind_alarm")
        if point is None:
            continue
        wind, bright = scene.value(wind_point), scene.value(bright_point)
        if scene.flag(alarm_point) or (wind is not None and wind > WINDY_M_PER_S):
            kept.pop(blind.id, None)
            wishes.append(Wish(point, 0.0, because(Code.BLINDS_WIND, wind_m_per_s=wind), ()))
            continue
        temps = _rooms_behind(scene, blind)
        young = [value for p in temps if (value := scene.value(p)) is not None]
        if wind is None or bright is None or not young:
            if not scene.unsettled([wind_point, bright_point, *([] if young else temps)]):
                kept.pop(blind.id, None)
                wishes.append(Wish(point, 0.0, because(Code.BLINDS_UNKNOWN), ()))
            continue
        room = max(young)
        faced = _faced(scene, blind)
        switch = latch(
            memory.blinds.get(blind.id),
            scene.now,
            start=faced and bright > BRIGHT_W_PER_M2 and room > WARM_ROOM_DEGC,
            stop=not faced or bright < DULL_W_PER_M2 or room < COOL_ROOM_DEGC,
            min_on_s=MIN_REST_S,
            min_off_s=MIN_REST_S,
        )
        kept[blind.id] = switch
        code = Code.BLINDS_DOWN if switch.on else Code.BLINDS_UP
        why = because(code, irradiance_w_per_m2=bright, room_degc=room)
        needs = tuple(p for p in (wind_point, bright_point) if p is not None)
        wishes.append(Wish(point, DOWN_PCT if switch.on else 0.0, why, needs))
    return wishes, replace(memory, blinds=kept)


def _faced(scene: Scene, blind: Blind) -> bool:
    place = scene.site.place
    elevation, azimuth = sun_position_deg(place.latitude_deg, place.longitude_deg, scene.now)
    apart = abs((azimuth - FACADE_DEG[blind.facade] + 180) % 360 - 180)
    return elevation > LOW_SUN_DEG and apart < SEES_SUN_DEG


def _rooms_behind(scene: Scene, blind: Blind) -> list[str | None]:
    """Temperatures of the rooms on the facade, and of the zones whose common area has windows there."""
    site = scene.site
    rooms = [room.devices for zone in site.zones for room in zone.rooms if room.facade == blind.facade]
    areas = [zone.devices for zone in site.zones if zone.windows_m2.get(blind.facade)]
    return [scene.find(devices, "temp_degc") for devices in (*rooms, *areas)]
