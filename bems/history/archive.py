"""Finished days out of SQLite into Parquet files, and the catalogue that says which ticks lie in which file.

The unit of moving is the tick: a file holds every sample of its ticks, late ones with their own time, so that a sample
is in exactly one place. What is not yet safely in a file stays where it was: the file is written, read again and made
durable first; then one short transaction enters it in the catalogue, from which moment readers take those ticks from
there; then its rows are deleted, a few at a time. A crash at any moment leaves nothing to mend: a file that is not in
the catalogue is written over, and rows that are left behind are deleted next time.

Runs beside the writer, in another process, with a connection of its own. Who changes the archive holds `archiving`.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from pathlib import Path
from time import sleep
from typing import Any, Final, cast

import numpy as np
import polars as pl

from bems.history import parquet
from bems.history.catalogue import FOLDER, ArchiveFile, Kind, archived_tick
from bems.history.counters import summaries
from bems.history.errors import RecordBusy, RecordError, clear_errors
from bems.history.schema import MAX_POINTS, SERIAL_BITS, TICK_SHIFT, open_for_reading, open_for_writing
from bems.history.times import from_ms, to_ms

MOST_ROWS: Final = 4_000_000
"""Rows of a file, about; a day that has more becomes several files, so that memory stays small."""
DELETED_AT_ONCE: Final = 20_000
"""Rows: the writer waits so long."""
PAUSE_S: Final = 0.05
"""Wall time after that, in which the writer gets in."""
BUSY_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Moved:
    """What `archive_finished` did."""

    files: tuple[str, ...]
    rows: int
    bytes: int


_CHUNK: Final = f"""SELECT s.sample_id, t.first_ms + s.after_ms, s.value, s.quality
    FROM samples s JOIN ticks t ON t.tick = s.sample_id >> {TICK_SHIFT}
    WHERE s.sample_id >= :first << {TICK_SHIFT} AND s.sample_id < (:last + 1) << {TICK_SHIFT}
    ORDER BY s.sample_id"""  # noqa: S608  (constants)


@contextmanager
def archiving(record: Path) -> Iterator[None]:
    """Makes the holder the only one who changes the archive of this record; RecordBusy when another one does."""
    lock_file = os.open(f"{record}.archiving", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RecordBusy(f"the archive of record {record} is being changed by another process") from error
        yield
    finally:
        os.close(lock_file)


def archive_finished(record: Path, before: datetime) -> Moved:
    """Moves all ticks up to the last one that is older than `before` into files, one or more a day (UTC).

    Raises RecordError; what was moved until then stays moved.
    """
    moved: list[ArchiveFile] = []
    with archiving(record), closing(open_for_writing(record, BUSY_S)) as connection, clear_errors(record):
        _forget(connection, archived_tick(connection))
        for day, first, last in _days(connection, to_ms(before)):
            done = first - 1
            while done < last:
                samples, until = _samples(record, done + 1, last)
                name = free_name(connection, day)
                moved.append(enter(connection, record.parent, name, samples, (done + 1, until), "raw"))
                _forget(connection, until)
                done = until
    sizes = ((record.parent / entry.file).stat().st_size for entry in moved)
    return Moved(tuple(entry.file for entry in moved), sum(entry.rows for entry in moved), sum(sizes))


def free_name(connection: sqlite3.Connection, day: str) -> str:
    """A name for another file of the day 'YYYY-MM-DD', as the catalogue spells names.

    The number in it only rises: a name is not given again while somebody may still read a file that was replaced.
    """
    stem = f"{FOLDER}/{day[:4]}/{day}"
    names = connection.execute("SELECT file FROM archive WHERE file GLOB ?", (f"{stem}.*",)).fetchall()
    numbers = [
        int(of) if (of := name.removeprefix(f"{stem}.").removesuffix("parquet")[:-1]) else 1 for (name,) in names
    ]
    return f"{stem}.{max(numbers) + 1}.parquet" if numbers else f"{stem}.parquet"


def enter(
    connection: sqlite3.Connection,
    folder: Path,
    name: str,
    samples: pl.DataFrame,
    ticks: tuple[int, int],
    kind: Kind,
    replaces: ArchiveFile | None = None,
) -> ArchiveFile:
    """Writes a file of samples (see parquet.frame) and enters it in the catalogue, in place of another one if told.

    `folder` is that of the record. The file that was replaced is left on the disk, for who reads it now. Hold
    `archiving`. Raises RecordError; then the catalogue is as it was.
    """
    digest = parquet.write(folder / name, samples)
    ids = dict(connection.execute("SELECT name, id FROM points"))
    at_ms = samples["at_utc"].dt.epoch("ms").to_numpy()
    first_ms, last_ms = (int(at_ms.min()), int(at_ms.max())) if len(at_ms) else (0, -1)
    columns = (name, *ticks, first_ms, last_ms, len(samples), digest, kind)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if replaces is not None:
            connection.execute("DELETE FROM archive WHERE id = ?", (replaces.id,))
        new = connection.execute(
            "INSERT INTO archive (file, first_tick, last_tick, first_ms, last_ms, rows, sha256, kind)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            columns,
        ).lastrowid
        assert new is not None  # SQLite always gives an inserted row its id
        connection.executemany(
            "INSERT INTO archive_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", _summed(samples, ids, new)
        )
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return ArchiveFile(new, *cast("tuple[Any, ...]", columns))


def _summed(samples: pl.DataFrame, ids: dict[str, int], archive: int) -> list[tuple[object, ...]]:
    names = samples["point"].cast(pl.String)
    places = names.rle_id().cast(pl.Int64).to_numpy()
    order = names.unique(maintain_order=True).to_list()
    at_ms, value = samples["at_utc"].dt.epoch("ms").to_numpy(), samples["value"].to_numpy()
    of = summaries(places, len(order), at_ms, value)
    columns = zip(
        (ids[name] for name in order),
        of.first_row.tolist(),
        of.rows.tolist(),
        *(map(_known, column.tolist()) for column in (of.first_ms, of.first_value, of.last_ms, of.last_value)),
        of.falls.tolist(),
        of.known_ms.tolist(),
        of.in_gaps.tolist(),
        strict=True,
    )
    return [(row[0], archive, *row[1:]) for row in columns]


def _known(value: float) -> float | None:
    return None if isnan(value) else value


def _days(connection: sqlite3.Connection, before_ms: int) -> list[tuple[str, int, int]]:
    """Day, first and last tick of what is to be moved, in order of ticks.

    A tick belongs to the day of its last sample; one that brought nothing, to that of the tick before.
    """
    done = archived_tick(connection)
    last = connection.execute(
        "SELECT max(tick) FROM ticks WHERE tick > ? AND last_ms < ?", (done, before_ms)
    ).fetchone()[0]
    if last is None:
        return []
    rows = connection.execute(
        "SELECT tick, last_ms / 86400000 FROM ticks WHERE tick > ? AND tick <= ? AND last_ms NOT NULL ORDER BY tick",
        (done, last),
    )
    found: list[tuple[str, int, int]] = []
    begin, day = done + 1, -1
    for tick, of_day in rows:
        if of_day != day:
            if day >= 0:
                found.append((_name(day), begin, tick - 1))
                begin = tick
            day = of_day
    return [*found, (_name(day), begin, last)]


def _name(day: int) -> str:
    return from_ms(day * 86_400_000).date().isoformat()


def _samples(record: Path, first: int, last: int) -> tuple[pl.DataFrame, int]:
    """The samples of these ticks, and the last tick they are of; that comes before `last` when there are too many."""
    keys, chunks = [np.zeros(0, dtype=np.int64)], [np.zeros((0, 3))]
    count, until = 0, last
    with closing(open_for_reading(record, BUSY_S)) as connection:
        names = dict(connection.execute("SELECT id, name FROM points"))
        with closing(connection.execute(_CHUNK, {"first": first, "last": last})) as rows:
            while batch := rows.fetchmany(50_000):
                keys.append(np.array([row[0] for row in batch], dtype=np.int64))
                chunks.append(np.array([row[1:] for row in batch], dtype=np.float64))
                count += len(batch)
                if count >= MOST_ROWS:
                    until = max(first, int(keys[-1][-1] >> TICK_SHIFT) - 1)  # that tick may not be whole
                    break
    key, table = np.concatenate(keys), np.concatenate(chunks)
    whole = key >> TICK_SHIFT <= until
    key, table = key[whole], table[whole]
    numbers = np.array(sorted(names), dtype=np.int64)
    place = np.searchsorted(numbers, (key >> SERIAL_BITS) & MAX_POINTS)
    samples = parquet.frame(
        [names[number] for number in numbers.tolist()],
        place,
        table[:, 0].astype(np.int64),
        table[:, 1],
        table[:, 2].astype(np.int8),
        key >> TICK_SHIFT,
    )
    return samples, until


def _forget(connection: sqlite3.Connection, until: int) -> None:
    """Deletes rows of ticks that lie in files, without keeping the writer waiting for long."""
    for sql, end in (
        ("DELETE FROM samples WHERE sample_id IN (SELECT sample_id FROM samples WHERE sample_id < ? LIMIT ?)",
         (until + 1) << TICK_SHIFT),
        ("DELETE FROM ticks WHERE tick IN (SELECT tick FROM ticks WHERE tick < ? LIMIT ?)", until + 1),
    ):  # fmt: skip
        while connection.execute(sql, (end, DELETED_AT_ONCE)).rowcount == DELETED_AT_ONCE:
            sleep(PAUSE_S)


def damaged(folder: Path, entry: ArchiveFile) -> str | None:
    """What is wrong with a file of the archive, in words; None when it is as the catalogue says."""
    try:
        if parquet.sha256(folder / entry.file) != entry.sha256:
            return "its contents have changed since it was written"
        if len(parquet.read(folder / entry.file)) != entry.rows:
            return "it does not hold as many samples as it should"
    except (OSError, RecordError) as error:
        return f"it cannot be read ({error})"
    return None
