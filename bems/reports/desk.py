"""Reports on demand, and last month's by itself: made by a child process, so that the loop never waits.

After each day it is run through the fitted twin (option D of savings): in the small hours, in a child of its own. And
each night the last weeks are looked through for faults.

Every month's report lies in the folder `reports` beside the record: made in the first hours of the next month, in the
formats and languages of MONTHLY. What is there is not made again; delete a file to have it made anew. They may be
mailed, so they name no resident's room.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from bems.audit import audited
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.rows import Event
from bems.reports.gather import NothingToTell
from bems.reports.mailing import ReportMail
from bems.reports.make import made, put
from bems.reports.twin_days import TwinDays, run_days
from bems.reports.watch import Watch, due, look
from bems.worker import Worker, WorkLost
from dashboards.ports.report import Deviations, DeviationState, NoReport
from dashboards.reports.assemble import month_of, quarter_of, year_of
from dashboards.reports.beside import deviation_names
from dashboards.reports.formats import Format, file_name, load_ahead, write
from dashboards.reports.model import Period
from dashboards.words import Language
from models.local_time import local_date
from models.site import Site

log = logging.getLogger(__name__)

PATIENCE_S: Final = 600.0
"""Wall time a report may take."""
LOOK_S: Final = 900.0
"""Wall time between two looks at the calendar."""
FROM_HOUR: Final = 3
"""Local: samples that come late to a month have come by then, and the last day is a file."""
MONTHLY: Final[tuple[tuple[Format, Language], ...]] = (("pdf", "nb"), ("xlsx", "nb"), ("json", "nb"))
MONTHS_BACK: Final = 36
FOLDER: Final = "reports"


def make(site: Site, record: Path, period: Period, now: datetime, wish: tuple[Format, Language, bool]) -> bytes | str:
    """The file, or why there is none; the last of the wish is `rooms` as dashboards.ports.report says.

    Runs in a process of its own.
    """
    kind, language, rooms = wish
    load_ahead(kind)
    try:
        return write(made(site, record, period, now, language, rooms=rooms), kind)
    except (NothingToTell, RecordError) as error:
        return str(error)


def yesterday(site: Site, record: Path, day: date) -> str:
    """Runs a day through the twin; why it could not be done, or nothing. Runs in a process of its own."""
    told: list[str] = []
    try:
        run_days(site, record, [day], lambda _, why: told.append(why))
    except (RecordError, OSError) as error:
        return str(error)
    return told[0]


class ReportDesk:
    """Of one site, whose record is at `record`."""

    def __init__(
        self,
        site: Site,
        record: Path,
        now: Callable[[], datetime],
        worker: Worker | None = None,
        twin: Worker | None = None,
    ) -> None:
        self.note: Callable[[Event], None] = lambda _: None
        """Told what people say of deviations; the view sets it."""
        self._site, self._record, self._now = site, record, now
        self._mail = ReportMail(site, record.parent / FOLDER, now)
        self._worker, self._twin = worker or Worker("reports"), twin or Worker("twin")
        self._watch = Watch(record)
        self._tried: date | None = None
        self._looked: date | None = None

    def offered(self) -> Sequence[Period]:
        """Of the last three years, newest first, those that begin before now."""
        today = local_date(self._now())
        years = range(today.year, today.year - MONTHS_BACK // 12 - 1, -1)
        periods = [year_of(year) for year in years]
        periods += [quarter_of(year, quarter) for year in years for quarter in range(4, 0, -1)]
        periods += [month_of(year, month) for year in years for month in range(12, 0, -1)]
        first = self._first_day()
        return [one for one in periods if one.first <= today and one.last >= first]

    async def file(self, period: str, kind: Format, language: Language, *, rooms: bool = False) -> bytes:
        """As dashboards.ports.report says."""
        offered = await asyncio.to_thread(self.offered)
        wanted = next((one for one in offered if one.id == period), None)
        if wanted is None:
            raise LookupError(period)
        try:
            found = await self._worker.call(
                make, self._site, self._record, wanted, self._now(), (kind, language, rooms), timeout_s=PATIENCE_S
            )
        except WorkLost as error:
            raise NoReport(str(error)) from error
        finally:
            await self._worker.end()  # between two reports it would only hold memory
        if isinstance(found, str):
            raise NoReport(found)
        return found

    async def run(self) -> None:
        """Make last month's report once it is over. Until cancelled."""
        try:
            while True:
                await self._monthly()
                await self._look()
                await self._through_twin()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._worker.end()
            await self._twin.end()

    async def _monthly(self) -> None:
        now = self._now()
        local = now.astimezone(self._site.zone_info)
        last = local.date().replace(day=1) - timedelta(days=1)
        if last < self._first_day() or (local.day == 1 and local.hour < FROM_HOUR):
            return
        period, folder = month_of(last.year, last.month), self._record.parent / FOLDER
        for kind, language in MONTHLY:
            path = folder / file_name(self._site.id, period.id, language, kind)
            try:
                if path.exists():
                    continue
                data = await self.file(period.id, kind, language)
                folder.mkdir(parents=True, exist_ok=True)
                await asyncio.to_thread(put, path, data)
                log.info("report: %s", path.name)
            except (NoReport, LookupError, OSError) as error:
                log.error("report %s was not made: %s", path.name, error)
        await self._mail.post(period, self.note)

    def handle(self, who: str, deviation: str, state: DeviationState, words: str) -> None:
        """As dashboards.ports.report says."""
        if deviation not in deviation_names(self._site):
            raise LookupError(deviation)
        said = audited(self._now(), who, "deviation", deviation, None, state, words)
        self._watch.say(said)
        self.note(said)

    def deviations(self) -> Deviations:
        """As dashboards.ports.report says."""
        return self._watch.known(self._now())

    async def _look(self) -> None:
        """For faults, until yesterday, once a day."""
        newest, now = self._watch.newest(), self._now()
        day = due(newest, local_date(now), self._first_day())
        waits = newest is not None and now.astimezone(self._site.zone_info).hour < FROM_HOUR
        if day is None or waits or self._looked == day:
            return
        self._looked = day
        try:
            why = await self._worker.call(look, self._site, self._record, day, timeout_s=PATIENCE_S)
        except WorkLost as error:
            why = str(error)
        finally:
            await self._worker.end()
        if why:
            log.info("nobody looked for deviations until %s: %s", day, why)

    async def _through_twin(self) -> None:
        """Yesterday, once: what cannot be run tonight cannot be run later either."""
        local = self._now().astimezone(self._site.zone_info)
        day = local.date() - timedelta(days=1)
        if local.hour < FROM_HOUR or self._tried == day:
            return
        self._tried = day
        try:
            if not TwinDays(self._record.parent).missing(day, day):
                return
            why = await self._twin.call(yesterday, self._site, self._record, day, timeout_s=PATIENCE_S)
        except (WorkLost, OSError) as error:
            why = str(error)
        finally:
            await self._twin.end()
        if why:
            log.info("the twin did not run %s: %s", day, why)

    def _first_day(self) -> date:
        """Of the record; today where it is empty."""
        now = self._now()
        try:
            first = History(self._record).first_at()
        except RecordError:
            first = None
        return local_date(now if first is None else first)
