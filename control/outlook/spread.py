"""How uncertain an outlook is: standard deviations by part and step, for people to see."""

from datetime import timedelta
from typing import Final

import numpy as np

from control.activity import people_spread_kw
from control.grid import QUARTER_S, Array, Grid
from control.habits.known import Factor, Learned, Trip
from control.outlook.price_shape import on_quarters
from control.outlook.prices import SPREAD_LEAST_NOK_PER_KWH, SPREAD_SHARE
from control.outlook.weather import temp_spread_k
from control.problem import Outlook, Spread
from control.slots import slots
from models.forecast import PriceForecast
from models.site import Site

CLEARNESS_FAR: Final = 0.35
"""Standard deviation of irradiance over its forecast, far ahead and of a single hour."""
CLEARNESS_GROWS_H: Final = 24.0


def spread(
    of: Outlook, site: Site, grid: Grid, learned: Learned, prices: PriceForecast | None, *, weather: bool
) -> Spread:
    """Of an outlook on this grid; `weather`: whether it had a forecast. Errors of neighbouring steps go together."""
    quarters = slots(grid.start, sum(grid.quarters), site.zone_info)
    lead_h = grid.from_quarters(quarters.lead_h)
    tap, pv = None, None
    clear = CLEARNESS_FAR * (1 - np.exp(-lead_h / CLEARNESS_GROWS_H)) if weather else np.full(len(grid), 1.0)
    if of.draw_kw is not None and learned.tapped_l_per_h is not None:
        mean = np.maximum(grid.from_quarters(learned.tapped_l_per_h.at(quarters)), 1e-6)
        tap = of.draw_kw * grid.from_quarters(learned.tapped_l_per_h.spread_at(quarters)) / mean
    if of.pv_kw is not None:
        own = np.mean([learned.pv.get(array.id, Factor()).spread for array in site.pv])
        pv = of.pv_kw * np.sqrt(clear**2 + own**2)
    fields = {name: learned.collectors.get(name, Factor()).spread for name in of.sun_heat}
    people = [people_spread_kw(zone, quarters, learned.presence) for zone in site.zones]
    return Spread(
        base_load_kw=grid.from_quarters(learned.base_load_kw.spread_at(quarters)),
        outdoor_k=temp_spread_k(lead_h, forecast=weather),
        spot_nok_per_kwh=_price(of, grid, prices),
        people_kw=grid.from_quarters(np.sqrt(np.sum(np.square(people), axis=0))),
        draw_kw=tap,
        pv_kw=pv,
        collected_kw={k: of.sun_heat[k].to_tank_kw * np.sqrt(clear**2 + own**2) for k, own in fields.items()},
        back_h={charger.id: learned.trips.get(charger.id, Trip()).spread_h for charger in site.chargers},
    )


def _price(of: Outlook, grid: Grid, prices: PriceForecast | None) -> Array:
    guessed = np.maximum(SPREAD_SHARE * np.abs(of.sell_nok_per_kwh), SPREAD_LEAST_NOK_PER_KWH)
    if prices is None:
        return guessed
    end = grid.start + timedelta(seconds=QUARTER_S * sum(grid.quarters))
    known = on_quarters(prices.series).on_grid(grid.start, end, QUARTER_S)
    lacking = grid.from_quarters(np.isnan(known).astype(np.float64))
    return np.asarray(lacking * guessed, dtype=np.float64)
