"""What can go wrong with the record.

RecordError
├── RecordBusy      another process writes it, or holds it locked
├── RecordDamaged   the file is corrupt, or is no record of ours
├── RecordFull      the disk (or the page limit) is full
└── RecordVersion   written by another version of the program
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class RecordError(Exception):
    """The record cannot do what was asked; nothing of the failed transaction was kept."""


class RecordBusy(RecordError):
    """Another process writes this record, or holds it locked for longer than the time-out."""


class RecordDamaged(RecordError):
    """The file is corrupt, or is not a record of this program."""


class RecordFull(RecordError):
    """No room for more; what was acknowledged before is safe."""


class RecordVersion(RecordError):
    """The record has a schema that this program (or this way of opening it) does not know."""


_BY_CODE: dict[int, tuple[type[RecordError], str]] = {
    sqlite3.SQLITE_BUSY: (RecordBusy, "is locked by another process"),
    sqlite3.SQLITE_LOCKED: (RecordBusy, "is locked by another connection"),
    sqlite3.SQLITE_CORRUPT: (RecordDamaged, "is damaged"),
    sqlite3.SQLITE_NOTADB: (RecordDamaged, "is not a database"),
    sqlite3.SQLITE_FULL: (RecordFull, "cannot grow, the disk is full"),
    sqlite3.SQLITE_IOERR: (RecordError, "cannot be read or written, the disk reports an error"),
    sqlite3.SQLITE_READONLY: (RecordError, "may not be written"),
    sqlite3.SQLITE_CANTOPEN: (RecordError, "cannot be opened"),
}


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into ours, each naming the file."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", None)
        kind, what = _BY_CODE.get(code & 0xFF, (RecordError, "failed")) if code is not None else (RecordError, "failed")
        raise kind(f"record {path} {what} ({error})") from error
