"""What the page of reports may ask for. The page side defines it, `bems/reports/desk.py` satisfies it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from dashboards.reports.beside import Handled, deviation
from dashboards.reports.calc_faults import Finding
from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language

DeviationState = Literal["closed", "noted", "open"]
"""What somebody says of a deviation: seen to, known of, open again."""


@dataclass(frozen=True, slots=True)
class Look:
    """Every asset judged for every fault, over some weeks; local days, both included."""

    first: date
    last: date
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Deviations:
    """The newest look, and what people said of what it and others found."""

    look: Look | None
    """None while nobody has looked."""
    handled: Mapping[str, Handled]
    """Newest word by the deviation's name."""

    def found(self, *, closed: bool) -> list[tuple[str, Finding, Handled | None]]:
        """What is a fault, the dearest first: name, finding, newest word. Those that are closed, or the others."""
        named = [(deviation(one), one) for one in (self.look.findings if self.look else ()) if one.found]
        told = [(name, one, self.handled.get(name)) for name, one in named]
        chosen = [row for row in told if (row[2] is not None and row[2].closed) == closed]
        return sorted(chosen, key=lambda row: -(row[1].nok_per_year.value or 0.0))


class NoReport(Exception):
    """There is none; the text says why."""


class Reports(Protocol):
    """Reports of the past, made when they are asked for, off the loop's process."""

    def offered(self) -> Sequence[Period]:
        """Periods there is a report of, newest first: years, quarters, months, the one that runs included."""
        ...

    async def file(self, period: str, kind: Format, language: Language, *, rooms: bool = False) -> bytes:
        """The report of an offered period by its id. LookupError for another one, NoReport when none can be made.

        `rooms`: residents' rooms are named; else each is told as one of its zone (`dashboards.discreet.grouped`).
        """
        ...

    def deviations(self) -> Deviations:
        """What was found the last time somebody looked, which is every night."""
        ...

    def handle(self, who: str, deviation: str, state: DeviationState, words: str) -> None:
        """Notes what somebody says of a deviation that reports tell of ('fault.cop_drift.hp1'), in the record.

        LookupError where the site has no such asset, or nothing of the kind is looked for.
        """
        ...
