"""A run of a plant as a record to learn from."""

from collections.abc import Iterable
from datetime import timedelta

from bems.backtest.lockstep import LockstepResult
from control.record import Record
from models.site import Site


def record_of(
    result: LockstepResult, site: Site, points: Iterable[str] | None = None, dt_s: float = 900.0
) -> Record | None:
    """The run's points (all that were kept when left out) on steps of `dt_s`, begun on a full step of the clock.

    Powers and temperatures are means over the step, counters their last value. None when the run is shorter than one
    step. ValueError when `dt_s` is no multiple of the run's step.
    """
    skipped = round(-result.start.timestamp() % dt_s / result.dt_s)
    place = {point: n for n, point in enumerate(result.points)}
    wanted = place if points is None else [point for point in points if point in place]
    values = {point: result.values[skipped:, place[point]] for point in wanted}
    counters = frozenset(point for point in wanted if point in site.points and site.points[point].spec.counter)
    start = result.start + timedelta(seconds=skipped * result.dt_s)
    record = Record(start, result.dt_s, values).resampled(dt_s, counters)
    return record if len(record) else None
