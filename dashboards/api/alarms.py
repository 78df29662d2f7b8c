"""The part of the JSON API about alarms: the list, what to do, what was done, and how well the alarms serve people."""

from collections.abc import Awaitable
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path

from dashboards.access import Right, Viewer
from dashboards.answers.alarm import (
    ActAnswer,
    ActAsked,
    AlarmFiguresAnswer,
    AlarmListAnswer,
    AlarmRowAnswer,
    BadActorAnswer,
    DutyAnswer,
    FloodAnswer,
    KnownAlarmAnswer,
    MarkAnswer,
    ServiceAsked,
    SheetAnswer,
)
from dashboards.answers.site import WRITES
from dashboards.needs import needs
from dashboards.ports.alarm import ActRefused, AlarmRow, AlarmStateName, AlarmVerb, MarkView
from dashboards.ports.view import SiteView
from dashboards.words import said_in_both, texts
from models.alarming import Sheet
from models.site import Site

Sees = Annotated[Viewer, Depends(needs(Right.SEE))]
Acknowledges = Annotated[Viewer, Depends(needs(Right.ACKNOWLEDGE))]
Configures = Annotated[Viewer, Depends(needs(Right.CONFIGURE))]
AlarmId = Annotated[str, Path(description="Id from /api/alarms/list", examples=["connection.mb_heat"])]


def add_alarms(router: APIRouter, view: SiteView) -> None:
    """The routes of alarm management."""
    _add_reading(router, view)
    _add_acts(router, view)


def _add_reading(router: APIRouter, view: SiteView) -> None:
    site = view.site

    @router.get("/alarms/list", summary="Every alarm that is not normal, by cause, with what to do")
    async def listed(_viewer: Sees) -> AlarmListAnswer:
        return alarm_list(view)

    @router.get("/alarms/known", summary="The rationalised list: every alarm that can be raised here")
    async def known(_viewer: Sees) -> list[KnownAlarmAnswer]:
        return [
            KnownAlarmAnswer(
                id=one.id,
                severity=one.sheet.severity,
                text=said_in_both(site, one.text),
                tag=one.tag,
                out_of_service=one.out_of_service,
                sheet=_sheet(one.sheet),
            )
            for one in view.alarm_desk.known()
        ]

    @router.get("/alarms/figures", summary="Rates, floods, alarms that chatter or stand")
    async def figures(_viewer: Sees) -> AlarmFiguresAnswer:
        found = await view.alarm_desk.figures()
        often = [
            BadActorAnswer(id=bad.id, text=said_in_both(site, bad.text), times=bad.times, chattering=bad.chattering)
            for bad in found.often
        ]
        return AlarmFiguresAnswer(**{**asdict(found), "often": often})


def _add_acts(router: APIRouter, view: SiteView) -> None:
    @router.post("/alarms/{alarm}/act", summary="Acknowledge, shelve, unshelve or reset an alarm", responses=WRITES)
    async def act(viewer: Acknowledges, alarm: AlarmId, asked: ActAsked) -> ActAnswer:
        doing = view.alarm_desk.act(viewer.name, asked.do, alarm, asked.reason.strip(), asked.minutes)
        return ActAnswer(id=alarm, state=await _done(doing))

    @router.post("/alarms/{alarm}/service", summary="Take an alarm out of service, or put it back", responses=WRITES)
    async def service(viewer: Configures, alarm: AlarmId, asked: ServiceAsked) -> ActAnswer:
        verb: AlarmVerb = "take_out" if asked.out_of_service else "put_back"
        doing = view.alarm_desk.act(viewer.name, verb, alarm, asked.reason.strip(), None)
        return ActAnswer(id=alarm, state=await _done(doing))


async def _done(doing: Awaitable[AlarmStateName]) -> AlarmStateName:
    try:
        return await doing
    except KeyError as error:
        raise HTTPException(404, _both("alarm_act.unknown", {})) from error
    except ActRefused as refused:
        raise HTTPException(409, _both(refused.key, dict(refused.facts))) from refused


def _both(key: str, facts: dict[str, str]) -> str:
    return f"{texts('nb')[key].format(**facts)} / {texts('en')[key].format(**facts)}"


def alarm_list(view: SiteView) -> AlarmListAnswer:
    """The list as the API and the page give it."""
    desk = view.alarm_desk
    flood, duty = desk.flood(), desk.duty()
    return AlarmListAnswer(
        flood=None if flood is None else FloodAnswer(**asdict(flood)),
        duty=DutyAnswer(on_duty=[recipient.name for recipient in duty.on_duty], recipients=duty.recipients),
        alarms=[_row(view.site, row) for row in desk.rows()],
    )


def _row(site: Site, row: AlarmRow) -> AlarmRowAnswer:
    return AlarmRowAnswer(
        id=row.id,
        severity=row.severity,
        state=row.state,
        active=row.active,
        text=said_in_both(site, row.text),
        code=row.text.code,
        point=row.point,
        tag=row.tag,
        raised_at=row.raised_at,
        ended_at=row.ended_at,
        acknowledged=_mark(row.acknowledged),
        shelved=_mark(row.shelved),
        shelved_until=row.shelved_until,
        out_of_service=_mark(row.out_of_service),
        suppressed_by=row.suppressed_by,
        times=row.times,
        cause_id=row.cause,
        sheet=_sheet(row.sheet),
        shelve_choices_min=list(row.shelve_choices_min),
        can=list(row.can),
    )


def _mark(mark: MarkView | None) -> MarkAnswer | None:
    return None if mark is None else MarkAnswer(**asdict(mark))


def _sheet(sheet: Sheet) -> SheetAnswer:
    return SheetAnswer(
        cause=sheet.cause,
        consequence=sheet.consequence,
        steps=list(sheet.steps),
        respond_min=sheet.respond_min,
        delay_s=sheet.delay_s,
        clear_s=sheet.clear_s,
        latching=sheet.latching,
        acknowledge=sheet.acknowledge,
        suppressed_by=list(sheet.suppressed_by),
    )
