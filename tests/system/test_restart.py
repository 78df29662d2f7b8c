"""Kill a running system without warning and start it again: it goes on where it was, and looks before it acts."""

import asyncio
import sqlite3
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bems.clock import wall_s
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.steering import MEMORY_KEY
from control.ledger import Ledger
from control.rules.memory import RuleMemory
from hil_sim.broker import find_mosquitto
from tests.system.field import START, Field

ROOT = Path(__file__).resolve().parents[2]
SETTLED_S = 3.0
LOOKING_S = 2.5
"""At 60x, less than the three minutes for which control waits for an input it has never seen."""

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto")

# A system in a process of its own, beside the field of the test and on its clock.
SYSTEM = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from bems.clock import AcceleratedClock
from bems.history.record import Record
from bems.system import System
from bems.wiring import make_drivers, shifted
from models.site import load_site

site_file, path, offset, start, speed, epoch_s = sys.argv[1:]
site = shifted(load_site(Path(site_file)), int(offset))
clock = AcceleratedClock(datetime.fromisoformat(start), float(speed), float(epoch_s))

async def main():
    with Record.open(Path(path)) as record:
        await System(site, clock, record, make_drivers(site, clock.now)).run(asyncio.Event())

asyncio.run(main())
"""


async def run_until_killed(field):
    """Until it has controlled the field for a while; then kill -9."""
    clock = field.clock
    arguments = [ROOT / "site.biri.toml", field.path, field.port_offset, clock.start, clock.speed, clock.epoch_s]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", SYSTEM, *map(str, arguments), cwd=ROOT)
    try:
        await field.until(lambda: len(field.runner.writes) > 50 or process.returncode is not None, 40)
        assert process.returncode is None
        await asyncio.sleep(SETTLED_S)
    finally:
        process.kill()
        await process.wait()


def last_values(writes):
    return {point: value for _, point, value in writes if value is not None}


def held(field):
    now = field.clock.now()
    return {point: command.value for point, (command, _) in field.system.outputs.held(now).items()}


async def test_memory_and_record_survive_a_kill(tmp_path):
    async with Field(tmp_path, system=False) as field:
        await run_until_killed(field)
        killed_at = field.clock.now()
        with sqlite3.connect(f"file:{field.path}?mode=ro", uri=True) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        seen = field.history.last_values(["hp1.supply_temp_degc"], killed_at)["hp1.supply_temp_degc"]
        assert killed_at - seen.at < timedelta(seconds=3 * field.clock.speed)
        assert len(await field.events(EventKind.START)) == 1
        assert not await field.events(EventKind.STOP)
        with Record.open(field.path) as record:
            state = record.load_state(MEMORY_KEY)
        rules, ledger = RuleMemory.from_json(state["rules"]), Ledger.from_json(state["ledger"])
        assert rules.hygiene is not None
        written = last_values(field.runner.writes)
        assert {point: ledger.held(point) for point in written} == pytest.approx(written, abs=0.051)

        await field.start_system()
        await field.until_all_good()
        await field.until(lambda: len(held(field)) > 50, 30)
        now_rules = field.system.steering._memory
        assert now_rules.hygiene.due_at == rules.hygiene.due_at
        for name, machine in rules.machines.items():
            if now_rules.machines[name].stage == machine.stage:
                assert now_rules.machines[name].started_at == machine.started_at
        again = held(field)
        calm = [point for point in again if point in written and again[point] == pytest.approx(written[point], abs=0.5)]
        assert len(calm) > 0.8 * len(again)  # it goes on; it does not start anew
        assert len(await field.events(EventKind.START)) == 2


async def test_nothing_is_written_before_what_it_depends_on_was_read(tmp_path):
    """The substation, with tanks and outdoor temperature, is away when the system comes back."""
    async with Field(tmp_path, system=False) as field:
        await field.servers["bac_plant"].stop()
        started_s = wall_s()
        await field.start_system()
        await asyncio.sleep(LOOKING_S)
        early = last_values(field.runner.writes)
        assert early  # what does not depend on it is already in hand
        dependent = {p for p in field.site.points if p.endswith("_io.stage_request") or p.startswith("circuit_")}
        assert not dependent & early.keys()
        await field.servers["bac_plant"].start()
        await field.until(lambda: dependent & last_values(field.runner.writes).keys(), 20)
        assert min(at for at, point, _ in field.runner.writes if point in dependent) > started_s + LOOKING_S
        await field.until_all_good()
        first_write_s = {}
        for at, point, _ in field.runner.writes:
            first_write_s.setdefault(field.site.points[point].device.connection, at)
        for connection, written_s in first_write_s.items():
            point = field.system.links[connection].points[0]
            await field.until(lambda point=point: len(read_at_ms(field, point)), 5)
            read_s = (read_at_ms(field, point)[0] / 1000 - START.timestamp()) / field.clock.speed + field.clock.epoch_s
            assert read_s < written_s, connection


def read_at_ms(field, point):
    series = field.history.raw([point], START, field.clock.now())[point]
    return series.at_ms[series.quality == 0]
