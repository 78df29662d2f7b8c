"""What counters gained over a period of the record. Days that no edge cuts are taken from their summaries."""

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.history.counters import LONGEST_STEP_MS, NOTED_MS, SLIP_READINGS, Stretch, falls, gains, joined, plain
from bems.history.exchanges import counting
from bems.history.rows import EventKind, Exchange, Gains, Table
from bems.history.series import NO_ROWS, Piece, hot, ids_of, pieces, read

BEYOND_MS: Final = (3_600_000, 86_400_000)
"""Readings are looked for so far beyond the first and the last edge, to know how a counter went there; farther only
where the nearer ones do not tell of every counter.
"""
_EXCHANGES: Final = (
    "SELECT at_ms, data FROM events WHERE kind = ? AND subject = ? AND at_ms >= ? AND at_ms < ? ORDER BY id"
)


def asked(
    connection: sqlite3.Connection,
    folder: Path,
    points: Sequence[str],
    edges_ms: NDArray[np.int64],
    rollover: Mapping[str, float],
) -> Callable[[], dict[str, Gains]]:
    """What `History.gained` answers."""
    ids = ids_of(connection)
    numbers = {ids[point]: point for point in points if point in ids}
    in_sqlite: dict[int, Table] = {}
    in_files: dict[int, list[Piece]] = {}
    period = (0, 0)
    for beyond_ms in BEYOND_MS:
        period = int(edges_ms[0]) - beyond_ms, int(edges_ms[-1]) + beyond_ms
        in_sqlite = hot(connection, numbers, *period)
        in_files = {number: [] for number in numbers}
        for piece in pieces(connection, numbers, *period):
            in_files[piece.point].append(piece)
        if all(_spans(in_sqlite[number], in_files[number], edges_ms) for number in numbers):
            break
    exchanges = {number: _exchanges(connection, point, period) for number, point in numbers.items()}

    def finish() -> dict[str, Gains]:
        wanted = {
            number: [_is_cut(piece, edges_ms, exchanges[number]) for piece in of] for number, of in in_files.items()
        }
        stretches = _stretches(folder, in_files, wanted)
        torn = [number for number, of in stretches.items() if falls(joined([*of, _plain(in_sqlite[number])]))]
        around = {number: _around_falls(in_files[number], wanted[number]) for number in torn}
        stretches |= _stretches(folder, {number: in_files[number] for number in torn}, around)
        found = {}
        for point in points:
            number = ids.get(point, 0)
            parts = [*stretches.get(number, []), _plain(in_sqlite.get(number, NO_ROWS))]
            found[point] = gains(point, joined(parts), edges_ms, rollover.get(point), exchanges.get(number, ()))
        return found

    return finish


def _spans(table: Table, of_files: Sequence[Piece], edges_ms: NDArray[np.int64]) -> bool:
    """Whether there are readings before the first edge and after the last one."""
    good = table.at_ms[np.isfinite(table.value)].tolist()
    firsts = [piece.first_ms for piece in of_files if piece.first_ms is not None] + good[:1]
    lasts = [piece.last_ms for piece in of_files if piece.last_ms is not None] + good[-1:]
    return bool(firsts) and min(firsts) <= edges_ms[0] and max(lasts) >= edges_ms[-1]


def _is_cut(piece: Piece, edges_ms: NDArray[np.int64], exchanges: Sequence[Exchange]) -> bool:
    """Whether the readings themselves are needed."""
    if piece.first_ms is None or piece.last_ms is None:
        return False
    edge = np.searchsorted(edges_ms, piece.first_ms, side="right")
    within = edge < len(edges_ms) and edges_ms[edge] < piece.last_ms
    return bool(within) or piece.falls > 0 or any(piece.first_ms <= e.at_ms <= piece.last_ms for e in exchanges)


def _around_falls(of: Sequence[Piece], cut: Sequence[bool]) -> list[bool]:
    """Whether the readings themselves are needed of a counter that falls somewhere.

    They are near each fall, at the end, behind which it may fall in SQLite, and all of them where days overlap.
    """
    told = [(place, p) for place, p in enumerate(of) if p.first_ms is not None]
    near = {place for place, piece in told if cut[place] or piece.falls > 0} | {place for place, _ in told[-1:]}
    for (place, piece), (later, follows) in pairwise(told):
        if follows.first_ms <= piece.last_ms:  # type: ignore[operator]  # both have readings
            return [True] * len(of)
        if follows.first_value < piece.last_value:  # type: ignore[operator]
            near |= {place, later}
    needed: set[int] = set()
    for way in (range(len(of)), range(len(of) - 1, -1, -1)):
        still = 0
        for place in way:
            still = SLIP_READINGS + 1 if place in near else still
            if still > 0:
                needed.add(place)
                still -= 0 if place in near else of[place].known_ms // LONGEST_STEP_MS  # at least so many readings
    return [place in needed for place in range(len(of))]


def _stretches(
    folder: Path, of_files: Mapping[int, Sequence[Piece]], wanted: Mapping[int, Sequence[bool]]
) -> dict[int, list[Stretch]]:
    to_read = [piece for number, of in of_files.items() for piece, cut in zip(of, wanted[number], strict=True) if cut]
    tables = iter(read(folder, to_read))
    return {
        number: [_plain(next(tables)) if cut else _summed(piece) for piece, cut in zip(of, wanted[number], strict=True)]
        for number, of in of_files.items()
    }


def _plain(table: Table) -> Stretch:
    return plain(table.at_ms, table.value)


def _summed(piece: Piece) -> Stretch:
    """Two readings, first and last, and what is known of the time between."""
    if piece.first_ms is None or piece.last_ms is None:
        return plain(np.zeros(0, dtype=np.int64), np.zeros(0))
    at_ms, value = (
        np.array([piece.first_ms, piece.last_ms]),
        np.array([piece.first_value, piece.last_value], dtype=float),
    )
    if piece.first_ms == piece.last_ms:
        return plain(at_ms[:1], value[:1])
    return Stretch(at_ms, value, np.array([float(piece.known_ms)]), np.array([piece.in_gaps]))


def _exchanges(connection: sqlite3.Connection, point: str, period: tuple[int, int]) -> tuple[Exchange, ...]:
    """Those that may have to do with the period, and before they are sorted out those that may stand in their place."""
    start_ms, end_ms = period
    told = connection.execute(
        _EXCHANGES, (EventKind.METER_EXCHANGE.value, point, start_ms - 2 * NOTED_MS, end_ms + 2 * NOTED_MS)
    )
    found = counting([(at_ms, json.loads(data)) for at_ms, data in told])
    return tuple(one for one in found if start_ms - NOTED_MS <= one.at_ms < end_ms + NOTED_MS)
