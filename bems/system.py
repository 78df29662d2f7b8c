"""The running system: links, record, feeds and control around one picture of the plant, ticked by one clock.

A tick folds what the devices said, lets control decide, has the guard look at it, sends what follows to the wires, and
stores all of it. Nothing in it waits for a device: each connection lives in a task of its own.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from bems.alarming import alarms
from bems.alarming.service import KEY as ALARMS_KEY
from bems.alarming.service import Alarming
from bems.clock import Clock, wall_s
from bems.feeding import FeedTask
from bems.history.errors import RecordError
from bems.history.policy import Recording
from bems.history.record import Record
from bems.history.rows import CommandRow, Event, EventKind, KnownForecast
from bems.link import Link
from bems.night.live import Nights
from bems.order_book import OrderBook
from bems.outputs import Outputs
from bems.planning.live import Planner
from bems.state import aged, fold, max_age_s, unread
from bems.steering import MEMORY_KEY, Steering
from bems.wiring import points_by_connection
from control.orders import site_of
from dashboards.ports.view import Health
from drivers.errors import Unreachable
from models.field import Connection
from models.forecast import PriceForecast, WeatherForecast
from models.ports import Driver
from models.priority import Level
from models.signals import Quality, Reading, Sample, Write, WriteResult
from models.site import Site
from models.weather import COLUMNS

log = logging.getLogger(__name__)

TICK_S: Final = 1.0
"""Wall time between two ticks."""
RELEASE_S: Final = 2.5
"""Wall time the field gets, at the end, to take back what we hold."""
KEPT_TICKS: Final = 3600
"""Ticks kept in memory while the record cannot take them."""

LOOKED_S: Final = 60.0
"""Wall time after a start from which on everything counts as asked."""

OtherTask = Callable[[], Coroutine[Any, Any, None]]
Batch = tuple[Sequence[Sample], Sequence[CommandRow], Sequence[Event], Mapping[str, Any]]


class System:
    """One site, running. Built by hand from its parts; `run` lives until `stop` is set."""

    _storing: asyncio.Task[int] | None = None

    def __init__(
        self,
        site: Site,
        clock: Clock,
        record: Record,
        drivers: Mapping[str, tuple[Connection, Driver]],
        feeds: Sequence[FeedTask[Any]] = (),
        planner: Planner | None = None,
    ) -> None:
        self.site = site
        self.planner = planner
        self.nights: Nights | None = None
        """Programmes and accounts, where somebody makes them."""
        self.beside: Sequence[tuple[str, OtherTask]] = ()
        """Further tasks, by name, that end with the ticks."""
        self.conditions_beside: list[Callable[[], Iterable[alarms.Condition]]] = []
        """What those tasks have to alarm of: asked in every tick, so they answer from memory."""
        self.health_beside: list[Callable[[], Health]] = []
        """How those tasks are; answered from memory, too."""
        self.clock = clock
        self.record = record
        self.feeds = feeds
        self.picture = unread(site.points)
        self.read_s: dict[str, float] = {}
        """Wall time of the last good reading by point."""
        self.alarming = Alarming(site, record.load_state(ALARMS_KEY))
        self.alarms: dict[str, alarms.Alarm] = {}
        """Those that stand and call for attention, as of the last tick."""
        self.outputs = Outputs(site)
        self.steering = Steering(site, record.load_state(MEMORY_KEY), planner)
        self.book = OrderBook(record, clock.now, self.note)
        self.outputs.remember(self.book.touched, Level.OPERATOR)
        self.tick_count = 0
        self.ticked_s: float | None = None
        self.lag_s = 0.0
        """How late the last tick began."""
        self.record_error: str | None = None
        self.recorded_s: float | None = None
        self._periods = {p.id: drivers[p.device.connection][0].period_s for p in site.points.values()}
        self.max_age = {p: max_age_s(period, clock.speed) for p, period in self._periods.items()}
        self._recording = Recording(site.points, site.record.every_s)
        self._samples: list[Sample] = []
        self._results: list[WriteResult] = []
        self._events: list[Event] = []
        self.prices: PriceForecast | None = None
        self.weather: WeatherForecast | None = None
        self._forecasts: list[KnownForecast] = []
        self._asked: dict[str, CommandRow] = {}
        self._unstored: deque[Batch] = deque()
        self._to_store = asyncio.Event()
        self._ticked = asyncio.Condition()
        self._stopped = False
        points = points_by_connection(site)
        self.links = {
            key: Link(
                connection,
                driver,
                (point.id for point in points[key]),
                now=clock.now,
                on_samples=self._samples.extend,
                on_results=self._results.extend,
            )
            for key, (connection, driver) in drivers.items()
        }

    @property
    def site_now(self) -> Site:
        """The site as people have it now: the file with their settings, the tariff they chose with them, over it."""
        return site_of(self.site, self.book.current.at(self.clock.now()))

    def period_s(self, point: str) -> float:
        """Wall time between two readings of the point."""
        return self._periods[point]

    def take_prices(self, forecast: PriceForecast) -> None:
        """Prices have come in; kept in the record as they were known."""
        if self.prices is None or forecast.issued_at != self.prices.issued_at:
            series = forecast.series
            start_ms, step_ms = int(series.start.timestamp() * 1000), series.step_s * 1000
            self._know("prices", forecast.issued_at, start_ms, step_ms, {"price_nok_per_kwh": series.values})
        self.prices = forecast
        if self.planner is not None:
            self.planner.prices = forecast

    def take_weather(self, forecast: WeatherForecast) -> None:
        """A weather forecast has come in; kept in the record as it was known."""
        if self.weather is None or forecast.issued_at != self.weather.issued_at:
            series = forecast.series
            columns = {name: getattr(series, name) for name in COLUMNS}
            start_ms, step_ms = int(series.start.timestamp() * 1000), round(series.step_s * 1000)
            self._know("weather", forecast.issued_at, start_ms, step_ms, columns)
        self.weather = forecast
        if self.planner is not None:
            self.planner.weather = forecast

    def _know(
        self, source: str, issued_at: datetime, start_ms: int, step_ms: int, columns: Mapping[str, NDArray[np.float64]]
    ) -> None:
        count = len(next(iter(columns.values())))
        at_ms = start_ms + step_ms * np.arange(count, dtype=np.int64)
        self._forecasts.append(KnownForecast(source, self.clock.now(), issued_at, at_ms, columns))

    def note(self, event: Event) -> None:
        """Have an event stored with the next tick."""
        self._events.append(event)

    async def run(self, stop: asyncio.Event, others: Iterable[tuple[str, OtherTask]] = ()) -> None:
        """Until `stop` is set. `others` are further named tasks (the web server).

        What is held is given back at the end, also when an unexpected exception, which comes out of here as an
        ExceptionGroup, is the end: a device on a bus without watchdogs would hold our last word for ever.
        """
        self.note(Event(self.clock.now(), EventKind.START, self.site.id, "started"))
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(link.run(), name=f"link {key}") for key, link in self.links.items()]
                tasks += [group.create_task(feed.run(), name=f"feed {feed.name}") for feed in self.feeds]
                tasks.append(group.create_task(self._tick_forever(), name="ticks"))
                tasks.append(group.create_task(self._store_forever(), name="record"))
                tasks += [group.create_task(run(), name=name) for name, run in self.beside]
                for name, run in others:
                    group.create_task(run(), name=name)
                try:
                    await stop.wait()
                finally:
                    for link in self.links.values():
                        link.end()
                    for task in tasks:
                        task.cancel()
                    await self._let_listeners_go()
        finally:
            await self._finish()

    async def _tick_forever(self) -> None:
        due_s = wall_s()
        while True:
            self.lag_s = max(0.0, wall_s() - due_s)
            self._unstored.append(self._tick())
            self._to_store.set()
            self.tick_count += 1
            self.ticked_s = wall_s()
            async with self._ticked:
                self._ticked.notify_all()
            due_s = max(due_s + TICK_S, wall_s() - TICK_S)
            await asyncio.sleep(due_s - wall_s())

    async def _store_forever(self) -> None:
        """A task of its own: control does not wait for a disk that takes its time."""
        while True:
            await self._to_store.wait()
            self._to_store.clear()
            await self._store()

    def _tick(self) -> Batch:
        """Everything between two storings; pure but for the fields it keeps."""
        now, wall = self.clock.now(), wall_s()
        samples = self._take_samples(wall)
        usable = aged(self.picture, now, self.max_age)
        self.outputs.confirm(self._results, wall)
        results, self._results[:] = list(self._results), []
        self.outputs.expire(now)
        self._events += self.book.tick(self.outputs, now)
        decision = self.steering.step(usable, now, max(self.max_age.values()), self.book.current)
        self.outputs.apply(decision.commands, now)
        self._events += decision.events
        beside = [condition for asked in self.conditions_beside for condition in asked()]
        self._watch(usable, [*self.steering.conditions, *beside], now)
        rows = self._rows(results)
        for key, writes in self.outputs.due(now, wall, self._reachable()).items():
            self.links[key].request(writes)
        for command in self.outputs.take_changed():
            self._asked[command.point] = CommandRow(now, command)
        self.steering.follow(self.outputs.effective(now), now)
        events, self._events = self._events, []
        state = self.steering.take_state() | self.book.take_state() | self.alarming.take_state()
        return self._recording.worth_storing(samples), rows, events, state

    def _reachable(self) -> frozenset[str]:
        return frozenset(key for key, link in self.links.items() if link.state == "up")

    def _take_samples(self, wall: float) -> list[Sample]:
        for link in self.links.values():
            self._samples.extend(link.driver.drain())
        samples = list(self._samples)
        self._samples.clear()
        self.picture = fold(self.picture, samples)
        lost = []
        for sample in samples:
            if sample.quality is Quality.GOOD:
                self.read_s[sample.point] = wall
            elif sample.quality is Quality.OFFLINE:
                lost.append(sample.point)
        self.outputs.forget(lost)
        return samples

    def _rows(self, results: Sequence[WriteResult]) -> list[CommandRow]:
        """Changes that were answered in this tick, each once, with what came of it."""
        rows = []
        for result in results:
            asked = self._asked.pop(result.point, None)
            if asked is not None:
                rows.append(CommandRow(asked.at, asked.command, result))
        return rows

    def _watch(self, picture: Mapping[str, Reading], duties: Iterable[alarms.Condition], now: datetime) -> None:
        """Alarms and outside changes, noted as events when they change."""
        lost = [
            alarms.lost_connection(key, len(link.points)) for key, link in self.links.items() if link.state == "down"
        ]
        flags = alarms.device_conditions(self.site, picture)
        for event in self.alarming.watch([*lost, *flags, *duties], now, may_end=self._has_looked()):
            self.note(event)
        self.alarms = self.alarming.board.standing
        for point, ours, theirs in self.outputs.outside_changes(picture):
            text = f"{point} was set to {theirs:g} by somebody else; we had {ours:g}"
            self.note(Event(now, EventKind.OUTSIDE_CHANGE, point, text, {"ours": ours, "theirs": theirs}))

    def _has_looked(self) -> bool:
        """Whether everything has been asked since the start, so that what does not stand has ended."""
        starting = any(link.state == "starting" for link in self.links.values())
        return wall_s() - self.alarming.begun_s > LOOKED_S or not (starting or self.steering.is_starting)

    async def _store(self) -> None:
        """Store every tick that is not stored yet; in trouble they are kept for later."""
        try:
            while self._unstored:
                await self._store_next()
            while self._forecasts:
                await asyncio.to_thread(self.record.put_forecast, self._forecasts[0])
                del self._forecasts[0]
        except RecordError as error:
            if self.record_error is None:
                log.error("record: %s", error)
            self.record_error = str(error)
            while len(self._unstored) > KEPT_TICKS:
                self._unstored.popleft()
        else:
            if self.record_error is not None:
                log.info("record: works again")
            self.record_error, self.recorded_s = None, wall_s()

    async def _store_next(self) -> None:
        """Store the oldest tick. When we are cancelled the thread goes on, and the next call waits for it."""
        if self._storing is None:
            self._storing = asyncio.create_task(asyncio.to_thread(self.record.append_tick, *self._unstored[0]))
        await asyncio.wait({self._storing})
        error, self._storing = self._storing.exception(), None
        if isinstance(error, RecordError):
            raise error
        self._unstored.popleft()
        if isinstance(error, ValueError):  # a device that babbles must stop neither control nor the record
            log.error("record: a tick is not kept: %s", error)
        elif error is not None:
            raise error

    async def _finish(self) -> None:
        """Give the plant its points back, say so in the record, let the pages go."""
        now = self.clock.now()
        rows = self._rows(self._results)
        self._results.clear()
        self.outputs.release_all()
        due = self.outputs.due(now, wall_s(), self._reachable())
        with suppress(TimeoutError):
            async with asyncio.timeout(RELEASE_S), asyncio.TaskGroup() as group:
                for key, writes in due.items():
                    group.create_task(self._release(self.links[key], writes), name=f"release {key}")
        given_back = sum(result.ok for result in self._results)
        self.note(Event(now, EventKind.STOP, self.site.id, f"stopped; {given_back} points given back"))
        log.info("%d points given back", given_back)
        last = self._recording.worth_storing(self._take_samples(wall_s()))
        self._unstored.append((last, rows, self._events, {}))
        await self._store()

    async def _let_listeners_go(self) -> None:
        self._stopped = True
        async with self._ticked:
            self._ticked.notify_all()

    async def _release(self, link: Link, writes: Sequence[Write]) -> None:
        try:
            await link.release(writes)
        except Unreachable as error:
            log.warning("%s: %d points could not be given back: %s", link.connection.id, len(writes), error)
        except Exception:  # whatever one driver does on the way out, the others give their points back
            log.exception("%s: %d points could not be given back", link.connection.id, len(writes))

    async def ticks(self) -> AsyncIterator[int]:
        """The number of each tick after it is done; a slow listener misses some, never the latest."""
        while not self._stopped:
            async with self._ticked:
                await self._ticked.wait()
            if not self._stopped:
                yield self.tick_count

    @property
    def unstored(self) -> int:
        """Ticks that wait to be stored."""
        return len(self._unstored)

    @property
    def state(self) -> Literal["ok", "degraded", "starting"]:
        """Of the loop: a tick that begins a whole tick late, or does not come, degrades it."""
        if self.ticked_s is None:
            return "starting"
        late = self.lag_s > TICK_S or wall_s() - self.ticked_s > 3 * TICK_S
        return "degraded" if late else "ok"
