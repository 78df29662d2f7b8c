"""The site's MQTT devices: each a client of its own, so that each has its own last will."""

import asyncio
import contextlib
import json
import logging
import math
import os
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import aiomqtt

from models.field import MqttConnection, SitePoint
from models.point import MqttPoint
from models.profile import MqttProfile, Profile
from models.units import Unit

OnWrite = Callable[[str, float | None], None]
"""Told a point id and the value its device now holds."""

_RETRY_S: Final = 0.5
"""Wall time between two tries to reach the broker."""
_SILENT: Final = logging.getLogger("hil_sim.mqtt.library")
_SILENT.setLevel(logging.CRITICAL)


class _Device:
    """One device: a retained state each period and at once when a flag changes, availability, and what it is told."""

    def __init__(self, connection: MqttConnection, points: Sequence[SitePoint], profile: MqttProfile) -> None:
        self._connection = connection
        self._specs = {point.id: _spec(point) for point in points}
        self._id = points[0].device.id
        self._base = points[0].device.topic
        self._availability = profile.availability_topic
        self._values: dict[str, float | None] = {
            point.id: point.spec.write.relinquish if point.spec.write else None for point in points
        }
        self._flag_changed = asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._ending = asyncio.Event()

    def update(self, values: Mapping[str, float | None]) -> None:
        """New observations; points that are written keep what they were told."""
        for point_id, spec in self._specs.items():
            if spec.write is None and point_id in values:
                if spec.shown_unit is Unit.BOOL and values[point_id] != self._values[point_id]:
                    self._flag_changed.set()
                self._values[point_id] = values[point_id]

    def cut(self) -> None:
        """Lose the connection as a device without power does: the broker must speak its last will."""
        wire: Any = self._client._client.socket() if self._client is not None else None  # noqa: SLF001
        if wire is not None:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        """Lose the connection for good; `run` may still have to be cancelled.

        Cancelling alone is not enough: a goodbye that fails may take the cancellation's place.
        """
        self._ending.set()
        self.cut()

    async def run(self, on_write: OnWrite) -> None:
        """Until cancelled; finds back to a broker that comes back."""
        self._ending.clear()
        while not self._ending.is_set():
            client = self._new_client()
            try:
                await _enter(client)
                async with contextlib.AsyncExitStack() as stack:
                    stack.push_async_exit(client)
                    _mend(client)
                    self._client = client
                    if self._ending.is_set():  # the cancellation came together with the greeting, and was lost
                        break
                    await self._introduce(client)
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._listen(client, on_write))
                        group.create_task(self._publish(client))
            except* aiomqtt.MqttError:
                pass
            finally:
                self._client = None
                _abandon(client)
            await asyncio.sleep(_RETRY_S)

    def _new_client(self) -> aiomqtt.Client:
        connection = self._connection
        will = None
        if self._availability is not None:
            will = aiomqtt.Will(f"{self._base}/{self._availability}", "offline", qos=1, retain=True)
        return aiomqtt.Client(
            connection.host,
            connection.port,
            username=connection.username,
            password=os.environ.get(connection.password_env) if connection.password_env is not None else None,
            tls_context=ssl.create_default_context(cafile=connection.tls_ca_file) if connection.tls_ca_file else None,
            identifier=f"device-{self._id}",
            timeout=connection.timeout_s,
            will=will,
            logger=_SILENT,
        )

    async def _introduce(self, client: aiomqtt.Client) -> None:
        for topic in {spec.set_topic for spec in self._specs.values() if spec.set_topic is not None}:
            await client.subscribe(f"{self._base}/{topic}", qos=1)
        if self._availability is not None:
            await client.publish(f"{self._base}/{self._availability}", "online", qos=1, retain=True)

    async def _publish(self, client: aiomqtt.Client) -> None:
        while True:
            for topic in {spec.topic for spec in self._specs.values()}:
                await client.publish(f"{self._base}/{topic}", self._state(topic), qos=1, retain=True)
            self._flag_changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._connection.period_s):
                    await self._flag_changed.wait()

    def _state(self, topic: str) -> str:
        said = {s.key: _said(s, self._values[point_id]) for point_id, s in self._specs.items() if s.topic == topic}
        return json.dumps(said)

    async def _listen(self, client: aiomqtt.Client, on_write: OnWrite) -> None:
        async for message in client.messages:
            try:
                told = json.loads(bytes(message.payload or b""))
            except ValueError:
                continue
            for point_id, spec in self._specs.items():
                if f"{self._base}/{spec.set_topic}" == str(message.topic) and isinstance(told, dict):
                    self._obey(point_id, spec, told.get(spec.key), on_write)
            self._flag_changed.set()  # the state answers, also to what was refused

    def _obey(self, point_id: str, spec: MqttPoint, told: object, on_write: OnWrite) -> None:
        if spec.write is None or not isinstance(told, int | float):
            return
        value = float(told)
        if spec.write.min <= value <= spec.write.max and value != self._values[point_id]:
            self._values[point_id] = value
            on_write(point_id, value)


class MqttDevices:
    """All devices of one broker connection."""

    def __init__(
        self,
        connection: MqttConnection,
        points: Sequence[SitePoint],
        profiles: Mapping[str, Profile],
        on_write: OnWrite,
    ) -> None:
        """The broker is not ours to start, and may come and go."""
        self._on_write = on_write
        by_device: dict[str, list[SitePoint]] = {}
        for point in points:
            by_device.setdefault(point.device.id, []).append(point)
        self._devices = [
            _Device(connection, own, _profile(profiles[own[0].device.profile])) for own in by_device.values()
        ]
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let the devices look for their broker; returns before they have found it."""
        self._task = asyncio.create_task(self._run(), name="simulated MQTT devices")

    async def stop(self) -> None:
        """Take the power from all of them: the broker says 'offline' for each."""
        if self._task is None:
            return
        for device in self._devices:
            device.end()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._task = None

    def update(self, values: Mapping[str, float | None]) -> None:
        """Show what the plant measures; None is a sensor that does not know."""
        for device in self._devices:
            device.update(values)

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for device in self._devices:
                group.create_task(device.run(self._on_write))


def _mend(client: aiomqtt.Client) -> None:
    """Mend what the library leaves to chance once it is connected; nothing of it can be reached from outside.

    The reason of a lost connection is taken whenever it comes: the event loop reports those that nobody takes. And the
    event loop watches the socket at once when there is something to write: the library asks for that one turn later,
    when the socket may be closed already.
    """
    loop = asyncio.get_running_loop()
    lost: asyncio.Future[None] = client._disconnected  # noqa: SLF001
    lost.add_done_callback(lambda gone: None if gone.cancelled() else gone.exception())

    def write(library: Any) -> None:
        try:
            library.loop_write()
        except Exception as error:  # noqa: BLE001  # whatever it is, the connection is broken
            if not lost.done():
                lost.set_exception(error)

    client._client.on_socket_register_write = (  # noqa: SLF001
        lambda library, _userdata, wire: loop.add_writer(wire.fileno(), write, library)
    )


async def _enter(client: aiomqtt.Client) -> None:
    """Connect, or leave nothing behind.

    The library dials in a thread, which would go on after a cancel and hand the event loop a socket that is closed by
    then. So an attempt is never cut off: a cancelled one is ended when it is over, two of its time-outs later at most.
    """
    entering = asyncio.create_task(client.__aenter__())
    try:
        await asyncio.shield(entering)
    except BaseException:  # a broker that never greets would keep the socket open
        await asyncio.wait([entering])
        if not entering.cancelled():
            entering.exception()  # taken, so that the event loop does not report it
        _abandon(client)
        raise


def _abandon(client: aiomqtt.Client) -> None:
    """End what is left of a connection; one that is given up before the broker greets would trip the library later."""
    library = client._client  # noqa: SLF001  # no way in from outside
    library.on_connect = library.on_disconnect = None
    library.on_socket_register_write = None  # it writes its farewell at once then, while the socket is still open
    library.disconnect()


def _profile(profile: Profile) -> MqttProfile:
    if not isinstance(profile, MqttProfile):
        raise TypeError(f"profile of {profile.vendor} {profile.model} is not for MQTT")
    return profile


def _spec(point: SitePoint) -> MqttPoint:
    if not isinstance(point.spec, MqttPoint):
        raise TypeError(f"{point.id}: its profile is not for MQTT")
    return point.spec


def _said(spec: MqttPoint, value: float | None) -> float | bool | None:
    if value is None or not math.isfinite(value):
        return None
    if spec.shown_unit is Unit.BOOL:
        return bool(value)
    return round(value) if spec.shown_unit is Unit.STATE else round(value, 3)
