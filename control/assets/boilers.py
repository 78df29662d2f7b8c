"""Heat that is simply bought: electric boilers by stages, district heating."""

from dataclasses import dataclass

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
    """A heat exchanger to a district heating network."""

    id: str
    max_kw: float
    nok_per_kwh: float


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


def district_heat(bus: Bus, of: DistrictHeat, tank: str) -> Expr:
    """0 <= f <= F,  cost = sum dt p_f f: heat f [kW] at the network's price p_f [NOK/kWh]."""
    heat = bus.m.var(f"{of.id}.heat_kw", len(bus.grid), 0.0, of.max_kw)
    price: Array = of.nok_per_kwh * bus.grid.dt_h
    bus.m.cost("district heat", price * heat)
    bus.into_kw[tank].append(heat)
    return bus.show(f"{of.id}.heat_kw", heat)
