"""What is known of a building's habits, as frozen data: profiles by kind of day, factors, trips, price shapes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import cached_property
from typing import Annotated, Final

import numpy as np
from pydantic import BeforeValidator, TypeAdapter

from control.grid import Array
from control.slots import Slots

Row = tuple[float, ...]
Rows = tuple[Row, Row, Row]


@dataclass(frozen=True)
class Profile:
    """A day by quarters, one row for each kind of day (workday, Saturday, Sunday or holiday), by the wall clock."""

    mean: Rows
    spread: Rows
    """Standard deviation of a single day's quarter."""
    days: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Days of each kind it was learned from."""

    def at(self, slots: Slots) -> Array:
        """Expected value of each quarter."""
        return self._means[slots.kind, slots.index]

    def spread_at(self, slots: Slots) -> Array:
        """Standard deviation of each quarter."""
        return self._spreads[slots.kind, slots.index]

    @cached_property
    def _means(self) -> Array:
        return np.array(self.mean)

    @cached_property
    def _spreads(self) -> Array:
        return np.array(self.spread)


def profile(mean: Array, spread: Array, days: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Profile:
    """From arrays of one row per kind of day."""
    rows: list[Rows] = []
    for table in (mean, spread):
        workday, saturday, sunday = (tuple(float(v) for v in row) for row in table)
        rows.append((workday, saturday, sunday))
    return Profile(rows[0], rows[1], days)


@dataclass(frozen=True)
class Factor:
    """Measured over computed."""

    value: float = 1.0
    spread: float = 0.15
    """Standard deviation of a day's mean."""
    days: float = 0.0


@dataclass(frozen=True)
class Trip:
    """How long a charger's car stays away, and what it needs when it is back."""

    hours: float = 7.5
    """A shift; measured from the departure."""
    spread_h: float = 1.0
    need_share: float = 1.0
    """Energy charged over what the timetable's departure says."""
    count: float = 0.0


@dataclass(frozen=True)
class PriceShape:
    """Spot prices of the last weeks [NOK/kWh]."""

    level: float
    deviation: tuple[Row, Row]
    """From the day's mean, by local hour: workdays, other days."""
    other_over_workday: float
    spread: float
    """Of an hour's price around its day's mean and shape."""


ALONE: Final = ("base_load_kw", "tapped_l_per_h", "cold_water_k", "prices")
MANY: Final = ("presence", "pv", "collectors", "trips")
"""Fields of `Learned` that are one part, and those with a part for each asset."""


def _by_field(raw: object) -> object:
    """A stored factor without a field, of when a site could have but one, is of none that can be named: it goes."""
    return {} if isinstance(raw, dict) and raw.keys() == {f.name for f in fields(Factor)} else raw


@dataclass(frozen=True)
class Learned:
    """All of it. `version` counts the nights it was learned in; 0 is the site file alone."""

    base_load_kw: Profile
    tapped_l_per_h: Profile | None = None
    """Hot water used, at 60 degC; None without hot water."""
    presence: Mapping[str, Profile] = field(default_factory=dict)
    """People by zone; one that is not in it is peopled as the site file says."""
    cold_water_k: float = 0.0
    """Cold water above its usual temperature of the season."""
    pv: Mapping[str, Factor] = field(default_factory=dict)
    """By array."""
    snow_cover: Mapping[str, float] = field(default_factory=dict)
    """By array, part of it that was under snow at the end of the record's last light."""
    collectors: Annotated[Mapping[str, Factor], BeforeValidator(_by_field)] = field(default_factory=dict)
    """By field."""
    trips: Mapping[str, Trip] = field(default_factory=dict)
    """By charger."""
    prices: PriceShape | None = None
    version: int = 0
    until: datetime | None = None
    """End of the record it was learned from."""
    parts: tuple[str, ...] = ()
    """What came from the record; the rest is the site file's."""
    part_until: Mapping[str, datetime] = field(default_factory=dict)
    """End of what each part was learned from, by its name in `as_parts`."""

    def as_parts(self) -> dict[str, object]:
        """All that can be learned, by part: such as 'presence.<zone>' and 'pv.<array>' each for itself."""
        alone = {name: getattr(self, name) for name in ALONE}
        of_many = {f"{name}.{key}": value for name in MANY for key, value in getattr(self, name).items()}
        return {name: value for name, value in alone.items() if value is not None} | of_many

    def with_parts(self, names: Collection[str], of: "Learned") -> "Learned":
        """The same with these parts of another."""
        changed: dict[str, object] = {name: getattr(of, name) for name in ALONE if name in names}
        for name in MANY:
            mine, theirs = getattr(self, name), getattr(of, name)
            changed[name] = {**mine, **{key: value for key, value in theirs.items() if f"{name}.{key}" in names}}
        return replace(self, **changed)  # type: ignore[arg-type]

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Learned":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ADAPTER.validate_json(text)


_ADAPTER: Final = TypeAdapter(Learned)
