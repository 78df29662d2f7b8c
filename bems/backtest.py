"""`bems backtest`: controllers against the same simulated plant, weather, prices and information, scored alike.

A warm-up under the good rules is simulated once; every controller then starts from a copy of that very plant, two of
them at a time in processes of their own.
"""

import importlib
import json
import multiprocessing
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Protocol

from bems import __version__
from bems.backtest_page import page
from bems.contestants import CONTESTANTS, WARM_UP, Setting
from bems.csv_series import CsvError, covered, prices_csv, weather_csv
from bems.information import Information
from bems.lockstep import Lockstep, LockstepResult, Plant
from bems.process import complain, say
from bems.scoring import Score, points_needed, score
from bems.service_gate import lacking
from hil_sim.plant import create
from models.local_time import local_midnight
from models.prices import PriceSeries, join_prices
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices
from models.weather import WeatherSeries

FAULTY_INPUT: Final = 2
AT_A_TIME: Final = 2
LOOK_S: Final = 0.5
"""Wall time between two looks at the progress."""
BAR: Final = 40
DAYS_MOST: Final = 366


class InputError(ValueError):
    """An argument that cannot be used; the text says what is allowed."""


class PlantFactory(Protocol):
    """What `--plant MODULE:FACTORY` names."""

    def __call__(self, site: Site, weather: WeatherSeries) -> Plant:
        """A plant for this site under this weather."""
        ...


@dataclass(frozen=True)
class Task:
    """One backtest, its arguments checked."""

    site: Site
    controllers: tuple[str, ...]
    start: datetime
    days: int
    warmup_days: int
    seed: int
    peak_so_far_kw: float
    weather: WeatherSeries
    prices: PriceSeries
    factory: PlantFactory
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class _Ready:
    """The plant as every controller finds it."""

    lockstep: Lockstep
    record: LockstepResult | None
    shares: Any
    """Shared array: part done of each controller."""


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
        task = _task(site, controllers, start, days, warmup_days, seed, peak_so_far_kw, (weather, prices, plant))
    except (InputError, CsvError) as error:
        complain(f"bems backtest: {error}")
        return FAULTY_INPUT
    scores = run(task)
    answer = as_json(task, scores)
    if json_file is not None:
        json_file.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", "utf-8")
    if html_file is not None:
        html_file.write_text(page(answer), "utf-8")
    say(table(scores))
    return 0


def as_json(task: Task, scores: Mapping[str, Score]) -> dict[str, Any]:
    """The output: figures of every controller, the bound where there is one, and what was run. Unknown is None."""
    reference = next(iter(scores.values()))
    figures = {name: one.as_json() | {"not_comparable": lacking(one, reference)} for name, one in scores.items()}
    return {"controllers": figures, "bound": {"cost_total_nok": None}, "meta": dict(task.meta)}


def table(scores: Mapping[str, Score]) -> str:
    """The figures side by side, as text."""
    names = list(scores)
    lines = [f"{'':<28}" + "".join(f"{name:>14}" for name in names)]
    figures = [one.as_json() for one in scores.values()]
    keys = [key for key in figures[0] if key != "groups"]
    lines += [f"{key:<28}" + "".join(f"{said(one[key]):>14}" for one in figures) for key in keys]
    reference = next(iter(scores.values()))
    for name, one in scores.items():
        lines += [f"{name} is not comparable: {reason}" for reason in lacking(one, reference)]
    return "\n".join(lines)


def said(figure: object) -> str:
    """A figure as people read it."""
    if figure is None:
        return "–"
    if isinstance(figure, dict):
        return "/".join(f"{value:.0f}" for value in figure.values())
    return f"{figure:.1f}" if isinstance(figure, float) else str(figure)


# --- Arguments ------------------------------------------------------------------------------------------------------


def _task(
    site: Site,
    controllers: str,
    start: str,
    days: int,
    warmup_days: int,
    seed: int,
    peak_so_far_kw: float,
    sources: tuple[Path | None, Path | None, str | None],
) -> Task:
    names = tuple(name.strip() for name in controllers.split(","))
    for name in names:
        if name not in CONTESTANTS:
            raise InputError(f"--controllers '{name}'; allowed: {', '.join(CONTESTANTS)}")
    if len(set(names)) < len(names):
        raise InputError(f"--controllers '{controllers}'; allowed: each once")
    begin = local_midnight(_date(start))
    for option, value, least in (("--days", days, 1), ("--warmup-days", warmup_days, 0)):
        if not least <= value <= DAYS_MOST:
            raise InputError(f"{option} {value}; allowed: {least} .. {DAYS_MOST}")
    if peak_so_far_kw < 0:
        raise InputError(f"--peak-so-far-kw {peak_so_far_kw:g}; allowed: 0 and above")
    needs = (begin - timedelta(days=warmup_days), begin + timedelta(days=days))
    weather_file, prices_file, plant = sources
    weather = _weather(site, weather_file, needs, seed)
    prices = _prices(weather, prices_file, (begin, needs[1]), seed)
    meta = {
        "site": site.id,
        "version": __version__,
        "start": begin.isoformat(),
        "days": days,
        "warmup_days": warmup_days,
        "seed": seed,
        "peak_so_far_kw": peak_so_far_kw,
        "plant": plant or "hil_sim.plant:create",
        "weather": weather_file.name if weather_file else "synthetic",
        "prices": prices_file.name if prices_file else "synthetic",
        "reference": names[0],
    }
    factory = _factory(plant) if plant else create
    return Task(
        site, names, begin, days, warmup_days, seed, peak_so_far_kw, weather, prices, factory, meta
    )  # fmt: skip


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


def _factory(name: str) -> PlantFactory:
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise InputError(f"--plant '{name}': {error}; allowed: MODULE:FACTORY that can be imported") from error
    if not callable(factory):
        raise InputError(f"--plant '{name}' is not callable; allowed: a function of site and weather")
    return factory  # type: ignore[no-any-return]  # what it gives is seen when it is called


# --- Running --------------------------------------------------------------------------------------------------------

_ready: _Ready | None = None
"""Set before the workers are forked, so that each inherits the plant without a word of pickling."""


def run(task: Task) -> dict[str, Score]:
    """The score of every controller, in the order asked for."""
    global _ready  # noqa: PLW0603  (forked workers find it here)
    lockstep = Lockstep(
        task.site,
        task.factory(task.site, task.weather),
        task.start - timedelta(days=task.warmup_days),
        seed=task.seed,
    )
    record = None
    if task.warmup_days:
        record = lockstep.advance(
            24.0 * task.warmup_days, WARM_UP, on_step=lambda share: _draw(f"warm-up {_bar(share)}")
        )
    # The month's peak is what the task says, whatever the warm-up saw: it is scored from the start only.
    highest = {task.start.astimezone(task.site.zone_info).date(): task.peak_so_far_kw} if task.peak_so_far_kw else {}
    lockstep.memory = replace(lockstep.memory, highest_kw=highest, hour=None)
    context = multiprocessing.get_context("fork")
    _ready = _Ready(lockstep, record, context.Array("d", len(task.controllers), lock=False))
    with ProcessPoolExecutor(min(AT_A_TIME, len(task.controllers)), mp_context=context) as pool:
        futures = [pool.submit(_one, task, place) for place in range(len(task.controllers))]
        _watch(futures, task.controllers, _ready.shares)
        return dict(zip(task.controllers, [future.result() for future in futures], strict=True))


def _one(task: Task, place: int) -> Score:
    """One controller's run, in a process of its own."""
    ready = _ready
    assert ready is not None  # set by the parent before it forked
    site, lockstep = task.site, ready.lockstep
    where = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    information = Information(task.weather, task.prices, task.seed, where)
    contestant = CONTESTANTS[task.controllers[place]](Setting(site, information, ready.record))
    duty, before = lockstep.memory.hygiene, _car_missing_kwh(lockstep.plant)

    def done(share: float) -> None:
        ready.shares[place] = share

    result = lockstep.advance(
        (24.0 * task.days) + _clock_change_h(task), contestant.controller, keep=points_needed(site), on_step=done
    )
    after = _car_missing_kwh(lockstep.plant)
    return score(
        site,
        result,
        task.prices,
        hygiene_state=duty,
        peak_so_far_kw=task.peak_so_far_kw,
        solve_ms=contestant.solve_ms,
        car_missing_kwh=after - before if after is not None and before is not None else None,
    )


def _clock_change_h(task: Task) -> float:
    """Days are local ones: one of 23 or 25 hours among them makes the run shorter or longer [h]."""
    first = task.start.astimezone(task.site.zone_info).date()
    end = local_midnight(first + timedelta(days=task.days))
    return (end - task.start) / timedelta(hours=1) - 24.0 * task.days


def _car_missing_kwh(plant: Plant) -> float | None:
    tells = getattr(plant, "shortfalls", None)
    return float(tells()["car_kwh"]) if tells is not None else None


def _watch(futures: Sequence[Future[Score]], names: Sequence[str], shares: Sequence[float]) -> None:
    waiting = set(futures)
    while waiting:
        waiting = wait(waiting, timeout=LOOK_S).not_done
        _draw(
            "  ".join(f"{name} {_bar(share, BAR // len(names))}" for name, share in zip(names, shares, strict=True)),
        )
    _draw("\n")


def _bar(share: float, width: int = BAR) -> str:
    full = round(share * width)
    return f"[{'#' * full}{'.' * (width - full)}] {share:4.0%}"


def _draw(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()
