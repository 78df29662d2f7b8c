"""The pictures of a backtest's page: power against price, a mean day, rooms, tanks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from bems.backtest.series import QUARTER_S, Series
from bems.svg import Line, Mark, Panel, draw

Array = NDArray[np.float64]

HOUR_S: Final = 3600.0
LOW: Final = 90
"""Height of a panel that only goes with the one above it."""


@dataclass(frozen=True)
class Seen:
    """What the charts show."""

    runs: Mapping[str, Series]
    """By controller."""
    price_nok_per_kwh: Array
    """By the quarter: all that a kWh bought costs but the peak charge; NaN where it is not known."""
    outdoor_degc: Array
    """By the quarter."""
    zone: ZoneInfo


def styles(names: Mapping[str, object]) -> dict[str, str]:
    """Each controller's CSS class, the same in every picture."""
    return {name: f"c{place}" for place, name in enumerate(names)}


def charts(of: Seen) -> str:
    """All of them, as HTML."""
    style = styles(of.runs)
    key = "".join(f'<li><span class="{style[name]}">━</span> {escape(name)}</li>' for name in of.runs)
    parts = [f"<ul class=key>{key}</ul>"]
    powers = {name: _hours(one.power_kw) for name, one in of.runs.items() if one.power_kw is not None}
    if powers:
        parts += _power(of, powers, style)
    parts += _rooms(of, style)
    parts += _tanks(of, style)
    return "".join(parts)


def _power(of: Seen, powers: Mapping[str, Array], style: Mapping[str, str]) -> list[str]:
    """By the clock hour, as the peak is charged."""
    start = next(iter(of.runs.values())).start
    marks = [Mark(int(np.argmax(kw)), float(kw.max()), style[name]) for name, kw in powers.items()]
    highest = ", ".join(f'<b class="{style[name]}">{escape(name)} {kw.max():.0f}</b>' for name, kw in powers.items())
    lines = [Line(kw, style[name], steps=True) for name, kw in powers.items()]
    price = Line(_hours(of.price_nok_per_kwh), "price", steps=True)
    by_hour = {name: _mean_day(of, kw) for name, kw in powers.items()}
    day = [Line(kw, style[name], steps=True) for name, kw in by_hour.items()]
    price_day = Line(_mean_day(of, price.values), "price", steps=True)

    def time(panel: Panel) -> str:
        return draw(panel, start, HOUR_S, of.zone)

    return [
        "<h3>Power bought, by the clock hour, and what a kWh costs</h3>",
        f"<p>Highest hour, marked by a dot [kW]: {highest}</p>",
        time(Panel("Power bought by the hour; each controller's highest hour is marked", "kW", lines, marks=marks)),
        time(Panel("Price of a kWh by the hour", "NOK", [price], height=LOW)),
        "<h3>A mean day</h3>",
        time(Panel("Mean power by hour of the day", "kW", day, hours_of_day=True)),
        time(Panel("Mean price by hour of the day", "NOK", [price_day], height=LOW, hours_of_day=True)),
    ]


def _rooms(of: Seen, style: Mapping[str, str]) -> list[str]:
    """A band for each controller, all on one scale."""
    rooms = {name: one.rooms_degc for name, one in of.runs.items() if one.rooms_degc is not None}
    if not rooms:
        return []
    parts = ["<h3>Rooms: coldest to warmest, and their mean</h3>"]
    start = next(iter(of.runs.values())).start
    for name, (low, mean, high) in rooms.items():
        panel = Panel(
            f"Coldest, mean and warmest room under {name}",
            "°C",
            [Line(mean, style[name])],
            band=(low, high),
            height=120,
        )
        parts.append(f"<h4>{escape(name)}</h4>" + draw(panel, start, QUARTER_S, of.zone))
    panel = Panel("Outdoor temperature", "°C", [Line(of.outdoor_degc, "outdoor")], height=LOW)
    return [*parts, "<h4>outdoors</h4>", draw(panel, start, QUARTER_S, of.zone)]


def _tanks(of: Seen, style: Mapping[str, str]) -> list[str]:
    parts = []
    for tank in dict.fromkeys(tank for one in of.runs.values() for tank in one.tanks_degc):
        lines = [Line(one.tanks_degc[tank], style[name]) for name, one in of.runs.items() if tank in one.tanks_degc]
        panel = Panel(f"Mean temperature of {tank}", "°C", lines, height=150)
        start = next(iter(of.runs.values())).start
        parts.append(f"<h4>{escape(tank)}</h4>" + draw(panel, start, QUARTER_S, of.zone))
    return ["<h3>Tanks, mean of their layers</h3>", *parts] if parts else []


def _hours(quarters: Array) -> Array:
    whole = len(quarters) // 4 * 4
    return np.asarray(quarters[:whole].reshape(-1, 4).mean(axis=1), dtype=np.float64)


def _mean_day(of: Seen, hourly: Array) -> Array:
    """By local hour of the day; NaN where the run has none."""
    start = next(iter(of.runs.values())).start
    hour = np.array([(start + timedelta(hours=n)).astimezone(of.zone).hour for n in range(len(hourly))])
    means = [hourly[hour == h] for h in range(24)]
    return np.array([float(np.mean(values)) if len(values) else np.nan for values in means])
