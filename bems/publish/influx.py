"""The feed to InfluxDB: follows the record with a cursor of its own, batch by batch, in order, beside the loop.

The cursor moves in the record only after the target has acknowledged a batch, so that nothing is lost by any death of
either side; what is then sent again has the same series and time, and InfluxDB keeps it once. While the target is away
nothing piles up but the record itself. All that takes time happens in a thread; between two batches the feed rests as
long as the last one took, so that catching up never takes more than half a processor from the loop.
"""

import asyncio
import json
import logging
import os
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import Final, Protocol

from bems import alarms
from bems.clock import wall_s
from bems.history.errors import RecordError
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Ticks
from bems.history.schema import QUALITY_CODE
from bems.history.times import from_ms
from bems.publish.influx_target import Away, InfluxTarget, Refused
from bems.publish.lines import Line, fault, series_key, text_of
from bems.publish.progress import Aside, Progress, cursor_at
from dashboards.ports import Health
from models.outgoing import Outflow, Value, outgoing
from models.signals import Sample
from models.site import Site
from models.targets import Influx

log = logging.getLogger(__name__)

NAME: Final = "InfluxDB"
KEY: Final = "influx"
"""Of its state in the record, and its name among the parts of the system."""
RESEND_FILE: Final = "influx-resend.json"
"""In the data folder: an order from `bems influx resend` to the running feed."""
MOST_SAMPLES: Final = 5000
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 300.0
REFUSED_WAIT_S: Final = 60.0
AWAY_ALARM_S: Final = 3600.0
"""Wall time a target may be away before people are told: it is normal, and nothing is lost."""
ASIDE_ALARM: Final = timedelta(days=1)
"""So long refused samples are alarmed of (site time)."""
_QUALITY: Final = {code: quality for quality, code in QUALITY_CODE.items()}


class Target(Protocol):
    """What the feed needs of a target; see InfluxTarget."""

    def deliver(self, lines: Sequence[Line]) -> list[tuple[Line, str]]:
        """Write the lines, return the refused ones with reasons; Away or Refused when it cannot be done."""
        ...

    def close(self) -> None:
        """Begin nothing new."""
        ...


def target_key(config: Influx) -> str:
    """Which target a configuration means."""
    return f"{config.url} {config.org} {config.bucket}"


@dataclass(frozen=True)
class _Batch:
    lines: Sequence[Line]
    after: Progress
    """What is to be saved once the lines are delivered."""
    more: bool


class InfluxFeed:
    """One site's feed. `run` lives until it is cancelled; everything else answers from memory."""

    def __init__(  # its parts, once
        self, site: Site, config: Influx, record: Record, path: Path, now: Callable[[], datetime], target: Target
    ) -> None:
        self._config = config
        self._record = record
        self._history = History(path)
        self._order = path.parent / RESEND_FILE
        self._now = now
        self._target = target
        self._quantities = outgoing(site)
        self._keys = {q.id: series_key(site.id, q) for q in self._quantities}
        self._progress = Progress.from_state(record.load_state(KEY), target_key(config))
        self._batch: _Batch | None = None
        self._failures = 0
        self._begun_s = self._worked_s = wall_s()
        self._worked = False
        self._refused = False
        self.caught_up = False
        """Whether the target had everything at the last look."""

    async def run(self) -> None:
        """Feed for ever; whatever happens to it, it goes on."""
        try:
            while True:
                try:
                    wait_s = await self._round()
                except (Away, Refused) as error:
                    wait_s = await self._in_trouble(error)
                except RecordError as error:
                    log.error("%s: %s", NAME, error)
                    wait_s = self._back_off_s()
                except Exception:  # a fault of ours must not stop the building
                    log.exception("%s: the feed failed", NAME)
                    wait_s = LONGEST_WAIT_S
                await asyncio.sleep(wait_s)
        finally:
            self._target.close()

    async def _round(self) -> float:
        """One batch; returns how long to rest."""
        begun_s = wall_s()
        if self._batch is None:
            await asyncio.to_thread(self._obey)
            self._batch = await asyncio.to_thread(self._next_batch)
        batch = self._batch
        refused = await asyncio.to_thread(self._target.deliver, batch.lines) if batch.lines else []
        if batch.lines:
            self._worked, self._worked_s = True, wall_s()
        noticed = self._now().isoformat()
        if refused:
            line, reason = refused[0]
            log.warning("%s: %d samples are set aside, the first is %s: %s", NAME, len(refused), line.text, reason)
        after = batch.after.with_aside([_aside(line.value, reason, noticed) for line, reason in refused])
        if self._progress.trouble is not None:
            log.info("%s: takes samples again", NAME)
        await self._keep(replace(after, sent=after.sent - len(refused)))
        self._batch, self._failures, self._refused = None, 0, False
        self.caught_up = not batch.more
        return wall_s() - begun_s if batch.more else self._config.period_s

    async def _keep(self, progress: Progress) -> None:
        if progress != self._progress:
            await asyncio.to_thread(self._record.save_state, KEY, progress.as_state())
        self._progress = progress

    async def _in_trouble(self, error: Away | Refused) -> float:
        """Note what stands in the way, once; returns how long to wait."""
        self.caught_up = False
        self._refused = isinstance(error, Refused)
        if self._progress.trouble is None:
            log.error("%s: %s", NAME, error)
        if self._progress.trouble != str(error):
            since = self._progress.trouble_since or self._now().isoformat()
            troubled = replace(self._progress, trouble=str(error), trouble_since=since)
            try:
                await self._keep(troubled)
            except RecordError:
                self._progress = troubled
        if isinstance(error, Refused):
            return REFUSED_WAIT_S
        return error.wait_s if error.wait_s is not None else self._back_off_s()

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

    def _next_batch(self) -> _Batch:
        """The next samples of the record as lines."""
        now, before = self._now(), self._progress
        oldest = now - timedelta(days=self._config.raw_days)
        cursor = before.cursor
        if cursor == 0:  # what the target would not keep is not even read
            cursor = cursor_at(self._history, oldest)
        ticks = self._history.ticks_after(cursor, MOST_SAMPLES)
        flow = Outflow(self._quantities, before.memory)
        lines: list[Line] = []
        doubtful: list[Aside] = []
        too_old = 0
        for value in flow.take(samples_of(ticks)):
            if (wrong := fault(value, now)) is not None:
                doubtful.append(_aside(value, wrong, now.isoformat()))
            elif value.at < oldest:
                too_old += 1
            else:
                lines.append(Line(text_of(self._keys[value.quantity.id], value), value))
        after = replace(
            before.with_aside(doubtful),
            cursor=ticks.cursor,
            memory=flow.memory,
            sent=before.sent + len(lines),
            too_old=before.too_old + too_old,
            sent_to=max(line.value.at for line in lines).isoformat() if lines else before.sent_to,
            trouble=None,
            trouble_since=None,
        )
        return _Batch(lines, after, more=2 * len(ticks) >= MOST_SAMPLES)

    def health(self) -> Health:
        """For pages and monitors."""
        progress, age_s = self._progress, round(wall_s() - self._worked_s, 2) if self._worked else None
        if progress.trouble is not None:
            return Health(KEY, "target", "down" if self._refused else "degraded", age_s, progress.trouble)
        if not self._worked and not self.caught_up:
            return Health(KEY, "target", "starting", age_s, "nothing sent yet")
        detail = f"{progress.sent} samples sent" + (f", {progress.aside} set aside" if progress.aside else "")
        return Health(KEY, "target", "ok" if self.caught_up else "degraded", age_s, detail)

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
    """The feed of a running site, with the token from the environment."""
    token = os.environ.get(config.token_env)
    return InfluxFeed(site, config, record, path, now, InfluxTarget(config, token, site.id))


def samples_of(ticks: Ticks) -> list[Sample]:
    """The samples of some ticks, one by one, in their order."""
    times = {ms: from_ms(ms) for ms in set(ticks.at_ms.tolist())}
    return [
        Sample(ticks.names[point], times[at_ms], None if code else value, _QUALITY[code])
        for point, at_ms, value, code in zip(
            ticks.point.tolist(), ticks.at_ms.tolist(), ticks.value.tolist(), ticks.quality.tolist(), strict=True
        )
    ]


def _aside(value: Value, reason: str, noticed: str) -> Aside:
    number = value.value if value.value is not None and isfinite(value.value) else None
    return Aside(value.quantity.id, value.at.isoformat(), number, reason, noticed)
