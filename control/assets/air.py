"""Air handling: heat of the coils, a short cut of the flow at a peak, and free cooling from the wells."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus
from control.assets.heat_pumps import GROUND
from control.expr import Expr
from control.grid import Array

EXTRACT_DEGC = 22.0
"""Temperature of the extract air where it is not known."""


@dataclass(frozen=True)
class AirUnit:
    """An air-handling unit."""

    id: str
    flow_kw_per_k: float
    """Heat capacity rate of its full flow."""
    recovery: float
    coil_kw_per_k: float
    """Heating coil, from buffer water to air."""
    fan_kw: float
    """At full flow."""
    least_share: float
    """Of full flow; units that serve bedrooms are never cut."""
    bedrooms: bool
    cooling_kw: float
    rooms: Mapping[str, float]
    """Room nodes it serves, and their shares of its flow."""
    flow_m3_per_h: float
    """Full flow."""


def supply_degc(outdoor_degc: Array, extract_degc: float = EXTRACT_DEGC) -> Array:
    """Set point of the supply air as the rules have it: 19.5 degC, down to 16 for warm extract air or on a warm day."""
    by_extract = np.interp(extract_degc, [22.0, 24.0], [19.5, 16.0])
    return np.minimum(np.interp(outdoor_degc, [10.0, 18.0], [19.5, 16.0]), by_extract)


def recovered_degc(of: AirUnit, outdoor_degc: Array, extract_degc: float = EXTRACT_DEGC) -> Array:
    """Air after heat recovery [degC]: T_r = T_e + eta (T_x - T_e)."""
    return outdoor_degc + of.recovery * (extract_degc - outdoor_degc)


def delivered_degc(of: AirUnit, outdoor_degc: Array, extract_degc: float = EXTRACT_DEGC) -> Array:
    """Supply air without a cooling coil [degC]: the set point, or what recovery and outdoor air leave above it."""
    coolest = np.minimum(outdoor_degc, recovered_degc(of, outdoor_degc, extract_degc))
    return np.asarray(np.maximum(supply_degc(outdoor_degc, extract_degc), coolest), dtype=np.float64)


def coil_kw(of: AirUnit, outdoor_degc: Array, flow_share: Array, extract_degc: float = EXTRACT_DEGC) -> Array:
    """Q = f F (T_set - T_e - eta (T_x - T_e)), not below 0: heat the coil must give at flow share f [kW]."""
    lift = supply_degc(outdoor_degc, extract_degc) - recovered_degc(of, outdoor_degc, extract_degc)
    return np.asarray(flow_share * of.flow_kw_per_k * np.maximum(lift, 0.0), dtype=np.float64)


def ventilate(
    bus: Bus, of: AirUnit, outdoor_degc: Array, flow_share: Array, extract_degc: float = EXTRACT_DEGC
) -> None:
    """Heat into room i: f F w_i (T_sup - T_i): F full flow [kW/K], f its share now, w_i the room's part of it."""
    supply = delivered_degc(of, outdoor_degc, extract_degc)
    for room, part in of.rooms.items():
        rate = part * of.flow_kw_per_k * flow_share
        bus.into_kw[room].append((supply - bus.temp[room]) * rate)


def coil(
    bus: Bus,
    of: AirUnit,
    buffer: Expr,
    tank: str,
    need_kw: Array,
    recovered: Array,
    short_nok: float,
    start_degc: float,
) -> Expr:
    """Heat of a coil: q = Q - short,  q <= U (T_b - T_r),  0 <= short <= Q.

    What the coil cannot give, the rooms do without.

    | symbol | meaning | unit |
    |---|---|---|
    | Q, q | heat needed at the full set point, given | kW |
    | U | coil | kW/K |
    | T_b, T_r | buffer's top, air after recovery | degC |
    """
    n = len(bus.grid)
    if not (need_kw > 0).any():
        return bus.m.var(f"{of.id}.no_coil", 1, 0.0, 0.0) + np.zeros(n)
    short = bus.m.var(f"{of.id}.coil_short_kw", n, 0.0, need_kw)
    bus.m.cost("cold", short_nok * bus.grid.dt_h * short)
    heat = need_kw - short
    cold = need_kw > 0
    # A buffer found colder than the air behind recovery: the coil's valve is shut, and the row must stay possible.
    late = np.where(cold, of.coil_kw_per_k * np.maximum(recovered + 1.0 - start_degc, 0.0), 0.0)
    given = heat
    if late.any():
        shut = bus.m.var(f"{of.id}.coil_shut_kw", n, 0.0, late)
        bus.m.cost("cold", SHUT_NOK_PER_KWH * bus.grid.dt_h * shut)
        given = heat - shut
    bus.m.rows(f"{of.id} coil", given[cold] <= (of.coil_kw_per_k * (buffer - recovered))[cold])
    for room, part in of.rooms.items():
        bus.into_kw[room].append(-part * short)
    bus.into_kw[tank].append(-heat)
    return bus.show(f"{of.id}.coil_kw", heat)


SHUT_NOK_PER_KWH = 20.0


def cut(
    bus: Bus,
    of: AirUnit,
    tank: str,
    need_kw: Array,
    flow_share: Array,
    outdoor_degc: Array,
    debt_h: float,
    extract_degc: float = EXTRACT_DEGC,
) -> Expr:
    """0 <= r <= f - f_min,  (D - D') / dt = r / f - D / tau,  0 <= D <= D_max: less air for a while at a peak.

    Saves the fans' power, the coil's heat and the rooms' ventilation loss in proportion. The debt of air D stands for
    CO2: it grows while the flow is cut and fades with the air change.

    | symbol | meaning | unit |
    |---|---|---|
    | r | cut of the flow, as share of full flow | - |
    | f, f_min | flow share now, least | - |
    | D, D_max | debt of air, half an hour of no air at most | h |
    | tau | time in which the air of the rooms is changed | h |
    """
    n, dt = len(bus.grid), bus.grid.dt_h
    cut_share = bus.m.var(f"{of.id}.cut", n, 0.0, np.maximum(flow_share - of.least_share, 0.0))
    debt = bus.m.var(f"{of.id}.air_debt_h", n, 0.0, max(DEBT_H, debt_h), ref=debt_h)
    grown = cut_share / np.maximum(flow_share, 0.1) - debt / AIR_CHANGE_H
    bus.m.rows(f"{of.id} air debt", (debt - debt.prev(debt_h)).equals(dt * grown))
    per_flow = need_kw / np.maximum(flow_share, 0.1)
    bus.into_kw[tank].append(cut_share * per_flow)
    bus.load_kw.append(-of.fan_kw * cut_share)
    colder = extract_degc - delivered_degc(of, outdoor_degc, extract_degc)
    for room, part in of.rooms.items():
        bus.into_kw[room].append(cut_share * (part * of.flow_kw_per_k * colder))
    bus.m.cost("wear", CUT_NOK_PER_H * of.flow_kw_per_k * dt * cut_share)
    bus.show(f"{of.id}.flow_m3_per_h", (flow_share - cut_share) * of.flow_m3_per_h)
    return bus.show(f"{of.id}.cut", cut_share)


DEBT_H = 0.5
AIR_CHANGE_H = 1.5
CUT_NOK_PER_H = 30.0
"""A full cut for an hour, per kW/K of flow (3000 m3/h): worth it for a peak, never for a price of energy."""


def free_cooling(bus: Bus, units: tuple[AirUnit, ...], most_kw: Array, pump_share: float) -> Expr | None:
    """0 <= k_u <= K_u,  sum_u k_u <= K(t): heat taken from the rooms into the ground; None where there is none.

    | symbol | meaning | unit |
    |---|---|---|
    | k_u, K_u | cooling by unit u, its coil | kW |
    | K(t) | exchanger to the brine, 0 while it would make dew or the season heats | kW |
    """
    n = len(bus.grid)
    coils = [unit for unit in units if unit.cooling_kw > 0]
    if not coils or not (most_kw > 0).any():
        return None
    all_kw = bus.m.var("cooling.nothing", 1, 0.0, 0.0) + np.zeros(n)
    for unit in coils:
        taken = bus.m.var(f"{unit.id}.cooling_kw", n, 0.0, np.minimum(unit.cooling_kw, most_kw))
        for room, part in unit.rooms.items():
            bus.into_kw[room].append(-part * taken)
        bus.show(f"{unit.id}.cooling_kw", taken)
        all_kw = all_kw + taken
    bus.m.rows("free cooling", all_kw <= most_kw)
    bus.into_kw[GROUND].append(all_kw)
    bus.load_kw.append(all_kw * pump_share)
    return bus.show("cooling.power_kw", all_kw)
