"""What counters gained: pure arithmetic on their readings.

A counter only grows. Where its reading falls, one of these happened:

- a slip: some readings stand out, and the next ones go on from where those before had been; they are ignored;
- a rollover: it went through the greatest value it can show, when that is known and was near;
- an exchange of the meter that somebody noted with the readings of both meters (EventKind.METER_EXCHANGE);
- a reset, or an exchange that nobody noted: what it gained meanwhile is unknown, counts as nothing, and is stated.

Between two readings a counter is taken to grow evenly, so that neighbouring buckets add up to the whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.history.rows import Break, Exchange, Gains
from models.field import SitePoint

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_STEP_MS: Final = 30 * 60_000
"""Readings farther apart leave a gap: what was gained is known, but not when."""
NOTED_MS: Final = 6 * 3_600_000
"""People note the time of an exchange by about so much."""
SLIP_READINGS: Final = 5
"""As many readings in a row may stand out."""
ROLLOVER_SHARE: Final = 0.1
"""A counter may be so near its end, as a share of all it can show, for a fall to be taken for a rollover."""


def turns(points: Mapping[str, SitePoint]) -> dict[str, float]:
    """What a full turn of each counter is, where that is known, for `History.gained`."""
    known = {point: of.spec.full_turn for point, of in points.items() if of.spec.counter}
    return {point: turn for point, turn in known.items() if turn is not None}


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """Readings in order of time; steps between neighbours that stand for many say what those were like."""

    at_ms: Ints
    value: Floats
    """Finite."""
    known_ms: Floats
    """One fewer: time within the step that is known; NaN to be worked out."""
    in_gaps: Floats
    """One fewer: gained within gaps of the step; NaN likewise."""


def plain(at_ms: Ints, value: Floats) -> Stretch:
    """Every reading, in order of time; those without a value are left out."""
    good = np.isfinite(value)
    unknown = np.full(max(int(good.sum()) - 1, 0), np.nan)
    return Stretch(at_ms[good], value[good], unknown, unknown)


def joined(stretches: Sequence[Stretch]) -> Stretch:
    """One after the other; late readings of one that fall into the time of another are sorted in."""
    some = [s for s in stretches if len(s.at_ms)]
    if not some:
        return plain(np.zeros(0, dtype=np.int64), np.zeros(0))
    between = np.full(1, np.nan)
    at_ms, value = np.concatenate([s.at_ms for s in some]), np.concatenate([s.value for s in some])
    known = np.concatenate([part for s in some for part in (s.known_ms, between)])
    in_gaps = np.concatenate([part for s in some for part in (s.in_gaps, between)])
    if bool(np.any(np.diff(at_ms) < 0)):
        order = np.argsort(at_ms, kind="stable")
        moved = np.diff(order, append=-1) != 1
        at_ms, value = at_ms[order], value[order]
        known, in_gaps = np.where(moved, np.nan, known[order]), np.where(moved, np.nan, in_gaps[order])
    return Stretch(at_ms, value, known[:-1], in_gaps[:-1])


def falls(stretch: Stretch) -> bool:
    """Whether it is less at any time than before."""
    return bool(np.any(np.diff(stretch.value) < 0))


def gains(
    point: str, readings: Stretch, edges_ms: Ints, rollover: float | None = None, exchanges: Sequence[Exchange] = ()
) -> Gains:
    """What was gained between each two neighbours of the strictly rising `edges_ms`.

    `rollover` is what a full turn of the counter is; `exchanges` are in the order in which they were told. No edge may
    lie within a step that stands for many readings.
    ValueError when the edges are fewer than two or do not rise.
    """
    if len(edges_ms) < 2 or bool(np.any(np.diff(edges_ms) <= 0)):
        raise ValueError("buckets need at least two edges, strictly rising")
    of = _kept(readings, np.append(np.diff(readings.at_ms) > 0, True)[: len(readings.at_ms)])
    of = _kept(of, _without_slips(of.value))
    if len(of.at_ms) < 2:
        nothing = np.full(len(edges_ms) - 1, np.nan)
        return Gains(point, edges_ms, nothing, nothing.copy(), np.zeros(len(edges_ms) - 1), ())
    took_ms = np.diff(of.at_ms).astype(np.float64)
    gained, lost, breaks = _steps(of, rollover, exchanges)
    close = took_ms <= LONGEST_STEP_MS
    known_ms = np.where(np.isnan(of.known_ms), np.where(close, took_ms, 0.0), of.known_ms)
    in_gaps = np.where(np.isnan(of.in_gaps), np.where(close, 0.0, gained), of.in_gaps)
    known_ms[lost] = in_gaps[lost] = 0.0
    told_ms = np.where(lost, 0.0, took_ms)
    of_edges = (_between(of.at_ms, steps, edges_ms) for steps in (gained, in_gaps, known_ms, told_ms))
    total, loose, known, told = of_edges
    seen = told > 0
    return Gains(
        point,
        edges_ms,
        np.where(seen, total, np.nan),
        np.where(seen, loose, np.nan),
        np.clip(known / np.diff(edges_ms), 0.0, 1.0),
        tuple(b for b in breaks if edges_ms[0] < b.at_ms <= edges_ms[-1]),
    )


def _kept(of: Stretch, keep: NDArray[np.bool_]) -> Stretch:
    """Without some readings; the steps that then lead over them are to be worked out."""
    if bool(keep.all()):
        return of
    places = np.flatnonzero(keep)
    whole = np.diff(places) == 1
    before = places[:-1]
    return Stretch(
        of.at_ms[keep],
        of.value[keep],
        np.where(whole, of.known_ms[before], np.nan),
        np.where(whole, of.in_gaps[before], np.nan),
    )


def _without_slips(value: Floats) -> NDArray[np.bool_]:
    keep = np.ones(len(value), dtype=np.bool_)
    for fall in np.flatnonzero(np.diff(value) < 0).tolist():
        if not (keep[fall] and keep[fall + 1]):
            continue
        before, after, depth = value[fall], value[fall + 1], value[fall] - value[fall + 1]
        later = value[fall + 2 : fall + 2 + SLIP_READINGS]
        back = np.flatnonzero(later >= before)
        if len(back) and later[back[0]] - before <= depth:
            keep[fall + 1 : fall + 2 + back[0]] = False
            continue
        first = max(fall - SLIP_READINGS, 0)
        low = np.flatnonzero(value[first:fall] <= after)
        if len(low) and after - value[first + low[-1]] <= depth:
            keep[first + low[-1] + 1 : fall + 1] = False
    return keep


def _steps(
    of: Stretch, rollover: float | None, exchanges: Sequence[Exchange]
) -> tuple[Floats, NDArray[np.bool_], list[Break]]:
    """What each step gained, whether that is unknown, and where the counter broke off."""
    gained = np.diff(of.value)
    lost = np.zeros(len(gained), dtype=np.bool_)
    breaks = []
    for step, exchange in _exchanged(of, gained, exchanges).items():
        before, after = float(of.value[step]), float(of.value[step + 1])
        gained[step] = max(exchange.last - before, 0.0) + max(after - exchange.first, 0.0)
        breaks.append(Break(exchange.at_ms, "exchange", before, after))
    for step in np.flatnonzero(gained < 0).tolist():
        before, after, at_ms = float(of.value[step]), float(of.value[step + 1]), int(of.at_ms[step + 1])
        turned = None if rollover is None else after + rollover - before
        if rollover is not None and turned is not None and 0 <= turned <= ROLLOVER_SHARE * rollover:
            gained[step] = turned
            breaks.append(Break(at_ms, "rollover", before, after))
        else:
            gained[step], lost[step] = 0.0, True
            breaks.append(Break(at_ms, "reset", before, after))
    return gained, lost, sorted(breaks, key=lambda b: b.at_ms)


def _exchanged(of: Stretch, gained: Floats, exchanges: Sequence[Exchange]) -> dict[int, Exchange]:
    """By step. Of several that came to one step, the one that was told last counts."""
    found: dict[int, Exchange] = {}
    for exchange in exchanges:
        step = _step_of(of, gained, exchange)
        if step is not None:
            found[step] = exchange
    return found


def _step_of(of: Stretch, gained: Floats, exchange: Exchange) -> int | None:
    """The fall nearest to the time that was noted; without one, the step at that time, if it can be the exchange.

    Readings close together that rise all the same are of one meter, unless the new one showed as much as the old one.
    """
    down = np.flatnonzero(gained < 0)
    off_ms = np.abs(of.at_ms[down + 1] - exchange.at_ms)
    if len(down) and off_ms.min() <= NOTED_MS:
        return int(down[off_ms.argmin()])
    step = int(np.searchsorted(of.at_ms, exchange.at_ms, side="left")) - 1
    if not 0 <= step < len(gained):
        return None
    close = of.at_ms[step + 1] - of.at_ms[step] <= LONGEST_STEP_MS
    return None if close and exchange.first < exchange.last else step


def _between(at_ms: Ints, steps: Floats, edges_ms: Ints) -> Floats:
    so_far = np.concatenate([np.zeros(1), np.cumsum(steps)])
    return np.diff(np.interp(edges_ms, at_ms, so_far))


@dataclass(frozen=True, slots=True, eq=False)
class Summaries:
    """One row a point; times and values are of its finite readings, NaN where it has none."""

    first_row: Ints
    rows: Ints
    first_ms: Floats
    first_value: Floats
    last_ms: Floats
    last_value: Floats
    falls: Ints
    known_ms: Ints
    in_gaps: Floats


def summaries(point: Ints, count: int, at_ms: Ints, value: Floats) -> Summaries:
    """Of `count` points, each with at least one row; rows are in order of point, then time."""
    rows = np.bincount(point, minlength=count)
    good = np.isfinite(value)
    of, at, reading = point[good], at_ms[good], value[good]
    some = np.flatnonzero(np.bincount(of, minlength=count))
    begins = np.searchsorted(of, some, side="left")
    ends = np.searchsorted(of, some, side="right") - 1
    first_ms, first, last_ms, last = (np.full(count, np.nan) for _ in range(4))
    first_ms[some], first[some], last_ms[some], last[some] = at[begins], reading[begins], at[ends], reading[ends]
    step = np.flatnonzero(np.diff(of) == 0)
    took_ms, rose = at[step + 1] - at[step], reading[step + 1] - reading[step]
    close = took_ms <= LONGEST_STEP_MS
    return Summaries(
        np.cumsum(rows) - rows,
        rows,
        first_ms,
        first,
        last_ms,
        last,
        np.bincount(of[step[rose < 0]], minlength=count),
        np.bincount(of[step], np.where(close, took_ms, 0), count).astype(np.int64),
        np.bincount(of[step], np.where(close, 0.0, rose), count).astype(np.float64),
    )
