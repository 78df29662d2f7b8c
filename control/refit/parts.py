"""Re-fit of everything but the building, part by part: how well it can be fitted and how wrong it still is.

Each is a law with one or two factors in it, linear or nearly so; a prior keeps a factor where the record says little.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from control.assets.heat_pumps import HeatPumps
from control.grid import Array
from control.plant_model import LOOP_LITRE_KW_PER_K
from control.problem import Plant
from control.record import Record, bridged
from control.refit.balance import (
    STEADY,
    into_buffer_kw,
    machine_heat,
    metered_kw,
    pumps_of,
    stored_kw,
    sun_kw,
    tank_degc,
)
from control.refit.fitted import COLLECTORS, EXCHANGER, HEAT_PUMPS, LOSS, Parameter
from control.refit.inputs import Sky, measured_sky
from control.sunlit import field_absorbed_w_per_m2
from models.assets import Collectors, HeatPump
from models.physics.heat_pump import capacity_kw, power_kw
from models.site import Site

DAY_H: Final = 24.0
LEAST_DRAW_L_PER_MIN: Final = 0.3


@dataclass(frozen=True)
class Law:
    """Something measured, and what it should be by the model: one value per step, NaN where nothing can be said."""

    part: str
    unit: str
    steps_per_day: float
    """Steps of a day count as `independent` observations together: errors last."""
    measured: Array
    modelled: Callable[[Mapping[str, float]], Array]
    """With these parameters of the part."""
    error: float
    """Expected standard deviation of measured less modelled."""
    parameters: Mapping[str, Parameter]
    names: tuple[str, ...]
    """Parameters this law tells about; the others stay neutral."""
    independent: float = 1.0

    def wrong(self, values: Mapping[str, float], steps: slice) -> float | None:
        """RMS of the error over what is known of these steps; None where that is less than `LEAST_STEPS`."""
        error = (self.measured - self.modelled(values))[steps]
        known = error[np.isfinite(error)]
        return float(np.sqrt((known**2).mean())) if len(known) >= min(LEAST_STEPS, self.steps_per_day) else None

    def fitted(self, steps: slice) -> dict[str, float] | None:
        """The most probable parameters under their priors; None where nothing can be said."""
        from scipy.optimize import least_squares

        if self.wrong({}, steps) is None:
            return None
        weight = np.sqrt(self.independent / self.steps_per_day) / self.error
        priors = [self.parameters[name] for name in self.names]

        def values(x: Array) -> dict[str, float]:
            return {
                name: p.within(p.neutral * float(np.exp(one * p.spread)))
                for name, p, one in zip(self.names, priors, x, strict=True)
            }

        def residuals(x: Array) -> Array:
            error = (self.measured - self.modelled(values(x)))[steps]
            return np.concatenate([np.nan_to_num(error) * weight, x])

        found = least_squares(residuals, np.zeros(len(self.names)), x_scale=1.0, xtol=1e-6)
        return values(found.x) if np.isfinite(found.x).all() else None


LEAST_STEPS: Final = 12


def laws(site: Site, plant: Plant, record: Record) -> list[Law]:
    """Every law this record can say anything about; `plant` is the site file's, neutral."""
    found = [_circulation(site, plant, record), _exchanger(site, plant, record)]
    if site.collectors and (sky := measured_sky(site, record)) is not None:
        found += [_collectors(site, panel, record, sky) for panel in site.collectors]
    found += [_buffer(site, plant, record), _preheat(site, plant, record)]
    for group in plant.heat_pumps:
        found += [_machines(site, group, record, "heat"), _machines(site, group, record, "power")]
    return [law for law in found if law is not None]


def _per_day(record: Record) -> float:
    return DAY_H * 3600 / record.dt_s


# --- Hot water ------------------------------------------------------------------------------------------------------


def after_heater_degc(site: Site, record: Record) -> Array | None:
    """Mean of the after-heater's sensors."""
    if site.hot_water is None:
        return None
    points = [site.find(site.hot_water.devices, f"{place}_temp_degc") for place in ("top", "middle", "bottom")]
    columns = [column for p in points if (column := bridged(record.column(p), record.dt_s)) is not None]
    return np.mean(columns, axis=0) if columns else None


def _circulation(site: Site, plant: Plant, record: Record) -> Law | None:
    """Q = f H_c (T_a - T_room) by the loops' own heat meter."""
    water, degc = plant.hot_water, after_heater_degc(site, record)
    if water is None or degc is None or site.hot_water is None:
        return None
    power = metered_kw(site, record, (site.hot_water.id,), "heat")
    if power is None:
        return None
    usual = water.circulation_kw_per_k * (degc - water.surroundings_degc)
    return Law("circulation", "kW", _per_day(record), power, lambda v: v.get("loss", 1.0) * usual, 0.5, LOSS, ("loss",))


def _drawn(site: Site, record: Record) -> tuple[Array, Array, Array] | None:
    """Capacity rate of the water drawn [kW/K], its cold and preheated temperature [degC]."""
    if site.hot_water is None:
        return None
    wanted = ("flow_l_per_min", "cold_temp_degc", "preheat_temp_degc")
    columns = [bridged(record.column(site.find(site.hot_water.devices, s)), record.dt_s) for s in wanted]
    if any(column is None for column in columns):
        return None
    flow, cold, preheated = (column for column in columns if column is not None)
    return LOOP_LITRE_KW_PER_K * flow, cold, preheated


def preheated_kw(exchanger_kw_per_k: float, rate: Array, cold: Array, tops: Sequence[Array]) -> Array:
    """Heat the water takes from the tanks it passes, one after the other, as the plan has it."""
    rate = np.maximum(rate, 1e-9)
    k_x = exchanger_kw_per_k * rate / (exchanger_kw_per_k + rate)
    total = np.zeros_like(rate)
    for top in tops:
        total = total + np.maximum(k_x * (top - cold - total / rate), 0.0)
    return total


def _exchanger(site: Site, plant: Plant, record: Record) -> Law | None:
    """R (T_preheated - T_cold) against the chain of exchangers of size f U."""
    water, drawn = plant.hot_water, _drawn(site, record)
    if water is None or drawn is None or not water.preheaters:
        return None
    tanks = [tank_degc(site, name, record) for name in water.preheaters]
    if any(tank is None for tank in tanks):
        return None
    tops = [tank + water.top_above_mean_k for tank in tanks if tank is not None]
    rate, cold, preheated = drawn
    measured = np.where(rate > LEAST_DRAW_L_PER_MIN * LOOP_LITRE_KW_PER_K, rate * (preheated - cold), np.nan)
    size = water.exchanger_kw_per_k

    def modelled(values: Mapping[str, float]) -> Array:
        return preheated_kw(values.get("size", 1.0) * size, rate, cold, tops)

    return Law("exchanger", "kW", _per_day(record), measured, modelled, 2.0, EXCHANGER, ("size",))


# --- Tanks ----------------------------------------------------------------------------------------------------------


def _daily(values: Array, record: Record) -> Array:
    """Means of whole days in place of steps; NaN where part of a day is not known."""
    per_day = round(_per_day(record))
    days = len(values) // per_day
    return np.asarray(values[: days * per_day].reshape(days, per_day).mean(axis=1), dtype=np.float64)


def _loss_law(part: str, record: Record, lost_kw: Array, usual_kw: Array, passed_kw: Array) -> Law:
    """Losses as what came in and did not come out, day by day: known as well as the meters of what passes."""
    per_day = round(_per_day(record))
    measured, usual = np.full(len(record), np.nan), np.full(len(record), np.nan)
    ends = np.arange(1, len(record) // per_day + 1) * per_day - 1
    measured[ends], usual[ends] = _daily(lost_kw, record), _daily(usual_kw, record)
    error = METER_KW + METER_SHARE * float(np.nanmean(np.abs(passed_kw)))
    return Law(part, "kW", 1.0, measured, lambda v: v.get("loss", 1.0) * usual, error, LOSS, ("loss",))


METER_KW: Final = 0.2
METER_SHARE: Final = 0.02


def _buffer(site: Site, plant: Plant, record: Record) -> Law | None:
    """Heat of machines and boilers less that of circuits less what is stored."""
    degc = tank_degc(site, "buffer", record)
    out = metered_kw(site, record, tuple(c.id for c in site.circuits), "heat")
    came = into_buffer_kw(site, plant, record)
    if degc is None or out is None or came is None:
        return None
    node = plant.buffer.node
    lost = came - out - stored_kw(node.capacity_kwh_per_k, degc, record)
    usual = node.loss_kw_per_k * (degc - plant.buffer.surroundings_degc)
    return _loss_law("buffer", record, lost, usual, came)


def _preheat(site: Site, plant: Plant, record: Record) -> Law | None:
    """Heat of sun and machines into the tanks that preheat, less what the water took, less what is stored."""
    water, drawn = plant.hot_water, _drawn(site, record)
    if water is None or drawn is None or not water.preheaters:
        return None
    heat, duty = machine_heat(site, plant, record)
    rate, cold, preheated = drawn
    if heat is None:
        return None
    sun = sun_kw(site, record, water.preheaters)
    if sun is None:
        return None
    came = duty + sun
    lost, usual = came - rate * (preheated - cold), np.zeros(len(record))
    for tank in plant.tanks:
        if tank.node.id in water.preheaters:
            degc = tank_degc(site, tank.node.id, record)
            if degc is None:
                return None
            lost = lost - stored_kw(tank.node.capacity_kwh_per_k, degc, record)
            usual = usual + tank.node.loss_kw_per_k * (degc - tank.surroundings_degc)
    return _loss_law("preheat", record, lost, usual, came)


# --- Machines -------------------------------------------------------------------------------------------------------


def level_of(site: Site, pump: HeatPump, stages: int, record: Record) -> Array | None:
    """Compressors running; of an inverter its speed, else what it was asked for while it ran, as part of its stages."""
    speed = record.column(site.find(pump.devices, "compressor_speed_pct"))
    if speed is not None:
        return speed / 100 * stages
    on = [record.column(site.find(pump.devices, f"compressor_{n}_on")) for n in range(1, pump.compressors + 1)]
    known = [column for column in on if column is not None]
    if len(known) < pump.compressors:
        return None
    running = np.asarray(np.sum(known, axis=0), dtype=np.float64)
    asked = record.column(site.find(pump.devices, "capacity_request_pct"))
    return running if asked is None else running * asked / 100


def machines_as_metered(site: Site, group: HeatPumps, record: Record) -> dict[str, float]:
    """Factors on heat and electricity at the supply the machines themselves measured; 1 where nothing tells."""
    found: dict[str, float] = {}
    for what in HEAT_PUMPS:
        law = _machines(site, group, record, what, planned=False)
        found |= (law.fitted(slice(None)) if law is not None else None) or {}
    return found


def _machines(site: Site, group: HeatPumps, record: Record, what: str, *, planned: bool = True) -> Law | None:
    """Heat or electricity while compressors run steadily, at the temperatures a plan would reckon with."""
    pumps = pumps_of(site, group)
    meter = metered_kw(site, record, group.machines, "heat" if what == "heat" else "electricity")
    if meter is None:
        return None
    stages = len(group.physics.stages)
    outdoor = bridged(record.column(site.find(site.weather_station, "outdoor_temp_degc")), record.dt_s)
    modelled = np.zeros(len(record))
    anything = np.zeros(len(record), dtype=np.bool_)
    for pump in pumps:
        level = level_of(site, pump, stages, record)
        brine = bridged(record.column(site.find(pump.devices, "brine_in_temp_degc")), record.dt_s)
        source = brine if group.wells else outdoor
        supply = _planned_supply_degc(site, group, pump, record) if planned else _own_supply_degc(site, pump, record)
        if level is None or source is None or supply is None:
            return None
        whole = np.rint(level) if not group.modulating else level
        steady = np.abs(level - whole) < STEADY
        steady[1:] &= np.abs(np.diff(level)) < (STEADY if not group.modulating else stages)
        law = capacity_kw if what == "heat" else power_kw
        for count in np.unique(whole[np.isfinite(whole)]):
            here = whole == count
            modelled[here] += law(group.physics, source, supply, float(np.clip(count, 0, stages)))[here]
        modelled[~steady | ~np.isfinite(level)] = np.nan
        anything |= np.nan_to_num(level) > (STEADY if group.modulating else 0.5)
    measured = np.where(anything, meter, np.nan)
    error = 0.06 * float(np.nanmean(np.abs(modelled[anything]))) if np.isfinite(modelled[anything]).any() else 1.0
    return Law(
        f"heat_pumps.{group.id}",
        "kW",
        _per_day(record),
        measured,
        lambda v: v.get(what, 1.0) * modelled,
        max(error, 0.1),
        HEAT_PUMPS,
        (what,),
    )


def _planned_supply_degc(site: Site, group: HeatPumps, pump: HeatPump, record: Record) -> Array | None:
    """The tank it charges and the plan's lift; its own supply where no tank tells."""
    buffer = tank_degc(site, "buffer", record)
    if buffer is None:
        return _own_supply_degc(site, pump, record)
    supply: Array = buffer + group.lift_k
    on_duty = record.column(site.find(pump.devices, "hot_water_duty"))
    water = tank_degc(site, group.water_tanks[0], record) if group.water_tanks else None
    if on_duty is not None and water is not None:
        supply = np.where(np.nan_to_num(on_duty) > 0.5, water + group.lift_k, supply)
    return supply


def _own_supply_degc(site: Site, pump: HeatPump, record: Record) -> Array | None:
    return bridged(record.column(site.find(pump.devices, "condenser_out_temp_degc")), record.dt_s)


# --- Sun ------------------------------------------------------------------------------------------------------------


def _collectors(site: Site, panel: Collectors, record: Record, sky: Sky) -> Law | None:
    """Q / A = f_o absorbed - f_l (a1 x + a2 x |x|) while the pump runs, x the fluid above the air."""
    absorbed = field_absorbed_w_per_m2(panel, sky.sun, sky.dni_w_m2, sky.dhi_w_m2)
    wanted = ("collector_temp_degc", "exchanger_return_temp_degc", "flow_l_per_h", "power_kw")
    columns = [bridged(record.column(site.find(panel.devices, signal)), record.dt_s) for signal in wanted]
    air = bridged(record.column(site.find(site.weather_station, "outdoor_temp_degc")), record.dt_s)
    if any(column is None for column in columns) or air is None:
        return None
    out, back, flow, power = (column for column in columns if column is not None)
    above = (out + back) / 2 - air
    lost = panel.a1_w_per_m2_k * above + panel.a2_w_per_m2_k2 * above * np.abs(above)
    flowing = flow > 0.2 * panel.design_flow_l_per_h
    flowing[1:] &= flowing[:-1]
    measured = np.where(flowing, power * 1000 / panel.area_m2, np.nan)
    return Law(
        f"collectors.{panel.id}",
        "W/m2",
        _per_day(record) / 3,
        measured,
        lambda v: v.get("optical", 1.0) * absorbed - v.get("loss", 1.0) * lost,
        60.0,
        COLLECTORS,
        ("optical", "loss"),
    )
