"""Reports without a record: two periods, one of which cannot be made."""

from collections.abc import Sequence

from dashboards.report_ports import DeviationState, NoReport
from dashboards.reports.assemble import month_of, year_of
from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language


class FakeReports:
    """Satisfies dashboards.report_ports.Reports."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, str, str, str]] = []

    def offered(self) -> Sequence[Period]:
        return [year_of(2026), month_of(2026, 1)]

    async def file(self, period: str, kind: Format, language: Language) -> bytes:
        if period == "2026":
            raise NoReport("the record is being mended")
        if period != "2026-01":
            raise LookupError(period)
        return f"{kind} {language}".encode()

    def handle(self, who: str, deviation: str, state: DeviationState, words: str) -> None:
        if deviation != "fault.cop_drift.hp1":
            raise LookupError(deviation)
        self.handled.append((who, deviation, state, words))
