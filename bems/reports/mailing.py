"""Sends the monthly report to those the site file names, each of them once, however often it has to be tried.

Who has been sent which month stands in a file beside the reports, written once the mail server has taken the message. A
failure is an event of the record, told once for as long as it stays the same, and tried again at the next look.
"""

import asyncio
import json
import logging
import smtplib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

from bems.audit import audited
from bems.history.rows import Event
from bems.mail import Attachment, NotDeliveredError, send
from bems.reports.make import put
from dashboards.reports.assemble import title
from dashboards.reports.formats import MEDIA_TYPES, file_name
from dashboards.reports.model import Period
from dashboards.reports.say import Say
from dashboards.words import Language, texts
from models.site import Site

log = logging.getLogger(__name__)

BY_ITSELF: Final = "bems"
LANGUAGE: Final[Language] = "nb"
"""Of the files that are made every month."""


class ReportMail:
    """Of one site; `folder` holds the monthly reports."""

    def __init__(self, site: Site, folder: Path, now: Callable[[], datetime]) -> None:
        self._site, self._folder, self._now = site, folder, now
        self._told: dict[str, str] = {}

    async def post(self, period: Period, note: Callable[[Event], None]) -> None:
        """Send the period's files to everybody who has not had them. Nothing where a file is not made yet."""
        wanted, smtp = self._site.reports.email, self._site.alerts.smtp
        if wanted is None or smtp is None:
            return
        had = self._had(period)
        missing = [address for address in wanted.to if address not in had]
        if not missing:
            return
        paths = [self._folder / file_name(self._site.id, period.id, LANGUAGE, kind) for kind in wanted.formats]
        if not all(path.exists() for path in paths):
            return
        kinds = zip(paths, wanted.formats, strict=True)
        files = [
            Attachment(path.name, MEDIA_TYPES[kind], await asyncio.to_thread(path.read_bytes)) for path, kind in kinds
        ]
        say, words = Say(self._site, LANGUAGE), texts(LANGUAGE)
        facts = {"site": say.of(self._site.name), "title": title(period, say)}
        subject, text = (words[key].format(**facts) for key in ("report_mail.subject", "report_mail.text"))
        for address in missing:
            try:
                await asyncio.to_thread(send, smtp, address, subject, text, files)
                had = [*had, address]
                self._keep(period, had)
            except (smtplib.SMTPException, NotDeliveredError, OSError) as error:
                self._failed(period, address, str(error) or repr(error), note)
                continue
            self._told.pop(address, None)
            note(audited(self._now(), BY_ITSELF, "report_sent", period.id, after=address))

    def _failed(self, period: Period, address: str, why: str, note: Callable[[Event], None]) -> None:
        if self._told.get(address) == why:
            return
        self._told[address] = why
        log.warning("the report %s was not sent to %s: %s", period.id, address, why)
        note(audited(self._now(), BY_ITSELF, "report_not_sent", period.id, after=address, reason=why))

    def _had(self, period: Period) -> list[str]:
        """Who has been sent it; nobody where the file cannot be read, so that rather somebody gets it twice."""
        try:
            found = json.loads(self._marker(period).read_text("utf-8"))
            return [str(address) for address in found["to"]]
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _keep(self, period: Period, had: list[str]) -> None:
        put(self._marker(period), json.dumps({"to": had}, ensure_ascii=False).encode())

    def _marker(self, period: Period) -> Path:
        return self._folder / f"{self._site.id}-{period.id}.sent.json"
