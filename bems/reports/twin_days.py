"""Days through the fitted twin, kept beside the record: what IPMVP option D rests on.

A day begins from its recorded state, at local midnight, twice: under the rules, and under the commands that were really
given. A line of JSON for each, only ever added to; the newest of a day counts. A day is run once: again when asked for.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

from bems.backtest.lockstep import Controller, Lockstep, LockstepResult
from bems.backtest.scoring import points_needed, score
from bems.history.counters import turns
from bems.history.query import History
from bems.history.rows import EventKind
from bems.learning.quarters import known_prices
from bems.learning.store import ModelStore
from bems.night.rules import Replay
from bems.night.work import bought, recent
from bems.reports.priced import as_priced
from bems.twin.account import bought_kwh
from bems.twin.inputs import TwinError
from bems.twin.plant import Twin
from control.habits.learned import cold
from control.hygiene import HygieneState
from control.measured import measured
from control.plant_model import from_site
from control.rules.decision import decide
from control.rules.memory import RuleMemory
from dashboards.reports.beside import TwinDay
from dashboards.reports.energies import mains
from models.local_time import local_midnight
from models.prices import PriceSeries
from models.reasons import Code
from models.site import Site
from models.tariff import import_prices

FILE_NAME: Final = "twin_days.jsonl"
STEP_S: Final = 300.0
"""Of the rules on the twin; the twin itself takes a minute at a time."""
YOUNG_S: Final = 900.0
HOUR: Final = timedelta(hours=1)
PRICE_DAYS: Final = 2
LEAD: Final = 12 * HOUR
"""Of the record before the day: by then the mass of the house is known."""


class DayLost(Exception):
    """A day cannot be run; the text says why."""


class TwinDays:
    """Of a data folder. OSError when it cannot be read or written."""

    def __init__(self, data: Path) -> None:
        self._path = data / FILE_NAME

    def between(self, first: date, last: date) -> tuple[TwinDay, ...]:
        """In order of days, both ends included."""
        return tuple(day for at, day in sorted(self._known().items()) if first <= at <= last)

    def missing(self, first: date, last: date) -> list[date]:
        """Days that have not been run."""
        known = self._known()
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if day not in known]

    def keep(self, day: TwinDay) -> None:
        """Durable when it returns."""
        torn = self._path.exists() and not self._path.read_bytes().endswith(b"\n")
        line = json.dumps({**asdict(day), "day": day.day.isoformat()}, allow_nan=False)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("\n" if torn and self._path.stat().st_size else "") + line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _known(self) -> dict[date, TwinDay]:
        """What is sound in the file: a torn line is passed over."""
        if not self._path.exists():
            return {}
        found = {}
        for text in self._path.read_text("utf-8").splitlines():
            try:
                line: dict[str, Any] = json.loads(text)
                day = TwinDay(**{**line, "day": date.fromisoformat(line["day"])})
            except (ValueError, KeyError, TypeError):
                continue
            found[day.day] = day
        return found


def run_days(site: Site, record: Path, days: Iterable[date], told: Callable[[date, str], None]) -> int:
    """Runs and keeps these days; `told` hears of each, with the reason where one is lost. How many were kept."""
    store, kept = TwinDays(record.parent), 0
    for day in days:
        try:
            store.keep(twin_day(site, record, day))
        except DayLost as error:
            told(day, str(error))
            continue
        kept += 1
        told(day, "")
    return kept


def twin_day(site: Site, record: Path, day: date) -> TwinDay:
    """One local day that is over. Raises DayLost, and what the record raises (RecordError)."""
    site = as_priced(site, record)
    start, end = local_midnight(day), local_midnight(day + timedelta(days=1))
    history, models = History(record), ModelStore(record.parent)
    fitted, learned = models.in_use(), models.habits_in_use() or cold(site)
    begun = history.first_at()
    if begun is None or begun > start - LEAD:
        raise DayLost("the record begins less than half a day before")
    known = recent(record, site, end)
    prices = known_prices(record, end, PRICE_DAYS)
    paid_kwh, paid_nok = bought(site, measured(site, from_site(site)), known, prices, start, end)
    metered = _metered_kwh(site, history, start, end)
    if metered is None or paid_kwh is None:
        raise DayLost("the main meter has gaps")
    commands = history.commands(start - HOUR, end)
    if not commands:
        raise DayLost("no commands are known that it could repeat")
    try:
        twin = Twin(site, replace(from_site(site), presence=learned.presence), fitted, known)
    except TwinError as error:
        raise DayLost(str(error)) from error
    memory = _remembered(site, history, start)
    rules = _run(site, twin, (start, end), decide, memory, prices)
    own = _run(site, twin, (start, end), Replay(commands), memory, prices)
    return TwinDay(day, rules[0], own[0], metered, rules[1], own[1], paid_nok, fitted.version)


def _metered_kwh(site: Site, history: History, start: datetime, end: datetime) -> float | None:
    """Import of the main meters."""
    points = [p for m in mains(site) if (p := site.find(m.devices, "import_kwh")) is not None]
    gains = history.gained(points, (start, end), turns({point: site.points[point] for point in points}))
    total = sum(float(gain.gained[0]) for gain in gains.values())
    return total if points and np.isfinite(total) else None


def _remembered(site: Site, history: History, start: datetime) -> RuleMemory | None:
    """What the rules knew of the heat cycle; nothing else of a past day is known, and timers are short."""
    since = start - timedelta(days=3 * site.hygiene.cycle_interval_days)
    told = history.events(since, start, (EventKind.CONTROL,))
    proven = max((event.at for event in told if event.data.get("code") == Code.CYCLE_PROVEN), default=None)
    if proven is None:
        return None
    due = proven + timedelta(days=site.hygiene.cycle_interval_days)
    return RuleMemory(hygiene=HygieneState(due_at=max(due, start)))


def _run(
    site: Site,
    twin: Twin,
    span: tuple[datetime, datetime],
    controller: Controller,
    memory: RuleMemory | None,
    prices: PriceSeries | None,
) -> tuple[float, float | None]:
    """Bought [kWh] and its price [NOK], heat left at the end counted in both."""
    start, end = span
    lockstep = Lockstep(site, twin, start, dt_s=STEP_S, memory=memory, max_age_s=YOUNG_S)
    run = lockstep.advance((end - start) / HOUR, controller, keep=points_needed(site))
    hourly = bought_kwh(site, run)
    flat = PriceSeries(start, 3600, np.ones(len(hourly)))
    left_kwh, left_nok = _left(site, run, flat), None
    if prices is None:
        return float(hourly.sum()) + left_kwh, None
    nok = np.asarray(import_prices(site.tariff, prices, start, end, 3600)) * hourly
    left_nok = score(site, run, prices).stored_heat_correction_nok
    if np.isnan(nok).any() or left_nok is None:
        return float(hourly.sum()) + left_kwh, None
    return float(hourly.sum()) + left_kwh, float(nok.sum()) + left_nok


def _left(site: Site, run: LockstepResult, flat: PriceSeries) -> float:
    """Electricity that the heat which is left more or less at the end is worth [kWh]: its worth over the price."""
    worth = score(site, run, flat).stored_heat_correction_nok
    price = float(np.mean(import_prices(site.tariff, flat, run.start, run.start + len(flat.values) * HOUR, 3600)))
    return 0.0 if worth is None else worth / price
