"""The optimiser in the running system, over real sockets: who decides is told, and its process may die at any time."""

import asyncio
import os
import signal

import httpx
import pytest

from bems.history.rows import EventKind
from control.guidance import ASSETS
from dashboards.app import create_app
from hil_sim.broker import find_mosquitto
from tests.system.field import Field

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto")

SOON_S = 60.0
LATE_S = 1.5


def client(field):
    transport = httpx.ASGITransport(create_app(field.view), client=("127.0.0.1", 5))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def decides(field):
    return field.view.decides().code


def by_plan(field):
    return {held.point for held in field.view.held() if held.reason.code.startswith("plan.")}


async def test_within_a_minute_the_optimiser_decides_and_a_dead_process_is_replaced(tmp_path):
    async with Field(tmp_path, plans=True) as field:
        lags = []

        async def watch():
            async for _ in field.system.ticks():
                lags.append(field.system.lag_s)  # noqa: PERF401  # read while it grows

        watching = asyncio.create_task(watch())
        await field.until_all_good()
        await field.until(lambda: decides(field) == "decides.plan" and by_plan(field), SOON_S, lambda: decides(field))
        async with client(field) as web:
            known = (await web.get("/api/plan")).raise_for_status().json()
            held = (await web.get("/api/held")).raise_for_status().json()
            model = (await web.get("/api/model")).raise_for_status().json()
        assert known["decides"]["text"]["en"] == "Optimiser."
        assert known["promoted"] == list(ASSETS)
        assert len(known["plan"]["starts"]) == len(known["plan"]["trajectories"]["grid.import_kw"]) >= 48
        assert known["plan"]["solve"]["total_ms"] > 0
        assert [command for command in held if command["code"].startswith("plan.")]
        assert model["fitted_version"] == 0

        made_at = field.system.planner.advice.made_at
        killed = field.system.planner._worker.pid
        os.kill(killed, signal.SIGKILL)
        assert decides(field) in ("decides.plan", "decides.old_plan")  # the last good one goes on
        assert by_plan(field)
        await field.until(lambda: field.system.planner.advice.made_at > made_at, SOON_S)
        assert field.system.planner.no_plan is None
        assert field.system.planner._worker.pid != killed
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        child = field.system.planner._worker.pid
        events = await field.events(EventKind.CONTROL, subject="planner")
        assert [event.data["code"] for event in events][:2] == ["decides.rules.no_plan_yet", "decides.plan"]
        assert max(lags) < LATE_S
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
