"""The one way to ask the record, for pages, reports, control and exports, in any process and thread.

Every question opens its own read-only connection, reads in one short transaction and closes it: nothing is left open
that would keep the write-ahead log from shrinking, and the writer is never waited for. Finished days lie in Parquet
files (bems.history.archive); answers are the same wherever a sample lies. Times are site time; a period
runs from its start (included) to its end (excluded). Points that the record has never seen give empty answers.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np

from bems.history import gained, newest, series
from bems.history.aggregate import aggregate
from bems.history.catalogue import ArchiveFile, archived_tick, catalogue
from bems.history.errors import RecordDamaged, clear_errors
from bems.history.following import file_ticks, hot_ticks, part_of
from bems.history.rows import Buckets, CommandRow, Event, EventKind, Gains, KnownForecast, Series, Ticks
from bems.history.schema import QUALITY_CODE, open_for_reading
from bems.history.times import from_ms, to_ms
from models.signals import Command, Reason, Sample, WriteResult

T = TypeVar("T")

HOLD: Final = timedelta(minutes=15)
"""So long a value may hold; what does not change is stored more often than that (bems.history.policy)."""
TRIES: Final = 5
"""A question is put so often when files of the archive are replaced meanwhile."""
_QUALITY_OF_CODE: Final = {code: quality for quality, code in QUALITY_CODE.items()}


class History:
    """Questions to the record at `path`. All raise RecordError when it cannot be read."""

    def __init__(self, path: Path, busy_timeout_s: float = 5.0) -> None:
        self._path = path
        self._folder = path.parent
        self._followed: tuple[str, Ticks] | None = None
        self._busy_timeout_s = busy_timeout_s

    def points(self) -> tuple[str, ...]:
        """Names of all points that were ever recorded."""
        with self._reading() as connection:
            return tuple(series.ids_of(connection))

    def raw(self, points: Iterable[str], start: datetime, end: datetime) -> dict[str, Series]:
        """Every sample of the points from `start` to `end`."""
        wanted, start_ms, end_ms = tuple(points), to_ms(start), to_ms(end)
        return self._answer(lambda connection: series.asked(connection, self._folder, wanted, start_ms, end_ms))

    def aggregated(
        self, points: Iterable[str], edges: Sequence[datetime], max_hold: timedelta = HOLD
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
        wanted, period = tuple(points), (int(edges_ms[0]) - max_hold_ms, int(edges_ms[-1]))
        found = self._answer(lambda connection: series.asked(connection, self._folder, wanted, *period))
        return {point: aggregate(of_point, edges_ms, max_hold_ms) for point, of_point in found.items()}

    def gained(
        self, points: Iterable[str], edges: Sequence[datetime], rollover: Mapping[str, float] | None = None
    ) -> dict[str, Gains]:
        """What counters gained between each two neighbours of `edges`, with what is not certain about it.

        `rollover` is what a full turn of a counter is, where that is known (bems.history.counters.turns); meters that
        were exchanged are known from events. See bems.history.counters. ValueError when the edges do not rise.
        """
        edges_ms, wanted = np.array([to_ms(edge) for edge in edges], dtype=np.int64), tuple(points)
        if not len(edges_ms):
            raise ValueError("buckets need edges")
        turns = rollover or {}
        return self._answer(lambda connection: gained.asked(connection, self._folder, wanted, edges_ms, turns))

    def last_values(
        self, points: Iterable[str] | None = None, at: datetime | None = None, within: timedelta = timedelta(days=1)
    ) -> dict[str, Sample]:
        """The newest sample, whatever its quality, of each point at the time `at` (default: the end of the record).

        Points (default: all) that have none in the time `within` before `at` are left out.
        """
        wanted = None if points is None else frozenset(points)

        def ask(connection: sqlite3.Connection) -> Callable[[], dict[str, Sample]]:
            names = {n: name for name, n in series.ids_of(connection).items() if wanted is None or name in wanted}
            end_ms = newest.end_ms(connection) if at is None else to_ms(at)
            if end_ms is None:
                return dict
            start_ms = end_ms - within // timedelta(milliseconds=1)
            finish = newest.asked(connection, self._folder, names, start_ms, end_ms)

            def samples() -> dict[str, Sample]:
                found = finish()
                times = {ms: from_ms(ms) for ms in {one.at_ms for one in found.values()}}  # a scan shares one
                return {
                    name: Sample(name, times[one.at_ms], one.value, _QUALITY_OF_CODE[one.quality])
                    for number, name in names.items()
                    if (one := found.get(number)) is not None
                }

            return samples

        return self._answer(ask)

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
            AND kind IN (SELECT value FROM json_each(:kinds)) ORDER BY at_ms, id"""
        wanted = {"start": to_ms(start), "end": to_ms(end), "subject": subject, "kinds": json.dumps(list(kinds))}
        with self._reading() as connection:
            rows = connection.execute(sql, wanted).fetchall()
        return tuple(_event(*row) for row in rows)

    def events_after(self, number: int, limit: int) -> tuple[tuple[int, Event], ...]:
        """The events that were stored after the one with this number (0: from the first one), with theirs, in order."""
        sql = "SELECT id, at_ms, kind, subject, text, data FROM events WHERE id > ? ORDER BY id LIMIT ?"
        with self._reading() as connection:
            rows = connection.execute(sql, (number, limit)).fetchall()
        return tuple((stored, _event(*row)) for stored, *row in rows)

    def newest_event(self) -> int:
        """Number of the event that was stored last; 0 when there is none."""
        with self._reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])

    def first_at(self) -> datetime | None:
        """When the record begins; None while it is empty."""
        sql = """SELECT min(ms) FROM (SELECT min(first_ms) AS ms FROM archive WHERE rows > 0
            UNION ALL SELECT min(first_ms) FROM ticks)"""
        with self._reading() as connection:
            (first_ms,) = connection.execute(sql).fetchone()
        return None if first_ms is None else from_ms(first_ms)

    def first_of(self, point: str) -> datetime | None:
        """When the point was read first; None when it never was."""
        with self._reading() as connection:
            first_ms = series.first_ms(connection, point)
        return None if first_ms is None else from_ms(first_ms)

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
        while True:
            found, is_end = self._answer(partial(self._ticks_asked, cursor=cursor, limit=limit))
            if len(found) or is_end:
                return found
            cursor = found.cursor

    def _ticks_asked(self, connection: sqlite3.Connection, cursor: int, limit: int) -> Callable[[], tuple[Ticks, bool]]:
        files = [entry for entry in catalogue(connection) if entry.last_tick > cursor and entry.rows]
        if not files:
            self._followed = None
            found = hot_ticks(connection, max(cursor, archived_tick(connection)), limit)
            return lambda: (found, True)
        return lambda: (part_of(self._whole(files[0]), cursor, limit), False)

    def _whole(self, entry: ArchiveFile) -> Ticks:
        """A file in order of ticks, kept for the next question of whoever follows."""
        if self._followed is None or self._followed[0] != entry.file:
            self._followed = (entry.file, file_ticks(self._folder, entry))
        return self._followed[1]

    def _answer(self, ask: Callable[[sqlite3.Connection], Callable[[], T]]) -> T:
        """Asks SQLite, lets go of it, and reads files of the archive; again when one was replaced in between."""
        missing: FileNotFoundError | None = None
        for _ in range(TRIES):
            with self._reading() as connection:
                finish = ask(connection)
            try:
                return finish()
            except FileNotFoundError as error:
                missing = error
        raise RecordDamaged(f"record {self._path}: a file of its archive is missing ({missing})")

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with clear_errors(self._path), closing(open_for_reading(self._path, self._busy_timeout_s)) as connection:
            connection.execute("BEGIN")
            yield connection


def _event(at_ms: int, kind: str, subject: str, text: str, data: str) -> Event:
    return Event(from_ms(at_ms), EventKind(kind), subject, text, json.loads(data))


def _command_row(row: tuple[Any, ...]) -> CommandRow:
    at_ms, point, value, priority, source, expires_ms, reason, ok, read_back, error = row
    result = None if ok is None else WriteResult(point, bool(ok), read_back, error)
    why = Reason(*json.loads(reason))
    return CommandRow(from_ms(at_ms), Command(point, value, priority, source, from_ms(expires_ms), why), result)
