"""What becomes of old samples: raw days are thinned, personal ones are deleted, and a short disk is given room.

All of it is done file by file in the archive, by somebody beside the writer (a child process): the new file is written
and entered in the list before the old one goes, so that a crash at any moment leaves one or the other. Days that are
still in SQLite become files first. Times are site time.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from bems.history import parquet
from bems.history.archive import BUSY_S, archiving, enter, free_name
from bems.history.catalogue import FOLDER, ArchiveFile, archived_tick, catalogue
from bems.history.errors import RecordError, clear_errors
from bems.history.schema import MAX_POINTS, SERIAL_BITS, TICK_SHIFT, open_for_writing
from bems.history.thinning import thinned
from bems.history.times import to_ms

DAY: Final = timedelta(days=1)
TICKS_AT_ONCE: Final = 2000
"""From which personal samples are deleted in SQLite in one transaction."""


@dataclass(frozen=True)
class Kinds:
    """What has to be known of the site's points."""

    means: frozenset[str]
    """Analog: a mean stands for them."""
    states: frozenset[str]
    """Flags and values with named states."""
    personal: frozenset[str]


def thin_before(record: Path, before: datetime, kinds: Kinds) -> int:
    """Thins every raw file whose samples are all older than `before`; the number of files. RecordError."""
    count = 0
    with _changing(record) as connection, _in_spite_of_all() as attempt:
        for entry in catalogue(connection):
            if entry.kind == "raw" and entry.last_ms < to_ms(before):
                with attempt(entry):
                    _thin(connection, record.parent, entry, kinds)
                    count += 1
    return count


def thin_until(record: Path, enough: Callable[[], bool], kinds: Kinds) -> int:
    """Thins raw files, the oldest first, until it is enough or none is left; the number of files. RecordError."""
    count = 0
    with _changing(record) as connection, _in_spite_of_all() as attempt:
        for entry in catalogue(connection):
            if enough():
                break
            if entry.kind == "raw":
                with attempt(entry):
                    _thin(connection, record.parent, entry, kinds)
                    count += 1
    return count


def delete_personal(record: Path, now: datetime, days: int, kinds: Kinds) -> int:
    """Deletes the samples of personal points that are not of the last `days` days (UTC, today counts as one).

    Where they lie is by the tick that brought them. Returns how many. RecordError.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    before_ms = to_ms(midnight - (days - 1) * DAY)
    with _changing(record) as connection, _in_spite_of_all() as attempt:
        known = dict(connection.execute("SELECT name, id FROM points"))
        ids = sorted(known[name] for name in kinds.personal if name in known)
        if not ids:
            return 0
        count = _delete_hot(connection, ids, before_ms)
        marks = ",".join("?" * len(ids))
        holders = {
            number
            for (number,) in connection.execute(
                f"SELECT DISTINCT archive FROM archive_points WHERE point IN ({marks})",  # noqa: S608  (marks)
                ids,
            )
        }
        for entry in catalogue(connection):
            if entry.id in holders and entry.last_ms < before_ms:
                with attempt(entry):
                    samples = parquet.read(record.parent / entry.file)
                    kept = samples.filter(~pl.col("point").cast(pl.String).is_in(list(kinds.personal)))
                    _replace(connection, record.parent, entry, kept, thin=entry.kind != "raw")
                    count += len(samples) - len(kept)
    return count


def sweep(record: Path) -> tuple[str, ...]:
    """Deletes what a crash left of files that were replaced; returns their names. RecordError.

    Only beside a file of the same day that is in the list: a folder whose record is gone is left alone.
    """
    gone: list[str] = []
    with _changing(record) as connection:
        listed = {entry.file for entry in catalogue(connection)}
        days = {Path(name).name.split(".")[0] for name in listed}
        for path in sorted((record.parent / FOLDER).glob("*/*")):
            name = path.relative_to(record.parent).as_posix()
            if name not in listed and path.name.split(".")[0] in days:
                path.unlink()
                gone.append(name)
    return tuple(gone)


@contextmanager
def _in_spite_of_all() -> Iterator[Callable[[ArchiveFile], AbstractContextManager[None]]]:
    """Goes on with the next file where one cannot be changed, and raises what was wrong in the end."""
    faults: list[str] = []

    @contextmanager
    def attempt(entry: ArchiveFile) -> Iterator[None]:
        try:
            yield
        except (RecordError, OSError) as error:
            faults.append(f"{entry.file}: {error}")

    yield attempt
    if faults:
        others = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise RecordError(f"{faults[0]}{others}")


@contextmanager
def _changing(record: Path) -> Iterator[sqlite3.Connection]:
    with archiving(record), closing(open_for_writing(record, BUSY_S)) as connection, clear_errors(record):
        try:
            yield connection
        except OSError as error:
            raise RecordError(f"the archive of {record} cannot be changed ({error})") from error


def _thin(connection: sqlite3.Connection, folder: Path, entry: ArchiveFile, kinds: Kinds) -> None:
    samples = thinned(parquet.read(folder / entry.file), kinds.means, kinds.states)
    _replace(connection, folder, entry, samples, thin=True)


def _replace(
    connection: sqlite3.Connection, folder: Path, entry: ArchiveFile, samples: pl.DataFrame, *, thin: bool
) -> None:
    """Puts another file in the place of one, for the same ticks. A reader that has it open reads on."""
    name = free_name(connection, Path(entry.file).name.split(".")[0])
    ticks = (entry.first_tick, entry.last_tick)
    enter(connection, folder, name, samples, ticks, "thinned15" if thin else "raw", replaces=entry)
    (folder / entry.file).unlink(missing_ok=True)


def _delete_hot(connection: sqlite3.Connection, ids: list[int], before_ms: int) -> int:
    archived = archived_tick(connection)
    last = connection.execute(
        "SELECT max(tick) FROM ticks WHERE tick > ? AND last_ms < ?", (archived, before_ms)
    ).fetchone()[0]
    marks = ",".join("?" * len(ids))
    sql = f"""DELETE FROM samples WHERE sample_id >= ? << {TICK_SHIFT} AND sample_id < ? << {TICK_SHIFT}
        AND (sample_id >> {SERIAL_BITS}) & {MAX_POINTS} IN ({marks})"""  # noqa: S608  (constants and marks)
    count = 0
    for first in range(archived + 1, (last or archived) + 1, TICKS_AT_ONCE):
        count += connection.execute(sql, (first, min(first + TICKS_AT_ONCE, last + 1), *ids)).rowcount
    return count
