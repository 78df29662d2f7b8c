"""Small charts over time as SVG text that needs nothing else: no script, no font, no network. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from math import ceil, floor, isfinite, log10
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WIDTH: Final = 960
LEFT: Final = 52
RIGHT: Final = 12
TOP: Final = 20
BOTTOM: Final = 20
FEW_UNDER: Final = 130
"""Panels lower than this have few grid lines."""
DAYS_NAMED: Final = 16
"""With more days than these every seventh has its name."""
WEEKS_DAYS: Final = 120
"""With more days than these every first of a month has its name."""


@dataclass(frozen=True)
class Line:
    """Values on the panel's grid; NaN leaves a gap. `style` is a CSS class, `steps` draws each value over its step."""

    values: Array
    style: str
    steps: bool = False


@dataclass(frozen=True)
class Mark:
    """A dot at a place of the grid."""

    place: int
    value: float
    style: str


@dataclass(frozen=True)
class Panel:
    """One chart: what it shows is said in `told`, for those who cannot see it."""

    told: str
    unit: str
    lines: Sequence[Line]
    band: tuple[Array, Array] | None = None
    """Lowest and highest, filled in the style of the first line."""
    marks: Sequence[Mark] = ()
    height: int = 210
    hours_of_day: bool = False
    """The grid is the hours of a day, not time."""


def draw(panel: Panel, start: datetime, step_s: float, zone: ZoneInfo) -> str:
    """The panel as an <svg> element; `start` is the begin of the first value, UTC."""
    count = max(len(line.values) for line in panel.lines)
    low, high, ticks = _scale(panel)

    def x(place: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * place / count

    def y(value: float) -> float:
        return TOP + (panel.height - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [f"<line class=grid x1={LEFT} x2={WIDTH - RIGHT} y1={y(t):.1f} y2={y(t):.1f} />" for t in ticks]
    parts += [f"<text x={LEFT - 6} y={y(t) + 4:.1f} text-anchor=end>{t:g}</text>" for t in ticks]
    for place, name in _hours() if panel.hours_of_day else _days(start, step_s, count, zone):
        parts.append(f"<line class=grid x1={x(place):.1f} x2={x(place):.1f} y1={TOP} y2={panel.height - BOTTOM} />")
        parts.append(f"<text x={x(place) + 3:.1f} y={panel.height - 6}>{name}</text>")
    if panel.band is not None:
        there = [(x(n + 0.5), y(v)) for n, v in enumerate(panel.band[1]) if isfinite(v)]
        back = [(x(n + 0.5), y(v)) for n, v in enumerate(panel.band[0]) if isfinite(v)][::-1]
        parts.append(f'<polygon class="band {panel.lines[0].style}" points="{_points([*there, *back])}" />')
    for line in panel.lines:
        parts += [f'<polyline class="{line.style}" points="{_points(piece)}" />' for piece in _pieces(line, x, y)]
    for mark in panel.marks:
        parts.append(f'<circle class="{mark.style}" cx={x(mark.place + 0.5):.1f} cy={y(mark.value):.1f} r=4 />')
    unit = f"<text x=0 y={TOP - 10}>{escape(panel.unit)}</text>"
    told = escape(panel.told, quote=True)
    return f'<svg viewBox="0 0 {WIDTH} {panel.height}" role=img aria-label="{told}">{unit}{"".join(parts)}</svg>'


def _pieces(line: Line, x: Callable[[float], float], y: Callable[[float], float]) -> list[list[tuple[float, float]]]:
    pieces: list[list[tuple[float, float]]] = [[]]
    for n, value in enumerate(line.values.tolist()):
        if not isfinite(value):
            pieces.append([])
        elif line.steps:
            pieces[-1] += [(x(n), y(value)), (x(n + 1), y(value))]
        else:
            pieces[-1].append((x(n + 0.5), y(value)))
    return [piece for piece in pieces if piece]


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _scale(panel: Panel) -> tuple[float, float, list[float]]:
    """Lowest, highest, and round numbers between them."""
    arrays = [line.values for line in panel.lines] + list(panel.band or ())
    known = np.concatenate([array[np.isfinite(array)] for array in arrays])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    span, most = max(high - low, 0.1), 5 if panel.height > FEW_UNDER else 3
    power = 10.0 ** floor(log10(span / most))
    step = next(m * power for m in (1, 2, 5, 10, 20) if span / (m * power) <= most)
    first, last = floor(low / step), max(ceil(high / step), floor(low / step) + 1)
    return first * step, last * step, [round(n * step, 6) for n in range(first, last + 1)]


def _days(start: datetime, step_s: float, count: int, zone: ZoneInfo) -> list[tuple[float, str]]:
    """Place and name of the local midnights within the grid."""
    begin, end = start.astimezone(zone), (start + timedelta(seconds=step_s * count)).astimezone(zone)
    days = (end.date() - begin.date()).days + 1
    found = []
    named = [begin.date() + timedelta(days=n) for n in range(0, days, 7 if DAYS_NAMED < days <= WEEKS_DAYS else 1)]
    for day in named if days <= WEEKS_DAYS else (day for day in named if day.day == 1):
        at = datetime(day.year, day.month, day.day, tzinfo=zone)
        place = (at.timestamp() - start.timestamp()) / step_s
        if 0 <= place < count:
            found.append((place, f"{day.day}.{day.month}."))
    return found


def _hours() -> list[tuple[float, str]]:
    return [(float(hour), f"{hour:02}") for hour in range(0, 24, 3)]
