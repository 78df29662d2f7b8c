"""What people have decided, as control follows it: points taken over, the mode of the house, settings over the file's.

Pure and immutable. Every order says who gave it, when and why; one that has an end ends by itself. Nothing here is
above the guard: a point taken over passes it in every decision, like any other wish.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from pydantic import TypeAdapter

from control.limits import RESIDENT_LEAST_DEGC, RESIDENT_MAX_DEGC
from control.strategy import GOOD, NAIVE, PREPARED, Strategy
from control.wish import Wish
from models.assets import Room, Zone, ZoneKind
from models.closures import Closed
from models.promotion import Control, OptimiserName, Promotable, RulesName
from models.reasons import Code, because, is_safety
from models.signals import Reason
from models.site import Site
from models.tariff import TariffConfig, followed_by

LONGEST_HOLD: Final = timedelta(hours=24)
SHORTEST_HOLD: Final = timedelta(minutes=15)
ZONE_DEGC: Final = (16.0, 26.0)
"""What a zone where nobody lives may be set to."""
SETBACK_LEAST_DEGC: Final = 16.0


class Mode(StrEnum):
    """How the house is run."""

    NORMAL = "normal"
    AWAY = "away"
    """Set-back wherever nobody lives; people who do come are seen by their sensors."""
    PREPAREDNESS = "preparedness"
    """Every store full, nothing saved: a storm or a power cut is near."""
    MANUAL = "manual"
    """Nothing is written but what safety and hygiene need and what people have taken over."""


LONGEST_MODE: Final[dict[Mode, timedelta]] = {
    Mode.AWAY: timedelta(days=60),
    Mode.PREPAREDNESS: timedelta(days=7),
    Mode.MANUAL: timedelta(hours=24),
}
"""Every mode but the normal one ends by itself, this long after it was set at the latest."""


@dataclass(frozen=True, slots=True)
class Order:
    """Who wanted it, since when, why, and until when (None: until somebody says otherwise)."""

    who: str
    since: datetime
    why: str = ""
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is in force; a clock that was put back does not make it longer than it was meant to be."""
        return self.until is None or now < self.until <= now + (self.until - self.since) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """A point that somebody has taken over; its order has an end."""

    value: float
    order: Order

    @property
    def until(self) -> datetime:
        """When it is given back by itself."""
        assert self.order.until is not None
        return self.order.until


@dataclass(frozen=True, slots=True)
class ModeOrder:
    """A mode other than the normal one; its order has an end."""

    mode: Mode
    order: Order


@dataclass(frozen=True, slots=True)
class SetPoint:
    """A set point over the site file's [degC]."""

    degc: float
    order: Order


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days on which nobody is expected, over the site file's."""

    closed: Closed
    order: Order


@dataclass(frozen=True, slots=True)
class TariffChoice:
    """Which of the site file's tariffs counts from then on; an empty name is the site's own."""

    name: str
    order: Order
    earlier: tuple["TariffChoice", ...] = ()
    """Those before it, oldest first, each until the next: what was bought is not made dearer afterwards."""


@dataclass(frozen=True, slots=True)
class Promotion:
    """What the optimiser may do, over the site file's word (see models.promotion.Control)."""

    optimiser: OptimiserName
    rules: RulesName
    promoted: tuple[Promotable, ...]
    zones_by_rules: tuple[str, ...]
    order: Order


@dataclass(frozen=True, slots=True)
class Orders:
    """All of them."""

    taken: Mapping[str, Taken] = field(default_factory=dict)
    """By point."""
    mode: ModeOrder | None = None
    """None is normal."""
    comfort: Mapping[str, SetPoint] = field(default_factory=dict)
    """By zone or room."""
    setback: Mapping[str, SetPoint] = field(default_factory=dict)
    """By zone."""
    holidays: Mapping[str, Holiday] = field(default_factory=dict)
    """By a name of their own."""
    tariff: TariffChoice | None = None
    promotion: Promotion | None = None

    def at(self, now: datetime) -> "Orders":
        """Those in force; the same object when all of them are."""
        mode = self.mode if self.mode is None or self.mode.order.holds(now) else None
        taken = {point: one for point, one in self.taken.items() if one.order.holds(now)}
        comfort = {name: one for name, one in self.comfort.items() if one.order.holds(now)}
        setback = {name: one for name, one in self.setback.items() if one.order.holds(now)}
        holidays = {name: one for name, one in self.holidays.items() if one.order.holds(now)}
        kept = len(taken) + len(comfort) + len(setback) + len(holidays)
        if mode is self.mode and kept == sum(map(len, (self.taken, self.comfort, self.setback, self.holidays))):
            return self
        return replace(self, taken=taken, mode=mode, comfort=comfort, setback=setback, holidays=holidays)

    @property
    def mode_now(self) -> Mode:
        """The mode of the house."""
        return Mode.NORMAL if self.mode is None else self.mode.mode

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Orders":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ADAPTER.validate_json(text)


_ADAPTER: Final = TypeAdapter(Orders)
MOST_EARLIER: Final = 50
"""Choices of a tariff that are remembered."""
NONE: Final = Orders()


def comfort_limits(of: Zone | Room) -> tuple[float, float]:
    """Lowest and highest set point people may choose [degC]: where somebody lives, what residents are promised."""
    if isinstance(of, Room) or of.kind is ZoneKind.RESIDENTIAL:
        return RESIDENT_LEAST_DEGC, RESIDENT_MAX_DEGC
    return ZONE_DEGC


def chosen_next(name: str, order: Order, before: TariffChoice | None) -> TariffChoice:
    """The choice of a tariff that follows the one before it."""
    earlier = () if before is None else (*before.earlier, replace(before, earlier=()))
    return TariffChoice(name, order, earlier[-MOST_EARLIER:])


def _tariff(site: Site, choice: TariffChoice) -> TariffConfig:
    """Each choice from the local day it was made on; one that the site file no longer has changes nothing."""
    tariff = site.tariff
    for one in (*choice.earlier, choice):
        if not one.name or one.name in site.tariff_choices:
            day = one.order.since.astimezone(site.zone_info).date()
            tariff = followed_by(tariff, site.tariff_choices.get(one.name, site.tariff), day)
    return tariff


def priced(site: Site, orders: Orders) -> Site:
    """The site with the tariffs people chose and nothing else of theirs: what reckons with past days has it."""
    tariff = site.tariff if orders.tariff is None else _tariff(site, orders.tariff)
    return site if tariff is site.tariff else site.model_copy(update={"tariff": tariff})


def site_of(site: Site, orders: Orders) -> Site:
    """The site as people have it now: the file with the orders' settings over it. The same object without any."""
    changed: dict[str, object] = {}
    if orders.comfort or orders.setback:
        changed["zones"] = tuple(_zone(zone, orders) for zone in site.zones)
    closed = [holiday.closed for holiday in orders.holidays.values()]
    if orders.mode is not None and orders.mode.mode is Mode.AWAY and orders.mode.order.until is not None:
        start, until = (_wall(at, site) for at in (orders.mode.order.since, orders.mode.order.until))
        closed.append(Closed(start=start, until=until))
    if closed:
        changed["closed"] = (*site.closed, *closed)
    if orders.tariff is not None:
        tariff = _tariff(site, orders.tariff)
        changed |= {} if tariff is site.tariff else {"tariff": tariff}
    if orders.promotion is not None:
        changed["control"] = _control(site, orders.promotion)
    return site.model_copy(update=changed) if changed else site


def _control(site: Site, of: Promotion) -> Control:
    names = ("optimiser", "rules", "promoted", "zones_by_rules")
    return site.control.model_copy(update={name: getattr(of, name) for name in names})


def _wall(at: datetime, site: Site) -> datetime:
    return at.astimezone(site.zone_info).replace(tzinfo=None)


def _zone(zone: Zone, orders: Orders) -> Zone:
    rooms = tuple(
        room.model_copy(update={"setpoint_degc": _within(orders.comfort[room.id].degc, comfort_limits(room))})
        if room.id in orders.comfort
        else room
        for room in zone.rooms
    )
    changed: dict[str, object] = {"rooms": rooms}
    comfort = zone.setpoint_degc
    if zone.id in orders.comfort:
        changed["setpoint_degc"] = comfort = _within(orders.comfort[zone.id].degc, comfort_limits(zone))
    setback = zone.setback_degc
    if setback is not None:
        wanted = orders.setback[zone.id].degc if zone.id in orders.setback else setback
        changed["setback_degc"] = min(comfort, max(SETBACK_LEAST_DEGC, wanted))
    return zone.model_copy(update=changed)


def _within(degc: float, limits: tuple[float, float]) -> float:
    return min(limits[1], max(limits[0], degc))


def strategy_of(mode: Mode, control: Control) -> Strategy:
    """The rules in force where no plan is followed; the naive ones stand in for none."""
    if mode is Mode.PREPAREDNESS:
        return PREPARED
    return NAIVE if control.runs_naive else GOOD


def follows_plan(mode: Mode) -> bool:
    """Whether a plan may be followed: not where nothing is to be saved, nor where people do it by hand."""
    return mode in (Mode.NORMAL, Mode.AWAY)


def by_mode(mode: Mode, wishes: Iterable[Wish]) -> list[Wish]:
    """The rules' wishes as the mode lets them through: by hand, only those for safety and hygiene.

    The others give their points back, so that each device runs on its own.
    """
    if mode is not Mode.MANUAL:
        return list(wishes)
    return [
        wish
        if is_safety(wish.reason) or wish.reason.code == Code.AFTER_HEATER_CYCLE
        else Wish(wish.point, None, because(Code.MODE_MANUAL), ())
        for wish in wishes
    ]


def decides(orders: Orders) -> Reason | None:
    """Who decides where it is neither the plan nor the usual rules; None: they do."""
    of_mode = {Mode.PREPAREDNESS: Code.DECIDES_PREPAREDNESS, Mode.MANUAL: Code.DECIDES_MANUAL}
    if orders.mode is None or orders.mode.mode not in of_mode:
        return None
    return because(of_mode[orders.mode.mode], who=orders.mode.order.who)


def taken_wishes(site: Site, orders: Orders) -> list[Wish]:
    """What was taken over, as wishes."""
    return [Wish(point, one.value, taken_reason(site, one.order), ()) for point, one in orders.taken.items()]


def taken_reason(site: Site, order: Order) -> Reason:
    """Who has taken over, until when and why."""
    until = "–" if order.until is None else order.until.astimezone(site.zone_info).strftime("%d.%m. %H.%M")
    return because(Code.OPERATOR_HOLD, who=order.who, until=until, why=order.why or "–")
