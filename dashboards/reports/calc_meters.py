"""Meters: the purchaser's list by name with its residual, hot water per resident, circulation loss, U4SSC indicators.

Methods: sub-meters by purpose as Norway's procurement agency asks for (DFO, kriterieveiviseren, "Energioppfolging og
energimaling": room and ventilation heat, hot water, cooling, fans and pumps, lighting and equipment, large users);
the residual is what the main meter has and no sub-meter has. U4SSC: Collection Methodology for Key Performance
Indicators for Smart Sustainable Cities (ITU/UNECE 2017), by code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dashboards.reports.calc_known import Known, Why, added, minus, quotient
from models.assets import Purpose

RESIDUAL_LIMIT_PCT: Final = 5.0
GJ_PER_KWH: Final = 0.0036
WATER_KWH_PER_M3_K: Final = 1.16
DAYS_PER_YEAR: Final = 365.25
DFO_PURPOSES: Final = (
    Purpose.ROOM_AND_AIR_HEAT,
    Purpose.HOT_WATER,
    Purpose.COOLING,
    Purpose.FANS_AND_PUMPS,
    Purpose.LIGHT_AND_EQUIPMENT,
    Purpose.LARGE_USERS,
    Purpose.VEHICLES,
)


@dataclass(frozen=True, slots=True)
class PurposeLine:
    """One line of the list."""

    purpose: Purpose
    meters: tuple[str, ...]
    """Ids; empty: the site has none for it."""
    energy_kwh: Known
    share_pct: Known
    """Of all that was used."""


@dataclass(frozen=True, slots=True)
class MeterList:
    """Electricity used, by purpose."""

    used_kwh: Known
    """Bought less sold plus own generation."""
    lines: tuple[PurposeLine, ...]
    residual_kwh: Known
    """Used less all lines: positive when something is not metered."""
    residual_pct: Known
    within_limit: bool | None
    """Whether the residual is within 5 % of what was used; None when it is not known."""


def meter_list(
    bought_kwh: Known, sold_kwh: Known, made_kwh: Known, meters: Mapping[str, tuple[Purpose, Known]]
) -> MeterList:
    """The list of a period, of the electricity sub-meters by id (the main meter and sources are not among them).

    A purpose with a meter that is not known is not known; nothing is filled in.
    """
    used = added(bought_kwh, minus(sold_kwh), made_kwh)
    lines = []
    for purpose in DFO_PURPOSES:
        own = {name: energy for name, (of, energy) in meters.items() if of is purpose}
        energy = added(*own.values()) if own else Known.missing(Why.NOT_MEASURED)
        lines.append(PurposeLine(purpose, tuple(own), energy, quotient(energy, used, 100.0)))
    measured = [line.energy_kwh for line in lines if line.meters]
    residual = added(used, *(minus(energy) for energy in measured))
    share = quotient(residual, used, 100.0)
    within = None if share.value is None else abs(share.value) <= RESIDUAL_LIMIT_PCT
    return MeterList(used, tuple(lines), residual, share, within)


@dataclass(frozen=True, slots=True)
class HotWaterUse:
    """Hot water of a period."""

    litres_per_resident_day: Known
    """At the temperature it was drawn at."""
    litres_60degc_per_resident_day: Known
    """As much heat, at 60 degC."""
    kwh_per_resident_year: Known
    """Heat in the water drawn, carried on to a year; circulation and tank losses not included."""
    kwh_per_m2_year: Known
    circulation_kwh: Known
    circulation_w_per_resident: Known
    circulation_share_pct: Known
    """Of circulation and drawn heat together."""


def hot_water(
    volume_m3: Known,
    drawn_kwh: Known,
    circulation_kwh: Known,
    cold_degc: Known,
    *,
    residents: int,
    area_m2: float,
    days: float,
) -> HotWaterUse:
    """Use per resident and circulation loss.

    Args:
        volume_m3: drawn in the period.
        drawn_kwh: heat in it above the cold water.
        circulation_kwh: heat the loops lost.
        cold_degc: mean cold-water temperature.
        residents: who live there.
        area_m2: heated floor.
        days: of the period.
    """
    resident_days = Known(residents * days)
    to_year = DAYS_PER_YEAR / days if days > 0 else 0.0
    at_60 = _litres_at_60(drawn_kwh, cold_degc)
    return HotWaterUse(
        litres_per_resident_day=quotient(volume_m3, resident_days, 1000.0),
        litres_60degc_per_resident_day=quotient(at_60, resident_days),
        kwh_per_resident_year=quotient(drawn_kwh, Known(float(residents)), to_year),
        kwh_per_m2_year=quotient(drawn_kwh, Known(area_m2), to_year),
        circulation_kwh=circulation_kwh,
        circulation_w_per_resident=quotient(circulation_kwh, resident_days, 1000.0 / 24.0),
        circulation_share_pct=quotient(circulation_kwh, added(circulation_kwh, drawn_kwh), 100.0),
    )


def _litres_at_60(drawn_kwh: Known, cold_degc: Known) -> Known:
    if drawn_kwh.value is None or cold_degc.value is None:
        return drawn_kwh if drawn_kwh.value is None else cold_degc
    rise_k = 60.0 - cold_degc.value
    return Known(1000 * drawn_kwh.value / (WATER_KWH_PER_M3_K * rise_k), drawn_kwh.coverage)


@dataclass(frozen=True, slots=True)
class Indicator:
    """One U4SSC indicator."""

    code: str
    unit: str
    value: Known


def u4ssc(
    *,
    electricity_kwh: Known,
    delivered_kwh: Known,
    renewable_kwh: Known,
    heat_kwh: Known,
    people: int,
    area_m2: float,
    days: float,
) -> tuple[Indicator, ...]:
    """The building's part of the indicators, carried on to a year.

    Args:
        electricity_kwh: used.
        delivered_kwh: all energy delivered to the building (4A: of a public building).
        renewable_kwh: of what was used, from the building's own sun and ground.
        heat_kwh: heat used by residents' rooms and hot water.
        people: residents.
        area_m2: gross floor.
        days: of the period.
    """
    year = DAYS_PER_YEAR / days if days > 0 else 0.0
    all_used = added(delivered_kwh, renewable_kwh)
    heads, floor = Known(float(people)), Known(area_m2)
    return (
        Indicator("EN: E: E: 1C", "%", quotient(renewable_kwh, all_used, 100.0)),
        Indicator("EN: E: E: 2C", "kWh/person/year", quotient(electricity_kwh, heads, year)),
        Indicator("EN: E: E: 3C", "GJ/person/year", quotient(heat_kwh, heads, year * GJ_PER_KWH)),
        Indicator("EN: E: E: 4A", "ekWh/m2/year", quotient(delivered_kwh, floor, year)),
    )
