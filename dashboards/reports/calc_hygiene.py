"""The hygiene certificate: heat cycles with their proof, and minutes at temperatures that matter.

Method: a cycle is proven at the coldest sensor of the potable volume (60 degC for 30 min or 70 degC for 5 min, as the
site says; `control.hygiene.proofs` finds them). Minutes are those of the one-minute record: below 60 degC (guide of
the Norwegian Institute of Public Health), below 55 degC (critical), and from 25 to 50 degC, where legionella grows.
A minute without a reading counts nowhere and lowers the coverage; a circulation that stands is counted like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_known import Array, Known, Why

BELOW_DEGC: Final = 60.0
CRITICAL_DEGC: Final = 55.0
GROWTH_DEGC: Final = (25.0, 50.0)


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


@dataclass(frozen=True, slots=True)
class Certificate:
    """What can be shown an inspector."""

    cycles: tuple[Cycle, ...]
    longest_interval_days: Known
    """Between the ends of proofs, the ends of the period and the last proof before it included."""
    missed: int | None
    """Deadlines that passed without a proof; None when the record has gaps that could hide one."""
    places: tuple[Minutes, ...]


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
        interval_days: a proof at least this often.
        step_min: of the readings.
    """
    places = tuple(minutes(place, temps, step_min) for place, temps in temps_degc.items())
    ends = [last_before or start, *(cycle.end for cycle in cycles)]
    # A hold still going on when the next begins cannot be: proofs are in order, so each opens at most one interval.
    begins = [*(cycle.start for cycle in cycles), end]
    gaps = [max(begin - done, timedelta()) for done, begin in zip(ends, begins, strict=True)]
    longest = max(gaps) / timedelta(days=1)
    allowed = timedelta(days=interval_days)
    # A hold may go on for weeks: it meets the deadline when it has begun by then, not when it ends.
    missed = sum(int((done + allowed) < next_proof) for done, next_proof in zip(ends, begins, strict=True))
    covered = min((place.below_60_min.coverage or 0.0 for place in places), default=0.0)
    sure = covered > 0 and (missed == 0 or covered > 0.99)
    return Certificate(
        tuple(cycles),
        Known(longest, covered) if places else Known.missing(Why.NOT_MEASURED),
        missed if sure else None,
        places,
    )
