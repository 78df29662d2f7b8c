"""The months a plan touches, with their peaks so far, from the contract of the metering point."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from control.assets.peak import HighestHour, MeanOfThreeDays, MonthPeak, PerKw, Steps
from control.problem import TariffState
from models.local_time import local_date
from models.tariff import NoPeakCharge, PeakPerKw, TariffConfig, in_force


def local_days(hour_starts: Sequence[datetime]) -> tuple[date, ...]:
    """Local day of each clock hour."""
    return tuple(local_date(hour) for hour in hour_starts)


def tariff_state(
    tariff: TariffConfig, days: Sequence[date], highs_kw: Mapping[date, float], floor_kw: float = 0.0
) -> TariffState:
    """Power charge of every calendar month among `days`.

    Args:
        tariff: the contract.
        days: local day of each clock hour of the plan.
        highs_kw: highest clock hour of each local day so far [kW]; other months' days do not matter.
        floor_kw: peak that the month will see anyway [kW]; below it no peak is avoided at a cost.
    """
    months = []
    for year, month in sorted({(day.year, day.month) for day in days}):
        charge = in_force(tariff.grid, next(d for d in days if (d.year, d.month) == (year, month))).peak
        if isinstance(charge, NoPeakCharge):
            continue
        here = {day: kw for day, kw in highs_kw.items() if (day.year, day.month) == (year, month)}
        basis: HighestHour | MeanOfThreeDays = (
            HighestHour(max([floor_kw, *here.values()]))
            if charge.basis == "highest_hour"
            else MeanOfThreeDays(here, floor_kw)
        )
        price: PerKw | Steps = (
            PerKw(charge.nok_per_kw(month))
            if isinstance(charge, PeakPerKw)
            else Steps(tuple(s.from_kw for s in charge.steps), tuple(s.nok_per_month for s in charge.steps))
        )
        months.append(MonthPeak(year, month, basis, price))
    return TariffState(tuple(months))
