"""`bems run` and what the demo shares with it: compose a system, serve its pages, end in order."""

import asyncio
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bems.clock import Clock, RealClock
from bems.errors import StartError
from bems.feeding import FeedTask
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.insight.day_plans import DayPlans
from bems.insight.outcomes import Outcomes
from bems.keeping import Keeper
from bems.learning.live import Learning
from bems.night.live import Nights, planned_by
from bems.people.letting_in import let_in
from bems.planning.live import Planner
from bems.process import run_until_signal, say
from bems.publish.beside import publish
from bems.system import System
from bems.view import View
from bems.web import WebServer, address_of, open_port
from bems.wiring import make_drivers
from dashboards.access import ANONYMOUS, Viewer
from dashboards.app import create_app
from drivers.prices import HvaKosterStrommen
from drivers.weather import MetNorway
from models.ports import PriceFeed, WeatherFeed
from models.site import Site, load_site

FEED_PERIOD_S = 900.0
"""Wall time between two questions to a feed; the feeds themselves know when asking again is of no use."""


def run_site(site_file: Path, data: Path, port: int, *, new_admin: bool = False) -> int:
    """Run a site until a signal; its record, people and caches live in `data`."""
    site = load_site(site_file)

    async def main(stop: asyncio.Event) -> None:
        place = site.place
        cache = data / "cache"
        prices = HvaKosterStrommen(place.price_area, cache, site.feeds.contact)
        weather = MetNorway(place.latitude_deg, place.longitude_deg, place.altitude_m, cache, site.feeds.contact)
        with open_port(port) as listening:
            await operate(site, RealClock(), data, listening, stop, prices, weather, new_admin=new_admin)

    return run_until_signal(main)


async def operate(  # noqa: PLR0913  # it is the whole composition
    site: Site,
    clock: Clock,
    data: Path,
    listening: socket.socket,
    stop: asyncio.Event,
    prices: PriceFeed,
    weather: WeatherFeed,
    *,
    demo: bool = False,
    guest: Viewer = ANONYMOUS,
    new_admin: bool = False,
    feed_period_s: float = FEED_PERIOD_S,
) -> None:
    """Everything between the opened record and the closed one. StartError when something needed is not to be had.

    The demo lets in `guest` without a sign-in; to a site people sign in.
    """
    path = data / "record.sqlite"
    try:
        record = Record.open(path)
    except RecordError as error:
        raise StartError(f"the record cannot be opened: {error}") from error
    with record:
        planner = Planner(site, clock.now, record.load_state)
        system = System(site, clock, record, make_drivers(site, clock.now), planner=planner)
        lessons = Learning(site, planner, record, path, clock.now, site_now=lambda: system.site_now)
        lessons.note = system.note
        nights = Nights(
            site, record, path, clock.now, lambda: planned_by(planner, clock.now()),
            site_now=lambda: system.site_now,
        )  # fmt: skip
        nights.note, system.nights = system.note, nights
        day_plans = DayPlans(site, planner, record, clock.now)
        system.beside = [("planner", planner.run), ("lessons", lessons.run), ("night", nights.run)]
        outcomes = Outcomes(site, planner, History(path), clock.now)
        outcomes.note = system.note
        system.beside = [*system.beside, ("day plans", day_plans.run), ("outcomes", outcomes.run)]
        if not demo:
            keep(system, path)
            publish(system, path)
        system.feeds = make_feeds(system, prices, weather, feed_period_s)
        token = os.environ.get(site.monitoring.token_env)
        view = View(system, path, demo=demo, day_plans=day_plans, outcomes=outcomes)
        water_file = view.water_file
        system.beside = [*system.beside, ("water file", lambda: water_file.run(system.ticks, lambda: system.alarms))]
        if not demo:
            system.beside = [*system.beside, ("reports", view.reports.run)]
        people = None if demo else let_in(system, data, address_of(listening), new_admin=new_admin)
        server = WebServer(create_app(view, guest, token, people), listening)

        async def end_server() -> None:
            await stop.wait()
            server.should_exit = True

        say(f"{site.name.en}: page at {server.url}")
        try:
            await system.run(stop, [("web", server.run_until_told), ("web end", end_server)])
        finally:
            await prices.close()
            await weather.close()


def keep(system: System, path: Path) -> None:
    """Somebody who looks after the record, beside the loop."""
    keeper = Keeper(system.site, path, system.clock.now, record_error=lambda: system.record_error)
    keeper.note = system.note
    system.beside = [*system.beside, ("record keeper", keeper.run)]
    system.conditions_beside.append(keeper.conditions)


def make_feeds(system: System, prices: PriceFeed, weather: WeatherFeed, period_s: float) -> Sequence[FeedTask[Any]]:
    """The feeds' tasks; what they bring goes into the record as it was known."""
    now = system.clock.now
    return [
        FeedTask("prices", prices.fetch, now=now, period_s=period_s, on_new=system.take_prices),
        FeedTask("weather", weather.fetch, now=now, period_s=period_s, on_new=system.take_weather),
    ]
