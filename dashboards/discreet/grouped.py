"""What leaves the house by download or mail, where nobody may learn of a resident's room: each becomes its group's.

Pages leave out what names a room; a report cannot, since what it counts would no longer add up, and a health inspector
asks for every tap. So 'Dusj rom A6' is told as 'Dusj beboerrom (Bogruppe A)', in every string of the report at once,
whoever wrote it and whichever format it is written in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from dashboards.discreet.unnamed import words_of
from dashboards.words import Language, pick, texts
from models.site import Site

T = TypeVar("T")


class Grouped:
    """Tells residents' rooms of a site as rooms of their zone, in a language."""

    def __init__(self, site: Site, language: Language) -> None:
        words = texts(language)
        named = words_of(site)
        self._found = named.pattern
        zones = {zone.id: pick(zone.name, language) for zone in site.zones}
        self._instead = {
            word.casefold(): words["report.room"] if zone is None else words["report.room_in"].format(zone=zones[zone])
            for word, zone in named.zones.items()
        }

    def __call__(self, value: T) -> T:
        """The same with every room told as its zone's, however deep; what is not text stays as it is."""
        found: Any = value
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            found = self._found.sub(lambda match: self._instead[match.group().casefold()], value)
        elif is_dataclass(value) and not isinstance(value, type):
            parts = {field.name: getattr(value, field.name) for field in fields(value)}
            found = replace(value, **{name: self(part) for name, part in parts.items()})
        elif isinstance(value, Mapping):
            found = {self(key): self(part) for key, part in value.items()}
        elif isinstance(value, Sequence) and not isinstance(value, bytes):
            found = tuple(self(part) for part in value) if isinstance(value, tuple) else [self(part) for part in value]
        return found  # type: ignore[no-any-return]  # of the kind it was
