"""Reports without a record: two periods, one of which cannot be made; two faults that were found, one that is not."""

from collections.abc import Sequence
from datetime import date

from dashboards.ports.report import Deviations, DeviationState, Look, NoReport
from dashboards.reports.assemble import month_of, year_of
from dashboards.reports.beside import Handled, deviation
from dashboards.reports.calc_faults import FaultKind, Finding
from dashboards.reports.calc_known import Known, Why
from dashboards.reports.formats import Format
from dashboards.reports.model import Period
from dashboards.words import Language

FINDINGS = (
    Finding(
        FaultKind.SENSOR, "hp2.outdoor_temp_degc", True, Known(2.4), "K", 1.5, 0.9, Known.missing(Why.NO_FACTOR),
        {"looks": 28.0, "looks_showing": 26.0, "difference_k": 2.4},
    ),
    Finding(
        FaultKind.COP_DRIFT, "hp1", True, Known(0.18), "share", 0.1, 0.93, Known(8123.0),
        {"looks": 28.0, "looks_showing": 27.0, "cop": 2.9, "expected_cop": 3.54, "steady_h": 310.0},
    ),
    Finding(
        FaultKind.COP_DRIFT, "hp2", False, Known(0.01), "share", 0.1, 0.03, Known.missing(Why.NOT_SIGNIFICANT),
        {"looks": 28.0, "looks_showing": 0.0},
    ),
)  # fmt: skip


class FakeReports:
    """Satisfies dashboards.ports.report.Reports."""

    def __init__(self) -> None:
        self.handled: list[tuple[str, str, str, str]] = []
        self.look: Look | None = Look(date(2025, 12, 18), date(2026, 1, 14), FINDINGS)

    def offered(self) -> Sequence[Period]:
        return [year_of(2026), month_of(2026, 1)]

    async def file(self, period: str, kind: Format, language: Language, *, rooms: bool = False) -> bytes:
        if period == "2026":
            raise NoReport("the record is being mended")
        if period != "2026-01":
            raise LookupError(period)
        return f"{kind} {language}{' Rom A1' if rooms else ''}".encode()

    def handle(self, who: str, name: str, state: DeviationState, words: str) -> None:
        if name not in {deviation(one) for one in FINDINGS}:
            raise LookupError(name)
        self.handled.append((who, name, state, words))

    def deviations(self) -> Deviations:
        newest = {name: (who, state, words) for who, name, state, words in self.handled}
        said = {
            name: Handled(state == "closed", who, date(2026, 1, 15), words)
            for name, (who, state, words) in newest.items()
            if state != "open"
        }
        return Deviations(self.look, said)
