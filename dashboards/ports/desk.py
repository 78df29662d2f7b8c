"""What pages may read of people's orders, and give: take over, give back, modes, settings.

`bems/desk/operators.py` satisfies it.

Every change is by somebody, for a stated reason, and in the record before anybody is told that it is done.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol

from models.profile import Text
from models.promotion import OptimiserName, Promotable, RulesName
from models.signals import Reason
from models.site import Site

ModeName = Literal["normal", "away", "preparedness", "manual"]
ComfortKind = Literal["room", "zone"]
CostBasis = Literal["plan", "unknown", "none"]
"""Where a cost comes from: marginal values of the plan, nothing known, or there is no change."""
SHORTEST_MIN: Final = 15
LONGEST_MIN: Final = 24 * 60
LONGEST_TEXT: Final = 200


class Refused(Exception):
    """What was asked for cannot be done; `key` is a text of the part [desk_refused], `facts` go into it."""

    def __init__(self, key: str, **facts: object) -> None:
        super().__init__(key)
        self.key = key
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Person:
    """Who wants it, and whether only set points of rooms and zones are theirs to change."""

    name: str
    rooms_only: bool = False


@dataclass(frozen=True, slots=True)
class OrderView:
    """Who, since when, why, until when (None: until somebody says otherwise)."""

    who: str
    since: datetime
    why: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class DisplacedView:
    """Whoever asks for the point below an operator."""

    source: str
    priority: int
    value: float
    reason: Reason


@dataclass(frozen=True, slots=True)
class CostView:
    """What a take-over is likely to cost against going on as now; None where that is not known."""

    nok: float | None
    electricity_kwh: float | None
    heat_kwh: float | None
    basis: CostBasis


@dataclass(frozen=True, slots=True)
class PreviewView:
    """What would come of taking a point over."""

    point: str
    value: float
    """Wished for."""
    given: float | None
    """What the guard would let through; None: nothing, the point stays with its device."""
    verdict: Reason | None
    """Why it is not what was wished for."""
    now: float | None
    """What the point is held at, or reads, now."""
    until: datetime
    displaced: Sequence[DisplacedView]
    safety: DisplacedView | None
    """What holds the point above any operator."""
    cost: CostView
    writes_today: int
    daily_budget: int
    needs_min: int
    """Shortest it may be taken over for [min]."""


@dataclass(frozen=True, slots=True)
class TakenView:
    """A point that somebody has taken over."""

    point: str
    value: float
    given: float | None
    """What it is held at; None while the guard lets nothing through."""
    verdict: Reason | None
    """Why that is not what was asked for."""
    order: OrderView


@dataclass(frozen=True, slots=True)
class ModeView:
    """How the house is run; no order in the normal mode."""

    mode: ModeName
    order: OrderView | None
    longest_h: Mapping[str, float] = field(default_factory=dict)
    """By mode."""


@dataclass(frozen=True, slots=True)
class ComfortView:
    """The set points of a room or zone."""

    id: str
    kind: ComfortKind
    name: Text
    zone: str
    degc: float
    file_degc: float
    low_degc: float
    high_degc: float
    setback_degc: float | None
    file_setback_degc: float | None
    order: OrderView | None
    setback_order: OrderView | None


@dataclass(frozen=True, slots=True)
class HolidayView:
    """Days on which nobody is expected; times are by the clock on the wall."""

    id: str
    """Empty: from the site file, and to be changed there."""
    start: datetime
    until: datetime
    zones: Sequence[str]
    note: str
    order: OrderView | None


@dataclass(frozen=True, slots=True)
class TariffView:
    """The contracts that can be chosen, and the chosen one; empty is the site file's own."""

    names: Sequence[str]
    chosen: str
    order: OrderView | None


@dataclass(frozen=True, slots=True)
class PromotionView:
    """What the optimiser may do now, and what the site file says; no order: the file's word counts."""

    optimiser: OptimiserName
    rules: RulesName
    """Those that run the plant while nothing follows the plans."""
    promoted: Sequence[Promotable]
    """Assets that follow its plans while it is on."""
    zones_by_rules: Sequence[str]
    """Zones that the rules keep even where rooms follow the plans."""
    file_optimiser: OptimiserName
    file_rules: RulesName
    file_promoted: Sequence[Promotable]
    file_zones_by_rules: Sequence[str]
    assets: Sequence[Promotable]
    """Those that the site has."""
    order: OrderView | None


@dataclass(frozen=True, slots=True)
class WritableView:
    """A writable point of a device."""

    point: str
    label: Text
    value: float | None
    held: float | None
    unit: str
    low: float
    high: float
    step: float
    writes_today: int
    daily_budget: int
    persistence: str
    held_by: str | None
    error: str | None
    """What went wrong with the last write."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    """A device: whether it is heard, and who holds what on it."""

    id: str
    label: Text
    system: str
    connection: str
    protocol: str
    state: Literal["ok", "degraded", "down", "starting"]
    age_s: float | None
    """Wall time since its youngest good reading."""
    points: int
    good: int
    writable: Sequence[WritableView]


class Desk(Protocol):
    """People's orders. Changing raises Refused; trouble of the record delays what is kept, never what is done."""

    @property
    def site(self) -> Site:
        """The site as people have it now: the file with the orders' settings over it."""
        ...

    def preview(self, point: str, value: float, minutes: int, who: Person) -> PreviewView:
        """What taking the point over would do; KeyError for an unknown point."""
        ...

    async def take(self, point: str, value: float, minutes: int, why: str, who: Person) -> TakenView:
        """Hold the point at the value, as far as the guard allows, until then at the latest."""
        ...

    async def give_back(self, points: Sequence[str] | None, who: Person) -> Sequence[str]:
        """Give these points back (None: all of them); those that were."""
        ...

    def taken(self) -> Sequence[TakenView]:
        """Every point that is taken over."""
        ...

    def mode(self) -> ModeView:
        """How the house is run."""
        ...

    async def set_mode(self, mode: ModeName, until: datetime | None, why: str, who: Person) -> ModeView:
        """Run it otherwise; every mode but the normal one has an end."""
        ...

    def comfort(self) -> Sequence[ComfortView]:
        """Set points of every room and zone."""
        ...

    async def set_comfort(
        self, name: str, degc: float | None, setback_degc: float | None, until: datetime | None, why: str, who: Person
    ) -> ComfortView:
        """Other set points for a room or zone; None goes back to the site file's. KeyError for an unknown name."""
        ...

    def holidays(self) -> Sequence[HolidayView]:
        """Every one that has not passed."""
        ...

    async def add_holiday(
        self, start: datetime, until: datetime, zones: Sequence[str], note: str, who: Person
    ) -> HolidayView:
        """Nobody is expected; `start` and `until` by the clock on the wall."""
        ...

    async def drop_holiday(self, name: str, who: Person) -> None:
        """Not after all; KeyError for an unknown one."""
        ...

    def tariff(self) -> TariffView:
        """The contract that is reckoned with."""
        ...

    async def choose_tariff(self, name: str, who: Person) -> TariffView:
        """Reckon with another one; empty is the site file's own."""
        ...

    def promotion(self) -> PromotionView:
        """What the optimiser may do."""
        ...

    async def promote(
        self,
        optimiser: OptimiserName,
        rules: RulesName,
        promoted: Collection[Promotable],
        zones_by_rules: Collection[str],
        why: str,
        who: Person,
    ) -> PromotionView:
        """Let it do this and nothing else, over the site file's word."""
        ...

    async def give_promotion_back(self, who: Person) -> PromotionView:
        """The site file's word counts again."""
        ...

    def devices(self) -> Sequence[DeviceView]:
        """Every device, in the order of the site file."""
        ...
