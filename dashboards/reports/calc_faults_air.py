"""Faults of air-handling units, from means of a quarter of an hour."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboards.reports.calc_faults import FaultKind, Finding, cannot_tell, judged, looks, yearly_nok
from dashboards.reports.calc_known import Array, Why

AIR_KWH_PER_M3_K: Final = 0.000335
SUPPLY_FAN_SHARE: Final = 0.5
"""Of the fans' power that warms the supply air."""
LEAK_LIMIT_K: Final = 1.0
"""Warmer than recovery and fan make it: four sensors and the fan's share are good for half of that."""
WATER_OVER_K: Final = 8.0
"""The coil's water must be so much warmer than the air, or a leak could not show."""
SHUT_PCT: Final = 1.0
OPEN_PCT: Final = 5.0
BOTH_LIMIT: Final = 0.1
"""Share of the time with cooling in which the unit heats as well; a quarter of an hour may hold both by turns."""
LEAST_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class UnitSteps:
    """An air-handling unit over time, one value a step; NaN is a gap."""

    outdoor_degc: Array
    supply_degc: Array
    extract_degc: Array
    recovery_pct: Array
    flow_m3_per_h: Array
    fan_kw: Array
    heating_valve_pct: Array
    cooling_valve_pct: Array
    water_degc: Array
    """Supply of the heating coil's circuit."""


def valve_leak(
    unit: str, steps: UnitSteps, design_m3_per_h: float, step_h: float, heat_nok_per_kwh: float | None
) -> Finding:
    """Whether a heating coil gives heat with its valve shut.

    Method: while both valves are shut and were in the step before, supply air less what recovery and the supply fan
    make of the outdoor air: outdoor + recovery (extract - outdoor) + fan heat. One look a day, its median.
    """
    s = steps
    shut = (s.heating_valve_pct < SHUT_PCT) & (s.cooling_valve_pct < SHUT_PCT)
    shut[1:] &= shut[:-1].copy()
    shut[:1] = False
    recovered = s.outdoor_degc + s.recovery_pct / 100 * (s.extract_degc - s.outdoor_degc)
    moving = s.flow_m3_per_h > 0.2 * design_m3_per_h
    with np.errstate(divide="ignore", invalid="ignore"):
        fan_k = SUPPLY_FAN_SHARE * s.fan_kw / (s.flow_m3_per_h * AIR_KWH_PER_M3_K)
    warmer_k = s.supply_degc - recovered - fan_k
    telling = shut & moving & (s.water_degc > recovered + WATER_OVER_K)
    sizes = looks(warmer_k, telling, round(24 / step_h), max(round(1 / step_h), 1))
    if not len(sizes):
        return cannot_tell(FaultKind.VALVE_LEAK, unit, "K", LEAK_LIMIT_K, Why.NO_OCCASION)
    leak_kw = np.maximum(warmer_k, 0.0) * s.flow_m3_per_h * AIR_KWH_PER_M3_K
    lost_kwh = float(np.nansum(leak_kw[telling])) * step_h
    evidence = {
        "shut_h": float(telling.sum()) * step_h,
        "leak_kw": float(np.nanmean(leak_kw[telling])),
        "supply_degc": float(np.nanmean(s.supply_degc[telling])),
        "recovered_degc": float(np.nanmean((recovered + fan_k)[telling])),
    }
    return judged(
        FaultKind.VALVE_LEAK,
        unit,
        sizes,
        unit="K",
        limit=LEAK_LIMIT_K,
        least=LEAST_DAYS,
        nok_per_year=yearly_nok(lost_kwh, len(telling) * step_h, heat_nok_per_kwh),
        evidence=evidence,
    )


def heating_and_cooling(
    unit: str,
    heating_pct: Array,
    cooling_pct: Array,
    heating_kw: float,
    cooling_kw: float,
    step_h: float,
    heat_nok_per_kwh: float | None,
) -> Finding:
    """Whether the same air (or room) is heated and cooled at once.

    Method: the share of the steps with cooling in which heating is open too, one look a day. What is lost is the
    smaller of both, each by its position times its rating: an upper estimate, as valves are not linear.

    Args:
        unit: what both work on.
        heating_pct: position of the heating valve, or the mean of the rooms'.
        cooling_pct: position of the cooling valve.
        heating_kw: heating at full opening.
        cooling_kw: cooling at full opening.
        step_h: length of a step.
        heat_nok_per_kwh: price of the heat.
    """
    cooling = cooling_pct > OPEN_PCT
    both = cooling & (heating_pct > OPEN_PCT)
    per_day, least = round(24 / step_h), max(round(1 / step_h), 1)
    shares = []
    for begin in range(0, len(cooling), per_day):
        part = slice(begin, begin + per_day)
        if cooling[part].sum() >= least:
            shares.append(float(both[part].sum() / cooling[part].sum()))
    lost_kw = np.minimum(heating_pct * heating_kw, cooling_pct * cooling_kw) / 100
    lost_kwh = float(lost_kw[both].sum()) * step_h
    evidence = {
        "both_h": float(both.sum()) * step_h,
        "cooling_h": float(cooling.sum()) * step_h,
        "lost_kwh": lost_kwh,
    }
    return judged(
        FaultKind.HEATING_AND_COOLING,
        unit,
        np.array(shares),
        unit="share",
        limit=BOTH_LIMIT,
        least=LEAST_DAYS,
        nok_per_year=yearly_nok(lost_kwh, len(cooling) * step_h, heat_nok_per_kwh),
        evidence=evidence,
    )
