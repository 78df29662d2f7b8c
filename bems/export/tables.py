"""From the record to tables, piece by piece, so that years of it never lie in memory at once.

Public points come as they were recorded. Personal ones are only ever put into `models.outgoing.Outflow`, and what comes
out of it is all that is seen of them here.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bems.export.wanted import DAY, Wanted, chunks
from bems.history.aggregate import aggregate
from bems.history.query import History
from bems.history.rows import Series
from bems.history.schema import QUALITY_CODE
from bems.history.times import from_ms, to_ms
from models.outgoing import MAX_AGE, STEP, Outflow, Quantity
from models.signals import Quality, Sample

TIME: Final = "time"
HOLD: Final = timedelta(minutes=15)
"""As long as the record lets a value hold."""
FEW_ROWS: Final = 50_000
MANY_ROWS: Final = 400_000
FIRST: Final = timedelta(hours=6)
SHORTEST: Final = timedelta(hours=1)
LONGEST: Final = 8 * DAY
BUCKETS_AT_ONCE: Final = 200_000
"""Buckets times points read in one go."""
_NAME_OF_CODE: Final = {code: quality.value for quality, code in QUALITY_CODE.items()}
_QUALITY_OF_CODE: Final = {code: quality for quality, code in QUALITY_CODE.items()}


def samples(history: History, wanted: Wanted) -> Iterator[pl.DataFrame]:
    """Every sample in order of time: columns time, point, label, unit, value (null unless good) and quality.

    How long a piece is follows from how much was recorded. Raises RecordError.
    """
    labels = {q.id: (wanted.said(q.label), q.unit.value) for q in wanted.quantities}
    rooms = _Rooms(history, wanted)
    length, start = FIRST, wanted.start
    while start < wanted.end:
        end = min(start + length, wanted.end)
        series = _series(history, wanted, rooms, start, end)
        table = _long(series, labels, wanted.zone.key)
        yield table
        start = end
        if table.height > MANY_ROWS:
            length = max(length / 2, SHORTEST)
        elif table.height < FEW_ROWS:
            length = min(length * 2, LONGEST)


def buckets(history: History, wanted: Wanted) -> Iterator[pl.DataFrame]:
    """A row a bucket: its start, then a column a quantity, null where nothing is known.

    Counters give what they gained, states and flags what they ended with, all else the mean over the time that is
    known. Raises RecordError.
    """
    edges = wanted.edges()
    rooms = _Rooms(history, wanted)
    at_once = max(1, BUCKETS_AT_ONCE // max(1, len(wanted.quantities)))
    for first in range(0, len(edges) - 1, at_once):
        some = edges[first : first + at_once + 1]
        columns: dict[str, NDArray[np.float64]] = {}
        held = [q.id for q in wanted.quantities if q.how == "value" and not q.counter]
        states = {q.id for q in wanted.quantities if q.state}
        for point, found in history.aggregated(held, some, HOLD).items():
            columns[point] = found.last if point in states else found.mean
        counters = [q.id for q in wanted.quantities if q.how == "value" and q.counter]
        turns = {p: turn for p in counters if (turn := wanted.site.points[p].spec.turn) is not None}
        columns |= {point: of.gained for point, of in history.gained(counters, some, turns).items()}
        edges_ms = np.array([to_ms(edge) for edge in some], dtype=np.int64)
        for name, of_rooms in rooms.series(some[0], some[-1]).items():
            columns[name] = aggregate(of_rooms, edges_ms, HOLD // timedelta(milliseconds=1)).mean
        yield _wide(edges_ms[:-1], {q.id: columns[q.id] for q in wanted.quantities}, wanted.zone.key)


class _Rooms:
    """The aggregates over rooms, made as every other feed makes them; asked period by period, in order."""

    def __init__(self, history: History, wanted: Wanted) -> None:
        self._history = history
        self._wanted = [q for q in wanted.quantities if q.how != "value"]
        self._members = tuple({source for q in self._wanted for source in q.sources})
        self._outflow = Outflow(self._wanted)
        self._fed_to = wanted.start - MAX_AGE - STEP

    def series(self, start: datetime, end: datetime) -> dict[str, Series]:
        """The values that were made from `start` to `end`, by the aggregate's id."""
        found: dict[str, list[tuple[int, float, int]]] = {q.id: [] for q in self._wanted}
        if not self._wanted:
            return {}
        for begin, until in chunks(self._fed_to, end, DAY):
            for value in self._outflow.take(_in_order(self._history.raw(self._members, begin, until))):
                if start <= value.at < end:
                    known = float("nan") if value.value is None else value.value
                    found[value.quantity.id].append((to_ms(value.at), known, QUALITY_CODE[value.quality]))
        self._fed_to = end
        return {name: _series_of(name, rows) for name, rows in found.items()}


def _in_order(series: Mapping[str, Series]) -> Iterator[Sample]:
    rows = [
        (at_ms, point, value, code)
        for point, s in series.items()
        for at_ms, value, code in zip(s.at_ms.tolist(), s.value.tolist(), s.quality.tolist(), strict=True)
    ]
    rows.sort(key=lambda row: row[0])
    for at_ms, point, value, code in rows:
        quality = _QUALITY_OF_CODE[code]
        yield Sample(point, from_ms(at_ms), value if quality is Quality.GOOD else None, quality)


def _series_of(name: str, rows: list[tuple[int, float, int]]) -> Series:
    at_ms, value, quality = zip(*rows, strict=True) if rows else ((), (), ())
    return Series(name, np.array(at_ms, np.int64), np.array(value, np.float64), np.array(quality, np.int8))


def _series(
    history: History, wanted: Wanted, rooms: _Rooms, start: datetime, end: datetime
) -> list[tuple[Quantity, Series]]:
    found = history.raw([q.id for q in wanted.quantities if q.how == "value"], start, end) | rooms.series(start, end)
    return [(q, found[q.id]) for q in wanted.quantities]


def _long(series: list[tuple[Quantity, Series]], labels: Mapping[str, tuple[str, str]], zone: str) -> pl.DataFrame:
    ids = [q.id for q, s in series if len(s.at_ms)]
    parts = [s for _, s in series if len(s.at_ms)]
    counts = [len(s.at_ms) for s in parts]
    owner = np.repeat(np.arange(len(parts), dtype=np.uint32), counts)
    table = pl.DataFrame(
        {
            TIME: _joined([s.at_ms for s in parts], np.int64),
            "owner": owner,
            "value": pl.Series(_joined([s.value for s in parts], np.float64)).fill_nan(None),
            "quality": _joined([s.quality for s in parts], np.int8),
        }
    ).sort(TIME, "owner", maintain_order=True)
    names = pl.DataFrame(
        {
            "owner": pl.Series(range(len(parts)), dtype=pl.UInt32),
            "point": pl.Series(ids, dtype=pl.String),
            "label": pl.Series([labels[i][0] for i in ids], dtype=pl.String),
            "unit": pl.Series([labels[i][1] for i in ids], dtype=pl.String),
        }
    )
    quality = pl.col("quality").replace_strict(_NAME_OF_CODE, return_dtype=pl.String)
    return (
        table.join(names, on="owner", how="left", maintain_order="left")
        .with_columns(_local(zone), quality)
        .select(TIME, "point", "label", "unit", "value", "quality")
    )


def _joined(parts: list[NDArray[np.generic]], kind: type[np.generic]) -> NDArray[np.generic]:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def _wide(starts_ms: NDArray[np.int64], columns: Mapping[str, NDArray[np.float64]], zone: str) -> pl.DataFrame:
    values = {name: pl.Series(np.round(column, 6)).fill_nan(None) for name, column in columns.items()}
    return pl.DataFrame({TIME: starts_ms, **values}).with_columns(_local(zone))


def _local(zone: str) -> pl.Expr:
    return pl.col(TIME).cast(pl.Datetime("ms", "UTC")).dt.convert_time_zone(zone)
