"""`bems backtest`: controllers against the same simulated plant, weather, prices and information, scored alike."""

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from bems import __version__
from bems.backtest.bound import Bound
from bems.backtest.charts import Seen, charts
from bems.backtest.code_id import code_id
from bems.backtest.contestants import CONTESTANTS
from bems.backtest.csv_series import CsvError, covered, prices_csv, weather_csv
from bems.backtest.page import page
from bems.backtest.run import PlantFactory, Run, Task, run
from bems.backtest.scoring import Score
from bems.backtest.series import QUARTER_S
from bems.backtest.service_gate import lacking
from bems.process import complain, say
from hil_sim.plant import create
from models.local_time import local_midnight
from models.prices import PriceSeries, join_prices
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from models.tariff import import_prices
from models.weather import WeatherSeries

FAULTY_INPUT: Final = 2
DAYS_MOST: Final = 366
DEFAULT_PLANT: Final = "hil_sim.plant:create"


class InputError(ValueError):
    """An argument that cannot be used; the text says what is allowed."""


def backtest(  # noqa: PLR0913  (the command line's own arguments)
    site_file: Path,
    *,
    controllers: str,
    start: str,
    days: int,
    warmup_days: int,
    seed: int,
    peak_so_far_kw: float,
    weather: Path | None,
    prices: Path | None,
    plant: str | None,
    json_file: Path | None,
    html_file: Path | None,
) -> int:
    """Run it and write what is asked for. Exit code 2: an argument or a file is faulty, nothing was run."""
    site = load_site(site_file)
    try:
        task = _task(
            (site_file, site), controllers, start, days, warmup_days, seed, peak_so_far_kw, (weather, prices, plant)
        )
    except (InputError, CsvError) as error:
        complain(f"bems backtest: {error}")
        return FAULTY_INPUT
    runs, least = run(task)
    answer = as_json(task, runs, least)
    if json_file is not None:
        json_file.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if html_file is not None:
        html_file.write_text(page(answer, pictures(task, runs)), "utf-8")
    say(table({name: one.score for name, one in runs.items()}, least))
    return 0


def as_json(task: Task, runs: Mapping[str, Run], least: Bound) -> dict[str, Any]:
    """The output: figures of every controller, the bound where there is one, and what was run. Unknown is None."""
    reference = next(iter(runs.values())).score
    figures = {
        name: one.score.as_json() | {"not_comparable": lacking(one.score, reference)} for name, one in runs.items()
    }
    return {"controllers": figures, "bound": asdict(least), "meta": dict(task.meta)}


def pictures(task: Task, runs: Mapping[str, Run]) -> str:
    """The charts of the page."""
    price = import_prices(task.site.tariff, task.prices, task.start, task.end, round(QUARTER_S))
    hours = (task.start - task.weather.start) / timedelta(seconds=1) + np.arange(
        len(price), dtype=np.float64
    ) * QUARTER_S
    outdoor = np.asarray(task.weather.at("temp_degc", hours))
    return charts(Seen({name: one.series for name, one in runs.items()}, price, outdoor, task.site.zone_info))


def table(scores: Mapping[str, Score], least: Bound) -> str:
    """The figures side by side, as text, and the bound."""
    names = list(scores)
    lines = [f"{'':<28}" + "".join(f"{name:>16}" for name in names)]
    figures = [one.as_json() for one in scores.values()]
    keys = [key for key in figures[0] if key != "groups"]
    lines += [f"{key:<28}" + "".join(f"{said(one[key]):>16}" for one in figures) for key in keys]
    reference = next(iter(scores.values()))
    for name, one in scores.items():
        lines += [f"{name} is not comparable: {reason}" for reason in lacking(one, reference)]
    if least.cost_total_nok is None:
        return "\n".join([*lines, f"No bound: {least.why}"])
    return "\n".join(
        [*lines, f"bound: {said(least.cost_total_nok)} NOK, stored {said(least.stored_heat_correction_nok)}"]
    )


def said(figure: object) -> str:
    """A figure as people read it."""
    if figure is None:
        return "–"
    if isinstance(figure, dict):
        return "/".join(f"{value:.0f}" for value in figure.values())
    return f"{figure:.1f}" if isinstance(figure, float) else str(figure)


# --- Arguments ------------------------------------------------------------------------------------------------------


def _task(
    of: tuple[Path, Site],
    controllers: str,
    start: str,
    days: int,
    warmup_days: int,
    seed: int,
    peak_so_far_kw: float,
    sources: tuple[Path | None, Path | None, str | None],
) -> Task:
    site_file, site = of
    names = tuple(name.strip() for name in controllers.split(","))
    for name in names:
        if name not in CONTESTANTS:
            raise InputError(f"--controllers '{name}'; allowed: {', '.join(CONTESTANTS)}")
    if len(set(names)) < len(names):
        raise InputError(f"--controllers '{controllers}'; allowed: each once")
    first = _date(start)
    for option, value, least in (("--days", days, 1), ("--warmup-days", warmup_days, 0)):
        if not least <= value <= DAYS_MOST:
            raise InputError(f"{option} {value}; allowed: {least} .. {DAYS_MOST}")
    if peak_so_far_kw < 0:
        raise InputError(f"--peak-so-far-kw {peak_so_far_kw:g}; allowed: 0 and above")
    begin, end = local_midnight(first), local_midnight(first + timedelta(days=days))
    needs = (begin - timedelta(days=warmup_days), end)
    weather_file, prices_file, plant = sources
    weather = _weather(site, weather_file, needs, seed)
    prices = _prices(weather, prices_file, (begin, end), seed)
    meta = {
        "site": site.id,
        "version": __version__,
        "code": code_id(),
        "start": begin.isoformat(),
        "days": days,
        "warmup_days": warmup_days,
        "seed": seed,
        "peak_so_far_kw": peak_so_far_kw,
        "plant": plant or DEFAULT_PLANT,
        "weather": weather_file.name if weather_file else "synthetic",
        "prices": prices_file.name if prices_file else "synthetic",
        "reference": names[0],
    }
    factory = _factory(plant, site_file) if plant else create
    return Task(site, names, first, days, warmup_days, seed, peak_so_far_kw, weather, prices, factory, meta)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--start '{text}'; allowed: a date such as 2026-01-15") from error


def _weather(site: Site, file: Path | None, needs: tuple[datetime, datetime], seed: int) -> WeatherSeries:
    if file is None:
        place = site.place
        return synthetic_year(needs[0].year, seed, place.latitude_deg, place.longitude_deg, place.altitude_m)
    series = weather_csv(file)
    covered(file, (series.start, series.start + timedelta(seconds=series.duration_s)), needs)
    return series


def _prices(weather: WeatherSeries, file: Path | None, needs: tuple[datetime, datetime], seed: int) -> PriceSeries:
    if file is None:
        years = range(needs[0].year, needs[1].year + 2)  # the local year begins before the UTC one
        return join_prices([synthetic_prices(year, seed, weather) for year in years])
    series = prices_csv(file)
    covered(file, (series.start, series.end), needs)
    return series


def _factory(name: str, site_file: Path) -> PlantFactory:
    """The factory of that name; its module may lie beside the site file or in the current folder."""
    sys.path += [str(folder) for folder in (site_file.resolve().parent, Path.cwd()) if str(folder) not in sys.path]
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"--plant '{name}': {error}; allowed: MODULE:FACTORY that can be imported") from error
    if not callable(factory):
        raise InputError(f"--plant '{name}' is not callable; allowed: a function of site and weather")
    return factory  # type: ignore[no-any-return]  # what it gives is seen when it is called
