"""The one way to ask the record, for pages, reports, control and exports, in any process and thread.

Every question opens its own read-only connection, reads in one short transaction and closes it: nothing is left open
that would keep the write-ahead log from shrinking, and the writer is never waited for. Times are site time; a period
runs from its start (included) to its end (excluded). Points that the record has never seen give empty answers.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bems.history.aggregate import aggregate
from bems.history.errors import clear_errors
from bems.history.following import hot_ticks
from bems.history.rows import Buckets, CommandRow, Event, EventKind, KnownForecast, Series, Ticks
from bems.history.schema import MAX_PER_POINT, QUALITY_CODE, SERIAL_BITS, TICK_SHIFT, open_for_reading
from bems.history.times import from_ms, to_ms
from models.signals import Command, Reason, Sample, WriteResult

_QUALITY_OF_CODE: Final = {code: quality for quality, code in QUALITY_CODE.items()}

# CROSS JOIN keeps SQLite to this order: the ticks of the period, and in each one seek for the point.
_OF_POINT: Final = f"""
    FROM ticks t CROSS JOIN samples s
    ON s.sample_id BETWEEN (t.tick << {TICK_SHIFT}) + :key AND (t.tick << {TICK_SHIFT}) + :key + {MAX_PER_POINT - 1}
    WHERE t.last_ms >= :start AND t.first_ms < :end"""
_SERIES: Final = (
    f"SELECT t.first_ms + s.after_ms AS at_ms, s.value, s.quality {_OF_POINT} AND at_ms >= :start AND at_ms < :end"
)
_NEWEST_FIRST: Final = f"""SELECT t.first_ms + s.after_ms AS at_ms, s.value, s.quality, t.last_ms {_OF_POINT}
    AND at_ms >= :start AND at_ms < :end ORDER BY t.last_ms DESC, s.sample_id DESC"""


class History:
    """Questions to the record at `path`. All raise RecordError when it cannot be read."""

    def __init__(self, path: Path, busy_timeout_s: float = 5.0) -> None:
        self._path = path
        self._busy_timeout_s = busy_timeout_s

    def points(self) -> tuple[str, ...]:
        """Names of all points that were ever recorded."""
        with self._reading() as connection:
            return tuple(_ids(connection))

    def raw(self, points: Iterable[str], start: datetime, end: datetime) -> dict[str, Series]:
        """Every sample of the points from `start` to `end`."""
        with self._reading() as connection:
            return _series(connection, points, to_ms(start), to_ms(end))

    def aggregated(
        self, points: Iterable[str], edges: Sequence[datetime], max_hold: timedelta = timedelta(minutes=15)
    ) -> dict[str, Buckets]:
        """Time-weighted mean, min, max, last and coverage between each two neighbours of `edges`.

        For edges see bems.history.times (`even_edges`, `local_day_edges`). A value holds until the next sample, but no
        longer than `max_hold`; a sample without a value ends it. A last edge beyond now counts the time to come as
        held or as a gap: end with now. ValueError when the edges do not rise.
        """
        edges_ms = np.array([to_ms(edge) for edge in edges], dtype=np.int64)
        max_hold_ms = max_hold // timedelta(milliseconds=1)
        if not len(edges_ms):
            raise ValueError("buckets need edges")
        with self._reading() as connection:
            series = _series(connection, points, int(edges_ms[0]) - max_hold_ms, int(edges_ms[-1]))
        return {point: aggregate(of_point, edges_ms, max_hold_ms) for point, of_point in series.items()}

    def last_values(
        self, points: Iterable[str] | None = None, at: datetime | None = None, within: timedelta = timedelta(days=1)
    ) -> dict[str, Sample]:
        """The newest sample, whatever its quality, of each point at the time `at` (default: the end of the record).

        Points (default: all) that have none in the time `within` before `at` are left out.
        """
        with self._reading() as connection:
            ids = _ids(connection)
            newest = connection.execute("SELECT max(last_ms) FROM ticks").fetchone()[0] if at is None else to_ms(at)
            if newest is None:
                return {}
            start = newest - within // timedelta(milliseconds=1)
            found = (
                (point, _newest(connection, ids[point], start, newest + 1))
                for point in (ids if points is None else points)
                if point in ids
            )
            return {
                point: Sample(point, from_ms(row[0]), row[1], _QUALITY_OF_CODE[row[2]])
                for point, row in found
                if row is not None
            }

    def commands(self, start: datetime, end: datetime, point: str | None = None) -> tuple[CommandRow, ...]:
        """The commands given from `start` to `end`, of one point or of all, in order of time, with their reasons."""
        sql = """SELECT at_ms, p.name, value, priority, source, expires_ms, reason, ok, read_back, error
            FROM commands JOIN points p ON p.id = commands.point
            WHERE at_ms >= :start AND at_ms < :end AND (:point IS NULL OR p.name = :point)
            ORDER BY at_ms, commands.id"""
        with self._reading() as connection:
            rows = connection.execute(sql, {"start": to_ms(start), "end": to_ms(end), "point": point}).fetchall()
        return tuple(map(_command_row, rows))

    def events(
        self, start: datetime, end: datetime, kinds: Iterable[EventKind] = EventKind, subject: str | None = None
    ) -> tuple[Event, ...]:
        """The events from `start` to `end`, of some kinds and one subject or of all, in order of time."""
        sql = """SELECT at_ms, kind, subject, text, data FROM events
            WHERE at_ms >= :start AND at_ms < :end AND (:subject IS NULL OR subject = :subject)
            ORDER BY at_ms, id"""
        wanted = frozenset(kinds)
        with self._reading() as connection:
            rows = connection.execute(sql, {"start": to_ms(start), "end": to_ms(end), "subject": subject}).fetchall()
        events = (
            Event(from_ms(at_ms), EventKind(kind), of, text, json.loads(data)) for at_ms, kind, of, text, data in rows
        )
        return tuple(event for event in events if event.kind in wanted)

    def events_after(self, number: int, limit: int) -> tuple[tuple[int, Event], ...]:
        """The events that were stored after the one with this number (0: from the first one), with theirs, in order."""
        sql = "SELECT id, at_ms, kind, subject, text, data FROM events WHERE id > ? ORDER BY id LIMIT ?"
        with self._reading() as connection:
            rows = connection.execute(sql, (number, limit)).fetchall()
        return tuple(
            (stored, Event(from_ms(at_ms), EventKind(kind), subject, text, json.loads(data)))
            for stored, at_ms, kind, subject, text, data in rows
        )

    def newest_event(self) -> int:
        """Number of the event that was stored last; 0 when there is none."""
        with self._reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])

    def state(self, key: str) -> Any:
        """What was saved last under `key`; None when nothing was."""
        with self._reading() as connection:
            row = connection.execute("SELECT json FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def forecast_as_known(self, at: datetime, source: str) -> KnownForecast | None:
        """The newest forecast of `source` that was known at the time `at`; None when there was none."""
        sql = """SELECT known_ms, issued_ms, columns, rows FROM forecasts
            WHERE source = ? AND known_ms <= ? ORDER BY known_ms DESC, id DESC LIMIT 1"""
        with self._reading() as connection:
            row = connection.execute(sql, (source, to_ms(at))).fetchone()
        if row is None:
            return None
        known_ms, issued_ms, names_json, rows = row
        names = json.loads(names_json)
        table = np.frombuffer(zlib.decompress(rows), dtype="<f8").reshape(len(names) + 1, -1).astype(np.float64)
        columns = dict(zip(names, table[1:], strict=True))
        return KnownForecast(source, from_ms(known_ms), from_ms(issued_ms), table[0].astype(np.int64), columns)

    def ticks_after(self, cursor: int, limit: int) -> Ticks:
        """Samples of the ticks after `cursor` (0: from the first one), in the order in which they were stored.

        Whole ticks, at most `limit` samples, but never less than one tick. Ask again with the answer's `cursor`; when
        the answer is empty, its cursor is at the end of the record. Whoever keeps the cursor of an answer after he has
        dealt with its samples misses none, and repeats some only when he was stopped in between.
        ValueError when the limit is below 1.
        """
        if limit < 1:
            raise ValueError(f"at least one sample must be asked for, got {limit}")
        with self._reading() as connection:
            return hot_ticks(connection, cursor, limit)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with clear_errors(self._path), closing(open_for_reading(self._path, self._busy_timeout_s)) as connection:
            connection.execute("BEGIN")
            yield connection


def _ids(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT name, id FROM points ORDER BY id"))


def _series(connection: sqlite3.Connection, points: Iterable[str], start_ms: int, end_ms: int) -> dict[str, Series]:
    ids = _ids(connection)
    found = {}
    for point in points:
        rows: list[Any] = []
        if point in ids:
            period = {"key": ids[point] << SERIAL_BITS, "start": start_ms, "end": end_ms}
            rows = connection.execute(_SERIES, period).fetchall()
        found[point] = _in_order_of_time(point, np.array(rows, dtype=np.float64).reshape(-1, 3))
    return found


def _in_order_of_time(point: str, table: NDArray[np.float64]) -> Series:
    """Samples of one moment stay in the order in which they came. Milliseconds are exact in a double."""
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Series(point, table[:, 0].astype(np.int64), table[:, 1].copy(), table[:, 2].astype(np.int8))


def _newest(connection: sqlite3.Connection, point_id: int, start_ms: int, end_ms: int) -> tuple[Any, ...] | None:
    """Goes back tick by tick until none can hold a newer sample than the best: ticks may bring late samples."""
    period = {"key": point_id << SERIAL_BITS, "start": start_ms, "end": end_ms}
    best: tuple[Any, ...] | None = None
    with closing(connection.execute(_NEWEST_FIRST, period)) as rows:
        for row in rows:
            if best is not None and best[0] >= row[3]:
                break
            if best is None or row[0] > best[0]:
                best = row
    return best


def _command_row(row: tuple[Any, ...]) -> CommandRow:
    at_ms, point, value, priority, source, expires_ms, reason, ok, read_back, error = row
    result = None if ok is None else WriteResult(point, bool(ok), read_back, error)
    why = Reason(*json.loads(reason))
    return CommandRow(from_ms(at_ms), Command(point, value, priority, source, from_ms(expires_ms), why), result)
