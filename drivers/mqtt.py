"""Devices that publish JSON on an MQTT broker: nothing is polled, what they say is kept until it is asked for."""

import asyncio
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import aiomqtt

from drivers.codec_mqtt import decode_state, encode_set
from drivers.errors import Refused, Unreachable
from drivers.limits import allowed, same_value, write_rule
from drivers.mqtt_client import SILENT, enter, leave, password, trusting
from models.field import MqttConnection, SitePoint
from models.point import MqttPoint
from models.profile import MqttProfile, Profile
from models.signals import Quality, Sample, Write, WriteResult


@dataclass(slots=True)
class _Topic:
    """One topic that tells states: its points, and what was heard last."""

    points: list[SitePoint]
    payload: bytes | None = None
    at: datetime | None = None


@dataclass(slots=True, eq=False)
class _Waiting:
    """A write that waits for its device to show the value."""

    point: SitePoint
    value: float
    shown: asyncio.Future[None]
    heard: float | None = None


@dataclass(slots=True)
class _Map:
    """Who says what on which topic."""

    states: dict[str, _Topic] = field(default_factory=dict)
    availability: dict[str, list[SitePoint]] = field(default_factory=dict)


class _Inbox(asyncio.Queue[aiomqtt.Message]):
    """Hands each message on at once instead of keeping it, so that it is stamped when it arrives."""

    def __init__(self, heard: Callable[[aiomqtt.Message], None], maxsize: int = 0) -> None:
        super().__init__(maxsize)
        self._heard = heard

    def put_nowait(self, item: aiomqtt.Message) -> None:
        self._heard(item)


class MqttDriver:
    """One broker with all the devices that speak on it.

    The session is durable and its subscriptions are of quality 1, so that what is said while the connection is away is
    not lost. When it was said nobody knows: such values, and retained ones, are stamped with the last moment we heard
    the broker (or keep their own stamp when they are what we knew already), so an old value never looks young. Only in
    the very first connection a retained value's age counts from when we heard it.
    """

    def __init__(
        self,
        connection: MqttConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        now: Callable[[], datetime],
        *,
        client_id: str | None = None,
    ) -> None:
        """`now` is the site clock. `client_id` names the durable session; two at one broker throw each other out."""
        self._connection = connection
        self._now = now
        self._client_id = client_id if client_id is not None else f"bems-{connection.id}"
        self._points = {point.id: point for point in points}
        self._map = _topics(points, profiles)
        self._client: aiomqtt.Client | None = None
        self._catching_up = False
        self._last_contact: datetime | None = None
        self._samples: list[Sample] = []
        self._offline: set[str] = set()
        self._waiting: list[_Waiting] = []

    async def connect(self) -> None:
        """See Driver."""
        if self._client is not None:
            return
        self._catching_up = True
        try:
            client = self._new_client()
            await enter(client)
            self._client = client
            await self._subscribe(client)
            await self._round_trip(client)
        except (aiomqtt.MqttError, OSError) as error:  # OSError: the certificates cannot be read
            raise await self._lost(error) from error
        finally:
            self._catching_up = False
        self._last_contact = self._now()

    async def read(self) -> Sequence[Sample]:
        """See Driver: what was heard since the last call, after proof that the broker is there."""
        await self.ping()
        return self.drain()

    def drain(self) -> Sequence[Sample]:
        """See Driver."""
        samples, self._samples = self._samples, []
        return samples

    async def write(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """See Driver. Read back through the topic on which the device shows its state, within the time-out.

        A device here has no slots: the priority is not sent, and a relinquish sends the profile's `relinquish`.
        """
        await self.connect()
        waiting: dict[int, _Waiting] = {}
        refused: dict[int, str] = {}
        try:
            for number, write in enumerate(writes):
                try:
                    waiting[number] = await self._send(write)
                except Refused as error:
                    refused[number] = str(error)
            if waiting:
                await asyncio.wait([w.shown for w in waiting.values()], timeout=self._connection.timeout_s)
        except aiomqtt.MqttError as error:
            raise await self._lost(error) from error
        finally:
            self._waiting = [waited for waited in self._waiting if waited not in waiting.values()]
        return [
            self._result(write, waiting[number])
            if number in waiting
            else WriteResult(write.point, ok=False, read_back=None, error=refused[number])
            for number, write in enumerate(writes)
        ]

    async def ping(self) -> None:
        """See Driver."""
        await self.connect()
        assert self._client is not None  # connect() raises otherwise
        try:
            await self._round_trip(self._client)
        except aiomqtt.MqttError as error:
            raise await self._lost(error) from error
        self._last_contact = self._now()

    async def close(self) -> None:
        """See Driver. The session stays with the broker."""
        client, self._client = self._client, None
        if client is not None:
            await leave(client)

    def _new_client(self) -> aiomqtt.Client:
        connection = self._connection
        return aiomqtt.Client(
            connection.host,
            connection.port,
            username=connection.username,
            password=password(connection.password_env),
            identifier=self._client_id,
            clean_session=False,
            timeout=connection.timeout_s,
            tls_context=trusting(connection.tls_ca_file) if connection.tls_ca_file else None,
            queue_type=cast("Any", functools.partial(_Inbox, self._on_message)),
            logger=SILENT,
        )

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        topics = [(topic, 1) for topic in (*self._map.availability, *self._map.states)]
        for (topic, _), code in zip(topics, await client.subscribe(topics), strict=False):
            if getattr(code, "is_failure", False):
                raise aiomqtt.MqttError(f"the broker does not let us subscribe to {topic}")

    async def _round_trip(self, client: aiomqtt.Client) -> None:
        """MQTT's own ping is out of reach; a confirmed message that nobody reads proves the same."""
        await client.publish(f"bems/{self._client_id}/alive", qos=1)

    async def _lost(self, error: Exception) -> Unreachable:
        await self.close()
        return Unreachable(f"{self._connection.id} ({self._connection.host}:{self._connection.port}): {error}")

    def _on_message(self, message: aiomqtt.Message) -> None:
        topic, payload = str(message.topic), bytes(message.payload or b"")
        if topic in self._map.availability:
            self._on_availability(self._map.availability[topic], payload)
        elif topic in self._map.states:
            self._on_state(self._map.states[topic], payload, live=not (message.retain or self._catching_up))

    def _on_availability(self, points: Sequence[SitePoint], payload: bytes) -> None:
        ids = {point.id for point in points}
        if payload == b"offline":
            at = self._now()
            self._samples += [Sample(point.id, at, None, Quality.OFFLINE) for point in points]
            self._offline |= ids
        else:
            self._offline -= ids

    def _on_state(self, topic: _Topic, payload: bytes, *, live: bool) -> None:
        if live or topic.at is None or payload != topic.payload:
            topic.at = self._now() if live or self._last_contact is None else self._last_contact
        topic.payload = payload
        values = decode_state(payload, [_spec(point) for point in topic.points])
        for point in topic.points:
            if point.spec.name not in values:
                continue
            value = values[point.spec.name]
            if live:
                self._offline.discard(point.id)  # it speaks, whatever its gateway says
                self._confirm(point, value)
            if point.id not in self._offline:
                quality = Quality.GOOD if value is not None else Quality.BAD
                self._samples.append(Sample(point.id, topic.at, value, quality))

    def _confirm(self, point: SitePoint, value: float | None) -> None:
        for waiting in self._waiting:
            if waiting.point is not point:
                continue
            waiting.heard = value
            if value is not None and not waiting.shown.done() and same_value(point, value, waiting.value):
                waiting.shown.set_result(None)

    async def _send(self, write: Write) -> _Waiting:
        point = self._points.get(write.point)
        if point is None:
            raise Refused(f"{write.point}: no such point on this connection")
        value = allowed(point, write.value) if write.value is not None else write_rule(point).relinquish
        spec = _spec(point)
        assert self._client is not None  # connected by write()
        waiting = _Waiting(point, value, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)  # before the message: the answer may overtake its confirmation
        try:
            await self._client.publish(f"{point.device.topic}/{spec.set_topic}", encode_set(spec, value), qos=1)
        except aiomqtt.MqttError:
            self._waiting.remove(waiting)
            raise
        return waiting

    def _result(self, write: Write, waiting: _Waiting) -> WriteResult:
        if waiting.shown.done():
            return WriteResult(write.point, ok=True, read_back=waiting.heard, error=None)
        said = "nothing" if waiting.heard is None else str(waiting.heard)
        error = f"{write.point}: wrote {waiting.value}, the device shows {said} after {self._connection.timeout_s} s"
        return WriteResult(write.point, ok=False, read_back=waiting.heard, error=error)


def _topics(points: Sequence[SitePoint], profiles: Mapping[str, Profile]) -> _Map:
    out = _Map()
    for point in points:
        base, profile = point.device.topic, profiles[point.device.profile]
        if base is None or not isinstance(profile, MqttProfile):
            raise TypeError(f"{point.id}: an MQTT device needs a topic and a profile for MQTT")
        out.states.setdefault(f"{base}/{_spec(point).topic}", _Topic([])).points.append(point)
        if profile.availability_topic is not None:
            out.availability.setdefault(f"{base}/{profile.availability_topic}", []).append(point)
    return out


def _spec(point: SitePoint) -> MqttPoint:
    if not isinstance(point.spec, MqttPoint):
        raise TypeError(f"{point.id}: its profile is not for MQTT")
    return point.spec
