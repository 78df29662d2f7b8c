"""Samples of points over a period, from the hot table and the files, and what counters gained in it.

Everything is asked in two steps: `...asked` reads SQLite, in one transaction, and returns what reads the files then.
Files do not change, so that the answer is of the moment of the transaction, and none is held open while files are read.
A file that was replaced meanwhile may be gone (FileNotFoundError): the question is then put again.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from bems.history.catalogue import archived_tick
from bems.history.errors import RecordDamaged
from bems.history.rows import Series, Table
from bems.history.schema import MAX_PER_POINT, SERIAL_BITS, TICK_SHIFT

NO_ROWS: Final = Table(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int8))

# CROSS JOIN keeps SQLite to this order: the ticks of the period, and in each one seek for each point.
_HOT: Final = f"""SELECT w.value, t.first_ms + s.after_ms AS at_ms, s.value, s.quality
    FROM ticks t CROSS JOIN json_each(:keys) w CROSS JOIN samples s
    ON s.sample_id BETWEEN (t.tick << {TICK_SHIFT}) + w.value
        AND (t.tick << {TICK_SHIFT}) + w.value + {MAX_PER_POINT - 1}
    WHERE t.last_ms >= :start AND t.first_ms < :end AND t.tick > :archived AND at_ms >= :start AND at_ms < :end"""  # noqa: S608  (constants)
_FILES: Final = """SELECT p.point, a.file, p.first_row, p.rows, a.first_ms, a.last_ms,
    p.first_ms, p.first_value, p.last_ms, p.last_value, p.falls, p.known_ms, p.gained_in_gaps
    FROM archive a CROSS JOIN json_each(:ids) w CROSS JOIN archive_points p ON p.point = w.value AND p.archive = a.id
    WHERE a.last_ms >= :start AND a.first_ms < :end ORDER BY a.first_tick"""
_FIRST: Final = f"""SELECT t.first_ms + s.after_ms FROM ticks t CROSS JOIN samples s
    ON s.sample_id BETWEEN (t.tick << {TICK_SHIFT}) + :key AND (t.tick << {TICK_SHIFT}) + :key + {MAX_PER_POINT - 1}
    WHERE t.tick > :archived AND s.quality = 0 ORDER BY t.tick, s.sample_id LIMIT 1"""  # noqa: S608  (constants)
_NEAR_ROWS: Final = 100_000
"""Rows of a file that are read on the way rather than left out: to open it again takes as long."""
_AT_ONCE: Final = 4
"""So many stretches of files are in memory together: enough for every core, and little."""
COLUMNS: Final = ("at_utc", "value", "quality")


class Piece(NamedTuple):
    """Where in which file the rows of a point lie, and their summary (see bems.history.schema)."""

    point: int
    file: str
    first_row: int
    rows: int
    file_first_ms: int
    file_last_ms: int
    first_ms: int | None
    first_value: float | None
    last_ms: int | None
    last_value: float | None
    falls: int
    known_ms: int
    in_gaps: float


def ids_of(connection: sqlite3.Connection) -> dict[str, int]:
    """Numbers of all points by name."""
    return dict(connection.execute("SELECT name, id FROM points ORDER BY id"))


def first_ms(connection: sqlite3.Connection, point: str) -> int | None:
    """Time of its first good sample [ms since 1970 UTC]; None when there is none."""
    number = ids_of(connection).get(point)
    if number is None:
        return None
    (first,) = connection.execute("SELECT min(first_ms) FROM archive_points WHERE point = ?", (number,)).fetchone()
    if first is None:
        wanted = {"key": number << SERIAL_BITS, "archived": archived_tick(connection)}
        (first,) = connection.execute(_FIRST, wanted).fetchone() or (None,)
    return None if first is None else int(first)


def hot(connection: sqlite3.Connection, ids: Iterable[int], start_ms: int, end_ms: int) -> dict[int, Table]:
    """Samples of the points that are in SQLite, in order of ticks."""
    keys = [number << SERIAL_BITS for number in ids]
    period = {"start": start_ms, "end": end_ms, "archived": archived_tick(connection), "keys": str(keys)}
    rows = np.array(connection.execute(_HOT, period).fetchall(), dtype=np.float64).reshape(-1, 4)
    order = np.argsort(rows[:, 0], kind="stable")
    rows = rows[order]
    begins, ends = (np.searchsorted(rows[:, 0], keys, side).tolist() for side in ("left", "right"))
    # ticks and milliseconds are exact in a double; None has become NaN
    table = Table(rows[:, 1].astype(np.int64), rows[:, 2], rows[:, 3].astype(np.int8))
    return {key >> SERIAL_BITS: table.part(slice(begins[n], ends[n])) for n, key in enumerate(keys)}


def pieces(connection: sqlite3.Connection, ids: Iterable[int], start_ms: int, end_ms: int) -> list[Piece]:
    """Of files that have samples of the period, in order of ticks."""
    rows = connection.execute(_FILES, {"ids": str(list(ids)), "start": start_ms, "end": end_ms})
    return [Piece(*row) for row in rows]


def asked(
    connection: sqlite3.Connection, folder: Path, points: Sequence[str], start_ms: int, end_ms: int
) -> Callable[[], dict[str, Series]]:
    """Every sample of the points within the period, in order of time."""
    ids = ids_of(connection)
    numbers = [ids[point] for point in points if point in ids]
    of_table = hot(connection, numbers, start_ms, end_ms)
    of_files = sorted(pieces(connection, numbers, start_ms, end_ms), key=lambda piece: piece.point)  # stable

    def finish() -> dict[str, Series]:
        whole = _in_a_row(folder, of_files)
        begin, parts = 0, {number: [table] for number, table in of_table.items()}
        for number, group in groupby(of_files, key=lambda piece: piece.point):
            own = list(group)
            end = begin + sum(piece.rows for piece in own)
            parts[number].insert(0, whole.part(slice(begin, end)))
            begin = end
        period = (start_ms, end_ms)
        return {point: _in_order_of_time(point, parts[ids[point]] if point in ids else [], period) for point in points}

    return finish


def read(folder: Path, wanted: Sequence[Piece]) -> list[Table]:
    """The rows of each piece, in order of time. FileNotFoundError, RecordDamaged."""
    whole, ends = _in_a_row(folder, wanted), np.cumsum([piece.rows for piece in wanted], dtype=np.int64).tolist()
    return [whole.part(slice(end - piece.rows, end)) for end, piece in zip(ends, wanted, strict=True)]


def _in_a_row(folder: Path, wanted: Sequence[Piece]) -> Table:
    """The rows of all pieces, one piece after the other. Of the files only a few are in memory at a time."""
    if not wanted:
        return NO_ROWS
    from bems.history import parquet  # polars takes a while to import, and many questions are of today

    begins = np.cumsum([0, *(piece.rows for piece in wanted)]).tolist()
    whole = Table(*(np.empty(begins[-1], dtype=column.dtype) for column in NO_ROWS))
    spans = _spans(wanted)
    for nth in range(0, len(spans), _AT_ONCE):
        own = spans[nth : nth + _AT_ONCE]
        files = [(folder / file, first, end - first) for file, first, end, _ in own]
        for (file, first, end, places), frame in zip(own, parquet.read_rows(files, COLUMNS), strict=True):
            if frame.height != end - first:
                raise RecordDamaged(f"{folder / file} has fewer rows than the record says")
            at_ms, value, quality = parquet.table(frame)
            for place in places:
                into = slice(begins[place], begins[place + 1])
                begin = wanted[place].first_row - first
                of = slice(begin, begin + wanted[place].rows)
                whole.at_ms[into], whole.value[into], whole.quality[into] = at_ms[of], value[of], quality[of]
    return whole


def _spans(wanted: Sequence[Piece]) -> list[tuple[str, int, int, list[int]]]:
    """What to read at once: file, first row, row after the last, places in `wanted`."""
    spans: list[tuple[str, int, int, list[int]]] = []
    for place in sorted(range(len(wanted)), key=lambda n: (wanted[n].file, wanted[n].first_row)):
        piece = wanted[place]
        end = piece.first_row + piece.rows
        if spans and spans[-1][0] == piece.file and piece.first_row - spans[-1][2] <= _NEAR_ROWS:
            file, first, _, places = spans[-1]
            places.append(place)
            spans[-1] = (file, first, end, places)
        else:
            spans.append((piece.file, piece.first_row, end, [place]))
    return spans


def _in_order_of_time(point: str, tables: Sequence[Table], period: tuple[int, int]) -> Series:
    """Those of the period; samples of one moment stay in the order in which they came."""
    some = [table for table in tables if len(table.at_ms)] or [NO_ROWS]
    table = some[0] if len(some) == 1 else Table(*(np.concatenate(columns) for columns in zip(*some, strict=True)))
    if bool(np.any(table.at_ms[1:] < table.at_ms[:-1])):
        table = table.part(np.argsort(table.at_ms, kind="stable"))
    return Series(point, *table.part(slice(*np.searchsorted(table.at_ms, period))))
