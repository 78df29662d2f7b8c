"""What the month's peak costs: a strategy object for every kind of power tariff.

P_h = (E_h + sum_{t in h} dt g_imp) / 1 h is the mean power of clock hour h, E_h what was bought in it before the plan.
Only what the plan adds to the month's charge is money to the solver: what is incurred already sits in references.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np

from control.assets.bus import Bus
from control.expr import Expr

BELOW_KW = 0.01
"""A step's threshold belongs to the step: the plan stays this much below it."""


class Basis(Protocol):
    """What power a month is charged for."""

    def stated(self, bus: Bus, name: str, hourly_kw: Expr, days: Sequence[date]) -> Expr:
        """The month's basis [kW] as one expression that is at least what the hours make of it."""

    @property
    def so_far_kw(self) -> float:
        """The basis before the plan's first hour."""


class Charge(Protocol):
    """What the basis costs."""

    def stated(self, bus: Bus, name: str, basis_kw: Expr, so_far_kw: float, most_kw: float) -> None:
        """Add the charge to the problem's cost."""


@dataclass(frozen=True)
class HighestHour:
    """B >= P_h for all h, B >= B_0: the month's highest clock hour; B_0 that so far, or the floor planned for it."""

    so_far_kw: float = 0.0

    def stated(self, bus: Bus, name: str, hourly_kw: Expr, days: Sequence[date]) -> Expr:
        """One variable above all hours."""
        del days
        basis = bus.m.var(f"{name}.basis_kw", 1, self.so_far_kw, ref=self.so_far_kw)
        bus.m.rows(f"{name} hours", hourly_kw <= basis)
        return basis


@dataclass(frozen=True)
class MeanOfThreeDays:
    """B = min_z z + 1/3 sum_d max(M_d - z, 0), M_d >= P_h for all h of day d: mean of the three highest days.

    Where fewer than three days have been, those to come count with `expected_kw`.
    """

    highs_kw: Mapping[date, float] = field(default_factory=dict)
    """Highest hour of each local day of the month so far."""
    expected_kw: float = 0.0
    count: int = 3
    """Fewer where a bill of fewer days is reckoned."""

    @property
    def so_far_kw(self) -> float:
        """Mean of the three highest, expected ones included."""
        return float(np.mean(self._known(())[: self.count]))

    def _known(self, without: Sequence[date]) -> list[float]:
        past = [kw for day, kw in self.highs_kw.items() if day not in without]
        return sorted(past + [self.expected_kw] * self.count, reverse=True)

    def stated(self, bus: Bus, name: str, hourly_kw: Expr, days: Sequence[date]) -> Expr:
        """A variable per day of the plan; the three highest of the others are all that can count besides."""
        planned = sorted(set(days))
        others = self._known(planned)[: self.count]
        start = np.array([self.highs_kw.get(day, 0.0) for day in planned])
        middle = sorted([*others, *start], reverse=True)[self.count - 1]
        day_kw = bus.m.var(f"{name}.day_kw", len(planned), start, ref=start)
        bus.m.rows(f"{name} hours", hourly_kw <= day_kw[np.array([planned.index(day) for day in days])])
        level = bus.m.var(f"{name}.level_kw", 1, ref=middle)
        over_ref = np.maximum(np.array([*start, *others]) - middle, 0.0)
        over = bus.m.var(f"{name}.over_kw", len(planned) + self.count, ref=over_ref)
        count = len(planned)
        bus.m.rows(f"{name} days", day_kw - level <= over[:count])
        bus.m.rows(f"{name} past days", np.array(others) - level <= over[count:])
        return level + over.sum() * (1 / self.count)


@dataclass(frozen=True)
class PerKw:
    """cost = c B."""

    nok_per_kw: float

    def stated(self, bus: Bus, name: str, basis_kw: Expr, so_far_kw: float, most_kw: float) -> None:
        """A price for every kW."""
        del name, so_far_kw, most_kw
        bus.m.cost("peak", self.nok_per_kw * basis_kw)


@dataclass(frozen=True)
class Steps:
    """cost = sum_j (c_j - c_{j-1}) s_j,  B <= F_1 - eps + sum_j w_j s_j,  s_j >= s_{j+1},  s_j 0 or 1.

    F_j are the thresholds above the basis so far, w_j the widths to the next one. Broken s_j (in a linear problem)
    price a kW by the step's mean slope.
    """

    from_kw: tuple[float, ...]
    nok_per_month: tuple[float, ...]

    def stated(self, bus: Bus, name: str, basis_kw: Expr, so_far_kw: float, most_kw: float) -> None:
        """A binary for every step that may still be reached."""
        most_kw = max(most_kw, so_far_kw) + 1.0
        ahead = [j for j, kw in enumerate(self.from_kw) if so_far_kw < kw < most_kw]
        if not ahead:
            return
        rise = np.array([self.nok_per_month[j] - self.nok_per_month[j - 1] for j in ahead])
        width = np.diff([*(self.from_kw[j] for j in ahead), most_kw])
        taken = bus.m.var(f"{name}.steps", len(ahead), 0.0, 1.0, integer=len(ahead))
        reach = (taken * width).sum() + (self.from_kw[ahead[0]] - BELOW_KW)
        bus.m.rows(f"{name} steps", basis_kw <= reach)
        if len(ahead) > 1:
            bus.m.rows(f"{name} step order", taken[1:] <= taken[:-1])
        bus.m.cost("peak", rise * taken)


@dataclass(frozen=True)
class MonthPeak:
    """One calendar month's power charge."""

    year: int
    month: int
    basis: HighestHour | MeanOfThreeDays
    charge: PerKw | Steps


def peak(bus: Bus, months: Sequence[MonthPeak], imported: Expr, elapsed_kwh: float, days: Sequence[date]) -> None:
    """Charge every month its peak; `days` are the local days of the grid's clock hours, no month: no charge.

    `elapsed_kwh` is E_h of the hour the plan begins in.
    """
    hours = len(days)
    energy = (bus.grid.dt_h * imported).by(bus.grid.hour, hours)
    hourly_kw = energy + np.concatenate(([elapsed_kwh], np.zeros(hours - 1)))
    bus.show("grid.hour_kw", hourly_kw)
    for month in months:
        here = np.flatnonzero([(day.year, day.month) == (month.year, month.month) for day in days])
        if not len(here):
            continue
        name = f"peak {month.year}-{month.month:02d}"
        basis_kw = month.basis.stated(bus, name, hourly_kw[here], [days[int(h)] for h in here])
        bus.show(f"{name}.basis_kw", basis_kw)
        most_kw = max(MOST_KW, month.basis.so_far_kw)
        month.charge.stated(bus, name, basis_kw, month.basis.so_far_kw, most_kw)


MOST_KW = 2000.0
"""No step of a tariff for low voltage begins above this."""
