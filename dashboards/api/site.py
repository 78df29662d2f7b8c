"""The JSON API: everything the site's view knows, read-only, described by OpenAPI."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import AwareDatetime, BeforeValidator

from dashboards.access import Viewer
from dashboards.answers.site import (
    AlarmAnswer,
    ComponentAnswer,
    DeviceAnswer,
    EventAnswer,
    Fault,
    HealthAnswer,
    HeldAnswer,
    PointAnswer,
    PriceAnswer,
    RoomAnswer,
    SeriesAnswer,
    SiteAnswer,
    ZoneAnswer,
)
from dashboards.api.alarms import add_alarms
from dashboards.api.desk import add_desk
from dashboards.api.house import add_house
from dashboards.api.insight import add_insight
from dashboards.api.meters import add_meters
from dashboards.api.night import add_night
from dashboards.api.plan import add_plan
from dashboards.api.reports import add_reports
from dashboards.api.water_file import add_water_file
from dashboards.components import components
from dashboards.needs import current_viewer
from dashboards.ports.view import SiteView
from dashboards.reading import (
    alarm_answer,
    event_answer,
    held_answer,
    point_answer,
    seen_events,
)

LONGEST: Final = timedelta(days=400)
REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"model": Fault, "description": "Not let in"},
    421: {"model": Fault, "description": "Called by a host name that is not this machine's"},
}
Seen = Annotated[Viewer, Depends(current_viewer)]
PointId = Annotated[str, Path(description="Id from /api/points", examples=["hp1.supply_temp_degc"])]
RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def _written_out(when: object) -> object:
    """Refuse what pydantic would take for a time besides RFC 3339, such as a bare number."""
    if not isinstance(when, str) or not RFC_3339.fullmatch(when):
        raise ValueError("write it as 2025-01-31T12:00:00Z")
    return when


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out)]


def api_router(view: SiteView) -> APIRouter:
    """The routes under /api."""
    router = APIRouter(prefix="/api", responses=REFUSED, dependencies=[Depends(current_viewer)])
    _add_now(router, view)
    _add_past(router, view)
    add_plan(router, view)
    add_night(router, view)
    add_insight(router, view)
    add_reports(router, view)
    add_water_file(router, view)
    add_house(router, view)
    add_desk(router, view)
    add_meters(router, view)
    add_alarms(router, view)
    return router


def _add_now(router: APIRouter, view: SiteView) -> None:
    parts = components(view.site)

    @router.get("/points", summary="Every point as it is now")
    async def points() -> list[PointAnswer]:
        return [point_answer(view.site, point) for point in view.points()]

    @router.get("/health", summary="Each driver and feed, the record, the loop, and each target that is fed")
    async def health() -> list[HealthAnswer]:
        return [
            HealthAnswer(name=h.name, kind=h.kind, state=h.state, age_s=h.age_s, detail=h.detail) for h in view.health()
        ]

    @router.get("/alarms", summary="Active alarms, newest first")
    async def alarms() -> list[AlarmAnswer]:
        return [alarm_answer(view.site, alarm) for alarm in view.alarms()]

    @router.get("/held", summary="Commands in force, with their reasons")
    async def held() -> list[HeldAnswer]:
        return [held_answer(view.site, command) for command in view.held()]

    @router.get("/prices", summary="Electricity prices known now")
    async def prices() -> PriceAnswer:
        known = view.prices()
        if known is None:
            return PriceAnswer(source=None, synthetic=False, starts=[], nok_per_kwh=[])
        return PriceAnswer(
            source=known.source,
            synthetic=known.synthetic,
            starts=list(known.starts),
            nok_per_kwh=list(known.nok_per_kwh),
        )

    @router.get("/site", summary="The site, its clock and the parts of its plant")
    async def site() -> SiteAnswer:
        described = view.site
        return SiteAnswer(
            id=described.id,
            name=described.name,
            now=view.now(),
            time_zone=described.place.time_zone,
            speed=view.speed,
            demo=view.demo,
            zones=[
                ZoneAnswer(
                    id=zone.id,
                    name=zone.name,
                    kind=zone.kind.value,
                    rooms=[RoomAnswer(id=room.id, name=room.name) for room in zone.rooms],
                )
                for zone in described.zones
            ],
            components=[
                ComponentAnswer(
                    id=part.id,
                    kind=part.kind.value,
                    name=part.name,
                    devices=list(part.devices),
                    shown=[shown.points[0] for shown in part.shown],
                )
                for part in parts.values()
            ],
            devices=[
                DeviceAnswer(id=d.id, label=d.label, system=d.system, connection=d.connection)
                for d in described.devices
            ],
        )


def _add_past(router: APIRouter, view: SiteView) -> None:
    @router.get(
        "/points/{point_id}/history",
        summary="Time-weighted history of one point in even buckets",
        responses={404: {"model": Fault}, 409: {"model": Fault, "description": "No period"}},
    )
    async def history(
        point_id: PointId,
        hours: Annotated[float, Query(gt=0, le=LONGEST.total_seconds() / 3600, description="Length [h]")] = 24.0,
        buckets: Annotated[int, Query(ge=1, le=2000)] = 288,
        start: Annotated[Instant | None, Query(alias="from", description="Begin")] = None,
        end: Annotated[Instant | None, Query(alias="to", description="End; now when nothing says otherwise")] = None,
    ) -> SeriesAnswer:
        if point_id not in view.site.points:
            raise HTTPException(404, f"no point '{point_id}'; GET /api/points lists them")
        first, last = _period(start, end, timedelta(hours=hours), view.now())
        series = await view.history(point_id, first, last, buckets)
        return SeriesAnswer(
            point=series.point,
            unit=series.unit,
            start=series.start,
            bucket_s=series.bucket_s,
            mean=list(series.mean),
            minimum=list(series.minimum),
            maximum=list(series.maximum),
        )

    @router.get("/events", summary="Latest events, newest first")
    async def events(viewer: Seen, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[EventAnswer]:
        found = [event_answer(view.site, event) for event in await view.events(limit)]
        return seen_events(found, viewer)


def _period(
    start: datetime | None, end: datetime | None, length: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """Begin and end of what is asked for; 409 when that is no period of at most 400 days in the years we can count."""
    try:
        last = end or (start + length if start else now)
        first = start or last - length
        first, last = first.astimezone(UTC), last.astimezone(UTC)
    except OverflowError as error:
        raise HTTPException(409, "the period leaves the calendar") from error
    if not timedelta(0) < last - first <= LONGEST:
        raise HTTPException(409, f"'from' must be before 'to', by at most {LONGEST.days} days")
    return first, last
