"""One batch of the feed to InfluxDB, from the record to the target: all that takes time, for a process of its own.

A function of the record and of how far the feed has come: the same batch comes out again until its cursor is saved.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Final, Protocol

from bems.history.query import History
from bems.history.rows import Ticks
from bems.history.schema import QUALITY_CODE
from bems.history.times import from_ms
from bems.publish.influx_target import Away, InfluxTarget, Refused
from bems.publish.lines import Line, fault, series_key, text_of
from bems.publish.progress import Aside, Progress, cursor_at
from models.outgoing import Outflow, Quantity, Value
from models.signals import Sample
from models.targets import Influx

MOST_SAMPLES: Final = 5000
_QUALITY: Final = {code: quality for quality, code in QUALITY_CODE.items()}


class Target(Protocol):
    """What a batch needs of a target; see InfluxTarget."""

    def deliver(self, lines: Sequence[Line]) -> list[tuple[Line, str]]:
        """Write the lines, return the refused ones with reasons; Away or Refused when it cannot be done."""
        ...


@dataclass(frozen=True)
class Job:
    """What stays the same from batch to batch; `quantities` are pickled, so that they are unpacked once only."""

    path: Path
    """Of the record."""
    site: str
    config: Influx
    token: str | None
    quantities: bytes

    @classmethod
    def of(cls, path: Path, site: str, config: Influx, token: str | None, quantities: Sequence[Quantity]) -> "Job":
        """The job of a site's feed."""
        return cls(path, site, config, token, pickle.dumps(tuple(quantities)))


@dataclass(frozen=True)
class Outcome:
    """What came of a batch."""

    after: Progress | None
    """To be saved; None when the batch was not delivered."""
    more: bool = False
    """Whether the record holds more."""
    delivered: int = 0
    trouble: str | None = None
    refused: bool = False
    """Whether the trouble needs a person."""
    wait_s: float | None = None
    """What the target asks for."""


class Carrier:
    """Carries batches of one site to one target."""

    def __init__(self, path: Path, site: str, config: Influx, quantities: Sequence[Quantity], target: Target) -> None:
        self._history = History(path)
        self._quantities = quantities
        self._keys = {quantity.id: series_key(site, quantity) for quantity in quantities}
        self._keeps = timedelta(days=config.raw_days)
        self._target = target

    def carry(self, before: Progress, now: datetime) -> Outcome:
        """The next batch. RecordError when the record cannot be read."""
        lines, after, more = self._read(before, now)
        try:
            refused = self._target.deliver(lines) if lines else []
        except Away as error:
            return Outcome(None, trouble=str(error), wait_s=error.wait_s)
        except Refused as error:
            return Outcome(None, trouble=str(error), refused=True)
        aside = [_aside(line.value, reason, now) for line, reason in refused]
        after = replace(after.with_aside(aside), sent=after.sent - len(refused))
        return Outcome(after, more, delivered=len(lines) - len(refused))

    def _read(self, before: Progress, now: datetime) -> tuple[list[Line], Progress, bool]:
        """The next samples of the record as lines, what is known once they are delivered, and whether there is more."""
        oldest = now - self._keeps
        # what the target would not keep is not even read
        cursor = before.cursor if before.cursor > 0 else cursor_at(self._history, oldest)
        ticks = self._history.ticks_after(cursor, MOST_SAMPLES)
        flow = Outflow(self._quantities, before.memory)
        lines: list[Line] = []
        doubtful: list[Aside] = []
        too_old = 0
        for value in flow.take(samples_of(ticks)):
            if (wrong := fault(value, now)) is not None:
                doubtful.append(_aside(value, wrong, now))
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
        # a file of the archive may end in the middle of what is asked for
        more = len(ticks) > 0 and len(self._history.ticks_after(ticks.cursor, 1)) > 0
        return lines, after, more


def carry(job: Job, before: Progress, now: datetime) -> Outcome:
    """What the process of its own does for each batch."""
    return _carrier(job).carry(before, now)


@lru_cache(maxsize=1)
def _carrier(job: Job) -> Carrier:
    target = InfluxTarget(job.config, job.token, job.site)
    return Carrier(job.path, job.site, job.config, pickle.loads(job.quantities), target)  # noqa: S301  # our own


def samples_of(ticks: Ticks) -> list[Sample]:
    """The samples of some ticks, one by one, in their order."""
    times = {ms: from_ms(ms) for ms in set(ticks.at_ms.tolist())}
    return [
        Sample(ticks.names[point], times[at_ms], None if code else value, _QUALITY[code])
        for point, at_ms, value, code in zip(
            ticks.point.tolist(), ticks.at_ms.tolist(), ticks.value.tolist(), ticks.quality.tolist(), strict=True
        )
    ]


def _aside(value: Value, reason: str, noticed: datetime) -> Aside:
    number = value.value if value.value is not None and isfinite(value.value) else None
    return Aside(value.quantity.id, value.at.isoformat(), number, reason, noticed.isoformat())
