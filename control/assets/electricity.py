"""The connection to the grid, and solar cells."""

from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus
from control.expr import Expr, total
from control.grid import Array

LEAST_SPREAD_NOK: float = 1e-3
"""A meter nets within its hour, so selling never pays more than not buying; keeps the plan from doing both at once."""


@dataclass(frozen=True)
class Connection:
    """Limits of the connection."""

    fuse_kw: float
    feed_in_limit_kw: float


@dataclass(frozen=True)
class Exchange:
    """Power bought and sold."""

    imported: Expr
    exported: Expr


def exchange(
    bus: Bus, of: Connection, buy: Array, sell: Array, expected_kw: Array, fuse_nok_per_kwh: float
) -> Exchange:
    """Buying and selling.

        cost = sum dt (p_buy g_imp - p_sell g_exp + p_over g_over),  g_imp - g_over <= G_fuse,  g_exp <= G_feed

    | symbol | meaning | unit |
    |---|---|---|
    | g_imp, g_exp | power bought, sold | kW |
    | g_over | part of g_imp above the main fuse: only what nobody controls can cause it | kW |
    | p_buy, p_sell | all that a kWh bought costs, a kWh sold earns | NOK/kWh |

    `expected_kw` is what is bought (negative: sold) whatever the plan does: its cost is none of the plan's.
    """
    n, dt = len(bus.grid), bus.grid.dt_h
    within = bus.m.var("grid.within_fuse_kw", n, 0.0, of.fuse_kw, ref=np.clip(expected_kw, 0.0, of.fuse_kw))
    over = bus.slack("main fuse", "fuse", fuse_nok_per_kwh * dt)
    exported = bus.m.var(
        "grid.export_kw", n, 0.0, of.feed_in_limit_kw, ref=np.clip(-expected_kw, 0.0, of.feed_in_limit_kw)
    )
    imported = bus.show("grid.import_kw", within + over)
    bus.show("grid.export_kw", exported)
    bus.m.cost("energy", dt * buy * imported - dt * np.minimum(sell, buy - LEAST_SPREAD_NOK) * exported)
    return Exchange(imported, exported)


def solar_cells(bus: Bus, available_kw: Array, curtail_nok_per_kwh: float) -> Expr:
    """g_pv = A_pv - c,  0 <= c <= A_pv.

    | symbol | meaning | unit |
    |---|---|---|
    | A_pv | what the cells could give | kW |
    | c | what is turned down; a touch of a price keeps it for when it pays | kW |
    """
    curtailed = bus.m.var("pv.curtailed_kw", len(bus.grid), 0.0, available_kw)
    bus.m.cost("wear", curtail_nok_per_kwh * bus.grid.dt_h * curtailed)
    bus.load_kw.append(curtailed - available_kw)
    return bus.show("pv.power_kw", available_kw - curtailed)


def power_balance(bus: Bus, through: Exchange, base_load_kw: Array) -> None:
    """g_imp - g_exp - sum l = L; its dual is the internal price of electricity.

    | symbol | meaning | unit |
    |---|---|---|
    | l | power taken by each asset (generation negative) | kW |
    | L | load nobody controls | kW |
    """
    loads = total(bus.load_kw, len(bus.grid))
    bus.m.rows("electricity", (through.imported - through.exported - loads).equals(base_load_kw))
