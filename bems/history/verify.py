"""Is the record whole? Looks at everything and changes nothing; also while the record is being written."""

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bems.history.archive import damaged
from bems.history.backup import RECORD, Manifest, Source
from bems.history.catalogue import FOLDER, ArchiveFile, archived_tick, catalogue
from bems.history.errors import clear_errors
from bems.history.schema import TICK_SHIFT, open_for_reading, open_for_writing

MOST_FAULTS: Final = 20
"""Of one kind: a damaged disk would fill the screen."""


@dataclass
class Found:
    """What was looked at, and what is wrong with it."""

    faults: list[str] = field(default_factory=list)
    """Something that was recorded is lost, or cannot be trusted."""
    notes: list[str] = field(default_factory=list)
    """Harmless."""
    ticks: int = 0
    hot_samples: int = 0
    archived_samples: int = 0
    files: int = 0
    first_ms: int | None = None
    last_ms: int | None = None


def verify(record: Path) -> Found:
    """Looks at the SQLite file and at every file of its archive. RecordError when the record cannot be read."""
    found = Found()
    with closing(open_for_reading(record, busy_timeout_s=5.0)) as connection, clear_errors(record):
        connection.execute("BEGIN")
        listed = verify_database(connection, found)
        connection.execute("COMMIT")
        for entry in listed:
            fault = damaged(record.parent, entry)
            # not so where it was replaced (thinned, or rid of personal samples) while we looked
            if fault is not None and entry in catalogue(connection):
                found.faults.append(f"{entry.file}: {fault}")
        _note_strangers(record.parent, catalogue(connection), found)
    return found


def verify_database(connection: sqlite3.Connection, found: Found) -> tuple[ArchiveFile, ...]:
    """The SQLite part, in the caller's transaction; returns what it lists of the archive."""
    for (text,) in connection.execute(f"PRAGMA integrity_check({MOST_FAULTS})"):
        if text != "ok":
            found.faults.append(f"SQLite: {text}")
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(MOST_FAULTS):
        found.faults.append(f"SQLite: row {row} of {table} points to nothing in {parent}")
    listed = catalogue(connection)
    _ticks_in_order(listed, found)
    _hot_ticks(connection, archived_tick(connection), found)
    found.files = len(listed)
    found.archived_samples = sum(entry.rows for entry in listed)
    times = [ms for entry in listed if entry.rows for ms in (entry.first_ms, entry.last_ms)]
    times += [ms for ms in (found.first_ms, found.last_ms) if ms is not None]
    found.first_ms, found.last_ms = (min(times), max(times)) if times else (None, None)
    return listed


def _ticks_in_order(listed: Sequence[ArchiveFile], found: Found) -> None:
    before = 0
    for entry in listed:
        if entry.first_tick != before + 1:
            what = "are in two files" if entry.first_tick <= before else "are in no file"
            found.faults.append(
                f"{entry.file}: begins with tick {entry.first_tick}, the one before ends with {before}: "
                f"ticks between {what}"
            )
        if entry.last_tick < entry.first_tick:
            found.faults.append(f"{entry.file}: its last tick {entry.last_tick} is before its first")
        before = max(before, entry.last_tick)


def _hot_ticks(connection: sqlite3.Connection, archived: int, found: Found) -> None:
    count, first, last, first_ms, last_ms = connection.execute(
        "SELECT count(*), min(tick), max(tick), min(first_ms), max(last_ms) FROM ticks WHERE tick > ?", (archived,)
    ).fetchone()
    issued = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'ticks'").fetchone()
    issued = 0 if issued is None else issued[0]
    if count:
        if first != archived + 1:
            found.faults.append(f"ticks {archived + 1} to {first - 1} are neither in SQLite nor in a file")
        if count != last - first + 1:
            found.faults.append(f"{last - first + 1 - count} of the ticks {first} to {last} are missing in SQLite")
    if max(archived, last or 0) != issued:
        found.faults.append(
            f"tick {issued} was the last one issued, but {max(archived, last or 0)} is the last there is"
        )
    found.hot_samples, lost = connection.execute(
        f"""SELECT count(*), count(*) - count(t.tick) FROM samples s
            LEFT JOIN ticks t ON t.tick = s.sample_id >> {TICK_SHIFT}
            WHERE s.sample_id >= ? << {TICK_SHIFT}""",  # noqa: S608  (constants)
        (archived + 1,),
    ).fetchone()
    if lost:
        found.faults.append(f"{lost} samples in SQLite belong to no tick")
    found.ticks, found.first_ms, found.last_ms = max(archived, last or 0), first_ms, last_ms


def _note_strangers(folder: Path, listed: Sequence[ArchiveFile], found: Found) -> None:
    known = {entry.file for entry in listed}
    there = {path.relative_to(folder).as_posix() for path in (folder / FOLDER).glob("**/*") if path.is_file()}
    found.notes += [f"{name} is not in the list: nobody reads it" for name in sorted(there - known)[:MOST_FAULTS]]


def verify_backup(path: Path) -> tuple[Manifest, Found]:
    """Looks at every file of a backup (folder or tar file). BackupError when it is none, RecordError as `verify`."""
    with closing(Source(path)) as source, TemporaryDirectory(prefix="bems-verify-") as scratch:
        found = Found(faults=list(source.faults()))
        digests = {kept.name: kept.sha256 for kept in source.manifest.files}
        record = next((kept for kept in source.manifest.files if kept.name == RECORD), None)
        if record is None:
            found.faults.append(f"{RECORD} is not among its files")
        elif not any(fault.startswith(f"{record.stored}:") for fault in found.faults):
            copy = Path(scratch) / RECORD
            with source.open(record.stored) as file, copy.open("wb") as out:
                shutil.copyfileobj(file, out, 1 << 20)
            # our own copy, so that one of an older version can be led up
            with closing(open_for_writing(copy, busy_timeout_s=5.0)) as connection, clear_errors(copy):
                for entry in verify_database(connection, found):
                    if digests.get(entry.file) != entry.sha256:
                        found.faults.append(f"{entry.file}: the record lists a file that the backup does not hold")
        return source.manifest, found
