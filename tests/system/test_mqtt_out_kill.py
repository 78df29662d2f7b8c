"""kill -9 at random moments, the moving of the cursor included: every event that the record has is told, in order."""

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.publish.mqtt import KEY
from hil_sim.broker import find_mosquitto
from tests.system.mosquitto import PASSWORD, Mosquitto, find
from tests.system.told import FEW, Plant, config, listening, telling, until

pytestmark = [
    pytest.mark.skipif(find_mosquitto() is None, reason="no mosquitto here: apt install mosquitto"),
    pytest.mark.skipif(find("openssl") is None, reason="no openssl here: apt install openssl"),
]

ROOT = Path(__file__).resolve().parents[2]
KILLS = 8
SEED = 4

TELLS = """
import asyncio, sys
from pathlib import Path
import bems.publish.mqtt as published
from bems.history.record import Record
from models.targets import MqttOut
from tests.system.told import FEW, Plant, telling

published.LOOK_S = 0.01
path, told = Path(sys.argv[1]), MqttOut.model_validate_json(sys.argv[2])

async def main():
    with Record.open(path) as record:
        plant = Plant(record, FEW)
        async with telling(plant, told, path):
            plant.read_all()
            while True:
                plant.note("one", "two", "three")
                print("noted", flush=True)
                await asyncio.sleep(0.002)

asyncio.run(main())
"""


async def test_no_event_is_left_out_and_none_overtakes_another(tmp_path, monkeypatch):
    monkeypatch.setenv("MQTT_WORD", PASSWORD)
    path, moments = tmp_path / "record.sqlite", random.Random(SEED)
    async with Mosquitto(tmp_path) as broker, listening(broker) as ear:
        with Record.open(path) as record:
            record.save_state(KEY, 0)  # from the first event on
        wanted = config(broker).model_dump_json()
        for _ in range(KILLS):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", TELLS, str(path), wanted,
                cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=os.environ | {"MQTT_WORD": PASSWORD},
            )  # fmt: skip
            assert await process.stdout.readline() == b"noted\n"
            await asyncio.sleep(moments.uniform(0.0, 0.8))
            process.kill()
            await process.communicate()
        with Record.open(path) as record:
            plant = Plant(record, FEW)
            recorded = [number for number, _ in History(path).events_after(0, 10**6)]
            async with telling(plant, config(broker), path):
                plant.read_all()
                await until(lambda: recorded[-1] in numbers(ear), 20)
    heard = numbers(ear)
    assert len(recorded) > 50
    assert list(dict.fromkeys(heard)) == recorded  # the first hearing of each: all of them, in order
    assert len(heard) - len(recorded) <= 200 * KILLS


def numbers(ear):
    return [json.loads(payload)["number"] for topic, payload, _ in ear.said if topic == "bems/biri/events"]
