"""What taking a point over is likely to cost: a change of load, valued at the margin of the plan in force.

Marginal values hold for small changes and for as long as the plan reaches; it is an estimate, and says so. Heat that is
made is worth what the plan says it is worth in its store, since something else then makes less of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.planning.live import Advice
from control.grid import Array
from models.assets import Charger, HeatPump
from models.site import Site

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Load:
    """A change of what flows, steady while it lasts: more electricity bought, more heat into a store [kW]."""

    electricity_kw: float
    heat_kw: float = 0.0
    store: str | None = None
    """The plan's name of where the heat goes; for a zone, any zone of its group."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Against going on as now; `nok` is None where nobody can say."""

    nok: float | None
    electricity_kwh: float | None = None
    heat_kwh: float | None = None


def load_of(site: Site, point: str, given: float, instead: float) -> Load | None:
    """The change of load of holding the point at `given` instead of `instead`; None where the point tells nothing."""
    change = given - instead
    for boiler in site.boilers:
        if point == site.find(boiler.devices, "stage_request"):
            return Load(change * boiler.stage_kw, change * boiler.stage_kw, "buffer")
    water = site.hot_water
    if water is not None and point == site.find(water.devices, "stage_request"):
        return Load(change * water.after_heater_stage_kw, change * water.after_heater_stage_kw, water.id)
    for pump in site.heat_pumps:
        if point == site.find(pump.devices, "stage_request"):
            heat_kw, power_kw = _compressor(pump)
            return Load(change * power_kw, change * heat_kw, "buffer")
    for charger in site.chargers:
        if point == site.find(charger.devices, "max_current_a"):
            return Load(_charging_kw(site, charger, given) - _charging_kw(site, charger, instead))
    return _warmer(site, point, change)


def _compressor(pump: HeatPump) -> tuple[float, float]:
    """Heat and power of one compressor [kW], mean of the certified points."""
    points = pump.certified
    heat = sum(p.heat_kw / p.compressors for p in points) / len(points)
    return heat, sum(p.power_kw / p.compressors for p in points) / len(points)


def _charging_kw(site: Site, charger: Charger, current_a: float) -> float:
    per_phase_v = site.electricity.voltage_v / 3**0.5
    return min(charger.max_kw, current_a * per_phase_v * charger.phases / 1000)


def _warmer(site: Site, point: str, change_k: float) -> Load | None:
    """A room or zone at another temperature loses that much more heat."""
    for zone in site.zones:
        if point == site.find(zone.devices, "setpoint_degc"):
            share = 1.0 - min(0.9, sum(room.area_m2 for room in zone.rooms) / zone.area_m2)
            return Load(0.0, change_k * zone.heat_loss_w_per_k * share / 1000, zone.id)
        for room in zone.rooms:
            if point == site.find(room.devices, "setpoint_degc"):
                return Load(0.0, change_k * zone.heat_loss_w_per_k * room.area_m2 / zone.area_m2 / 1000, zone.id)
    return None


def cost_of(load: Load | None, advice: Advice | None, now: datetime, until: datetime) -> Cost:
    """What the change of load costs from now until then, by the plan; without one, the energies alone."""
    if load is None:
        return Cost(None)
    hours = (until - now) / HOUR
    electricity_kwh, heat_kwh = load.electricity_kw * hours, load.heat_kw * hours
    plan = None if advice is None else advice.plan
    if advice is None or plan is None or now >= plan.grid.end:
        return Cost(None, electricity_kwh, heat_kwh)
    share_h = plan.grid.covered_h(now, min(until, plan.grid.end))
    bought = _mean(plan.electricity_nok_per_kwh, share_h)
    worth: float | None = 0.0
    if load.heat_kw and load.store is not None:
        worth = _mean(plan.heat_nok_per_kwh.get(_node(advice, load.store)), share_h)
    if bought is None or worth is None:
        return Cost(None, electricity_kwh, heat_kwh)
    if load.electricity_kw:
        return Cost(electricity_kwh * bought - heat_kwh * worth, electricity_kwh, heat_kwh)
    return Cost(heat_kwh * worth, electricity_kwh, heat_kwh)  # the heat is lost to the outside, not stored


def _node(advice: Advice, store: str) -> str:
    """The plan's name of a store: zones that are alike share one."""
    group = next((group for group in advice.plant.groups if store in group.zones), None)
    return store if group is None else group.room.id


def _mean(values: Array | None, share_h: Array) -> float | None:
    if values is None or len(values) != len(share_h) or not share_h.any():
        return None
    mean = float(np.average(values, weights=share_h))
    return mean if np.isfinite(mean) else None
