"""A plant made by hand, a feed that tells of it, and an ear that hears everything a broker says."""

import asyncio
import json
import ssl
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import aiomqtt

from bems.alarming.alarms import Alarm, lost_connection
from bems.history.rows import Event, EventKind
from bems.publish.mqtt import MqttFeed
from bems.state import fold, unread
from models.field import Privacy
from models.signals import Quality, Sample
from models.site import load_site
from models.targets import MqttOut
from tests.system.mosquitto import PASSWORD, USER

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")


def with_devices(keep):
    """The site with some of its devices, and nothing remembered of the others."""
    site = SITE.model_copy(update={"devices": tuple(device for device in SITE.devices if keep(device.id))})
    for name in ("points", "_found"):
        site.__dict__.pop(name, None)
    return site


FEW = with_devices({"hp1", "hp1_io", "main", "a1_air"}.__contains__)
"""Enough for most of what there is to see, and quicker."""
START = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
PERSONAL = [point.id for point in SITE.points.values() if point.privacy is Privacy.PERSONAL]
SECRET = 7771.25
"""Each personal point is read as this, plus a number of its own."""


class Plant:
    """What the feed sees of a running system, made by hand."""

    def __init__(self, record, site):
        self.site, self.record, self.alarms = site, record, {}
        self.at = START
        self.clock = SimpleNamespace(now=lambda: self.at)
        self.picture = unread(site.points)
        self.max_age = dict.fromkeys(site.points, 120.0)
        self._ticked = asyncio.Event()

    async def ticks(self):
        while True:
            await self._ticked.wait()
            self._ticked.clear()
            yield 1

    def tick(self):
        self._ticked.set()

    def read(self, quality=Quality.GOOD, **values):
        """Take readings (`hp1__supply_temp_degc`), let a second pass, and tick."""
        self.at += timedelta(seconds=1)
        named = {name.replace("__", "."): value for name, value in values.items()}
        samples = [Sample(point, self.at, value, quality) for point, value in named.items()]
        self.picture = fold(self.picture, samples)
        self.tick()

    def read_all(self):
        """Each point once; the personal ones are all different, and found nowhere else."""
        odd = {point: SECRET + number for number, point in enumerate(PERSONAL)}
        good = {p.id: odd.get(p.id, float(min(p.spec.states, default=1))) for p in self.site.points.values()}
        self.read(**{point.replace(".", "__"): value for point, value in good.items()})

    def raise_alarm(self, name):
        self.alarms = {**self.alarms, f"connection.{name}": Alarm(lost_connection(name, 5), self.at)}
        self.tick()

    def clear_alarms(self):
        self.alarms = {}
        self.tick()

    def note(self, *texts, kind=EventKind.CONTROL, subject="hot_water", data=None):
        events = [Event(self.at, kind, subject, text, data or {}) for text in texts]
        self.record.append_tick([], events=events)


class Ear:
    """Everything that anybody may hear, from the first retained word on."""

    def __init__(self, client):
        self._client = client
        self.said = []
        self._asked = 0

    async def listen(self):
        async for message in self._client.messages:
            self.said.append((str(message.topic), bytes(message.payload), message.retain))

    async def caught_up(self):
        """Until all is heard that the broker has taken: our own word comes back behind everything before it."""
        self._asked += 1
        topic = f"ear/{id(self)}/{self._asked}"
        await self._client.publish(topic, b"", qos=1)
        await until(lambda: topic in self.last)
        self.said = [one for one in self.said if one[0] != topic]

    @property
    def last(self):
        return {topic: payload for topic, payload, _ in self.said}

    def value(self, topic):
        payload = self.last.get(f"bems/biri/{topic}")
        return None if payload is None else json.loads(payload)

    def events(self):
        return [json.loads(payload)["en"] for topic, payload, _ in self.said if topic == "bems/biri/events"]


async def until(found, within_s=8.0):
    end = time.monotonic() + within_s
    while not found():
        assert time.monotonic() < end, "not in time"
        await asyncio.sleep(0.02)


def secure(broker):
    return {
        "username": USER,
        "password": PASSWORD,
        "tls_context": ssl.create_default_context(cafile=str(broker.ca_file)) if broker.tls else None,
    }


@asynccontextmanager
async def listening(broker):
    async with aiomqtt.Client("127.0.0.1", broker.port, timeout=3, **secure(broker)) as client:
        ear = Ear(client)
        await client.subscribe("#", qos=1)
        task = asyncio.create_task(ear.listen())
        try:
            yield ear
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def config(broker, **more):
    told = {"host": "127.0.0.1", "port": broker.port, "username": USER, "password_env": "MQTT_WORD", "every_s": 1}
    if broker.tls:
        told["tls_ca_file"] = str(broker.ca_file)
    return MqttOut(**{**told, "timeout_s": 1, **more})


@asynccontextmanager
async def telling(plant, wanted, path):
    feed = MqttFeed(plant, wanted, path)
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()


async def online(ear):
    await until(lambda: ear.last.get("bems/biri/status") == b"online")
