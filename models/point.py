"""The points of a device profile: what a signal is, where it lives on the wire, and what may be written to it.

Everything that cannot be true is refused here, before any protocol library sees it.
"""

from enum import StrEnum
from math import inf
from typing import Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.units import Unit, unit_from_name


class Frozen(BaseModel):
    """Base of everything in a profile: unknown keys are refused, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Persistence(StrEnum):
    """Where a written value lives in the device, which decides how often it may be written."""

    RAM = "ram"
    """Lost at power-off; may be written as often as it changes."""
    EEPROM = "eeprom"
    """Kept; wears out, so `daily_budget` counts."""
    WATCHDOG = "watchdog"
    """Lost unless written again within `refresh_s`; then the device falls to its own safe value."""


class Text(Frozen):
    """A text people read, in bokmål and English."""

    nb: str
    en: str


class WriteRule(Frozen):
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


class _PointBase(Frozen):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: Text
    tfm: str = Field(pattern=r"^[A-Z]{2}[0-9]{3}(_[A-Z]{1,3})?$")
    """TFM component code within the system (PA 0802), e.g. RT401; a suffix such as _SP where points share one."""
    unit: Unit | None = None
    """Needed only where the name's suffix does not say it (states, counts, flags)."""
    states: dict[int, Text] = Field(default_factory=dict)
    """What each number means to people; in the file a plain string stands for both languages."""
    alarm: bool = False
    """A flag whose 1 means that something is wrong."""
    counter: bool = False
    """A total that only grows, apart from rollover and exchange of the meter."""
    turn: float | None = Field(default=None, gt=0)
    """Counters: what a full turn is, in the point's unit, where the device begins again at 0 before its number ends."""
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
            raise ValueError(
                f"point '{self.name}': unit '{self.unit}' contradicts its name, which promises '{promised}'"
            )
        if (self.shown_unit is Unit.STATE) != bool(self.states):
            raise ValueError(f"point '{self.name}': unit 'state' and the table `states` belong together")
        return self

    @model_validator(mode="after")
    def _limits_agree(self) -> Self:
        low = -inf if self.min is None else self.min
        high = inf if self.max is None else self.max
        if low > high:
            raise ValueError(f"point '{self.name}': min {low} exceeds max {high}")
        if self.write is not None and not low <= self.write.min <= self.write.max <= high:
            raise ValueError(
                f"point '{self.name}': what may be written, {self.write.min} .. {self.write.max}, leaves the plausible "
                f"{low} .. {high}",
            )
        return self

    @model_validator(mode="after")
    def _only_counters_turn(self) -> Self:
        if self.turn is not None and not self.counter:
            raise ValueError(f"point '{self.name}': `turn` belongs to counters")
        return self

    @property
    def full_turn(self) -> float | None:
        """What a counter has gained when it is back where it was, in the point's unit; None when that is not known."""
        return self.turn

    @property
    def shown_unit(self) -> Unit:
        """The unit from the field, or the one the name promises."""
        unit = self.unit or unit_from_name(self.name)
        assert unit is not None  # refused above
        return unit


WireForm = Literal["u16", "s16", "u32", "s32", "u64", "f32", "f64", "bool", "string"]

WORDS_OF: Final[dict[str, int]] = {"u16": 1, "s16": 1, "u32": 2, "s32": 2, "u64": 4, "f32": 2, "f64": 4, "bool": 1}

INTEGER_RANGE: Final[dict[str, tuple[int, int]]] = {
    "u16": (0, 0xFFFF),
    "s16": (-0x8000, 0x7FFF),
    "u32": (0, 0xFFFF_FFFF),
    "s32": (-0x8000_0000, 0x7FFF_FFFF),
    "u64": (0, 0xFFFF_FFFF_FFFF_FFFF),
}
"""Smallest and largest raw value of each whole-number form."""


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
    scale_factor_at: int | None = Field(default=None, ge=0, le=65535)
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

    @model_validator(mode="after")
    def _numbers_are_possible(self) -> Self:
        if self.scale == 0:
            raise ValueError(f"point '{self.name}': scale 0 loses the value")
        if self.states and (self.scale, self.offset, self.scale_factor_at) != (1.0, 0.0, None):
            raise ValueError(f"point '{self.name}': states are whole numbers, they have no scale and no offset")
        largest = (1 << 16 * self.words) - 1 if self.form not in ("bool", "string") else -1
        wrong = [number for number in self.missing if not 0 <= number <= largest]
        if wrong:
            raise ValueError(f"point '{self.name}': missing {wrong[0]} is no raw value of '{self.form}'")
        if self.write is not None and self.form in INTEGER_RANGE and self.scale_factor_at is None:
            low, high = INTEGER_RANGE[self.form]
            for limit in (self.write.min, self.write.max):
                if not low <= round((limit - self.offset) / self.scale) <= high:
                    raise ValueError(f"point '{self.name}': {limit} may be written, but '{self.form}' cannot hold it")
        return self

    @model_validator(mode="after")
    def _texts_are_states(self) -> Self:
        if (self.form == "string") != bool(self.text):
            raise ValueError(f"point '{self.name}': the table `text` belongs to 'string', and 'string' needs it")
        unnamed = sorted(set(self.text.values()) - set(self.states))
        if unnamed:
            raise ValueError(f"point '{self.name}': text gives {unnamed[0]}, which `states` does not name")
        if self.form == "string" and self.write is not None:
            raise ValueError(f"point '{self.name}': a 'string' is read-only, `write` is not allowed")
        return self

    @property
    def full_turn(self) -> float | None:
        """As told, else where the raw number ends."""
        if self.turn is not None or not self.counter or self.form not in ("u16", "u32") or self.scale_factor_at:
            return self.turn
        return (1 << 16 * self.words) * abs(self.scale)

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
