"""What the page of reports may ask for. The page side defines it, `bems/reports/desk.py` satisfies it."""

from collections.abc import Sequence
from typing import Protocol

from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language


class NoReport(Exception):
    """There is none; the text says why."""


class Reports(Protocol):
    """Reports of the past, made when they are asked for, off the loop's process."""

    def offered(self) -> Sequence[Period]:
        """Periods there is a report of, newest first: years, quarters, months, the one that runs included."""
        ...

    async def file(self, period: str, kind: Format, language: Language) -> bytes:
        """The report of an offered period by its id. LookupError for another one, NoReport when none can be made."""
        ...
