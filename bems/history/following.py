"""Samples in the order in which they were stored, for whoever sends them on from a cursor of his own."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import numpy as np

from bems.history.catalogue import ArchiveFile
from bems.history.rows import Ticks
from bems.history.schema import MAX_POINTS, SERIAL_BITS, TICK_SHIFT

_COLUMNS: Final = f"""SELECT s.sample_id >> {TICK_SHIFT}, (s.sample_id >> {SERIAL_BITS}) & {MAX_POINTS},
    t.first_ms + s.after_ms, s.value, s.quality
    FROM samples s JOIN ticks t ON t.tick = s.sample_id >> {TICK_SHIFT}"""  # noqa: S608  (constants)
_AFTER: Final = f"{_COLUMNS} WHERE s.sample_id >= (:cursor + 1) << {TICK_SHIFT} ORDER BY s.sample_id LIMIT :most"
_WHOLE: Final = f"""{_COLUMNS} WHERE s.sample_id >= :tick << {TICK_SHIFT} AND s.sample_id < (:tick + 1) << {TICK_SHIFT}
    ORDER BY s.sample_id"""


def hot_ticks(connection: sqlite3.Connection, cursor: int, limit: int) -> Ticks:
    """What `History.ticks_after` answers of the ticks that are in SQLite."""
    rows = connection.execute(_AFTER, {"cursor": cursor, "most": limit + 1}).fetchall()
    if len(rows) > limit:
        cut = rows[-1][0]
        rows = [row for row in rows if row[0] < cut] or connection.execute(_WHOLE, {"tick": cut}).fetchall()
        end = rows[-1][0]
    else:
        newest = connection.execute("SELECT max(tick) FROM ticks").fetchone()[0]
        end = cursor if newest is None else max(cursor, newest)
    return _ticks(connection, end, rows)


def file_ticks(folder: Path, entry: ArchiveFile) -> Ticks:
    """All that a file holds. FileNotFoundError, RecordDamaged."""
    from bems.history import parquet  # polars takes a while to import, and whoever keeps up does without

    names, rows = parquet.in_order_of_ticks(folder / entry.file)
    table = parquet.table(rows)
    return Ticks(
        entry.last_tick,
        names,
        rows["tick"].to_numpy(),
        rows["point"].to_physical().to_numpy().astype(np.int32),
        *table,
    )


def part_of(ticks: Ticks, cursor: int, limit: int) -> Ticks:
    """The whole ticks after `cursor`, at most `limit` samples, but never less than one tick."""
    begin = int(np.searchsorted(ticks.tick, cursor, side="right"))
    end = len(ticks)
    if end - begin > limit:
        end = int(np.searchsorted(ticks.tick, ticks.tick[begin + limit], side="left"))
        end = end if end > begin else int(np.searchsorted(ticks.tick, ticks.tick[begin], side="right"))
    part = slice(begin, end)
    reached = ticks.cursor if end == len(ticks) else int(ticks.tick[end - 1])
    return Ticks(
        max(cursor, reached),
        ticks.names,
        ticks.tick[part],
        ticks.point[part],
        ticks.at_ms[part],
        ticks.value[part],
        ticks.quality[part],
    )


def _ticks(connection: sqlite3.Connection, cursor: int, rows: list[tuple[Any, ...]]) -> Ticks:
    names = dict(connection.execute("SELECT id, name FROM points ORDER BY id"))
    places = np.zeros(max(names, default=0) + 1, dtype=np.int32)
    places[list(names)] = np.arange(len(names))
    # ticks and milliseconds are exact in a double; None becomes NaN
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    whole = table[:, :3].astype(np.int64)
    return Ticks(
        cursor,
        tuple(names.values()),
        whole[:, 0],
        places[whole[:, 1]],
        whole[:, 2],
        table[:, 3].copy(),
        table[:, 4].astype(np.int8),
    )
