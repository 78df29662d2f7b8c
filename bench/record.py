"""The local record: what a tick costs, what a sample takes on disk, and how long people wait for answers.

A site of 500 points: 300 analog ones with noise, 100 counters, 100 states, recorded as bems.history.policy does it:
once a minute, states when they change and every ten minutes. 31 finished days lie in files, one more in SQLite. Beside
it, in the same run, what most people would take: one SQLite table by point and time, loaded in its own order, and
DuckDB (where it is installed; the environment of the tests has it). Both get the simpler question: plain means, and the
greatest reading less the least, where ours weighs by time and minds gaps and exchanged meters.
"""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bems.history import parquet
from bems.history.archive import archive_finished, enter
from bems.history.query import History
from bems.history.record import Record
from bems.history.schema import open_for_writing
from bems.history.times import even_edges, local_day_edges
from models.signals import Sample

ANALOG, COUNTERS, STATES = 300, 100, 100
POINTS = ANALOG + COUNTERS + STATES
DAYS = 31
MINUTES = 1440
START = datetime(2026, 5, 31, tzinfo=UTC)
END = START + timedelta(days=DAYS + 1)
MONTH = local_day_edges(date(2026, 6, 1), date(2026, 6, 30))
NAMES = tuple(f"device_{i // 8:02}.signal_{i % 8}" for i in range(POINTS))
METERS = NAMES[ANALOG : ANALOG + 20]
ASKED = NAMES[5:ANALOG:37]

Answers = dict[str, tuple[Callable[[], object], ...]]


def measure() -> dict[str, float]:
    """Everything, and a table."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "record.sqlite"
        figures = _filled(path)
        history = History(path)
        figures |= _timed(
            "",
            {
                "chart_24h_300": tuple(partial(_chart, history, p, 1, 300) for p in ASKED),
                "query_30d_500": tuple(partial(_chart, history, p, 30, 500) for p in ASKED),
                "last_values": (history.last_values,) * 5,
                "month_sum_20": (partial(history.gained, METERS, (MONTH[0], MONTH[-1])),) * 5,
                "month_so_far_20": (partial(history.gained, METERS, (MONTH[1], END)),) * 5,
                "month_by_day_20": (partial(history.gained, METERS, MONTH),) * 3,
            },
        )
        figures["plain_tick_ms"] = _plain_sqlite(path.with_name("plain.sqlite"), path, figures)
        if find_spec("duckdb") is not None:
            _duckdb(path.with_name("plain.duckdb"), path, figures)
    _table(figures)
    return figures


class Plant:
    """One day after the other."""

    def __init__(self) -> None:
        self._draw = np.random.default_rng(1)
        self._level = self._draw.uniform(10, 60, ANALOG)
        self._total = self._draw.uniform(1e3, 1e6, COUNTERS)
        self._state = np.zeros(STATES)

    def day(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Values by minute and point, and which of them are stored."""
        draw = self._draw
        level = self._level + np.cumsum(draw.normal(0, 0.05, (MINUTES, ANALOG)), axis=0)
        decimals = np.where(np.arange(ANALOG) % 2, 10.0, 100.0)
        analog = np.round((level + draw.normal(0, 0.02, level.shape)) * decimals) / decimals
        total = np.round(self._total + np.cumsum(draw.uniform(0, 0.1, (MINUTES, COUNTERS)), axis=0), 2)
        state = (self._state + np.cumsum(draw.random((MINUTES, STATES)) < 0.01, axis=0)) % 3
        self._level, self._total, self._state = level[-1], total[-1], state[-1]
        values = np.hstack([analog, total, state])
        stored = np.ones(values.shape, dtype=np.bool_)
        stored[1:, -STATES:] = values[1:, -STATES:] != values[:-1, -STATES:]
        stored[::10] = True
        return values, stored

    def at_ms(self, day: int) -> NDArray[np.int64]:
        """By minute and point: a connection reads 25 points at once, within the first second of the minute."""
        scan = self._draw.integers(0, 1000, (MINUTES, POINTS // 25)).repeat(25, axis=1)
        begin = int((START + timedelta(days=day)).timestamp()) * 1000
        return begin + 60_000 * np.arange(MINUTES, dtype=np.int64)[:, None] + scan


def _filled(path: Path) -> dict[str, float]:
    """The first day by ticks and moved, the next ones into files at once, the last one by ticks."""
    plant = Plant()
    with Record.open(path) as record:
        _ticks(record, plant, 0)
    begin = time.perf_counter()
    first = archive_finished(path, START + timedelta(days=1))
    move_s = time.perf_counter() - begin
    size, rows = first.bytes, first.rows
    with closing(open_for_writing(path, 5.0)) as connection:
        for day in range(1, DAYS):
            name = f"archive/2026/{(START + timedelta(days=day)).date()}.parquet"
            tick = day * MINUTES + np.arange(MINUTES, dtype=np.int64)
            entry = enter(
                connection, path.parent, name, _frame(plant, day), (int(tick[0]) + 1, int(tick[-1]) + 1), "raw"
            )
            size, rows = size + (path.parent / name).stat().st_size, rows + entry.rows
        connection.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'ticks'", (DAYS * MINUTES,))
        connection.execute("VACUUM")
    empty = path.stat().st_size
    with Record.open(path) as record:
        tick_ms, samples = _ticks(record, plant, DAYS)
    return {
        "tick_ms_p50": tick_ms[len(tick_ms) // 2],
        "tick_ms_p99": tick_ms[len(tick_ms) * 99 // 100],
        "hot_bytes_per_sample": (path.stat().st_size - empty) / samples,
        "archive_bytes_per_sample": size / rows,
        "archive_day_s": move_s,
    }


def _ticks(record: Record, plant: Plant, day: int) -> tuple[list[float], int]:
    """Sorted times [ms] of a day's ticks, and how many samples they brought."""
    (values, stored), at_ms = plant.day(), plant.at_ms(day)
    took_ms, count = [], 0
    for minute in range(MINUTES):
        moments = {ms: datetime.fromtimestamp(ms / 1000, UTC) for ms in set(at_ms[minute].tolist())}
        samples = [
            Sample(NAMES[n], moments[int(at_ms[minute, n])], float(values[minute, n]))
            for n in np.flatnonzero(stored[minute]).tolist()
        ]
        begin = time.perf_counter()
        record.append_tick(samples)
        took_ms.append(1e3 * (time.perf_counter() - begin))
        count += len(samples)
    return sorted(took_ms), count


def _frame(plant: Plant, day: int) -> pl.DataFrame:
    (values, stored), at_ms = plant.day(), plant.at_ms(day)
    minute, point = np.nonzero(stored)
    tick = day * MINUTES + 1 + minute
    return parquet.frame(NAMES, point, at_ms[stored], values[stored], np.zeros(len(point), dtype=np.int8), tick)


def _chart(history: History, point: str, days: int, buckets: int) -> object:
    begin = END - timedelta(days=days)
    return history.aggregated([point], even_edges(begin, END, timedelta(days=days) / buckets))


def _timed(prefix: str, answers: Answers) -> dict[str, float]:
    """Medians [ms]; the first answer of each kind only warms up."""
    found = {}
    for name, calls in answers.items():
        calls[0]()
        took = []
        for call in calls:
            begin = time.perf_counter()
            call()
            took.append(1e3 * (time.perf_counter() - begin))
        found[f"{prefix}{name}_ms"] = statistics.median(took)
    return found


def _rows(path: Path, start: datetime) -> Iterator[tuple[int, int, float]]:
    """The record from there on: point, time [ms], value, in that order."""
    history = History(path)
    for n in range(0, POINTS, 25):
        for place, series in enumerate(history.raw(NAMES[n : n + 25], start, END).values(), n):
            yield from zip([place] * len(series.at_ms), series.at_ms.tolist(), series.value.tolist(), strict=True)


CHART = "SELECT (at_ms - ?) / ?, avg(value) FROM samples WHERE point = ? AND at_ms >= ? AND at_ms < ? GROUP BY 1"
SUM = f"""SELECT point, max(value) - min(value) FROM samples
    WHERE point BETWEEN {ANALOG} AND {ANALOG + 19} AND at_ms >= ? AND at_ms < ? GROUP BY point"""  # noqa: S608


def _questions(ask: Callable[[str, list[int]], object], last: Callable[[], object]) -> Answers:
    """The same of a table of samples."""
    end_ms = round(END.timestamp() * 1000)
    month = [round(edge.timestamp() * 1000) for edge in (MONTH[0], MONTH[-1])]

    def chart(point: str, days: int, buckets: int) -> object:
        span_ms = days * 86_400_000
        begin_ms = end_ms - span_ms
        return ask(CHART, [begin_ms, span_ms // buckets, NAMES.index(point), begin_ms, end_ms])

    return {
        "query_30d_500": tuple(partial(chart, p, 30, 500) for p in ASKED),
        "last_values": (last,) * 5,
        "month_sum_20": (lambda: ask(SUM, month),) * 5,
    }


def _plain_sqlite(path: Path, record: Path, figures: dict[str, float]) -> float:
    """Fills the figures; returns what a tick costs [ms]."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("CREATE TABLE samples (point, at_ms, value, PRIMARY KEY (point, at_ms)) WITHOUT ROWID")
        connection.execute("BEGIN")
        connection.executemany("INSERT OR IGNORE INTO samples VALUES (?, ?, ?)", _rows(record, START))
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        count = connection.execute("SELECT count(*) FROM samples").fetchone()[0]
        figures["plain_bytes_per_sample"] = path.stat().st_size / count

        def last() -> object:
            sql = "SELECT value FROM samples WHERE point = ? ORDER BY at_ms DESC LIMIT 1"
            return [connection.execute(sql, (n,)).fetchone() for n in range(POINTS)]

        figures |= _timed("plain_", _questions(lambda sql, with_: connection.execute(sql, with_).fetchall(), last))
        took = []
        for minute in range(300):
            at_ms = round(END.timestamp() * 1000) + minute * 60_000
            begin = time.perf_counter()
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO samples VALUES (?, ?, ?)", [(n, at_ms, 1.5) for n in range(POINTS)])
            connection.execute("COMMIT")
            took.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(took)


def _duckdb(path: Path, record: Path, figures: dict[str, float]) -> None:
    import duckdb

    with closing(duckdb.connect(str(path))) as connection:
        connection.execute("PRAGMA threads = 2")
        files = f"{record.parent}/archive/*/*.parquet"
        connection.execute(
            """CREATE TABLE samples AS SELECT list_position($names, point)::INTEGER - 1 AS point,
            epoch_ms(at_utc) AS at_ms, value FROM read_parquet($files) ORDER BY 1, 2""",
            {"names": list(NAMES), "files": files},
        )
        point, at_ms, value = (list(column) for column in zip(*_rows(record, END - timedelta(days=1)), strict=True))
        sql = "INSERT INTO samples SELECT unnest($p), unnest($a), unnest($v)"
        connection.execute(sql, {"p": point, "a": at_ms, "v": value})
        connection.execute("CHECKPOINT")
        ((count,),) = connection.execute("SELECT count(*) FROM samples").fetchall()
        figures["duckdb_bytes_per_sample"] = path.stat().st_size / count
        since_ms = round(END.timestamp() * 1000) - 11 * 60_000

        def ask(sql: str, with_: list[Any]) -> object:
            return connection.execute(sql.replace(") / ?", ") // ?"), with_).fetchall()

        def last() -> object:
            sql = "SELECT point, arg_max(value, at_ms) FROM samples WHERE at_ms >= ? GROUP BY point"
            return connection.execute(sql, [since_ms]).fetchall()

        figures |= _timed("duckdb_", _questions(ask, last))


def _table(figures: dict[str, float]) -> None:
    rows = [
        ("bytes a sample", "archive_bytes_per_sample", "plain_bytes_per_sample", "duckdb_bytes_per_sample", 2.0),
        ("a tick of 500, ms", "tick_ms_p50", "plain_tick_ms", None, 1.0),
        ("1 point, 30 days, 500 buckets, ms", *(f"{who}query_30d_500_ms" for who in ("", "plain_", "duckdb_")), 50.0),
        ("last values, ms", *(f"{who}last_values_ms" for who in ("", "plain_", "duckdb_")), 5.0),
        ("a month of 20 meters, ms", *(f"{who}month_sum_20_ms" for who in ("", "plain_", "duckdb_")), 100.0),
    ]
    print(f"  {'':36}{'goal':>9}{'record':>10}{'SQLite':>10}{'DuckDB':>10}")
    for title, *keys, goal in rows:
        cells = [f"{figures[str(key)]:10.2f}" if key in figures else f"{'-':>10}" for key in keys]
        print(f"  {title:36}{f'<= {goal:g}':>9}{''.join(cells)}")


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:28} {figure:10.3f}")
