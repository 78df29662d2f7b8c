"""MQTT over a real mosquitto: our driver, the simulator's devices, and a plain client as the world outside."""

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiomqtt
import pytest

from drivers.errors import Unreachable
from drivers.mqtt import MqttDriver
from hil_sim.broker import Broker, BrokerMissing, find_mosquitto
from hil_sim.serve_mqtt import MqttDevices
from models.field import Device, MqttConnection, points_of
from models.profile import Text, load_profile, parse_profile
from models.signals import Quality, Write

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
]

PLUG = """
protocol = "mqtt"
vendor = "test"
model = "radiator valve"
document = "made up for this test"
generic = true
[[points]]
name = "temp_degc"
label = { nb = "t", en = "t" }
tfm = "RT601"
key = "temperature"
[[points]]
name = "setpoint_degc"
label = { nb = "s", en = "s" }
tfm = "RT601_SP"
key = "setpoint"
set_topic = "set"
write = { min = 15, max = 25, step = 0.5, relinquish = 20, persistence = "ram", daily_budget = 50 }
[[golden]]
source = "by hand"
payloads = { state = '{"temperature": 21.5, "setpoint": 20}' }
gives = { temp_degc = 21.5, setpoint_degc = 20 }
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Clock:
    def __init__(self):
        self.at = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)

    def __call__(self):
        return self.at

    def later(self, minutes):
        self.at += timedelta(minutes=minutes)
        return self.at


class Site:
    """Two rooms' sensors and one radiator valve on a broker of their own."""

    def __init__(self, period_s=0.2, timeout_s=1.0):
        self.clock = Clock()
        self.broker = Broker(free_port())
        self.connection = MqttConnection(
            id="mqtt", protocol="mqtt", port=self.broker.port, period_s=period_s, timeout_s=timeout_s
        )
        self.profiles = {
            "generic_wireless_sensor": load_profile("generic_wireless_sensor"),
            "valve": parse_profile(PLUG, "valve.toml"),
        }
        names = {"a1_air": "generic_wireless_sensor", "a2_air": "generic_wireless_sensor", "a1_valve": "valve"}
        self.points = [
            point
            for number, (name, profile) in enumerate(names.items())
            for point in points_of(
                Device(
                    id=name,
                    profile=profile,
                    connection="mqtt",
                    system=f"=563.{number:03d}",
                    label=Text(nb=name, en=name),
                    topic=f"biri/{name}",
                ),
                self.profiles[profile],
            )
        ]
        self.heard = []
        self.devices = MqttDevices(self.connection, self.points, self.profiles, lambda *told: self.heard.append(told))
        self.driver = MqttDriver(self.connection, self.points, self.profiles, self.clock)

    def show(self, **changes):
        values = {"a1_air.co2_ppm": 640.0, "a1_air.humidity_pct": 41.5, "a1_air.occupied": 0.0}
        values |= {key.replace("a1", "a2"): value for key, value in values.items()}
        self.devices.update(values | {"a1_valve.temp_degc": 21.5} | changes)

    def client(self, **more):
        return aiomqtt.Client("127.0.0.1", self.broker.port, timeout=2, **more)

    async def collect(self, found, wait_s=5.0):
        """Samples heard until `found` says yes of the latest of each point."""
        latest = {}
        end = time.monotonic() + wait_s
        while True:
            latest |= {sample.point: sample for sample in await self.driver.read()}
            if found(latest):
                return latest
            assert time.monotonic() < end, f"not in time: {latest}"
            await asyncio.sleep(0.02)


@asynccontextmanager
async def running(site, devices=True):
    await site.broker.start()
    try:
        if devices:
            site.show()
            await site.devices.start()
        yield site
    finally:
        await site.driver.close()
        await site.devices.stop()
        await site.broker.stop()


def everything(site):
    return lambda latest: set(latest) == {point.id for point in site.points}


async def test_every_point_is_heard_good_and_in_its_unit():
    async with running(Site()) as site:
        latest = await site.collect(everything(site))
        site.show(**{"a2_air.occupied": 1.0, "a1_air.co2_ppm": None})
        changed = await site.collect(
            lambda new: (
                {"a2_air.occupied", "a1_air.co2_ppm"} <= set(new)
                and new["a2_air.occupied"].value == 1.0
                and new["a1_air.co2_ppm"].quality is Quality.BAD
            )
        )
    assert latest["a1_air.co2_ppm"].value == 640.0
    assert latest["a1_air.occupied"].value == 0.0
    assert {sample.quality for sample in latest.values()} == {Quality.GOOD}
    assert changed["a1_air.humidity_pct"].quality is Quality.GOOD


async def test_a_write_is_confirmed_by_the_state_the_device_shows():
    async with running(Site()) as site:
        await site.collect(everything(site))
        warm, hot, sensor, back = [
            (await site.driver.write([write]))[0]
            for write in (
                Write("a1_valve.setpoint_degc", 22.6, 8),
                Write("a1_valve.setpoint_degc", 50.0, 8),
                Write("a1_valve.temp_degc", 21.0, 8),
                Write("a1_valve.setpoint_degc", None, 8),
            )
        ]
    assert (warm.ok, warm.read_back) == (True, 22.5)
    assert (hot.ok, hot.error.split(": ")[1][:4]) == (False, "50.0")
    assert not sensor.ok
    assert (back.ok, back.read_back) == (True, 20.0)
    assert site.heard == [("a1_valve.setpoint_degc", 22.5), ("a1_valve.setpoint_degc", 20.0)]


async def test_a_write_that_the_device_does_not_show_fails_after_the_time_out():
    async with running(Site(timeout_s=0.3), devices=False) as site:
        began = time.monotonic()
        (result,) = await site.driver.write([Write("a1_valve.setpoint_degc", 22.0, 8)])
        assert time.monotonic() - began < 1.8  # of 2 s unless told
    assert (result.ok, result.read_back) == (False, None)
    assert "shows nothing" in result.error


async def test_a_device_that_loses_its_power_is_offline_by_its_last_will_and_the_others_are_not():
    async with running(Site()) as site:
        await site.collect(everything(site))
        first = next(device for device in site.devices._devices if device._id == "a1_air")
        first._connection = first._connection.model_copy(update={"port": free_port()})  # it does not find back
        first.cut()
        gone = await site.collect(lambda new: "a1_air.co2_ppm" in new and new["a1_air.co2_ppm"].value is None)
        again = await site.collect(lambda new: "a2_air.co2_ppm" in new)
    assert {gone[f"a1_air.{s}"].quality for s in ("co2_ppm", "humidity_pct", "occupied")} == {Quality.OFFLINE}
    assert again["a2_air.co2_ppm"].quality is Quality.GOOD


async def test_a_silent_sensor_keeps_its_old_stamp_through_a_reconnection():
    async with running(Site(), devices=False) as site:
        async with site.client() as world:
            await site.driver.connect()
            heard_at = site.clock.at
            await world.publish("biri/a1_air/state", json.dumps({"co2": 700}), qos=1, retain=True)
            (first,) = (await site.collect(lambda new: new)).values()
            site.clock.later(10)
            assert list(await site.driver.read()) == []  # nothing new, so nothing is said
            await site.driver.close()
            site.clock.later(10)
            await site.driver.connect()  # the broker says again what it retains
            (again,) = site.driver.drain()
        assert (first.value, first.at) == (700.0, heard_at)
        assert (again.value, again.at) == (700.0, heard_at)


async def test_what_was_said_while_we_were_away_is_not_lost_and_not_younger_than_our_last_contact():
    async with running(Site(), devices=False) as site:
        async with site.client() as world:
            await site.driver.connect()
            left_at = site.clock.at
            await site.driver.close()
            site.clock.later(30)
            for ppm in (650, 660, 670):
                await world.publish("biri/a1_air/state", json.dumps({"co2": ppm}), qos=1)  # not retained
            await site.driver.connect()
            samples = site.driver.drain()
            await world.publish("biri/a1_air/state", json.dumps({"co2": 680}), qos=1)
            live = await site.collect(lambda new: new)
        assert [(s.value, s.at) for s in samples] == [(ppm, left_at) for ppm in (650.0, 660.0, 670.0)]
        assert live["a1_air.co2_ppm"].at == site.clock.at


async def test_retained_states_are_heard_at_the_first_connection():
    async with running(Site(), devices=False) as site:
        async with site.client() as world:
            await world.publish("biri/a1_air/state", json.dumps({"co2": 700}), qos=1, retain=True)
            await world.publish("biri/a2_air/availability", "offline", qos=1, retain=True)
            await world.publish("biri/a2_air/state", json.dumps({"co2": 900}), qos=1, retain=True)
        await site.driver.connect()
        latest = {sample.point: sample for sample in site.driver.drain()}
    assert latest["a1_air.co2_ppm"].value == 700.0
    assert latest["a2_air.co2_ppm"].quality is Quality.OFFLINE  # retained by a device that is gone


async def test_nonsense_makes_bad_points_and_no_noise():
    async with running(Site(), devices=False) as site, site.client() as world:
        await site.driver.connect()
        for payload in (b"\xff\xfe", b"[1, 2]", b'{"co2": "many"}', b'{"co2": 1e999}', b"[" * 5000):
            await world.publish("biri/a1_air/state", payload, qos=1)
            latest = await site.collect(lambda new: "a1_air.co2_ppm" in new)
            assert latest["a1_air.co2_ppm"].quality is Quality.BAD


async def test_a_broker_that_is_killed_is_unreachable_and_all_is_back_when_it_is(caplog):
    async with running(Site()) as site:
        await site.collect(everything(site))
        os.kill(site.broker._process.pid, signal.SIGKILL)
        await site.broker.stop()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="mqtt"):
            await site.driver.read()
        with pytest.raises(Unreachable):
            await site.driver.connect()
        with pytest.raises(Unreachable):
            await site.driver.write([Write("a1_valve.setpoint_degc", 22.0, 8)])
        assert time.monotonic() - began < 5.0  # three of 2 s each would be more
        site.driver.drain()
        await site.broker.start()
        latest = await site.collect(everything(site))
    gc.collect()
    assert {sample.quality for sample in latest.values()} == {Quality.GOOD}
    assert caplog.text == ""  # the caller logs the change once, the driver and the devices nothing


async def test_a_broker_that_hangs_is_unreachable_within_its_time_outs():
    async with running(Site(timeout_s=0.3)) as site:
        await site.collect(everything(site))
        process = site.broker._process.pid
        os.kill(process, signal.SIGSTOP)
        try:
            began = time.monotonic()
            with pytest.raises(Unreachable):
                await site.driver.read()
            with pytest.raises(Unreachable):  # the kernel still takes the connection, but nobody greets
                await site.driver.connect()
            assert time.monotonic() - began < 3.5  # two of 2 s, unless told, would be more
        finally:
            os.kill(process, signal.SIGCONT)
        site.driver.drain()
        await site.collect(everything(site))


async def test_the_broker_keeps_retained_messages_to_their_topic_and_ends_with_us():
    async with running(Site(), devices=False) as site:
        async with site.client() as world:
            await world.publish("c/1", "x", qos=1, retain=True)
            await world.subscribe("xyz/+", qos=1)
            await world.publish("xyz/end", "end", qos=1)
            message = await asyncio.wait_for(anext(world.messages), 2)
            assert str(message.topic) == "xyz/end"
        process = site.broker._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


async def test_a_taken_port_is_told_in_the_brokers_own_words():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        broker = Broker(other.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await broker.start()


async def test_a_machine_without_a_broker_is_told_what_to_install():
    with pytest.raises(BrokerMissing, match="apt install mosquitto"):
        await Broker(free_port(), find=lambda: None).start()


async def test_certificates_that_cannot_be_read_are_no_reason_to_stop_the_others():
    site = Site()
    connection = site.connection.model_copy(update={"tls_ca_file": "/nowhere/ca.pem"})
    driver = MqttDriver(connection, site.points, site.profiles, site.clock)
    with pytest.raises(Unreachable, match="No such file"):
        await driver.connect()


async def test_a_broker_does_not_outlive_a_process_that_is_killed():
    program = """
import asyncio, sys
from hil_sim.broker import Broker

async def main():
    broker = Broker(int(sys.argv[1]))
    await broker.start()
    print(broker._process.pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(free_port()), stdout=asyncio.subprocess.PIPE
    )
    pid = int(await process.stdout.readline())
    process.kill()
    await process.wait()
    end = time.monotonic() + 3
    while _runs(pid):
        assert time.monotonic() < end, "the broker is still there"
        await asyncio.sleep(0.02)


def _runs(pid):
    """Not merely there: who collects the orphan's remains is not our business."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_a_stop_in_the_middle_of_connecting_is_silent(caplog):
    site = Site()
    await site.broker.start()
    try:
        for pause_s in (0.0, 0.001, 0.002, 0.005, 0.01, 0.02):
            await site.devices.start()
            connecting = asyncio.create_task(site.driver.connect())
            await asyncio.sleep(pause_s)
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
            await site.devices.stop()
            await asyncio.sleep(0.1)  # what the broker still says is heard
            await site.driver.close()
    finally:
        await site.broker.stop()
    gc.collect()
    assert [record.message for record in caplog.records] == []
