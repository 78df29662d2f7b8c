"""The building by groups of zones that are heated alike: a room node (air and light things) and a mass node."""

from dataclasses import dataclass

import numpy as np

from control.assets.bus import Bus, Node
from control.expr import Expr
from control.grid import Array


@dataclass(frozen=True)
class Group:
    """Zones on one circuit and of one kind, as one."""

    id: str
    zones: tuple[str, ...]
    room: Node
    mass: Node
    room_to_mass_kw_per_k: float
    room_to_outdoor_kw_per_k: float
    mass_to_outdoor_kw_per_k: float
    emitter_kw_per_k: float
    """From the circuit's supply to the node it heats."""
    emitter_max_kw: float
    curve: tuple[tuple[float, float], ...] = ()
    """Of the circuit: (outdoor, supply) [degC]; without one the emitters bound the heat."""
    supply_max_degc: float = 60.0
    heat_to_mass: float = 0.9
    """Share of the emitters' heat that lands in the mass: floor heating nearly all, radiators a third."""
    solar_to_mass: float = 0.7
    gains_to_mass: float = 0.4
    always_kw: float = 0.0
    """Bathroom floors, heated all year."""
    blinds: bool = False
    solar_factor: float = 1.0
    """Of the sun the outlook states for its windows; fitted."""
    gain_offset_kw: float = 0.0
    """Heat beyond what the outlook states for people and equipment; fitted."""


@dataclass(frozen=True)
class Softness:
    """Prices of comfort [NOK per K and h]: the first `slight_k` cheap, beyond that dearer than any peak."""

    slight_k: float
    cold_slight: float
    cold_deep: float
    hot_slight: float
    hot_deep: float


VALVES_OPEN = 0.8
"""Mean opening with the neediest valve nearly open, where the valves do not say."""
STORING_K = 3.0
"""A plan may have a circuit so far above its curve."""


def most_kw(of: Group, outdoor_degc: Array, mass_degc: float, opening: float) -> Array:
    """The most heat a group's emitters can be asked for: its circuits are given their curve and STORING_K at the most.

    Args:
        of: the group.
        outdoor_degc: [degC] any shape.
        mass_degc: of the group now.
        opening: mean of its valves with the neediest one open, 0 to 1.
    """
    if not of.curve:
        return np.full(np.shape(outdoor_degc), of.emitter_max_kw)
    outdoors, supplies = np.array(of.curve).T
    highest = np.minimum(np.interp(outdoor_degc, outdoors, supplies) + STORING_K, of.supply_max_degc)
    most: Array = np.clip(opening * of.emitter_kw_per_k * (highest - mass_degc), 0.0, of.emitter_max_kw)
    return most


def emission(bus: Bus, of: Group, supply: Expr, source: str, most: Array, start_short_k: float, opening: float) -> Expr:
    """Heat of the emitters: q <= v H_em (T_sup - T_m),  0 <= q <= Q_em; none outside the heating season.

    | symbol | meaning | unit |
    |---|---|---|
    | q | heat from the emitters beyond the bathrooms' q_0, taken from the buffer | kW |
    | H_em | emitter | kW/K |
    | Q_em | the most the emitters can be asked for (`most_kw`), 0 outside the heating season | kW |
    | v | mean opening of the valves with the neediest one open: a hall behind wide valves needs hotter water | - |
    | T_sup | what the buffer's top can give a circuit | degC |
    """
    heat = bus.m.var(f"{of.id}.heat_kw", len(bus.grid), 0.0, most)
    heating = most > 0
    given = opening * of.emitter_kw_per_k
    reach = given * (supply - bus.temp[of.mass.id])
    if given > 0:
        bus.show(f"{of.id}.supply_degc", bus.temp[of.mass.id] + heat * (1 / given))
    if heating.any():
        cold_start = bus.m.var(f"{of.id}.cold_start_kw", len(bus.grid), 0.0, given * start_short_k)
        bus.m.cost("cold", COLD_START_NOK_PER_KWH * bus.grid.dt_h * cold_start)
        bus.m.rows(f"{of.id} emission", (heat - cold_start)[heating] <= reach[heating])
    bus.into_kw[of.mass.id].append(of.heat_to_mass * (heat + of.always_kw))
    bus.into_kw[of.room.id].append((1 - of.heat_to_mass) * (heat + of.always_kw))
    bus.into_kw[source].append(-heat - of.always_kw)
    return bus.show(f"{of.id}.heat_kw", heat)


COLD_START_NOK_PER_KWH = 20.0
"""A buffer found colder than the floors cannot be warmer at once: the emission limit may be late, at this price."""


def bathrooms(bus: Bus, of: Group, supply: Expr, nok_per_kh: float) -> None:
    """T_sup + s >= T_bath all year: bathroom floors are heated in summer too, and need water that can do it.

    | symbol | meaning | unit |
    |---|---|---|
    | T_bath | supply at which the floors keep their temperature | degC |
    """
    if of.always_kw > 0:
        missing = bus.slack(f"{of.id} bathroom floors", "cold", nok_per_kh * bus.grid.dt_h)
        bus.m.rows(f"{of.id} bathroom floors", supply + missing >= BATH_SUPPLY_DEGC)


BATH_SUPPLY_DEGC = 27.0


def envelope(bus: Bus, of: Group, outdoor_degc: Array, gains_kw: Array, solar: Expr, disturbance_kw: float) -> None:
    """Heat into room and mass besides the emitters.

        room:  H_im (T_m - T_i) + H_ie (T_e - T_i) + (1 - a_g) G + (1 - a_s) S + d
        mass:  H_im (T_i - T_m) + H_me (T_e - T_m) + a_g G + a_s S

    | symbol | meaning | unit |
    |---|---|---|
    | T_i, T_m, T_e | room, mass, outdoors | degC |
    | H_im, H_ie, H_me | between room and mass, from room and from mass to the outside | kW/K |
    | G, S | people and equipment, sun through the windows (after blinds), each as corrected by the fit | kW |
    | a_g, a_s | shares of these that land in the mass | - |
    | d | unmeasured heat, as estimated, held | kW |
    """
    solar, gains_kw = of.solar_factor * solar, gains_kw + of.gain_offset_kw
    room, mass = bus.temp[of.room.id], bus.temp[of.mass.id]
    between = of.room_to_mass_kw_per_k * (mass - room)
    free = gains_kw * (1 - of.gains_to_mass) + disturbance_kw
    outside = of.room_to_outdoor_kw_per_k * (outdoor_degc - room)
    bus.into_kw[of.room.id].append(between + outside + solar * (1 - of.solar_to_mass) + free)
    outside = of.mass_to_outdoor_kw_per_k * (outdoor_degc - mass)
    bus.into_kw[of.mass.id].append(outside - between + solar * of.solar_to_mass + gains_kw * of.gains_to_mass)


def sun(bus: Bus, of: Group, solar_kw: Array, blind_stops: float, nok_per_kwh: float) -> Expr:
    """S = A_s - b,  0 <= b <= B_s A_s: external blinds take away what would overheat; people like to look out.

    | symbol | meaning | unit |
    |---|---|---|
    | A_s | sun through bare windows | kW |
    | b, B_s | taken away, the most that blinds can take | kW, - |
    """
    if not of.blinds or not solar_kw.any():
        return bus.m.var(f"{of.id}.unshaded", 1, 0.0, 0.0) + solar_kw
    stopped = bus.m.var(f"{of.id}.shaded_kw", len(bus.grid), 0.0, blind_stops * solar_kw)
    bus.m.cost("wear", nok_per_kwh * bus.grid.dt_h * stopped)
    bus.show(f"{of.id}.shaded_kw", stopped)
    return solar_kw - stopped


def comfort(bus: Bus, of: Group, low_degc: Array, high_degc: Array, soft: Softness) -> None:
    """T_i + c_1 + c_2 >= T_lo,  T_i - h_1 - h_2 <= T_hi,  0 <= c_1, h_1 <= slight.

    | symbol | meaning | unit |
    |---|---|---|
    | T_lo, T_hi | promised band | degC |
    | c_1, h_1 | slight breach, cheap | K |
    | c_2, h_2 | the rest, dearer than any peak | K |
    """
    n, dt, room = len(bus.grid), bus.grid.dt_h, bus.temp[of.room.id]
    parts = {"cold": (soft.cold_slight, soft.cold_deep), "hot": (soft.hot_slight, soft.hot_deep)}
    breach = {}
    for part, (slight_nok, deep_nok) in parts.items():
        slight = bus.m.var(f"{of.id}.{part}_slight_k", n, 0.0, soft.slight_k)
        bus.m.cost(part, slight_nok * dt * slight)
        breach[part] = slight + bus.slack(f"{of.id} {part}", part, deep_nok * dt)
    bus.m.rows(f"{of.id} cold", room + breach["cold"] >= low_degc)
    bus.m.rows(f"{of.id} hot", room - breach["hot"] <= high_degc)
