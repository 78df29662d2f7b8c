"""Plots as pictures, by Matplotlib without a screen."""

from collections.abc import Sequence
from datetime import date, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any, Final, Literal

import matplotlib as mpl
import numpy as np
from matplotlib import dates
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboards.reports.model import Axis, Plot, Series
from dashboards.reports.say import number
from dashboards.words import Language

COLOURS: Final = (
    "#1f4e79",
    "#c55a11",
    "#7f7f7f",
    "#2e8b57",
    "#8064a2",
    "#bf9000",
    "#4bacc6",
    "#a94442",
    "#404040",
    "#9bbb59",
)
"""Told apart in grey print and by the colour-blind as far as ten can be; order is that of the series."""
RULES: Final[Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#7f7f7f",
    "axes.labelcolor": "#404040",
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "svg.hashsalt": "bems",
}
SIZE_IN: Final = (6.7, 2.6)
DPI: Final = 200
MOST_TICKS: Final = 9
MOST_NAMES: Final = 20
"""So many names of dates find room side by side."""
MARGIN_DAYS: Final = 0.5
LEVELS: Final = ["%Y", "%m.%Y", "%d.%m", "%H:%M", "%H:%M", "%S"]
"""How dates are written, from years down to seconds."""
_DATES: Final[Any] = dates  # has no types


def picture(
    plot: Plot, language: Language, kind: Literal["png", "svg"], size_in: tuple[float, float] = SIZE_IN
) -> bytes:
    """The picture of a plot; its title is not in it."""
    with mpl.rc_context(RULES):
        figure = Figure(figsize=size_in, dpi=DPI, layout="constrained")
        axes = figure.add_subplot()
        if plot.kind == "bar":
            _bars(axes, plot.series)
        else:
            for place, series in enumerate(plot.series):
                _one(axes, series, series.kind or plot.kind, COLOURS[place % len(COLOURS)])
        _axes(axes, plot, language)
        out = BytesIO()
        figure.savefig(out, format=kind, metadata={"Date": None} if kind == "svg" else {"Software": None})
    return out.getvalue()


def _axes(axes: Any, plot: Plot, language: Language) -> None:
    axes.set_xlabel(_titled(plot.x))
    axes.set_ylabel(_titled(plot.y))
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
    first = next((x for series in plot.series for x in series.x), None)
    if isinstance(first, date | datetime):
        few = _few(plot)
        if plot.kind != "bar" and few:
            places, names = zip(*few, strict=True)
            axes.set_xlim(places[0] - MARGIN_DAYS, places[-1] + MARGIN_DAYS)
            axes.set_xticks(places, names)
        elif plot.kind != "bar":
            locator = _DATES.AutoDateLocator(maxticks=10)
            axes.xaxis.set_major_locator(locator)
            axes.xaxis.set_major_formatter(
                _DATES.ConciseDateFormatter(locator, formats=LEVELS, zero_formats=LEVELS, show_offset=False)
            )
    elif isinstance(first, float | int):
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, language)))
    if len(plot.series) > 1:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1.2, frameon=False, fontsize=7.5)


def _few(plot: Plot) -> list[tuple[float, str]]:
    """Places [days] and names of the dates with values, where they are few enough to name each; otherwise none.

    Left to itself an axis of dates is four years long around a single point, and tells the hours of a few days.
    """
    known = {x for series in plot.series for x, y in zip(series.x, series.y, strict=True) if _is_known(y)}
    at = sorted((float(_DATES.date2num(x)), x) for x in known if isinstance(x, date))
    if len(at) == 1:
        (place, x) = at[0]
        return [(place, f"{x:%d.%m.%Y %H:%M}" if isinstance(x, datetime) else f"{x:%d.%m.%Y}")]
    if not at or len(at) > MOST_TICKS or any(isinstance(x, datetime) for _, x in at):
        return []
    narrowest = min(later - earlier for (earlier, _), (later, _) in pairwise(at))
    return [(place, f"{x:%d.%m}") for place, x in at] if at[-1][0] - at[0][0] <= MOST_NAMES * narrowest else []


def _is_known(value: float | None) -> bool:
    return value is not None and bool(np.isfinite(value))


def _titled(axis: Axis) -> str:
    return f"{axis.label} [{axis.unit}]" if axis.unit else axis.label


def _tick(value: float, language: Language) -> str:
    decimals = next((n for n in range(3) if abs(value - round(value, n)) < 1e-9), 3)
    return number(value, decimals, language)


def _one(axes: Any, series: Series, kind: str, colour: str) -> None:
    y = np.array([np.nan if v is None else v for v in series.y], dtype=np.float64)
    x = list(series.x)
    known = np.pad(np.isfinite(y), 1)
    alone = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:])
    if kind != "scatter" and alone.size:
        axes.plot([x[n] for n in alone], y[alone], "o", color=colour, markersize=3.5)  # a line needs two points
    if kind == "scatter":
        axes.scatter(x, y, s=14, color=colour, label=series.label, linewidths=0)
    elif kind == "step":
        axes.step(x, y, where="post", color=colour, label=series.label, linewidth=1.3)
        axes.axhline(0.0, color="#7f7f7f", linewidth=0.8)
    else:
        axes.plot(x, y, color=colour, label=series.label, linewidth=1.3)


def _bars(axes: Any, series: Sequence[Series]) -> None:
    """Stacked; gaps are gaps."""
    names = list(series[0].x) if series else []
    places = np.arange(len(names))
    above, below = np.zeros(len(names)), np.zeros(len(names))
    for place, one in enumerate(series):
        y = np.nan_to_num(np.array([np.nan if v is None else v for v in one.y], dtype=np.float64))
        base = np.where(y >= 0, above, below)
        axes.bar(places, y, bottom=base, width=0.8, color=COLOURS[place % len(COLOURS)], label=one.label)
        above, below = above + np.maximum(y, 0.0), below + np.minimum(y, 0.0)
    every = -(-len(names) // MOST_TICKS) or 1
    shown = places[::every]
    axes.set_xticks(shown, [_short(names[n], len(names) > 1 and _same_month(names)) for n in shown])


def _same_month(names: Sequence[object]) -> bool:
    first, last = names[0], names[-1]
    return isinstance(first, date) and isinstance(last, date) and (last - first).days < 70 and len(names) > MOST_TICKS


def _short(name: object, by_day: bool) -> str:
    if isinstance(name, date):
        return f"{name:%d.%m}" if by_day or name.day != 1 else f"{name:%m.%Y}"
    return str(name)
