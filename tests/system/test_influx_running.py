"""The feed in the running system: an outage of InfluxDB is seen by people and felt by nobody."""

import asyncio
import threading

import pytest

from bems.clock import wall_s
from bems.history.rows import EventKind
from bems.publish import influx
from bems.publish.beside import publish
from bems.publish.influx import KEY
from hil_sim.broker import find_mosquitto
from models.targets import Influx
from tests.system.fake_influx import fake_influx
from tests.system.field import Field

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto")


class FedField(Field):
    """With an InfluxDB beside it."""

    def __init__(self, folder, url):
        super().__init__(folder)
        self.site = self.site.model_copy(
            update={"influx": Influx(url=url, timeout_s=5).model_copy(update={"period_s": 0.2})}
        )

    async def start_system(self):
        await super().start_system()
        publish(self.system, self.path)  # the system's own task has not begun yet

    def feed_health(self):
        return next(part for part in self.view.health() if part.name == KEY)

    def target_alarms(self):
        return [alarm.id for alarm in self.view.alarms() if alarm.id.startswith("target.")]


async def test_a_refusal_is_shown_and_caught_up_while_the_loop_keeps_its_time(tmp_path, monkeypatch):
    monkeypatch.setattr(influx, "REFUSED_WAIT_S", 0.5)
    with fake_influx() as fake:
        async with FedField(tmp_path, fake.url) as field:
            await field.until(lambda: field.feed_health().state == "ok" and len(fake.lines) > 500, 30)
            assert field.target_alarms() == []

            fake.on_write = lambda _: (401, {"message": "unauthorized access"}, {})
            await field.until(lambda: field.target_alarms() == ["target.InfluxDB.refuses"], 15)
            assert field.feed_health().state == "down"
            assert "unauthorized" in field.feed_health().detail
            assert field.system.record_error is None
            before = len(fake.lines)

            fake.on_write = lambda _: None
            await field.until(lambda: len(fake.lines) > before and field.feed_health().state == "ok", 20)
            await field.until(lambda: field.target_alarms() == [], 5)
            await asyncio.sleep(2)  # the events of a tick are stored after it
            ups = await field.events(EventKind.ALARM_UP, subject="target.InfluxDB.refuses")
            downs = await field.events(EventKind.ALARM_DOWN, subject="target.InfluxDB.refuses")
            assert (len(ups), len(downs)) == (1, 1)
            assert "unauthorized" in ups[0].data["detail"]
    assert len(fake.points()) == len(fake.lines), "nothing was sent twice"


async def test_a_server_that_hangs_does_not_hold_up_the_end(tmp_path):
    with fake_influx() as fake:
        hangs = threading.Event()
        fake.on_write = lambda _: hangs.wait(20) and None
        async with FedField(tmp_path, fake.url) as field:
            await field.until(lambda: bool(fake.batches), 30)
            begun_s = wall_s()
            await field.end()
            ended_s = wall_s() - begun_s
            hangs.set()
            field.running = asyncio.get_running_loop().create_future()
            field.running.set_result(None)
    assert ended_s < 3.5
