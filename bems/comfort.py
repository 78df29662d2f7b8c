"""What counts as cold and as warm: every room that somebody is ever in, with its limits. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.assets import Zone, ZoneKind
from models.site import Site

Array = NDArray[np.float64]

BELOW_K: Final = 1.0
"""A room may be this far below its set point before it counts as cold [K]."""
RESIDENT_DEGC: Final = 21.0
"""No resident's room below this, unless its own set point is lower."""
MANNED_DEGC: Final = 19.0
WINTER_HIGH_DEGC: Final = 24.0
SUMMER_HIGH_DEGC: Final = 26.0
SUMMER: Final = range(5, 10)
"""Months in which rooms may be warmer: outside the heating season."""


@dataclass(frozen=True)
class Space:
    """A room, or the common area of a zone."""

    id: str
    zone: Zone
    point: str
    """Of its temperature."""
    resident: bool
    setpoint_degc: float
    area_m2: float


def spaces(site: Site) -> Iterator[Space]:
    """Every room and zone that somebody is ever in and whose temperature is measured."""
    for zone in (zone for zone in site.zones if zone.rooms or zone.persons or zone.occupied):
        rooms_m2 = sum(room.area_m2 for room in zone.rooms)
        point = site.find(zone.devices, "temp_degc")
        if point is not None:
            yield Space(zone.id, zone, point, False, zone.setpoint_degc, max(zone.area_m2 - rooms_m2, 0.0))
        for room in zone.rooms:
            point = site.find(room.devices, "temp_degc")
            if point is not None:
                yield Space(room.id, zone, point, True, room.setpoint_degc, room.area_m2)


def low_degc(node: Space, people: NDArray[np.bool_] | None) -> Array | float:
    """Below this a room is cold: 1 K under its set point; residents' rooms at 21 at least, manned ones at 19."""
    degc = node.setpoint_degc
    if node.resident or node.zone.kind is ZoneKind.RESIDENTIAL:
        return max(degc - BELOW_K, min(RESIDENT_DEGC, degc))
    there = max(degc - BELOW_K, min(MANNED_DEGC, degc))
    away = (node.zone.setback_degc if node.zone.setback_degc is not None else degc) - BELOW_K
    return there if people is None else np.where(people, there, away)


def high_degc(space: Space, summer: NDArray[np.bool_]) -> Array | float:
    """Above this a room is warm: where people live 24, outside the heating season 26; elsewhere always 26."""
    lived_in = space.zone.kind is ZoneKind.RESIDENTIAL
    return np.where(summer, SUMMER_HIGH_DEGC, WINTER_HIGH_DEGC) if lived_in else SUMMER_HIGH_DEGC
