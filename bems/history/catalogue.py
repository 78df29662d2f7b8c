"""Which ticks lie in which file of the archive (see bems.history.archive)."""

import sqlite3
from dataclasses import dataclass
from typing import Final, Literal

FOLDER: Final = "archive"
"""Beside the record."""

Kind = Literal["raw", "thinned15"]
"""Every sample, or one a quarter of an hour."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One row of the catalogue."""

    id: int
    file: str
    """Below the folder of the record: 'archive/2026/2026-01-15.parquet'."""
    first_tick: int
    last_tick: int
    first_ms: int
    last_ms: int
    """Least and greatest time of a sample [ms since 1970 UTC]; the greatest is less where a file holds none."""
    rows: int
    sha256: str
    kind: Kind


_FIELDS: Final = "id, file, first_tick, last_tick, first_ms, last_ms, rows, sha256, kind"


def catalogue(connection: sqlite3.Connection) -> tuple[ArchiveFile, ...]:
    """Every file, in order of ticks."""
    rows = connection.execute(f"SELECT {_FIELDS} FROM archive ORDER BY first_tick")  # noqa: S608  (constant)
    return tuple(ArchiveFile(*row) for row in rows)


def archived_tick(connection: sqlite3.Connection) -> int:
    """The last tick that lies in a file; 0 when none does. Rows of it and those before in `samples` do not count."""
    return int(connection.execute("SELECT coalesce(max(last_tick), 0) FROM archive").fetchone()[0])
