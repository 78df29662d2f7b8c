"""The nightly lesson: habits and parameters from the record, worked out in another process, used by the next plan.

Whatever goes wrong is one line in the log and an event; plans go on with what was known before.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from bems.history.errors import RecordError
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.learning.store import FILE_NAME, ModelStore
from bems.learning.work import Night, study
from bems.planning.live import Planner
from bems.worker import Worker, WorkLost
from control.habits.learned import Learned, cold
from control.refit.model import PartResult
from models.reasons import Code, because, sentence
from models.signals import Reason
from models.site import Site

log = logging.getLogger(__name__)

LEARNED_KEY: Final = "learned"
FROM_HOUR: Final = 3
BEFORE_HOUR: Final = 6
"""Local time within which the lesson begins."""
LOOK_S: Final = 5.0
"""Wall time between two looks at the clock, and at the store of models."""
PATIENCE_S: Final = 3600.0
"""Wall time for a lesson."""
KEPT_NIGHTS: Final = 60


class Learning:
    """Of one site; what it keeps lies beside its record, whose file is `path`."""

    def __init__(
        self,
        site: Site,
        planner: Planner,
        record: Record,
        path: Path,
        now: Callable[[], datetime],
        *,
        worker: Worker | None = None,
        study: Callable[..., Night] = study,
        site_now: Callable[[], Site] | None = None,
    ) -> None:
        """`site_now` gives the site as people have it now, their tariff with it; the file's where it is left out."""
        self._site_now = site_now or (lambda: site)
        self.note: Callable[[Event], None] = lambda _: None
        """Told what is worth an event; the system sets it."""
        self._site, self._planner, self._record, self._path, self._now = site, planner, record, path, now
        self._store = ModelStore(path.parent)
        self._worker = worker or Worker("lessons")
        self._study = study
        self._done_on: date | None = None
        self._store_seen: float | None = None
        self._recall(record.load_state(LEARNED_KEY))

    def _recall(self, stored: Mapping[str, Any] | None) -> None:
        if stored is None:
            return
        try:
            self._planner.take_model(learned=Learned.from_json(stored["habits"]))
            self._planner.nights = list(stored["nights"])
            self._done_on = date.fromisoformat(stored["done_on"])
        except (ValueError, KeyError, TypeError) as error:
            log.warning("plans begin with the site file's habits, the record's cannot be read: %s", error)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._use_store()
                if self.is_due(self._now()):
                    await self._learn(self._now())
                await asyncio.sleep(LOOK_S)
        finally:
            await self._worker.end()

    def is_due(self, now: datetime) -> bool:
        """Once a night."""
        local = now.astimezone(self._site.zone_info)
        return FROM_HOUR <= local.hour < BEFORE_HOUR and local.date() != self._done_on

    async def _use_store(self) -> None:
        """Somebody may have gone back to an earlier version. Where snow lies is as it was last seen in any of them."""
        try:
            changed = (self._path.parent / FILE_NAME).stat().st_mtime
            if changed != self._store_seen:
                fitted = await asyncio.to_thread(self._store.in_use)
                learned = await asyncio.to_thread(self._store.habits_in_use) or cold(self._site)
                learned = replace(learned, snow_cover=self._planner.learned.snow_cover)
                self._planner.take_model(learned, fitted)
                self._store_seen = changed
        except OSError:
            return

    async def _learn(self, now: datetime) -> None:
        self._done_on = now.astimezone(self._site.zone_info).date()
        planner, path = self._planner, self._path
        try:
            night = await self._worker.call(
                self._study, path, path.parent / "quarters", self._site_now(), now, planner.learned, planner.fitted,
                timeout_s=PATIENCE_S,
            )  # fmt: skip
            await self._worker.end()
            await self._take(night, now)
        except (WorkLost, OSError, RecordError) as error:
            log.error("the nightly lesson came to nothing: %s", error)
            self._tell(now, because(Code.LESSON_LOST, what=str(error)))
        except Exception as error:
            log.exception("the nightly lesson came to nothing")
            self._tell(now, because(Code.LESSON_LOST, what=repr(error)))

    async def _take(self, night: Night, now: datetime) -> None:
        planner, refit = self._planner, night.refit
        if refit is None:
            log.info("no finished day is in the record yet, nothing to learn from")
            return
        results = (*night.habits, *refit.parts)
        version = await asyncio.to_thread(self._store.keep, refit.fitted, night.learned, results, now)
        if version is None:
            planner.take_model(learned=night.learned)
        else:
            planner.take_model(version.learned, version.fitted)
        planner.nights = [*planner.nights, _told(night, now, planner, results)][-KEPT_NIGHTS:]
        kept = {
            "habits": planner.learned.to_json(),
            "nights": planner.nights,
            "done_on": now.astimezone(self._site.zone_info).date().isoformat(),
        }
        await asyncio.to_thread(self._record.save_state, LEARNED_KEY, kept)
        better, habits = (sum(part.accepted for part in of) for of in (refit.parts, night.habits))
        self._tell(now, because(Code.LESSON, days=night.days, habits=habits, better=better))

    def _tell(self, now: datetime, reason: Reason) -> None:
        facts = {"code": reason.code, **reason.facts}
        self.note(Event(now, EventKind.CONTROL, "planner", sentence(reason, "en"), facts))


def _told(night: Night, now: datetime, planner: Planner, results: Sequence[PartResult]) -> dict[str, Any]:
    return {
        "at": now.isoformat(),
        "days": round(night.days, 2),
        "seconds": round(night.seconds, 1),
        "learned_version": planner.learned.version,
        "learned_parts": list(planner.learned.parts),
        "fitted_version": planner.fitted.version,
        "parts": [result.as_json() for result in results],
    }
