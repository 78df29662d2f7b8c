"""The part of the JSON API behind the pages plan, energy and water."""

from datetime import date, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Query

from dashboards.access import Right, Viewer
from dashboards.answers.insight_examples import ENERGY, LOOK_BACK, TIMELINE, WATER
from dashboards.answers.site import Fault
from dashboards.needs import needs
from dashboards.ports.energy import EnergyView
from dashboards.ports.timeline import LookBackView, TimelineView
from dashboards.ports.view import SiteView
from dashboards.ports.water import WaterView

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
NOT_THERE: Final[dict[int | str, dict[str, Any]]] = {404: {"model": Fault, "description": "The site has none"}}
MOST_BACK: Final = timedelta(days=3660)


def _answers(example: Any) -> dict[int | str, dict[str, Any]]:
    return {**NOT_THERE, 200: {"content": {"application/json": {"example": example}}}}


def add_insight(router: APIRouter, view: SiteView) -> None:
    """The routes about energy and money, hot water, and the plan on one time axis."""

    @router.get("/energy", summary="Energy and money: today, this month, the peak, savings", responses=_answers(ENERGY))
    async def energy(_viewer: Seen) -> EnergyView:
        found = await view.insight.energy()
        if found is None:
            raise HTTPException(404, "no meter of the connection counts energy")
        return found

    @router.get("/water", summary="Hot water: deadline, proof, minutes below limits", responses=_answers(WATER))
    async def water(_viewer: Seen) -> WaterView:
        found = await view.insight.water()
        if found is None:
            raise HTTPException(404, "the site has no hot water")
        return found

    @router.get(
        "/plan/timeline",
        summary="The newest plan with the hours before it; null without one",
        responses={200: _answers(TIMELINE)[200]},
    )
    async def timeline(_viewer: Seen) -> TimelineView | None:
        return await view.insight.timeline()

    @router.get(
        "/plan/look-back",
        summary="A day's plan against what happened",
        responses={**_answers(LOOK_BACK), 409: {"model": Fault, "description": "Not a day we can tell of"}},
    )
    async def look_back(
        _viewer: Seen,
        day: Annotated[date | None, Query(description="Local day; yesterday when it is not told")] = None,
    ) -> LookBackView:
        today = view.now().astimezone(view.site.zone_info).date()
        wanted = day or today - timedelta(days=1)
        if not timedelta() <= today - wanted <= MOST_BACK:
            raise HTTPException(409, "'day' must lie before today, by ten years at most")
        return await view.insight.look_back(wanted)
