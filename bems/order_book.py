"""People's orders in the running system: those in force, kept over a restart, each change with who made it and why.

An order that was given is in the record before anybody is told so, or, where the record is in trouble, as soon as it
works again: what people decide at night does not wait for a disk.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from bems.audit import audited
from bems.history.errors import RecordError
from bems.history.record import Record
from bems.history.rows import Event
from bems.outputs import Outputs
from control.orders import NONE, Mode, Order, Orders
from models.priority import Level

log = logging.getLogger(__name__)

ORDERS_KEY: Final = "orders"
BY_ITSELF: Final = "bems"
"""Who the audit names for what ends by itself."""
MODE_ENDED: Final = {
    Mode.AWAY: "mode_away_ended",
    Mode.PREPAREDNESS: "mode_preparedness_ended",
    Mode.MANUAL: "mode_manual_ended",
}
KEEP_WITHIN_S: Final = 2.0
"""Wall time that somebody waits for the record before an order counts without it [s]."""


class OrderBook:
    """The orders of one site. `note` takes events for the record."""

    def __init__(self, record: Record, now: Callable[[], datetime], note: Callable[[Event], None]) -> None:
        self._record, self._now, self._note = record, now, note
        self.current: Orders = NONE
        """As of the last tick or change; the same object as long as nothing changes."""
        self.touched: frozenset[str] = frozenset()
        """Points whose device may hold something at the operators' priority."""
        self._to_keep = False
        self._one_by_one = asyncio.Lock()
        stored = record.load_state(ORDERS_KEY)
        if stored is not None:
            self._recall(stored)

    def _recall(self, stored: Mapping[str, Any]) -> None:
        try:
            self.touched = frozenset(str(point) for point in stored["touched"])
            self.current = Orders.from_json(stored["orders"])
        except (ValueError, KeyError, TypeError) as error:
            # Nobody's order is the safe one: each point goes back to whoever runs it.
            log.warning("people's orders are lost, the record's cannot be read: %s", error)

    def tick(self, outputs: Outputs, now: datetime) -> list[Event]:
        """Let go of what has ended; events of that."""
        known = {point for point in self.current.taken if outputs.writable(point)}
        clean = self.touched - known
        kept = frozenset(p for p in clean if outputs.may_hold(p, Level.OPERATOR)) | known
        if kept != self.touched:
            self.touched, self._to_keep = kept, True
        orders = self.current.at(now)
        if orders is self.current:
            return []
        events = [audited(now, BY_ITSELF, *change) for change in _ended(self.current, orders)]
        self.current, self._to_keep = orders, True
        return events

    def take_state(self) -> dict[str, Any]:
        """What is to be kept in the record with this tick; nothing when it has not changed since the last call."""
        if not self._to_keep:
            return {}
        self._to_keep = False
        return {ORDERS_KEY: self._state(self.current)}

    def _state(self, orders: Orders) -> dict[str, Any]:
        return {"orders": orders.to_json(), "touched": sorted(self.touched | set(orders.taken))}

    async def change(
        self,
        edit: Callable[[Orders], Orders],
        *,
        who: str,
        what: str,
        subject: str,
        before: float | str | None = None,
        after: float | str | None = None,
        reason: str | None = None,
    ) -> None:
        """Change the orders and tell who did what (a name of the texts' part [audit]) and why."""
        async with self._one_by_one:
            await self._keep(edit(self.current))
            # What has ended while the disk took its time stays ended: the edit is made on what is in force now.
            self.current = edit(self.current)
            self.touched |= set(self.current.taken)
            self._to_keep = True  # once more with the next tick, which may carry what was known before this
            self._note(audited(self._now(), who, what, subject, before, after, reason))

    async def _keep(self, orders: Orders) -> None:
        saving = asyncio.create_task(asyncio.to_thread(self._record.save_state, ORDERS_KEY, self._state(orders)))
        done, _ = await asyncio.wait({saving}, timeout=KEEP_WITHIN_S)
        if not done:
            log.warning("an order counts although the record has not kept it yet")
            saving.add_done_callback(_swallow)
        else:
            _swallow(saving)


def _swallow(saving: "asyncio.Task[None]") -> None:
    """The tick that comes next keeps the orders, too, and says what is wrong with the record."""
    error = None if saving.cancelled() else saving.exception()
    if error is not None and not isinstance(error, RecordError):
        raise error
    if error is not None:
        log.warning("an order counts although the record did not keep it: %s", error)


def _ended(before: Orders, after: Orders) -> Iterator[tuple[str, str, float | str | None, str | None, str]]:
    """(what, subject, before, after, reason) of every order that is over."""
    for point, taken in before.taken.items():
        if point not in after.taken:
            yield "taken_ended", point, taken.value, None, _whose(taken.order)
    if before.mode is not None and after.mode is None:
        yield MODE_ENDED[before.mode.mode], "mode", before.mode.mode.value, "normal", _whose(before.mode.order)
    for what, old, new in (
        ("comfort_ended", before.comfort, after.comfort),
        ("setback_ended", before.setback, after.setback),
    ):
        for name, set_point in old.items():
            if name not in new:
                yield what, name, set_point.degc, None, _whose(set_point.order)
    for name, holiday in before.holidays.items():
        if name not in after.holidays:
            yield "holiday_ended", name, holiday.closed.note or None, None, _whose(holiday.order)


def _whose(order: Order) -> str:
    return f"{order.who}: {order.why}" if order.why else order.who
