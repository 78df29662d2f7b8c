"""What a site's reports are to be measured against: a baseline, a normal year, budgets, factors of greenhouse gas."""

from datetime import date
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from models.assets import Purpose
from models.field import Strict
from models.profile import Text

Source = Annotated[str, Field(min_length=1, max_length=200)] | Text
"""Where a figure is from, as it is to stand in a report: a name that is the same in both languages, or one in each."""
MONTHS: Final = 12
Metered = Literal[
    Purpose.ROOM_AND_AIR_HEAT,
    Purpose.HOT_WATER,
    Purpose.COOLING,
    Purpose.FANS_AND_PUMPS,
    Purpose.LIGHT_AND_EQUIPMENT,
    Purpose.LARGE_USERS,
    Purpose.VEHICLES,
]
"""Purposes that meters of uses have."""


class Span(Strict):
    """Local days, both included."""

    first: date
    last: date

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.last < self.first:
            raise ValueError(f"last {self.last} is before first {self.first}")
        return self

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


class NormalYear(Strict):
    """Degree days to base 17 °C of a normal year."""

    degree_days_kd: tuple[Annotated[float, Field(ge=0, le=2000)], ...] = Field(min_length=MONTHS, max_length=MONTHS)
    """January to December."""
    source: Source


class Budget(Strict):
    """What one purpose is meant to take in a year."""

    of: Metered | Literal["heating", "water_drawn", "delivered"]
    """A purpose of electricity meters, heat metered to rooms and ventilation, heat in hot water drawn, or all that is
    bought."""
    kwh_per_m2_year: float = Field(ge=0, le=1000)
    source: Source


class GreenhouseFactor(Strict):
    """What a kWh of electricity bought gives off, from one day to another."""

    basis: Literal["location", "market", "lifetime_no", "lifetime_eu"]
    first: date
    last: date
    """Included."""
    g_per_kwh: float = Field(ge=0, le=2000)
    source: Source


class ReportMail(Strict):
    """Who gets every month's report by e-mail, through the server of `[alerts.smtp]`."""

    to: tuple[Annotated[str, Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")], ...] = Field(min_length=1)
    formats: tuple[Literal["pdf", "xlsx"], ...] = Field(default=("pdf",), min_length=1)


class Reporting(Strict):
    """All of it. What is left out is not in reports, and they say so."""

    email: ReportMail | None = None
    baseline: Span | None = None
    """Before a measure: savings by IPMVP option C are measured from it."""
    normal_year: NormalYear | None = None
    budgets: tuple[Budget, ...] = ()
    greenhouse: tuple[GreenhouseFactor, ...] = ()
    """Beside the factors that came with the program; these go first."""
