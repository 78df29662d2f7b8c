"""`bems report`: from the words of the command line to a file that is whole, or is not there."""

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from bems.history.errors import RecordError
from bems.process import complain
from bems.reports.beside import beside
from bems.reports.gather import NothingToTell, gather
from bems.reports.points import outdoor_point
from bems.reports.priced import as_priced
from dashboards.discreet.grouped import Grouped
from dashboards.reports.assemble import assemble, month_of, quarter_of, year_of
from dashboards.reports.formats import Format, file_name, load_ahead, write
from dashboards.reports.model import Period, PeriodKind, Report
from dashboards.words import Language
from models.local_time import local_date
from models.reporting import Span
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


def baseline_of(text: str, period: Period) -> Span:
    """'2025-01-01..2025-12-31', which ends before the period begins. PeriodError."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)\.\.(\d{4}-\d\d-\d\d)", text)
    if found is None:
        raise PeriodError(f"'{text}' is no baseline; write it as: --baseline 2025-01-01..2025-12-31 (both included)")
    try:
        first, last = (date.fromisoformat(part) for part in found.groups())
    except ValueError as error:
        raise PeriodError(f"'{text}' is no baseline: {error}") from error
    if not first <= last < period.first:
        raise PeriodError(
            f"baseline {text}: it must end before the period begins ({period.first}), and not before itself"
        )
    return Span(first=first, last=last)


def made(
    site: Site,
    record: Path,
    period: Period,
    now: datetime,
    language: Language,
    baseline: Span | None = None,
    *,
    rooms: bool = False,
) -> Report:
    """The report of a period as the record at `record` has it, at the tariffs people chose.

    `baseline` goes before the site file's; `rooms` as dashboards.ports.report says. Raises RecordError and
    NothingToTell.
    """
    site = as_priced(site, record)
    found = gather(site, record, period, now)
    report = assemble(found, outdoor_point(site), now, language, beside(site, record, found, baseline))
    return report if rooms else Grouped(site, language)(report)


def report(  # noqa: PLR0913  (the command line's own words)
    site: Site,
    record: Path,
    kind: PeriodKind,
    words: Sequence[str],
    form: Format,
    language: Language,
    out: str | None,
    now: datetime,
    *,
    baseline: str | None = None,
    twin: bool = False,
    rooms: bool = False,
) -> int:
    """Write it. Exit codes: 0 done, 1 the record or the disk is in the way, 2 a wish to be put right.

    `out` is the path of a file, '-' for the standard output, None for a name of its own in the current folder;
    `twin` first runs the period's days through the twin that were not run before; `rooms` names residents' rooms.
    """
    try:
        period = period_of(kind, words)
        span = None if baseline is None else baseline_of(baseline, period)
        if twin:
            _run_twin(site, record, period, now)
        load_ahead(form)
        data = write(made(site, record, period, now, language, span, rooms=rooms), form)
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


def _run_twin(site: Site, record: Path, period: Period, now: datetime) -> None:
    """With a line for each day, as it takes a while."""
    from bems.reports.twin_days import TwinDays, run_days

    last = min(period.last, local_date(now) - timedelta(days=1))
    days = TwinDays(record.parent).missing(period.first, last)
    count = iter(range(1, len(days) + 1))

    def told(day: date, why: str) -> None:
        complain(f"twin {next(count)}/{len(days)}: {day} {why or 'done'}")

    run_days(site, record, days, told)


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
