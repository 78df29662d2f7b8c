"""A site without its residents' rooms, and the words in which such a room would be known."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from models.assets import Zone
from models.field import Device, Privacy
from models.legionella import Legionella
from models.site import Site

T = TypeVar("T")
NOTHING: Final = re.compile(r"(?!)")


def resident_devices(site: Site) -> frozenset[str]:
    """Devices that stand in a resident's room."""
    return frozenset(device for zone in site.zones for room in zone.rooms for device in room.devices)


def without_rooms(site: Site) -> Site:
    """The site without residents' rooms, their devices, and whatever else is marked personal."""
    hidden = resident_devices(site)
    personal = {p.id for p in site.points.values() if p.privacy is Privacy.PERSONAL}
    changed = {
        "zones": tuple(_without_rooms(zone, hidden) for zone in site.zones),
        "devices": tuple(_without(device, site, personal) for device in site.devices if device.id not in hidden),
        "legionella": _without_places(site.legionella, Unnamed(site)),
    }
    kept = {name: getattr(site, name) for name in Site.model_fields}
    return Site.model_construct(**{**kept, **changed})  # a copy would keep the points it has already listed


def _without_rooms(zone: Zone, hidden: frozenset[str]) -> Zone:
    devices = tuple(device for device in zone.devices if device not in hidden)
    return zone.model_copy(update={"rooms": (), "devices": devices})


def _without_places(told: Legionella, unnamed: "Unnamed") -> Legionella:
    """The register of taps without those that are named by a room."""
    kept = tuple(place for place in told.places if not unnamed.names((place.id, place.name)))
    return told.model_copy(update={"places": kept})


def _without(device: Device, site: Site, personal: set[str]) -> Device:
    if not device.personal:
        return device
    names = (point.name for point in site.profiles[device.profile].all_points)
    wanted = device.signals if device.signals is not None else names
    left = tuple(name for name in wanted if f"{device.id}.{name}" not in personal)
    return device.model_copy(update={"signals": left, "personal": ()})


@dataclass(frozen=True, slots=True)
class RoomWords:
    """By which words residents' rooms and what is personal are known."""

    zones: Mapping[str, str | None]
    """Each word, and the zone it belongs to; None for what is personal but in no room."""
    pattern: re.Pattern[str]
    """Finds one of them."""


def words_of(site: Site) -> RoomWords:
    """Ids of rooms, their devices and personal points, and names that people use of them."""
    labels = {device.id: device.label for device in site.devices}
    home = {device: zone.id for zone in site.zones for room in zone.rooms for device in room.devices}
    zones: dict[str, str | None] = {}
    for point in site.points.values():
        if point.privacy is Privacy.PERSONAL:
            zones[point.id] = home.get(point.device.id)
    for zone in site.zones:
        for room in zone.rooms:
            named = [room.name, *(labels[device] for device in room.devices if device in labels)]
            words = [room.id, *room.devices, *(text.nb for text in named), *(text.en for text in named)]
            zones |= dict.fromkeys(words, zone.id)
    return RoomWords(zones, _pattern(zones))


class Unnamed:
    """Leaves out what names a resident's room, by an id or by a name that people use."""

    def __init__(self, site: Site) -> None:
        self._named = words_of(site).pattern

    def names(self, value: Any) -> bool:
        """Whether anything in it names one."""
        if isinstance(value, str):
            return self._named.search(value) is not None
        if isinstance(value, BaseModel):
            return any(self.names(part) for _, part in value)
        if is_dataclass(value):
            return any(self.names(getattr(value, field.name)) for field in fields(value))
        if isinstance(value, Mapping):
            return any(self.names(key) or self.names(part) for key, part in value.items())
        if isinstance(value, Sequence | frozenset | set):
            return any(self.names(part) for part in value)
        return False

    def kept(self, values: Iterable[T]) -> list[T]:
        """Those that name none."""
        return [value for value in values if not self.names(value)]

    def cleaned(self, value: T) -> T:
        """The same without those entries of its lists and tables, however deep, that name one."""
        found: Any = value
        if isinstance(value, str | bytes | BaseModel):
            return value
        if is_dataclass(value) and not isinstance(value, type):
            parts = {field.name: getattr(value, field.name) for field in fields(value)}
            found = replace(value, **{name: self.cleaned(part) for name, part in parts.items()})
        elif isinstance(value, Mapping):
            tidy = {key: self.cleaned(part) for key, part in value.items() if not self.names(key)}
            found = {key: part for key, part in tidy.items() if not self.names(part)}
        elif isinstance(value, Sequence):
            left = self.kept([self.cleaned(part) for part in value])
            found = tuple(left) if isinstance(value, tuple) else left
        return found  # type: ignore[no-any-return]  # of the kind it was


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    """Finds one of the words that stands by itself, in capitals or not."""
    said = sorted((re.escape(word) for word in words if word), key=len, reverse=True)
    return re.compile(rf"(?<![^\W_])(?<!_)(?:{'|'.join(said)})(?![^\W_])(?!_)", re.IGNORECASE) if said else NOTHING
