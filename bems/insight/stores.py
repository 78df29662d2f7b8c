"""What district heat cost, and what batteries took and gave, in the day and the month until now."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bems.insight.metered import Day, hourly
from control.grid import Array
from dashboards.ports.energy import HeatBillView, HeatCostView, PackCostView, PackView
from models.battery import Battery
from models.district_heat import DistrictHeat, heat_prices
from models.local_time import local_date
from models.prices import PriceSeries
from models.site import Site
from models.tariff import feed_in_prices, import_prices, in_force


def heat_bills(site: Site, days: Sequence[Day], step_s: int) -> list[HeatBillView]:
    """Of every substation whose heat is counted; `days` are the month's, today last."""
    found = []
    for network in site.district_heat:
        point = site.find(network.devices, "energy_kwh")
        if point is not None:
            kwh = [day.gained[point] for day in days]
            nok = [_heat_nok(site, network, day, each, step_s) for day, each in zip(days, kwh, strict=True)]
            month = _month(network, days, kwh, nok, step_s)
            found.append(HeatBillView(network.id, network.name, _heat(kwh[-1], nok[-1]), month))
    return found


def _heat_nok(site: Site, network: DistrictHeat, day: Day, kwh: Array, step_s: int) -> Array:
    spot = day.prices if day.prices is not None else PriceSeries(day.start, step_s, np.full(len(kwh), np.nan))
    end = day.start + len(kwh) * timedelta(seconds=step_s)
    return kwh * heat_prices(network.prices, site.tariff, spot, day.start, end, step_s)


def _month(
    network: DistrictHeat, days: Sequence[Day], kwh: Sequence[Array], nok: Sequence[Array], step_s: int
) -> HeatCostView:
    """With what is owed for the month's power and the month itself, by the terms of its first day."""
    terms = in_force(network.prices, local_date(days[0].start))
    kw = np.concatenate([hourly(each, step_s) for each in kwh])
    peak_kw = None if np.isnan(kw).all() else float(np.nanmax(kw))
    peak_nok = terms.nok_per_kw_month * (peak_kw or 0.0) if terms.nok_per_kw_month > 0 else None
    energy = _heat(np.concatenate(kwh), np.concatenate(nok))
    total = energy.energy_nok + (peak_nok or 0.0) + terms.fixed_nok_per_month
    return HeatCostView(
        energy.kwh, energy.energy_nok, peak_kw, peak_nok, terms.fixed_nok_per_month, total, energy.known_share
    )


def _heat(kwh: Array, nok: Array) -> HeatCostView:
    known = np.isfinite(kwh) & np.isfinite(nok)
    cost = float(nok[known].sum())
    return HeatCostView(float(kwh[known].sum()), cost, None, None, None, cost, _share(known))


def packs(
    site: Site, days: Sequence[Day], bought: Sequence[Array], sold: Sequence[Array], step_s: int
) -> list[PackView]:
    """Of every battery that counts both ways; `bought` and `sold` at the main meter, by day and slot."""
    worth = [_worth(site, *of, step_s) for of in zip(days, bought, sold, strict=True)]
    found = []
    for battery in site.batteries:
        into, out = (site.find(battery.devices, signal) for signal in ("charged_kwh", "discharged_kwh"))
        if into is not None and out is not None:
            taken, given = [day.gained[into] for day in days], [day.gained[out] for day in days]
            month = _pack(battery, *(np.concatenate(each) for each in (taken, given, worth)))
            found.append(PackView(battery.id, battery.name, _pack(battery, taken[-1], given[-1], worth[-1]), month))
    return found


def _worth(site: Site, day: Day, bought: Array, sold: Array, step_s: int) -> Array:
    """What a kWh more cost in each slot: what it would have earned while more was sold than bought [NOK/kWh]."""
    if day.prices is None:
        return np.full(len(bought), np.nan)
    end = day.start + len(bought) * timedelta(seconds=step_s)
    buy = import_prices(site.tariff, day.prices, day.start, end, step_s)
    sell = feed_in_prices(site.tariff, day.prices, day.start, end, step_s)
    return np.where(sold > bought, sell, buy)


def _pack(battery: Battery, taken: Array, given: Array, worth: Array) -> PackCostView:
    known = np.isfinite(taken) & np.isfinite(given) & np.isfinite(worth)
    into, out, nok = taken[known], given[known], worth[known]
    taken_nok, given_nok, given_kwh = float(into @ nok), float(out @ nok), float(out.sum())
    wear = given_kwh * battery.wear_nok_per_kwh
    earned = given_nok - taken_nok - wear
    return PackCostView(float(into.sum()), given_kwh, taken_nok, given_nok, wear, earned, _share(known))


def _share(known: NDArray[np.bool_]) -> float:
    return float(known.mean()) if len(known) else 0.0
