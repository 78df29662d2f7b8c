"""BACnet/IP over real sockets: our driver against our server, whose wire side is the library's and not ours."""

import asyncio
import socket
import time
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from drivers.bacnet import BacnetDriver
from drivers.bacnet_client import BacnetClient
from drivers.codec_bacnet import MAX_APDU_LENGTH_ACCEPTED, Property
from drivers.errors import Unreachable
from hil_sim.serve_bacnet import BacnetServer
from models.field import BacnetConnection, Device, points_of
from models.profile import Text, load_profile, parse_profile
from models.signals import Quality, Write

pytestmark = pytest.mark.system


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Clock:
    """Site time that moves a second at each look."""

    def __init__(self):
        self.at = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)

    def __call__(self):
        self.at += timedelta(seconds=1)
        return self.at


class Site:
    """Rooms and a ventilation unit behind one BACnet device, and what was written to them."""

    def __init__(self, instance=1001, rooms=2, timeout_s=1.0):
        self.connection = BacnetConnection(
            id="rooms", protocol="bacnet", port=free_port(), device_instance=instance, timeout_s=timeout_s
        )
        self.profiles = {n: load_profile(n) for n in ("generic_room_controller", "generic_ahu")}
        names = [("ahu", "generic_ahu"), *((f"r{i}", "generic_room_controller") for i in range(1, rooms + 1))]
        self.points = [
            point
            for number, (name, profile) in enumerate(names)
            for point in points_of(
                Device(
                    id=name,
                    profile=profile,
                    connection="rooms",
                    system=f"=563.{number:03d}",
                    label=Text(nb=name, en=name),
                    object_offset=100 * number,
                ),
                self.profiles[profile],
            )
        ]
        self.heard = []
        self.server = BacnetServer(self.connection, self.points, self.profiles, lambda *told: self.heard.append(told))

    def driver(self, **more):
        return BacnetDriver(self.connection, self.points, self.profiles, Clock(), **more)

    def show(self, **changes):
        values = {p.id: 21.5 if p.id.endswith("temp_degc") else 35.0 for p in self.points if p.spec.unit is None}
        values |= {p.id: 0.0 for p in self.points if p.spec.unit is not None}
        self.server.update(values | {"ahu.extract_co2_ppm": 640.0, "ahu.fan_power_kw": 1.25} | changes)


@asynccontextmanager
async def running(site, **more):
    await site.server.start()
    site.show()
    driver = site.driver(**more)
    try:
        await driver.connect()
        yield driver
    finally:
        await driver.close()
        await site.server.stop()
        await asyncio.sleep(0.02)


def by_point(samples):
    return {sample.point: sample for sample in samples}


async def until(found, wait_s=2.0):
    end = time.monotonic() + wait_s
    while not found():
        assert time.monotonic() < end, "nothing happened in time"
        await asyncio.sleep(0.01)


async def test_a_scan_gives_every_point_a_good_sample_in_its_unit():
    site = Site()
    async with running(site) as driver:
        site.show(**{"r1.temp_degc": 22.25, "ahu.frost_alarm": 1.0})
        samples = by_point(await driver.read())
    assert set(samples) == {point.id for point in site.points}
    assert {sample.quality for sample in samples.values()} == {Quality.GOOD}
    assert samples["r1.temp_degc"].value == 22.25
    assert samples["r2.temp_degc"].value == 21.5
    assert samples["ahu.frost_alarm"].value == 1.0
    assert samples["r1.setpoint_degc"].value == 22.0  # what the profile says an unheld set point returns to


async def test_a_broken_sensor_and_an_implausible_value_are_bad_and_the_others_stay_good():
    site = Site()
    async with running(site) as driver:
        site.show(**{"r1.temp_degc": None, "r2.temp_degc": 327.67})
        samples = by_point(await driver.read())
        site.show()
        again = by_point(await driver.read())
    assert (samples["r1.temp_degc"].value, samples["r1.temp_degc"].quality) == (None, Quality.BAD)
    assert (samples["r2.temp_degc"].value, samples["r2.temp_degc"].quality) == (None, Quality.BAD)
    assert samples["r1.valve_pct"].quality is Quality.GOOD
    assert again["r1.temp_degc"].quality is Quality.GOOD


async def test_an_object_the_device_does_not_have_is_bad_alone():
    site = Site()
    site.server = BacnetServer(
        site.connection, [p for p in site.points if p.id != "r1.valve_pct"], site.profiles, lambda *_: None
    )
    async with running(site) as driver:
        samples = by_point(await driver.read())
    assert [s.point for s in samples.values() if s.quality is Quality.BAD] == ["r1.valve_pct"]


async def test_a_flag_that_changes_is_pushed_without_a_scan():
    site = Site()
    async with running(site) as driver:
        await asyncio.sleep(0.05)
        driver.drain()  # the first notification of each subscription
        site.show(**{"ahu.fire_alarm": 1.0})
        pushed = []
        await until(lambda: pushed.extend(driver.drain()) or pushed)
    assert [(s.point, s.value, s.quality) for s in pushed] == [("ahu.fire_alarm", 1.0, Quality.GOOD)]


async def test_the_higher_slot_wins_and_the_next_one_follows_when_it_is_given_back():
    site = Site()
    async with running(site) as driver:
        (low,) = await driver.write([Write("r1.setpoint_degc", 21.0, 12)])
        (high,) = await driver.write([Write("r1.setpoint_degc", 23.5, 8)])
        (under,) = await driver.write([Write("r1.setpoint_degc", 20.5, 12)])
        (back,) = await driver.write([Write("r1.setpoint_degc", None, 8)])
        (free,) = await driver.write([Write("r1.setpoint_degc", None, 12)])
    assert [r.ok for r in (low, high, under, back, free)] == [True] * 5
    assert [r.read_back for r in (low, high, under, back, free)] == [21.0, 23.5, 23.5, 20.5, 22.0]
    assert site.heard == [
        ("r1.setpoint_degc", 21.0),
        ("r1.setpoint_degc", 23.5),
        ("r1.setpoint_degc", 20.5),
        ("r1.setpoint_degc", None),
    ]


async def test_results_stand_in_the_order_of_the_writes_and_a_refusal_stops_nothing():
    site = Site()
    async with running(site) as driver:
        results = await driver.write(
            [
                Write("r1.setpoint_degc", 40.0, 8),
                Write("r1.temp_degc", 21.0, 8),
                Write("ahu.airflow_request_pct", 61.4, 8),
                Write("r9.setpoint_degc", 21.0, 8),
            ]
        )
    assert [(r.point, r.ok, r.read_back) for r in results] == [
        ("r1.setpoint_degc", False, None),
        ("r1.temp_degc", False, None),
        ("ahu.airflow_request_pct", True, 61.0),
        ("r9.setpoint_degc", False, None),
    ]
    assert "18.0 .. 26.0" in results[0].error
    assert site.heard == [("ahu.airflow_request_pct", 61.0)]


async def test_the_device_itself_refuses_what_its_profile_does_not_open():
    """What reaches the wire past our own limits: here the driver believes in wider ones than the device has."""
    site = Site()
    wider = []
    for point in site.points:
        rule = point.spec.write
        if point.id == "r1.setpoint_degc":
            spec = point.spec.model_copy(update={"write": rule.model_copy(update={"max": 90.0})})
        elif point.id == "r1.valve_pct":
            spec = point.spec.model_copy(update={"write": site.points[1].spec.write or _any_rule(site)})
        else:
            spec = point.spec
        wider.append(type(point)(point.id, point.tag, point.device, spec, point.privacy))
    async with running(site):
        driver = BacnetDriver(site.connection, wider, site.profiles, Clock())
        await driver.connect()
        results = await driver.write([Write("r1.setpoint_degc", 80.0, 8), Write("r1.valve_pct", 20.0, 8)])
        await driver.close()
    assert [r.ok for r in results] == [False, False]
    assert "value-out-of-range" in results[0].error
    assert "write-access-denied" in results[1].error
    assert site.heard == []


def _any_rule(site):
    return next(p.spec.write for p in site.points if p.spec.write is not None)


async def test_a_device_that_dies_is_unreachable_in_one_time_out_and_comes_back_with_its_subscriptions():
    site = Site(timeout_s=0.3)
    async with running(site) as driver:
        await driver.write([Write("r1.setpoint_degc", 21.0, 8)])
        await site.server.stop()
        began = time.monotonic()
        with pytest.raises(Unreachable, match="rooms"):
            await driver.read()
        assert time.monotonic() - began < 1.8  # of 2 s unless told
        with pytest.raises(Unreachable):
            await driver.ping()
        with pytest.raises(Unreachable):
            await driver.write([Write("r1.setpoint_degc", 21.0, 8)])

        await site.server.start()
        samples = by_point(await driver.read())
        assert samples["r1.setpoint_degc"].value == 22.0  # the device lost its memory, and says so
        assert site.heard[-1] == ("r1.setpoint_degc", None)
        await asyncio.sleep(0.05)
        driver.drain()
        site.show(**{"ahu.frost_alarm": 1.0})
        pushed = []
        await until(lambda: pushed.extend(driver.drain()) or pushed)
        assert pushed[0].point == "ahu.frost_alarm"


async def test_a_dead_device_does_not_slow_the_others_on_the_same_station():
    client = BacnetClient()
    dead, alive = Site(instance=1), Site(instance=2)
    silent = dead.driver(client=client)
    async with running(alive, client=client) as driver:

        async def knock():
            with pytest.raises(Unreachable):
                await silent.connect()

        knocking = asyncio.create_task(knock())
        await asyncio.sleep(0)
        for _ in range(3):
            await driver.read()
        assert not knocking.done()
        await knocking
    await client.close()


async def test_whoever_leaves_a_shared_station_last_closes_its_port():
    client = BacnetClient()
    first, second = Site(instance=1), Site(instance=2)
    async with running(first, client=client) as driver:
        async with running(second, client=client):
            pass
        assert len(await driver.read()) == len(first.points)
    with pytest.raises(Unreachable, match="not open"):
        await client.read(driver._peer, [], 0.1)


async def test_an_answer_that_comes_after_the_time_out_is_dropped_in_silence(caplog):
    site = Site()
    async with running(site) as driver:
        answers = site.server._app.do_ReadPropertyMultipleRequest

        async def slow(apdu):
            await asyncio.sleep(0.3)
            await answers(apdu)

        site.server._app.do_ReadPropertyMultipleRequest = slow
        wanted = [Property(driver._device, MAX_APDU_LENGTH_ACCEPTED)]
        with pytest.raises(Unreachable, match="no answer within"):
            await driver._client.read(driver._peer, wanted, 0.1)
        await asyncio.sleep(0.4)
    assert caplog.records == []


async def test_another_device_at_the_address_is_not_taken_for_ours():
    site = Site(instance=7)
    async with running(site):
        stranger = BacnetDriver(
            site.connection.model_copy(update={"device_instance": 8}), site.points, site.profiles, Clock()
        )
        with pytest.raises(Unreachable, match="device 8 is not there"):
            await stranger.connect()
        await stranger.close()


async def test_a_port_that_is_taken_is_refused_instead_of_shared():
    site = Site()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", site.connection.port))
        with pytest.raises(OSError, match="in use"):
            await site.server.start()
        with pytest.raises(Unreachable, match="in use"):
            await BacnetClient(port=site.connection.port).open()


async def test_a_broken_flag_is_pushed_as_bad():
    site = Site()
    async with running(site) as driver:
        await asyncio.sleep(0.05)
        driver.drain()
        site.show(**{"ahu.fire_alarm": None})
        pushed = []
        await until(lambda: pushed.extend(driver.drain()) or pushed)
    assert [(s.point, s.value, s.quality) for s in pushed] == [("ahu.fire_alarm", None, Quality.BAD)]


async def test_a_device_that_leaves_subscriptions_unanswered_is_still_read():
    asked = []

    async def says_nothing(request):
        asked.append(request)

    site = Site(timeout_s=0.3)
    await site.server.start()
    site.server._app.do_SubscribeCOVRequest = says_nothing
    site.show()
    driver = site.driver()
    try:
        await driver.connect()
        before = len(asked)
        samples = await driver.read()
        assert len(asked) == before > 0  # it is not asked again at once
    finally:
        await driver.close()
        await site.server.stop()
        await asyncio.sleep(0.02)
    assert {sample.quality for sample in samples} == {Quality.GOOD}


STATES = """
protocol = "bacnet"
vendor = "test"
model = "states"
document = "made up for this test"
generic = true
[[points]]
name = "mode"
label = { nb = "m", en = "m" }
tfm = "XS401"
unit = "state"
states = { 1 = "off", 2 = "low", 3 = "high" }
object = "multi-state-value,1"
write = { min = 1, max = 3, step = 1, relinquish = 2, persistence = "ram", daily_budget = 50 }
[[points]]
name = "shown"
label = { nb = "s", en = "s" }
tfm = "XS402"
unit = "state"
states = { 1 = "off", 2 = "low", 3 = "high" }
object = "multi-state-input,1"
[[points]]
name = "lamp"
label = { nb = "l", en = "l" }
tfm = "XS403"
unit = "bool"
object = "binary-value,1"
write = { min = 0, max = 1, step = 1, relinquish = 0, persistence = "ram", daily_budget = 50 }
[[golden]]
source = "by hand"
values = { "multi-state-value,1" = 2 }
gives = { mode = 2 }
"""


async def test_states_count_from_one_and_flags_are_nought_and_one():
    site = Site()
    profile = parse_profile(STATES, "states.toml")
    device = Device(id="s", profile="s", connection="rooms", system="=563.001", label=Text(nb="s", en="s"))
    site.points = points_of(device, profile)
    site.server = BacnetServer(site.connection, site.points, {"s": profile}, lambda *told: site.heard.append(told))
    async with running(site) as driver:
        site.server.update({"s.shown": 3.0})
        before = {point: sample.value for point, sample in by_point(await driver.read()).items()}
        high, lamp = await driver.write([Write("s.mode", 3.0, 8), Write("s.lamp", 1.0, 8)])
        unknown, half = await driver.write([Write("s.mode", 4.0, 8), Write("s.lamp", 0.5, 8)])
        await asyncio.sleep(0.05)
        pushed = {sample.point: sample.value for sample in driver.drain()}
        back = await driver.write([Write("s.mode", None, 8), Write("s.lamp", None, 8)])
    assert before == {"s.mode": 2.0, "s.shown": 3.0, "s.lamp": 0.0}
    assert [(result.ok, result.read_back) for result in (high, lamp, *back)] == [
        (True, 3.0),
        (True, 1.0),
        (True, 2.0),
        (True, 0.0),
    ]
    assert not unknown.ok
    assert not half.ok
    assert pushed == {"s.mode": 3.0, "s.lamp": 1.0, "s.shown": 3.0}
    assert site.heard == [("s.mode", 3.0), ("s.lamp", 1.0), ("s.mode", None), ("s.lamp", None)]
