"""The hygiene certificate: heat cycles with their proof, and minutes at temperatures that matter.

Method: a cycle is proven at the coldest sensor of the potable volume (60 degC for 30 min or 70 degC for 5 min, as the
site says; `control.hygiene.proofs` finds them). Minutes are those of the one-minute record: below 60 degC (guide of
the Norwegian Institute of Public Health), below 55 degC (critical), and from 25 to 50 degC, where legionella grows.
A minute without a reading counts nowhere and lowers the coverage; a circulation that stands is counted like any other.

Deadlines: one is due an interval after the end of the proof before it. A hold meets it when it has begun by then. A
deadline that passes without one is missed, and the next is an interval after it: three weeks without a proof are three
missed deadlines of a week, not one long interval.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_known import Array, Known, Why

BELOW_DEGC: Final = 60.0
CRITICAL_DEGC: Final = 55.0
GROWTH_DEGC: Final = (25.0, 50.0)
SURE: Final = 0.99
"""Share of the minutes before a deadline that must be known to say that it was missed."""


@dataclass(frozen=True, slots=True)
class Minutes:
    """One sensor (a loop's return, a layer of the heater, the supply) over a period."""

    place: str
    below_60_min: Known
    below_55_min: Known
    growth_min: Known
    """From 25 to 50 degC, both included."""
    lowest_degc: Known
    longest_below_55_min: Known
    """Longest unbroken time below 55 degC; a gap breaks it."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """A proven heat cycle."""

    start: datetime
    end: datetime
    degc: float
    """The pair of the proof that was met: this temperature ..."""
    minutes: float
    """... held so long at the coldest sensor."""
    coldest_degc: float


class Outcome(StrEnum):
    """What became of a deadline."""

    KEPT = "kept"
    LATE = "late"
    """Proven, but after it."""
    MISSED = "missed"
    """Not proven before the next one, or before the period's end."""
    UNSURE = "unsure"
    """Not proven in time by what was measured, and the measurements lack more than a hundredth of the time."""
    RUNNING = "running"
    """It falls after the end of the period."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when a cycle had to begin, and what came of it."""

    counted_from: datetime
    """End of the proof before it, or the deadline that was missed before it; the period's start where none is known."""
    due: datetime
    outcome: Outcome
    proof: Cycle | None
    late: timedelta | None
    """How much after the deadline the proof began; None where it did not."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be shown an inspector."""

    cycles: tuple[Cycle, ...]
    deadlines: tuple[Deadline, ...]
    """In order of time; every cycle belongs to one of them. The last may be running."""
    longest_interval_days: Known
    """Between the ends of proofs, the ends of the period and the last proof before it included."""
    places: tuple[Minutes, ...]

    def count(self, *outcomes: Outcome) -> int:
        """Deadlines that came out so."""
        return sum(one.outcome in outcomes for one in self.deadlines)

    @property
    def passed(self) -> int:
        """Deadlines that were met or that the period saw pass."""
        return len(self.deadlines) - self.count(Outcome.RUNNING)


def minutes(place: str, temp_degc: Array, step_min: float = 1.0) -> Minutes:
    """Minutes of one sensor from its readings, one for each step."""
    known = ~np.isnan(temp_degc)
    coverage = float(known.mean()) if len(known) else 0.0
    if not known.any():
        nothing = Known.missing(Why.NO_DATA, coverage)
        return Minutes(place, nothing, nothing, nothing, nothing, nothing)
    seen = temp_degc[known]
    low, high = GROWTH_DEGC

    def count(where: NDArray[np.bool_]) -> Known:
        return Known(float(where.sum()) * step_min, coverage)

    return Minutes(
        place,
        count(seen < BELOW_DEGC),
        count(seen < CRITICAL_DEGC),
        count((seen >= low) & (seen <= high)),
        Known(float(seen.min()), coverage),
        Known(_longest(np.where(known, temp_degc, np.inf) < CRITICAL_DEGC) * step_min, coverage),
    )


def _longest(where: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([0], where.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def certificate(
    start: datetime,
    end: datetime,
    cycles: Sequence[Cycle],
    temps_degc: Mapping[str, Array],
    *,
    last_before: datetime | None,
    interval_days: float,
    step_min: float = 1.0,
) -> Certificate:
    """The certificate of a period.

    Args:
        start: of the period.
        end: of the period.
        cycles: proven in it, in order of time.
        temps_degc: readings of each place, one for each step.
        last_before: end of the last proof before the period; None when none is known: then the first deadline is
            `interval_days` after the start.
        interval_days: a proof at least this often; a deadline that fell before the period is not counted.
        step_min: of the readings.
    """
    places = tuple(minutes(place, temps, step_min) for place, temps in temps_degc.items())
    ends = [last_before or start, *(cycle.end for cycle in cycles)]
    # A hold still going on when the next begins cannot be: proofs are in order, so each opens at most one interval.
    begins = [*(cycle.start for cycle in cycles), end]
    gaps = [max(begin - done, timedelta()) for done, begin in zip(ends, begins, strict=True)]
    covered = min((place.below_60_min.coverage or 0.0 for place in places), default=0.0)
    known = _known(list(temps_degc.values()))
    allowed = timedelta(days=interval_days)
    return Certificate(
        tuple(cycles),
        tuple(_deadlines(start, end, cycles, ends[0], allowed, known)),
        Known(max(gaps) / timedelta(days=1), covered) if places else Known.missing(Why.NOT_MEASURED),
        places,
    )


def _known(temps_degc: Sequence[Array]) -> NDArray[np.bool_]:
    """Steps in which every place was read."""
    if not temps_degc:
        return np.zeros(0, dtype=np.bool_)
    return np.asarray(~np.isnan(np.array(temps_degc)).any(axis=0), dtype=np.bool_)


def _deadlines(
    start: datetime,
    end: datetime,
    cycles: Sequence[Cycle],
    since: datetime,
    allowed: timedelta,
    known: NDArray[np.bool_],
) -> list[Deadline]:
    found = []
    while since + allowed < start:  # passed before the period: of an earlier report
        since += allowed
    for proof in (*cycles, None):
        due = since + allowed
        # A hold may go on for weeks: it meets the deadline when it has begun by then, not when it ends.
        while due + allowed < (end if proof is None else proof.start) or (proof is None and due < end):
            found.append(Deadline(since, due, _unproven(start, end, (since, due), known), None, None))
            since, due = due, due + allowed
        if proof is None:
            found.append(Deadline(since, due, Outcome.RUNNING, None, None))
            break
        late = max(proof.start - due, timedelta())
        outcome = Outcome.KEPT
        if late:
            sure = _unproven(start, end, (since, due), known) is Outcome.MISSED
            outcome = Outcome.LATE if sure else Outcome.UNSURE
        found.append(Deadline(since, due, outcome, proof, late))
        since = max(proof.end, since)
    return found


def _unproven(start: datetime, end: datetime, span: tuple[datetime, datetime], known: NDArray[np.bool_]) -> Outcome:
    """Whether what was measured between two moments is enough to say that no cycle was among it."""
    first, last = (min(max((at - start) / (end - start), 0.0), 1.0) * len(known) for at in span)
    own = known[int(first) : max(int(last), int(first) + 1)]
    return Outcome.MISSED if len(own) and own.mean() > SURE else Outcome.UNSURE
