"""Owns the simulated plant's time: steps it to the site clock, feeds the protocol servers, takes their writes back.

A device watchdog is served here, in wall time like every protocol timer: a point of persistence `watchdog` that is not
written again in time falls back to the value its profile states.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from hil_sim.ports import Plant
from models.site import Site

log = logging.getLogger(__name__)

LONGEST_STEP_S: Final = 60.0
"""Plants are stepped at most this far at once (site time), and always equally far: a plant may prepare for a length."""
UPDATE_S: Final = 0.5
"""Wall time between two updates of the servers."""
MISSED_REFRESHES: Final = 3
LAG_WARNING_S: Final = 5.0
"""Wall time the plant may lag behind the clock before it says so."""


class FieldServer(Protocol):
    """A simulated device, or a server with several of them, on a real socket."""

    async def start(self) -> None:
        """Open the port; raises OSError when it is taken."""
        ...

    async def stop(self) -> None:
        """Close it, as a device that has lost its power."""
        ...

    def update(self, values: Mapping[str, float | None]) -> None:
        """Show these observations from now on; points of other servers are ignored."""
        ...


class Runner:
    """Plant and servers together. `written` is the servers' callback."""

    def __init__(self, site: Site, plant: Plant, now: Callable[[], datetime], speed: float, seed: int = 1) -> None:
        self._plant = plant
        self._now = now
        self._speed = speed
        self._commands: dict[str, float | None] = {}
        self._watchdogs_s = {
            point.id: MISSED_REFRESHES * point.spec.write.refresh_s
            for point in site.points.values()
            if point.spec.write is not None and point.spec.write.refresh_s is not None
        }
        self._kept_until: dict[str, float] = {}
        self._time = now()
        self._step_s = min(LONGEST_STEP_S, UPDATE_S * speed)
        self._lagging = False
        self.observations: Mapping[str, float | None] = plant.reset(self._time, seed)

    def written(self, point: str, value: float | None) -> None:
        """A client wrote a point (None: relinquished it); takes effect with the next step."""
        self._commands[point] = value
        if point in self._watchdogs_s:
            self._kept_until[point] = time.monotonic() + self._watchdogs_s[point]

    def advance(self, to: datetime) -> None:
        """Step the plant towards this site time, as many whole steps as fit."""
        for point, deadline in list(self._kept_until.items()):
            if time.monotonic() > deadline:
                log.info("%s: not refreshed in time, falls back", point)
                self._commands[point] = None
                del self._kept_until[point]
        step = timedelta(seconds=self._step_s)
        while self._time + step <= to:
            commands, self._commands = self._commands, {}
            self.observations = self._plant.step(commands, self._step_s)
            self._time += step

    async def run(self, servers: Sequence[FieldServer]) -> None:
        """Until cancelled. Steps, updates, rests; says so once when it cannot keep up."""
        while True:
            begun = time.monotonic()
            self.advance(self._now())
            for server in servers:
                server.update(self.observations)
            lag_s = (self._now() - self._time).total_seconds() / self._speed
            if (lag_s > LAG_WARNING_S) != self._lagging:
                self._lagging = not self._lagging
                log.warning("simulator %s (%.0f s behind)", "lags" if self._lagging else "keeps up again", lag_s)
            await asyncio.sleep(max(0.0, UPDATE_S - (time.monotonic() - begun)))
