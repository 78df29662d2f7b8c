"""A report as JSON: numbers as they are, times local, everything under its name."""

import json
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from dashboards.reports.model import Report


def as_json(report: Report) -> dict[str, Any]:
    """The report as JSON can hold it."""
    made: dict[str, Any] = asdict(report)
    made["period"]["days"], made["period"]["id"] = report.period.days, report.period.id
    found: dict[str, Any] = json.loads(json.dumps(made, default=_written))
    return found


def write_json(report: Report) -> bytes:
    """The file."""
    return (json.dumps(as_json(report), indent=1, ensure_ascii=False) + "\n").encode()


def _written(one: object) -> str:
    if isinstance(one, date | datetime):
        return one.isoformat()
    raise TypeError(f"a report cannot hold {one!r}")
