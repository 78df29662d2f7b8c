"""Temperatures of a group of zones under given heat and weather: the plan's own equations, solved exactly per step.

    C_i dT_i/dt = H_im (T_m - T_i) + H_ie (T_e - T_i) + F (T_v - T_i) + (1 - s) q + (1 - a_g) G + (1 - a_s) S + d
    C_m dT_m/dt = H_im (T_i - T_m) + H_me (T_e - T_m) + s q + a_g G + a_s S

| symbol | meaning | unit |
|---|---|---|
| T_i, T_m, T_e, T_v | room, mass, outdoors, supply air | degC |
| F | heat capacity rate of the supply air | kW/K |
| q, s | heat from the emitters, bathrooms included, and its share into the mass | kW, - |
| G, S, d | people and equipment, sun, unmeasured heat | kW |

The rest as in `assets.building.envelope`. Inputs are held over a step, so its length costs no accuracy.
"""

from dataclasses import dataclass

import numpy as np

from control.assets.building import Group
from control.grid import Array


@dataclass(frozen=True)
class Transition:
    """One step, or many: (T_i, T_m) after = E (T_i, T_m) before + B (heat into room, heat into mass)."""

    e: Array
    """[-], shape (..., 2, 2)."""
    b: Array
    """[K/kW], shape (..., 2, 2)."""


def transition(group: Group, vent_kw_per_k: Array | float, dt_h: Array | float) -> Transition:
    """The exact step of length `dt_h` [h] at an air flow of `vent_kw_per_k`; arrays give one step per value.

    Heat into a node counts everything that does not depend on the two temperatures: H_ie T_e + F T_v + ... [kW].
    """
    vent, dt = np.broadcast_arrays(np.asarray(vent_kw_per_k, np.float64), np.asarray(dt_h, np.float64))
    c_room, c_mass = group.room.capacity_kwh_per_k, group.mass.capacity_kwh_per_k
    between = group.room_to_mass_kw_per_k
    a = np.empty((*vent.shape, 2, 2))
    a[..., 0, 0] = -(between + group.room_to_outdoor_kw_per_k + vent) / c_room
    a[..., 0, 1] = between / c_room
    a[..., 1, 0] = between / c_mass
    a[..., 1, 1] = -(between + group.mass_to_outdoor_kw_per_k) / c_mass
    # exp(A t) of a 2x2 matrix with real eigenvalues m +- r; off-diagonals are positive, so r is real and above 0.
    middle = (a[..., 0, 0] + a[..., 1, 1]) / 2
    half = (a[..., 0, 0] - a[..., 1, 1]) / 2
    root = np.sqrt(half**2 + a[..., 0, 1] * a[..., 1, 0])
    slow, fast = np.exp((middle + root) * dt), np.exp((middle - root) * dt)
    shifted = a - middle[..., None, None] * np.eye(2)
    e = ((slow + fast) / 2)[..., None, None] * np.eye(2) + ((slow - fast) / 2 / root)[..., None, None] * shifted
    b = np.linalg.solve(a, e - np.eye(2)) / np.array([c_room, c_mass])
    return Transition(np.asarray(e, np.float64), np.asarray(b, np.float64))


def heat_into(
    group: Group,
    heat_kw: Array | float,
    gains_kw: Array | float,
    solar_kw: Array | float,
    vent_kw_per_k: Array | float,
    vent_supply_degc: Array | float,
    outdoor_degc: Array | float,
    disturbance_kw: Array | float = 0.0,
) -> tuple[Array | float, Array | float]:
    """Heat into room and into mass [kW] that does not depend on their temperatures; sun and gains as fitted."""
    gains_kw, solar_kw = gains_kw + group.gain_offset_kw, group.solar_factor * solar_kw
    room = (
        group.room_to_outdoor_kw_per_k * outdoor_degc
        + vent_kw_per_k * vent_supply_degc
        + (1 - group.heat_to_mass) * heat_kw
        + (1 - group.gains_to_mass) * gains_kw
        + (1 - group.solar_to_mass) * solar_kw
        + disturbance_kw
    )
    mass = (
        group.mass_to_outdoor_kw_per_k * outdoor_degc
        + group.heat_to_mass * heat_kw
        + group.gains_to_mass * gains_kw
        + group.solar_to_mass * solar_kw
    )
    return room, mass


def simulate_group(  # noqa: PLR0913, PLR0917  (one argument per term of the equations)
    group: Group,
    start: tuple[float, float],
    heat_kw: Array,
    gains_kw: Array,
    solar_kw: Array,
    vent_kw_per_k: Array,
    vent_supply_degc: Array,
    outdoor_degc: Array,
    dt_h: Array | float,
    disturbance_kw: Array | float = 0.0,
) -> tuple[Array, Array]:
    """Room and mass at the end of every step [degC], open loop.

    Args:
        group: parameters.
        start: room and mass before the first step [degC].
        heat_kw: from the emitters, bathrooms included (what a heat meter shows).
        gains_kw: people and equipment.
        solar_kw: sun through the windows, after blinds.
        vent_kw_per_k: heat capacity rate of the supply air.
        vent_supply_degc: its temperature.
        outdoor_degc: outdoors.
        dt_h: length of the steps [h].
        disturbance_kw: unmeasured heat into the room.
    """
    step = transition(group, vent_kw_per_k, dt_h)
    room_kw, mass_kw = heat_into(
        group, heat_kw, gains_kw, solar_kw, vent_kw_per_k, vent_supply_degc, outdoor_degc, disturbance_kw
    )
    into = np.stack(np.broadcast_arrays(room_kw, mass_kw, np.zeros(len(heat_kw)))[:2], axis=-1)
    moved = np.einsum("nij,nj->ni", np.broadcast_to(step.b, (len(heat_kw), 2, 2)), into).tolist()
    kept = np.broadcast_to(step.e, (len(heat_kw), 2, 2)).tolist()
    room, mass = start
    degc = np.empty((len(heat_kw), 2))
    for n, ((of_room, of_mass), (by_room, by_mass)) in enumerate(zip(kept, moved, strict=True)):
        room, mass = (
            of_room[0] * room + of_room[1] * mass + by_room,
            of_mass[0] * room + of_mass[1] * mass + by_mass,
        )
        degc[n] = room, mass
    return degc[:, 0], degc[:, 1]
