"""The rationalised list of alarms, who is told of them, and when: the `[[alarms]]` and `[alerts]` of a site file.

The system has a sheet for every kind of alarm it raises (`models/data/alarms.toml`); a site file writes what differs.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from models.assets import Day, Period
from models.field import Id, Strict
from models.profile import Text

Severity = Literal["A", "B", "C"]
DAYS: Final = get_args(Day)
EnvName = Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]*$")]
ON_DUTY: Final = "on_duty"
"""Stands among the recipients of a step for whoever the roster names at that time."""


class AlarmRule(Strict):
    """One entry of `[[alarms]]`: what is known of all alarms whose id matches. What is left out stays as it was."""

    match: str = Field(min_length=1, examples=["point.boiler.fault", "connection.*"])
    """Id of the alarm; `*` stands for any text."""
    severity: Severity | None = None
    """Class: A needs a person at once, B on the next working day, C when there is time."""
    cause: Text | None = None
    """Probable causes, the most likely one first."""
    consequence: Text | None = None
    """What happens when nobody does anything."""
    steps: tuple[Text, ...] | None = None
    """What to do, in this order."""
    respond_min: float | None = Field(default=None, gt=0)
    """Time there is to act."""
    delay_s: float | None = Field(default=None, ge=0, le=86400)
    """So long it must have stood (site time) before it is raised."""
    clear_s: float | None = Field(default=None, ge=0, le=86400)
    """So long it must have been gone (site time) before it has ended; against alarms that chatter."""
    latching: bool | None = None
    """It stays, when it has ended, until a person resets it."""
    acknowledge: bool | None = None
    """It stays, when it has ended, until a person has seen it."""
    suppressed_by: tuple[str, ...] | None = None
    """Alarms that explain this one, so that it is not shown beside them: ids with `*`, `{device}`, `{connection}`."""
    tag: str | None = None
    """TFM tag, where the point's or the device's own is not meant."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is known of one alarm before it is ever raised."""

    severity: Severity
    cause: Text
    consequence: Text
    steps: tuple[Text, ...]
    respond_min: float
    delay_s: float
    clear_s: float
    latching: bool
    acknowledge: bool
    suppressed_by: tuple[str, ...]
    tag: str | None


@cache
def built_in() -> tuple[AlarmRule, ...]:
    """The system's own list, from the general to the particular."""
    raw = tomllib.loads(resources.files("models").joinpath("data", "alarms.toml").read_text("utf-8"))
    return tuple(AlarmRule.model_validate(rule) for rule in raw["alarms"])


def sheet_of(alarm: str, severity: Severity, own: Iterable[AlarmRule]) -> Sheet:
    """The sheet of an alarm that comes with this class: the system's list, then the site's; the later entry wins.

    Where no entry says whether it has to be acknowledged, those of class A and B have.
    """
    known: dict[str, Any] = {"severity": severity, "tag": None}
    for rule in (*built_in(), *own):
        if fnmatchcase(alarm, rule.match):
            known |= {name: value for name, value in rule if value is not None and name != "match"}
    known.setdefault("acknowledge", known["severity"] != "C")
    return Sheet(**known)


class Smtp(Strict):
    """The mail server that takes our messages."""

    host: str = Field(min_length=1, examples=["smtp.example.org"])
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    """`none` is for a server on this machine: everything can be read on the wire."""
    ca_file: str | None = None
    """Certificates to trust, where the server's is signed by an own authority."""
    username: str | None = None
    password_env: EnvName | None = None
    """The variable of the environment that holds the password."""
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$", examples=["bems@example.org"])
    timeout_s: float = Field(default=15.0, gt=0, le=120)
    """Wall time the server may take for an answer."""


class Recipient(Strict):
    """Somebody, or a program, that can be told of alarms: by e-mail, by a webhook, or both. Without either, by MQTT."""

    id: Id
    name: str = Field(min_length=1, max_length=80)
    email: str | None = Field(default=None, pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$")
    webhook: str | None = Field(default=None, pattern=r"^https?://[^\s/]+")
    """Takes a POST with JSON."""
    token_env: EnvName | None = None
    """The variable of the environment with the bearer token for the webhook."""
    language: Literal["nb", "en"] = "nb"


class Shift(Strict):
    """Hours in which somebody is on duty; `to` at or before `start` means the next day."""

    recipient: str
    days: tuple[Day, ...] = Field(default=DAYS, min_length=1)
    """Days on which it begins."""
    start: time = time(0)
    to: time = time(0)
    first_monday: date | None = None
    """Of a week in which it is theirs; with `every_weeks`, for duties that go round."""
    every_weeks: int = Field(default=1, ge=1, le=52)

    @model_validator(mode="after")
    def _goes_round(self) -> "Shift":
        if self.every_weeks > 1 and self.first_monday is None:
            raise ValueError("every_weeks needs first_monday, the Monday of a week in which the duty is theirs")
        if self.first_monday is not None and self.first_monday.weekday() != 0:
            raise ValueError(f"first_monday {self.first_monday} is not a Monday")
        return self

    def covers(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether somebody is on duty at that time."""
        local = at.astimezone(zone)
        today, clock = local.date(), local.time()
        if self.start < self.to:
            return self._begins_on(today) and self.start <= clock < self.to
        began_today = self._begins_on(today) and clock >= self.start
        return began_today or (self._begins_on(today - timedelta(days=1)) and clock < self.to)

    def _begins_on(self, day: date) -> bool:
        if DAYS[day.weekday()] not in self.days:
            return False
        if self.first_monday is None:
            return True
        monday = day - timedelta(days=day.weekday())
        return monday >= self.first_monday and (monday - self.first_monday).days // 7 % self.every_weeks == 0


class Step(Strict):
    """When who is told of an alarm that nobody has acknowledged."""

    severity: Severity
    after_min: float = Field(default=0.0, ge=0, le=10080)
    """After it was raised (site time)."""
    to: tuple[str, ...] = Field(default=(ON_DUTY,), min_length=1)
    """Ids of recipients; `on_duty` stands for whoever the roster names."""
    hours: tuple[Period, ...] | None = None
    """Local hours in which they are told; what is due outside waits. Left out: always."""

    def may_tell(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether people are told at that time."""
        return self.hours is None or any(covers(period, at.astimezone(zone)) for period in self.hours)


def covers(period: Period, local: datetime) -> bool:
    """Whether the local time is within the period."""
    begun = DAYS[local.weekday()] in period.days and local.time() >= period.start
    return begun and (period.to == time(0) or local.time() < period.to)


WORKING_HOURS: Final = Period(days=("mon", "tue", "wed", "thu", "fri"), start=time(7), to=time(16))


DEFAULT_STEPS: Final = (
    Step(severity="A"),
    Step(severity="A", after_min=15, to=("everybody",)),
    Step(severity="B", hours=(WORKING_HOURS,)),
)
EVERYBODY: Final = "everybody"
"""Stands for all recipients."""


class ShelveLimits(Strict):
    """How long an alarm may be shelved at most, by class [h]."""

    A: float = Field(default=1, ge=0, le=24)
    B: float = Field(default=8, ge=0, le=24)
    C: float = Field(default=24, ge=0, le=24)


class Alerts(Strict):
    """The `[alerts]` section: who is told of alarms, and when. Left out: nobody is told, all is on the page."""

    smtp: Smtp | None = None
    recipients: tuple[Recipient, ...] = ()
    roster: tuple[Shift, ...] = ()
    """Who is on duty; where nobody is, everybody is told."""
    steps: tuple[Step, ...] = DEFAULT_STEPS
    gather_s: float = Field(default=20.0, ge=0, le=600)
    """Site time that a message waits for others, so that a cause and what follows from it come together."""
    flood_every_min: float = Field(default=10.0, ge=1, le=240)
    """In a flood of alarms nobody gets a message more often, but for alarms of class A."""
    shelve_max_h: ShelveLimits = ShelveLimits()

    @model_validator(mode="after")
    def _names_exist(self) -> "Alerts":
        known = {recipient.id for recipient in self.recipients}
        if len(known) < len(self.recipients):
            raise ValueError("ids of recipients are unique")
        if reserved := known & {ON_DUTY, EVERYBODY}:
            raise ValueError(f"{', '.join(sorted(reserved))} means something of its own, no recipient can be called so")
        named = {shift.recipient for shift in self.roster}
        named |= {name for step in self.steps for name in step.to} - {ON_DUTY, EVERYBODY}
        if unknown := named - known:
            raise ValueError(f"unknown recipients: {', '.join(sorted(unknown))}")
        if self.smtp is None and any(recipient.email for recipient in self.recipients):
            raise ValueError("recipients with an e-mail address need [alerts.smtp]")
        return self

    def on_duty(self, at: datetime, zone: ZoneInfo) -> tuple[Recipient, ...]:
        """Who is on duty at that time; everybody where the roster names nobody."""
        names = {shift.recipient for shift in self.roster if shift.covers(at, zone)}
        found = tuple(recipient for recipient in self.recipients if recipient.id in names)
        return found or self.recipients

    def named(self, step: Step, at: datetime, zone: ZoneInfo) -> tuple[Recipient, ...]:
        """Who a step means at that time."""
        if EVERYBODY in step.to:
            return self.recipients
        meant = {name for name in step.to if name != ON_DUTY}
        if ON_DUTY in step.to:
            meant |= {recipient.id for recipient in self.on_duty(at, zone)}
        return tuple(recipient for recipient in self.recipients if recipient.id in meant)

    def shelve_max(self, severity: Severity) -> timedelta:
        """How long an alarm of this class may be shelved."""
        hours: Mapping[str, float] = self.shelve_max_h.model_dump()
        return timedelta(hours=hours[severity])
