"""Heat pumps in groups of identical machines: heat by compressor order, electricity with the gradient of 1/COP.

The first compressor of a machine is cheaper to run than its second (more exchanger for less heat), so the heat of a
group is cut into segments of rising marginal 1/COP; a linear problem fills all first compressors before any second.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from control.assets.bus import Bus
from control.expr import Expr, total, zeros
from control.grid import Array
from models.physics.heat_pump import HeatPump, capacity_kw, power_kw

STEP_K = 0.5
"""Half the interval of the central differences for gradients."""


@dataclass(frozen=True)
class HeatPumps:
    """A group of identical machines."""

    id: str
    machines: tuple[str, ...]
    physics: HeatPump
    wells: bool
    """Source: wells, else outdoor air."""
    water_tanks: tuple[str, ...]
    """Tanks they charge one machine at a time; the rest of the time they heat the buffer."""
    modulating: bool
    least_share: float
    """Of a running compressor's full heat, where it modulates."""
    min_run_h: float
    min_stop_h: float
    supply_max_degc: float
    return_max_degc: float
    lift_k: float = 4.0
    """Supply above the mean of the tank being charged."""
    write_k: float | None = None
    """Change of the supply set point that is a write to a memory that wears [K]; None where none wears."""
    lowest_source_degc: float = -inf
    """No heat from a colder source."""
    gradient_weight: float = 1.0
    """Of 1/COP over temperatures; 0 only to show what a plan without it costs."""

    @property
    def compressors(self) -> int:
        """On each machine."""
        return 1 if self.modulating else len(self.physics.stages)


@dataclass(frozen=True)
class Running:
    """A group as the plan finds it."""

    available: int
    """Machines that can run."""
    compressors: int = 0
    """Running now, over all duties."""
    must_run: int = 0
    """Of these, how many have not run their shortest time, which ends in `must_run_h`."""
    must_run_h: float = 0.0
    charging: bool = False
    """Whether one machine makes hot water now."""
    must_charge_h: float = 0.0
    """How long it shall go on with that, where it has just begun."""


@dataclass(frozen=True)
class Segment:
    """One compressor order of a machine at expected temperatures, one value per step."""

    heat_kw: Array
    inverse_cop: Array
    """Marginal: electricity per heat of this segment alone."""
    compressors: int
    """That make it."""


@dataclass(frozen=True)
class Duty:
    """Charging one tank: what is expected of it before anything is optimised."""

    tank: str
    expected_supply_degc: Array
    expected_heat_kw: Array
    """Weight of the gradient."""


def segments(of: HeatPumps, source_degc: Array, supply_degc: Array) -> list[Segment]:
    """Marginal heat and 1/COP of each compressor order; merged where they would not rise.

    Q_s - Q_{s-1},  (P_s - P_{s-1}) / (Q_s - Q_{s-1})
    """
    levels = [float(level) for level in range(1, len(of.physics.stages) + 1)]
    heat = [np.zeros_like(source_degc), *(capacity_kw(of.physics, source_degc, supply_degc, s) for s in levels)]
    power = [np.zeros_like(source_degc), *(power_kw(of.physics, source_degc, supply_degc, s) for s in levels)]
    parts = [
        Segment(q - q0, (p - p0) / np.maximum(q - q0, 1e-6), 1)
        for q0, q, p0, p in zip(heat[:-1], heat[1:], power[:-1], power[1:], strict=True)
    ]
    rising = all(bool((b.inverse_cop >= a.inverse_cop).all()) for a, b in pairwise(parts))
    if rising and not of.modulating:
        return parts
    return [Segment(heat[-1], power[-1] / heat[-1], of.compressors)]


def gradient_per_k(of: HeatPumps, source_degc: Array, supply_degc: Array) -> tuple[Array, Array]:
    """(d(1/COP)/dT_supply, d(1/COP)/dT_source) at full stages [1/K], by central differences."""
    level = float(len(of.physics.stages))

    def inverse(source: Array, supply: Array) -> Array:
        return np.asarray(power_kw(of.physics, source, supply, level) / capacity_kw(of.physics, source, supply, level))

    over_supply = inverse(source_degc, supply_degc + STEP_K) - inverse(source_degc, supply_degc - STEP_K)
    over_source = inverse(source_degc + STEP_K, supply_degc) - inverse(source_degc - STEP_K, supply_degc)
    return over_supply / (2 * STEP_K), over_source / (2 * STEP_K)


@dataclass(frozen=True)
class DutyBlock:
    """Variables of one duty."""

    heat_kw: Expr
    level: Expr
    """Compressors running on it: heat over a compressor's heat."""
    parts: tuple[Expr, ...]
    heats: tuple[Array, ...]
    runs: NDArray[np.bool_]
    """False in steps whose source is too cold."""


def duty(
    bus: Bus, of: HeatPumps, what: Duty, machines: int, source_degc: Array, source: Expr | None, price: Array
) -> DutyBlock:
    """Heat and electricity of one duty.

        q = sum_s q_s,  0 <= q_s <= n Q_s  (0 from a source too cold)
        p = sum_s k_s q_s + q_ref [g_T w + g_S (S - S_ref)]
        w >= T + lift - T_ref,  w >= -w_0 q / q_ref

    | symbol | meaning | unit |
    |---|---|---|
    | q_s, Q_s | heat of compressor order s, of one machine at full | kW |
    | k_s | its marginal 1/COP at (S_ref, T_ref) | - |
    | g_T, g_S | gradient of 1/COP over supply and source temperature | 1/K |
    | q_ref | heat this duty is expected to give; makes the product q g (T - T_ref) linear | kW |
    | T, S | tank charged; brine, where it is a variable (outdoor air is in k_s) | degC |
    | w | supply above its reference; below it only a machine that runs gains (w_0: by so much at q_ref) | K |

    Without the second row of w a machine at rest would be paid for a cold tank. Where electricity is paid for being
    used, w is held to T + lift - T_ref.
    """
    n, name = len(bus.grid), f"{of.id}.{what.tank}"
    parts, heats, used, level = [], [], zeros(n), zeros(n)
    runs = source_degc >= of.lowest_source_degc
    for order, segment in enumerate(segments(of, source_degc, what.expected_supply_degc), 1):
        part = bus.m.var(f"{name}.order_{order}_kw", n, 0.0, machines * np.maximum(segment.heat_kw, 0.0) * runs)
        parts.append(part)
        heats.append(np.maximum(segment.heat_kw, 1e-3))
        used = used + part * segment.inverse_cop
        level = level + part * (segment.compressors / heats[-1])
    over_supply, over_source = gradient_per_k(of, source_degc, what.expected_supply_degc)
    heat = total(parts, n)
    warmer = _warmer(bus, name, bus.temp[what.tank] + of.lift_k - what.expected_supply_degc, heat, what, price)
    weight = of.gradient_weight * what.expected_heat_kw
    power = used + warmer * (weight * over_supply)
    if source is not None:
        power = power + (source - source_degc) * (weight * over_source)
    bus.into_kw[what.tank].append(heat)
    bus.load_kw.append(power)
    bus.show(f"{name}.heat_kw", heat)
    bus.show(f"{name}.power_kw", power)
    if of.wells:
        bus.into_kw[GROUND].append(used - heat)
    bus.show(f"{name}.compressors", level)
    return DutyBlock(heat, level, tuple(parts), tuple(heats), runs)


def _warmer(bus: Bus, name: str, above: Expr, heat: Expr, what: Duty, price: Array) -> Expr:
    """w: see `duty`; nothing where no heat is expected."""
    weight = what.expected_heat_kw
    paid = (price < 0) & (weight > LEAST_KW)
    usual = (price >= 0) & (weight > LEAST_KW)
    bound = np.where(weight > LEAST_KW, MOST_K, 0.0)
    w = bus.m.var(f"{name}.warmer_k", len(bus.grid), -bound, bound)
    if usual.any():
        bus.m.rows(f"{name} warmer", above[usual] <= w[usual])
        bus.m.rows(f"{name} cooler", (-w * weight)[usual] <= (BELOW_K * heat)[usual])
    if paid.any():
        bus.m.rows(f"{name} as warm", w[paid].equals(above[paid]))
    return w


LEAST_KW = 0.1
BELOW_K = 8.0
"""w_0: a machine at its expected load is paid for a supply at most this much below the reference."""
MOST_K = 80.0

CHARGE_H = 0.75
"""Shortest charge of a hot-water tank [h]."""

FINE_H, COARSE_H = 1.0, 0.5
"""Until when compressors are decided step by step, and how often after it [h]."""
NO_TIME_H = 1e-9

GROUND = "ground"
"""Node of the rock around the wells."""


def sharing(bus: Bus, of: HeatPumps, space: DutyBlock, water: Mapping[str, DutyBlock], machines: int) -> None:
    """sum_d q_{d,s} / Q_{d,s} <= n for each compressor order s;  sum_w (the same) <= 1: one machine for water."""
    n = len(bus.grid)
    for s in range(len(space.parts)):
        used = [block.parts[s] / block.heats[s] for block in (space, *water.values())]
        if water:
            bus.m.rows(f"{of.id} order {s + 1}", total(used, n) <= float(machines))
        if len(water) > 1:
            bus.m.rows(f"{of.id} water order {s + 1}", total(used[1:], n) <= 1.0)


def stages(
    bus: Bus,
    of: HeatPumps,
    space: DutyBlock,
    water: Mapping[str, DutyBlock],
    now: Running,
    start_nok: float,
    steps: int,
) -> None:
    """Whole compressors in the first `steps` steps: sum_s q_{d,s} / Q_{d,s} = y_d (between r y_d and y_d, modulating).

        y - y' = start - stop,  y = sum_d y_d;   cost = c_start start
        sum of start over the shortest run <= y;  sum of stop over the shortest rest <= n m - y
        y_space + m z <= n m,  sum_w y_w <= m z,  z 0 or 1: the machine on water does nothing else
        z - z' = begin - end,  cost = c_start begin,  sum of begin over CHARGE_H <= z: a charge is worth changing over

    | symbol | meaning | unit |
    |---|---|---|
    | y_d | compressors running on duty d | - |
    | n, m | machines available, compressors on each | - |
    | r | least share of a modulating compressor | - |
    """
    if steps == 0 or now.available == 0:
        return
    most = now.available * of.compressors
    running = []
    for tank, block in (("space", space), *water.items()):
        limit = most if tank == "space" else of.compressors
        y = _decided(bus, f"{of.id}.{tank}.on", steps, float(limit))
        if of.modulating:
            bus.m.rows(f"{of.id} {tank} most", block.level[:steps] <= y)
            bus.m.rows(f"{of.id} {tank} least", block.level[:steps] >= of.least_share * y)
        else:
            bus.m.rows(f"{of.id} {tank} stages", block.level[:steps].equals(y))
        running.append(y)
    all_on = total(running, steps)
    start = bus.m.var(f"{of.id}.start", steps)
    stop = bus.m.var(f"{of.id}.stop", steps)
    bus.m.rows(f"{of.id} starts", (all_on - all_on.prev(float(now.compressors))).equals(start - stop))
    bus.m.cost("starts", start_nok * start)
    _shortest(bus, of, all_on, start, stop, most)
    warm = int(np.argmin([*space.runs, False]))
    if now.must_run and (locked := min(steps, bus.grid.steps_until(now.must_run_h), warm)):
        bus.m.rows(f"{of.id} must run", all_on[:locked] >= float(min(now.must_run, most)))
    if water:
        on_water = _decided(bus, f"{of.id}.on_water", steps, 1.0)
        bus.m.rows(f"{of.id} one for water", total(running[1:], steps) <= of.compressors * on_water)
        bus.m.rows(f"{of.id} water apart", running[0] + of.compressors * on_water <= float(most))
        _charges(bus, of, on_water, now, start_nok)


def _decided(bus: Bus, name: str, steps: int, most: float) -> Expr:
    """Whole numbers by step, decided every quarter for an hour and every half hour after it."""
    begin_h = bus.grid.edges_h[:steps]
    later = FINE_H + (begin_h - FINE_H + NO_TIME_H) // COARSE_H * COARSE_H
    decided_h, decision = np.unique(np.where(begin_h < FINE_H - NO_TIME_H, begin_h, later), return_inverse=True)
    return bus.m.var(name, len(decided_h), 0.0, most, integer=len(decided_h))[decision]


def _charges(bus: Bus, of: HeatPumps, on_water: Expr, now: Running, change_nok: float) -> None:
    """A machine that changes over leaves its heat in the pipes and the building without it: not for a quarter."""
    steps = on_water.size
    begin, end = bus.m.var(f"{of.id}.charge_begin", steps), bus.m.var(f"{of.id}.charge_end", steps)
    bus.m.rows(f"{of.id} charges", (on_water - on_water.prev(float(now.charging))).equals(begin - end))
    bus.m.cost("starts", change_nok * begin)
    shortest = ceil(CHARGE_H / float(bus.grid.dt_h[0]) - 1e-9)
    if shortest > 1:
        bus.m.rows(f"{of.id} shortest charge", _last(begin, shortest) <= on_water)
    if locked := min(steps, bus.grid.steps_until(now.must_charge_h)) if now.charging else 0:
        bus.m.rows(f"{of.id} must charge", on_water[:locked] >= 1.0)


def _shortest(bus: Bus, of: HeatPumps, on: Expr, start: Expr, stop: Expr, most: int) -> None:
    """Shortest run and rest, where they are longer than a step."""
    step_h = float(bus.grid.dt_h[0])
    run, rest = ceil(of.min_run_h / step_h - 1e-9), ceil(of.min_stop_h / step_h - 1e-9)
    if run > 1:
        bus.m.rows(f"{of.id} shortest run", _last(start, run) <= on)
    if rest > 1:
        bus.m.rows(f"{of.id} shortest rest", _last(stop, rest) <= float(most) - on)


def _last(block: Expr, count: int) -> Expr:
    """Sum of each value and the `count` - 1 before it."""
    result, moved = block, block
    for _ in range(count - 1):
        moved = moved.prev(0.0)
        result = result + moved
    return result


def writes(bus: Bus, of: HeatPumps, tank: str, start_degc: float, nok_per_write: float) -> None:
    """Up >= T - T',  up >= 0,  cost = 2 w sum up / k: what is raised is lowered again, each by writes of k kelvin.

    | symbol | meaning | unit |
    |---|---|---|
    | T, up | mean of the tank that the set point follows, what it rises in a step | degC, K |
    | k, w | change that is written, price of a write | K, NOK |

    A jump of many kelvin is one write and counts as several here: more than will be, and straight.
    """
    if of.write_k is None or nok_per_write <= 0:
        return
    up = bus.m.var(f"{of.id}.{tank}.set_point_up_k", len(bus.grid))
    bus.m.rows(f"{of.id} {tank} set point", up >= bus.temp[tank] - bus.temp[tank].prev(start_degc))
    machines = float(len(of.machines))
    bus.m.cost("write wear", (2 * nok_per_write * machines / of.write_k) * up)
    bus.show(f"{of.id}.{tank}.set_point_up_k", up)
