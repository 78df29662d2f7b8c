"""The part of the JSON API that gives reports: which there are, and each of them as a file."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from dashboards.access import Right, Viewer
from dashboards.answers.site import WRITES, Answer, Fault
from dashboards.needs import needs
from dashboards.ports.report import DeviationState, Look, NoReport
from dashboards.ports.view import SiteView
from dashboards.reports.beside import Handled
from dashboards.reports.calc_faults import Finding
from dashboards.reports.formats import MEDIA_TYPES, Format, file_name
from dashboards.words import Language

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
Operates = Annotated[Viewer, Depends(needs(Right.OPERATE))]
NOT_MADE: Final[dict[int | str, dict[str, Any]]] = {
    404: {"model": Fault, "description": "No such period"},
    409: {"model": Fault, "description": "The report cannot be made; the text says why"},
    200: {"content": {media: {} for media in MEDIA_TYPES.values()}},
}


class PeriodAnswer(Answer):
    """A period there is a report of; local days, both included."""

    id: str
    kind: str
    first: date
    last: date


class DeviationAsked(BaseModel):
    """What somebody says of a deviation."""

    model_config = ConfigDict(extra="forbid")

    state: DeviationState
    words: str = Field(min_length=3, max_length=500)
    """What was done, or why it is as it is."""


class OpenDeviationAnswer(Answer):
    """A fault that was found, what it rests on, and the newest word on it."""

    id: str
    kind: str
    asset: str
    size: float | None
    """In `unit`; 'share' is 0 .. 1."""
    unit: str
    confidence: float
    """0 .. 1."""
    nok_per_year: float | None
    """None where it is not known, or where the fault has no energy of its own."""
    evidence: dict[str, float]
    """Numbers by name; a name's suffix is its unit."""
    looked_from: date
    looked_until: date
    """Local days, both included."""
    state: DeviationState
    by: str | None
    on: date | None
    words: str | None


class DeviationAnswer(Answer):
    """What is noted now."""

    id: str
    state: DeviationState
    by: str


def add_reports(router: APIRouter, view: SiteView) -> None:
    """The routes about reports."""

    @router.get("/reports", summary="Periods there is a report of, newest first")
    def reports(_viewer: Seen) -> list[PeriodAnswer]:
        return [
            PeriodAnswer(id=one.id, kind=one.kind.value, first=one.first, last=one.last)
            for one in view.reports.offered()
        ]

    @router.get(
        "/reports/{period}", summary="The report of a period as a file", responses=NOT_MADE, response_class=Response
    )
    async def report(
        viewer: Seen,
        period: Annotated[str, Path(description="Id from /api/reports", examples=["2026-03"])],
        kind: Annotated[Format, Query(alias="format")] = "pdf",
        language: Annotated[Language, Query()] = "nb",
    ) -> Response:
        try:
            data = await view.reports.file(period, kind, language, rooms=viewer.sees_personal)
        except LookupError as error:
            raise HTTPException(404, f"no report of '{period}'; GET /api/reports lists them") from error
        except NoReport as error:
            raise HTTPException(409, str(error)) from error
        name = file_name(view.site.id, period, language, kind)
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(data, media_type=MEDIA_TYPES[kind], headers=headers)

    @router.get("/deviations", summary="Faults found in the last weeks, those that are closed as well")
    def deviations(_viewer: Seen) -> list[OpenDeviationAnswer]:
        told = view.reports.deviations()
        rows = told.found(closed=False) + told.found(closed=True)
        return [] if told.look is None else [_deviation(told.look, *row) for row in rows]

    @router.post("/deviations/{deviation}", summary="Close or note a deviation that reports tell of", responses=WRITES)
    async def handle(
        viewer: Operates,
        deviation: Annotated[str, Path(description="As reports name it", examples=["fault.cop_drift.hp1"])],
        asked: DeviationAsked,
    ) -> DeviationAnswer:
        try:
            view.reports.handle(viewer.name, deviation, asked.state, asked.words.strip())
        except LookupError as error:
            raise HTTPException(404, f"no deviation '{deviation}' is looked for here") from error
        return DeviationAnswer(id=deviation, state=asked.state, by=viewer.name)


def _deviation(look: Look, name: str, finding: Finding, handled: Handled | None) -> OpenDeviationAnswer:
    state: DeviationState = "open" if handled is None else "closed" if handled.closed else "noted"
    return OpenDeviationAnswer(
        id=name,
        kind=finding.kind.value,
        asset=finding.asset,
        size=finding.size.value,
        unit=finding.unit,
        confidence=finding.confidence,
        nok_per_year=finding.nok_per_year.value,
        evidence=dict(finding.evidence),
        looked_from=look.first,
        looked_until=look.last,
        state=state,
        by=handled.by if handled else None,
        on=handled.on if handled else None,
        words=handled.words if handled else None,
    )
