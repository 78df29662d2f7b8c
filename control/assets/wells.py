"""Borehole field: rock near the wells as a node, brine from the heat drawn, a floor, a price of the season's heat."""

from dataclasses import dataclass

from control.assets.bus import Bus, Node
from control.expr import Expr, total


@dataclass(frozen=True)
class Wells:
    """Parameters of the field over a few days."""

    ground: Node
    """Rock within a day's reach of the wells; its loss is to the rock farther off."""
    far_degc: float
    resistance_k_per_kw: float
    """From that rock to the mean brine."""
    mean_fluid_min_degc: float
    inlet_above_mean_k: float = 1.75
    """Brine from the wells above the mean: half of the 3.5 K it is cooled by."""
    expected_kw: float = 0.0


def brine(bus: Bus, of: Wells, floor_nok_per_kh: float, season_nok_per_kwh: float) -> Expr:
    """T_f = T_g - R x,  T_f + s >= T_floor,  cost = sum dt (c s + lambda x);  S = T_f + dT/2 is what machines get.

    Call it after everything that draws from the ground or returns heat to it has been stated.

    | symbol | meaning | unit |
    |---|---|---|
    | T_g, T_f | rock near the wells, mean brine | degC |
    | x | heat drawn from the ground, net of solar heat and cooling returned | kW |
    | R | resistance between them | K/kW |
    | lambda | worth of heat in the ground: the season's budget as a price | NOK/kWh |
    """
    n, dt = len(bus.grid), bus.grid.dt_h
    drawn = -total(bus.into_kw[of.ground.id], n)
    fluid = bus.temp[of.ground.id] - of.resistance_k_per_kw * drawn
    frozen = bus.slack("brine floor", "brine", floor_nok_per_kh * dt)
    bus.m.rows("brine floor", fluid + frozen >= of.mean_fluid_min_degc)
    bus.m.cost("season", season_nok_per_kwh * dt * drawn)
    bus.show("wells.drawn_kw", drawn)
    return bus.show("wells.fluid_degc", fluid)
