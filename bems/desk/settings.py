"""Settings that people change while the house runs: dated orders over the site file, followed at once."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from bems.desk.view import order_view
from bems.system import System
from control.guidance import assets_of
from control.orders import (
    SETBACK_LEAST_DEGC,
    Holiday,
    Order,
    Orders,
    Promotion,
    SetPoint,
    chosen_next,
    comfort_limits,
    site_of,
)
from dashboards.ports.desk import LONGEST_TEXT, ComfortView, HolidayView, Person, PromotionView, Refused, TariffView
from models.assets import Room, Zone, ZoneKind
from models.closures import Closed
from models.promotion import OptimiserName, Promotable, RulesName
from models.site import Site

HOLIDAYS_AHEAD: Final = timedelta(days=730)
MOST_HOLIDAYS: Final = 100
_T = TypeVar("_T", bound=str)


class Settings:
    """Of one running system."""

    def __init__(self, system: System) -> None:
        self._base = system.site
        self._now: Callable[[], datetime] = system.clock.now
        self.book = system.book
        self._places: Mapping[str, tuple[Zone, Room | None]] = {
            **{zone.id: (zone, None) for zone in self._base.zones},
            **{room.id: (zone, room) for zone in self._base.zones for room in zone.rooms},
        }
        self._comfort_devices = {d for zone, room in self._places.values() for d in (room or zone).devices}

    def _effective(self) -> Site:
        return site_of(self._base, self.book.current.at(self._now()))

    # Comfort

    def comfort(self) -> Sequence[ComfortView]:
        """Set points of every zone and, after it, of its rooms."""
        orders = self.book.current.at(self._now())
        shown = {zone.id: zone for zone in site_of(self._base, orders).zones}
        return [
            view
            for zone in self._base.zones
            for view in (
                _zone_view(zone, shown[zone.id], orders),
                *(_room_view(zone, *pair, orders) for pair in zip(zone.rooms, shown[zone.id].rooms, strict=True)),
            )
        ]

    async def set_comfort(
        self, name: str, degc: float | None, setback_degc: float | None, until: datetime | None, why: str, who: Person
    ) -> ComfortView:
        """Other set points for a zone or room; None goes back to the site file's."""
        zone, room = self._places[name]
        low, high = comfort_limits(room or zone)
        if degc is not None and not low <= degc <= high:
            raise Refused("outside_range", low=low, high=high)
        now = self._now()
        if until is not None and not now < until <= now + HOLIDAYS_AHEAD:
            raise Refused("end")
        before = next(view for view in self.comfort() if view.id == name)
        if setback_degc != (None if before.setback_order is None else before.setback_degc):
            self._check_setback(zone, room, degc if degc is not None else before.file_degc, setback_degc, who)
        order = Order(who.name, now, grounds(why), until)
        if degc != (None if before.order is None else before.degc) or until is not None:
            await self._set("comfort", name, degc, order, before.degc, before.file_degc)
        if setback_degc != (None if before.setback_order is None else before.setback_degc):
            await self._set("setback", name, setback_degc, order, before.setback_degc, before.file_setback_degc)
        return next(view for view in self.comfort() if view.id == name)

    def _check_setback(
        self, zone: Zone, room: Room | None, degc: float, setback_degc: float | None, who: Person
    ) -> None:
        if who.rooms_only:
            raise Refused("rooms_only")
        if setback_degc is None:
            return
        if room is not None or zone.setback_degc is None:
            raise Refused("no_setback")
        if not SETBACK_LEAST_DEGC <= setback_degc <= degc:
            raise Refused("outside_range", low=SETBACK_LEAST_DEGC, high=degc)

    async def _set(
        self, kind: str, name: str, degc: float | None, order: Order, before: float | None, of_file: float | None
    ) -> None:
        def edit(orders: Orders) -> Orders:
            known: Mapping[str, SetPoint] = getattr(orders, kind)
            kept = {key: one for key, one in known.items() if key != name}
            changed: dict[str, Any] = {kind: kept if degc is None else {**kept, name: SetPoint(degc, order)}}
            return replace(orders, **changed)

        after = of_file if degc is None else degc
        await self.book.change(
            edit, who=order.who, what=kind, subject=name, before=before, after=after, reason=order.why or None
        )

    # Holidays

    def holidays(self) -> Sequence[HolidayView]:
        """Every one that has not passed, by their begin; those of the site file have no id."""
        orders = self.book.current.at(self._now())
        wall = self._wall(self._now())
        ours = [
            HolidayView(name, o.closed.start, o.closed.until, o.closed.zones, o.closed.note, order_view(o.order))
            for name, o in orders.holidays.items()
        ]
        files = [HolidayView("", c.start, c.until, c.zones, c.note, None) for c in self._base.closed if c.until > wall]
        return sorted([*ours, *files], key=lambda view: view.start)

    async def add_holiday(
        self, start: datetime, until: datetime, zones: Sequence[str], note: str, who: Person
    ) -> HolidayView:
        """Nobody is expected in these zones (none: wherever nobody lives)."""
        if who.rooms_only:
            raise Refused("rooms_only")
        now = self._now()
        wall = self._wall(now)
        homes = [z for z in zones if z not in self._places or self._places[z][1] is not None or self._lived_in(z)]
        if homes:
            raise Refused("not_to_close", names=", ".join(homes))
        if not wall < until <= wall + HOLIDAYS_AHEAD or len(self.book.current.holidays) >= MOST_HOLIDAYS:
            raise Refused("end")
        try:
            closed = Closed(start=start, until=until, zones=tuple(zones), note=" ".join(note.split())[:80])
        except ValidationError as error:
            raise Refused("end") from error
        order = Order(who.name, now, closed.note, until.replace(tzinfo=self._base.zone_info).astimezone(UTC))
        name = self._free_name(start.date())
        await self.book.change(
            lambda orders: replace(orders, holidays={**orders.holidays, name: Holiday(closed, order)}),
            who=who.name, what="holiday_added", subject=name, after=_span(closed), reason=closed.note or None,
        )  # fmt: skip
        return HolidayView(name, start, until, closed.zones, closed.note, order_view(order))

    async def drop_holiday(self, name: str, who: Person) -> None:
        """Not after all; KeyError for an unknown one."""
        if who.rooms_only:
            raise Refused("rooms_only")
        known = self.book.current.holidays[name]
        await self.book.change(
            lambda orders: replace(orders, holidays={n: one for n, one in orders.holidays.items() if n != name}),
            who=who.name, what="holiday_dropped", subject=name, before=_span(known.closed),
        )  # fmt: skip

    def _free_name(self, day: date) -> str:
        names = (f"{day.isoformat()}-{number}" for number in range(1, MOST_HOLIDAYS + 2))
        return next(name for name in names if name not in self.book.current.holidays)

    def _lived_in(self, zone: str) -> bool:
        return self._places[zone][0].kind is ZoneKind.RESIDENTIAL

    def _wall(self, now: datetime) -> datetime:
        return now.astimezone(self._base.zone_info).replace(tzinfo=None)

    # Tariff

    def tariff(self) -> TariffView:
        """The contract that is reckoned with."""
        choice = self.book.current.tariff
        chosen = choice.name if choice is not None and choice.name in self._base.tariff_choices else ""
        return TariffView(
            names=sorted(self._base.tariff_choices),
            chosen=chosen,
            order=order_view(choice.order) if choice is not None and chosen else None,
        )

    async def choose_tariff(self, name: str, who: Person) -> TariffView:
        """Reckon with another one; empty is the site file's own."""
        if who.rooms_only:
            raise Refused("rooms_only")
        if name and name not in self._base.tariff_choices:
            raise Refused("no_tariff", names=", ".join(sorted(self._base.tariff_choices)) or "–")
        order, before = Order(who.name, self._now()), self.tariff().chosen
        await self.book.change(
            lambda orders: replace(orders, tariff=chosen_next(name, order, orders.tariff)),
            who=who.name, what="tariff", subject="tariff", before=before or None, after=name or None,
        )  # fmt: skip
        return self.tariff()

    # Shadow and promotion

    def promotion(self) -> PromotionView:
        """What the optimiser may do."""
        now, file = self._effective().control, self._base.control
        of, assets = self.book.current.promotion, assets_of(self._base)
        return PromotionView(
            optimiser=now.optimiser, rules=now.rules,
            promoted=_in_order(now.promoted, assets), zones_by_rules=now.zones_by_rules,
            file_optimiser=file.optimiser, file_rules=file.rules, file_promoted=_in_order(file.promoted, assets),
            file_zones_by_rules=file.zones_by_rules, assets=assets,
            order=None if of is None else order_view(of.order),
        )  # fmt: skip

    async def promote(
        self,
        optimiser: OptimiserName,
        rules: RulesName,
        promoted: Collection[Promotable],
        zones_by_rules: Collection[str],
        why: str,
        who: Person,
    ) -> PromotionView:
        """Let the optimiser do this and nothing else, over the site file's word; each change is told by itself."""
        if who.rooms_only:
            raise Refused("rooms_only")
        now, zones = self.promotion(), [zone.id for zone in self._base.zones]
        if unknown := [name for name in (*promoted, *zones_by_rules) if name not in (*now.assets, *zones)]:
            raise Refused("not_to_promote", names=", ".join(unknown))
        order = Order(who.name, self._now(), grounds(why, needed=True))
        before = Promotion(now.optimiser, now.rules, tuple(now.promoted), tuple(now.zones_by_rules), order)
        after = Promotion(optimiser, rules, _in_order(promoted, now.assets), _in_order(zones_by_rules, zones), order)
        for what, subject, then in _changes(before, after):
            await self.book.change(
                lambda orders, then=then: replace(orders, promotion=then),  # type: ignore[misc]  # a lambda's default
                who=who.name, what=what, subject=subject, reason=order.why,
            )  # fmt: skip
        return self.promotion()

    async def give_promotion_back(self, who: Person) -> PromotionView:
        """The site file's word counts again."""
        if who.rooms_only:
            raise Refused("rooms_only")
        if self.book.current.promotion is not None:
            await self.book.change(
                lambda orders: replace(orders, promotion=None),
                who=who.name,
                what="promotion_of_file",
                subject="optimiser",
            )
        return self.promotion()


def grounds(why: str, *, needed: bool = False) -> str:
    """A reason as it is kept; Refused for one that says nothing."""
    said = " ".join(why.split())[:LONGEST_TEXT]
    if needed and len(said) < 3:
        raise Refused("no_reason")
    return said


def _in_order(of: Collection[_T], order: Sequence[_T]) -> tuple[_T, ...]:
    return tuple(one for one in order if one in of)


def _changes(before: Promotion, after: Promotion) -> Iterator[tuple[str, str, Promotion]]:
    """(what, subject, promotion from then on) of every difference."""
    now = before
    if after.optimiser != now.optimiser:
        now = replace(now, optimiser=after.optimiser)
        yield "optimiser_on" if now.optimiser == "on" else "optimiser_shadow", "optimiser", now
    if after.rules != now.rules:
        now = replace(now, rules=after.rules)
        yield "rules_naive" if now.rules == "naive" else "rules_good", "rules", now
    for asset in sorted(set(before.promoted) ^ set(after.promoted)):
        given = asset in after.promoted
        kept = tuple(one for one in now.promoted if one != asset)
        now = replace(now, promoted=(*kept, asset) if given else kept)
        yield "asset_promoted" if given else "asset_to_rules", f"asset.{asset}", now
    for zone in sorted(set(before.zones_by_rules) ^ set(after.zones_by_rules)):
        by_rules = zone in after.zones_by_rules
        rest = tuple(one for one in now.zones_by_rules if one != zone)
        now = replace(now, zones_by_rules=(*rest, zone) if by_rules else rest)
        yield "zone_to_rules" if by_rules else "zone_promoted", zone, now


def _span(closed: Closed) -> str:
    return f"{closed.start:%Y-%m-%d %H.%M} – {closed.until:%Y-%m-%d %H.%M}"


def _zone_view(zone: Zone, shown: Zone, orders: Orders) -> ComfortView:
    low, high = comfort_limits(zone)
    comfort, setback = orders.comfort.get(zone.id), orders.setback.get(zone.id)
    return ComfortView(
        id=zone.id, kind="zone", name=zone.name, zone=zone.id,
        degc=shown.setpoint_degc, file_degc=zone.setpoint_degc, low_degc=low, high_degc=high,
        setback_degc=shown.setback_degc, file_setback_degc=zone.setback_degc,
        order=None if comfort is None else order_view(comfort.order),
        setback_order=None if setback is None else order_view(setback.order),
    )  # fmt: skip


def _room_view(zone: Zone, room: Room, shown: Room, orders: Orders) -> ComfortView:
    low, high = comfort_limits(room)
    comfort = orders.comfort.get(room.id)
    return ComfortView(
        id=room.id, kind="room", name=room.name, zone=zone.id,
        degc=shown.setpoint_degc, file_degc=room.setpoint_degc, low_degc=low, high_degc=high,
        setback_degc=None, file_setback_degc=None,
        order=None if comfort is None else order_view(comfort.order), setback_order=None,
    )  # fmt: skip
