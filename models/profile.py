"""Device profiles: one TOML file per device model, parsed and refused here, before any protocol library sees it.

A profile says where each signal of a device lives on the wire, in which form, and what may be written to it. It carries
its own proof: `[[golden]]` entries pair raw words (or objects, or payloads) from the vendor's document, or worked by
hand, with the values they must decode to. There is no templating and no logic: a device that needs logic is a driver.
"""

import tomllib
from collections.abc import Iterator
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from models.units import Unit, unit_from_name


class ProfileError(ValueError):
    """A profile that cannot be used; the text names the file, the field, the value and what is allowed."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Persistence(StrEnum):
    """Where a written value lives in the device, which decides how often it may be written."""

    RAM = "ram"
    """Lost at power-off; may be written as often as it changes."""
    EEPROM = "eeprom"
    """Kept; wears out, so `daily_budget` counts."""
    WATCHDOG = "watchdog"
    """Lost unless written again within `refresh_s`; then the device falls to its own safe value."""


class Text(_Strict):
    """A text people read, in bokmål and English."""

    nb: str
    en: str


class WriteRule(_Strict):
    """What may be written to a point. `relinquish` is the value the point returns to when nobody holds it."""

    min: float
    max: float
    step: float = Field(default=0.0, ge=0)
    """Smallest unit the device resolves; 0 means continuous."""
    min_change: float = Field(default=0.0, ge=0)
    """Changes smaller than this are not worth a write."""
    relinquish: float
    persistence: Persistence
    daily_budget: int = Field(gt=0)
    """Writes per local day; beyond it only safety writes go out."""
    refresh_s: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.min <= self.relinquish <= self.max:
            raise ValueError(f"relinquish {self.relinquish} must lie within min {self.min} .. max {self.max}")
        if (self.persistence is Persistence.WATCHDOG) != (self.refresh_s is not None):
            raise ValueError("refresh_s belongs to persistence 'watchdog', and 'watchdog' needs it")
        return self


class _PointBase(_Strict):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    tfm: str = Field(pattern=r"^[A-Z]{2}[0-9]{3}(_[A-Z]{1,3})?$")
    """TFM component code of the point within its system (PA 0802), e.g. RT401; a suffix such as _SP where it shares one."""
    unit: Unit | None = None
    """Needed only where the name's suffix does not say it (states, counts, flags)."""
    states: dict[int, Text] = Field(default_factory=dict)
    """What each number means to people; in the file a plain string stands for both languages."""
    alarm: bool = False
    """A flag whose 1 means that something is wrong."""
    counter: bool = False
    """A total that only grows, apart from rollover and exchange of the meter."""
    min: float | None = None
    """Readings below are not plausible and become BAD."""
    max: float | None = None
    write: WriteRule | None = None

    @field_validator("states", mode="before")
    @classmethod
    def _plain_string_is_both_languages(cls, states: Any) -> Any:
        if not isinstance(states, dict):
            return states
        return {number: {"nb": text, "en": text} if isinstance(text, str) else text for number, text in states.items()}

    @model_validator(mode="after")
    def _unit_agrees_with_name(self) -> Self:
        promised = unit_from_name(self.name)
        if self.unit is None and promised is None:
            raise ValueError(f"point '{self.name}': give a unit, the name's ending promises none")
        if self.unit is not None and promised is not None and self.unit is not promised:
            raise ValueError(f"point '{self.name}': unit '{self.unit}' contradicts its name, which promises '{promised}'")
        if (self.shown_unit is Unit.STATE) != bool(self.states):
            raise ValueError(f"point '{self.name}': unit 'state' and the table `states` belong together")
        return self

    @property
    def shown_unit(self) -> Unit:
        """The unit from the field, or the one the name promises."""
        unit = self.unit or unit_from_name(self.name)
        assert unit is not None  # refused above
        return unit


WireForm = Literal["u16", "s16", "u32", "s32", "u64", "f32", "f64", "bool", "string"]

WORDS_OF: Final[dict[str, int]] = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "u64": 4, "f32": 2, "f64": 4, "bool": 1}


class ModbusPoint(_PointBase):
    """A point in one of the four Modbus tables. value = raw * scale * 10^(word at scale_factor_at) + offset."""

    table: Literal["coil", "discrete", "input", "holding"]
    address: int = Field(ge=0, le=65535)
    """Protocol address (0-based)."""
    form: WireForm = Field(alias="as")
    length: int | None = Field(default=None, gt=0)
    """Words of a string."""
    scale: float = 1.0
    offset: float = 0.0
    scale_factor_at: int | None = None
    """SunSpec: address of the s16 power of ten, same table."""
    missing: tuple[int, ...] = ()
    """Raw values (unsigned, all words as one number) that mean 'not available'."""
    text: dict[str, int] = Field(default_factory=dict)
    """For strings: what each text counts as, together with `states`."""

    @model_validator(mode="after")
    def _wire_is_possible(self) -> Self:
        bits = self.table in ("coil", "discrete")
        if bits != (self.form == "bool"):
            raise ValueError(f"point '{self.name}': tables coil and discrete hold 'bool', registers never do")
        if (self.form == "string") != (self.length is not None):
            raise ValueError(f"point '{self.name}': `length` belongs to 'string', and 'string' needs it")
        if self.write is not None and self.table in ("discrete", "input"):
            raise ValueError(f"point '{self.name}': table '{self.table}' is read-only, `write` is not allowed")
        if self.address + self.words > 65536:
            raise ValueError(f"point '{self.name}': address {self.address} + {self.words} words exceeds 65536")
        return self

    @property
    def words(self) -> int:
        """Registers (or bits) the point occupies."""
        return self.length if self.length is not None else WORDS_OF[self.form]


class BacnetPoint(_PointBase):
    """A point that is the present value of a BACnet object; `object` is 'analog-input,1' style."""

    object: str = Field(pattern=r"^(analog|binary|multi-state)-(input|output|value),[0-9]+$")

    @model_validator(mode="after")
    def _writable_object(self) -> Self:
        if self.write is not None and "-input," in self.object:
            raise ValueError(f"point '{self.name}': object '{self.object}' is an input, `write` is not allowed")
        return self


class MqttPoint(_PointBase):
    """A key of a JSON object published on `<device topic>/<topic>`; written as JSON on `<device topic>/<set_topic>`."""

    topic: str = "state"
    key: str
    set_topic: str | None = None

    @model_validator(mode="after")
    def _set_topic_when_writable(self) -> Self:
        if (self.write is not None) != (self.set_topic is not None):
            raise ValueError(f"point '{self.name}': `write` and `set_topic` belong together")
        return self


Point = ModbusPoint | BacnetPoint | MqttPoint


class ModbusGolden(_Strict):
    """Raw words by 'table:address' and what they must decode to; nan means 'not available' (TOML has no null)."""

    source: str
    words: dict[
        Annotated[str, Field(pattern=r"^(coil|discrete|input|holding):[0-9]{1,5}$")],
        list[Annotated[int, Field(ge=0, le=0xFFFF)]],
    ]
    gives: dict[str, float]


class BacnetGolden(_Strict):
    """Present values by object and what they must become; nan means 'not available'."""

    source: str
    values: dict[str, float | str]
    gives: dict[str, float]


class MqttGolden(_Strict):
    """Payload texts by topic and what they must become; nan means 'not available'."""

    source: str
    payloads: dict[str, str]
    gives: dict[str, float]


class _ProfileBase(_Strict):
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
        faults = [f"{file}: {_path(e['loc'])}: {e['msg']} (got {e['input']!r:.80})" for e in error.errors()]
        raise ProfileError("\n".join(faults)) from error


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
