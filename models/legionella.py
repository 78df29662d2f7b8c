"""The legionella file of a site: the register of taps, what is to be done at each of them, and when that is in order.

The `[legionella]` section of a site file holds what the risk assessment has decided; `models.water_facts` is what
people write down from day to day. Limits of temperature stand in `[hygiene]`; here it is about single places.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from models.field import Id, Strict
from models.profile import Text

HOT_AFTER_S: Final = 60
"""Hot water is hot at the tap after a minute (guide of the Norwegian Institute of Public Health)."""
COLD_AFTER_S: Final = 120
"""Cold water is cold after two."""
MIXED_BELOW_K: Final = 5.0
"""Mixed water that is colder than it should be by more than this comes from a faulty valve, or a cold pipe."""
Days = Annotated[int, Field(ge=1, le=400)]


class PlaceKind(StrEnum):
    """What water comes out of."""

    TAP = "tap"
    SHOWER = "shower"
    FLUSH_POINT = "flush_point"
    """The end of a pipe that nobody draws from."""
    SAMPLE_POINT = "sample_point"
    """A tap in the plant, of a tank or a loop."""


class Work(StrEnum):
    """What is done at a place again and again."""

    FLUSH = "flush"
    CLEAN = "clean"
    """The shower head, its hose or the tap's strainer is cleaned and disinfected, or exchanged."""
    READ = "read"
    """The temperature is read."""
    SAMPLE = "sample"
    """A sample is taken for a laboratory."""


class Place(Strict):
    """One entry of `[[legionella.places]]`."""

    id: Id
    name: Text
    kind: PlaceKind = PlaceKind.TAP
    loop: Id | None = None
    """Circulation that feeds it (`hot_water.loops`)."""
    mixed_degc: float | None = Field(default=None, ge=30, le=60)
    """A mixing valve before it holds the hot water at this: no heat cycle reaches it, so it has to be flushed."""
    flush_days: Days | None = None
    """It is seldom used: flushed at least this often."""
    clean_days: Days | None = None
    read_days: Days | None = None
    sample_days: Days | None = None

    @cached_property
    def every_days(self) -> Mapping[Work, int]:
        """How often what is to be done here."""
        own = {
            Work.FLUSH: self.flush_days,
            Work.CLEAN: self.clean_days,
            Work.READ: self.read_days,
            Work.SAMPLE: self.sample_days,
        }
        return {work: days for work, days in own.items() if days is not None}


class Legionella(Strict):
    """The `[legionella]` section. Left out: there is no list of taps, and nothing is due."""

    risk_assessment: date | None = None
    """Day of the assessment that the routines follow."""
    risk_assessment_at: str = Field(default="", max_length=200)
    """Where it lies."""
    responsible: str = Field(default="", max_length=120)
    """Who answers for the routines."""
    flush_min: float = Field(default=3.0, gt=0, le=60)
    """A flushing takes so long at least [min]."""
    act_cfu_per_l: float = Field(default=100.0, gt=0)
    """A result from here on opens a deviation; a care home looks at what others may pass over (EWGLI, HSG 274)."""
    limit_cfu_per_l: float = Field(default=1000.0, gt=0)
    """The limit of Directive (EU) 2020/2184, annex I part D."""
    scald_margin_k: float = Field(default=2.0, ge=0, le=10)
    """A mixing valve may be wrong by so much before it counts as a danger of scalding."""
    places: tuple[Place, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "Legionella":
        seen: set[str] = set()
        for place in self.places:
            if place.id in seen:
                raise ValueError(f"ids of places are unique, '{place.id}' is there twice")
            seen.add(place.id)
        if self.act_cfu_per_l > self.limit_cfu_per_l:
            raise ValueError(f"act_cfu_per_l {self.act_cfu_per_l:g} must not exceed limit_cfu_per_l")
        return self

    @property
    def by_id(self) -> Mapping[str, Place]:
        """Places by id; not kept, since a copy of a file with fewer places would have it too."""
        return {place.id: place for place in self.places}


Water = Literal["hot", "cold"]
