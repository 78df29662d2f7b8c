"""The runs of a what-if: every case through the same days on the twin, each in a process of its own."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from math import exp
from multiprocessing import get_context
from typing import Any, Final

import numpy as np

from bems.backtest.forks import Job, in_forks
from bems.backtest.information import Information
from bems.backtest.lockstep import Controller, Lockstep
from bems.backtest.optimiser import Optimiser
from bems.whatif.changes import carried
from bems.whatif.drive import driven
from bems.whatif.plant import Hours, Year
from control.habits.learned import cold
from control.planning import Knowledge
from control.plant_model import from_site
from control.problem import Plant
from control.refit.fitted import KINDS, NEUTRAL, Fitted, applied, kind_of, parts_of
from control.rules.decision import decide
from models.prices import PriceSeries
from models.site import Site
from models.weather import WeatherSeries

DECISION_S: Final = 900.0
"""Rules look once a quarter: a year of them a minute takes an hour. docs/what-if.md has what that changes."""
PHYSICS_S: Final = 300.0
MAX_AGE_S: Final = 3 * DECISION_S
WARM_UP: Final = timedelta(days=7)
"""Rooms, tanks and ground find their place before anything counts."""
FITTED_SPREAD: Final = 0.3
"""What a fit leaves of the doubt about a parameter: docs/what-if.md."""
BAR: Final = 40
RULES, OPTIMISER = "rules", "optimiser"


@dataclass(frozen=True)
class Setting:
    """What all cases share."""

    base: Site
    fitted: Fitted
    weather: WeatherSeries
    prices: PriceSeries
    start: datetime
    """A clock hour, UTC."""
    end: datetime
    seed: int
    controller: str = RULES


def simulate(of: Setting, site: Site, on_step: Callable[[float], None] = lambda _: None) -> Hours:
    """One case from a week before its start, by the hour. Deterministic: the same site gives the same figures."""
    plant = applied(from_site(site), carried(of.fitted, of.base, site))
    begin = of.start - WARM_UP
    inputs = driven(site, plant, of.weather, begin, of.end)
    year = Year(site, plant, inputs, PHYSICS_S)
    lockstep = Lockstep(site, year, begin, dt_s=DECISION_S, seed=of.seed, max_age_s=MAX_AGE_S)
    controller = decide if of.controller == RULES else _optimiser(of, site, plant)
    whole_h, warm_h = (of.end - begin) / timedelta(hours=1), WARM_UP / timedelta(hours=1)
    lockstep.advance(warm_h, controller, keep=(), on_step=lambda share: on_step(share * warm_h / whole_h))
    # The month's peak is that of the counted days, whatever the week before saw.
    lockstep.memory = replace(lockstep.memory, highest_kw={}, hour=None)
    lockstep.advance(
        whole_h - warm_h,
        controller,
        keep=(),
        on_step=lambda share: on_step((warm_h + share * (whole_h - warm_h)) / whole_h),
    )
    return year.hours(of.start)


def _optimiser(of: Setting, site: Site, plant: Plant) -> Controller:
    """It sees what a buyer of power would: prices of the day ahead, a forecast with its error."""
    place = site.place
    where = (place.latitude_deg, place.longitude_deg, float(place.altitude_m))
    see, learned = Information(of.weather, of.prices, of.seed, where), cold(site)
    return Optimiser(lambda now: Knowledge(plant, learned, see.prices(now), see.weather(now)))


def simulate_all(jobs: Mapping[str, tuple[Setting, Site]]) -> dict[str, Hours]:
    """Every job in a process of its own, two at a time, with a progress bar on a terminal."""
    shares = get_context("fork").Array("d", len(jobs), lock=False)

    def one(place: int, setting: Setting, site: Site, _: Mapping[str, Any]) -> Hours:
        def told(share: float) -> None:
            shares[place] = share

        return simulate(setting, site, told)

    def look() -> None:
        _draw(f"{len(jobs)} runs {_bar(sum(shares) / len(jobs))}")

    forked: dict[str, Job] = {name: partial(one, n, *job) for n, (name, job) in enumerate(jobs.items())}
    found = in_forks(forked, {}, on_look=look)
    _draw(f"{len(jobs)} runs {_bar(1.0)}\n")
    return found


def _bar(share: float) -> str:
    full = round(share * BAR)
    return f"[{'#' * full}{'.' * (BAR - full)}] {share:4.0%}"


def _draw(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")
        sys.stderr.flush()


def drawn(of: Setting, number: int) -> Setting:
    """The same with another model: every parameter off by what is not known of it; always the same for a number."""
    rng = np.random.default_rng([of.seed, 31, number])
    parts: dict[str, dict[str, float]] = {}
    for part in parts_of(from_site(of.base)):
        own: dict[str, float] = {}
        for name, parameter in KINDS[kind_of(part)].items():
            known = name in of.fitted.parts.get(part, {})
            off = float(rng.normal()) * parameter.spread * (FITTED_SPREAD if known else 1.0)
            value = of.fitted.value(part, name)
            own[name] = parameter.within(value * exp(off) if parameter.is_factor else value + off)
        parts[part] = own
    return replace(of, fitted=replace(NEUTRAL, version=of.fitted.version, parts=parts))
