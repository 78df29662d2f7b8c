"""What days cost: level and shape of published prices, by workday and other day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

import numpy as np

from control.grid import QUARTER_S, Array
from control.habits.known import PriceShape
from control.slots import WORKDAY, slots
from models.prices import PriceSeries

OTHER_OVER_WORKDAY: Final = 0.9
"""Mean of a Saturday or Sunday over that of a workday, until measured."""
KNOWN_HOURS: Final = 22


@dataclass(frozen=True)
class PriceDay:
    """A local day of which nearly every hour is known [NOK/kWh]."""

    day: int
    """Ordinal of the local day."""
    workday: bool
    mean: float
    deviation: Array
    """From the mean, by local hour."""


def on_quarters(series: PriceSeries) -> PriceSeries:
    """Prices that fit quarters of an hour: slots of another length become hours."""
    return series if max(series.step_s, QUARTER_S) % min(series.step_s, QUARTER_S) == 0 else series.resampled(3600)


def price_days(series: PriceSeries, zone: tzinfo) -> list[PriceDay]:
    """The known local days of a series that fits quarters, in order."""
    values = series.on_grid(series.start, series.end, QUARTER_S)
    when = slots(series.start, len(values), zone)
    found = []
    for day in np.unique(when.day):
        here = (when.day == day) & ~np.isnan(values)
        hour = when.hour[here].astype(np.int64)
        count = np.bincount(hour, minlength=24)
        if int((count > 0).sum()) >= KNOWN_HOURS:
            mean = float(values[here].mean())
            off = np.bincount(hour, values[here] - mean, minlength=24) / np.maximum(count, 1)
            found.append(PriceDay(int(day), bool(when.kind[here][0] == WORKDAY), mean, off))
    return found


def usual_prices_of(series: PriceSeries, zone: tzinfo) -> PriceShape | None:
    """Level and shape of the days of a series; None with fewer than two."""
    return usual_prices(price_days(on_quarters(series), zone))


def prices_off(days: Sequence[PriceDay], of: PriceShape) -> float:
    """How far these days' hours were from the usual ones, root of the mean square [NOK/kWh]."""
    off = []
    for day in days:
        level = of.level if day.workday else of.level * of.other_over_workday
        off.append(day.mean + day.deviation - level - np.array(of.deviation[0 if day.workday else 1]))
    return float(np.sqrt(np.mean(np.square(off))))


def usual_prices(days: Sequence[PriceDay]) -> PriceShape | None:
    """Level and shape of days; None with fewer than two."""
    if len(days) < 2:
        return None
    workdays, others = ([day for day in days if day.workday == kind] for kind in (True, False))
    ratio = OTHER_OVER_WORKDAY
    level = float(np.median([day.mean for day in workdays or others]))
    level = level if workdays else level / ratio
    if workdays and others and level > 0.05:
        ratio = float(np.clip(np.median([day.mean for day in others]) / level, 0.6, 1.1))
    shape_of = [np.median([day.deviation for day in some or days], axis=0) for some in (workdays, others)]
    rest = [day.deviation - shape_of[0 if day.workday else 1] for day in days]
    rows = [tuple(float(value) for value in shape) for shape in shape_of]
    return PriceShape(level, (rows[0], rows[1]), ratio, float(np.std(rest)))
