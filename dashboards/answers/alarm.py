"""What the API asks for and answers about alarms."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from dashboards.answers.site import Answer
from dashboards.ports.alarm import AlarmStateName, AlarmVerb
from models.alarming import Severity
from models.profile import Text


class MarkAnswer(Answer):
    """Who did it, when (site time) and why."""

    who: str
    at: datetime
    reason: str


class SheetAnswer(Answer):
    """What is known of an alarm before it is raised."""

    cause: Text
    consequence: Text
    steps: list[Text]
    respond_min: float = Field(description="Time there is to act [min]")
    delay_s: float = Field(description="It must have stood for so long (site time) before it is raised")
    clear_s: float = Field(description="It must have been gone for so long before it has ended")
    latching: bool
    acknowledge: bool = Field(description="It stays until a person has seen it")
    suppressed_by: list[str]


class AlarmRowAnswer(Answer):
    """An alarm that is not normal."""

    id: str = Field(examples=["connection.mb_heat"])
    severity: Severity
    state: AlarmStateName
    active: bool
    text: Text
    code: str
    point: str | None
    tag: str | None = Field(description="TFM tag of what it is about")
    raised_at: datetime
    ended_at: datetime | None
    acknowledged: MarkAnswer | None
    shelved: MarkAnswer | None
    shelved_until: datetime | None
    out_of_service: MarkAnswer | None
    suppressed_by: str | None = Field(description="The alarm that explains it")
    times: int = Field(description="Raised since it came onto the list")
    cause_id: str = Field(description="The alarm that stands for it in a list by cause")
    sheet: SheetAnswer
    shelve_choices_min: list[int]
    can: list[AlarmVerb] = Field(description="What can be done to it now")


class FloodAnswer(Answer):
    """More alarms than people can follow."""

    since: datetime
    first: str
    in_ten_minutes: int


class DutyAnswer(Answer):
    """Who is told of alarms now."""

    on_duty: list[str] = Field(description="Names")
    recipients: int


class AlarmListAnswer(Answer):
    """Every alarm that is not normal, by cause, the most urgent first."""

    flood: FloodAnswer | None
    duty: DutyAnswer
    alarms: list[AlarmRowAnswer]


class KnownAlarmAnswer(Answer):
    """An entry of the rationalised list."""

    id: str
    severity: Severity
    text: Text
    tag: str | None
    out_of_service: bool
    sheet: SheetAnswer


class BadActorAnswer(Answer):
    """An alarm that comes often."""

    id: str
    text: Text
    times: int
    chattering: bool


class AlarmFiguresAnswer(Answer):
    """How well the alarms serve people, over seven days or as far as the record goes."""

    days: float
    raised: int
    per_day: float
    busiest_ten_minutes: int
    floods: int
    by_class: dict[Severity, int]
    standing: int
    standing_over_a_day: int
    shelved: int
    suppressed: int
    out_of_service: int
    often: list[BadActorAnswer]


class ActAsked(BaseModel):
    """What somebody wants to do to an alarm."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    do: Literal["acknowledge", "shelve", "unshelve", "reset"] = Field(examples=["acknowledge"])
    minutes: Literal[15, 60, 480, 1440] | None = Field(default=None, description="To shelve it for")
    reason: str = Field(default="", max_length=200, description="To shelve it: needed", examples=["Looking after it"])


class ServiceAsked(BaseModel):
    """An alarm is to be taken out of service, or put back."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    out_of_service: bool
    reason: str = Field(default="", max_length=200, description="Needed to take it out", examples=["Pump is replaced"])


class ActAnswer(Answer):
    """What has become of the alarm."""

    id: str
    state: AlarmStateName
