"""The Modbus driver against simulated devices, and against a server that misbehaves, over real sockets."""

import asyncio
import logging
import socket
import struct
import time
from datetime import UTC, datetime

import pytest

from drivers.errors import Unreachable
from drivers.modbus import ModbusDriver
from hil_sim.serve_modbus import ModbusServer
from models.field import Device, ModbusConnection, points_of
from models.profile import ModbusProfile, Text, builtin_names, load_profile, parse_profile
from models.signals import Quality, Write

AT = datetime(2026, 1, 15, 6, 0, tzinfo=UTC)
PROFILES = {name: profile for name in builtin_names() if isinstance(profile := load_profile(name), ModbusProfile)}
TIMEOUT_S = 0.2


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connection(**changes):
    fields = {"id": "mb_test", "protocol": "modbus", "port": free_port(), "timeout_s": TIMEOUT_S, "period_s": 0.5}
    return ModbusConnection(**fields | changes)


def points(profiles, **devices):
    """`devices`: name of the device -> (unit id, profile)."""
    found = []
    for name, (unit_id, profile) in devices.items():
        device = Device(
            id=name,
            profile=profile,
            connection="mb_test",
            system="=320.001",
            label=Text(nb=name, en=name),
            unit_id=unit_id,
        )
        found += points_of(device, profiles[profile])
    return found


class Bench:
    """A server and a driver on one connection."""

    def __init__(self, found, profiles=PROFILES, driver_points=None):
        self.written = []
        self.connection = connection()
        self.points = {point.id: point for point in found}
        self.server = ModbusServer(self.connection, found, profiles, lambda *write: self.written.append(write))
        self.driver = ModbusDriver(self.connection, driver_points or found, profiles, lambda: AT)

    async def read(self):
        return {sample.point: sample for sample in await self.driver.read()}

    async def __aenter__(self):
        await self.server.start()
        await self.driver.connect()
        return self

    async def __aexit__(self, *_):
        await self.driver.close()
        await self.server.stop()
        await asyncio.sleep(0)


def everything():
    return points(PROFILES, **{f"{name}_x": (unit, name) for unit, name in enumerate(sorted(PROFILES), 1)})


def middle(spec):
    """A value every point can show exactly."""
    if spec.states:
        return max(spec.states)
    if spec.shown_unit == "bool":
        return 1.0
    low = spec.min if spec.min is not None else 0.0
    high = spec.max if spec.max is not None else 1000.0
    return float(round((low + high) / 2))


async def test_every_profile_reads_what_the_plant_says():
    async with Bench(everything()) as bench:
        said = {name: middle(point.spec) for name, point in bench.points.items()}
        bench.server.update(said | {"elsewhere.temp_degc": 1.0})
        read = await bench.read()
        assert {name: sample.value for name, sample in read.items()} == pytest.approx(said)
        assert {sample.quality for sample in read.values()} == {Quality.GOOD}
        assert {sample.at for sample in read.values()} == {AT}


async def test_what_a_device_does_not_know_is_bad_never_zero():
    async with Bench(everything()) as bench:
        bench.server.update({name: middle(point.spec) for name, point in bench.points.items()})
        bench.server.update(dict.fromkeys(bench.points))
        read = await bench.read()
        for name, point in bench.points.items():
            if point.spec.missing or point.spec.form in ("f32", "f64", "string"):
                assert read[name] == (name, AT, None, Quality.BAD)


async def test_every_writable_point_is_written_and_proven():
    async with Bench(everything()) as bench:
        for pick in ("min", "max"):
            wanted = {name: getattr(p.spec.write, pick) for name, p in bench.points.items() if p.writable}
            results = await bench.driver.write([Write(name, value, 8) for name, value in wanted.items()])
            assert [result.error for result in results] == [None] * len(wanted)
            assert {result.point: result.read_back for result in results} == pytest.approx(wanted)
            assert dict(bench.written) == pytest.approx(wanted)
            bench.written.clear()
        read = await bench.read()
        assert {name: read[name].value for name in wanted} == pytest.approx(wanted)


async def test_every_refresh_is_told_not_only_changes():
    async with Bench(points(PROFILES, car=(1, "alfen_eve"))) as bench:
        await bench.driver.write([Write("car.max_current_a", 6.0, 8)] * 3)
        assert bench.written == [("car.max_current_a", 6.0)] * 3


async def test_giving_a_point_back_writes_the_value_the_profile_states():
    async with Bench(points(PROFILES, car=(1, "alfen_eve"))) as bench:
        assert (await bench.driver.write([Write("car.max_current_a", 6.0, 8)]))[0].read_back == 6
        assert (await bench.driver.write([Write("car.max_current_a", None, 8)]))[0].read_back == 16
        assert bench.written == [("car.max_current_a", 6.0), ("car.max_current_a", 16.0)]


async def test_a_written_value_stands_until_the_plant_moves_away():
    async with Bench(points(PROFILES, boiler=(1, "generic_boiler"))) as bench:
        bench.server.update({"boiler.stage_request": 0.0})
        await bench.driver.write([Write("boiler.stage_request", 5, 8)])
        bench.server.update({"boiler.stage_request": 0.0})  # an observation from before the write
        assert (await bench.read())["boiler.stage_request"].value == 5
        bench.server.update({"boiler.stage_request": 5.0})
        bench.server.update({"boiler.stage_request": 0.0})  # the watchdog
        assert (await bench.read())["boiler.stage_request"].value == 0


async def test_we_refuse_what_the_profile_does_not_allow():
    async with Bench(points(PROFILES, boiler=(1, "generic_boiler"))) as bench:
        results = await bench.driver.write(
            [
                Write("boiler.stage_request", 8, 8),
                Write("boiler.stages_on", 1, 8),
                Write("boiler.nonsense", 1, 8),
                Write("boiler.stage_request", float("nan"), 8),
            ]
        )
        assert not any(result.ok for result in results)
        assert "8 lies outside 0.0 .. 7.0" in results[0].error
        assert "no write rule" in results[1].error
        assert "no such point" in results[2].error
        assert bench.written == []


async def test_the_device_refuses_what_its_own_limits_do_not_allow():
    found = points(PROFILES, boiler=(1, "generic_boiler"))
    looser = {"generic_boiler": PROFILES["generic_boiler"].model_copy(deep=True)}
    request = looser["generic_boiler"].points[0]
    rule = request.write.model_copy(update={"max": 20.0})
    loose = request.model_copy(update={"max": 20.0, "write": rule})
    looser["generic_boiler"] = looser["generic_boiler"].model_copy(
        update={"points": (loose, *looser["generic_boiler"].points[1:])}
    )
    async with Bench(found, driver_points=points(looser, boiler=(1, "generic_boiler"))) as bench:
        (result,) = await bench.driver.write([Write("boiler.stage_request", 12, 8)])
        assert result[:4] == (
            "boiler.stage_request",
            False,
            None,
            "boiler.stage_request: the device refused 12 with exception 3",
        )
        assert bench.written == []
        assert (await bench.read())["boiler.supply_temp_degc"].quality is not Quality.OFFLINE


async def test_a_silent_unit_is_offline_and_does_not_slow_the_others(caplog):
    caplog.set_level(logging.INFO)
    devices = {f"loop_{n}": (n, "generic_circulation_loop") for n in range(1, 5)}
    async with Bench(points(PROFILES, **devices)) as bench:
        bench.server.update(dict.fromkeys(bench.points, 60.0))
        await bench.driver.read()
        bench.server.silence("loop_1")
        late = await bench.read()
        assert not any(name.startswith("loop_1.") for name in late), "one late answer is no loss yet"
        costs = []
        for _ in range(12):
            begun = time.perf_counter()
            read = await bench.read()
            costs.append(time.perf_counter() - begun)
            offline = {name for name, sample in read.items() if sample.quality is Quality.OFFLINE}
            assert offline == {"loop_1.return_temp_degc", "loop_1.flow_l_per_min"}
            assert all(s.value == 60 for name, s in read.items() if name not in offline)
            await asyncio.sleep(max(0.0, 0.2 - costs[-1]))
        # Asked twice, then by its back-off of a second and more; most scans know nothing of it.
        assert bench.driver._units["loop_1"].failures <= len(costs) / 2
        assert sorted(costs)[len(costs) // 2] < TIMEOUT_S, costs
        (result,) = await bench.driver.write([Write("loop_1.flow_l_per_min", 1, 8)])
        assert not result.ok
        bench.server.silence("loop_1", silent=False)
        for _ in range(150):
            if (await bench.read())["loop_1.flow_l_per_min"].quality is Quality.GOOD:
                break
            await asyncio.sleep(0.1)
    ours = [record.message for record in caplog.records if record.name == "drivers.modbus"]
    assert ours == ["loop_1: down: no answer", "loop_1: up"]


async def test_a_unit_behind_a_gateway_that_says_so_costs_nothing(caplog):
    ours = points(PROFILES, loop_a=(1, "generic_circulation_loop"), gone=(77, "generic_circulation_loop"))
    async with Bench(ours[:2], driver_points=ours) as bench:
        bench.server.update({"loop_a.return_temp_degc": 60.0, "loop_a.flow_l_per_min": 5.0})
        begun = time.perf_counter()
        await bench.read()
        for _ in range(5):
            read = await bench.read()
            assert read["loop_a.return_temp_degc"].value == 60
            assert read["gone.return_temp_degc"].quality is Quality.OFFLINE
        assert time.perf_counter() - begun < 5 * TIMEOUT_S  # one each time would be more
    assert [r.message for r in caplog.records if r.name == "drivers.modbus"] == ["gone: down: exception 4"]


HOLED = """
protocol = "modbus"
vendor = "Acme"
model = "Meter with a hole"
document = "made up for this test"
max_gap = {gap}
golden = [{{ source = "by hand", words = {{ "input:0" = [1] }}, gives = {{ a_k = 1 }} }}]
[[points]]
name = "a_k"
label = {{ nb = "a", en = "a" }}
tfm = "RT401"
table = "input"
address = 0
as = "u16"
[[points]]
name = "b_k"
label = {{ nb = "b", en = "b" }}
tfm = "RT402"
table = "input"
address = 5
as = "u16"
[[points]]
name = "c_k"
label = {{ nb = "c", en = "c" }}
tfm = "RT403"
table = "holding"
address = 0
as = "u16"
"""


async def test_a_refused_block_is_bad_and_the_others_go_on(caplog):
    # The driver is told that holes may be read; the device has holes.
    with_holes = {"meter": parse_profile(HOLED.format(gap=0), "meter.toml")}
    bridged = {"meter": parse_profile(HOLED.format(gap=10), "meter.toml")}
    found = points(with_holes, meter=(1, "meter"))
    async with Bench(found, with_holes) as bench:
        bench.server.update({"meter.a_k": 1, "meter.b_k": 2, "meter.c_k": 3})
        assert [sample.value for sample in await bench.driver.read()] == [1, 2, 3]
        driver = ModbusDriver(bench.connection, found, bridged, lambda: AT)
        await driver.connect()
        for _ in range(3):
            samples = await driver.read()
            assert [(s.value, s.quality) for s in samples] == [
                (None, Quality.BAD),
                (None, Quality.BAD),
                (3, Quality.GOOD),
            ]
        await driver.ping()
        await driver.close()
    ours = [record.message for record in caplog.records if record.name == "drivers.modbus"]
    assert ours == ["meter: input 0, 6 long: refused with exception 2"]


async def test_a_server_that_dies_is_unreachable_and_comes_back():
    async with Bench(points(PROFILES, boiler=(1, "generic_boiler"))) as bench:
        bench.server.update({"boiler.power_kw": 40.0})
        await bench.driver.write([Write("boiler.stage_request", 2, 8)])
        await bench.server.stop()
        for attempt in (bench.driver.read, bench.driver.ping):
            begun = time.perf_counter()
            with pytest.raises(Unreachable, match="mb_test"):
                await attempt()
            assert time.perf_counter() - begun < 5 * TIMEOUT_S
        with pytest.raises(Unreachable, match="cannot connect"):
            await bench.driver.connect()
        with pytest.raises(Unreachable, match="not connected"):
            await bench.driver.write([Write("boiler.stage_request", 3, 8)])
        bench.server.update({"boiler.power_kw": 60.0})
        await bench.server.start()
        await bench.driver.connect()
        await bench.driver.ping()
        read = await bench.read()
        assert (read["boiler.power_kw"].value, read["boiler.stage_request"].value) == (60, 2)


async def test_a_taken_port_is_an_error():
    found = points(PROFILES, boiler=(1, "generic_boiler"))
    async with Bench(found) as bench:
        with pytest.raises(OSError, match=f"port {bench.connection.port} cannot be opened"):
            await ModbusServer(bench.connection, found, PROFILES, print).start()


async def test_the_driver_is_harmless_when_closed_or_opened_twice():
    async with Bench(points(PROFILES, boiler=(1, "generic_boiler"))) as bench:
        await bench.driver.connect()
        assert bench.driver.drain() == ()
        await bench.driver.close()
        await bench.driver.close()
        with pytest.raises(Unreachable, match="not connected"):
            await bench.driver.read()


# --- a server that misbehaves


def frame(request, pdu):
    return request[:2] + struct.pack(">HHB", 0, len(pdu) + 1, request[6]) + pdu


def right(request):
    count = struct.unpack(">H", request[10:12])[0]
    size = 2 * count if request[7] in (3, 4) else (count + 7) // 8
    return frame(request, bytes([request[7], size]) + bytes(size))


MISBEHAVIOUR = {
    "says nothing": lambda request: b"",
    "says half": lambda request: right(request)[:-1],
    "speaks HTTP": lambda request: b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
    "makes noise": lambda request: bytes(range(256)) * 3,
    "answers another request": lambda request: b"\xff\xff" + right(request)[2:],
    "answers for another unit": lambda request: right(request)[:6] + b"\x63" + right(request)[7:],
    "counts wrong": lambda request: frame(request, bytes([request[7], 20, 0, 0])),
    "hangs up": None,
}


class Liar:
    """Answers right, or as `answer` says."""

    def __init__(self, port):
        self.port = port
        self.answer = right

    async def _serve(self, reader, writer):
        try:
            while request := await reader.read(1024):
                if self.answer is None:
                    break
                writer.write(self.answer(request))
        except ConnectionError:
            return
        finally:
            writer.close()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()
        await asyncio.sleep(0.01)


@pytest.fixture
async def lied_to():
    where = connection()
    driver = ModbusDriver(where, points(PROFILES, loop=(1, "generic_circulation_loop")), PROFILES, lambda: AT)
    async with Liar(where.port) as liar:
        await driver.connect()
        yield driver, liar
        await driver.close()


@pytest.mark.parametrize("how", sorted(MISBEHAVIOUR))
async def test_an_answer_without_sense_costs_one_time_out_and_no_more(lied_to, how):
    driver, liar = lied_to
    liar.answer = MISBEHAVIOUR[how]
    begun = time.perf_counter()
    with pytest.raises(Unreachable):
        await driver.read()
    assert time.perf_counter() - begun < 5 * TIMEOUT_S
    liar.answer = right
    await asyncio.sleep(0.05)
    await driver.connect()
    assert [sample.value for sample in await driver.read()] == [0, 0]


async def test_a_well_formed_but_short_answer_is_noticed(lied_to, caplog):
    driver, liar = lied_to
    liar.answer = lambda request: frame(request, bytes([request[7], 2, 0, 215]))
    samples = await driver.read()
    assert [(sample.value, sample.quality) for sample in samples] == [(None, Quality.BAD)] * 2
    assert [r.message for r in caplog.records if r.name == "drivers.modbus"] == ["loop: input 0, 2 long: 1 words came"]


async def test_a_device_that_changes_what_was_written_is_noticed():
    where = connection()
    driver = ModbusDriver(where, points(PROFILES, boiler=(1, "generic_boiler")), PROFILES, lambda: AT)

    def forgetful(request):  # echoes the write, keeps 0
        return request if request[7] == 6 else right(request)

    async with Liar(where.port) as liar:
        liar.answer = forgetful
        await driver.connect()
        (result,) = await driver.write([Write("boiler.stage_request", 3, 8)])
        await driver.close()
    assert result[:4] == (
        "boiler.stage_request",
        False,
        0.0,
        "boiler.stage_request: 3 was written, 0.0 is read back",
    )


async def test_units_that_live_are_found_behind_units_that_are_dead():
    devices = {f"loop_{n}": (n, "generic_circulation_loop") for n in range(1, 7)}
    async with Bench(points(PROFILES, **devices)) as bench:
        bench.server.update(dict.fromkeys(bench.points, 60.0))
        for n in range(1, 6):
            bench.server.silence(f"loop_{n}")
        for _ in range(4):  # as the caller does: gives up, connects again
            try:
                read = await bench.read()
                break
            except Unreachable:
                await bench.driver.close()
                await bench.driver.connect()
        assert {name for name, s in read.items() if s.quality is Quality.GOOD} == {
            "loop_6.return_temp_degc",
            "loop_6.flow_l_per_min",
        }
