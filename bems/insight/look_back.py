"""A local day's plan against what happened in it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Final

import numpy as np

from bems.history.query import HOLD, History
from bems.insight.day_plans import DayPlan
from bems.insight.grounds import Names
from bems.insight.recorded import recorded
from bems.insight.timeline import NAMES
from bems.planning.shadow import HourScore
from control.grid import Array
from control.measured import Measured, measured
from control.problem import Plant
from control.record import Record
from dashboards.ports.timeline import ComparedView, HourScoreView, LookBackView
from models.local_time import local_day
from models.site import Site

HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)
ENERGIES: Final = {"grid.power_kw": "import", "pv.power_kw": "pv", "cars.charging_kw": "cars"}


def look_back(
    site: Site,
    plant: Plant,
    history: History,
    now: datetime,
    day: date,
    of: DayPlan | None,
    scores: Sequence[HourScore],
    hold: timedelta = HOLD,
) -> LookBackView:
    """The day until `now` (UTC); what is not known of it is left out. Blocks while it reads the record."""
    start, end = local_day(day)
    hours = [
        HourScoreView(s.start, bool(s.followed), s.planned_kwh, s.bought_kwh, s.planned_nok, s.paid_nok, s.kept_nok)
        for s in scores
        if start <= s.start < end
    ]
    if of is None:
        return LookBackView(start, end, None, None, [], [], hours)
    told = {name: quantity for name, quantity in measured(site, plant).items() if name in of.values}
    count = len(next(iter(of.values.values()), ()))
    starts = [of.start + n * HOUR for n in range(count)]
    until = min(now, starts[-1] + HOUR) if starts else now
    record = _record(history, told, of.start, until, hold)
    names = Names(site, plant)
    lines = [
        ComparedView(
            id=name,
            name=NAMES[ENERGIES[name]] if name in ENERGIES else names.of(_part(name)),
            unit="kWh" if name.endswith("_kw") else "°C",
            planned=list(of.values[name]),
            measured=_hourly(name, quantity, record, count),
        )
        for name, quantity in told.items()
    ]
    return LookBackView(start, end, of.made_at, of.identity, starts, lines, hours)


def _part(quantity: str) -> str:
    """What it is a quantity of: a zone's group for its room, else the asset."""
    return quantity.rpartition(".")[0].removesuffix(".room")


def _record(history: History, told: Mapping[str, Measured], start: datetime, end: datetime, hold: timedelta) -> Record:
    """Whole quarters from `start` that have passed at `end`."""
    points = {point for of in told.values() for point in of.points}
    if end - start < QUARTER or not points:
        return Record(start, QUARTER.total_seconds(), {point: np.zeros(0) for point in points})
    return recorded(history, points, start, end, QUARTER, hold)


def _hourly(name: str, of: Measured, record: Record, count: int) -> list[float | None]:
    """Energy by hour, or temperature in each hour's last quarter; None where it is not known."""
    values = of.over(record)
    if values is None:
        return [None] * count
    padded = np.append(values, np.full(4 * count - len(values), np.nan)).reshape(count, 4)
    by_hour: Array = padded.mean(axis=1) if name.endswith("_kw") else padded[:, 3]
    return [round(float(value), 2) if isfinite(value) else None for value in by_hour]
