"""A battery."""

from dataclasses import dataclass

from control.assets.bus import Bus
from control.expr import Expr


@dataclass(frozen=True)
class Battery:
    """Parameters of a battery with its inverter."""

    id: str
    lowest_kwh: float
    highest_kwh: float
    """Between these it is used."""
    charge_kw: float
    discharge_kw: float
    efficiency: float = 0.95
    """Each way."""
    wear_nok_per_kwh: float = 0.10


def battery(bus: Bus, of: Battery, stored_kwh: float, worth_nok_per_kwh: float) -> Expr:
    """(E - E') / dt = eta c - d / eta,  E_min <= E <= E_max,  c / C + d / D <= 1,  cost = sum dt w d - v (E_end - E_0).

    | symbol | meaning | unit |
    |---|---|---|
    | E | energy stored | kWh |
    | c, d | charging, discharging at the terminals; C, D at most | kW |
    | eta, w, v | efficiency each way, wear, worth of what is left | -, NOK/kWh |

    Where it stands outside its limits these are widened. One row keeps it from charging and discharging at once to burn
    what is cheaper than nothing. The limits are rows, not bounds, so that a plan can say what they cost.
    """
    n, dt = len(bus.grid), bus.grid.dt_h
    charge = bus.m.var(f"{of.id}.charge_kw", n, 0.0, of.charge_kw)
    discharge = bus.m.var(f"{of.id}.discharge_kw", n, 0.0, of.discharge_kw)
    start = max(stored_kwh, 0.0)
    least, most = min(of.lowest_kwh, start), max(of.highest_kwh, start)
    energy = bus.m.var(f"{of.id}.stored_kwh", n, least - 1.0, most + 1.0, ref=start)
    bus.m.rows(f"{of.id} empty", energy >= least)
    bus.m.rows(f"{of.id} full", energy <= most)
    bus.m.rows(f"{of.id} one way", charge * (1 / of.charge_kw) + discharge * (1 / of.discharge_kw) <= 1.0)
    flow = of.efficiency * charge - discharge / of.efficiency
    bus.m.rows(f"{of.id} energy", (energy - energy.prev(start)).equals(dt * flow))
    bus.m.cost("wear", of.wear_nok_per_kwh * dt * discharge)
    bus.m.cost("terminal", -worth_nok_per_kwh * (energy[n - 1 :] - start))
    bus.load_kw.append(charge - discharge)
    bus.show(f"{of.id}.stored_kwh", energy)
    return bus.show(f"{of.id}.power_kw", charge - discharge)
