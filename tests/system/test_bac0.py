"""BAC0, an independent client, at our simulated device. In a process of its own: it leaves tasks behind."""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest

from hil_sim.serve_bacnet import BacnetServer
from models.field import BacnetConnection, Device, points_of
from models.profile import Text, load_profile

pytestmark = pytest.mark.system

USE = """
import asyncio, json, sys
import BAC0

async def main(address, port):
    BAC0.log_level("silence")
    network = BAC0.lite(ip="127.0.0.1/24", port=int(port), deviceId=601)
    await asyncio.sleep(0.2)
    said = {}
    said["temperature"] = await network.read(f"{address} analogInput 1 presentValue")
    await network._write(f"{address} analogValue 1 presentValue 23.5 - 10")
    await network._write(f"{address} analogValue 1 presentValue 20.5 - 12")
    said["held"] = await network.read(f"{address} analogValue 1 presentValue")
    said["below"] = float((await network.read(f"{address} analogValue 1 priorityArray 12")).real)
    for name, text in (("input", "analogInput 1 presentValue 5"), ("range", "analogValue 1 presentValue 90")):
        try:
            await network._write(f"{address} {text} - 8")
        except Exception as error:
            said[name] = str(error)
    await network._write(f"{address} analogValue 1 presentValue null - 10")
    said["next"] = await network.read(f"{address} analogValue 1 presentValue")
    print(json.dumps(said))
    network.disconnect()

asyncio.run(main(*sys.argv[1:]))
"""

LOOK = """
import asyncio, dataclasses, json, sys
from drivers.bacnet_scan import scan

async def main(address, port):
    print(json.dumps([dataclasses.asdict(found) for found in await scan("127.0.0.1/24", int(port), [address])]))

asyncio.run(main(*sys.argv[1:]))
"""


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def run_against_a_room(program, home):
    """What the program prints, and what the room's controller was told."""
    connection = BacnetConnection(id="rooms", protocol="bacnet", port=free_port(), device_instance=1001)
    profile = load_profile("generic_room_controller")
    device = Device(id="r1", profile="x", connection="rooms", system="=563.001", label=Text(nb="rom", en="room"))
    heard = []
    server = BacnetServer(connection, points_of(device, profile), {"x": profile}, lambda *told: heard.append(told))
    await server.start()
    server.update({"r1.temp_degc": 21.5, "r1.floor_temp_degc": 24.0, "r1.valve_pct": 35.0})
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            program,
            f"127.0.0.1:{connection.port}",
            str(free_port()),
            env=os.environ | {"HOME": str(home), "PYTHONPATH": str(Path.cwd())},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, errors = await asyncio.wait_for(process.communicate(), 30)
    finally:
        await server.stop()
        await asyncio.sleep(0.02)
    assert process.returncode == 0, errors.decode()
    return json.loads(out.decode().strip().splitlines()[-1]), heard


async def test_an_independent_client_reads_writes_and_is_refused_as_at_a_real_controller(tmp_path):
    said, heard = await run_against_a_room(USE, tmp_path)
    assert said["temperature"] == 21.5
    assert (said["held"], said["below"], said["next"]) == (23.5, 20.5, 20.5)
    assert "write-access-denied" in said["input"]
    assert "value-out-of-range" in said["range"]
    assert heard == [("r1.setpoint_degc", 23.5), ("r1.setpoint_degc", 20.5)]


async def test_a_scan_finds_the_device_and_what_it_offers(tmp_path):
    (found,), _ = await run_against_a_room(LOOK, tmp_path)
    assert found["instance"] == 1001
    objects = {one["object"]: one for one in found["objects"]}
    assert set(objects) == {"analog-input,1", "analog-input,2", "analog-value,1", "analog-value,2", "analog-output,1"}
    assert objects["analog-input,1"] == {
        "object": "analog-input,1",
        "name": "r1.temp_degc",
        "description": "Romtemperatur",
        "units": "degrees-celsius",
        "present_value": "21.5",
    }
    assert not list(tmp_path.iterdir())  # what BAC0 leaves at home went into a folder of its own
