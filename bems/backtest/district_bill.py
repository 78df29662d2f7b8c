"""What a run's district heat cost."""

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np

from bems.backtest.columns import Array, Columns
from models.district_heat import DistrictHeat, heat_prices
from models.local_time import local_date
from models.prices import PriceSeries
from models.site import Site
from models.tariff import in_force


def district_nok(site: Site, seen: Columns, prices: PriceSeries) -> float | None:
    """Energy, and for each month touched power and fixed charge in full [NOK]; 0 without a network, None if unknown."""
    total = 0.0
    for network in site.district_heat:
        taken = seen.energy_kwh(site.find(network.devices, "energy_kwh"))
        if taken is None:
            power = seen.column(site.find(network.devices, "power_kw"))
            taken = None if power is None else power * seen.hours
        if taken is None:
            return None
        total += network_nok(site, network, seen.run.start, round(seen.run.dt_s), prices, taken)
    return None if np.isnan(total) else total


def network_nok(
    site: Site, network: DistrictHeat, start: datetime, step_s: int, prices: PriceSeries, taken_kwh: Array
) -> float:
    """The same of one network, from what was taken in each step; NaN where a price is not known."""
    end = start + timedelta(seconds=step_s * len(taken_kwh))
    nok = float(heat_prices(network.prices, site.tariff, prices, start, end, step_s) @ taken_kwh)
    per_hour = max(round(3600 / step_s), 1)
    highest_kw: defaultdict[tuple[int, int], float] = defaultdict(float)
    for first in range(0, len(taken_kwh), per_hour):
        day = local_date(start + timedelta(seconds=first * step_s))
        hour_kw = float(taken_kwh[first : first + per_hour].sum())
        highest_kw[day.year, day.month] = max(highest_kw[day.year, day.month], hour_kw)
    for (year, month), kw in highest_kw.items():
        terms = in_force(network.prices, local_date(start).replace(year=year, month=month, day=1))
        nok += terms.nok_per_kw_month * kw + terms.fixed_nok_per_month
    return nok
