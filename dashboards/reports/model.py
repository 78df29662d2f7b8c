"""What a report is, before anyone decides how it looks: sections of figures, tables, plots and notes.

Nothing here reads, reckons or draws. Whatever can be said in words is said in the report's language already, so that
every format says the same; numbers stay numbers until they are written down. A figure that is not known has a reason
in its place, and every figure says how it came about and how much of the period it rests on.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Literal

from dashboards.words import Language

Cell = float | str | date | datetime | None
"""What a table may hold; a date or time is local, None is a gap."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report. `value` is None exactly when `reason` says why; ValueError otherwise."""

    id: str
    """Stable name for programs, e.g. 'energy.import'."""
    label: str
    value: float | None
    unit: str
    """As people write it: 'kWh', '°C', ''."""
    method: str
    """How it came about, in one sentence."""
    coverage: float | None = None
    """Part of the period's time that was measured, 0 .. 1; None where that means nothing."""
    reason: str | None = None
    """Why there is no value."""
    interval: tuple[float, float] | None = None
    """Lower and upper end of the confidence interval that the method names."""
    decimals: int = 0
    """As many are worth reading."""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.reason is not None):
            raise ValueError(f"figure {self.id}: either a value or the reason why there is none")
        if self.coverage is not None and not 0 <= self.coverage <= 1:
            raise ValueError(f"figure {self.id}: coverage {self.coverage} is not within 0 .. 1")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    label: str
    unit: str = ""
    """Empty for words, dates and plain counts."""
    decimals: int = 0
    """Of the numbers in it."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of as many cells as there are columns; ValueError otherwise."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    sum_row: bool = False
    """Whether the last row is the sum of those above it."""

    def __post_init__(self) -> None:
        wrong = [row for row in self.rows if len(row) != len(self.columns)]
        if wrong:
            raise ValueError(f"table {self.id}: {len(self.columns)} columns, but a row has {len(wrong[0])} cells")


PlotKind = Literal["line", "bar", "scatter", "step"]


@dataclass(frozen=True, slots=True)
class Series:
    """One thing in a plot: as many `y` as `x`; None is a gap. ValueError otherwise."""

    label: str
    x: tuple[float | date | datetime | str, ...]
    """Numbers, local dates or times, or names of bars."""
    y: tuple[float | None, ...]
    kind: PlotKind | None = None
    """None: as the plot. A line through the points of a scatter plot, for one."""

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"series {self.label}: {len(self.x)} x and {len(self.y)} y")


@dataclass(frozen=True, slots=True)
class Axis:
    """What is along an axis."""

    label: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture, as data."""

    id: str
    title: str
    kind: PlotKind
    x: Axis
    y: Axis
    series: tuple[Series, ...]

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to see."""
        return any(value is not None and isfinite(value) for series in self.series for value in series.y)


@dataclass(frozen=True, slots=True)
class Section:
    """One subject of a report."""

    id: str
    title: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    plots: tuple[Plot, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences: gaps, assumptions, verdicts."""


class PeriodKind(StrEnum):
    """How long a report is for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    PERIOD = "period"


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included. ValueError when the last one is before the first."""

    kind: PeriodKind
    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a period cannot end ({self.last}) before it begins ({self.first})")

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first) // timedelta(days=1) + 1

    @property
    def id(self) -> str:
        """Short name: '2026-01', '2026-Q1', '2026', '2026-01-05_2026-01-18'."""
        if self.kind is PeriodKind.MONTH:
            return f"{self.first:%Y-%m}"
        if self.kind is PeriodKind.QUARTER:
            return f"{self.first:%Y}-Q{(self.first.month + 2) // 3}"
        if self.kind is PeriodKind.YEAR:
            return f"{self.first:%Y}"
        return f"{self.first}_{self.last}"


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report, in one language."""

    title: str
    site_id: str
    site: str
    period: Period
    made_at: datetime
    """Local time."""
    language: Language
    sections: tuple[Section, ...]
