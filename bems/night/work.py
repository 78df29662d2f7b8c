"""Looking back on a night, in a process of its own: the record by quarters, its cost, its events, the twin's word."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import numpy as np

from bems.history.query import History
from bems.history.rows import Event, EventKind
from bems.history.times import even_edges
from bems.learning.quarters import AT_ONCE, QUARTER, known_prices, quarters
from bems.night.contest import contest, known_by
from bems.night.rules import Paid, by_rules
from control.grid import Array
from control.measured import Measured, measured
from control.night.account import Account, Happening, account
from control.night.data import Programme
from control.problem import Plant
from control.record import Record
from control.rules.memory import RuleMemory
from models.district_heat import heat_prices
from models.field import Privacy
from models.prices import PriceSeries
from models.signals import Reason
from models.site import Site
from models.tariff import feed_in_prices, import_prices

DAYS_BACK: Final = 2
KINDS: Final[Mapping[EventKind, Literal["hold", "fallback", "alarm", "control"]]] = {
    EventKind.HOLD: "hold",
    EventKind.FALLBACK_ON: "fallback",
    EventKind.ALARM_UP: "alarm",
    EventKind.CONTROL: "control",
}
FOLDER: Final = "quarters"


def look_back(
    history: Path, site: Site, plant: Plant, programme: Programme, memory: RuleMemory | None = None
) -> Account:
    """The account of a night that has ended; `memory` is that of the rules when it began.

    Raises what the record raises (RecordError).
    """
    period = (programme.start, programme.end)
    told = measured(site, plant)
    record = recent(history, site, programme.end)
    prices = known_prices(history, programme.end, DAYS_BACK)
    paid = Paid(*bought(site, told, record, prices, *period), *heat_bought(site, record, prices, *period))
    commands = History(history).commands(*period)
    known = known_by(history, site, plant)
    told_of = account(
        site,
        programme,
        record,
        told,
        energy_bought_kwh=paid.energy_kwh,
        cost_nok=paid.cost_nok,
        rules=by_rules(site, plant, record, commands, prices, period, paid, memory),
        happenings=happenings(History(history).events(*period, KINDS)),
    )
    return replace(told_of, contest=contest(site, plant, record, prices, period, memory, known))


def recent(history: Path, site: Site, end: datetime) -> Record:
    """The days before that of `end` (UTC, on a quarter), and that one up to `end`, by quarters; NaN is not known."""
    midnight = end.replace(hour=0, minute=0)
    points = [point for point in site.points.values() if point.privacy is not Privacy.PERSONAL]
    columns: dict[str, list[Array]] = {point.id: [] for point in points}
    whole = quarters(history, history.parent / FOLDER, site, end, DAYS_BACK)
    start = midnight if whole is None else whole.start
    if whole is not None:
        for name, column in columns.items():
            column.append(whole.values[name])
    reader = History(history)
    for first in range(0, len(points) if end > midnight else 0, AT_ONCE):
        batch = points[first : first + AT_ONCE]
        found = reader.aggregated([point.id for point in batch], even_edges(midnight, end, QUARTER))
        for point in batch:
            columns[point.id].append(found[point.id].last if point.spec.counter else found[point.id].mean)
    return Record(start, QUARTER.total_seconds(), {name: np.concatenate(parts) for name, parts in columns.items()})


def bought(
    site: Site, told: Mapping[str, Measured], record: Record, prices: PriceSeries | None, start: datetime, end: datetime
) -> tuple[float | None, float | None]:
    """Energy bought less sold [kWh] from the quarter `start` lies in, and its cost [NOK]; None is not known."""
    part = record.slice(record.at(record.index(start)), end)
    main = told.get("grid.power_kw")
    power = main.over(part) if main is not None else None
    if power is None or np.isnan(power).any() or not len(power):
        return None, None
    kwh = power * part.dt_s / 3600
    if prices is None:
        return float(kwh.sum()), None
    period = (site.tariff, prices, part.start, part.end, round(part.dt_s))
    nok = np.maximum(kwh, 0.0) * import_prices(*period) + np.minimum(kwh, 0.0) * feed_in_prices(*period)
    return float(kwh.sum()), None if np.isnan(nok).any() else float(nok.sum())


def heat_bought(
    site: Site, record: Record, prices: PriceSeries | None, start: datetime, end: datetime
) -> tuple[float | None, float | None]:
    """District heat [kWh] from the quarter `start` lies in, and what its energy costs [NOK]; None is not known."""
    part = record.slice(record.at(record.index(start)), end)
    total_kwh, total_nok = 0.0, 0.0
    for network in site.district_heat:
        power = part.column(site.find(network.devices, "power_kw"))
        if power is None or np.isnan(power).any() or not len(power):
            return None, None
        kwh = power * part.dt_s / 3600
        total_kwh += float(kwh.sum())
        if prices is not None:
            period = (part.start, part.end, round(part.dt_s))
            total_nok += float(kwh @ heat_prices(network.prices, site.tariff, prices, *period))
    known = not site.district_heat or (prices is not None and np.isfinite(total_nok))
    return total_kwh, total_nok if known else None


def happenings(events: Iterable[Event]) -> list[Happening]:
    """Events of the record as the account takes them; those without a code say nothing of grounds."""
    found = []
    for event in events:
        facts = dict(event.data)
        code = facts.pop("code", None)
        if event.kind in KINDS and isinstance(code, str):
            found.append(Happening(event.at, KINDS[event.kind], event.subject, Reason(code, facts)))
    return found
