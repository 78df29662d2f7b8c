"""Where assets meet: electricity taken, heat into nodes, temperatures of nodes, and what is shown of them.

Symbols used by all assets: t step, dt its length [h], x' the value one step earlier (before the first: the state).
Powers are means over a step [kW], temperatures those at its end [degC].
"""

from collections import defaultdict
from dataclasses import dataclass, field

from control.expr import Expr, Operand, total
from control.grid import Array, Grid
from control.lp import Problem


@dataclass
class Bus:
    """The problem while it is being stated; assets add to it in the order dispatch calls them."""

    m: Problem
    grid: Grid
    load_kw: list[Operand] = field(default_factory=list)
    """Electricity taken; generation is negative."""
    into_kw: defaultdict[str, list[Operand]] = field(default_factory=lambda: defaultdict(list))
    """Heat into each node."""
    temp: dict[str, Expr] = field(default_factory=dict)
    """Temperature of each node [degC]."""
    shown: dict[str, Expr] = field(default_factory=dict)
    """What a plan's trajectories show, by '<asset>.<quantity>_<unit>'."""
    soft: dict[str, Expr] = field(default_factory=dict)
    """How far each promise may be broken at a price; used ones are the plan's violations."""

    def show(self, name: str, expr: Expr) -> Expr:
        """Have it in the plan's trajectories."""
        self.shown[name] = expr
        return expr

    def slack(self, name: str, part: str, nok: float | Array, size: int | None = None) -> Expr:
        """A breach of promise, in its unit, at `nok` per unit (and step)."""
        slack = self.m.var(name, len(self.grid) if size is None else size)
        self.m.cost(part, slack * nok)
        self.soft[name] = slack
        return slack


@dataclass(frozen=True)
class Node:
    """Something of one temperature: a tank, a room, a slab, the ground around the wells."""

    id: str
    capacity_kwh_per_k: float
    loss_kw_per_k: float = 0.0
    """To its surroundings."""


def temperature(bus: Bus, node: Node, start_degc: float, low_degc: float, high_degc: float) -> Expr:
    """T: temperature of a node within its hard limits, which give way to a state already outside them."""
    low, high = min(low_degc, start_degc), max(high_degc, start_degc)
    bus.temp[node.id] = bus.m.var(f"{node.id}.degc", len(bus.grid), low, high, ref=start_degc)
    return bus.show(f"{node.id}.degc", bus.temp[node.id])


def balance(bus: Bus, node: Node, start_degc: float, ambient_degc: float | Array) -> None:
    """C (T - T') / dt = sum q - H (T - T_amb).

    | symbol | meaning | unit |
    |---|---|---|
    | C, H | heat capacity, loss of the node | kWh/K, kW/K |
    | T, T_amb | temperature of the node, of its surroundings | degC |
    | q | heat put into it by all assets (taken out: negative) | kW |
    """
    temp = bus.temp[node.id]
    stored = (temp - temp.prev(start_degc)) * (node.capacity_kwh_per_k / bus.grid.dt_h)
    lost = node.loss_kw_per_k * (temp - ambient_degc)
    bus.m.rows(f"{node.id} heat", (total(bus.into_kw[node.id], len(bus.grid)) - stored).equals(lost))


def terminal(bus: Bus, node: Node, nok_per_kwh: float, ref_degc: float) -> None:
    """V = v C (missing - SURPLUS_WORTH surplus),  T_end - T_ref = surplus - missing.

    Heat left at the end is worth what it spares later; above T_ref less so, for it leaks away before it is needed.

    | symbol | meaning | unit |
    |---|---|---|
    | v | worth of a kWh stored | NOK/kWh |
    | T_ref | temperature the node is expected to need next | degC |
    """
    surplus = bus.m.var(f"{node.id}.surplus_k", 1)
    missing = bus.m.var(f"{node.id}.missing_k", 1)
    bus.m.rows(f"{node.id} end", (bus.temp[node.id][-1:] - ref_degc).equals(surplus - missing))
    bus.m.cost("terminal", nok_per_kwh * node.capacity_kwh_per_k * (missing - SURPLUS_WORTH * surplus))


SURPLUS_WORTH = 0.7
