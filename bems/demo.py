"""`bems demo`: the simulated building as a process of its own, and the system that runs it, with one command."""

import asyncio
import contextlib
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

from bems.clock import AcceleratedClock, wall_s
from bems.errors import StartError
from bems.process import run_until_signal, say
from bems.run import operate
from bems.sim import READY, simulated_weather, start_time
from bems.web import open_port
from bems.wiring import shifted
from dashboards.access import ANONYMOUS, Role, guest
from drivers.synthetic_feed import SyntheticPriceFeed, SyntheticWeatherFeed
from models.field import BacnetConnection
from models.site import Site, load_site

SEED = 1
FEED_PERIOD_S = 5.0
"""Wall time; at 60x that is every five minutes of the site."""
PORT_STEP = 100
PORT_TRIES = 50
READY_S = 120.0
END_S = 3.0
"""Wall time the simulator gets to end before it is ended."""


def demo(site_file: Path, port: int, speed: float, start: str, role: Role | None = None) -> int:
    """Until Ctrl-C. The record goes into a folder that is removed at the end. Guests from this machine have `role`."""
    site = load_site(site_file)

    async def main(stop: asyncio.Event) -> None:
        offset = free_port_offset(site)
        clock = AcceleratedClock(start_time(start), speed, wall_s())
        with open_port(port) as listening, tempfile.TemporaryDirectory(prefix="bems-demo-") as folder:
            async with simulator(site_file, clock, offset, stop):
                if stop.is_set():
                    return
                prices, weather = await asyncio.to_thread(synthetic_feeds, site, clock.now())
                say(f"Site time runs at {speed:g}x from {clock.start:%Y-%m-%d %H:%M} UTC. End with Ctrl-C.")
                await operate(
                    shifted(site, offset), clock, Path(folder), listening, stop, prices, weather,
                    demo=True, guest=ANONYMOUS if role is None else guest(role), feed_period_s=FEED_PERIOD_S,
                )  # fmt: skip
        say("Ended; the demo's record is removed.")

    return run_until_signal(main)


def synthetic_feeds(site: Site, at: datetime) -> tuple[SyntheticPriceFeed, SyntheticWeatherFeed]:
    """The built-in year, told as the feeds of a real site would tell it."""
    weather = simulated_weather(site, at.year, SEED)
    place = site.place
    where = (place.latitude_deg, place.longitude_deg, float(place.altitude_m))
    return SyntheticPriceFeed(weather, SEED), SyntheticWeatherFeed(weather, SEED, where)


def free_port_offset(site: Site) -> int:
    """The first offset at which all of the site's field ports are free, so that a demo runs beside another one."""
    for offset in range(0, PORT_STEP * PORT_TRIES, PORT_STEP):
        if all(_is_free(c.host, c.port + offset, isinstance(c, BacnetConnection)) for c in site.connections):
            return offset
    raise StartError(
        f"no {len(site.connections)} free field ports were found in {PORT_TRIES} tries; end other simulators"
    )


def _is_free(host: str, port: int, udp: bool) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        if not udp:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


@contextlib.asynccontextmanager
async def simulator(site_file: Path, clock: AcceleratedClock, offset: int, stop: asyncio.Event) -> AsyncIterator[None]:
    """`bems sim` as a child that shares our clock. It ends when we do, but never before: a session of its own keeps
    Ctrl-C from it, so that we can give the plant its points back first.
    """
    command = [
        sys.executable, "-m", "bems.cli", "sim", str(site_file), "--speed", str(clock.speed), "--seed", str(SEED),
        "--start", clock.start.isoformat(), "--epoch", repr(clock.epoch_s), "--port-offset", str(offset),
    ]  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    assert child.stdout is not None
    assert child.stdin is not None
    try:
        ready = asyncio.create_task(_until_ready(child.stdout), name="simulator starts")
        stopped = asyncio.create_task(stop.wait(), name="stop while the simulator starts")
        done, waiting = await asyncio.wait({ready, stopped}, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        if not done or (ready in done and not ready.result()):
            raise StartError("the simulator did not start; its own words are above")
        yield
    finally:
        child.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await child.wait()
        if child.returncode is None:
            child.kill()
            await child.wait()


async def _until_ready(output: asyncio.StreamReader) -> bool:
    """Pass the simulator's progress on until it is ready; False when it ended before."""
    while line := (await output.readline()).decode():
        say(f"  {line.rstrip()}")
        if line.startswith(READY):
            return True
    return False
