"""Energy and money until now: bills of the day and the month, the month's peak, what each meter counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import isfinite
from typing import Final

import numpy as np

from bems.insight.metered import Day, Metered, all_prices, counters_of, hourly, main_counters, summed
from bems.insight.stores import heat_bills, packs
from control.grid import Array
from control.night.account import Account
from control.plan import Plan
from control.rules.peak_guard import target_kw
from dashboards.ports.energy import (
    BillView,
    DayView,
    EnergyView,
    HighHourView,
    HourView,
    MeterView,
    PeakView,
    SavedView,
    SavingsView,
)
from models.bill import MonthBill, month_bill
from models.local_time import local_date, local_day
from models.prices import PriceSeries
from models.site import Site
from models.tariff import NoPeakCharge, PeakPerKw, PeakSteps, import_prices, in_force

HOUR: Final = timedelta(hours=1)
HIGHEST: Final = 5
"""Days whose highest hour is shown."""


@dataclass(frozen=True)
class Known:
    """What is known besides the record."""

    power_kw: float | None = None
    """Bought less sold now."""
    prices: PriceSeries | None = None
    """The newest, for hours to come."""
    outdoor_degc: float | None = None
    highest_kw: Mapping[date, float] = field(default_factory=dict)
    """Highest clock hour of each local day of the month, as control remembers it."""
    plan: Plan | None = None
    accounts: Sequence[Account] = ()
    """Of nights, newest last."""


def energy_view(site: Site, metered: Metered, now: datetime, known: Known) -> EnergyView | None:
    """Until `now` (UTC); None where the connection's meter has no counter. Blocks while it reads the record."""
    bought, sold = main_counters(site)
    if not bought:
        return None
    today = local_date(now)
    days = metered.days(today.replace(day=1), now)
    prices = all_prices(days)
    taken = [summed(day, bought) for day in days]
    given = [summed(day, sold) if sold else np.zeros(len(kwh)) for day, kwh in zip(days, taken, strict=True)]
    month = _bill(site, metered.step_s, prices, days[0].start, np.concatenate(taken), np.concatenate(given))
    of_days = [
        _bill(site, metered.step_s, prices, day.start, kwh, back)
        for day, kwh, back in zip(days, taken, given, strict=True)
    ]
    by_hour = [hourly(kwh, metered.step_s) for kwh in taken]
    return EnergyView(
        now=now,
        vat_pct=site.tariff.vat_pct,
        today=_bill_view(of_days[-1], days[-1].start, now, whole_month=False),
        month=_bill_view(month, days[0].start, now, whole_month=True),
        hours=_hours(site, days[-1], by_hour[-1], hourly(given[-1], metered.step_s), now, known),
        days=[_day(day, bill, kw) for day, bill, kw in zip(days, of_days, by_hour, strict=True)],
        meters=_meters(site, days),
        peak=_peak(site, month, days, by_hour, now, known),
        savings=savings(known.accounts),
        heat=heat_bills(site, days, metered.step_s),
        batteries=packs(site, days, taken, given, metered.step_s),
    )


def _bill(
    site: Site, step_s: int, prices: PriceSeries | None, start: datetime, bought_kwh: Array, sold_kwh: Array
) -> MonthBill:
    if prices is None:
        slot = start - timedelta(seconds=start.timestamp() % step_s)
        prices = PriceSeries(slot, step_s, np.full(1, np.nan))
    return month_bill(site.tariff, prices, start, step_s, bought_kwh, sold_kwh)


def _bill_view(bill: MonthBill, start: datetime, end: datetime, *, whole_month: bool) -> BillView:
    energy = bill.energy_nok - bill.feed_in_nok
    return BillView(
        start=start,
        end=end,
        bought_kwh=bill.import_kwh,
        sold_kwh=bill.export_kwh,
        spot_nok=bill.spot_nok,
        supplier_nok=bill.supplier_nok,
        grid_nok=bill.grid_energy_nok,
        tax_nok=bill.tax_nok,
        sold_nok=bill.feed_in_nok,
        peak_nok=bill.peak_nok if whole_month else None,
        fixed_nok=bill.fixed_nok if whole_month else None,
        total_nok=bill.total_nok if whole_month else energy,
        known_share=bill.known_share,
    )


def _hours(site: Site, day: Day, bought: Array, sold: Array, now: datetime, known: Known) -> list[HourView]:
    start, end = local_day(local_date(day.start))
    count = round((end - start) / HOUR)
    series = [p for p in (day.prices, known.prices) if p is not None]
    buy = np.full(count, np.nan)
    for prices in series:
        found = import_prices(site.tariff, prices, start, end, 3600)
        buy = np.where(np.isnan(found), buy, found)
    found_hours = []
    for hour in range(count):
        begin = start + hour * HOUR
        seen = hour < len(bought)
        found_hours.append(
            HourView(
                begin,
                _known(bought[hour]) if seen else None,
                _known(sold[hour]) if seen else None,
                _known(buy[hour]),
                _planned_kwh(known.plan, begin, now),
            )
        )
    return found_hours


def _planned_kwh(plan: Plan | None, hour: datetime, now: datetime) -> float | None:
    """What the plan buys in a clock hour that has not begun; None where it does not cover it."""
    if plan is None or hour < now or hour < plan.grid.start or hour + HOUR > plan.grid.end:
        return None
    return float(plan.grid.covered_h(hour, hour + HOUR) @ plan.trajectories["grid.import_kw"])


def _day(day: Day, bill: MonthBill, hourly_kw: Array) -> DayView:
    if bill.known_share == 0 and np.isnan(hourly_kw).all():
        return DayView(day.start, None, None, None, None)
    highest = float(np.nanmax(hourly_kw)) if not np.isnan(hourly_kw).all() else None
    return DayView(day.start, bill.import_kwh, bill.export_kwh, bill.energy_nok - bill.feed_in_nok, highest)


def _meters(site: Site, days: Sequence[Day]) -> list[MeterView]:
    found = []
    for meter in site.meters:
        # of a meter that counts both ways, what it brought; where it only gives (solar cells), that
        point = next(iter(counters_of(site, meter)), None)
        by_day = [float(np.nansum(day.gained[point])) if np.isfinite(day.gained[point]).any() else np.nan
                  for day in days] if point is not None else []  # fmt: skip
        month = float(np.nansum(by_day)) if by_day and not np.isnan(by_day).all() else None
        today = _known(by_day[-1]) if by_day else None
        found.append(MeterView(meter.id, meter.name, meter.carrier, meter.purpose.value, today, month))
    return found


def _peak(
    site: Site, bill: MonthBill, days: Sequence[Day], by_hour: Sequence[Array], now: datetime, known: Known
) -> PeakView:
    today = local_date(now)
    charge = in_force(site.tariff.grid, today.replace(day=1)).peak
    hour_start = now - timedelta(seconds=now.timestamp() % 3600)
    hour_kwh = _known(by_hour[-1][-1]) if len(by_hour[-1]) else None
    left_h = 1 - (now - hour_start) / HOUR
    expected = None
    if hour_kwh is not None and known.power_kw is not None:
        expected = hour_kwh + max(known.power_kw, 0.0) * left_h
    step_from, step_to, next_nok = _steps(charge, bill.peak_kw)
    planned = None
    if known.plan is not None:
        basis = known.plan.trajectories.get(f"peak {today.year}-{today.month:02d}.basis_kw")
        planned = _known(float(basis[0])) if basis is not None else None
    return PeakView(
        kind=charge.kind,
        basis=None if isinstance(charge, NoPeakCharge) else charge.basis,
        so_far_kw=bill.peak_kw,
        so_far_nok=None if bill.peak_kw is None else bill.peak_nok,
        nok_per_kw=charge.nok_per_kw(today.month) if isinstance(charge, PeakPerKw) else None,
        step_from_kw=step_from,
        step_to_kw=step_to,
        next_step_nok=next_nok,
        target_kw=target_kw(site, known.highest_kw, today, known.outdoor_degc, planned),
        planned_kw=planned,
        highest=_highest(days, by_hour, hour_start),
        hour_start=hour_start,
        hour_kwh=hour_kwh,
        hour_expected_kw=expected,
    )


def _steps(charge: object, peak_kw: float | None) -> tuple[float | None, float | None, float | None]:
    """Where the month's step begins, where the next one does, and what that one costs more."""
    if not isinstance(charge, PeakSteps):
        return None, None, None
    reached = [n for n, step in enumerate(charge.steps) if step.from_kw <= max(peak_kw or 0.0, 0.0)][-1]
    here = charge.steps[reached]
    if reached + 1 == len(charge.steps):
        return here.from_kw, None, None
    above = charge.steps[reached + 1]
    return here.from_kw, above.from_kw, above.nok_per_month - here.nok_per_month


def _highest(days: Sequence[Day], by_hour: Sequence[Array], running: datetime) -> list[HighHourView]:
    """The highest hour of each day that has ended, the highest days first."""
    found = []
    for day, kw in zip(days, by_hour, strict=True):
        whole = np.where([day.start + n * HOUR < running for n in range(len(kw))], kw, np.nan)
        if not np.isnan(whole).all():
            hour = int(np.nanargmax(whole))
            found.append(HighHourView(day.start + hour * HOUR, float(whole[hour])))
    return sorted(found, key=lambda one: -one.kw)[:HIGHEST]


def savings(accounts: Sequence[Account]) -> SavingsView:
    """Of nights that are accounted for (oldest first), together."""
    nights = [SavedView(a.start, a.end, a.cost_nok, a.saved_nok, a.uncertainty_nok, a.saved) for a in accounts]
    told = [night for night in nights if night.saved_nok is not None]
    spreads = [night.uncertainty_nok for night in told if night.uncertainty_nok is not None]
    return SavingsView(
        nights=nights[::-1],
        counted=len(told),
        saved_nok=sum(night.saved_nok or 0.0 for night in told) if told else None,
        uncertainty_nok=sum(spreads) if told and len(spreads) == len(told) else None,
    )


def _known(value: float) -> float | None:
    return float(value) if isfinite(value) else None
