"""A year's report from a record of 500 points by minute: how long each of its phases takes, and how much memory.

The record is made up day by day and written as archive files by the product's own functions (bench._filling): energies
that follow weather, hour and day of the week, counters that only grow, an outage, a sensor that was silent, a meter
that was exchanged. The report is then made in a process of its own, as the loop does it.
"""

import os
import resource
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.history.rows import Event, EventKind
from bems.reports.beside import beside
from bems.reports.gather import gather
from bems.reports.points import outdoor_point, wanted_of
from bench._filling import MINUTES, Filling
from dashboards.reports.assemble import assemble, year_of
from dashboards.reports.formats import load_ahead, write
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from models.weather import WeatherSeries

SITE_FILE: Final = Path(__file__).resolve().parent.parent / "site.biri.toml"
POINTS: Final = 500
YEAR: Final = 2025
START: Final = datetime(YEAR, 1, 1, tzinfo=UTC)
DAYS: Final = 366
"""One more than the year has: the report begins and ends at local midnights."""
GOAL_S: Final = 10.0
GOAL_MB: Final = 600.0
EXCHANGE: Final = ("heat_floor.energy_kwh", 200)
OUTAGE: Final = ("mb_meters", 45, slice(480, 900))
SILENT: Final = ("loop_a.return_temp_degc", 60)


def measure() -> dict[str, float]:
    """The year's report."""
    site = load_site(SITE_FILE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.sqlite"
        begun = time.perf_counter()
        size = fill(path, site, DAYS)
        figures = {"report_record_mb": size / 1e6, "report_record_made_s": time.perf_counter() - begun}
        figures |= timed(path)
    whole = sum(figures[f"report_year_{phase}_s"] for phase in ("gather", "beside", "assemble"))
    for name, value in figures.items():
        print(f"  {name:28}{value:10.2f}")
    cpu_s, load = figures["report_year_cpu_s"], os.getloadavg()[0]
    print(f"  a year's report: {whole:.1f} s reckoned, as PDF {figures['report_year_s']:.1f} s (goal {GOAL_S:g} s)")
    memory_mb = figures["report_year_mb"]
    print(f"  of a processor {cpu_s:.1f} s at a load of {load:.1f}; {memory_mb:.0f} MB (goal {GOAL_MB:g} MB)")
    return figures


def timed(path: Path) -> dict[str, float]:
    """Times [s] of the phases and memory [MB] of the process that made it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_phases, path).result()


def _phases(path: Path) -> dict[str, float]:
    site, period, now = load_site(SITE_FILE), year_of(YEAR), START + timedelta(days=DAYS)
    marks, busy_s = [time.perf_counter()], _busy_s()
    load_ahead("pdf")
    found = gather(site, path, period, now)
    marks.append(time.perf_counter())
    told = beside(site, path, found, None)
    marks.append(time.perf_counter())
    report = assemble(found, outdoor_point(site), now, "nb", told)
    marks.append(time.perf_counter())
    write(report, "pdf")
    busy_s = _busy_s() - busy_s
    marks.append(time.perf_counter())
    write(report, "xlsx")
    marks.append(time.perf_counter())
    names = ("gather", "beside", "assemble", "pdf", "xlsx")
    figures = {f"report_year_{name}_s": end - begin for name, begin, end in zip(names, marks, marks[1:], strict=False)}
    figures["report_year_s"] = marks[4] - marks[0]
    figures["report_year_cpu_s"] = busy_s
    figures["report_year_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return figures


def _busy_s() -> float:
    """Time of a processor that this process and those it started have had [s]."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def chosen(site: Site) -> tuple[str, ...]:
    """500 points of the site: all that a report needs first."""
    wanted = wanted_of(site)
    rooms = [source for quantity in wanted.aggregates for source in quantity.sources]
    needed = (*wanted.hourly, *wanted.totals, *wanted.quarters, *wanted.minutes, *rooms)
    return tuple(dict.fromkeys((*needed, *site.points)))[:POINTS]


def fill(path: Path, site: Site, days: int) -> float:
    """So many days; returns the bytes of the files."""
    points, weather = chosen(site), synthetic_year(YEAR, 1)
    filling, plant = Filling(path, site, points, START), _Plant(site, points, weather)
    for day in range(days):
        filling.day(plant.day(day))
    events = [
        Event(START + timedelta(days=day, hours=h), EventKind.CONTROL, "rules", "Car charging held back", {"code": "x"})
        for day in range(days)
        for h in (7, 16)
    ]
    counter, day = EXCHANGE
    if plant.exchange is not None:
        data = {"last": plant.exchange, "first": 0.0}
        at = START + timedelta(days=day)
        events.append(Event(at, EventKind.METER_EXCHANGE, counter, "Heat meter exchanged", data))
    filling.finish(synthetic_prices(YEAR, 1, weather), events)
    return float(filling.bytes)


class _Plant:
    """One day after the other."""

    def __init__(self, site: Site, points: Sequence[str], weather: WeatherSeries) -> None:
        self._site, self._points, self._weather = site, points, weather
        self._draw = np.random.default_rng(1)
        self._total = dict.fromkeys((p for p in points if site.points[p].spec.counter), 1000.0)
        self.exchange: float | None = None

    def day(self, day: int) -> NDArray[np.float64]:
        """Values by minute and point."""
        at_h = 24 * day + np.arange(MINUTES) / 60
        hours = np.arange(len(self._weather.temp_degc))
        outdoor, sun = (np.interp(at_h, hours, c) for c in (self._weather.temp_degc, self._weather.ghi_w_m2))
        power_kw = _powers(outdoor, sun, at_h)
        table = np.empty((MINUTES, len(self._points)))
        for place, point in enumerate(self._points):
            table[:, place] = self._column(point, day, at_h, outdoor, power_kw)
        connection, gone, minutes = OUTAGE
        if day == gone:
            lost = [n for n, p in enumerate(self._points) if self._site.points[p].device.connection == connection]
            table[minutes, lost] = np.nan
        if day == SILENT[1]:
            table[:, self._points.index(SILENT[0])] = np.nan
        return table

    def _column(
        self, point: str, day: int, at_h: NDArray[np.float64], outdoor: NDArray[np.float64], power_kw: "_Powers"
    ) -> NDArray[np.float64]:
        draw, spec = self._draw, self._site.points[point].spec
        if point in self._total:
            if (point, day) == EXCHANGE:
                self.exchange, self._total[point] = self._total[point], 0.0
            power = power_kw.get(point, power_kw["other"])
            shown = np.round(self._total[point] + np.cumsum(power * draw.uniform(0.9, 1.1, MINUTES)) / 60, 2)
            self._total[point] = float(shown[-1])
            return shown
        if point.endswith("outdoor_temp_degc"):
            return np.round(outdoor, 1)
        if point.startswith(("hot_water.", "loop_")) and point.endswith("temp_degc") and "cold" not in point:
            heated = day % 7 == 3 and point.startswith("loop_")
            return np.round(np.where(heated & (at_h % 24 < 2), 61.5, 58.0) + draw.normal(0, 0.1, MINUTES), 1)
        if point.endswith("temp_degc"):
            return np.round(21.5 + np.sin(at_h / 24) + draw.normal(0, 0.05, MINUTES), 1)
        if point.endswith("co2_ppm"):
            return np.round(650 + 200 * np.sin(at_h * np.pi / 12) + draw.normal(0, 10, MINUTES))
        if spec.alarm:
            return np.zeros(MINUTES)
        return np.round(10 + 5 * np.sin(at_h / 6) + draw.normal(0, 0.2, MINUTES), 1)


_Powers = dict[str, NDArray[np.float64]]


def _powers(outdoor: NDArray[np.float64], sun: NDArray[np.float64], at_h: NDArray[np.float64]) -> _Powers:
    """What each meter counts [kW]."""
    heat = 5 + 2.2 * np.maximum(12 - outdoor, 0)
    awake = np.clip(np.sin((at_h % 24 - 5) * np.pi / 17), 0, 1)
    uses = {
        "el_hp1.import_kwh": heat / 6.5,
        "el_hp2.import_kwh": heat / 6.5,
        "el_boiler.import_kwh": np.maximum(-14 - outdoor, 0) * 3,
        "el_hot_water.import_kwh": 2 + 3 * awake,
        "el_fans.import_kwh": 3 + 4 * awake,
        "el_pumps.import_kwh": np.full(len(at_h), 1.2),
        "el_light.import_kwh": 4 + 10 * awake,
        "el_kitchen.import_kwh": 8 * awake,
        "el_cars.import_kwh": np.where((at_h % 24 > 15) & (at_h % 24 < 19), 12.0, 0.5),
    }
    made = 0.09 * sun
    net = sum(uses.values()) - made
    return uses | {
        "heat_floor.energy_kwh": 0.6 * heat,
        "heat_air.energy_kwh": 0.4 * heat,
        "heat_hp1.energy_kwh": heat / 2,
        "heat_hp2.energy_kwh": heat / 2,
        "el_pv.export_kwh": made,
        "main.import_kwh": np.maximum(net, 0.0),
        "main.export_kwh": np.maximum(-net, 0.0),
        "hot_water.volume_m3": 0.1 * awake,
        "other": np.full(len(at_h), 1.5),
    }
