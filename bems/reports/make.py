"""`bems report`: from the words of the command line to a file that is whole, or is not there."""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Final

from bems.history.errors import RecordError
from bems.process import complain
from bems.reports.gather import NothingToTell, gather
from bems.reports.points import outdoor_point
from dashboards.reports.assemble import assemble, month_of, quarter_of, year_of
from dashboards.reports.formats import Format, file_name, write
from dashboards.reports.model import Period, PeriodKind, Report
from dashboards.words import Language
from models.site import Site

FAILED: Final = 1
FAULTY: Final = 2


class PeriodError(Exception):
    """No period is meant by these words; the text says what is."""


def period_of(kind: PeriodKind, words: Sequence[str]) -> Period:
    """'month 2026-03', 'quarter 2026-Q1', 'year 2026', 'period 2026-03-02 2026-03-15'. PeriodError."""
    shapes = {
        PeriodKind.MONTH: (r"(\d{4})-(\d\d)", "month 2026-03"),
        PeriodKind.QUARTER: (r"(\d{4})-[Qq]([1-4])", "quarter 2026-Q1"),
        PeriodKind.YEAR: (r"(\d{4})", "year 2026"),
        PeriodKind.PERIOD: (r"(\d{4}-\d\d-\d\d) (\d{4}-\d\d-\d\d)", "period 2026-03-02 2026-03-15 (both included)"),
    }
    shape, example = shapes[kind]
    found = re.fullmatch(shape, " ".join(words))
    if found is None:
        raise PeriodError(f"'{' '.join(words)}' is no {kind.value}; write it as: bems report {example}")
    parts = found.groups()
    try:
        if kind is PeriodKind.MONTH:
            return month_of(int(parts[0]), int(parts[1]))
        if kind is PeriodKind.QUARTER:
            return quarter_of(int(parts[0]), int(parts[1]))
        if kind is PeriodKind.YEAR:
            return year_of(int(parts[0]))
        return Period(kind, date.fromisoformat(parts[0]), date.fromisoformat(parts[1]))
    except ValueError as error:
        raise PeriodError(f"'{' '.join(words)}' is no {kind.value}: {error}") from error


def made(site: Site, record: Path, period: Period, now: datetime, language: Language) -> Report:
    """The report of a period as the record at `record` has it. Raises RecordError and NothingToTell."""
    return assemble(gather(site, record, period, now), outdoor_point(site), now, language)


def report(
    site: Site,
    record: Path,
    kind: PeriodKind,
    words: Sequence[str],
    form: Format,
    language: Language,
    out: str | None,
    now: datetime,
) -> int:
    """Write it. Exit codes: 0 done, 1 the record or the disk is in the way, 2 a wish to be put right.

    `out` is the path of a file, '-' for the standard output, None for a name of its own in the current folder.
    """
    try:
        period = period_of(kind, words)
        data = write(made(site, record, period, now, language), form)
        if out == "-":
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
            return 0
        path = Path(out or file_name(site.id, period.id, language, form))
        put(path, data)
    except (PeriodError, NothingToTell) as error:
        complain(f"bems report: {error}")
        return FAULTY
    except BrokenPipeError:
        raise
    except (RecordError, OSError) as error:
        complain(f"bems report: {error}")
        return FAILED
    complain(f"{path}: {len(data)} bytes, {period.first} .. {period.last}")
    return 0


def put(path: Path, data: bytes) -> None:
    """Under another name until it is whole. OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o640)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
