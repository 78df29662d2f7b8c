"""A backtest's runs: one warm-up, then every controller, a recording and the bound from a copy of the warm plant.

Each runs in a forked process of its own, two at a time, so that all begin with that very plant.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any, Final, Protocol

import numpy as np

from bems.backtest.bound import Bound, Known, bound
from bems.backtest.contestants import CONTESTANTS, PLANNERS, Setting, WarmUp
from bems.backtest.forks import Job, in_forks
from bems.backtest.information import Information
from bems.backtest.lockstep import Controller, Lockstep, LockstepResult, Plant
from bems.backtest.record_of import record_of
from bems.backtest.scoring import Score, points_needed, score
from bems.backtest.series import Series, series_of
from control.observer.estimate import Estimate
from control.plant_model import from_site
from control.record import Record
from control.rules.decision import decide
from control.strategy import GOOD
from models.local_time import local_midnight
from models.prices import PriceSeries
from models.site import Site
from models.weather import WeatherSeries

BAR: Final = 40
LOOK_AHEAD_H: Final = 48.0
"""How far a plan sees: the recording goes on for so long after the last scored day."""
FORESIGHT: Final = timedelta(days=3)
"""Before and after the scored days, weather that repeats at the end of its series is told in one piece."""
RECORDING: Final = GOOD.label
"""Whose run is the recording of what loads and draws are going to be."""
BOUND: Final = "bound"
FORESEEING: Final = frozenset({"oracle", "oracle.linear"})
"""Who waits for the recording."""


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
    first: date
    """First scored local day."""
    days: int
    warmup_days: int
    seed: int
    peak_so_far_kw: float
    weather: WeatherSeries
    prices: PriceSeries
    factory: PlantFactory
    meta: Mapping[str, Any]

    @property
    def start(self) -> datetime:
        """Begin of the scored days, UTC."""
        return local_midnight(self.first)

    @property
    def end(self) -> datetime:
        """End of the scored days, UTC: days of 23 and 25 hours are days."""
        return local_midnight(self.first + timedelta(days=self.days))

    @property
    def hours(self) -> float:
        """Scored time [h]."""
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True)
class Run:
    """What is kept of a controller's run."""

    score: Score
    series: Series
    record: Record | None = None
    """Of the recording only: all points over the scored days and the look-ahead."""


def run(task: Task) -> tuple[dict[str, Run], Bound]:
    """The run of every controller, in the order asked for, and the bound."""
    warm = Lockstep(
        task.site,
        task.factory(task.site, task.weather),
        task.start - timedelta(days=task.warmup_days),
        seed=task.seed,
    )
    before = _warmed(task, warm) if task.warmup_days else None
    # The month's peak is what the task says, whatever the warm-up saw: it is scored from the start only.
    highest = {task.first: task.peak_so_far_kw} if task.peak_so_far_kw else {}
    warm.memory = replace(warm.memory, highest_kw=highest, hour=None, heat_hours={})

    names = dict.fromkeys((*task.controllers, RECORDING))
    ahead_h = LOOK_AHEAD_H if FORESEEING & set(names) else 0.0
    # Those that wait for the recording take longest: it goes first.
    order = [*sorted(names, key=lambda name: name != RECORDING), BOUND]
    shares = get_context("fork").Array("d", len(order), lock=False)

    def told(place: int, share: float) -> None:
        shares[place] = share

    def look() -> None:
        width = BAR // len(order)
        _draw("  ".join(f"{name} {_bar(share, width)}" for name, share in zip(order, shares, strict=True)))

    jobs: dict[str, Job] = {
        name: partial(_one, task, warm, before, name, partial(told, n), ahead_h if name == RECORDING else None)
        for n, name in enumerate(order[:-1])
    }
    jobs[BOUND] = partial(_bound, task, warm, before, partial(told, len(order) - 1))
    done = in_forks(jobs, dict.fromkeys((FORESEEING & set(names)) | {BOUND}, (RECORDING,)), on_look=look)
    _draw("\n")
    return {name: done[name] for name in task.controllers}, done[BOUND]


@dataclass(frozen=True)
class Before:
    """What the warm-up left besides the plant."""

    record: LockstepResult
    estimate: Estimate | None


def _warmed(task: Task, warm: Lockstep) -> Before:
    watching = WarmUp(from_site(task.site)) if PLANNERS & set(task.controllers) else None
    rules: Controller = watching or partial(decide, strategy=GOOD)
    record = warm.advance(24.0 * task.warmup_days, rules, on_step=lambda share: _draw(f"warm-up {_bar(share)}"))
    return Before(record, watching.estimate if watching is not None else None)


def _bound(
    task: Task,
    warm: Lockstep,
    before: Before | None,
    told: Callable[[float], None],
    done: Mapping[str, Any],
) -> Bound:
    recording: Run = done[RECORDING]
    assert recording.record is not None  # that is what it was made for
    weather = task.weather.cut(task.start - FORESIGHT, task.end + FORESIGHT)
    warmed = record_of(before.record, task.site) if before is not None else None
    history = recording.record if warmed is None else joined([warmed, recording.record])
    known = Known(weather, task.prices, recording.record, history, recording.score.spf, task.peak_so_far_kw)
    found = bound(task.site, warm.glance(), warm.memory, task.start, round(task.hours), known)
    told(1.0)
    return found


def _one(
    task: Task,
    warm: Lockstep,
    before: Before | None,
    name: str,
    told: Callable[[float], None],
    record_ahead_h: float | None,
    done: Mapping[str, Any],
) -> Run:
    """One controller's run from the warm plant, in a process of its own; `record_ahead_h` makes it the recording."""
    site = task.site
    where = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    information = Information(task.weather, task.prices, task.seed, where)
    information.true_weather = task.weather.cut(task.start - FORESIGHT, task.end + FORESIGHT)

    def recording() -> Record:
        found: Record = done[RECORDING].record
        return found

    record, estimate = (before.record, before.estimate) if before is not None else (None, None)
    contestant = CONTESTANTS[name](Setting(site, information, record, recording, estimate))
    duty, lacked = warm.memory.hygiene, _car_missing_kwh(warm.plant)
    whole_h = task.hours + (record_ahead_h or 0.0)
    points = points_needed(site) if record_ahead_h is None else None
    result = warm.advance(
        task.hours, contestant.controller, keep=points, on_step=lambda share: told(share * task.hours / whole_h)
    )
    after = _car_missing_kwh(warm.plant)
    figures = score(
        site,
        result,
        task.prices,
        hygiene_state=duty,
        peak_so_far_kw=task.peak_so_far_kw,
        solve_ms=contestant.solve_ms,
        car_missing_kwh=after - lacked if after is not None and lacked is not None else None,
    )
    series, results = series_of(site, result), [result]
    if record_ahead_h is None:
        return Run(figures, series)
    if record_ahead_h:
        results.append(warm.advance(record_ahead_h, contestant.controller))
    told(1.0)
    return Run(figures, series, joined([one for result in results if (one := record_of(result, site)) is not None]))


def joined(pieces: Sequence[Record]) -> Record:
    """Records of the same points, each beginning where the one before ends, as one."""
    first = pieces[0]
    values = {point: np.concatenate([piece.values[point] for piece in pieces]) for point in first.values}
    return Record(first.start, first.dt_s, values)


def _car_missing_kwh(plant: Plant) -> float | None:
    tells = getattr(plant, "shortfalls", None)
    return float(tells()["car_kwh"]) if tells is not None else None


def _bar(share: float, width: int = BAR) -> str:
    full = round(share * width)
    return f"[{'#' * full}{'.' * (width - full)}] {share:4.0%}"


def _draw(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()
