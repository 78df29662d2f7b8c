"""The part of the JSON API that tells about the house: comfort of rooms, the log, function descriptions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter, Depends, Query
from pydantic import ConfigDict, Field

from dashboards.access import Right, Viewer
from dashboards.answers.site import Answer
from dashboards.log_words import log_text, named_subject, vars_of, who_did
from dashboards.needs import needs
from dashboards.ports.function import FunctionView, Origin
from dashboards.ports.house import LogEntryView, LogGroup
from dashboards.ports.view import SiteView
from dashboards.reading import event_answer, seen_events
from dashboards.words import LANGUAGES
from models.profile import Text

Seen = Annotated[Viewer, Depends(needs(Right.SEE))]
ALL_GROUPS: Final[tuple[LogGroup, ...]] = get_args(LogGroup)
MOST_ENTRIES: Final = 1000


class SpaceAnswer(Answer):
    """One room or zone since midnight; minutes are of the time for which its temperature is known."""

    space: str
    resident: bool
    low_degc: float = Field(description="The band it is to be within now")
    high_degc: float
    below_min: float
    above_min: float
    known_min: float


class ComfortAnswer(Answer):
    """Rooms and zones that somebody is in, since local midnight."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "since": "2025-01-14T23:00:00Z", "until": "2025-01-15T06:00:00Z",
                    "spaces": [
                        {
                            "space": "c4", "resident": True, "low_degc": 21.0, "high_degc": 24.0, "below_min": 95.0,
                            "above_min": 0.0, "known_min": 420.0,
                        }
                    ],
                }
            ]
        }
    )  # fmt: skip

    since: datetime
    until: datetime
    spaces: list[SpaceAnswer]


class LogEntryAnswer(Answer):
    """Something that happened or was changed; who, before, after and reason where a person changed something."""

    at: datetime
    group: LogGroup
    kind: str
    subject: str
    about: Text = Field(description="The subject by the name people use")
    who: str | None
    text: Text
    before: Any = None
    after: Any = None
    reason: str | None = None


class SetPointAnswer(Answer):
    """A number that decides, and where it is set."""

    name: Text
    value: Text
    origin: Origin
    point: str | None


class FallAnswer(Answer):
    """What points are when nobody holds them, and how they come there."""

    name: Text
    points: list[str]
    to: Text
    how: Text


class FunctionAnswer(Answer):
    """The function description of one system."""

    system: str = Field(description="First digits of its tags (NS 3451)")
    title: Text
    purpose: list[Text]
    sequence: list[Text]
    set_points: list[SetPointAnswer]
    interlocks: list[Text]
    failures: list[Text]
    alarms: list[str] = Field(description="Points that raise an alarm by themselves")
    duties: list[Text]
    restart: list[Text]
    falls: list[FallAnswer]


def add_house(router: APIRouter, view: SiteView) -> None:
    """Its routes."""

    @router.get("/comfort", summary="Comfort of rooms and zones since midnight")
    async def comfort() -> ComfortAnswer:
        found = await view.house.comfort()
        spaces = [
            SpaceAnswer(
                space=one.space,
                resident=one.resident,
                low_degc=one.low_degc,
                high_degc=one.high_degc,
                below_min=one.below_min,
                above_min=one.above_min,
                known_min=one.known_min,
            )
            for one in found.spaces
        ]
        return ComfortAnswer(since=found.since, until=found.until, spaces=spaces)

    @router.get("/log", summary="Who changed what, and what happened, newest first")
    async def log(
        viewer: Seen,
        days: Annotated[float, Query(gt=0, le=400, description="Back from now")] = 7.0,
        group: Annotated[list[LogGroup], Query(description="Only these; all of them when none is named")] = [],  # noqa: B006  # FastAPI copies it
        limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 200,
    ) -> list[LogEntryAnswer]:
        now = view.now()
        groups = [one for one in ALL_GROUPS if not group or one in group]
        found = await view.house.log(now - timedelta(days=days), now + timedelta(days=1), groups, limit)
        return [_entry(view, one) for one in found if seen_events([event_answer(view.site, vars_of(one))], viewer)]

    @router.get("/functions", summary="Function descriptions of all systems")
    async def functions() -> list[FunctionAnswer]:
        return [_function(one) for one in view.house.functions()]


def _entry(view: SiteView, entry: LogEntryView) -> LogEntryAnswer:
    data: Mapping[str, Any] = entry.data if entry.group == "people" else {}
    reason = data.get("reason")
    return LogEntryAnswer(
        at=entry.at,
        group=entry.group,
        kind=entry.kind,
        subject=entry.subject,
        about=Text(**{language: named_subject(view.site, entry.subject, language) for language in LANGUAGES}),
        who=who_did(entry),
        text=Text(nb=log_text(view.site, entry, "nb"), en=log_text(view.site, entry, "en")),
        before=data.get("before"),
        after=data.get("after"),
        reason=str(reason) if reason else None,
    )


def _function(of: FunctionView) -> FunctionAnswer:
    return FunctionAnswer(
        system=of.system,
        title=of.title,
        purpose=list(of.purpose),
        sequence=list(of.sequence),
        set_points=[
            SetPointAnswer(name=one.name, value=one.value, origin=one.origin, point=one.point) for one in of.set_points
        ],
        interlocks=list(of.interlocks),
        failures=list(of.failures),
        alarms=list(of.alarms),
        duties=list(of.duties),
        restart=list(of.restart),
        falls=[FallAnswer(name=one.name, points=list(one.points), to=one.to, how=one.how) for one in of.falls],
    )
