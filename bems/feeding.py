"""One task a feed: fetch, keep the last good answer, back off. What is known is known with its source and age."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Generic, TypeVar

from bems.clock import wall_s
from drivers.errors import DriverError

log = logging.getLogger(__name__)

FIRST_BACK_OFF_S: Final = 5.0
LONGEST_BACK_OFF_S: Final = 900.0
MOST_DOUBLINGS: Final = 8
"""Of the back-off; beyond the longest, and still a number after weeks without an answer."""

T = TypeVar("T")


class FeedTask(Generic[T]):
    """Keeps one feed fresh. `latest` stays the last good answer whatever happens."""

    def __init__(
        self,
        name: str,
        fetch: Callable[[datetime], Awaitable[T]],
        *,
        now: Callable[[], datetime],
        period_s: float,
        on_new: Callable[[T], None],
    ) -> None:
        """`period_s` is wall time between fetches; the feed itself knows when asking again is of no use."""
        self.name = name
        self.latest: T | None = None
        self.fetched_s: float | None = None
        self.error: str | None = None
        self._fetch = fetch
        self._now = now
        self._period_s = period_s
        self._on_new = on_new

    async def run(self) -> None:
        """Until cancelled."""
        failures = 0
        while True:
            try:
                answer = await self._fetch(self._now())
            except DriverError as error:
                if failures == 0:
                    log.warning("%s: no answer: %s", self.name, error)
                failures += 1
                self.error = str(error)
            except Exception as error:  # an answer nobody thought of must not stop the building
                if failures == 0:
                    log.exception("%s: the feed failed", self.name)
                failures += 1
                self.error = f"the feed failed: {error!r}"
            else:
                if failures:
                    log.info("%s: answers again", self.name)
                failures, self.error = 0, None
                self.latest, self.fetched_s = answer, wall_s()
                self._on_new(answer)
            longest = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2 ** min(failures, MOST_DOUBLINGS))
            await asyncio.sleep(random.uniform(FIRST_BACK_OFF_S, longest) if failures else self._period_s)
