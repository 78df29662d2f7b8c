"""`bems backup`, `bems restore` and `bems verify`: what was done, in words, and the exit code."""

import sqlite3
import tarfile
from pathlib import Path

from bems.clock import RealClock
from bems.history.backup import RECORD, BackupError, backup, restore
from bems.history.errors import RecordError
from bems.history.record import Record
from bems.history.times import from_ms
from bems.history.verify import Found, verify, verify_backup
from bems.process import complain, say

FAILED = 1
TROUBLE = (BackupError, RecordError, OSError, sqlite3.Error, tarfile.TarError)


def run_backup(data: Path, target: Path) -> int:
    """Copy the record, say what was copied."""
    try:
        manifest = backup(data, target, RealClock().now())
    except TROUBLE as error:
        complain(f"bems backup: {error}")
        return FAILED
    size = f"{len(manifest.files)} files, {manifest.size / 1e6:.1f} MB"
    say(f"{target}: {size}, as of {manifest.made_at:%Y-%m-%d %H:%M} UTC")
    return 0


def run_restore(source: Path, data: Path) -> int:
    """Put the backup in place, look at all of it, say what was found."""
    try:
        manifest = restore(source, data)
        Record.open(data / RECORD).close()  # leads a backup of an older version up
        found = verify(data / RECORD)
    except TROUBLE as error:
        complain(f"bems restore: {error}")
        return FAILED
    say(f"{data}: restored as of {manifest.made_at:%Y-%m-%d %H:%M} UTC, {len(manifest.files)} files")
    return _told(found)


def run_verify(source: Path | None, data: Path) -> int:
    """Look at the record of a folder, or at a backup; exit code 1 when something is wrong with it."""
    try:
        if source is None:
            return _told(verify(data / RECORD))
        manifest, found = verify_backup(source)
    except TROUBLE as error:
        complain(f"bems verify: {error}")
        return FAILED
    say(f"{source}: backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC, {len(manifest.files)} files")
    return _told(found)


def _told(found: Found) -> int:
    period = "" if found.first_ms is None else f"; {_minute(found.first_ms)} .. {_minute(found.last_ms)} UTC"
    archived = f"{found.archived_samples} in {found.files} files"
    say(f"{found.ticks} ticks; {found.hot_samples} samples in SQLite, {archived}{period}")
    for note in found.notes:
        say(f"note: {note}")
    for fault in found.faults:
        complain(f"fault: {fault}")
    say("whole" if not found.faults else f"NOT whole: {len(found.faults)} faults")
    return FAILED if found.faults else 0


def _minute(at_ms: int | None) -> str:
    return "" if at_ms is None else f"{from_ms(at_ms):%Y-%m-%d %H:%M}"
