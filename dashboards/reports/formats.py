"""Every format a report is written in. What writes it is imported when it is asked for: it takes a while."""

from collections.abc import Mapping
from importlib import import_module
from threading import Thread
from typing import Final, Literal, cast, get_args

from dashboards.reports.model import Report

Format = Literal["pdf", "xlsx", "csv", "json", "html"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MEDIA_TYPES: Final[Mapping[Format, str]] = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "html": "text/html; charset=utf-8",
}


def load_ahead(kind: Format) -> None:
    """Begin to import what writes the format, while the report itself is still being made."""
    Thread(target=import_module, args=(f"dashboards.reports.as_{kind}",), daemon=True).start()


def write(report: Report, kind: Format) -> bytes:
    """The report as a file of that format."""
    module = import_module(f"dashboards.reports.as_{kind}")
    return cast("bytes", getattr(module, f"write_{kind}")(report))


def file_name(site_id: str, period_id: str, language: str, kind: Format) -> str:
    """What the file is called: 'biri-2026-03-nb.pdf'."""
    return f"{site_id}-{period_id}-{language}.{kind}"
