"""Heat that is simply bought: electric boilers by stages, district heating."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus
from control.expr import Expr
from control.grid import Array


@dataclass(frozen=True)
class Boiler:
    """An electric boiler on the buffer."""

    id: str
    stages: int
    stage_kw: float
    normal_stages: int


@dataclass(frozen=True)
class DistrictHeat:
    """A heat exchanger to a district heating network; what its heat costs belongs to the outlook."""

    id: str
    max_kw: float


def boiler(bus: Bus, of: Boiler, tank: str, available: bool, extra_nok_per_kwh: float, whole_steps: int) -> Expr:
    """Power of a boiler, by stages.

        b = b_n + b_x,  0 <= b_n <= n_0 B,  0 <= b_x <= (n - n_0) B
        cost = sum dt c_x b_x;  b = B y in the first steps

    | symbol | meaning | unit |
    |---|---|---|
    | b_n, b_x | heat (and electricity) of the stages normally released, of the others | kW |
    | n, n_0, B | stages, those normally released, power of one | -, -, kW |
    | y | stages on, whole | - |
    """
    n = len(bus.grid)
    normal = min(of.normal_stages, of.stages) * of.stage_kw if available else 0.0
    extra = max(of.stages - of.normal_stages, 0) * of.stage_kw if available else 0.0
    beyond = bus.m.var(f"{of.id}.beyond_kw", n, 0.0, extra)
    power = bus.m.var(f"{of.id}.normal_kw", n, 0.0, normal) + beyond
    bus.m.cost("boiler release", extra_nok_per_kwh * bus.grid.dt_h * beyond)
    bus.load_kw.append(power)
    bus.into_kw[tank].append(power)
    if whole_steps and available:
        on = bus.m.var(f"{of.id}.stages", whole_steps, 0.0, float(of.stages), integer=whole_steps)
        bus.m.rows(f"{of.id} stages", power[:whole_steps].equals(of.stage_kw * on))
    return bus.show(f"{of.id}.power_kw", power)


@dataclass(frozen=True)
class HeatPeak:
    """What a calendar month's highest hour of district heat costs."""

    hours: tuple[int, ...]
    """The plan's clock hours that lie in the month."""
    nok_per_kw: float
    so_far_kw: float
    """Its highest hour so far, or the one it will see anyway."""


def district_heat(
    bus: Bus, of: DistrictHeat, tank: str, nok_per_kwh: Array, peaks: Sequence[HeatPeak] = (), elapsed_kwh: float = 0.0
) -> Expr:
    """0 <= f <= F,  cost = sum dt p_f f + sum_m c_m B_m,  B_m >= f of every clock hour of month m,  B_m >= B_m0.

    | symbol | meaning | unit |
    |---|---|---|
    | f, F | heat taken, at most | kW |
    | p_f | price of heat in each step | NOK/kWh |
    | c_m, B_m | price and size of the month's highest hour | NOK/kW, kW |

    `elapsed_kwh` is what the hour that the plan begins in has taken before.
    """
    heat = bus.m.var(f"{of.id}.heat_kw", len(bus.grid), 0.0, of.max_kw)
    bus.m.cost("district heat", nok_per_kwh * bus.grid.dt_h * heat)
    bus.into_kw[tank].append(heat)
    if peaks:
        count = len(bus.grid.hour_starts)
        elapsed = np.concatenate(([elapsed_kwh], np.zeros(count - 1)))
        hourly_kw = (bus.grid.dt_h * heat).by(bus.grid.hour, count) + elapsed
        for number, month in enumerate(peaks, 1):
            highest = bus.m.var(f"{of.id} peak {number}.kw", 1, month.so_far_kw, ref=month.so_far_kw)
            bus.m.rows(f"{of.id} peak {number}", hourly_kw[np.array(month.hours)] <= highest)
            bus.m.cost("district heat", month.nok_per_kw * highest)
    return bus.show(f"{of.id}.heat_kw", heat)
