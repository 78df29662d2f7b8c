"""Where air, people and heat are: every resident's room, and the common area of every zone, as one numbered space."""

from collections.abc import Iterator
from typing import NamedTuple

from models.assets import Room, Zone
from models.site import Site


class Space(NamedTuple):
    """One air node."""

    zone: Zone
    zone_index: int
    room: Room | None
    area_m2: float
    """Heated floor, a room's bathroom included."""
    share: float
    """Of its zone's area, and so of its heat loss, air and equipment."""

    @property
    def devices(self) -> tuple[str, ...]:
        """Devices that measure and heat it."""
        return self.room.devices if self.room else self.zone.devices


def spaces_of(site: Site) -> tuple[Space, ...]:
    """All spaces, zone by zone, the common area before its rooms; a zone smaller than its rooms keeps 1 m2 of it."""
    return tuple(_spaces(site))


def _spaces(site: Site) -> Iterator[Space]:
    for index, zone in enumerate(site.zones):
        common = max(zone.area_m2 - sum(room.area_m2 for room in zone.rooms), 1.0)
        total = common + sum(room.area_m2 for room in zone.rooms)
        yield Space(zone, index, None, common, common / total)
        for room in zone.rooms:
            yield Space(zone, index, room, room.area_m2, room.area_m2 / total)
