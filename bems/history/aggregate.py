"""Samples to buckets: pure arithmetic on arrays.

A sample's value holds until the next sample, whatever its quality, but no longer than `max_hold_ms`; then there is a
gap. A sample without a value (NaN) ends the hold of the one before it. Within a bucket everything is weighted by the
time it held, so a value that was overtaken in the same millisecond counts for nothing.
"""

import numpy as np
from numpy.typing import NDArray

from bems.history.rows import Buckets, Series

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def aggregate(series: Series, edges_ms: Ints, max_hold_ms: int) -> Buckets:
    """The buckets between strictly rising `edges_ms` of a series in order of time.

    The series must reach back `max_hold_ms` before the first edge for the value that holds there to be seen.
    ValueError when the edges are fewer than two or do not rise, or the hold is not positive.
    """
    if len(edges_ms) < 2 or bool(np.any(np.diff(edges_ms) <= 0)):
        raise ValueError("buckets need at least two edges, strictly rising")
    if max_hold_ms <= 0:
        raise ValueError(f"a value must be allowed to hold for some time, got {max_hold_ms} ms")
    bucket, held_ms, value = _pieces(series, edges_ms, max_hold_ms)
    count = len(edges_ms) - 1
    known_ms = np.bincount(bucket, held_ms, count)
    known = known_ms > 0
    begins = np.flatnonzero(np.diff(bucket, prepend=-1))  # pieces come in order of time, so in order of bucket
    ends = np.append(begins[1:], len(bucket)) - 1
    low, high, last, mean = (np.full(count, np.nan) for _ in range(4))
    if len(begins):
        low[known] = np.minimum.reduceat(value, begins)
        high[known] = np.maximum.reduceat(value, begins)
        last[known] = value[ends]
        total = np.bincount(bucket, held_ms * value, count)
        # rounding must not push the mean of a constant out of its own range
        mean[known] = np.clip(total[known] / known_ms[known], low[known], high[known])
    coverage = known_ms / np.diff(edges_ms)
    return Buckets(series.point, edges_ms, mean, low, high, last, coverage)


def _pieces(series: Series, edges_ms: Ints, max_hold_ms: int) -> tuple[Ints, Floats, Floats]:
    """Bucket number, time held [ms] and value of every stretch of a value within one bucket."""
    begin = series.at_ms
    end = begin + max_hold_ms
    end[:-1] = np.minimum(end[:-1], begin[1:])
    begin, end = np.maximum(begin, edges_ms[0]), np.minimum(end, edges_ms[-1])
    holds = (end > begin) & ~np.isnan(series.value)
    begin, end, value = begin[holds], end[holds], series.value[holds]
    first = np.searchsorted(edges_ms, begin, side="right") - 1
    pieces = np.searchsorted(edges_ms, end, side="left") - first
    owner = np.repeat(np.arange(len(begin)), pieces)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    bucket = first[owner] + nth
    held_ms = np.minimum(end[owner], edges_ms[bucket + 1]) - np.maximum(begin[owner], edges_ms[bucket])
    return bucket, held_ms.astype(np.float64), value[owner]


def means(series: Series, edges_ms: Ints, max_hold_ms: int) -> Floats:
    """The means alone of what `aggregate` gives, to a millionth, in a third of the time: for years of samples.

    By running sums of what held until each edge; the last digits of these are rounding, hence the millionth.
    """
    if len(edges_ms) < 2 or bool(np.any(np.diff(edges_ms) <= 0)):
        raise ValueError("buckets need at least two edges, strictly rising")
    at_ms, known = series.at_ms, np.isfinite(series.value)
    if not known.any():
        return np.full(len(edges_ms) - 1, np.nan)
    middle = float(series.value[known].mean())  # sums of differences from it stay small
    value = np.where(known, series.value - middle, 0.0)
    held_ms = np.append(np.minimum(np.diff(at_ms), max_hold_ms), max_hold_ms) * known
    so_far_ms = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(held_ms)])
    so_far = np.concatenate([np.zeros(1), np.cumsum(value * held_ms)])
    newest = np.searchsorted(at_ms, edges_ms, side="right") - 1
    is_after = newest >= 0
    since_ms = np.where(is_after, np.minimum(edges_ms - at_ms[newest], held_ms[newest]), 0)
    place = np.maximum(newest, 0)
    known_ms = np.diff(so_far_ms[place] + since_ms)
    total = np.diff(so_far[place] + np.where(is_after, value[newest], 0.0) * since_ms)
    mean = np.full(len(known_ms), np.nan)
    some = known_ms > 0
    mean[some] = np.round(middle + total[some] / known_ms[some], 6)
    return mean
