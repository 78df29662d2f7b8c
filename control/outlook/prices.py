"""What a kWh costs and earns, step by step: published spot as long as it is known, then what days like it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from control.grid import QUARTER_S, Array
from control.outlook.moment import Moment
from control.outlook.price_shape import OTHER_OVER_WORKDAY, on_quarters, price_days
from control.slots import WORKDAY, Slots, slots
from models.district_heat import heat_prices
from models.forecast import PriceForecast
from models.prices import PriceSeries
from models.reasons import Code, because
from models.signals import Reason
from models.tariff import feed_in_prices, import_prices

FLAT_NOK_PER_KWH: Final = 0.6
"""Spot when nothing was ever known; flat, so that no plan is built on a shape that nobody has seen."""
SHAPE: Final = (
    -0.15, -0.18, -0.20, -0.20, -0.17, -0.08, 0.05, 0.20, 0.25, 0.18, 0.08, 0.02,
    -0.02, -0.05, -0.05, 0.00, 0.10, 0.20, 0.22, 0.15, 0.05, -0.03, -0.08, -0.13,
)  # fmt: skip
"""Hour's spot over the mean of its day, less 1: two peaks, as Nordic days have (our assumption)."""
DONOR_WEIGHT: Final = 0.6
"""Of the last known day of the kind, against the usual shape."""
USUAL_WEIGHT: Final = 0.2
"""Of the usual level, against the last known day's."""
SPREAD_SHARE: Final = 0.25
SPREAD_LEAST_NOK_PER_KWH: Final = 0.08
"""Standard deviation of a price that is not published yet, over its level, and at least."""
THEN: Final = {
    Code.GUESSED_PRICES_DAYS: Code.SEEN_PRICES_DAYS,
    Code.GUESSED_PRICES_WEEKS: Code.SEEN_PRICES_WEEKS,
    Code.GUESSED_PRICES_FLAT: Code.SEEN_PRICES_FLAT,
}
"""What is said where such prices follow published ones."""


@dataclass(frozen=True)
class Prices:
    """By step [NOK/kWh, ex VAT]."""

    buy: Array
    sell: Array
    source: Reason
    heat: Mapping[str, Array]
    """District heat, by substation."""


def expected_prices(moment: Moment, forecast: PriceForecast | None) -> Prices:
    """Prices over the grid: published ones, then those of days like it (uncertainty: `spread`)."""
    grid, tariff = moment.grid, moment.site.tariff
    published = on_quarters(forecast.series) if forecast is not None else None
    first = grid.start.replace(minute=0)
    until = grid.hour_starts[-1] + timedelta(hours=1)
    count = int((until - first).total_seconds()) // QUARTER_S
    known = published.on_grid(first, until, QUARTER_S) if published is not None else np.full(count, np.nan)
    lacking = np.isnan(known)
    spot, source = known, because(Code.SEEN_PRICES, until_at=_local(moment, until))
    if lacking.any():
        when = slots(first, count, moment.site.zone_info)
        guess, guessed_from = _guess(moment, published, when)
        spot = np.where(lacking, guess, known)
        end = first + timedelta(seconds=int(np.argmax(lacking)) * QUARTER_S)
        if end > grid.start:
            source = because(THEN[guessed_from], until_at=_local(moment, end))
        else:
            source = because(guessed_from)
    series = PriceSeries(first, QUARTER_S, spot)
    return Prices(
        moment.on_grid(import_prices(tariff, series, grid.start, grid.end, QUARTER_S)),
        moment.on_grid(feed_in_prices(tariff, series, grid.start, grid.end, QUARTER_S)),
        source,
        {
            network.id: moment.on_grid(heat_prices(network.prices, tariff, series, grid.start, grid.end, QUARTER_S))
            for network in moment.site.district_heat
        },
    )


def _local(moment: Moment, when: datetime) -> str:
    return when.astimezone(moment.site.zone_info).isoformat(timespec="minutes")


def _guess(moment: Moment, series: PriceSeries | None, when: Slots) -> tuple[Array, Code]:
    """Spot of every quarter as if none were published, and from what."""
    usual = moment.learned.prices
    days = price_days(series, moment.site.zone_info) if series is not None else []
    workday = when.kind == WORKDAY
    hour = when.hour.astype(np.int64)
    if not days:
        if usual is None:
            return np.full(len(when), FLAT_NOK_PER_KWH), Code.GUESSED_PRICES_FLAT
        levels = usual.level * np.where(workday, 1.0, usual.other_over_workday)
        return levels + np.array(usual.deviation)[np.where(workday, 0, 1), hour], Code.GUESSED_PRICES_WEEKS
    last = days[-1]
    ratio = usual.other_over_workday if usual is not None else OTHER_OVER_WORKDAY
    level_workday = last.mean if last.workday else last.mean / ratio
    if usual is not None:
        level_workday += USUAL_WEIGHT * (usual.level - level_workday)
    guess = np.empty(len(when))
    for kind in (True, False):
        level = level_workday * (1.0 if kind else ratio)
        alike = [day for day in days if day.workday == kind] or days
        shape = np.array(usual.deviation[0 if kind else 1]) if usual is not None else abs(level) * np.array(SHAPE)
        deviation = DONOR_WEIGHT * alike[-1].deviation + (1 - DONOR_WEIGHT) * shape
        guess = np.where(workday == kind, level + deviation[hour], guess)
    return guess, Code.GUESSED_PRICES_DAYS
