"""When nobody uses a part of the house, whatever its timetable says: holidays, and the house being left alone."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, NaiveDatetime, ValidationInfo, WithJsonSchema, field_validator

from models.assets import AirHandling, Zone, ZoneKind
from models.field import Id, Strict

LocalMoment = Annotated[
    NaiveDatetime,
    WithJsonSchema(
        {
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}$",
            "examples": ["2026-12-24T00:00:00"],
        }
    ),
]
"""A moment by the clock on the wall."""


class Closed(Strict):
    """Nobody is expected in these zones: their timetables do not apply. Presence and everybody's limits still do."""

    start: LocalMoment
    until: LocalMoment
    zones: tuple[Id, ...] = ()
    """Empty: wherever nobody lives, and no service is done for those who do."""
    note: str = Field(default="", max_length=80)

    @field_validator("until")
    @classmethod
    def _ends_after_its_start(cls, until: datetime, info: ValidationInfo) -> datetime:
        start = info.data.get("start")
        if start is not None and until <= start:
            raise ValueError(f"must be after start {start}")
        return until

    def covers(self, zone: Zone, lived_in: bool) -> bool:
        """Whether it closes this zone; `lived_in` says whether anybody lives in the house. Never where people sleep."""
        if zone.kind is ZoneKind.RESIDENTIAL:
            return False
        if self.zones:
            return zone.id in self.zones
        return zone.kind is not ZoneKind.SERVICE or not lived_in


def closures_of(
    asset: Zone | AirHandling, closed: tuple[Closed, ...], zones: tuple[Zone, ...], lived_in: bool
) -> tuple[Closed, ...]:
    """Those that close the asset; an air-handling unit is closed with all the zones it serves."""
    if isinstance(asset, Zone):
        served = [asset]
    elif asset.bedrooms:
        return ()
    else:
        served = [zone for zone in zones if zone.air_handling == asset.id]
    return tuple(one for one in closed if served and all(one.covers(zone, lived_in) for zone in served))
