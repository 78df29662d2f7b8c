"""What the JSON API answers with. Field names carry units; texts come in bokmål and English."""

from datetime import datetime
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.profile import Text


class Answer(BaseModel):
    """Base of all answers: they only go out."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class WriteRuleAnswer(Answer):
    """What may be written to a point, in its unit."""

    min: float
    max: float
    step: float = Field(description="0: any value")


class PointAnswer(Answer):
    """One point as it is now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "hp1.supply_temp_degc", "tag": "=320.001-RT401", "value": 42.3, "unit": "°C",
                    "quality": "good", "at": "2025-01-15T05:00:00Z", "age_s": 0.4, "period_s": 1.0, "source": "hp1",
                    "protocol": "modbus", "writable": False, "write": None, "held_by": None, "last_value": 42.3,
                    "label": {"nb": "Turtemperatur", "en": "Supply temperature"}, "states": {},
                }
            ]
        }
    )  # fmt: skip

    id: str
    tag: str = Field(description="TFM tag (PA 0802)")
    value: float | None = Field(description="None unless quality is good")
    unit: str
    quality: Literal["good", "stale", "offline", "bad", "unread"] = Field(description="Of the reading in the system")
    at: datetime | None = Field(description="Site time of the last good reading, UTC")
    age_s: float | None = Field(description="Wall time since it was last read [s]")
    period_s: float = Field(description="Wall time between two readings [s]")
    source: str = Field(description="Device")
    protocol: str
    writable: bool
    write: WriteRuleAnswer | None = Field(description="None where it can only be read")
    held_by: str | None = Field(description="Source and priority of the command that holds it, e.g. 'rules@12'")
    last_value: float | None = Field(description="Last good value, for display when quality is not good")
    label: Text
    states: dict[int, Text] = Field(description="What each number means, where it is a state")


class SeriesAnswer(Answer):
    """Time-weighted history in even buckets; the lists are of one length, None where nothing is known."""

    point: str
    unit: str
    start: datetime
    bucket_s: float
    mean: list[float | None]
    minimum: list[float | None]
    maximum: list[float | None]


class HealthAnswer(Answer):
    """One part of the system."""

    name: str
    kind: Literal["driver", "feed", "record", "loop", "plan", "target"]
    state: Literal["ok", "degraded", "down", "starting"]
    age_s: float | None = Field(description="Wall time since it last worked [s]")
    detail: str


class HealthyAnswer(Answer):
    """Whether the system works, and what that rests on."""

    verdict: Literal["healthy", "degraded", "unhealthy"] = Field(
        description="'degraded' works, with less than it should have"
    )
    why: list[str] = Field(description="What is not as it should be, most important first")
    at: datetime = Field(description="Site time")
    parts: list[HealthAnswer]


class AlarmAnswer(Answer):
    """An active alarm."""

    id: str
    severity: Literal["A", "B", "C"]
    raised_at: datetime
    point: str | None
    code: str
    text: Text
    unacknowledged: bool = Field(description="A person has to see it, and nobody has")


class HeldAnswer(Answer):
    """A command in force, and why."""

    point: str
    value: float
    source: str
    priority: int = Field(ge=1, le=16)
    since: datetime
    expires_at: datetime
    code: str
    facts: dict[str, float | str | None]
    text: Text


class EventAnswer(Answer):
    """Something that happened, newest first in the list."""

    at: datetime
    kind: str
    subject: str
    text: Text
    data: dict[str, Any]


class PriceAnswer(Answer):
    """Electricity prices known now [NOK/kWh, ex VAT]; both lists are empty while no feed has delivered any."""

    source: str | None
    synthetic: bool
    starts: list[datetime]
    nok_per_kwh: list[float | None]


class RoomAnswer(Answer):
    """A room of a zone."""

    id: str
    name: Text


class ZoneAnswer(Answer):
    """A thermal zone."""

    id: str
    name: Text
    kind: str
    rooms: list[RoomAnswer]


class ComponentAnswer(Answer):
    """A part of the plant, and the points that are shown of it."""

    id: str
    kind: str
    name: Text
    devices: list[str]
    shown: list[str]


class DeviceAnswer(Answer):
    """A device and the connection it is reached through."""

    id: str
    label: Text
    system: str
    connection: str


class SiteAnswer(Answer):
    """The site and its clock."""

    id: str
    name: Text
    now: datetime
    time_zone: str
    speed: float = Field(description="Site seconds per wall second")
    demo: bool
    zones: list[ZoneAnswer]
    components: list[ComponentAnswer]
    devices: list[DeviceAnswer]


class Fault(Answer):
    """Why a request was refused."""

    detail: str


WRITES: Final[dict[int | str, dict[str, Any]]] = {
    400: {"model": Fault, "description": "The body is no JSON"},
    403: {"model": Fault, "description": "Not allowed, or sent by a page from elsewhere"},
    404: {"model": Fault, "description": "No such thing"},
    409: {"model": Fault, "description": "It cannot be done, and why"},
}
"""What a route that changes something may answer besides."""
