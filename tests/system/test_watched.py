"""The whole application at a simulated field, told to a broker and watched over: as `bems run` composes it."""

import asyncio
from contextlib import asynccontextmanager

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

import bems.publish.mqtt as published
from bems.demo import synthetic_feeds
from bems.run import operate
from bems.web import open_port
from hil_sim.broker import find_mosquitto
from models.field import Privacy
from models.outgoing import outgoing
from models.targets import MqttOut
from tests.system.field import START, Field
from tests.system.mosquitto import PASSWORD, USER, Mosquitto, find
from tests.system.told import listening, until

pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
    pytest.mark.skipif(find("openssl") is None, reason="no openssl here: apt install openssl"),
]

TOKEN = "a-long-word-for-the-tests"  # not a secret
WITHIN_S = 40.0


@asynccontextmanager
async def operated(field, broker, folder):
    """The application on a free port, with its address."""
    told = MqttOut(
        host="127.0.0.1", port=broker.port, username=USER, password_env="MQTT_WORD", tls_ca_file=str(broker.ca_file),
        every_s=1, timeout_s=3,
    )  # fmt: skip
    site = field.site.model_copy(update={"mqtt_out": told})
    prices, weather = synthetic_feeds(site, START)
    stop = asyncio.Event()
    with open_port(0) as listening_socket:
        url = f"http://127.0.0.1:{listening_socket.getsockname()[1]}"
        task = asyncio.create_task(operate(site, field.clock, folder, listening_socket, stop, prices, weather))
        try:
            yield url
        finally:
            stop.set()
            async with asyncio.timeout(10):
                await task


async def asked(url, path, token=TOKEN):
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        return await client.get(url + path)


async def figures(url):
    families = text_string_to_metric_families((await asked(url, "/metrics")).text)
    return {(s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples}


async def test_the_application_tells_a_broker_of_everything_but_residents_and_says_how_it_is(tmp_path, monkeypatch):
    monkeypatch.setenv("MQTT_WORD", PASSWORD)
    monkeypatch.setenv("BEMS_MONITORING_TOKEN", TOKEN)
    monkeypatch.setattr(published, "LONGEST_WAIT_S", 1.0)
    async with Field(tmp_path, speed=5.0, system=False) as field, Mosquitto(tmp_path, tls=True) as broker:
        personal = [p.id for p in field.site.points.values() if p.privacy is Privacy.PERSONAL]
        for number, point in enumerate(p for p in personal if "co2" in p):
            field.runner._plant.shown[point] = 1357.0 + number / 8
        async with listening(broker) as ear, operated(field, broker, tmp_path) as url:
            await until(lambda: ear.last.get("bems/biri/status") == b"online", WITHIN_S)
            topics = {f"bems/biri/points/{q.id.replace('.', '/')}" for q in outgoing(field.site)}
            await until(lambda: topics <= ear.last.keys())
            await until(lambda: ear.value("points/hp1/supply_temp_degc")["quality"] == "good", WITHIN_S)
            supply = ear.value("points/hp1/supply_temp_degc")
            assert supply["value"] == pytest.approx(35.0, abs=0.2)

            healthy = await asked(url, "/healthy")
            parts = {part["name"]: part for part in healthy.json()["parts"]}
            assert healthy.status_code == 200, healthy.text
            assert parts["mqtt_out"]["state"] == "ok"
            assert parts.keys() >= {c.id for c in field.site.connections} | {"prices", "weather", "record", "plan"}
            now = await figures(url)
            assert now["bems_healthy",] == 1.0
            assert now["bems_target_sent_total", "mqtt_out"] > len(topics)
            assert now["bems_loop_ticks_total", "loop"] >= 1.0
            assert now["bems_points", "good"] > 0.9 * len(field.site.points)
            for path, token in (("/metrics", "another"), ("/healthy", "None")):
                assert (await asked(url, path, token)).status_code == 401, path
            for path in ("/api/points", "/"):
                assert (await asked(url, path, TOKEN)).status_code == 403, path

            await field.servers["bac_plant"].stop()
            await until(lambda: (ear.value("alarms/connection.bac_plant") or {}).get("state") == "on", WITHIN_S)
            await until(lambda: any("bac_plant" in said for said in ear.events()))
            await until(lambda: ear.value("points/weather/outdoor_temp_degc")["quality"] == "offline")
            assert (await asked(url, "/healthy")).json()["verdict"] == "degraded"

            await broker.stop()
            end = asyncio.get_running_loop().time() + WITHIN_S
            while (await figures(url))["bems_part_state", "down", "mqtt_out", "target"] != 1.0:
                assert asyncio.get_running_loop().time() < end
                await asyncio.sleep(0.2)
            await broker.start()
            async with listening(broker) as again:
                await until(lambda: again.last.get("bems/biri/status") == b"online", WITHIN_S)
                await until(lambda: topics <= again.last.keys())
                heard = ear.said + again.said
        assert again.last["bems/biri/status"] in (b"online", b"offline")
        words = "".join(f"{topic} {payload.decode()}\n" for topic, payload, _ in heard)
        assert len(personal) == 64
        assert [p for p in personal if p in words or p.replace(".", "/") in words] == []
        assert "1357" not in words
