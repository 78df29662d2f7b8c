"""BACnet/IP devices: scans by ReadPropertyMultiple, events by subscription (COV), writes into priority slots."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from bacpypes3.pdu import Address

from drivers.bacnet_client import BacnetClient
from drivers.codec_bacnet import (
    DEVICE,
    MAX_APDU_LENGTH_ACCEPTED,
    PRESENT_VALUE,
    PRIORITY_ARRAY,
    STATUS_FLAGS,
    AccessError,
    Answers,
    Property,
    Value,
    batches,
    encode_value,
    encode_write,
    object_id,
    reading,
)
from drivers.errors import Nonsense, Refused, Unreachable
from drivers.limits import allowed, same_value, write_rule
from models.field import BacnetConnection, SitePoint
from models.point import BacnetPoint
from models.profile import Profile
from models.signals import Quality, Sample, Write, WriteResult
from models.units import Unit

_COV_LIFETIME_S: Final = 120
"""Renewed at half of it, so a device that restarts between two scans notifies again within a minute."""
_COV_AGAIN_S: Final = 30.0
"""Wall time until a device that did not answer a subscription is asked again."""
_COV_AT_ONCE: Final = 8
_SMALLEST_APDU: Final = 480
"""Assumed of a device that does not tell (MS/TP behind a router)."""


class BacnetDriver:
    """One BACnet device. Everything is scanned; flags, states and writable points are subscribed to as well, because
    there a change is an event (somebody came, an alarm, a technician's hand), not a drift.
    """

    def __init__(
        self,
        connection: BacnetConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        now: Callable[[], datetime],
        *,
        client: BacnetClient | None = None,
    ) -> None:
        """`now` is the site clock. Without `client` the driver opens a station of its own on any free port.

        `profiles` is not needed: all that BACnet wants to know stands in the points.
        """
        del profiles
        self._connection = connection
        self._now = now
        self._peer = Address(f"{connection.host}:{connection.port}")
        self._device = DEVICE << 22 | connection.device_instance
        self._client = client if client is not None else BacnetClient()
        self._process_id = self._client.new_process_id()
        self._objects = {point.id: object_id(_spec(point).object, point.device.object_offset) for point in points}
        self._points = {point.id: point for point in points}
        self._by_object = {self._objects[point.id]: point for point in points}
        self._plan: list[list[Property]] = []
        self._pushed: list[Sample] = []
        self._renew_at = {self._objects[point.id]: 0.0 for point in points if _is_event(point)}

    async def connect(self) -> None:
        """See Driver. Proves that the right device answers, and learns how much it can say in one answer."""
        await self._client.open(self._process_id)
        try:
            longest = await self._ask_apdu_length()
            self._plan = batches(
                [(Property(o, PRESENT_VALUE), Property(o, STATUS_FLAGS)) for o in self._by_object], longest
            )
            self._client.listen(self._process_id, self._on_change)
            self._renew_at = dict.fromkeys(self._renew_at, 0.0)
            await self._renew_subscriptions()
        except Unreachable as error:
            raise self._unreachable(error) from error

    async def read(self) -> Sequence[Sample]:
        """See Driver."""
        if not self._plan:
            await self.connect()
        samples: list[Sample] = []
        try:
            for batch in self._plan:
                samples += self._samples(batch, await self._answers(batch))
            await self._renew_subscriptions()
        except Unreachable as error:
            # Whatever made the device silent may have cost it its subscriptions too.
            self._renew_at = dict.fromkeys(self._renew_at, 0.0)
            raise self._unreachable(error) from error
        return samples

    def drain(self) -> Sequence[Sample]:
        """See Driver."""
        pushed, self._pushed = self._pushed, []
        return pushed

    async def write(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """See Driver. A write is ok when the device's priority array holds it; `read_back` is the present value, which
        differs while a higher slot is held.
        """
        held: dict[int, float | None] = {}
        refused: dict[int, str] = {}
        try:
            for number, write in enumerate(writes):
                try:
                    held[number] = await self._write_one(write)
                except Refused as error:
                    refused[number] = str(error)
            answers = await self._read_back([writes[number] for number in held])
        except Unreachable as error:
            raise self._unreachable(error) from error
        return [
            self._result(write, held[number], answers)
            if number in held
            else WriteResult(write.point, ok=False, read_back=None, error=refused[number])
            for number, write in enumerate(writes)
        ]

    async def ping(self) -> None:
        """See Driver."""
        try:
            await self._ask_apdu_length()
        except Unreachable as error:
            raise self._unreachable(error) from error

    async def close(self) -> None:
        """See Driver. Subscriptions are left to run out: a device that is gone would cost a time-out each."""
        self._plan = []
        await self._client.leave(self._process_id)

    async def _ask_apdu_length(self) -> int:
        wanted = Property(self._device, MAX_APDU_LENGTH_ACCEPTED)
        try:
            answer = (await self._client.read(self._peer, [wanted], self._connection.timeout_s)).get(wanted)
        except (Refused, Nonsense) as error:
            raise Unreachable(f"device {self._connection.device_instance} is not there: {error}") from error
        if isinstance(answer, AccessError):
            raise Unreachable(f"device {self._connection.device_instance} is not there, somebody else answers")
        return int(answer) if isinstance(answer, int) else _SMALLEST_APDU

    async def _answers(self, batch: Sequence[Property]) -> Answers:
        """What the device says; nothing when it refuses the whole request or talks nonsense: the points become bad."""
        try:
            return await self._client.read(self._peer, batch, self._connection.timeout_s)
        except (Refused, Nonsense):
            return {}

    def _samples(self, batch: Sequence[Property], answers: Answers) -> list[Sample]:
        at = self._now()
        samples = []
        for wanted in batch:
            if wanted.property_id == PRESENT_VALUE:
                flags = answers.get(Property(wanted.object_id, STATUS_FLAGS))
                samples.append(self._sample(self._by_object[wanted.object_id], at, answers.get(wanted), flags))
        return samples

    def _sample(self, point: SitePoint, at: datetime, present: Value, flags: Value) -> Sample:
        value = reading(_spec(point), present, flags)
        return Sample(point.id, at, value, Quality.GOOD if value is not None else Quality.BAD)

    def _on_change(self, object_number: int, values: Mapping[int, Value]) -> None:
        point = self._by_object.get(object_number)
        if point is not None and PRESENT_VALUE in values:
            self._pushed.append(self._sample(point, self._now(), values[PRESENT_VALUE], values.get(STATUS_FLAGS)))

    async def _renew_subscriptions(self) -> None:
        """A request without an answer only puts this off: whether the device lives is for the scans to say, and some
        devices do not even refuse what they do not know.
        """
        now = asyncio.get_running_loop().time()
        due = [number for number, at in self._renew_at.items() if at <= now]
        for first in range(0, len(due), _COV_AT_ONCE):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(self._subscribe(number)) for number in due[first : first + _COV_AT_ONCE]]
            if not all(task.result() for task in tasks):
                self._renew_at |= dict.fromkeys(due[first:], now + _COV_AGAIN_S)
                return

    async def _subscribe(self, object_number: int) -> bool:
        """False when no answer came."""
        try:
            await self._client.subscribe(
                self._peer, object_number, self._process_id, _COV_LIFETIME_S, self._connection.timeout_s
            )
        except Unreachable:
            return False
        except Refused:
            self._renew_at[object_number] = float("inf")  # no notifications there: the scans have it
        else:
            self._renew_at[object_number] = asyncio.get_running_loop().time() + _COV_LIFETIME_S / 2
        return True

    async def _write_one(self, write: Write) -> float | None:
        """What the slot must hold now. Raises Refused, ours before the wire or the device's, and Unreachable."""
        point = self._points.get(write.point)
        if point is None:
            raise Refused(f"{write.point}: no such point on this connection")
        write_rule(point)
        value = allowed(point, write.value) if write.value is not None else None
        request = encode_write(self._objects[point.id], encode_value(_spec(point), value), write.priority)
        try:
            await self._client.write(self._peer, request, self._connection.timeout_s)
        except Refused as error:
            raise Refused(f"{point.id}: the device refuses: {error}") from error
        return value

    async def _read_back(self, sent: Sequence[Write]) -> Answers:
        groups = []
        for number, slots in _slots_by_object(sent, self._objects).items():
            groups.append([Property(number, PRESENT_VALUE), *(Property(number, PRIORITY_ARRAY, s) for s in slots)])
        answers: dict[Property, Value] = {}
        for batch in batches(groups, _SMALLEST_APDU):
            answers.update(await self._answers(batch))
        return answers

    def _result(self, write: Write, wanted: float | None, answers: Answers) -> WriteResult:
        point, number = self._points[write.point], self._objects[write.point]
        present = reading(_spec(point), answers.get(Property(number, PRESENT_VALUE)), None)
        slot_key = Property(number, PRIORITY_ARRAY, write.priority)
        slot = answers.get(slot_key, AccessError(0, 0))
        if isinstance(slot, AccessError):
            # No array to look into: the present value is the only witness, and for a relinquish there is none.
            ok = wanted is None or (present is not None and same_value(point, present, wanted))
            shown: Value = present
        else:
            ok = (slot is None) if wanted is None else (slot is not None and same_value(point, float(slot), wanted))
            shown = slot
        error = None if ok else f"{point.id}: wrote {wanted} at priority {write.priority}, the device holds {shown}"
        return WriteResult(point.id, ok, present, error)

    def _unreachable(self, error: Unreachable) -> Unreachable:
        return Unreachable(f"{self._connection.id} ({self._connection.host}:{self._connection.port}): {error}")


def _spec(point: SitePoint) -> BacnetPoint:
    if not isinstance(point.spec, BacnetPoint):
        raise TypeError(f"{point.id}: its profile is not for BACnet")
    return point.spec


def _is_event(point: SitePoint) -> bool:
    return point.writable or point.spec.shown_unit in (Unit.BOOL, Unit.STATE)


def _slots_by_object(sent: Sequence[Write], objects: Mapping[str, int]) -> dict[int, list[int]]:
    slots: dict[int, list[int]] = {}
    for write in sent:
        wanted = slots.setdefault(objects[write.point], [])
        if write.priority not in wanted:
            wanted.append(write.priority)
    return slots
