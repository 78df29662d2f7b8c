"""The part of the JSON API by which people take over, give back and change settings. Every change is in the audit."""

from collections.abc import Awaitable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Path

from dashboards.access import Right, Viewer
from dashboards.answers.desk import (
    ComfortAnswer,
    ComfortAsked,
    DeviceHealthAnswer,
    DisplacedAnswer,
    GivenBackAnswer,
    HolidayAnswer,
    HolidayAsked,
    ModeAnswer,
    ModeAsked,
    PreviewAnswer,
    PreviewAsked,
    PromotionAnswer,
    PromotionAsked,
    TakeAsked,
    TakenAnswer,
    TariffAnswer,
    TariffAsked,
)
from dashboards.answers.site import WRITES
from dashboards.api.plan import said_answer
from dashboards.needs import needs
from dashboards.ports.desk import Desk, DisplacedView, HolidayView, Person, PreviewView, Refused, TakenView
from dashboards.ports.view import SiteView
from dashboards.said import day_and_clock, plain_number
from dashboards.words import LANGUAGES, Language, said, texts
from models.signals import Reason
from models.site import Site

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
Rooms = Annotated[Viewer, Depends(needs(Right.SET_ROOMS))]
Configures = Annotated[Viewer, Depends(needs(Right.CONFIGURE))]
Operates = Annotated[Viewer, Depends(needs(Right.OPERATE))]
PointId = Annotated[str, Path(description="Id from /api/points", examples=["a1.setpoint_degc"])]
PlaceId = Annotated[str, Path(description="Id of a room or zone", examples=["a1"])]
HolidayId = Annotated[str, Path(description="Id from /api/holidays", examples=["2026-12-24-1"])]
T = TypeVar("T")


def add_desk(router: APIRouter, view: SiteView) -> None:
    """The routes of the operators' desk."""
    _add_points(router, view.site, view.desk)
    _add_house(router, view.desk)
    _add_comfort(router, view)
    _add_promotion(router, view.desk)
    _add_devices(router, view)


def _person(viewer: Viewer, right: Right) -> Person:
    """Who asks; without the right, only for rooms."""
    return Person(viewer.name, rooms_only=not viewer.may(right))


def fault(site: Site, refused: Refused) -> HTTPException:
    """409 with the reason in both languages."""
    halves = []
    for language in LANGUAGES:
        facts = {
            name: said(site, fact, language) if isinstance(fact, Reason) else _plain(fact, language)
            for name, fact in refused.facts.items()
        }
        halves.append(texts(language)[f"desk_refused.{refused.key}"].format_map(facts))
    return HTTPException(409, " / ".join(halves))


def _plain(fact: object, language: Language) -> object:
    if isinstance(fact, datetime):
        return day_and_clock(fact, language)
    return plain_number(fact, language) if isinstance(fact, float) else fact


async def outcome(site: Site, act: Awaitable[T]) -> T:
    """What came of a change; 409 with the reason, 404 for what there is not."""
    try:
        return await act
    except Refused as refused:
        raise fault(site, refused) from refused
    except KeyError as error:
        raise HTTPException(404, f"there is no {error}") from error


def _add_points(router: APIRouter, site: Site, desk: Desk) -> None:
    @router.get("/taken", summary="Points that people have taken over, the first to be given back first")
    async def taken(_viewer: Seen) -> list[TakenAnswer]:
        return [_taken_answer(site, one) for one in desk.taken()]

    @router.post(
        "/points/{point_id}/preview",
        summary="What taking a point over would do: the guard's word, the cost, who has to wait",
        responses=WRITES,
    )
    async def preview(point_id: PointId, asked: PreviewAsked, viewer: Rooms) -> PreviewAnswer:
        async def looked() -> PreviewView:
            return desk.preview(point_id, asked.value, asked.minutes, _person(viewer, Right.OPERATE))

        return _preview_answer(site, await outcome(site, looked()))

    @router.put("/points/{point_id}/taken", summary="Take a point over until then at the latest", responses=WRITES)
    async def take(point_id: PointId, asked: TakeAsked, viewer: Rooms) -> TakenAnswer:
        who = _person(viewer, Right.OPERATE)
        done = desk.take(point_id, asked.value, asked.minutes, asked.reason, who)
        return _taken_answer(site, await outcome(site, done))

    @router.delete("/points/{point_id}/taken", summary="Give a point back", responses=WRITES)
    async def give_back(point_id: PointId, viewer: Rooms) -> GivenBackAnswer:
        found = await outcome(site, desk.give_back([point_id], _person(viewer, Right.OPERATE)))
        if not found:
            raise HTTPException(404, "nobody has taken this point over")
        return GivenBackAnswer(points=list(found))

    @router.delete("/taken", summary="Give every point back", responses=WRITES)
    async def give_back_all(viewer: Rooms) -> GivenBackAnswer:
        found = await outcome(site, desk.give_back(None, _person(viewer, Right.OPERATE)))
        return GivenBackAnswer(points=list(found))


def _add_house(router: APIRouter, desk: Desk) -> None:
    @router.get("/mode", summary="How the house is run, by whom, until when")
    async def mode(_viewer: Seen) -> ModeAnswer:
        return ModeAnswer.model_validate(asdict(desk.mode()))

    @router.put("/mode", summary="Run the house otherwise, from now until then", responses=WRITES)
    async def set_mode(asked: ModeAsked, viewer: Operates) -> ModeAnswer:
        done = desk.set_mode(asked.mode, asked.until, asked.reason, _person(viewer, Right.OPERATE))
        return ModeAnswer.model_validate(asdict(await outcome(desk.site, done)))

    @router.get("/holidays", summary="Days on which nobody is expected")
    async def holidays(_viewer: Seen) -> list[HolidayAnswer]:
        return [HolidayAnswer.model_validate(asdict(one)) for one in desk.holidays()]

    @router.post("/holidays", summary="Nobody is expected on these days", responses=WRITES, status_code=201)
    async def add_holiday(asked: HolidayAsked, viewer: Configures) -> HolidayAnswer:
        who = _person(viewer, Right.CONFIGURE)

        async def added() -> HolidayView:
            return await desk.add_holiday(_wall(asked.start), _wall(asked.until), asked.zones, asked.note, who)

        return HolidayAnswer.model_validate(asdict(await outcome(desk.site, added())))

    @router.delete("/holidays/{holiday_id}", summary="Not after all", responses=WRITES, status_code=204)
    async def drop_holiday(holiday_id: HolidayId, viewer: Configures) -> None:
        await outcome(desk.site, desk.drop_holiday(holiday_id, _person(viewer, Right.CONFIGURE)))

    @router.get("/tariff", summary="The contract that is reckoned with, and those there are")
    async def tariff(_viewer: Seen) -> TariffAnswer:
        return TariffAnswer.model_validate(asdict(desk.tariff()))

    @router.put("/tariff", summary="Reckon with another contract", responses=WRITES)
    async def choose_tariff(asked: TariffAsked, viewer: Configures) -> TariffAnswer:
        done = desk.choose_tariff(asked.name, _person(viewer, Right.CONFIGURE))
        return TariffAnswer.model_validate(asdict(await outcome(desk.site, done)))


def _wall(text: str) -> datetime:
    """A moment by the clock on the wall; Refused for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("no_time", text=text) from error
    if found.tzinfo is not None:
        raise Refused("no_time", text=text)
    return found


def _add_comfort(router: APIRouter, view: SiteView) -> None:
    desk = view.desk

    @router.get("/setpoints", summary="Set points of zones and, for who may see them, residents' rooms")
    async def comfort(_viewer: Seen) -> list[ComfortAnswer]:
        return [ComfortAnswer.model_validate(asdict(one)) for one in desk.comfort()]

    @router.put("/setpoints/{place_id}", summary="Other set points for a room or zone", responses=WRITES)
    async def set_comfort(place_id: PlaceId, asked: ComfortAsked, viewer: Rooms) -> ComfortAnswer:
        who = _person(viewer, Right.CONFIGURE)
        done = desk.set_comfort(place_id, asked.degc, asked.setback_degc, asked.until, asked.reason, who)
        return ComfortAnswer.model_validate(asdict(await outcome(view.site, done)))


def _add_promotion(router: APIRouter, desk: Desk) -> None:
    @router.get("/promotion", summary="What the optimiser may do, by whom, and what the site file says")
    async def promotion(_viewer: Seen) -> PromotionAnswer:
        return PromotionAnswer.model_validate(asdict(desk.promotion()))

    @router.put("/promotion", summary="Shadow or on, which assets and zones follow the plans", responses=WRITES)
    async def promote(asked: PromotionAsked, viewer: Operates) -> PromotionAnswer:
        who = _person(viewer, Right.OPERATE)
        done = desk.promote(asked.optimiser, asked.rules, asked.promoted, asked.zones_by_rules, asked.reason, who)
        return PromotionAnswer.model_validate(asdict(await outcome(desk.site, done)))

    @router.delete("/promotion", summary="The site file's word counts again", responses=WRITES)
    async def give_back(viewer: Operates) -> PromotionAnswer:
        done = desk.give_promotion_back(_person(viewer, Right.OPERATE))
        return PromotionAnswer.model_validate(asdict(await outcome(desk.site, done)))


def _add_devices(router: APIRouter, view: SiteView) -> None:
    @router.get("/devices", summary="Every device: whether it is heard, what is spent on writes, who holds what")
    async def devices(_viewer: Seen) -> list[DeviceHealthAnswer]:
        found = []
        for one in view.desk.devices():
            said = asdict(one)
            for writable in said["writable"]:
                writable["states"] = view.site.points[writable["point"]].spec.states
            found.append(DeviceHealthAnswer.model_validate(said))
        return found


def _taken_answer(site: Site, one: TakenView) -> TakenAnswer:
    spec = site.points[one.point].spec
    return TakenAnswer(
        point=one.point,
        label=spec.label,
        value=one.value,
        given=one.given,
        unit=spec.shown_unit.value,
        verdict=None if one.verdict is None else said_answer(site, one.verdict),
        order=asdict(one.order),  # type: ignore[arg-type]  # checked by pydantic
    )


def _displaced_answer(site: Site, one: DisplacedView) -> DisplacedAnswer:
    return DisplacedAnswer(
        source=one.source, priority=one.priority, value=one.value, reason=said_answer(site, one.reason)
    )


def _preview_answer(site: Site, one: PreviewView) -> PreviewAnswer:
    return PreviewAnswer(
        point=one.point,
        value=one.value,
        given=one.given,
        verdict=None if one.verdict is None else said_answer(site, one.verdict),
        now=one.now,
        until=one.until,
        displaced=[_displaced_answer(site, other) for other in one.displaced],
        safety=None if one.safety is None else _displaced_answer(site, one.safety),
        cost=asdict(one.cost),  # type: ignore[arg-type]  # likewise
        writes_today=one.writes_today,
        daily_budget=one.daily_budget,
    )
