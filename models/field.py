"""The field side of a site: connections (wires), devices on them, and the points that follow from their profiles."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.profile import Point, Profile, Text


class Strict(BaseModel):
    """Base of everything in a site file: unknown keys are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", examples=["pump_1"])]


class _Connection(Strict):
    id: Id
    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    period_s: float = Field(default=1.0, gt=0)
    """Wall time between two scans."""
    timeout_s: float = Field(default=2.0, gt=0)
    """Wall time a request may take."""


class ModbusConnection(_Connection):
    """One Modbus TCP server; its devices are told apart by unit id."""

    protocol: Literal["modbus"]


class BacnetConnection(_Connection):
    """One BACnet/IP device; several logical devices on it are told apart by an object offset."""

    protocol: Literal["bacnet"]
    device_instance: int = Field(ge=0, le=4194302)


class MqttConnection(_Connection):
    """One MQTT broker; devices are told apart by topic. Its password comes from the environment, never from here."""

    protocol: Literal["mqtt"]
    username: str | None = None
    password_env: str | None = None
    tls_ca_file: str | None = None


Connection = Annotated[ModbusConnection | BacnetConnection | MqttConnection, Field(discriminator="protocol")]


class Privacy(StrEnum):
    """How a point may leave the building."""

    PUBLIC = "public"
    PERSONAL = "personal"
    """Tells something about one resident: short retention, never exported below an aggregate of eight rooms."""


class Device(Strict):
    """One field device: a profile, where it sits, and its TFM system (PA 0802), e.g. '=320.001'."""

    id: Id
    profile: str
    connection: Id
    system: str = Field(pattern=r"^=[0-9]{3}\.[0-9]{3}$", examples=["=320.001"])
    label: Text
    unit_id: int | None = Field(default=None, ge=1, le=247)
    """Modbus only."""
    object_offset: int = Field(default=0, ge=0)
    """BACnet only: added to the instance number of every object of the profile."""
    topic: str | None = None
    """MQTT only: prefix of all the device's topics."""
    signals: tuple[str, ...] | None = None
    """The signals of the profile that are used here; all of them when left out."""
    personal: tuple[str, ...] = ()
    """Signals that tell something about one resident."""


@dataclass(frozen=True, slots=True)
class SitePoint:
    """One point of the site: what it is (`spec`, from the profile), where it sits, and how it is named."""

    id: str
    """'<device>.<signal>'"""
    tag: str
    """TFM tag, e.g. '=320.001-RT401'."""
    device: Device
    spec: Point
    privacy: Privacy

    @property
    def writable(self) -> bool:
        """Whether the profile allows writing it."""
        return self.spec.write is not None


def points_of(device: Device, profile: Profile) -> tuple[SitePoint, ...]:
    """The site's points on one device. KeyError when `signals` or `personal` name a signal the profile has not."""
    wanted = device.signals if device.signals is not None else tuple(p.name for p in profile.all_points)
    for name in device.personal:
        profile.point(name)
    return tuple(
        SitePoint(
            id=f"{device.id}.{name}",
            tag=f"{device.system}-{profile.point(name).tfm}",
            device=device,
            spec=profile.point(name),
            privacy=Privacy.PERSONAL if name in device.personal else Privacy.PUBLIC,
        )
        for name in wanted
    )
