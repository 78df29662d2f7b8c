"""The part of the JSON API behind the legionella file: what is due, what was written, and new entries."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from dashboards.access import Right, Viewer
from dashboards.answers.site import WRITES
from dashboards.answers.water_file import (
    DeviationAnswer,
    DeviationAsked,
    DoneAsked,
    DueAnswer,
    EntryAnswer,
    FileAnswer,
    PlaceAnswer,
    ReadingAsked,
    ResultAsked,
    WordsAsked,
)
from dashboards.api.desk import fault
from dashboards.needs import needs
from dashboards.ports.desk import Refused
from dashboards.ports.view import SiteView
from dashboards.water_file_words import fact_said
from models.profile import Text
from models.site import Site
from models.water_facts import (
    AnyFact,
    Closing,
    Deviation,
    Done,
    Due,
    Entry,
    OpenOrClosed,
    Reading,
    Result,
    Striking,
    WaterFile,
    verdict,
)

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
Notes = Annotated[Viewer, Depends(needs(Right.NOTE_WATER))]
Operates = Annotated[Viewer, Depends(needs(Right.OPERATE))]
Number = Annotated[int, Path(description="Of an entry in GET /api/water/file", examples=[17], ge=1)]


def add_water_file(router: APIRouter, view: SiteView) -> None:
    """The routes of the legionella file."""

    @router.get("/water/file", summary="The legionella file: places, what is due, deviations, the newest entries")
    async def file(_viewer: Seen, limit: Annotated[int, Query(ge=1, le=5000)] = 200) -> FileAnswer:
        return file_answer(view.site, view.water_file.file(), view.now(), limit)

    _add_notes(router, view)
    _add_for_operators(router, view)


async def _entered(view: SiteView, fact: AnyFact, viewer: Viewer, corrects: int | None = None) -> EntryAnswer:
    try:
        entry = await view.water_file.enter(fact, viewer.name, corrects)
    except Refused as refused:
        raise fault(view.site, refused) from refused
    return entry_answer(view.site, view.water_file.file(), entry)


def _add_notes(router: APIRouter, view: SiteView) -> None:
    @router.post("/water/readings", summary="Enter a temperature at a tap", responses=WRITES, status_code=201)
    async def reading(asked: ReadingAsked, viewer: Notes) -> EntryAnswer:
        fact = Reading(
            place=asked.place,
            at=asked.at or view.now(),
            water=asked.water,
            temp_degc=asked.temp_degc,
            after_s=asked.after_s,
            note=asked.note,
        )
        return await _entered(view, fact, viewer, asked.corrects)

    @router.post("/water/done", summary="A place was flushed or cleaned", responses=WRITES, status_code=201)
    async def done(asked: DoneAsked, viewer: Notes) -> EntryAnswer:
        at = asked.at or view.now()
        fact = Done(place=asked.place, at=at, work=asked.work, minutes=asked.minutes, note=asked.note)
        return await _entered(view, fact, viewer, asked.corrects)


def _add_for_operators(router: APIRouter, view: SiteView) -> None:
    @router.post("/water/results", summary="Enter what a laboratory found", responses=WRITES, status_code=201)
    async def result(asked: ResultAsked, viewer: Operates) -> EntryAnswer:
        fact = Result(**asked.model_dump(exclude={"corrects"}))
        return await _entered(view, fact, viewer, asked.corrects)

    @router.post("/water/deviations", summary="Open a deviation", responses=WRITES, status_code=201)
    async def deviation(asked: DeviationAsked, viewer: Operates) -> EntryAnswer:
        return await _entered(view, Deviation(place=asked.place, at=view.now(), text=asked.text), viewer)

    @router.post(
        "/water/deviations/{number}/closing",
        summary="Close a deviation by name, with what was done",
        responses=WRITES,
        status_code=201,
    )
    async def closing(number: Number, asked: WordsAsked, viewer: Operates) -> EntryAnswer:
        return await _entered(view, Closing(deviation=number, at=view.now(), text=asked.text), viewer)

    @router.post(
        "/water/entries/{number}/striking",
        summary="An entry was a mistake: it stays to be read, but does not count",
        responses=WRITES,
        status_code=201,
    )
    async def striking(number: Number, asked: WordsAsked, viewer: Operates) -> EntryAnswer:
        return await _entered(view, Striking(entry=number, at=view.now(), text=asked.text), viewer)


def file_answer(site: Site, file: WaterFile, now: datetime, limit: int) -> FileAnswer:
    """The file, with its newest entries."""
    due = file.due(site.legionella)
    return FileAnswer(
        responsible=site.legionella.responsible,
        risk_assessment=site.legionella.risk_assessment,
        risk_assessment_at=site.legionella.risk_assessment_at,
        places=[
            PlaceAnswer(
                id=place.id,
                name=place.name,
                kind=place.kind,
                loop=place.loop,
                mixed_degc=place.mixed_degc,
                due=[_due_answer(one, now) for one in due if one.place.id == place.id],
            )
            for place in site.legionella.places
        ],
        deviations=[_deviation_answer(site, file, one) for one in file.deviations()],
        entries=[entry_answer(site, file, entry) for entry in file.entries[: -limit - 1 : -1]],
        entries_in_all=len(file.entries),
    )


def _due_answer(one: Due, now: datetime) -> DueAnswer:
    return DueAnswer(
        work=one.work,
        every_days=one.place.every_days[one.work],
        last_at=None if one.last is None else one.last.fact.at,
        last_by=None if one.last is None else one.last.who,
        due_at=one.due_at,
        is_due=one.is_due(now),
    )


def entry_answer(site: Site, file: WaterFile, entry: Entry) -> EntryAnswer:
    """One entry, with what has become of it."""
    instead, struck = file.corrected.get(entry.number), file.struck.get(entry.number)
    return EntryAnswer(
        number=entry.number,
        entered_at=entry.entered_at,
        who=entry.who,
        at=entry.fact.at,
        what=entry.fact.what,
        place=getattr(entry.fact, "place", None),
        text=_in_both(site, entry.fact, file),
        verdict=verdict(entry.fact, site.legionella, site.hygiene),
        corrects=entry.corrects,
        corrected_by=None if instead is None else instead.number,
        struck_by=None if struck is None else struck.number,
        fact=entry.fact.model_dump(mode="json"),
    )


def _deviation_answer(site: Site, file: WaterFile, one: OpenOrClosed) -> DeviationAnswer:
    closing = one.closing
    return DeviationAnswer(
        number=one.entry.number,
        place=one.deviation.place,
        opened_at=one.entry.entered_at,
        opened_by=one.entry.who,
        text=_in_both(site, one.deviation, file),
        closed_at=None if closing is None else closing.entered_at,
        closed_by=None if closing is None else closing.who,
        done=closing.fact.text if closing is not None and isinstance(closing.fact, Closing) else None,
    )


def _in_both(site: Site, fact: AnyFact, file: WaterFile) -> Text:
    return Text(nb=fact_said(site, fact, "nb", file), en=fact_said(site, fact, "en", file))
