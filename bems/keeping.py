"""Keeps the record: once a day what is due, at once what a short disk asks for, and an alarm while it is short.

The work is done by a child process; the loop never waits for it. Whatever goes wrong is an alarm and a line in the log.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

from bems.alarming.alarms import Condition
from bems.clock import wall_s
from bems.history.rows import Event, EventKind
from bems.keeping_work import MB, Done, free_bytes, kinds_of, make_room, tidy
from bems.worker import Worker, WorkLost
from models.reasons import Code, because, sentence
from models.signals import Reason
from models.site import Site

log = logging.getLogger(__name__)

PATIENCE_S: Final = 3600.0
"""Wall time the work may take."""
ENOUGH: Final = 1.25
"""Times the reserve that must be free for the alarm to end."""
FROM_HOUR: Final = 1
"""UTC: what comes late to a day has come by then."""


class Pace(NamedTuple):
    """Wall times [s]."""

    look_s: float = 5.0
    """Between two looks at the disk and the clock."""
    again_s: float = 60.0
    """Between two attempts to make room."""
    retry_s: float = 600.0
    """After a day's work that met trouble, until it is tried again."""


class Keeper:
    """Of one record, whose file is `path`."""

    def __init__(
        self,
        site: Site,
        path: Path,
        now: Callable[[], datetime],
        *,
        record_error: Callable[[], str | None] = lambda: None,
        worker: Worker | None = None,
        pace: Pace = Pace(),  # noqa: B008  (immutable)
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """`record_error` tells why the record cannot be written, `free` how many bytes are free beside it."""
        self.note: Callable[[Event], None] = lambda _: None
        """Told what is worth an event; the system sets it."""
        self.short = False
        """Less than the reserve is free, or the record could not grow."""
        self.free_mb: float | None = None
        self._site, self._path, self._now = site, path, now
        self._keeping, self._kinds = site.record, kinds_of(site)
        self._record_error = record_error
        self._worker = worker or Worker("record")
        self._pace, self._free = pace, free
        self._done_on: date | None = None
        self._tried_s: float | None = None
        self._tidied_s: float | None = None
        self._troubles: tuple[str, ...] = ()

    def conditions(self) -> Iterable[Condition]:
        """The alarms that stand; from memory."""
        error = self._record_error()
        if error is not None:
            yield Condition("record.lost", "A", because(Code.ALARM_RECORD, error=error))
        if self.short:
            reserve = self._keeping.reserve_mb
            yield Condition("record.disk", "B", because(Code.ALARM_DISK, free_mb=self.free_mb, reserve_mb=reserve))

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(self._pace.look_s)
        finally:
            await self._worker.end()

    async def _look(self) -> None:
        await self._measure()
        due = self._tried_s is None or wall_s() - self._tried_s >= self._pace.again_s
        if self.short and due:
            enough = int(self._keeping.reserve_mb * MB * ENOUGH)
            self._take(await self._work(make_room, enough))
            self._tried_s = wall_s()
            await self._measure()
        now = self._now()
        if now.date() != self._done_on and (now.hour >= FROM_HOUR or self._done_on is None) and self._may_tidy():
            self._tidied_s = wall_s()
            done = await self._work(tidy)
            self._take(done)
            if not done.troubles:
                self._done_on = now.date()

    def _may_tidy(self) -> bool:
        """After trouble (a predecessor that was killed may still be at it, or a file is damaged) not at once again."""
        return self._tidied_s is None or wall_s() - self._tidied_s >= self._pace.retry_s

    async def _measure(self) -> None:
        try:
            free = await asyncio.to_thread(self._free, self._path.parent)
        except OSError as error:
            log.error("the record's disk does not answer: %s", error)
            return
        self.free_mb = round(free / MB, 1)
        trouble = self._record_error()
        reserve = self._keeping.reserve_mb * MB * (ENOUGH if self.short else 1.0)
        self.short = free < reserve or (trouble is not None and "disk is full" in trouble)

    async def _work(self, function: Callable[..., Done], *more: int) -> Done:
        arguments = (self._path, self._now(), self._keeping, self._kinds, *more)
        try:
            return await self._worker.call(function, *arguments, timeout_s=PATIENCE_S)
        except WorkLost as error:
            return Done(troubles=(str(error),))
        finally:
            await self._worker.end()  # between two jobs it would only hold memory

    def _take(self, done: Done) -> None:
        for trouble in done.troubles:
            if trouble not in self._troubles:
                log.error("record: %s", trouble)
        self._troubles = done.troubles
        if done.archived:
            log.info("record: finished days became %d files", done.archived)
        if done.thinned:
            self._tell(because(Code.RECORD_THINNED, files=done.thinned))
        if done.deleted:
            days = self._keeping.personal_days
            self._tell(because(Code.RECORD_DELETED, samples=done.deleted, days=days))

    def _tell(self, reason: Reason) -> None:
        text = sentence(reason, "en")
        log.info("record: %s", text)
        self.note(Event(self._now(), EventKind.CONTROL, "record", text, {"code": reason.code, **reason.facts}))
