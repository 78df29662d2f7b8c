"""The feed to InfluxDB: follows the record with a cursor of its own, batch by batch, in order, beside the loop.

The cursor moves in the record only after the target has acknowledged a batch, so that nothing is lost by any death of
either side; what is then sent again has the same series and time, and InfluxDB keeps it once. While the target is away
nothing piles up but the record itself. Batches are carried by a process of its own; between two of them the feed rests
as long as the last one took, so that catching up never takes more than half a processor.
"""

import asyncio
import json
import logging
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from bems.alarming import alarms
from bems.clock import wall_s
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.publish.influx_work import Job, Outcome, carry
from bems.publish.progress import Progress, cursor_at
from bems.worker import Worker, WorkLost
from dashboards.ports.view import Health
from models.outgoing import outgoing
from models.site import Site
from models.targets import Influx

log = logging.getLogger(__name__)

NAME: Final = "InfluxDB"
KEY: Final = "influx"
"""Of its state in the record, and its name among the parts of the system."""
RESEND_FILE: Final = "influx-resend.json"
"""In the data folder: an order from `bems influx resend` to the running feed."""
BATCH_S: Final = 600.0
"""Wall time a batch may take, with all that halving and a slow server need."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
REFUSED_WAIT_S: Final = 60.0
AWAY_ALARM_S: Final = 3600.0
"""Wall time a target may be away before people are told: it is normal, and nothing is lost."""
ASIDE_ALARM: Final = timedelta(days=1)
"""So long refused samples are alarmed of (site time)."""


class Carries(Protocol):
    """Carries batches from the record to the target."""

    async def carry(self, before: Progress, now: datetime) -> Outcome:
        """The next batch; WorkLost when it cannot be said what came of it."""
        ...

    async def end(self) -> None:
        """There will be no other one."""
        ...


class InChild:
    """Carries them in a process of its own, which a hanging server cannot keep alive."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._worker = Worker(KEY)

    async def carry(self, before: Progress, now: datetime) -> Outcome:
        """The next batch."""
        return await self._worker.call(carry, self._job, before, now, timeout_s=BATCH_S)

    async def end(self) -> None:
        """End the process."""
        await self._worker.end()


def target_key(config: Influx) -> str:
    """Which target a configuration means."""
    return f"{config.url} {config.org} {config.bucket}"


class InfluxFeed:
    """One site's feed. `run` lives until it is cancelled; everything else answers from memory."""

    def __init__(  # its parts, once
        self,
        config: Influx,
        record: Record,
        path: Path,
        now: Callable[[], datetime],
        carrier: Carries,
        personal: timedelta = timedelta(days=30),
    ) -> None:
        self._config = config
        self._record = record
        self._history = History(path)
        self._order = path.parent / RESEND_FILE
        self._now = now
        self._carrier = carrier
        self._personal = personal
        self._progress = Progress.from_state(record.load_state(KEY), target_key(config))
        self._failures = 0
        self._worked_s = wall_s()
        self._worked = False
        self._refused = False
        self.caught_up = False
        """Whether the target had everything at the last look."""

    async def run(self) -> None:
        """Feed for ever; whatever happens to it, it goes on."""
        try:
            while True:
                try:
                    wait_s = await self.step()
                except (RecordError, WorkLost) as error:
                    log.error("%s: a batch failed: %s", NAME, error)
                    wait_s = self._back_off_s()
                except Exception:  # a fault of ours must not stop the building
                    log.exception("%s: the feed failed", NAME)
                    wait_s = LONGEST_WAIT_S
                await asyncio.sleep(wait_s)
        finally:
            await self._carrier.end()

    async def step(self) -> float:
        """One batch; returns how long to rest [s, wall time]."""
        begun_s = wall_s()
        await asyncio.to_thread(self._obey)
        outcome = await self._carrier.carry(self._progress, self._now())
        if outcome.after is None:
            return await self._in_trouble(outcome)
        if outcome.delivered:
            self._worked, self._worked_s = True, wall_s()
        if outcome.after.aside > self._progress.aside:
            last = outcome.after.newest_aside[-1]
            number = outcome.after.aside - self._progress.aside
            log.warning("%s: %d samples set aside, the last %s: %s", NAME, number, last.point, last.reason)
        if self._progress.trouble is not None:
            log.info("%s: takes samples again", NAME)
        await self._keep(outcome.after)
        self._failures, self._refused, self.caught_up = 0, False, not outcome.more
        return wall_s() - begun_s if outcome.more else self._config.period_s

    async def _keep(self, progress: Progress) -> None:
        if progress != self._progress:
            await asyncio.to_thread(self._record.save_state, KEY, progress.as_state())
        self._progress = progress

    async def _in_trouble(self, outcome: Outcome) -> float:
        """Note what stands in the way, once; returns how long to wait."""
        self.caught_up, self._refused = False, outcome.refused
        before = self._progress
        if before.trouble is None:
            log.error("%s: %s", NAME, outcome.trouble)
        since = before.trouble_since or self._now().isoformat()
        memory = {} if self._is_old(before.memory) else before.memory
        await self._keep(replace(before, trouble=outcome.trouble, trouble_since=since, memory=memory))
        if outcome.refused:
            return REFUSED_WAIT_S
        return outcome.wait_s if outcome.wait_s is not None else self._back_off_s()

    def _is_old(self, memory: Mapping[str, object]) -> bool:
        """Whether it would keep personal values for longer than the record does, because the target is long away."""
        last = memory.get("next")
        return isinstance(last, str) and self._now() - datetime.fromisoformat(last) > self._personal

    def _back_off_s(self) -> float:
        self._failures += 1
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(self._failures, 12))
        return random.uniform(FIRST_WAIT_S, longest)

    def _obey(self) -> None:
        """Go back in the record when somebody has asked for it."""
        try:
            order = json.loads(self._order.read_text("utf-8"))
            start = datetime.fromisoformat(order["from"])
        except FileNotFoundError:
            return
        except (ValueError, TypeError, KeyError) as error:
            log.error("%s: %s is no order to send again: %s", NAME, self._order, error)
        else:
            cursor = min(cursor_at(self._history, start), self._progress.cursor)
            self._progress = replace(self._progress, cursor=cursor, memory={})
            self._record.save_state(KEY, self._progress.as_state())
            log.info("%s: everything from %s on is sent again", NAME, start.isoformat())
        self._order.unlink(missing_ok=True)

    def health(self) -> Health:
        """For pages and monitors."""
        progress, age_s = self._progress, round(wall_s() - self._worked_s, 2) if self._worked else None
        figures = {"sent_total": float(progress.sent), "refused_total": float(progress.aside)}
        if progress.trouble is not None:
            state = "down" if self._refused else "degraded"
            return Health(KEY, "target", state, age_s, progress.trouble, figures)  # type: ignore[arg-type]
        if not self._worked and not self.caught_up:
            return Health(KEY, "target", "starting", age_s, "nothing sent yet", figures)
        detail = f"{progress.sent} samples sent" + (f", {progress.aside} set aside" if progress.aside else "")
        if not self.caught_up:
            detail = f"catching up, {progress.sent_to or 'nothing'} was sent last; {detail}"
        return Health(KEY, "target", "ok" if self.caught_up else "degraded", age_s, detail, figures)

    def conditions(self) -> Sequence[alarms.Condition]:
        """What people have to be told."""
        progress, found = self._progress, []
        if progress.trouble is not None and self._refused:
            found.append(alarms.target_refuses(NAME, progress.trouble))
        elif progress.trouble is not None and wall_s() - self._worked_s > AWAY_ALARM_S:
            found.append(alarms.target_away(NAME, (wall_s() - self._worked_s) / 3600))
        if progress.newest_aside:
            last = progress.newest_aside[-1]
            if self._now() - datetime.fromisoformat(last.noticed) < ASIDE_ALARM:
                found.append(alarms.set_aside(NAME, progress.aside, f"{last.point}: {last.reason}"))
        return found


def influx_feed(site: Site, config: Influx, record: Record, path: Path, now: Callable[[], datetime]) -> InfluxFeed:
    """The feed of a running site, with the token from the environment; its process ends with its task."""
    job = Job.of(path, site.id, config, os.environ.get(config.token_env), outgoing(site))
    return InfluxFeed(config, record, path, now, InChild(job), timedelta(days=site.record.personal_days))
