"""Greenhouse gas of energy by dated factors: location based (the grid's mix) and market based (what was bought).

Method: GHG Protocol Scope 2 Guidance: kWh of each year times that year's factor. The factors are data with a source
each; a year without one has no figure, and no other year's stands in for it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from dashboards.reports.calc_known import Known, Why
from models.profile import Text
from models.reporting import GreenhouseFactor, Source


class Basis(StrEnum):
    """What a factor is of."""

    LOCATION = "location"
    """Physically delivered in Norway, imports included (NVE)."""
    MARKET = "market"
    """The residual mix of the electricity disclosure (NVE varedeklarasjon), without guarantees of origin."""
    LIFETIME_NO = "lifetime_no"
    """NS 3720, Norwegian mix over sixty years."""
    LIFETIME_EU = "lifetime_eu"
    """NS 3720, European mix over sixty years."""


@dataclass(frozen=True, slots=True)
class Factor:
    """What a kWh of electricity gives off in some time."""

    basis: Basis
    first: date
    last: date
    """Included."""
    g_per_kwh: float
    source: Source


def _year(basis: Basis, year: int, g_per_kwh: float, source: Source) -> Factor:
    return Factor(basis, date(year, 1, 1), date(year, 12, 31), g_per_kwh, source)


def _delivered(year: int, g_per_kwh: float) -> Factor:
    source = Text(nb=f"NVE, klimadeklarasjon for fysisk levert strøm {year}", en=f"NVE, climate declaration {year}")
    return _year(Basis.LOCATION, year, g_per_kwh, source)


def _disclosed(year: int, g_per_kwh: float) -> Factor:
    source = Text(nb=f"NVE, varedeklarasjon for strømleverandører {year}", en=f"NVE, electricity disclosure {year}")
    return _year(Basis.MARKET, year, g_per_kwh, source)


FACTORS: Final = (
    _delivered(2019, 17.0),
    _delivered(2020, 8.0),
    _delivered(2021, 11.0),
    _delivered(2022, 19.0),
    _delivered(2023, 15.0),
    _disclosed(2015, 509.0),
    _disclosed(2016, 530.0),
    _disclosed(2020, 402.0),
    Factor(Basis.LIFETIME_NO, date(2018, 1, 1), date(2078, 12, 31), 18.0, "NS 3720:2018"),
    Factor(Basis.LIFETIME_EU, date(2018, 1, 1), date(2078, 12, 31), 136.0, "NS 3720:2018"),
)
"""Those seen in print, none later than 2023: NVE's own pages for 2015 and 2023 (news of 11.06.2024), the others as
suppliers and trade papers repeat NVE (2021: Energi Aktuelt). A site file may add its own years."""


def site_factors(own: Sequence[GreenhouseFactor]) -> tuple[Factor, ...]:
    """A site file's factors before those that came with the program."""
    return (*(Factor(Basis(f.basis), f.first, f.last, f.g_per_kwh, f.source) for f in own), *FACTORS)


def years_without(days: Sequence[date], basis: Basis, factors: Sequence[Factor] = FACTORS) -> tuple[int, ...]:
    """Years of these days that lack a factor on some of them."""
    return tuple(sorted({day.year for day in days if factor_on(basis, day, factors) is None}))


def factor_on(basis: Basis, day: date, factors: Sequence[Factor] = FACTORS) -> Factor | None:
    """The factor for a day; None when there is none."""
    return next((f for f in factors if f.basis is basis and f.first <= day <= f.last), None)


def co2_kg(energy_kwh: Mapping[date, float], basis: Basis, factors: Sequence[Factor] = FACTORS) -> Known:
    """Greenhouse gas [kg CO2 equivalents] of daily energies; NO_FACTOR when a day has none.

    Coverage is the part of the energy that has a factor.
    """
    if not energy_kwh:
        return Known.missing(Why.NO_DATA, 0.0)
    grams, covered, total = 0.0, 0.0, 0.0
    lacking = False
    for day, kwh in energy_kwh.items():
        factor = factor_on(basis, day, factors)
        total += kwh
        if factor is None:
            lacking = True
        else:
            covered += kwh
            grams += kwh * factor.g_per_kwh
    coverage = covered / total if total > 0 else float(not lacking)
    return Known.missing(Why.NO_FACTOR, coverage) if lacking else Known(grams / 1000, coverage)
