"""What a broker is told: over a real mosquitto with a password, and TLS; with the plant's picture made by hand."""

import asyncio
import gc
import json
import logging
import signal
import ssl
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import aiomqtt
import pytest

import bems.publish.mqtt as published
from bems.alarms import Alarm, lost_connection
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.publish.mqtt import MqttFeed
from bems.state import fold, unread
from hil_sim.broker import find_mosquitto
from models.field import Privacy
from models.outgoing import outgoing
from models.signals import Quality, Sample
from models.site import load_site
from models.targets import MqttOut
from tests.system.mosquitto import PASSWORD, USER, Mosquitto, find

pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
    pytest.mark.skipif(find("openssl") is None, reason="no openssl here: apt install openssl"),
]

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

    async def listen(self):
        async for message in self._client.messages:
            self.said.append((str(message.topic), bytes(message.payload), message.retain))

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


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.sqlite"


@pytest.fixture
def plant(path):
    with Record.open(path) as record:
        yield Plant(record, FEW)


@pytest.fixture
def building(path):
    with Record.open(path) as record:
        yield Plant(record, SITE)


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("MQTT_WORD", PASSWORD)
    monkeypatch.setattr(published, "LOOK_S", 0.1)
    monkeypatch.setattr(published, "LONGEST_WAIT_S", 0.6)


async def online(ear):
    await until(lambda: ear.last.get("bems/biri/status") == b"online")


@pytest.mark.parametrize("tls", [False, True])
async def test_everything_that_may_leave_is_told_retained_and_announced_and_nothing_else(building, path, tmp_path, tls):
    quantities = outgoing(SITE)
    async with Mosquitto(tmp_path, tls=tls) as broker, telling(building, config(broker), path) as feed:
        building.read_all()
        async with listening(broker) as first:
            await online(first)
        async with listening(broker) as ear:  # who comes later hears what is retained
            await online(ear)
            await asyncio.sleep(0.3)
        assert feed.health().state == "ok"
    points = {topic for topic in ear.last if topic.startswith("bems/biri/points/")}
    assert points == {f"bems/biri/points/{q.id.replace('.', '/')}" for q in quantities}
    assert ear.value("points/hp1/supply_temp_degc") == {
        "value": 1.0, "unit": "°C", "quality": "good", "at": "2026-01-15T06:00:01.000Z",
    }  # fmt: skip
    announced = {t: json.loads(p) for t, p in ear.last.items() if t.startswith("homeassistant/")}
    assert len(announced) == len(quantities) + 2
    assert {about["state_topic"] for about in announced.values()} == points | {
        "bems/biri/alarms", "bems/biri/events",
    }  # fmt: skip
    assert all(retained for _, _, retained in ear.said)
    heard = "".join(f"{topic} {payload.decode()}\n" for topic, payload, _ in first.said + ear.said)
    named = [point for point in PERSONAL if point in heard or point.replace(".", "/") in heard]
    assert len(PERSONAL) == 64
    assert named == []
    assert "777" not in heard
    order = [topic for topic, _, _ in first.said if topic.startswith("bems/biri/")]
    assert order[-1] == "bems/biri/status"  # 'online' comes when everything is there


async def test_of_personal_points_only_aggregates_of_eight_rooms_leave(building, path, tmp_path):
    async with Mosquitto(tmp_path) as broker, telling(building, config(broker), path), listening(broker) as ear:
        building.read_all()
        await online(ear)
        topic = "points/unit_a_rooms/mean_co2_ppm"
        assert ear.value(topic)["quality"] == "unread"
        for _ in range(2):  # past a quarter of an hour
            building.at += timedelta(minutes=10)
            building.read_all()
            await until(lambda: ear.value("points/hp1/supply_temp_degc")["at"] > "2026-01-15T06:00:01")
        await until(lambda: ear.value(topic)["quality"] == "good")
        rooms = [SECRET + n for n, point in enumerate(PERSONAL) if point.startswith("a") and "co2" in point]
        assert len(rooms) == 8
        assert ear.value(topic)["value"] == pytest.approx(sum(rooms) / 8, abs=0.06)


async def test_measurements_rest_and_states_do_not(plant, path, tmp_path):
    async with Mosquitto(tmp_path) as broker, listening(broker) as ear:
        async with telling(plant, config(broker, every_s=3600), path):
            plant.read_all()
            await online(ear)
            for degc in (40.0, 41.0, 42.0):
                plant.read(hp1__supply_temp_degc=degc)
                await asyncio.sleep(0.05)
            plant.read(hp1_io__fault=0.0)
            await until(lambda: ear.value("points/hp1_io/fault")["state"] == "off")
            assert ear.value("points/hp1/supply_temp_degc")["value"] == 1.0
            plant.read(Quality.OFFLINE, hp1__supply_temp_degc=None)
            await until(lambda: ear.value("points/hp1/supply_temp_degc")["quality"] == "offline")
        topic = "bems/biri/points/hp1/supply_temp_degc"
        told = [json.loads(payload)["value"] for heard, payload, _ in ear.said if heard == topic]
    assert told == [1.0, None]


async def test_an_old_value_is_told_to_be_old(plant, path, tmp_path):
    async with Mosquitto(tmp_path) as broker, telling(plant, config(broker), path), listening(broker) as ear:
        plant.read_all()
        await online(ear)
        plant.at += timedelta(minutes=5)
        plant.tick()
        await until(lambda: ear.value("points/main/power_kw")["quality"] == "stale")
        assert ear.value("points/main/power_kw")["value"] is None


async def test_alarms_stand_until_they_are_cleared(plant, path, tmp_path):
    async with Mosquitto(tmp_path) as broker, telling(plant, config(broker), path), listening(broker) as ear:
        plant.read_all()
        await online(ear)
        assert ear.value("alarms") == {"number": 0, "a": 0, "b": 0, "c": 0, "alarms": []}
        plant.raise_alarm("mb_heat")
        await until(lambda: (ear.value("alarms/connection.mb_heat") or {}).get("state") == "on")
        assert ear.value("alarms")["b"] == 1
        assert ear.value("alarms")["alarms"][0]["en"].startswith("Connection mb_heat does not answer")
        await until(lambda: "homeassistant/binary_sensor/bems_biri/alarm-connection-mb_heat/config" in ear.last)
        plant.clear_alarms()
        await until(lambda: ear.value("alarms/connection.mb_heat")["state"] == "off")
        await until(lambda: ear.value("alarms")["number"] == 0)


async def test_a_broker_that_dies_and_forgets_is_told_all_again_and_each_event_once_in_order(
    plant, path, tmp_path, caplog
):
    caplog.set_level(logging.INFO)
    async with Mosquitto(tmp_path) as broker, telling(plant, config(broker), path) as feed:
        plant.read_all()
        async with listening(broker) as ear:
            await online(ear)
            plant.note("1", "2")
            await until(lambda: ear.events() == ["1", "2"])
        await broker.stop()
        for degc in range(50, 60):
            plant.read(hp1__supply_temp_degc=float(degc))
            plant.note(f"{degc}")
            plant.raise_alarm("mb_heat") if degc % 2 else plant.clear_alarms()
            await asyncio.sleep(0.05)
        await until(lambda: feed.health().state == "down")
        assert feed.conditions() == ()  # it is normal for a while
        assert feed.health().figures["waiting"] < 3 * len(outgoing(FEW))
        caplog.clear()
        await broker.start()
        async with listening(broker) as ear:
            await online(ear)
            await until(lambda: len(ear.events()) >= 10)
            await asyncio.sleep(0.3)
            assert ear.events() == [f"{degc}" for degc in range(50, 60)]
            plant.at += timedelta(seconds=1)
            await until(lambda: plant.tick() or ear.value("points/hp1/supply_temp_degc")["value"] == 59.0)
            assert ear.value("points/main/power_kw")["value"] == 1.0
            assert ear.value("alarms/connection.mb_heat")["state"] == "on"
            assert len([t for t in ear.last if t.startswith("homeassistant/")]) == len(outgoing(FEW)) + 3
        assert feed.health().state == "ok"
    assert [record.message for record in caplog.records] == ["MQTT: 127.0.0.1 is told"]


async def test_what_happens_while_we_are_not_there_is_told_when_we_are_again(plant, path, tmp_path):
    plant.note("long ago")  # before anybody was told: the record has it
    async with Mosquitto(tmp_path) as broker, listening(broker) as ear:
        async with telling(plant, config(broker), path):
            plant.read_all()
            await online(ear)
            plant.raise_alarm("mb_heat")
            plant.note("seen")
            await until(lambda: ear.events() == ["seen"])
        assert ear.last["bems/biri/status"] == b"offline"  # a good-bye in order
        plant.note("missed 1", "missed 2")
        plant.clear_alarms()
        async with telling(plant, config(broker), path):
            plant.tick()
            await online(ear)
            await until(lambda: ear.events() == ["seen", "missed 1", "missed 2"])
            assert ear.value("alarms/connection.mb_heat")["state"] == "off"


async def test_a_wire_that_is_cut_makes_us_offline_by_our_last_will(plant, path, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "FIRST_WAIT_S", 0.5)
    async with Mosquitto(tmp_path) as broker, listening(broker) as ear:
        made = []
        original = MqttFeed._new_client
        monkeypatch.setattr(MqttFeed, "_new_client", lambda feed: made.append(original(feed)) or made[-1])
        async with telling(plant, config(broker), path):
            plant.read_all()
            await online(ear)
            made[0]._client.socket().shutdown(2)
            await until(lambda: ear.last["bems/biri/status"] == b"offline")
            await online(ear)  # and finds back, though it has nothing new to tell


async def test_what_the_site_has_no_longer_is_forgotten_by_the_broker(plant, path, tmp_path):
    async with Mosquitto(tmp_path) as broker:
        async with listening(broker) as ear, telling(plant, config(broker), path):
            plant.read_all()
            await online(ear)
        plant.site = with_devices({"hp1", "hp1_io"}.__contains__)
        plant.picture = {point: reading for point, reading in plant.picture.items() if point in plant.site.points}
        async with listening(broker) as ear, telling(plant, config(broker, discovery_prefix=""), path):
            plant.tick()
            await online(ear)
        async with listening(broker) as ear:
            await online_or_gone(ear)
            topics = set(ear.last)
    assert "bems/biri/points/hp1/supply_temp_degc" in topics
    assert not [topic for topic in topics if "/main/" in topic or topic.startswith("homeassistant/")]


async def online_or_gone(ear):
    await until(lambda: "bems/biri/status" in ear.last)
    await asyncio.sleep(0.3)


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # the library's, where nobody is trusted
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"password_env": "ANOTHER_WORD"}, "uthori"),
        ({"tls_ca_file": None, "tls": True}, "CERTIFICATE_VERIFY_FAILED"),
        ({"tls_ca_file": "nowhere.pem"}, "No such file"),
    ],
)
async def test_what_only_a_person_can_put_right_is_alarmed_of_at_once(
    plant, path, tmp_path, caplog, monkeypatch, fault, words
):
    monkeypatch.setenv("ANOTHER_WORD", "wrong")
    async with Mosquitto(tmp_path, tls=True) as broker, telling(plant, config(broker, **fault), path) as feed:
        plant.read_all()
        await until(lambda: feed.health().state == "down")
        assert words in feed.health().detail
        (condition,) = feed.conditions()
        assert condition.id == "target.MQTT.refuses"
        await asyncio.sleep(1.0)  # it goes on trying, without more words
    gc.collect()
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    assert PASSWORD not in caplog.text


async def test_a_broker_that_is_away_for_long_is_alarmed_of(plant, path, tmp_path, monkeypatch):
    monkeypatch.setattr(published, "AWAY_ALARM_S", 0.5)
    broker = Mosquitto(tmp_path)  # never started
    async with telling(plant, config(broker), path) as feed:
        plant.read_all()
        await until(lambda: [c.id for c in feed.conditions()] == ["target.MQTT.away"])


async def test_a_broker_that_hangs_does_not_hold_the_loop_up(plant, path, tmp_path):
    async with Mosquitto(tmp_path) as broker, telling(plant, config(broker), path) as feed:
        plant.read_all()
        async with listening(broker) as ear:
            await online(ear)
        broker.signal(signal.SIGSTOP)
        try:
            longest_s, end = 0.0, time.monotonic() + 8
            while feed.health().state != "down" and time.monotonic() < end:
                before = time.monotonic()
                plant.read(hp1__supply_temp_degc=end - before)
                await asyncio.sleep(0.02)
                longest_s = max(longest_s, time.monotonic() - before - 0.02)
            assert feed.health().state == "down"
        finally:
            broker.signal(signal.SIGCONT)
        assert longest_s < 0.3
        async with listening(broker) as ear:
            await until(lambda: feed.health().state == "ok")
            await online(ear)


async def test_it_ends_at_once_whatever_it_is_doing(plant, path, tmp_path, caplog):
    async with Mosquitto(tmp_path) as broker:
        for pause_s in (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.3, 0.4):
            plant.read_all()
            feed = MqttFeed(plant, config(broker), path)
            task = asyncio.create_task(feed.run())
            await asyncio.sleep(pause_s)
            task.cancel()
            began = time.monotonic()
            await asyncio.wait([task], timeout=5)
            assert task.cancelled()
            assert time.monotonic() - began < 1.0
    gc.collect()
    assert [record.message for record in caplog.records] == []
