"""The newest sample of each point: the end of the record first, and further back only for whom nothing was found."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from bems.history.catalogue import archived_tick
from bems.history.schema import MAX_PER_POINT, MAX_POINTS, SERIAL_BITS, TICK_SHIFT
from bems.history.series import pieces, read

BACK_MS: Final = (70_000, 11 * 60_000, 2 * 3_600_000)
"""How far is looked back for all points together: most are stored every minute, states every ten minutes."""
FEW: Final = 4
"""So few points are looked for one by one."""
_RANK_BITS: Final = 28
"""Of samples of one moment that of the later tick counts, within a tick the later one."""

# One row a point: the newest time, and beside it the columns of the sample that has it (SQLite's rule for max()).
_BLOCK: Final = f"""SELECT (s.sample_id >> {SERIAL_BITS}) & {MAX_POINTS} AS point, t.first_ms + s.after_ms AS at_ms,
    s.value, s.quality, max((t.first_ms + s.after_ms - :start << {_RANK_BITS}) + (s.sample_id - (:tick << {TICK_SHIFT})
        >> {TICK_SHIFT} << 8) + min(s.sample_id & {MAX_PER_POINT - 1}, 255))
    FROM ticks t CROSS JOIN samples s
    ON s.sample_id >= t.tick << {TICK_SHIFT} AND s.sample_id < (t.tick + 1) << {TICK_SHIFT}
    WHERE t.last_ms >= :start AND t.first_ms < :end AND t.tick > :archived AND at_ms >= :start AND at_ms < :end
    AND point IN (SELECT value FROM json_each(:points)) GROUP BY point"""  # noqa: S608  (constants)
_FIRST_TICK: Final = "SELECT coalesce(min(tick), 0) FROM ticks WHERE last_ms >= ? AND tick > ?"
# CROSS JOIN keeps SQLite to this order: the ticks of the period, and in each one seek for the point.
_NEWEST_FIRST: Final = f"""SELECT t.first_ms + s.after_ms AS at_ms, s.value, s.quality, t.last_ms
    FROM ticks t CROSS JOIN samples s
    ON s.sample_id BETWEEN (t.tick << {TICK_SHIFT}) + :key AND (t.tick << {TICK_SHIFT}) + :key + {MAX_PER_POINT - 1}
    WHERE t.last_ms >= :start AND t.first_ms < :end AND t.tick > :archived AND at_ms >= :start AND at_ms < :end
    ORDER BY t.last_ms DESC, s.sample_id DESC"""  # noqa: S608  (constants)


class Newest(NamedTuple):
    """Of one point."""

    at_ms: int
    value: float | None
    quality: int


Found = Mapping[int, Newest]


def end_ms(connection: sqlite3.Connection) -> int | None:
    """Time of the newest sample; None when there is none."""
    sql = "SELECT max(at_ms) FROM (SELECT max(last_ms) AS at_ms FROM ticks UNION ALL SELECT max(last_ms) FROM archive)"
    newest: int | None = connection.execute(sql).fetchone()[0]
    return newest


def asked(
    connection: sqlite3.Connection, folder: Path, points: Mapping[int, str], start_ms: int, newest_ms: int
) -> Callable[[], Found]:
    """The newest sample of each point from `start_ms` to `newest_ms`, both included, by the point's number."""
    found = _hot(connection, points, start_ms, newest_ms + 1)
    # what lies in a file can be newer than what came later only where something came late
    of_files = [
        piece
        for piece in pieces(connection, points, start_ms, newest_ms + 1)
        if piece.point not in found or piece.file_last_ms > found[piece.point].at_ms
    ]

    def finish() -> Found:
        known = dict(found)
        for piece, table in zip(reversed(of_files), reversed(read(folder, of_files)), strict=True):
            within = np.flatnonzero((table.at_ms >= start_ms) & (table.at_ms <= newest_ms))
            if len(within):
                at_ms, value, quality = (column[within[-1]].item() for column in table)
                best = known.get(piece.point)
                if best is None or at_ms > best.at_ms:
                    known[piece.point] = Newest(at_ms, None if value != value else value, quality)  # noqa: PLR0124  (NaN)
        return known

    return finish


def _hot(connection: sqlite3.Connection, points: Mapping[int, str], start_ms: int, end_ms: int) -> dict[int, Newest]:
    found: dict[int, Newest] = {}
    archived = archived_tick(connection)
    missing = set(points)
    for back_ms in BACK_MS:
        begin_ms = end_ms - back_ms
        if len(missing) <= FEW or begin_ms <= start_ms:
            break
        tick = connection.execute(_FIRST_TICK, (begin_ms, archived)).fetchone()[0]
        block = {"start": begin_ms, "end": end_ms, "tick": tick, "archived": archived, "points": str(list(missing))}
        for point, at_ms, value, quality, _ in connection.execute(_BLOCK, block):
            found[point] = Newest(at_ms, value, quality)
        missing -= found.keys()
    for point in missing:
        period = {"key": point << SERIAL_BITS, "start": start_ms, "end": end_ms, "archived": archived}
        newest = _seek(connection, period)
        if newest is not None:
            found[point] = newest
    return found


def _seek(connection: sqlite3.Connection, period: dict[str, int]) -> Newest | None:
    """Goes back tick by tick until none can hold a newer sample than the best: ticks may bring late samples."""
    best: tuple[Any, ...] | None = None
    with closing(connection.execute(_NEWEST_FIRST, period)) as rows:
        for row in rows:
            if best is not None and best[0] >= row[3]:
                break
            if best is None or row[0] > best[0]:
                best = row
    return None if best is None else Newest(*best[:3])
