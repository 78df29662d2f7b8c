"""A battery."""

from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus
from control.expr import Expr


@dataclass(frozen=True)
class Battery:
    """Parameters of a battery with its inverter."""

    id: str
    capacity_kwh: float
    power_kw: float
    efficiency: float = 0.95
    """Each way."""
    wear_nok_per_kwh: float = 0.10


def battery(bus: Bus, of: Battery, stored_kwh: float, worth_nok_per_kwh: float) -> Expr:
    """(E - E') / dt = eta c - d / eta,  0 <= E <= E_max,  cost = sum dt w d - v (E_end - E_0).

    | symbol | meaning | unit |
    |---|---|---|
    | E | energy stored | kWh |
    | c, d | charging, discharging at the terminals | kW |
    | eta, w, v | efficiency each way, wear, worth of what is left | -, NOK/kWh |
    """
    n, dt = len(bus.grid), bus.grid.dt_h
    charge = bus.m.var(f"{of.id}.charge_kw", n, 0.0, of.power_kw)
    discharge = bus.m.var(f"{of.id}.discharge_kw", n, 0.0, of.power_kw)
    start = float(np.clip(stored_kwh, 0.0, of.capacity_kwh))
    energy = bus.m.var(f"{of.id}.stored_kwh", n, 0.0, of.capacity_kwh, ref=start)
    flow = of.efficiency * charge - discharge / of.efficiency
    bus.m.rows(f"{of.id} energy", (energy - energy.prev(start)).equals(dt * flow))
    bus.m.cost("wear", of.wear_nok_per_kwh * dt * discharge)
    bus.m.cost("terminal", -worth_nok_per_kwh * (energy[n - 1 :] - start))
    bus.load_kw.append(charge - discharge)
    bus.show(f"{of.id}.stored_kwh", energy)
    return bus.show(f"{of.id}.power_kw", charge - discharge)
