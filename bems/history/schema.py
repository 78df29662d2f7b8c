"""The tables of the record, the ladder that leads every older file up to them, and how the file is opened.

Samples are keyed by tick, then point, then a running number within the tick, packed into one integer (`sample_id`), so
that a tick is appended at the end of the table and one point is found again with one seek a tick. The measurements
behind it are in docs/decisions/0004-record-keyed-by-tick.md. The view `readings` shows samples by name and time.

`archive` lists the Parquet files of finished days. Ticks up to the greatest `last_tick` there are in files, whatever is
still left of them in `samples`; what follows is in `samples`. `archive_points` says where in a file a point's rows lie,
and sums each point up: its first and last GOOD reading, how often it fell, the time between readings that were close
enough together to know how it went (bems.history.counters.LONGEST_STEP_MS), and what it rose where they were not.
"""

import sqlite3
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bems.history.errors import RecordDamaged, RecordError, RecordVersion, clear_errors
from models.signals import Quality

APPLICATION_ID: Final = 0x62656D73  # "bems"

POINT_BITS: Final = 14
SERIAL_BITS: Final = 10
TICK_SHIFT: Final = POINT_BITS + SERIAL_BITS
MAX_POINTS: Final = (1 << POINT_BITS) - 1
MAX_PER_POINT: Final = 1 << SERIAL_BITS
"""Most samples of one point in one tick."""

QUALITY_CODE: Final[dict[Quality, int]] = {
    Quality.GOOD: 0,
    Quality.STALE: 1,
    Quality.OFFLINE: 2,
    Quality.BAD: 3,
    Quality.UNREAD: 4,
}
"""How a quality is stored; codes are never reused."""

_QUALITY_NAMES: Final = " ".join(f"WHEN {code} THEN '{quality}'" for quality, code in QUALITY_CODE.items())

LADDER: Final[tuple[tuple[str, ...], ...]] = (
    (
        f"""CREATE TABLE points (
            id INTEGER PRIMARY KEY CHECK (id BETWEEN 1 AND {MAX_POINTS}),
            name TEXT NOT NULL UNIQUE
        ) STRICT""",
        """CREATE TABLE ticks (
            tick INTEGER PRIMARY KEY AUTOINCREMENT,
            first_ms INTEGER,
            last_ms INTEGER
        ) STRICT""",
        "CREATE INDEX ticks_by_time ON ticks (last_ms, first_ms)",
        """CREATE TABLE samples (
            sample_id INTEGER PRIMARY KEY,
            after_ms INTEGER NOT NULL,
            value REAL,
            quality INTEGER NOT NULL
        ) STRICT""",
        f"""CREATE VIEW readings AS
            SELECT t.tick, p.name AS point, t.first_ms + s.after_ms AS at_ms, s.value,
                CASE s.quality {_QUALITY_NAMES} END AS quality
            FROM ticks t
            CROSS JOIN samples s ON s.sample_id >= t.tick << {TICK_SHIFT} AND s.sample_id < (t.tick + 1) << {TICK_SHIFT}
            JOIN points p ON p.id = (s.sample_id >> {SERIAL_BITS}) & {MAX_POINTS}""",  # noqa: S608  (constants)
        """CREATE TABLE commands (
            id INTEGER PRIMARY KEY,
            at_ms INTEGER NOT NULL,
            point INTEGER NOT NULL REFERENCES points,
            value REAL,
            priority INTEGER NOT NULL,
            source TEXT NOT NULL,
            reason TEXT NOT NULL,
            expires_ms INTEGER NOT NULL,
            ok INTEGER,
            read_back REAL,
            error TEXT
        ) STRICT""",
        "CREATE INDEX commands_by_time ON commands (at_ms)",
        "CREATE INDEX commands_by_point ON commands (point, at_ms)",
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY,
            at_ms INTEGER NOT NULL,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            text TEXT NOT NULL,
            data TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX events_by_time ON events (at_ms)",
        "CREATE TABLE state (key TEXT PRIMARY KEY, json TEXT NOT NULL) STRICT",
    ),
    (
        """CREATE TABLE forecasts (
            id INTEGER PRIMARY KEY,
            source TEXT NOT NULL,
            known_ms INTEGER NOT NULL,
            issued_ms INTEGER NOT NULL,
            columns TEXT NOT NULL,
            rows BLOB NOT NULL
        ) STRICT""",
        "CREATE INDEX forecasts_by_known ON forecasts (source, known_ms)",
    ),
    (
        """CREATE TABLE archive (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            file TEXT NOT NULL UNIQUE,
            first_tick INTEGER NOT NULL,
            last_tick INTEGER NOT NULL,
            first_ms INTEGER NOT NULL,
            last_ms INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            sha256 TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('raw', 'thinned15'))
        ) STRICT""",
        "CREATE INDEX archive_by_tick ON archive (last_tick)",
        """CREATE TABLE archive_points (
            point INTEGER NOT NULL REFERENCES points,
            archive INTEGER NOT NULL REFERENCES archive ON DELETE CASCADE,
            first_row INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            first_ms INTEGER,
            first_value REAL,
            last_ms INTEGER,
            last_value REAL,
            falls INTEGER NOT NULL,
            known_ms INTEGER NOT NULL,
            gained_in_gaps REAL NOT NULL,
            PRIMARY KEY (point, archive)
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX archive_points_by_archive ON archive_points (archive)",
    ),
)
"""Rung i leads from schema version i to i + 1. A rung that has been released is never changed."""


def open_for_writing(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """A durable (WAL, synchronous=FULL) connection to the record, created or led up to this version when needed.

    The connection may be used from any thread, by one at a time. Raises RecordError.
    """
    with clear_errors(path):
        connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)
        try:
            _version(connection, path)  # before anything is changed in a file that may be somebody else's
            _set_wal(connection, path)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            # a log that a slow reader kept from being folded in shrinks again
            connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
            _climb(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def open_for_reading(path: Path, busy_timeout_s: float) -> sqlite3.Connection:
    """A read-only connection. Raises RecordVersion when the record still has to be led up to this version."""
    with clear_errors(path):
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        connection = sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)
        try:
            _require_current(connection, path)
        except BaseException:
            connection.close()
            raise
    return connection


def _set_wal(connection: sqlite3.Connection, path: Path) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise RecordError(f"record {path}: its file system allows no write-ahead log (journal mode stays '{mode}')")


def _require_current(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection, path)
    if version < len(LADDER):
        raise RecordVersion(
            f"record {path} has schema {version}, this program reads {len(LADDER)}; opening it for writing leads it up"
        )


def _climb(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == len(LADDER):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for rung in LADDER[_version(connection, path) :]:
            for statement in rung:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(LADDER)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    owner = int(connection.execute("PRAGMA application_id").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner != APPLICATION_ID and not empty:
        raise RecordDamaged(f"record {path} is a database of another program")
    if version > len(LADDER):
        raise RecordVersion(f"record {path} has schema {version}, this program knows up to {len(LADDER)}: update it")
    return version
