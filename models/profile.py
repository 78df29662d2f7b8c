"""Device profiles: one TOML file per device model, parsed and refused here, before any protocol library sees it.

A profile says where each signal of a device lives on the wire, in which form, and what may be written to it. It carries
its own proof: `[[golden]]` entries pair raw words (or objects, or payloads) from the vendor's document, or worked by
hand, with the values they must decode to. There is no templating and no logic: a device that needs logic is a driver.
"""

import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from models.point import BacnetPoint, Frozen, ModbusPoint, MqttPoint, Persistence, Point, Text, WriteRule

__all__ = [
    "BacnetGolden",
    "BacnetPoint",
    "BacnetProfile",
    "Golden",
    "ModbusGolden",
    "ModbusPoint",
    "ModbusProfile",
    "MqttGolden",
    "MqttPoint",
    "MqttProfile",
    "Persistence",
    "Point",
    "Profile",
    "ProfileError",
    "Text",
    "WriteRule",
    "builtin_names",
    "load_profile",
    "parse_profile",
]


class ProfileError(ValueError):
    """A profile that cannot be used; the text names the file, the field, the value and what is allowed."""


class ModbusGolden(Frozen):
    """Raw words by 'table:address' and what they must decode to; nan means 'not available' (TOML has no null)."""

    source: str
    words: dict[
        Annotated[str, Field(pattern=r"^(coil|discrete|input|holding):[0-9]{1,5}$")],
        list[Annotated[int, Field(ge=0, le=0xFFFF)]],
    ]
    gives: dict[str, float]


class BacnetGolden(Frozen):
    """Present values by object and what they must become; nan means 'not available'."""

    source: str
    values: dict[str, float | str]
    gives: dict[str, float]


class MqttGolden(Frozen):
    """Payload texts by topic and what they must become; nan means 'not available'."""

    source: str
    payloads: dict[str, str]
    gives: dict[str, float]


Golden = ModbusGolden | BacnetGolden | MqttGolden


class _ProfileBase(Frozen):
    vendor: str
    model: str
    document: str
    """Where the map comes from: vendor document or public description."""
    generic: bool = False
    """True where no public map of a make was used; the addresses are then ours and must be matched on site."""

    @model_validator(mode="after")
    def _names_and_tags_are_unique(self) -> Self:
        for field in ("name", "tfm"):
            seen: set[str] = set()
            for point in self.all_points:
                value = getattr(point, field)
                if value in seen:
                    raise ValueError(f"{field} '{value}' is used by two points of the profile")
                seen.add(value)
        return self

    @model_validator(mode="after")
    def _golden_names_points(self) -> Self:
        names = {point.name for point in self.all_points}
        for golden in self.all_golden:
            unknown = sorted(set(golden.gives) - names)
            if unknown:
                raise ValueError(f"golden '{golden.source}': no point '{unknown[0]}'")
        return self

    @property
    def all_golden(self) -> tuple[Golden, ...]:
        """The proofs, whatever the protocol."""
        golden: tuple[Golden, ...] = getattr(self, "golden")  # noqa: B009  (each subclass types it)
        return golden

    @property
    def all_points(self) -> tuple[Point, ...]:
        """The points, whatever the protocol."""
        points: tuple[Point, ...] = getattr(self, "points")  # noqa: B009  (each subclass types it)
        return points

    def point(self, name: str) -> Point:
        """The point with this name; KeyError names the ones there are."""
        for candidate in self.all_points:
            if candidate.name == name:
                return candidate
        raise KeyError(f"no point '{name}'; there are: {', '.join(p.name for p in self.all_points)}")


class ModbusProfile(_ProfileBase):
    """A device on Modbus TCP."""

    protocol: Literal["modbus"]
    word_order: Literal["big", "little"] = "big"
    """Order of the words of multi-word numbers; bytes within a word are always big-endian."""
    max_words: int = Field(default=125, ge=1, le=125)
    """Most words the device answers in one request."""
    max_gap: int = Field(default=0, ge=0)
    """Unused addresses a block may bridge; 0 where the vendor does not promise that holes can be read."""
    min_gap_ms: float = Field(default=0.0, ge=0)
    """Rest the device wants between two requests."""
    write_single: bool = True
    """False where the device knows 'write multiple registers' (16) only, not 'write single register' (6)."""
    points: tuple[ModbusPoint, ...]
    golden: tuple[ModbusGolden, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _no_overlap(self) -> Self:
        taken: dict[tuple[str, int], str] = {}
        for point in self.points:
            for address in range(point.address, point.address + point.words):
                other = taken.setdefault((point.table, address), point.name)
                if other != point.name:
                    raise ValueError(f"points '{other}' and '{point.name}' overlap at {point.table} {address}")
        for point in self.points:
            if point.scale_factor_at is not None and (point.table, point.scale_factor_at) in taken:
                other = taken[point.table, point.scale_factor_at]
                raise ValueError(
                    f"the scale factor of '{point.name}' overlaps '{other}' at {point.table} {point.scale_factor_at}"
                )
        return self

    @model_validator(mode="after")
    def _one_request_holds_a_point(self) -> Self:
        for point in self.points:
            if point.words > self.max_words:
                raise ValueError(f"point '{point.name}': {point.words} words exceed max_words {self.max_words}")
        return self


class BacnetProfile(_ProfileBase):
    """A device on BACnet/IP."""

    protocol: Literal["bacnet"]
    points: tuple[BacnetPoint, ...]
    golden: tuple[BacnetGolden, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_point_per_object(self) -> Self:
        objects = [point.object for point in self.points]
        double = {o for o in objects if objects.count(o) > 1}
        if double:
            raise ValueError(f"objects used twice: {', '.join(sorted(double))}")
        return self


class MqttProfile(_ProfileBase):
    """A device that publishes JSON on MQTT."""

    protocol: Literal["mqtt"]
    availability_topic: str | None = "availability"
    """Retained 'online' / 'offline' (the device's last will)."""
    points: tuple[MqttPoint, ...]
    golden: tuple[MqttGolden, ...] = Field(min_length=1)


Profile = Annotated[ModbusProfile | BacnetProfile | MqttProfile, Field(discriminator="protocol")]


class _Holder(BaseModel):
    profile: Profile


def parse_profile(text: str, file: str) -> Profile:
    """Profile from TOML text; ProfileError lists every fault with file, path, value and what is allowed."""
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{file}: not TOML: {error}") from error
    try:
        return _Holder.model_validate({"profile": data}).profile
    except ValidationError as error:
        faults = [f"{file}: {_path(fault['loc'])}: {_message(fault)}" for fault in error.errors()]
        raise ProfileError("\n".join(faults)) from error


def _message(fault: ErrorDetails) -> str:
    text = fault["msg"].removeprefix("Value error, ")
    # A whole table as the offending value would drown the text, which names the point anyway.
    return text if isinstance(fault["input"], (dict, list, tuple)) else f"{text} (got {fault['input']!r:.80})"


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc if part not in ("profile", "modbus", "bacnet", "mqtt")) or "(file)"


def builtin_names() -> Iterator[str]:
    """Names of the profiles that come with the product."""
    for entry in sorted(resources.files("models").joinpath("profiles").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            yield entry.name.removesuffix(".toml")


def load_profile(name: str, folder: Path | None = None) -> Profile:
    """The profile `name` from the site's own `folder` first, then from the built-in ones.

    Raises ProfileError when there is none, or when it is faulty.
    """
    if folder is not None and (own := folder / f"{name}.toml").is_file():
        return parse_profile(own.read_text("utf-8"), str(own))
    builtin = resources.files("models").joinpath("profiles", f"{name}.toml")
    if not builtin.is_file():
        raise ProfileError(f"no profile '{name}'; there are: {', '.join(builtin_names())}")
    return parse_profile(builtin.read_text("utf-8"), f"models/profiles/{name}.toml")
