"""Queries in the InfluxQL that InfluxDB 1, 2 (through its v1 API) and 3 all understand.

What keeps them understood by all three: one measurement or all of them after FROM, never two subqueries there (1.x
gives only the first one's columns); no INTEGRAL, no SLIMIT (3 has neither); `tz()` only in the outermost SELECT (1.x
takes no notice of it inside); figures from two series are made by Grafana's own arithmetic (see `panels`).
"""

# ruff: noqa: S608  (InfluxQL that Grafana sends; ids and names are quoted by `quoted` and `literal`)

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from models.outgoing import Quantity

BY_POINT: Final = "$tag_point"
EVERY: Final = "$__interval"
"""Grafana's choice of step: the range over the width of the panel, no less than what the record is kept by."""
ENERGY_STEP: Final = "15m"
"""Counters are read at the end of such steps; a meter that was exchanged loses no more than one of them."""

NOT_GOOD: Final = '"quality" > 0'

Function = Literal["mean", "last", "min", "max", "count"]


@dataclass(frozen=True)
class Query:
    """One query of a panel; `alias` names its series, `$tag_point` each by its point."""

    text: str
    alias: str = BY_POINT
    table: bool = False


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literal(text: str) -> str:
    """A string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def chosen(site: str, quantities: Sequence[Quantity]) -> str:
    """The condition that picks exactly these quantities of the site in the range.

    It stands in the innermost query; those around it name the range again, because the versions do not agree on what
    time a row of an aggregate has that is not grouped by time.
    """
    points = " OR ".join(f'"point" = {literal(q.id)}' for q in quantities)
    return f"{_of(site)} AND ({points})"


def _of(site: str) -> str:
    return f'"site" = {literal(site)} AND $timeFilter'


def by_kind(quantities: Iterable[Quantity]) -> list[tuple[str, list[Quantity]]]:
    """The quantities of each measurement, in the order in which they first come."""
    order: dict[str, int] = {}
    known = list(quantities)
    for quantity in known:
        order.setdefault(quantity.kind, len(order))
    ranked = sorted(known, key=lambda q: order[q.kind])
    return [(kind, list(group)) for kind, group in groupby(ranked, key=lambda q: q.kind)]


def courses(site: str, quantities: Sequence[Quantity], function: Function = "mean") -> list[Query]:
    """A line for every quantity; what is missing is a gap."""
    return [
        Query(
            f'SELECT {function}("value") FROM {quoted(kind)} WHERE {chosen(site, group)} '
            f'GROUP BY time({EVERY}), "point" fill(null)'
        )
        for kind, group in by_kind(quantities)
    ]


def latest(site: str, quantities: Sequence[Quantity], alias: str = BY_POINT) -> list[Query]:
    """The newest value of every quantity."""
    return [
        Query(
            f'SELECT last("value") FROM {quoted(kind)} WHERE {chosen(site, group)} GROUP BY "point"',
            alias,
        )
        for kind, group in by_kind(quantities)
    ]


def over_latest(site: str, quantities: Sequence[Quantity], function: str, alias: str) -> list[Query]:
    """One figure over the newest values of quantities of one measurement, e.g. the coldest; one per measurement."""
    return [
        Query(f'SELECT {function}("newest") FROM ({_newest(site, kind, group)}) WHERE $timeFilter', alias)
        for kind, group in by_kind(quantities)
    ]


def _newest(site: str, kind: str, group: Sequence[Quantity]) -> str:
    return f'SELECT last("value") AS "newest" FROM {quoted(kind)} WHERE {chosen(site, group)} GROUP BY "point"'


def spread_of(site: str, quantities: Sequence[Quantity], names: tuple[str, str, str]) -> list[Query]:
    """Lowest, mean and highest of quantities of one measurement, with these names."""
    kind, group = _one_kind(quantities)
    wanted = f"FROM {quoted(kind)} WHERE {chosen(site, group)} GROUP BY time({EVERY}) fill(null)"
    return [
        Query(f'SELECT {how}("value") {wanted}', name) for how, name in zip(("min", "mean", "max"), names, strict=True)
    ]


def summed(site: str, quantities: Sequence[Quantity], alias: str) -> Query:
    """The sum of the means of quantities of one measurement in each step.

    Steps have to be so long that every living quantity has a value in each (`panels.SUM_STEP`): filling inside the sum
    with what was before makes 1.x answer with a row for every pair of rows.
    """
    kind, group = _one_kind(quantities)
    inner = (
        f'SELECT mean("value") AS "part" FROM {quoted(kind)} WHERE {chosen(site, group)} '
        f'GROUP BY time({EVERY}), "point" fill(none)'
    )
    return Query(f'SELECT sum("part") FROM ({inner}) WHERE $timeFilter GROUP BY time({EVERY}) fill(null)', alias)


def gains(site: str, quantities: Sequence[Quantity]) -> str:
    """What counters of one measurement gained in each step; a counter that starts again counts nothing there."""
    kind, group = _one_kind(quantities)
    return (
        f'SELECT non_negative_difference(last("value")) AS "gain" FROM {quoted(kind)} WHERE {chosen(site, group)} '
        f'GROUP BY time({ENERGY_STEP}), "point" fill(none)'
    )


def gained(site: str, quantities: Sequence[Quantity], alias: str = BY_POINT) -> Query:
    """What counters gained over the range; each its own, or all of them under one alias."""
    each = ' GROUP BY "point"' if alias == BY_POINT else ""
    return Query(f'SELECT sum("gain") FROM ({gains(site, quantities)}) WHERE $timeFilter{each}', alias)


def gained_every(site: str, quantities: Sequence[Quantity], every: str, time_zone: str, alias: str = BY_POINT) -> Query:
    """What counters gained in every local day or hour."""
    each = ', "point"' if alias == BY_POINT else ""
    return Query(
        f'SELECT sum("gain") FROM ({gains(site, quantities)}) WHERE $timeFilter '
        f"GROUP BY time({every}){each} fill(none) tz({literal(time_zone)})",
        alias,
    )


def highest_hour(site: str, quantities: Sequence[Quantity], alias: str, factor: str = "1") -> Query:
    """The highest hourly mean, times a factor: energy of an hour is its mean power, and counters miss nothing."""
    hours = (
        f'SELECT sum("gain") AS "hour" FROM ({gains(site, quantities)}) WHERE $timeFilter GROUP BY time(1h) fill(none)'
    )
    return Query(f'SELECT max("hour") * {factor} FROM ({hours}) WHERE $timeFilter', alias)


def _one_kind(quantities: Sequence[Quantity]) -> tuple[str, list[Quantity]]:
    kinds = by_kind(quantities)
    if len(kinds) != 1:
        raise ValueError(f"quantities of one measurement are needed, got {[kind for kind, _ in kinds]}")
    return kinds[0]


def mean_of(site: str, quantities: Sequence[Quantity], alias: str) -> Query:
    """The mean over the range of quantities of one measurement."""
    kind, group = _one_kind(quantities)
    return Query(f'SELECT mean("value") FROM {quoted(kind)} WHERE {chosen(site, group)}', alias)


def mean_every(site: str, quantities: Sequence[Quantity], every: str, time_zone: str, alias: str) -> Query:
    """The mean of quantities of one measurement in every local day or hour."""
    kind, group = _one_kind(quantities)
    return Query(
        f'SELECT mean("value") FROM {quoted(kind)} WHERE {chosen(site, group)} '
        f"GROUP BY time({every}) fill(none) tz({literal(time_zone)})",
        alias,
    )


def minutes_below(site: str, quantities: Sequence[Quantity], limit: float, alias: str) -> Query:
    """Minutes in which the lowest of the quantities was below a limit; no row where there were none."""
    kind, group = _one_kind(quantities)
    minutes = (
        f'SELECT min("value") AS "low" FROM {quoted(kind)} WHERE {chosen(site, group)} GROUP BY time(1m) fill(previous)'
    )
    return Query(f'SELECT count("low") FROM ({minutes}) WHERE "low" < {limit:g} AND $timeFilter', alias)


def best_stretch(site: str, quantities: Sequence[Quantity], minutes: float, alias: str) -> Query:
    """The lowest value of all the quantities over a stretch of time, in the stretch where it is highest."""
    kind, group = _one_kind(quantities)
    stretches = (
        f'SELECT min("value") AS "low" FROM {quoted(kind)} WHERE {chosen(site, group)} '
        f"GROUP BY time({minutes:g}m) fill(none)"
    )
    return Query(f'SELECT max("low") FROM ({stretches}) WHERE $timeFilter', alias)


def everything(kinds: Sequence[str]) -> str:
    """All measurements, each by its name: the feed's own ones are no quantities."""
    return ", ".join(quoted(kind) for kind in kinds)


def answering(site: str, kinds: Sequence[str]) -> Query:
    """How many points of each measurement gave a value."""
    each = f'SELECT count("value") AS "n" FROM {everything(kinds)} WHERE {_of(site)} GROUP BY "point"'
    return Query(f'SELECT count("n") FROM ({each}) WHERE $timeFilter', "$m")


def samples_of(site: str, kinds: Sequence[str]) -> Query:
    """How many values each measurement got in every quarter of an hour."""
    return Query(
        f'SELECT count("value") FROM {everything(kinds)} WHERE {_of(site)} GROUP BY time(15m) fill(0)',
        "$m",
    )


def not_good(site: str, kinds: Sequence[str]) -> Query:
    """How many readings of each piece of equipment were not good, in every quarter of an hour."""
    return Query(
        f'SELECT count("quality") FROM {everything(kinds)} WHERE {_of(site)} AND {NOT_GOOD} '
        'GROUP BY time(15m), "equipment" fill(none)',
        "$tag_equipment",
    )


def newest(site: str, kinds: Sequence[str]) -> Query:
    """A row for each piece of equipment, with the time of its newest value."""
    return Query(
        f'SELECT last("value") FROM {everything(kinds)} WHERE {_of(site)} GROUP BY "equipment"',
        table=True,
    )


def still(site: str, quantities: Sequence[Quantity], least: float) -> Query:
    """A row for each quantity that varied by less than `least` over the range."""
    source = f"{everything([kind for kind, _ in by_kind(quantities)])} WHERE {chosen(site, quantities)}"
    spreads = f'SELECT spread("value") AS "spread" FROM {source} GROUP BY "equipment", "point"'
    return Query(
        f'SELECT "spread" FROM ({spreads}) WHERE "spread" < {least:g} AND $timeFilter GROUP BY "equipment", "point"',
        table=True,
    )


def highest_hours(site: str, quantities: Sequence[Quantity], count: int) -> Query:
    """The hours with the highest gain, a row each."""
    hours = (
        f'SELECT sum("gain") AS "hour" FROM ({gains(site, quantities)}) WHERE $timeFilter GROUP BY time(1h) fill(none)'
    )
    return Query(f'SELECT top("hour", {count}) FROM ({hours}) WHERE $timeFilter', table=True)


def of_chosen_equipment(site: str, kinds: Sequence[str], variable: str) -> Query:
    """A line for every point of the equipment that a variable of the dashboard names."""
    return Query(
        f'SELECT mean("value") FROM {everything(kinds)} WHERE {_of(site)} '
        f'AND "equipment" = \'${variable}\' GROUP BY time({EVERY}), "point" fill(null)'
    )
