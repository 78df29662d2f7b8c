"""The part of the JSON API by which people note that a meter was exchanged. Every change is in the audit."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends

from dashboards.access import Right, Viewer
from dashboards.answers.meter import EXCHANGE, ExchangeAnswer, ExchangeAsked, TakeBackAsked
from dashboards.answers.site import WRITES
from dashboards.api.desk import PointId, outcome
from dashboards.needs import needs
from dashboards.ports.meter import ExchangeView
from dashboards.ports.view import SiteView
from models.site import Site

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
Configures = Annotated[Viewer, Depends(needs(Right.CONFIGURE))]


def _example(example: Any) -> Mapping[str, Any]:
    return {"content": {"application/json": {"example": example}}}


LISTED: Final[dict[int | str, dict[str, Any]]] = {200: dict(_example([EXCHANGE]))}
NOTED: Final[dict[int | str, dict[str, Any]]] = {**WRITES, 201: dict(_example(EXCHANGE))}


def add_meters(router: APIRouter, view: SiteView) -> None:
    """The routes of meters that are exchanged."""

    @router.get("/exchanges", summary="Exchanges of meters that were noted and count, newest first", responses=LISTED)
    async def exchanges(_viewer: Seen) -> list[ExchangeAnswer]:
        return [_answer(view.site, one) for one in view.meters.exchanges()]

    @router.post(
        "/points/{point_id}/exchanges",
        summary="A meter was exchanged; in the place of what was noted of it within six hours",
        responses=NOTED,
        status_code=201,
    )
    async def note(point_id: PointId, asked: ExchangeAsked, viewer: Configures) -> ExchangeAnswer:
        noted = view.meters.note(point_id, asked.at, asked.last, asked.first, asked.reason, viewer.name)
        return _answer(view.site, await outcome(view.site, noted))

    @router.post(
        "/points/{point_id}/exchanges/take-back",
        summary="A meter was not exchanged, after all",
        responses=WRITES,
        status_code=204,
    )
    async def take_back(point_id: PointId, asked: TakeBackAsked, viewer: Configures) -> None:
        await outcome(view.site, view.meters.take_back(point_id, asked.at, asked.reason, viewer.name))


def _answer(site: Site, one: ExchangeView) -> ExchangeAnswer:
    point = site.points.get(one.point)
    return ExchangeAnswer(
        point=one.point,
        at=one.at,
        last=one.last,
        first=one.first,
        unit="" if point is None else point.spec.shown_unit.value,
        who=one.who,
        told_at=one.told_at,
        why=one.why,
    )
