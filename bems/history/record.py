"""The writer of the record: one process, one connection, one transaction a tick.

A tick is acknowledged when `append_tick` returns: it then survives the death of the process and of the power. Methods
block for about a millisecond, on a bad disk for longer; they may be called from any thread, one at a time (a lock sees
to it), so an event loop that must not wait hands them to a thread. Times are site time.
"""

import fcntl
import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from bems.history.errors import RecordBusy, RecordError, RecordFull, clear_errors
from bems.history.rows import CommandRow, Event, KnownForecast
from bems.history.schema import (
    MAX_PER_POINT,
    MAX_POINTS,
    QUALITY_CODE,
    SERIAL_BITS,
    TICK_SHIFT,
    open_for_writing,
)
from bems.history.times import to_ms
from models.signals import Quality, Sample

_GOOD: Final = Quality.GOOD
"""At hand, because looking it up in its class costs a tick of 500 samples 50 µs."""

_BLOCK: Final = 100
"""Samples an INSERT carries: a third cheaper than one each, and as cheap as all at once."""

_INSERT_SAMPLES: Final = {
    n: "INSERT INTO samples VALUES " + ", ".join(["(?, ?, ?, ?)"] * n)  # noqa: S608  (constants)
    for n in range(1, _BLOCK + 1)
}
_INSERT_COMMAND: Final = """INSERT INTO commands
    (at_ms, point, value, priority, source, reason, expires_ms, ok, read_back, error) VALUES (?,?,?,?,?,?,?,?,?,?)"""
_INSERT_EVENT: Final = "INSERT INTO events (at_ms, kind, subject, text, data) VALUES (?, ?, ?, ?, ?)"
_SAVE_STATE: Final = "INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET json = excluded.json"


class Record:
    """The local record, open for writing. Use as a context manager, or call `close`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock_file: int, ids: dict[str, int]) -> None:
        self._path = path
        self._connection = connection
        self._lock_file = lock_file
        self._ids = ids
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, path: Path, busy_timeout_s: float = 5.0) -> Self:
        """Opens the record, creates it (with its folder) when there is none, and leads an older one up.

        `busy_timeout_s` is how long a call waits (wall time) for a lock that another process holds. Raises RecordBusy
        when another process writes this record, RecordDamaged, RecordVersion, or RecordError.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            lock_file = _sole_writer(path)
        except OSError as error:
            raise RecordError(f"record {path} cannot be opened ({error})") from error
        with ExitStack() as undo:
            undo.callback(os.close, lock_file)
            connection = undo.enter_context(closing(open_for_writing(path, busy_timeout_s)))
            with clear_errors(path):
                ids = dict(connection.execute("SELECT name, id FROM points"))
            undo.pop_all()
        return cls(path, connection, lock_file, ids)

    def append_tick(
        self,
        samples: Sequence[Sample],
        commands: Iterable[CommandRow] = (),
        events: Iterable[Event] = (),
        state: Mapping[str, Any] | None = None,
    ) -> int:
        """Stores everything that a tick brought, all or nothing, and returns the tick's number (rising, never reused).

        Every sample is kept with its own time. One that breaks the rule of its type (a finite number exactly when
        GOOD) is kept as BAD without a value. `state` is saved as by `save_state`, in the same transaction.
        Raises RecordFull, RecordBusy, RecordDamaged or RecordError; then nothing of the tick is kept, and the next
        one may be tried. ValueError for more than 1024 samples of one point.
        """
        with self._transaction() as ids:
            tick = self._insert_samples(samples, ids)
            self._connection.executemany(
                _INSERT_COMMAND, [_command_columns(row, self._id(row.command.point, ids)) for row in commands]
            )
            self._connection.executemany(_INSERT_EVENT, [_event_columns(event) for event in events])
            self._connection.executemany(_SAVE_STATE, [(key, _json(obj)) for key, obj in (state or {}).items()])
        return tick

    def put_forecast(self, forecast: KnownForecast) -> None:
        """Stores a forecast as it is known from `forecast.known_at` on. Raises as `append_tick`."""
        table = np.vstack([forecast.at_ms.astype("<f8"), *(c.astype("<f8") for c in forecast.columns.values())])
        row = (
            forecast.source,
            to_ms(forecast.known_at),
            to_ms(forecast.issued_at),
            _json(list(forecast.columns)),
            zlib.compress(table.tobytes()),
        )
        with self._transaction():
            self._connection.execute(
                "INSERT INTO forecasts (source, known_ms, issued_ms, columns, rows) VALUES (?, ?, ?, ?, ?)", row
            )

    def save_state(self, key: str, obj: Any) -> None:
        """Keeps `obj` (what JSON can hold; no NaN) under `key` over restarts, in place of what was there.

        Raises TypeError or ValueError for what JSON cannot hold, else as `append_tick`.
        """
        with self._transaction():
            self._connection.execute(_SAVE_STATE, (key, _json(obj)))

    def load_state(self, key: str) -> Any:
        """What was saved last under `key`, as JSON gives it back; None when nothing was."""
        with self._lock, clear_errors(self._path):
            row = self._connection.execute("SELECT json FROM state WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def close(self) -> None:
        """Closes the record and folds its write-ahead log into the file; harmless when it is closed."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._connection.close()
            os.close(self._lock_file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[dict[str, int]]:
        """One transaction; what is put into the yielded dict are new points, known from its commit on."""
        new_ids: dict[str, int] = {}
        with self._lock, clear_errors(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield new_ids
                self._connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after some errors (disk full); a rollback that fails adds nothing
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        self._connection.execute("ROLLBACK")
                raise
            self._ids.update(new_ids)

    def _id(self, point: str, new_ids: dict[str, int]) -> int:
        known = self._ids.get(point) or new_ids.get(point)
        if known is not None:
            return known
        if len(self._ids) + len(new_ids) >= MAX_POINTS:
            raise RecordFull(f"record {self._path} has {MAX_POINTS} points, no room for '{point}'")
        made = self._connection.execute("INSERT INTO points (name) VALUES (?)", (point,)).lastrowid
        assert made is not None  # SQLite always gives an inserted row its id
        new_ids[point] = made
        return made

    def _insert_samples(self, samples: Sequence[Sample], new_ids: dict[str, int]) -> int:
        """Column by column, because this is where a tick spends its time."""
        if not samples:
            return self._insert_tick(None, None)
        names, times, values, qualities = zip(*samples, strict=True)
        ms_of = {at: to_ms(at) for at in set(times)}  # a scan shares one time
        first_ms = min(ms_of.values())
        tick = self._insert_tick(first_ms, max(ms_of.values()))
        try:
            ids = list(map(self._ids.__getitem__, names))
        except KeyError:
            ids = [self._id(name, new_ids) for name in names]
        base = tick << TICK_SHIFT
        keys = [base + (number << SERIAL_BITS) for number in ids]
        if len(set(ids)) < len(ids):
            keys = _numbered(keys)
        good = [
            quality is _GOOD and value is not None and isfinite(value)
            for value, quality in zip(values, qualities, strict=True)
        ]
        flat: list[object] = [None] * (4 * len(keys))
        flat[0::4] = keys
        flat[1::4] = [ms_of[at] - first_ms for at in times]
        flat[2::4] = [float(value) if is_good else None for value, is_good in zip(values, good, strict=True)]
        flat[3::4] = [
            0 if is_good else _code_without_value(value, quality)
            for value, quality, is_good in zip(values, qualities, good, strict=True)
        ]
        for begin in range(0, len(keys), _BLOCK):
            block = flat[4 * begin : 4 * (begin + _BLOCK)]
            self._connection.execute(_INSERT_SAMPLES[len(block) // 4], block)
        return tick

    def _insert_tick(self, first_ms: int | None, last_ms: int | None) -> int:
        row = self._connection.execute("INSERT INTO ticks (first_ms, last_ms) VALUES (?, ?)", (first_ms, last_ms))
        assert row.lastrowid is not None  # SQLite always gives an inserted row its id
        return row.lastrowid


def _numbered(keys: list[int]) -> list[int]:
    """The keys with a running number on those that occur more than once."""
    seen: dict[int, int] = {}
    numbered = []
    for key in keys:
        serial = seen.get(key, 0)
        if serial >= MAX_PER_POINT:
            raise ValueError(f"a tick holds at most {MAX_PER_POINT} samples of one point")
        seen[key] = serial + 1
        numbered.append(key + serial)
    return numbered


def _code_without_value(value: float | None, quality: Quality) -> int:
    lies = quality is _GOOD or value is not None
    return QUALITY_CODE[Quality.BAD if lies else quality]


def _command_columns(row: CommandRow, point: int) -> tuple[object, ...]:
    command, result = row.command, row.result
    outcome = (None, None, None) if result is None else (int(result.ok), result.read_back, result.error)
    return (
        to_ms(row.at),
        point,
        command.value,
        command.priority,
        command.source,
        _json([command.reason.code, dict(command.reason.facts)]),
        to_ms(command.expires_at),
        *outcome,
    )


def _event_columns(event: Event) -> tuple[object, ...]:
    return (to_ms(event.at), event.kind.value, event.subject, event.text, _json(dict(event.data)))


def _json(obj: Any) -> str:
    return json.dumps(obj, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _sole_writer(path: Path) -> int:
    """Takes the lock beside the record that makes its holder the only writer; dies with the process."""
    lock_file = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(lock_file)
        raise RecordBusy(f"record {path} is being written by another process") from error
    return lock_file
