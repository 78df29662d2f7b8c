"""The night's programme as data: what the evening's plan means for the night, in items a caretaker understands."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final, Literal

from pydantic import TypeAdapter

from models.profile import Text
from models.signals import Reason

EVENING: Final = time(20)
"""Local time at which the programme is made."""
MORNING: Final = time(7)
"""Local time at which the night ends and is accounted for."""


class Kind(StrEnum):
    """What an item is about."""

    HEAT = "heat"
    STORE = "store"
    """Its energy is part of that of heating and of hot water."""
    BOILER = "boiler"
    DISTRICT = "district_heat"
    BATTERY = "battery"
    WATER = "water"
    AFTER_HEATER = "after_heater"
    CYCLE = "cycle"
    SETBACK = "setback"
    PREHEAT = "preheat"
    CARS = "cars"
    AIR = "air"
    PEAK = "peak"


@dataclass(frozen=True)
class Check:
    """How the record shows that an item was done: a quantity of `control.measured`, and what it must come to."""

    quantity: tuple[str, ...]
    """Names of `control.measured`; energies of several are added up, temperatures and shares averaged."""
    how: Literal["energy", "given", "reach", "at_end", "below", "hour", "proof"]
    """energy [kWh], or what a battery gave; a temperature reached, or there at the end [°C]; a mean of at most `goal`;
    no clock hour above `goal` [kW]; a hygiene cycle proven."""
    goal: float
    planned: float
    """What was planned; `goal` leaves some room."""
    within: tuple[datetime, datetime] | None = None
    """Time that is looked at, for a proof until it is due; None: the item's own."""


@dataclass(frozen=True)
class Item:
    """One thing the night is to bring. Times are UTC."""

    kind: Kind
    assets: tuple[str, ...]
    start: datetime
    end: datetime
    energy_kwh: float | None
    """Electricity (negative where a battery gives), of district heat its heat; None where it has none of its own."""
    cost_nok: float | None
    """Of that energy at what a kWh costs in each hour, power charge not included."""
    reason: Reason
    text: Text
    check: Check | None
    """None: the record cannot show it."""


@dataclass(frozen=True)
class Programme:
    """What the night from `start` to `end` (UTC) is to bring."""

    made_at: datetime
    start: datetime
    end: datetime
    identity: str | None
    """The forecasts it was made from; None without a plan."""
    items: tuple[Item, ...]
    energy_kwh: float | None
    """Electricity bought less sold, and district heat; None without a plan."""
    cost_nok: float | None
    """Of that, power charge not included."""
    notes: tuple[Text, ...]
    """What is already known not to be possible, or why there is no plan."""

    @property
    def rest_kwh(self) -> float | None:
        """Of the energy, what no item tells: what the house uses whatever the plan, less its own sun."""
        told = sum(item.energy_kwh or 0.0 for item in self.items if item.kind is not Kind.STORE)
        return None if self.energy_kwh is None else self.energy_kwh - told

    @property
    def rest_nok(self) -> float | None:
        """Of the cost, likewise."""
        told = sum(item.cost_nok or 0.0 for item in self.items if item.kind is not Kind.STORE)
        return None if self.cost_nok is None else self.cost_nok - told

    def to_json(self) -> str:
        """As text, for the record."""
        return _PROGRAMME.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Programme":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _PROGRAMME.validate_json(text)


_PROGRAMME: Final = TypeAdapter(Programme)


def night_of(now: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """The night `now` (UTC) lies in or comes before: from the evening, or from now when that is past, to the morning.

    Between morning and evening it is the night to come. 11 h long, 10 or 12 when the clock is changed.
    """
    local = now.astimezone(zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    evening = datetime.combine(day - timedelta(days=1), EVENING, zone).astimezone(UTC)
    return max(evening, now), datetime.combine(day, MORNING, zone).astimezone(UTC)


def clock(when: datetime, zone: tzinfo) -> str:
    """Local time as people say it; in the hour that comes twice in autumn, with the name of the time."""
    local = when.astimezone(zone)
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{local:%H:%M} ({local.tzname()})" if twice else f"{local:%H:%M}"
