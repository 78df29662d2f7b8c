"""`bems sim`: the simulated building alone, as servers on the protocols its site file names."""

import argparse
import asyncio
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime

from bems.clock import AcceleratedClock, wall_s
from bems.errors import StartError
from bems.process import run_until_signal, say
from bems.wiring import points_by_connection, shifted
from hil_sim.broker import Broker, BrokerMissing
from hil_sim.control_port import ControlPort, Switchable
from hil_sim.plant import create
from hil_sim.runner import FieldServer, Runner
from hil_sim.serve_bacnet import BacnetServer
from hil_sim.serve_modbus import ModbusServer
from hil_sim.serve_mqtt import MqttDevices
from models.field import BacnetConnection, ModbusConnection, MqttConnection
from models.site import Site, load_site
from models.synthetic import synthetic_year
from models.weather import WeatherSeries

READY = "simulator ready"
"""Printed when every server listens; the demo waits for it."""


def start_time(text: str) -> datetime:
    """A start given on the command line, UTC; StartError when it is none."""
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise StartError(f"start '{text}' is not a time; write it as 2026-03-06T06:00 (UTC)") from error
    return start.replace(tzinfo=UTC) if start.tzinfo is None else start.astimezone(UTC)


def simulate(arguments: argparse.Namespace) -> int:
    """Serve until a signal, or, as the demo's child, until the parent is gone."""
    site = shifted(load_site(arguments.site), arguments.port_offset)

    async def main(stop: asyncio.Event) -> None:
        epoch_s = arguments.epoch if arguments.epoch is not None else wall_s()
        clock = AcceleratedClock(start_time(arguments.start), arguments.speed, epoch_s)
        if arguments.epoch is not None:
            watch_parent(stop)
        await serve_site(site, clock, arguments.seed, arguments.control_port, stop)

    return run_until_signal(main)


async def serve_site(site: Site, clock: AcceleratedClock, seed: int, control_port: int, stop: asyncio.Event) -> None:
    """Build the plant, open every server, run until `stop`."""
    say(f"Building the simulated plant of {site.name.en} ...")
    weather = simulated_weather(site, clock.now().year, seed)
    plant = create(site, weather)
    runner = Runner(site, plant, clock.now, clock.speed, seed)
    brokers: dict[str, Switchable] = {}
    async with AsyncExitStack() as stack:
        for connection in site.connections:
            if isinstance(connection, MqttConnection) and (broker := await _broker(stack, connection)) is not None:
                brokers[f"{connection.id}_broker"] = broker
        servers = make_servers(site, runner)
        for connection in site.connections:
            server = servers[connection.id]
            try:
                await server.start()
            except OSError as error:
                raise StartError(f"{connection.id}: port {connection.port} cannot be opened: {error}") from error
            stack.push_async_callback(server.stop)
            say(f"  {connection.id:<12} {connection.protocol:<7} {connection.host}:{connection.port}")
        control = ControlPort({**servers, **brokers}, plant.fail)
        try:
            opened = await control.start(control_port)
        except OSError as error:
            raise StartError(f"control port {control_port} cannot be opened: {error.strerror}") from error
        stack.push_async_callback(control.stop)
        say(f"  control port 127.0.0.1:{opened}")
        say(f"{READY}: {len(site.points)} points at {clock.speed:g}x")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(runner.run(list(servers.values())), name="plant")
            await stop.wait()
            task.cancel()


def simulated_weather(site: Site, year: int, seed: int) -> WeatherSeries:
    """The made-up year at the site; the demo's feeds must tell of the same weather that the plant stands in."""
    place = site.place
    return synthetic_year(year, seed, place.latitude_deg, place.longitude_deg, place.altitude_m)


def make_servers(site: Site, runner: Runner) -> dict[str, FieldServer]:
    """One server a connection, not yet listening."""
    points = points_by_connection(site)
    servers: dict[str, FieldServer] = {}
    for connection in site.connections:
        mine = points[connection.id]
        if isinstance(connection, ModbusConnection):
            servers[connection.id] = ModbusServer(connection, mine, site.profiles, runner.written)
        elif isinstance(connection, BacnetConnection):
            servers[connection.id] = BacnetServer(connection, mine, site.profiles, runner.written)
        else:
            servers[connection.id] = MqttDevices(connection, mine, site.profiles, runner.written)
    return servers


async def _broker(stack: AsyncExitStack, connection: MqttConnection) -> Broker | None:
    """A broker for the simulated sensors; None when one listens there already."""
    try:
        _, writer = await asyncio.open_connection(connection.host, connection.port)
    except OSError:
        broker = Broker(connection.port)
        try:
            await broker.start()
        except (BrokerMissing, OSError) as error:
            raise StartError(str(error)) from error
        stack.push_async_callback(broker.stop)
        return broker
    else:
        writer.close()
        say(f"  {connection.id}: using the broker that listens on port {connection.port} already")
        return None


def watch_parent(stop: asyncio.Event) -> None:
    """Stop when standard input ends: the demo that started us is gone."""
    loop = asyncio.get_running_loop()

    def ended() -> None:
        if not sys.stdin.buffer.read1():  # type: ignore[union-attr]
            loop.remove_reader(sys.stdin)
            stop.set()

    loop.add_reader(sys.stdin, ended)
