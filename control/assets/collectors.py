"""Solar thermal collectors: heat of each shared among tank, circulation and wells; what finds no sink stands still."""

from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus
from control.assets.heat_pumps import GROUND
from control.expr import Expr, total, zeros
from control.grid import Array


@dataclass(frozen=True)
class Collectors:
    """Where the heat of a field can go."""

    id: str
    tank: str
    """Its node."""
    circulation: str | None
    """Node of the after-heater, whose circulation return it may warm."""
    wells: bool
    tank_expected_degc: float
    """Tank temperature at which the heat to the tank was forecast."""
    optical_factor: float = 1.0
    """Of the site file's eta0; fitted."""
    loss_factor: float = 1.0
    """Of the site file's a1 and a2; fitted."""


@dataclass(frozen=True)
class SunHeat:
    """What the field could give to each sink if that had it alone, one value per step [kW]."""

    to_tank_kw: Array
    to_circulation_kw: Array
    to_wells_kw: Array
    standstill_degc: Array
    """Collector temperature at which it gives nothing [degC]."""


def collect(bus: Bus, of: Collectors, sun: SunHeat, unused_nok_per_kwh: float) -> Expr:
    """Heat shared in time: sum_k c_k / A_k <= 1,  c_tank / A_tank <= (T_0 - T) / (T_0 - T_ref).

    The flow goes to one sink at a time; within a step the shares of time add up to at most one. The unused share costs
    a little: a field at standstill ages.

    Fields with a sink in common add up in its balance, each giving what it could give alone. A tank that one warms
    takes less from the other, for its temperature is in the second row of both. The circulation and the wells are
    taken to come back as warm as they were forecast, however much they get: what both fields give, they can take.

    | symbol | meaning | unit |
    |---|---|---|
    | c_k, A_k | heat to sink k, what it could be if all of the step went there | kW |
    | T, T_ref | tank, its temperature when A_tank was forecast | degC |
    | T_0 | standstill temperature of the collectors | degC |
    """
    n = len(bus.grid)
    sinks: list[tuple[str, str, Array]] = [("tank", of.tank, np.maximum(sun.to_tank_kw, 0.0))]
    if of.circulation is not None:
        sinks.append(("circulation", of.circulation, np.maximum(sun.to_circulation_kw, 0.0)))
    if of.wells:
        sinks.append(("wells", GROUND, np.maximum(sun.to_wells_kw, 0.0)))
    shares, given = [], zeros(n)
    for sink, node, most in sinks:
        share = bus.m.var(f"{of.id}.to_{sink}", n, 0.0, np.where(most > 0.05, 1.0, 0.0))
        bus.into_kw[node].append(share * most)
        bus.show(f"{of.id}.to_{sink}_kw", share * most)
        shares.append(share)
        given = given + share * most
    bus.show(f"{of.id}.heat_kw", given)
    day = np.maximum.reduce([most for _, _, most in sinks]) > 0.05
    if day.any():
        bus.m.rows(f"{of.id} time", total(shares, n)[day] <= 1.0)
        # Above the standstill temperature nothing may flow, but the row must stay possible.
        top = np.maximum(sun.standstill_degc, float(TANK_TOP_DEGC))
        cooler = (top - bus.temp[of.tank]) / np.maximum(top - of.tank_expected_degc, 1.0)
        bus.m.rows(f"{of.id} tank warm", shares[0][day] <= cooler[day])
        best = np.maximum.reduce([most for _, _, most in sinks])
        bus.m.cost("wear", unused_nok_per_kwh * bus.grid.dt_h * best * (1.0 - total(shares, n)))
    return shares[0]


TANK_TOP_DEGC = 95.0
"""No tank is ever hotter."""
