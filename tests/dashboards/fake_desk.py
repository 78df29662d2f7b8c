"""Orders without a plant that follows them: what people give is kept in memory, and the guard is a made-up one."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace

from bems.desk.settings import Settings
from bems.desk.view import order_view
from control.orders import LONGEST_MODE, NONE, Mode, ModeOrder, Order, Taken
from dashboards.ports.desk import (
    CostView,
    DeviceView,
    DisplacedView,
    ModeView,
    Person,
    PreviewView,
    Refused,
    TakenView,
    WritableView,
)
from dashboards.ports.view import PointView
from models.reasons import Code, because
from models.site import Site

MOST_DEGC = 24.0


class FakeBook:
    """bems.order_book.OrderBook without a record."""

    def __init__(self):
        self.current = NONE
        self.told = []

    async def change(self, edit, *, who, what, subject, before=None, after=None, reason=None):
        self.current = edit(self.current)
        self.told.append((who, what, subject, before, after, reason))


class FakeDesk(Settings):
    """dashboards.ports.desk.Desk over a made-up site."""

    def __init__(self, site: Site, now: Callable[[], datetime], points: Callable[[], Sequence[PointView]]) -> None:
        super().__init__(SimpleNamespace(site=site, clock=SimpleNamespace(now=now), book=FakeBook()))
        self._points = points

    @property
    def site(self):
        return self._effective()

    def preview(self, point, value, minutes, who):
        described = self._base.points[point]
        rule = described.spec.write
        if rule is None:
            raise Refused("not_writable")
        if who.rooms_only and not point.endswith(".setpoint_degc"):
            raise Refused("rooms_only")
        if not rule.min <= value <= rule.max:
            raise Refused("outside_range", low=rule.min, high=rule.max)
        is_room = point.endswith(".setpoint_degc")
        given = min(value, MOST_DEGC) if is_room else value
        verdict = None if given == value else because(Code.GUARD_RESIDENT, wished=value, given=given)
        below = DisplacedView("rules", 12, 22.0, because(Code.ROOM_OWN, setpoint_degc=22.0))
        cost = CostView(4.25, 0.0, 12.4, "plan") if is_room else CostView(None, 18.0, None, "unknown")
        until = self._now() + timedelta(minutes=minutes)
        return PreviewView(point, value, given, verdict, 22.0, until, [below], None, cost, 3, rule.daily_budget, 15)

    async def take(self, point, value, minutes, why, who):
        looked = self.preview(point, value, minutes, who)
        if len(why.strip()) < 3:
            raise Refused("no_reason")
        taken = Taken(value, Order(who.name, self._now(), why, looked.until))
        await self.book.change(
            lambda orders: replace(orders, taken={**orders.taken, point: taken}),
            who=who.name, what="taken", subject=point, after=value, reason=why,
        )  # fmt: skip
        return self._view(point, taken)

    def _view(self, point, taken):
        looked = self.preview(point, taken.value, 60, Person("x"))
        return TakenView(point, taken.value, looked.given, looked.verdict, order_view(taken.order))

    async def give_back(self, points, who):
        known = self.book.current.taken
        gone = [p for p in (known if points is None else points) if p in known]
        for point in gone:
            await self.book.change(
                lambda orders, gone=point: replace(orders, taken={p: t for p, t in orders.taken.items() if p != gone}),
                who=who.name, what="given_back", subject=point,
            )  # fmt: skip
        return gone

    def taken(self):
        return [self._view(point, taken) for point, taken in self.book.current.at(self._now()).taken.items()]

    def mode(self):
        order = self.book.current.at(self._now()).mode
        longest = {mode.value: length / timedelta(hours=1) for mode, length in LONGEST_MODE.items()}
        return ModeView(
            "normal" if order is None else order.mode.value, None if order is None else order_view(order.order), longest
        )

    async def set_mode(self, mode, until, why, who):
        wanted, now = Mode(mode), self._now()
        if wanted is not Mode.NORMAL and (until is None or not now < until <= now + LONGEST_MODE[wanted]):
            raise Refused("mode_end", hours=LONGEST_MODE[wanted] / timedelta(hours=1))
        order = None if wanted is Mode.NORMAL else ModeOrder(wanted, Order(who.name, now, why, until))
        await self.book.change(
            lambda orders: replace(orders, mode=order), who=who.name, what="mode", subject="mode", after=mode
        )
        return self.mode()

    def devices(self):
        shown = {p.id: p for p in self._points()}
        views = []
        for device in self._base.devices:
            own = [p for p in self._base.points.values() if p.device.id == device.id]
            good = sum(shown[p.id].quality == "good" for p in own)
            state = "ok" if good == len(own) else "degraded" if good else "down"
            protocol = shown[own[0].id].protocol
            writable = [self._writable(p, shown[p.id]) for p in own if p.writable]
            views.append(
                DeviceView(
                    device.id, device.label, device.system, device.connection, protocol, state, 0.4, len(own), good,
                    writable,
                )
            )  # fmt: skip
        return views

    def _writable(self, point, shown):
        rule, taken = point.spec.write, self.book.current.taken.get(point.id)
        held = shown.value if shown.held_by else None
        return WritableView(
            point=point.id, label=point.spec.label, value=shown.value, held=taken.value if taken else held,
            unit=shown.unit, low=rule.min, high=rule.max, step=rule.step, writes_today=sum(point.id.encode()) % 7,
            daily_budget=rule.daily_budget, persistence=rule.persistence.value,
            held_by="operator@8" if taken else shown.held_by, error=None,
        )  # fmt: skip
