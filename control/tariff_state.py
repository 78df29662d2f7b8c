"""The months a plan touches, with their peaks so far, from the contract of the metering point."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from control.assets.boilers import HeatPeak
from control.assets.peak import HighestHour, MeanOfThreeDays, MonthPeak, PerKw, Steps
from control.problem import TariffState
from control.rules.memory import HeatHour
from control.rules.peak_guard import step_top_kw
from models.district_heat import DistrictHeat
from models.local_time import local_date
from models.tariff import NoPeakCharge, PeakPerKw, PeakSteps, TariffConfig, in_force


def local_days(hour_starts: Sequence[datetime]) -> tuple[date, ...]:
    """Local day of each clock hour."""
    return tuple(local_date(hour) for hour in hour_starts)


def tariff_state(
    tariff: TariffConfig, days: Sequence[date], highs_kw: Mapping[date, float], floor_kw: float | None = None
) -> TariffState:
    """Power charge of every calendar month among `days`.

    Args:
        tariff: the contract.
        days: local day of each clock hour of the plan.
        highs_kw: highest clock hour of each local day so far [kW]; other months' days do not matter.
        floor_kw: peak that the month will see anyway [kW]; below it no peak is avoided at a cost. None: nothing is
            reckoned with but what has been.
    """
    months = []
    for year, month in sorted({(day.year, day.month) for day in days}):
        charge = in_force(tariff.grid, next(d for d in days if (d.year, d.month) == (year, month))).peak
        if isinstance(charge, NoPeakCharge):
            continue
        here = {day: kw for day, kw in highs_kw.items() if (day.year, day.month) == (year, month)}
        basis: HighestHour | MeanOfThreeDays
        if charge.basis == "highest_hour":
            basis = HighestHour(max([floor_kw or 0.0, *here.values()]))
        elif floor_kw is None:
            basis = MeanOfThreeDays(here)
        else:
            basis = MeanOfThreeDays(here, _to_come_kw(charge, here, floor_kw))
        price: PerKw | Steps = (
            PerKw(charge.nok_per_kw(month))
            if isinstance(charge, PeakPerKw)
            else Steps(tuple(s.from_kw for s in charge.steps), tuple(s.nok_per_month for s in charge.steps))
        )
        months.append(MonthPeak(year, month, basis, price))
    return TariffState(tuple(months))


def _to_come_kw(charge: PeakPerKw | PeakSteps, highs_kw: Mapping[date, float], floor_kw: float) -> float:
    """What the days of the month that nobody knows yet are reckoned to reach where three of them count [kW].

    Under capacity steps as much as leaves the month on the step it falls into: a day that takes what others are hoped
    to spare loses the step when they do not.
    """
    if isinstance(charge, PeakPerKw):
        return floor_kw
    top = step_top_kw(charge, MeanOfThreeDays(highs_kw, floor_kw).so_far_kw)
    if top is None:
        return floor_kw
    left, count = 3 * top, 3
    for high in sorted(highs_kw.values(), reverse=True)[:2]:
        if high > left / count:
            left, count = left - high, count - 1
    return max(floor_kw, left / count)


def heat_peaks(
    networks: Sequence[DistrictHeat], days: Sequence[date], hours: Mapping[str, HeatHour], floor_kw: float
) -> dict[str, tuple[HeatPeak, ...]]:
    """Power charge of district heat in every calendar month among `days`, by substation; none where it has none.

    Args:
        networks: the substations.
        days: local day of each clock hour of the plan.
        hours: what each has taken so far.
        floor_kw: heat that a month will see anyway [kW]; below it no peak is avoided at a cost.
    """
    months = sorted({(day.year, day.month) for day in days})
    found: dict[str, tuple[HeatPeak, ...]] = {}
    for network in networks:
        peaks = []
        for month in months:
            here = tuple(hour for hour, day in enumerate(days) if (day.year, day.month) == month)
            price = in_force(network.prices, days[here[0]]).nok_per_kw_month
            hour = hours.get(network.id)
            begun = local_date(hour.start) if hour is not None else None
            seen = begun is not None and (begun.year, begun.month) == month
            so_far = hour.highest_kw if hour is not None and seen else 0.0
            if price > 0:
                peaks.append(HeatPeak(here, price, max(so_far, min(floor_kw, network.max_kw))))
        if peaks:
            found[network.id] = tuple(peaks)
    return found
