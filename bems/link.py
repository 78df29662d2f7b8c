"""One task a connection: scan, write, back off, recover.

A dead connection is data, not an exception, and slows nobody.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

from bems.clock import wall_s
from drivers.errors import Unreachable
from models.field import Connection
from models.ports import Driver
from models.signals import Quality, Sample, Write, WriteResult

log = logging.getLogger(__name__)

FIRST_BACK_OFF_S: Final = 0.5
LONGEST_BACK_OFF_S: Final = 10.0
FAILED_EXCHANGES: Final = 2
"""Exchanges in a row that must fail before the connection counts as down: one lost datagram is no alarm."""
MOST_DOUBLINGS: Final = 8
"""Of the back-off; far beyond the longest, and still a number when a device is gone for weeks."""


class Link:
    """Keeps one connection alive. `on_samples` and `on_results` are called from its task, never concurrently."""

    def __init__(
        self,
        connection: Connection,
        driver: Driver,
        points: Iterable[str],
        *,
        now: Callable[[], datetime],
        on_samples: Callable[[Sequence[Sample]], None],
        on_results: Callable[[Sequence[WriteResult]], None],
    ) -> None:
        self.connection = connection
        self.driver = driver
        self.points = tuple(points)
        self.state: Literal["starting", "up", "down"] = "starting"
        self.state_since_s = wall_s()
        self.last_scan_s: float | None = None
        self.detail = "connecting"
        self._now = now
        self._on_samples = on_samples
        self._on_results = on_results
        self._writes: dict[tuple[str, int], Write] = {}
        self._wake = asyncio.Event()
        self._failures = 0
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Let `run` end by itself when the cancellation that is to follow gets lost.

        Before Python 3.12 asyncio.wait_for, which the libraries below us use, swallows one that comes together with an
        answer; and Task.cancelling() cannot tell, for there a TaskGroup that failed leaves it set.
        """
        self._ending.set()

    def request(self, writes: Iterable[Write]) -> None:
        """Have these written as soon as the wire is free; a newer one for a slot replaces a waiting one."""
        for write in writes:
            self._writes.pop((write.point, write.priority), None)
            self._writes[write.point, write.priority] = write
        if self._writes:
            self._wake.set()

    async def run(self) -> None:
        """Until cancelled, or `end` was called and the exchange under way is over."""
        try:
            while not self._ending.is_set():
                try:
                    await self.driver.connect()
                    await self._exchange()
                except Unreachable as error:
                    self._lost(str(error))
                except Exception as error:  # noqa: BLE001  (a driver that trips must not stop the building)
                    self._lost(f"the driver failed: {error!r}", trace=True)
                await self.driver.close()
                if self._ending.is_set():
                    break
                longest = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2 ** min(self._failures, MOST_DOUBLINGS))
                await asyncio.sleep(random.uniform(FIRST_BACK_OFF_S, longest))
        finally:
            await self.driver.close()

    async def _exchange(self) -> None:
        """Scan and write on a living connection until it dies (Unreachable), or `end` was called."""
        misses = 0
        due_s = wall_s()
        while not self._ending.is_set():
            try:
                await self._write_waiting()
                if wall_s() >= due_s:
                    due_s = max(due_s + self.connection.period_s, wall_s())
                    samples = await self.driver.read()
                    misses = 0
                    self._found()
                    self._on_samples(samples)
            except Unreachable:
                misses += 1
                if misses >= FAILED_EXCHANGES or self.state != "up":
                    raise
            await self._rest(due_s - wall_s())

    async def _rest(self, seconds: float) -> None:
        self._wake.clear()
        if self._writes or seconds <= 0:
            await asyncio.sleep(0)
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _write_waiting(self) -> None:
        if not self._writes:
            return
        batch, self._writes = list(self._writes.values()), {}
        try:
            results = await self.driver.write(batch)
        except Unreachable as error:
            self._answered(batch, [WriteResult(write.point, False, None, str(error)) for write in batch])
            raise
        self._answered(batch, results)

    def _answered(self, writes: Sequence[Write], results: Sequence[WriteResult]) -> None:
        self._on_results([result._replace(write=write) for write, result in zip(writes, results, strict=True)])

    async def release(self, writes: Sequence[Write]) -> None:
        """Write on the way out, after `run` has been cancelled; Unreachable passes through."""
        try:
            await self.driver.connect()
            self._answered(writes, await self.driver.write(writes))
        finally:
            await self.driver.close()

    def _found(self) -> None:
        self.last_scan_s = wall_s()
        self._failures = 0
        if self.state != "up":
            log.info("%s: up after %.0f s", self.connection.id, wall_s() - self.state_since_s)
            self._turn("up", "scanning")

    def _lost(self, error: str, *, trace: bool = False) -> None:
        self.detail = error
        self._failures += 1
        self._writes.clear()  # they would be old when it comes back; whoever holds the points asks again
        if self.state != "down":
            log.warning("%s: down: %s", self.connection.id, error, exc_info=trace)
            self._turn("down", error)
        self._on_samples([Sample(point, self._now(), None, Quality.OFFLINE) for point in self.points])

    def _turn(self, state: Literal["up", "down"], detail: str) -> None:
        self.state, self.state_since_s, self.detail = state, wall_s(), detail
