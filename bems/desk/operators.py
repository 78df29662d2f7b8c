"""The operators' desk: taking points over and giving them back, the mode of the house, settings over the site file's.

Satisfies dashboards.ports.desk.Desk. Nothing here writes to a device: an order goes into the book, control follows it
in its next decision, which comes at once, and the guard looks at it like at any other wish.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

from bems.desk.cost import Load, cost_of, load_of
from bems.desk.settings import Settings, grounds
from bems.desk.view import device_views, order_view
from bems.state import aged
from bems.system import System
from control.orders import (
    LONGEST_HOLD,
    LONGEST_MODE,
    SHORTEST_HOLD,
    Mode,
    ModeOrder,
    Order,
    Orders,
    Taken,
    taken_reason,
)
from control.wish import Wish
from dashboards.ports.desk import (
    CostView,
    DeviceView,
    DisplacedView,
    ModeName,
    ModeView,
    Person,
    PreviewView,
    Refused,
    TakenView,
)
from models.field import SitePoint
from models.point import WriteRule
from models.priority import Level
from models.signals import Command, Hold, Reading
from models.site import Site

HOUR: Final = timedelta(hours=1)
MODE_SET: Final = {
    Mode.NORMAL: "mode_normal",
    Mode.AWAY: "mode_away",
    Mode.PREPAREDNESS: "mode_preparedness",
    Mode.MANUAL: "mode_manual",
}
"""Words of the audit."""


class Desk(Settings):
    """Of one running system."""

    def __init__(self, system: System) -> None:
        super().__init__(system)
        self._system = system

    # Points

    def preview(self, point: str, value: float, minutes: int, who: Person) -> PreviewView:
        """What taking the point over would do now; KeyError for an unknown point."""
        described, rule = self._checked(point, value, minutes, who)
        system, now = self._system, self._now()
        until = now + timedelta(minutes=minutes)
        outcome = self._judged(point, value, Order(who.name, now, "", until))
        given = outcome.value if isinstance(outcome, Command) else None
        slots = system.outputs.slots(point, now)
        below = [_displaced(c) for p, c in slots.items() if p > Level.OPERATOR and c.value is not None]
        above = [_displaced(c) for p, c in slots.items() if p < Level.OPERATOR and c.value is not None]
        usual = below[0].value if below else rule.relinquish
        load = None if given is None else load_of(system.site, point, given, usual)
        return PreviewView(
            point=point,
            value=value,
            given=given,
            verdict=None if given == value else outcome.reason,
            now=self._held_or_read(described),
            until=until,
            displaced=below,
            safety=above[0] if above else None,
            cost=self._cost(load, given, usual, now, until),
            writes_today=system.steering.writes_today(point, now),
            daily_budget=rule.daily_budget,
            needs_min=round(SHORTEST_HOLD / timedelta(minutes=1)),
        )

    def _cost(self, load: Load | None, given: float | None, usual: float, now: datetime, until: datetime) -> CostView:
        if given is None or given == usual:
            return CostView(0.0, 0.0, 0.0, "none")
        planner = self._system.planner
        cost = cost_of(load, None if planner is None else planner.advice, now, until)
        return CostView(cost.nok, cost.electricity_kwh, cost.heat_kwh, "unknown" if cost.nok is None else "plan")

    async def take(self, point: str, value: float, minutes: int, why: str, who: Person) -> TakenView:
        """Hold the point until then, as far as the guard allows; Refused, or KeyError for an unknown point."""
        self._checked(point, value, minutes, who)
        now = self._now()
        taken = Taken(value, Order(who.name, now, grounds(why, needed=True), now + timedelta(minutes=minutes)))
        outcome = self._judged(point, value, taken.order)
        if isinstance(outcome, Hold) or outcome.value is None:
            raise Refused("guard", reason=outcome.reason)
        before = self.book.current.taken.get(point)

        def edit(orders: Orders) -> Orders:
            return replace(orders, taken={**orders.taken, point: taken})

        held = self._held_or_read(self._base.points[point]) if before is None else before.value
        await self.book.change(
            edit, who=who.name, what="taken", subject=point, before=held, after=value, reason=taken.order.why
        )
        return self._taken_view(point, taken)

    async def give_back(self, points: Sequence[str] | None, who: Person) -> Sequence[str]:
        """Give these back, or all; each is told by itself. Refused when one of them is not theirs to give back."""
        known = self.book.current.taken
        wanted = [p for p in (known if points is None else points) if p in known]
        if who.rooms_only:
            wanted = [p for p in wanted if self._is_room_setpoint(p)] if points is None else wanted
            for point in wanted:
                self._allow(point, who)
        for point in wanted:

            def edit(orders: Orders, point: str = point) -> Orders:
                return replace(orders, taken={p: one for p, one in orders.taken.items() if p != point})

            await self.book.change(
                edit, who=who.name, what="given_back", subject=point, before=known[point].value, reason=None
            )
        return wanted

    def taken(self) -> Sequence[TakenView]:
        """Every point that is taken over, that which ends first before the others."""
        in_force = self.book.current.at(self._now()).taken
        return [self._taken_view(p, one) for p, one in sorted(in_force.items(), key=lambda item: item[1].until)]

    def _taken_view(self, point: str, taken: Taken) -> TakenView:
        outcome = self._judged(point, taken.value, taken.order)
        given = outcome.value if isinstance(outcome, Command) else None
        verdict = None if given == taken.value else outcome.reason
        return TakenView(point, taken.value, given, verdict, order_view(taken.order))

    def _judged(self, point: str, value: float, order: Order) -> Command | Hold:
        wish = Wish(point, value, taken_reason(self._base, order), ())
        system = self._system
        return system.steering.judged(wish, self._picture(), self._now(), max(system.max_age.values()))

    def _picture(self) -> dict[str, Reading]:
        return dict(aged(self._system.picture, self._now(), self._system.max_age))

    def _checked(self, point: str, value: float, minutes: int, who: Person) -> tuple[SitePoint, WriteRule]:
        """The point and its rule; Refused for what nobody could hold."""
        described = self._base.points[point]
        rule = described.spec.write
        if rule is None:
            raise Refused("not_writable", point=point)
        self._allow(point, who)
        if not isfinite(value) or not rule.min <= value <= rule.max:
            raise Refused("outside_range", low=rule.min, high=rule.max)
        if not SHORTEST_HOLD <= timedelta(minutes=minutes) <= LONGEST_HOLD:
            raise Refused("duration", hours=LONGEST_HOLD / HOUR)
        return described, rule

    def _allow(self, point: str, who: Person) -> None:
        if who.rooms_only and not self._is_room_setpoint(point):
            raise Refused("rooms_only")

    def _is_room_setpoint(self, point: str) -> bool:
        device, _, signal = point.partition(".")
        return signal == "setpoint_degc" and device in self._comfort_devices

    def _held_or_read(self, point: SitePoint) -> float | None:
        held = self._system.outputs.held(self._now()).get(point.id)
        return held[0].value if held is not None else self._picture()[point.id].value

    # The house

    def mode(self) -> ModeView:
        """How the house is run."""
        order = self.book.current.at(self._now()).mode
        longest = {mode.value: length / HOUR for mode, length in LONGEST_MODE.items()}
        if order is None:
            return ModeView("normal", None, longest)
        return ModeView(order.mode.value, order_view(order.order), longest)

    async def set_mode(self, mode: ModeName, until: datetime | None, why: str, who: Person) -> ModeView:
        """Run it otherwise, from now until then; back to normal at once."""
        now, wanted = self._now(), Mode(mode)
        if who.rooms_only:
            raise Refused("rooms_only")
        order = None
        if wanted is not Mode.NORMAL:
            if until is None or not now + SHORTEST_HOLD <= until <= now + LONGEST_MODE[wanted] + timedelta(minutes=1):
                raise Refused("mode_end", hours=LONGEST_MODE[wanted] / HOUR)
            order = ModeOrder(wanted, Order(who.name, now, grounds(why, needed=True), until))
        before = self.book.current.mode_now
        await self.book.change(
            lambda orders: replace(orders, mode=order),
            who=who.name, what=MODE_SET[wanted], subject="mode", before=before.value, after=wanted.value,
            reason=grounds(why) or None,
        )  # fmt: skip
        return self.mode()

    def devices(self) -> Sequence[DeviceView]:
        """Every device."""
        return device_views(self._system)

    @property
    def site(self) -> Site:
        """The site as people have it now."""
        return self._effective()


def _displaced(command: Command) -> DisplacedView:
    assert command.value is not None
    return DisplacedView(command.source, command.priority, command.value, command.reason)
