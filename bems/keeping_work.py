"""What is done with the record beside the loop, in a process of its own: finished days into files, old ones thinned,
personal samples deleted, room made on a short disk. Every part is tried, whatever became of the others.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bems.history.archive import archive_finished
from bems.history.errors import RecordError, clear_errors
from bems.history.retention import Kinds, delete_personal, sweep, thin_before, thin_until
from bems.history.schema import open_for_writing
from models.field import Privacy
from models.keeping import RecordKeeping
from models.site import Site
from models.units import Unit

MB: Final = 1_000_000
BALLAST: Final = "room-to-tidy-up"
"""A file of nothing that is given up when the disk is full: without room nothing can be made smaller either."""
BALLAST_BYTES: Final = 8 * MB
"""As much again as the write-ahead log, which goes into the record's file as soon as it can."""
ELBOW: Final = 0.25
"""Share of the reserve that must be free before anything is done that needs room itself."""
YEAR: Final = timedelta(days=365.25)


@dataclass(frozen=True)
class Done:
    """What was done."""

    archived: int = 0
    """Files that finished days became."""
    thinned: int = 0
    """Files."""
    deleted: int = 0
    """Personal samples."""
    troubles: tuple[str, ...] = ()
    """What could not be done, in words."""


def kinds_of(site: Site) -> Kinds:
    """What thinning and deleting have to know of the site's points."""
    points = site.points.values()
    states = frozenset(p.id for p in points if p.spec.shown_unit in (Unit.STATE, Unit.BOOL))
    readings = states | {p.id for p in points if p.spec.counter or p.spec.shown_unit is Unit.COUNT}
    personal = frozenset(p.id for p in points if p.privacy is Privacy.PERSONAL)
    return Kinds(frozenset(p.id for p in points) - readings, states, personal)


def free_bytes(folder: Path) -> int:
    """What we may still write on the disk of the folder. OSError."""
    return shutil.disk_usage(folder).free


def tidy(record: Path, now: datetime, keeping: RecordKeeping, kinds: Kinds) -> Done:
    """What is due once a day."""
    work = _Work(record)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    work.attempt(lambda: len(sweep(record)))
    archived = work.attempt(lambda: len(archive_finished(record, midnight - timedelta(days=keeping.hot_days)).files))
    thinned = work.attempt(lambda: thin_before(record, midnight - keeping.raw_years * YEAR, kinds))
    deleted = work.attempt(lambda: delete_personal(record, now, keeping.personal_days, kinds))
    work.attempt(lambda: _hold_ballast(record.parent, keeping.reserve_mb * MB))
    return Done(archived, thinned, deleted, tuple(work.troubles))


def make_room(record: Path, now: datetime, keeping: RecordKeeping, kinds: Kinds, enough_bytes: int) -> Done:
    """Every finished day into a file at once, then the oldest raw days thinned, until so much is free.

    On a disk that is all but full thinning comes first: it needs the least room, and gives some to the rest.
    """
    work = _Work(record)
    folder, reserve = record.parent, keeping.reserve_mb * MB
    (folder / BALLAST).unlink(missing_ok=True)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    work.attempt(lambda: len(sweep(record)))
    thinned = work.attempt(lambda: thin_until(record, lambda: free_bytes(folder) >= ELBOW * reserve, kinds))
    archived = work.attempt(lambda: len(archive_finished(record, midnight).files))
    work.attempt(lambda: _fold_log(record))
    thinned += work.attempt(lambda: thin_until(record, lambda: free_bytes(folder) >= enough_bytes, kinds))
    work.attempt(lambda: _hold_ballast(folder, reserve))
    return Done(archived, thinned, 0, tuple(work.troubles))


class _Work:
    def __init__(self, record: Path) -> None:
        self._record = record
        self.troubles: list[str] = []

    def attempt(self, part: Callable[[], int]) -> int:
        try:
            return part()
        except (RecordError, OSError) as error:
            if str(error) not in self.troubles:
                self.troubles.append(str(error))
            return 0


def _fold_log(record: Path) -> int:
    """The write-ahead log into the file, so that it takes no room of its own."""
    with closing(open_for_writing(record, 5.0)) as connection, clear_errors(record):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return 0


def _hold_ballast(folder: Path, reserve_bytes: int) -> int:
    """Keeps a file of nothing while there is plenty of room."""
    path = folder / BALLAST
    if path.exists() or free_bytes(folder) < reserve_bytes + BALLAST_BYTES:
        return 0
    try:
        with path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
    except OSError:
        with suppress(OSError):
            path.unlink()
    return 0
