"""What the page of reports may ask for. The page side defines it, `bems/reports/desk.py` satisfies it."""

from collections.abc import Sequence
from typing import Literal, Protocol

from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language

DeviationState = Literal["closed", "noted", "open"]
"""What somebody says of a deviation: seen to, known of, open again."""


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

    def handle(self, who: str, deviation: str, state: DeviationState, words: str) -> None:
        """Notes what somebody says of a deviation that reports tell of ('fault.cop_drift.hp1'), in the record.

        LookupError where the site has no such asset, or nothing of the kind is looked for.
        """
        ...
