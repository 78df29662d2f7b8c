"""Looks for faults in the last weeks, every night: what the page of reports shows as open deviations.

The newest look is kept beside the record, whole or not at all; who closed what is in the record itself (events).
"""

import logging
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.rows import Event, EventKind
from bems.reports.beside import LOOKED_DAYS, expected, handled, look_for_faults
from bems.reports.gather import NothingToTell, gather
from bems.reports.make import put
from bems.reports.priced import as_priced
from dashboards.ports.report import Deviations, Look
from dashboards.reports.beside import Handled
from dashboards.reports.model import Period, PeriodKind
from models.local_time import local_midnight
from models.site import Site

log = logging.getLogger(__name__)

FILE_NAME: Final = "deviations.json"
TOLD_BACK: Final = timedelta(days=3 * 366)
"""What people said of a deviation counts so long."""
_LOOK: Final = TypeAdapter(Look)


def look(site: Site, record: Path, last: date) -> str:
    """Look at the last weeks until the local day `last` and keep it; why it could not be done, or nothing.

    Runs in a process of its own.
    """
    period = Period(PeriodKind.PERIOD, last - timedelta(days=LOOKED_DAYS), last)
    try:
        site = as_priced(site, record)
        found = gather(site, record, period, local_midnight(last + timedelta(days=1)))
        looks = look_for_faults(site, History(record), found, expected(site, found))
        findings = tuple(one.finding for one in looks.newest)
        put(record.parent / FILE_NAME, _LOOK.dump_json(Look(looks.first, last, findings)))
    except (RecordError, NothingToTell, OSError) as error:
        return str(error)
    return ""


class Watch:
    """The newest look, and what people said since."""

    def __init__(self, record: Path) -> None:
        self._record, self._path = record, record.parent / FILE_NAME
        self._read: tuple[int, Look | None] = (0, None)
        self._said: dict[str, Event] = {}
        """Newest word on each deviation of this run: the record has it a tick later."""

    def say(self, event: Event) -> None:
        """Somebody said something of a deviation."""
        self._said[event.subject] = event

    def newest(self) -> Look | None:
        """None while nobody has looked, and where the file is not sound."""
        try:
            changed = self._path.stat().st_mtime_ns
            if changed != self._read[0]:
                self._read = (changed, _LOOK.validate_json(self._path.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            log.warning("%s cannot be read: %s", self._path, error)
            return None
        return self._read[1]

    def known(self, now: datetime) -> Deviations:
        """For the page."""
        return Deviations(self.newest(), self._handled(now))

    def _handled(self, now: datetime) -> Mapping[str, Handled]:
        try:
            told = History(self._record).events(now - TOLD_BACK, now + timedelta(days=1), (EventKind.AUDIT,))
        except RecordError as error:
            log.warning("what was said of deviations cannot be read: %s", error)
            told = ()
        return handled((*told, *self._said.values()))


def due(newest: Look | None, today: date, first_day: date) -> date | None:
    """The last day of the look that is due, or None: yesterday, once, when there is a whole day of the record."""
    yesterday = today - timedelta(days=1)
    return yesterday if first_day <= yesterday and (newest is None or newest.last < yesterday) else None
