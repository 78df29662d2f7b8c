"""Energy by slots of the settlement, a local day at a time; days that have ended are looked up once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from bems.history.counters import turns
from bems.history.query import History
from bems.history.times import even_edges
from bems.learning.quarters import known_prices
from control.grid import Array
from models.assets import Meter, Purpose
from models.local_time import local_date, local_day
from models.prices import PriceSeries, join_prices
from models.site import Site

SETTLED: Final = timedelta(hours=1)
"""So long after a day's end late samples may still come."""


@dataclass(frozen=True, eq=False)
class Day:
    """What counters gained and what energy cost in one local day, or in the part of it that has passed."""

    start: datetime
    end: datetime
    """Of the last slot that has begun, or now."""
    gained: dict[str, Array]
    """By counter's point, one value a slot; NaN is not known."""
    prices: PriceSeries | None


class Metered:
    """Counters of one site's meters, from the record at `path`.

    Blocks while it reads: ask it off the loop's thread, one question at a time.
    """

    def __init__(self, site: Site, path: Path) -> None:
        self.step_s = 3600 if site.tariff.settlement == "hour" else 900
        self._path = path
        self._history = History(path)
        metered = [point for meter in site.meters for point in counters_of(site, meter)]
        self.counters = tuple(dict.fromkeys([*metered, *store_counters(site)]))
        self._turns = turns({point: site.points[point] for point in self.counters})
        self._kept: dict[date, Day] = {}

    def days(self, first: date, now: datetime) -> list[Day]:
        """The local days from `first` to today's, in order."""
        last = local_date(now)
        found = [self._day(first + timedelta(days=n), now) for n in range((last - first).days + 1)]
        self._kept = {day: kept for day, kept in self._kept.items() if day >= first}
        return found

    def _day(self, day: date, now: datetime) -> Day:
        kept = self._kept.get(day)
        if kept is not None:
            return kept
        start, end = local_day(day)
        until = max(min(now, end), start + timedelta(seconds=1))
        edges = even_edges(start, until, timedelta(seconds=self.step_s))
        gains = self._history.gained(self.counters, edges, self._turns)
        prices = known_prices(self._path, until, 1)
        found = Day(
            start,
            until,
            {point: of.gained for point, of in gains.items()},
            None if prices is None else prices.slice(start, end),
        )
        if now >= end + SETTLED:
            self._kept[day] = found
        return found


def counters_of(site: Site, meter: Meter) -> list[str]:
    """The counters of a meter: what it brought in, and what it gave back."""
    signals = ("import_kwh", "export_kwh", "energy_kwh")
    return [point for signal in signals if (point := site.find(meter.devices, signal)) is not None]


def main_counters(site: Site) -> tuple[list[str], list[str]]:
    """Counters of what is bought and of what is sold, of every meter of the connection."""
    mains = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]
    bought = [p for m in mains if (p := site.find(m.devices, "import_kwh")) is not None]
    sold = [p for m in mains if (p := site.find(m.devices, "export_kwh")) is not None]
    return bought, sold


def store_counters(site: Site) -> list[str]:
    """Counters of substations, and of what batteries took and gave."""
    wanted = [(network, "energy_kwh") for network in site.district_heat]
    ways = ("charged_kwh", "discharged_kwh")
    both = [(battery, way) for battery in site.batteries for way in ways]
    return [point for asset, name in [*wanted, *both] if (point := site.find(asset.devices, name)) is not None]


def hourly(kwh: Array, step_s: int) -> Array:
    """By clock hour; an hour of which a slot is not known is not known, the one that runs is what there is of it."""
    per_hour = 3600 // step_s
    padded = np.append(kwh, np.zeros(-len(kwh) % per_hour))
    return np.asarray(padded.reshape(-1, per_hour).sum(axis=1), dtype=np.float64)


def summed(day: Day, counters: Sequence[str]) -> Array:
    """What counters gained together, by slot; NaN where one of them is not known."""
    return np.asarray(np.sum([day.gained[point] for point in counters], axis=0), dtype=np.float64)


def all_prices(days: Sequence[Day]) -> PriceSeries | None:
    """Spot prices of all days; None when none is known."""
    pieces = [day.prices for day in days if day.prices is not None]
    return join_prices(pieces) if pieces else None
