"""Tells people of alarms, beside the loop: by e-mail, by webhook, and, through the events of the record, by MQTT.

What is due follows from the board alone (`bems.alarming.calls`); what was delivered is kept with it in the record, so
that a restart neither forgets anybody nor tells anybody twice, but for what was just on its way.
"""

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from typing import Final

import httpx

from bems.alarming import alarms
from bems.alarming.calls import Notice, due, forget
from bems.alarming.messages import Message, Writer
from bems.clock import wall_s
from bems.history.rows import Event, EventKind
from bems.mail import NotDeliveredError, send
from bems.system import System
from dashboards.ports.view import Health
from models.alarming import Recipient

log = logging.getLogger(__name__)

FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 300.0
ALARM_AFTER: Final = 3
"""Attempts in a row without success after which others hear of it."""
WEBHOOK_S: Final = 10.0


class Teller:
    """Of one system. `run` lives until it is cancelled; everything else answers from memory."""

    def __init__(self, system: System, first_wait_s: float = FIRST_WAIT_S) -> None:
        self._system, self._alerts = system, system.site.alerts
        self._writer = Writer(system.site, system.alarming.sheets)
        self._first_wait_s = first_wait_s
        self._on_way: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._not_before_s: dict[str, float] = {}
        self._troubles: dict[str, str] = {}
        self._sent, self._worked_s = 0, wall_s()
        system.alarming.calls = forget(system.alarming.calls, self._alerts)

    async def run(self) -> None:
        """Look after every tick, and send what is due; one slow server holds nobody else up."""
        async with asyncio.TaskGroup() as group:
            async for _ in self._system.ticks():
                try:
                    self._look(group)
                except Exception:  # a fault of ours must not stop the building
                    log.exception("telling of alarms failed")
            for task in self._on_way.values():
                task.cancel()

    def _look(self, group: asyncio.TaskGroup) -> None:
        system, wall = self._system, wall_s()
        alarming = system.alarming
        wanted = due(alarming.board, alarming.calls, self._alerts, system.clock.now(), system.site.zone_info)
        for recipient in self._alerts.recipients:
            notices = wanted.get(recipient.id)
            if not notices or recipient.id in self._on_way or wall < self._not_before_s.get(recipient.id, 0.0):
                continue
            message = self._writer.message(alarming.board, notices, recipient.language)
            name = f"tell {recipient.id}"
            self._on_way[recipient.id] = group.create_task(self._tell(recipient, notices, message), name=name)

    async def _tell(self, recipient: Recipient, notices: Sequence[Notice], message: Message) -> None:
        name = recipient.id
        try:
            how, troubles = await self._deliver(recipient, message)
        except Exception as error:  # noqa: BLE001  # whatever one recipient's server does, the others are told
            how, troubles = [], [str(error) or repr(error)]
        finally:
            del self._on_way[name]
        if troubles:
            if name not in self._troubles:
                log.warning("%s could not be told of alarms: %s", name, "; ".join(troubles))
            self._troubles[name] = "; ".join(troubles)
        else:
            self._troubles.pop(name, None)
        if not how:
            failures = self._failures[name] = self._failures.get(name, 0) + 1
            self._not_before_s[name] = wall_s() + min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(failures - 1, 10))
            return
        self._failures.pop(name, None)
        self._sent, self._worked_s = self._sent + 1, wall_s()
        now = self._system.clock.now()
        self._system.alarming.calls = self._system.alarming.calls.told(notices, now)
        for notice in notices:
            text = notice.condition.text
            data = {"code": text.code, **text.facts, "to": name, "how": ", ".join(how), "about": notice.about}
            self._system.note(Event(now, EventKind.ALARM_TOLD, notice.condition.id, f"{name} was told", data))

    async def _deliver(self, recipient: Recipient, message: Message) -> tuple[list[str], list[str]]:
        """Ways that worked, and what went wrong on the others. Without an address it is MQTT: the event tells it."""
        ways: list[tuple[str, asyncio.Future[None] | asyncio.Task[None]]] = []
        if recipient.email is not None and self._alerts.smtp is not None:
            sent = asyncio.to_thread(send, self._alerts.smtp, recipient.email, message.subject, message.text)
            ways.append(("e-mail", asyncio.ensure_future(sent)))
        if recipient.webhook is not None:
            ways.append(("webhook", asyncio.ensure_future(post(recipient, message))))
        if not ways:
            return ["mqtt"], []
        answers = await asyncio.gather(*(way for _, way in ways), return_exceptions=True)
        worked, troubles = [], []
        for (name, _), answer in zip(ways, answers, strict=True):
            if answer is None:
                worked.append(name)
            else:
                troubles.append(f"{name}: {answer}" if str(answer) else f"{name}: {answer!r}")
        return worked, troubles

    def conditions(self) -> Iterable[alarms.Condition]:
        """Those who cannot be reached."""
        for recipient in self._alerts.recipients:
            if self._failures.get(recipient.id, 0) >= ALARM_AFTER:
                yield alarms.not_told(recipient.id, self._troubles[recipient.id])

    def health(self) -> Health:
        """For pages and monitors."""
        figures = {"sent_total": float(self._sent)}
        age_s = round(wall_s() - self._worked_s, 2) if self._sent else None
        if self._troubles:
            name, trouble = next(iter(self._troubles.items()))
            return Health(
                "alerts", "target", "down" if self._failures else "degraded", age_s, f"{name}: {trouble}", figures
            )
        return Health("alerts", "target", "ok", age_s, f"{self._sent} messages taken", figures)


async def post(recipient: Recipient, message: Message) -> None:
    """Hand the message to the webhook. httpx.HTTPError when it does not take it."""
    headers = {}
    if recipient.token_env is not None:
        token = os.environ.get(recipient.token_env)
        if token is None:
            raise NotDeliveredError(f"{recipient.token_env} is not set")
        headers["Authorization"] = f"Bearer {token}"
    body = {**message.facts, "subject": message.subject, "message": message.text}
    async with httpx.AsyncClient(timeout=WEBHOOK_S, follow_redirects=False, trust_env=False) as client:
        answer = await client.post(recipient.webhook or "", json=body, headers=headers)
        answer.raise_for_status()
