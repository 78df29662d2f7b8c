"""`bems export`: from the words of the command line to a file that is whole, or is not there."""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from bems.export.errors import ExportError
from bems.export.tables import buckets, samples
from bems.export.wanted import Language, Wanted, moment, select, span
from bems.export.write import write
from bems.history.errors import RecordError
from bems.history.query import History
from bems.process import complain
from models.site import Site

FAILED = 1
FAULTY = 2


@dataclass(frozen=True)
class Wish:
    """The command line, unchecked."""

    points: Sequence[str]
    start: str
    end: str | None
    """None for now."""
    every: str | None
    kind: str
    language: Language
    out: str
    """Path of a file, or '-' for the standard output."""


def export(site: Site, record: Path, wish: Wish, now: datetime) -> int:
    """Write what is wished. Exit codes: 0 done, 1 the record or the disk is in the way, 2 a wish to be put right."""
    try:
        wanted = checked(site, wish, now)
        if wish.out == "-":
            rows = _write(record, wanted, wish.kind, sys.stdout.buffer)
        else:
            rows = _write_file(record, wanted, wish.kind, Path(wish.out))
    except ExportError as error:
        complain(f"bems export: {error}")
        return FAULTY
    except BrokenPipeError:
        raise
    except (RecordError, OSError) as error:
        complain(f"bems export: {error}")
        return FAILED
    period = " .. ".join(f"{at.astimezone(wanted.zone):%Y-%m-%d %H:%M}" for at in (wanted.start, wanted.end))
    complain(f"{rows} rows of {len(wanted.quantities)} points, {period} ({wanted.zone.key})")
    return 0


def checked(site: Site, wish: Wish, now: datetime) -> Wanted:
    """The wish with its meaning. ExportError says what is wrong with it."""
    start = moment(wish.start, site.zone_info)
    end = now if wish.end is None else moment(wish.end, site.zone_info)
    if start >= end:
        raise ExportError(f"the period ends ({end:%Y-%m-%d %H:%M} UTC) before it begins ({start:%Y-%m-%d %H:%M} UTC)")
    every = None if wish.every is None else span(wish.every)
    return Wanted(site, select(site, wish.points), start, end, every, wish.language)


def _write(record: Path, wanted: Wanted, kind: str, out: IO[bytes]) -> int:
    history = History(record)
    tables = samples(history, wanted) if wanted.every is None else buckets(history, wanted)
    return write(kind, tables, wanted, out)


def _write_file(record: Path, wanted: Wanted, kind: str, path: Path) -> int:
    """Under another name until it is whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            rows = _write(record, wanted, kind, file)
        Path(name).chmod(0o640)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    return rows
