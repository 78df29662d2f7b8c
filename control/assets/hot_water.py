"""Tap water: preheating in a chain of tanks of heating water, the potable after-heater, circulation, hygiene."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from control.assets.bus import Bus, Node
from control.expr import Expr, total
from control.grid import Array, Grid


@dataclass(frozen=True)
class HotWater:
    """Parameters of the hot-water system."""

    preheaters: tuple[str, ...]
    """Tanks the cold water passes, in order."""
    exchanger_kw_per_k: float
    after_heater: Node
    heater_kw: float
    stage_kw: float
    circulation_kw_per_k: float
    surroundings_degc: float
    low_degc: float
    """Mean of the after-heater at which supply and every return still keep their hygiene limits."""
    high_degc: float
    cycle_degc: float
    """What the whole of it must reach in a hygiene cycle."""
    cycle_h: float
    top_above_mean_k: float = 3.0
    """By how much a preheating tank's top, which the exchanger sees, is warmer than its mean."""


def preheat(bus: Bus, of: HotWater, rate_kw_per_k: Array, cold_degc: Array, hotter_k: Mapping[str, Array]) -> Expr:
    """Heat to the water from the tanks it passes; returns the sum of all q_k.

        q_k = k_x (T_k + s - T_cold) - (k_x / r) sum_{j<k} q_j + y_k,  k_x = U r / (U + r),  0 <= y_k <= k_x Y_k

    Counter-flow exchangers one after the other with the flow forecast. Water warmer than a tank would warm it (q_k
    < 0); y_k is what passes by such a tank, possible only where the tanks before it may be the hotter ones.

    | symbol | meaning | unit |
    |---|---|---|
    | r | capacity rate of the water drawn | kW/K |
    | U | exchanger at each tank | kW/K |
    | T_k, s | mean of tank k, its top above that | degC, K |
    | Y_k | how much hotter the tanks before it may become, from `hotter_k` (0 where it is missing) | K |
    """
    n = len(bus.grid)
    flowing = rate_kw_per_k > 1e-6
    r = np.where(flowing, rate_kw_per_k, 1.0)
    k_x = np.where(flowing, of.exchanger_kw_per_k * r / (of.exchanger_kw_per_k + r), 0.0)
    before: list[Expr] = []
    for tank in of.preheaters:
        heat = k_x * (bus.temp[tank] + of.top_above_mean_k - cold_degc) - (k_x / r) * total(before, n)
        passed_by = k_x * hotter_k.get(tank, np.zeros(n))
        if passed_by.any():
            heat = heat + bus.m.var(f"{tank}.passed_by_kw", n, 0.0, passed_by)
        bus.into_kw[tank].append(-heat)
        bus.show(f"{tank}.preheat_kw", heat)
        before.append(heat)
    return total(before, n)


def after_heater(bus: Bus, of: HotWater, draw_kw: Array, preheated: Expr) -> Expr:
    """Heat into the after-heater: e_a - (D - sum q_k) - H_c (T_a - T_room),  0 <= e_a <= E_a;  T_a - over <= T_high.

    The sun may make it hotter than its thermostat would; the price of that keeps the heater from doing so.

    | symbol | meaning | unit |
    |---|---|---|
    | e_a | electric heater | kW |
    | D | heat in the water drawn, from cold to what is used (however hot it is stored) | kW |
    | H_c | loss of the circulation loops | kW/K |
    """
    node = of.after_heater.id
    power = bus.m.var(f"{node}.heater_kw", len(bus.grid), 0.0, of.heater_kw)
    circulation = of.circulation_kw_per_k * (bus.temp[node] - of.surroundings_degc)
    bus.into_kw[node].append(power - draw_kw + preheated - circulation)
    bus.load_kw.append(power)
    over = bus.m.var(f"{node}.over_k", len(bus.grid))
    bus.m.cost("wear", OVER_NOK_PER_KH * bus.grid.dt_h * over)
    bus.m.rows(f"{node} thermostat", bus.temp[node] - over <= of.high_degc)
    return bus.show(f"{node}.heater_kw", power)


OVER_NOK_PER_KH = 5.0
"""Dearer than any saving from a kWh or so stored for an hour."""


def hygiene(bus: Bus, of: HotWater, cycle: NDArray[np.bool_], nok_per_kh: float) -> Expr:
    """T_a + s_hyg >= T_low always, >= T_cycle in the steps of the cycle; sum dt s_hyg goes before any money.

    The price only guides the first solve: dispatch proves that no less slack was possible, or solves again.
    """
    wanted = np.where(cycle, of.cycle_degc, of.low_degc)
    missing = bus.slack("hygiene", "hygiene", nok_per_kh * bus.grid.dt_h)
    bus.m.rows("hygiene", bus.temp[of.after_heater.id] + missing >= wanted)
    return missing


def cycle_steps(
    grid: Grid, of: HotWater, due_at: datetime, start_degc: float, price: Array, draw_kw: Array
) -> NDArray[np.bool_]:
    """The cheapest steps in which a hygiene cycle due within the grid can be held; none when it is due later.

    A window begins no earlier than the heater can reach the temperature and ends before `due_at`; overdue, or due
    before that, it is the earliest one. Cheap means price, and little water drawn meanwhile.
    """
    chosen = np.zeros(len(grid), dtype=np.bool_)
    if due_at >= grid.end:
        return chosen
    due_h = (due_at - grid.start).total_seconds() / 3600
    lift_kwh = of.after_heater.capacity_kwh_per_k * max(of.cycle_degc - start_degc, 0.0)
    losses_kw = of.circulation_kw_per_k * (of.cycle_degc - of.surroundings_degc) + float(draw_kw.max())
    ready_h = lift_kwh / max(of.heater_kw - losses_kw, 0.25 * of.heater_kw)
    windows = []
    for first in range(len(grid)):
        last = int(np.searchsorted(grid.edges_h, grid.edges_h[first] + of.cycle_h - 1e-9))
        if last > len(grid) or grid.edges_h[first] < ready_h - 1e-9:
            continue
        steps = slice(first, max(last, first + 1))
        cost = float(np.average(price[steps] * (1 + draw_kw[steps] / of.heater_kw), weights=grid.dt_h[steps]))
        windows.append(
            (grid.edges_h[steps.stop] > due_h, cost if grid.edges_h[steps.stop] <= due_h else 0.0, first, steps)
        )
    if windows:
        chosen[min(windows, key=lambda w: w[:3])[3]] = True
    return chosen
