"""What a broker is told: over a real mosquitto with a password, and TLS; with the plant's picture made by hand."""

import asyncio
import gc
import json
import logging
import signal
import time
from datetime import timedelta

import pytest

import bems.publish.mqtt as published
from bems.history.record import Record
from bems.publish.mqtt import MqttFeed
from hil_sim.broker import find_mosquitto
from models.outgoing import outgoing
from models.signals import Quality
from tests.system.mosquitto import PASSWORD, Mosquitto, find
from tests.system.told import (
    FEW,
    PERSONAL,
    SECRET,
    SITE,
    Plant,
    config,
    listening,
    online,
    telling,
    until,
    with_devices,
)

pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
    pytest.mark.skipif(find("openssl") is None, reason="no openssl here: apt install openssl"),
]


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


@pytest.mark.parametrize("tls", [False, True])
async def test_everything_that_may_leave_is_told_retained_and_announced_and_nothing_else(building, path, tmp_path, tls):
    quantities = outgoing(SITE)
    async with Mosquitto(tmp_path, tls=tls) as broker, telling(building, config(broker), path) as feed:
        building.read_all()
        async with listening(broker) as first:
            await online(first)
        async with listening(broker) as ear:  # who comes later hears what is retained
            await online(ear)
            await ear.caught_up()
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
        await until(lambda: ear.value("alarms")["b"] == 1)
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
            await asyncio.sleep(0.3)  # none of them comes a second time
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
            await until(lambda: (ear.value("alarms/connection.mb_heat") or {}).get("state") == "on")
            plant.note("seen")
            await until(lambda: ear.events() == ["seen"])
        await ear.caught_up()
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
            await ear.caught_up()
            topics = set(ear.last)
    assert "bems/biri/points/hp1/supply_temp_degc" in topics
    assert not [topic for topic in topics if "/main/" in topic or topic.startswith("homeassistant/")]


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
        assert longest_s < 0.9  # of 1 s that a broker is given to answer
        async with listening(broker) as ear:
            await until(lambda: feed.health().state == "ok")
            await online(ear)


async def test_a_fault_of_ours_holds_up_neither_the_building_nor_what_follows(
    plant, path, tmp_path, monkeypatch, caplog
):
    async with Mosquitto(tmp_path) as broker, telling(plant, config(broker), path) as feed, listening(broker) as ear:
        plant.read_all()
        await online(ear)
        said = feed._messages.event
        monkeypatch.setattr(feed, "look", lambda: 1 / 0)
        monkeypatch.setattr(
            feed._messages, "event", lambda n, event: 1 / 0 if event.text == "poison" else said(n, event)
        )
        for _ in range(5):
            plant.tick()
            await asyncio.sleep(0.02)
        plant.note("poison", "after")
        await until(lambda: ear.events() == ["after"])
        assert feed.health().state == "ok"
    faults = [record.getMessage() for record in caplog.records]
    assert faults[0] == "MQTT: looking at the plant failed"
    assert [fault.split()[-1] for fault in faults[1:]] == ["told"]


async def test_it_ends_at_once_whatever_it_is_doing(plant, path, tmp_path, caplog):
    async with Mosquitto(tmp_path) as broker:
        for pause_s in (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.3, 0.4):
            plant.read_all()
            feed = MqttFeed(plant, config(broker), path)
            task = asyncio.create_task(feed.run())
            await asyncio.sleep(pause_s)
            task.cancel()
            await asyncio.wait([task], timeout=3)
            assert task.cancelled()
    gc.collect()
    assert [record.message for record in caplog.records] == []
