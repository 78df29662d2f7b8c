"""Battery and substation over real Modbus: told by the driver they obey, left alone they fall back to themselves."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.wiring import points_by_connection
from drivers.modbus import ModbusDriver
from hil_sim.plant import create
from hil_sim.runner import Runner
from hil_sim.serve_modbus import ModbusServer
from models.signals import Quality, Write
from models.site import load_site
from models.synthetic import synthetic_year

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 14, 11, tzinfo=UTC)


class Wire:
    """The school's plant behind a real server, and the driver on the other end."""

    def __init__(self):
        site = load_site(ROOT / "docs" / "examples" / "district_school" / "site.toml")
        self.now = START
        self.runner = Runner(site, create(site, synthetic_year(2026, 1, 59.9, 10.8, 100.0)), lambda: START, 60.0)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        connection = next(c for c in site.connections if c.id == "mb_plant").model_copy(update={"port": port})
        points = points_by_connection(site)["mb_plant"]
        self.server = ModbusServer(connection, points, site.profiles, self.runner.written)
        self.driver = ModbusDriver(connection, points, site.profiles, lambda: self.now)

    async def later(self, minutes):
        """What is read after so much site time."""
        self.now += timedelta(minutes=minutes)
        self.runner.advance(self.now)
        self.server.update(self.runner.observations)
        samples = await self.driver.read()
        assert {sample.quality for sample in samples} == {Quality.GOOD}
        return {sample.point: sample.value for sample in samples}

    def forget(self):
        """Nobody has repeated anything for long."""
        self.runner._kept_until = dict.fromkeys(self.runner._kept_until, 0.0)


@pytest.fixture
async def wire():
    wire = Wire()
    await wire.server.start()
    wire.server.update(wire.runner.observations)
    await wire.driver.connect()
    yield wire
    await wire.driver.close()
    await wire.server.stop()


async def test_they_obey_over_the_wire_and_fall_back_when_nobody_repeats_it(wire):
    wishes = {
        "battery.power_setpoint_kw": -35.0,
        "battery.setpoint_enabled": 1.0,
        "substation.supply_setpoint_degc": 55.0,
        "substation.valve_limit_pct": 20.0,
    }
    results = await wire.driver.write([Write(point, value, 10) for point, value in wishes.items()])
    assert {result.point: result.read_back for result in results if result.ok} == wishes
    await asyncio.sleep(0.1)
    read = await wire.later(30)
    assert read["battery.power_kw"] == pytest.approx(-35.0, abs=0.4)
    assert 25.0 < read["battery.state_of_charge_pct"] < 45.0
    assert 30.0 < read["substation.power_kw"] < 33.0
    wire.forget()
    read = await wire.later(30)
    assert (read["battery.setpoint_enabled"], read["substation.valve_limit_pct"]) == (0.0, 100.0)
    assert abs(wire.runner.observations["main.power_kw"]) < 1.0  # it balances the house by itself
    assert read["substation.power_kw"] > 33.0
