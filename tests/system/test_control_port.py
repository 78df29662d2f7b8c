"""The simulator's control port, over a real socket."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from hil_sim.control_port import ControlPort


class Server:
    """Can be switched; the door may be jammed."""

    def __init__(self):
        self.up = True
        self.jammed = False

    async def start(self):
        if self.jammed:
            raise OSError("port 15021 is taken")
        self.up = True

    async def stop(self):
        self.up = False


class Plant:
    """One heat pump that can break."""

    def __init__(self):
        self.failed = False

    def fail(self, asset, failed):
        if asset != "hp1":
            raise KeyError(f"'{asset}' cannot fail; these can: hp1")
        self.failed = failed


class Bench:
    """Two servers, a plant, and somebody who types."""

    def __init__(self):
        self.servers = {"mb_heat": Server(), "bac_plant": Server()}
        self.plant = Plant()
        self.port = ControlPort(self.servers, self.plant.fail)

    async def say(self, line):
        self._writer.write(f"{line}\n".encode())
        return (await asyncio.wait_for(self._reader.readline(), 2)).decode().rstrip("\n")

    @asynccontextmanager
    async def open(self):
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", await self.port.start(0))
        try:
            yield self
        finally:
            await self.port.stop()
            assert await asyncio.wait_for(self._reader.read(), 2) == b""  # it hung up on us
            self._writer.close()


@pytest.fixture
async def bench():
    async with Bench().open() as bench:
        yield bench


async def test_a_server_is_stopped_and_started(bench):
    assert await bench.say("list") == "ok mb_heat=up bac_plant=up"
    assert await bench.say("stop mb_heat") == "ok stop mb_heat"
    assert not bench.servers["mb_heat"].up
    assert await bench.say("list") == "ok mb_heat=stopped bac_plant=up"
    assert await bench.say("start mb_heat") == "ok start mb_heat"
    assert bench.servers["mb_heat"].up
    assert await bench.say("list") == "ok mb_heat=up bac_plant=up"


async def test_a_server_that_cannot_start_stays_stopped_and_says_why(bench):
    await bench.say("stop mb_heat")
    bench.servers["mb_heat"].jammed = True
    assert await bench.say("start mb_heat") == "error: port 15021 is taken"
    assert await bench.say("list") == "ok mb_heat=stopped bac_plant=up"
    bench.servers["mb_heat"].jammed = False
    assert await bench.say("start mb_heat") == "ok start mb_heat"


async def test_an_asset_breaks_and_is_mended(bench):
    assert await bench.say("fail hp1") == "ok fail hp1"
    assert bench.plant.failed
    assert await bench.say("repair hp1") == "ok repair hp1"
    assert not bench.plant.failed


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("stop pump", "error: no connection 'pump'; there are: mb_heat, bac_plant"),
        ("fail hp9", "error: 'hp9' cannot fail; these can: hp1"),
        ("", "error: '' is none of list, stop CONNECTION"),
        ("stop", "error: 'stop' is none of list, stop CONNECTION"),
        ("explode hp1", "error: 'explode hp1' is none of list, stop CONNECTION"),
    ],
)
async def test_what_it_does_not_understand_is_answered_with_what_there_is(bench, line, answer):
    assert (await bench.say(line)).startswith(answer)


async def test_two_may_talk_at_once_and_one_may_leave(bench):
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.port._server.sockets[0].getsockname()[1])
    writer.write(b"list\n")
    assert await reader.readline() == b"ok mb_heat=up bac_plant=up\n"
    writer.close()
    await writer.wait_closed()
    assert await bench.say("list") == "ok mb_heat=up bac_plant=up"


async def test_a_taken_port_is_an_error(bench):
    taken = bench.port._server.sockets[0].getsockname()[1]
    with pytest.raises(OSError, match="in use"):
        await ControlPort({}, bench.plant.fail).start(taken)
