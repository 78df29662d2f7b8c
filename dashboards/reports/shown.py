"""Cells and figures as people read them on paper and on pages; the same in PDF and HTML."""

from datetime import date, datetime
from typing import Final

from dashboards.reports.model import Cell, Column, Figure, Plot
from dashboards.reports.say import number, percent
from dashboards.words import Language, texts

NOTHING: Final = "–"
PLAIN: Final = Column("")
"""Of a date or time outside a table."""


def cell(value: Cell, column: Column, language: Language) -> str:
    """One cell of a table."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        return f"{value:%d.%m.%Y %H.%M}" if language == "nb" else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return f"{value:%d.%m.%Y}" if language == "nb" else f"{value:%Y-%m-%d}"
    return value if isinstance(value, str) else number(value, column.decimals, language)


def is_number(value: Cell) -> bool:
    """Whether a cell is set to the right."""
    return value is None or isinstance(value, int | float)


def heading(column: Column) -> str:
    """Label and unit."""
    return f"{column.label} [{column.unit}]" if column.unit else column.label


def value_of(figure: Figure, language: Language) -> str:
    """The number of a figure, or a dash."""
    return NOTHING if figure.value is None else number(figure.value, figure.decimals, language)


def coverage_of(figure: Figure, language: Language) -> str:
    """Its coverage in per cent; empty where that means nothing."""
    share = percent(figure.coverage)
    return "" if share is None else f"{number(share, 1, language)} %"


def beneath(figure: Figure, language: Language) -> str:
    """What stands in small print under its label: method, interval, or why there is no value."""
    said = [figure.method]
    if figure.interval is not None:
        low, high = (number(end, figure.decimals, language) for end in figure.interval)
        said.append(texts(language)["report.interval"].format(low=low, high=high))
    if figure.reason is not None:
        said.append(f"{texts(language)['report.reason']}: {figure.reason}.")
    return " ".join(said)


def not_drawn(plot: Plot, language: Language) -> str:
    """What stands in the place of a plot without values."""
    return texts(language)["report.no_plot"].format(title=plot.title)
