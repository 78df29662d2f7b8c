"""Take a server, a device and the broker away from a running system, and give them back.

Each is away for BEMS_OUTAGE_S (10) wall seconds; BEMS_OUTAGE_S=300 does the five minutes of an acceptance test.
"""

import asyncio
import gc
import logging
import os
from datetime import timedelta

import numpy as np
import pytest

from bems.clock import wall_s
from bems.history.rows import EventKind
from hil_sim.broker import Broker, find_mosquitto
from models.units import Unit
from tests.system.field import Field

pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
    pytest.mark.timeout(120 + float(os.environ.get("BEMS_OUTAGE_S", "0"))),
]

OUTAGE_S = float(os.environ.get("BEMS_OUTAGE_S", "10"))
SPEED = 20.0
"""Two minutes of the site, after which an input is missed, are 6 s."""
BEFORE_S = 8.0
"""Time for the first decisions, and for what they write."""
LOST_WITHIN_S = 8.0
"""Two exchanges must fail, each after its time-out."""
BACK_WITHIN_S = 14.0
"""The longest back-off is 10 s; then it connects, and is scanned; a try under way may have to time out before."""
DEVIATION = 0.10
"""By which the period of the others may change."""
OURS = ("bems", "drivers", "asyncio")

figures = logging.getLogger("figures")
"""Shown by `pytest -o log_cli=true`."""

ANALOG = (Unit.DEGC, Unit.KW, Unit.VOLT)
"""Of these the record can be told to keep every reading."""


class Outage:
    """What happens to a field while one connection is away."""

    def __init__(self, field, connection, caplog):
        self.field, self.connection = field, connection
        self.points = field.points_on(connection)
        self._caplog = caplog

    async def before(self):
        await self.field.until_all_good()
        await asyncio.sleep(BEFORE_S)
        self._caplog.clear()

    async def during(self):
        self.cut_at = self.field.clock.now()
        await self.field.until_only_lost(self.points, LOST_WITHIN_S)
        await asyncio.sleep(OUTAGE_S)
        assert self.field.not_good() == self.points, self.field.qualities()
        self.mended_at = self.field.clock.now()
        self._mended_s = wall_s()

    async def after(self):
        """Until every point is good again, and stays so."""
        took_s = await self.field.until_all_good(BACK_WITHIN_S)
        await asyncio.sleep(3)
        assert not self.field.not_good(), self.field.qualities()
        figures.info("%s: good again after %.1f s", self.connection, took_s)

    def lines(self):
        """What was logged since the outage began, without what the simulator says."""
        gc.collect()  # an exception nobody fetched is reported when it is collected
        return [f"{r.levelname} {r.message}" for r in self._caplog.records if r.name.split(".")[0] in OURS]

    def assert_one_line_down_and_one_up(self):
        lines = self.lines()
        assert len(lines) == 2, lines
        assert lines[0].startswith(f"WARNING {self.connection}: down: ")
        assert lines[1].startswith(f"INFO {self.connection}: up after ")

    async def assert_one_alarm_up_and_down(self):
        changes = await self.field.events(EventKind.ALARM_UP, EventKind.ALARM_DOWN)
        of_wires = [(e.kind, e.subject) for e in changes if e.subject.startswith("connection.")]
        subject = f"connection.{self.connection}"
        assert of_wires == [(EventKind.ALARM_UP, subject), (EventKind.ALARM_DOWN, subject)]

    def assert_others_kept_their_period(self):
        """From the record: the mean time between two samples of a point while the connection was away."""
        worst = 0.0
        for link in self.field.system.links.values():
            if link.connection.id in (self.connection, "mqtt"):  # MQTT devices speak when they want to
                continue
            points = (self.field.site.points[point] for point in link.points)
            point = next(p.id for p in points if p.spec.shown_unit in ANALOG and not p.writable)
            series = self.field.history.raw([point], self.cut_at, self.mended_at)[point]
            assert not np.any(series.quality), link.connection.id
            period_s = float(np.mean(np.diff(series.at_ms))) / 1000 / self.field.clock.speed
            assert period_s == pytest.approx(link.connection.period_s, rel=DEVIATION), link.connection.id
            worst = max(worst, abs(period_s / link.connection.period_s - 1))
        figures.info("%s: the period of others changed by %.1f %% at most", self.connection, 100 * worst)

    def assert_held_commands_were_written_again(self):
        now = self.field.clock.now()
        held = {p: c.value for p, (c, _) in self.field.system.outputs.held(now).items() if p in self.points}
        assert held
        again = {point: value for at, point, value in self.field.runner.writes if at > self._mended_s}
        assert {point: again.get(point) for point in held} == pytest.approx(held)

    async def assert_fell_back_and_returned(self, *dependents):
        """At least these points were run by a rule without its input, and all such rules have it back."""
        fell = {e.subject for e in await self.field.events(EventKind.FALLBACK_ON) if e.at > self.cut_at}
        returned = {e.subject for e in await self.field.events(EventKind.FALLBACK_OFF) if e.at > self.mended_at}
        assert set(dependents) <= fell
        assert fell == returned


@pytest.fixture
def told(caplog):
    caplog.set_level(logging.INFO)
    return caplog


@pytest.mark.parametrize("speed", [1.0, SPEED])
async def test_a_modbus_server_goes_away_and_comes_back(tmp_path, told, speed):
    async with Field(tmp_path, speed, every_reading=True) as field:
        outage = Outage(field, "mb_water", told)
        await outage.before()
        await field.servers["mb_water"].stop()
        await outage.during()
        await field.servers["mb_water"].start()
        await outage.after()
        outage.assert_one_line_down_and_one_up()
        await outage.assert_one_alarm_up_and_down()
        outage.assert_others_kept_their_period()
        if speed == SPEED:  # control looks each minute of the site, and misses an input after two
            outage.assert_held_commands_were_written_again()
            await outage.assert_fell_back_and_returned("hot_water.stage_request")


async def test_a_bacnet_device_goes_away_and_comes_back(tmp_path, told):
    async with Field(tmp_path, SPEED, every_reading=True) as field:
        outage = Outage(field, "bac_plant", told)
        await outage.before()
        await field.servers["bac_plant"].stop()
        await outage.during()
        await field.servers["bac_plant"].start()
        await outage.after()
        outage.assert_one_line_down_and_one_up()
        await outage.assert_one_alarm_up_and_down()
        outage.assert_others_kept_their_period()
        outage.assert_held_commands_were_written_again()  # its slots were empty when it came back
        await outage.assert_fell_back_and_returned("circuit_floor_ab.supply_setpoint_degc")


async def test_the_broker_dies_and_another_one_is_started(tmp_path, told):
    async with Field(tmp_path, SPEED, every_reading=True) as field:
        outage = Outage(field, "mqtt", told)
        await outage.before()
        await field.kill_broker()
        await outage.during()
        await field.broker.stop()
        field.broker = Broker(field.broker.port)
        await field.broker.start()
        try:
            await outage.after()
            outage.assert_one_line_down_and_one_up()
            await outage.assert_one_alarm_up_and_down()
            outage.assert_others_kept_their_period()
        finally:
            await field.end()
            await field.servers["mqtt"].stop()
            await field.broker.stop()
    assert not [line for line in outage.lines() if "never retrieved" in line]


async def test_what_was_recorded_of_an_outage_is_its_points_offline(tmp_path):
    async with Field(tmp_path, SPEED, every_reading=True) as field:
        await field.until_all_good()
        await field.servers["mb_sun"].stop()
        await field.until_only_lost(field.points_on("mb_sun"), LOST_WITHIN_S)
        await asyncio.sleep(2)
        now = field.clock.now()
        last = field.history.last_values(at=now, within=timedelta(hours=1))
        assert {p for p, sample in last.items() if sample.value is None} == field.points_on("mb_sun")
