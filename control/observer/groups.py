"""Room, mass and unmeasured heat of every group: a Kalman filter on the plan's own equations."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from control.assets.building import Group
from control.grid import Array
from control.observer.estimate import GroupEstimate
from control.observer.inputs import Seen
from control.predict import heat_into, transition

LEAK: Final = 0.998
"""Of the disturbance from a quarter to the next."""
ROOM_K: Final = 0.06
MASS_K: Final = 0.03
"""Random walk of the model's own temperatures [K per square root of an hour]."""
DISTURBANCE_W_PER_M2: Final = 0.6
"""Random walk of the disturbance [W/m2 per square root of an hour]."""
MEASURED_K: Final = 0.08
"""A mean of room sensors against the mean it stands for."""
UNSEEN_K: Final = 0.8
"""Further doubt when all sensors but a few are lost, in proportion to what is lost."""
START_MASS_K: Final = 0.7
START_W_PER_M2: Final = 2.0
MOST_W_PER_M2: Final = 20.0
GATE: Final = 5.0
MOST_REFUSED: Final = 6
"""Innovations beyond so many deviations are taken for faults, so many times in a row; then they are believed."""
LOST_H: Final = 2.0
"""After a longer hole everything is started anew."""
USUAL_H: Final = 60.0
SETTLED_H: Final = 8.0
"""A filter younger than this says nothing about what is usual."""


@dataclass(frozen=True)
class Driven:
    """What drives a group over one update; means."""

    heat_kw: float
    gains_kw: float
    solar_kw: float
    vent_kw_per_k: float
    vent_supply_degc: float
    outdoor_degc: float


def started(group: Group, area_m2: float, saw: Seen | None, setpoint_degc: float, driven: Driven) -> GroupEstimate:
    """At the measurement, the mass where the room would stay as it is, no disturbance.

    Room temperatures hardly move, so what a room loses and does not get comes from its mass. The heat that emitters
    give just now says less: they come and go within the hour, the mass remembers days.
    """
    room = saw.degc if saw is not None else setpoint_degc
    into, _ = heat_into(group, *_terms(driven))
    between = group.room_to_mass_kw_per_k
    held = between + group.room_to_outdoor_kw_per_k + driven.vent_kw_per_k
    mass = (held * room - float(into)) / between
    doubt = MEASURED_K if saw is not None else 1.5
    variances = (doubt**2, START_MASS_K**2 + doubt**2, (START_W_PER_M2 * area_m2 / 1000) ** 2)
    return GroupEstimate(room, mass, 0.0, _flat(np.diag(variances)), model=parameters(group), heat_kw=driven.heat_kw)


def relearned(group: Group, area_m2: float, before: GroupEstimate) -> GroupEstimate:
    """The same temperatures under other parameters; what was unmeasured to the old ones is forgotten.

    A fit has just explained it: kept, it would count twice for days.
    """
    room = before.covariance[0]
    variances = (room, START_MASS_K**2 + room, (START_W_PER_M2 * area_m2 / 1000) ** 2)
    return GroupEstimate(before.room_degc, before.mass_degc, 0.0, _flat(np.diag(variances)), model=parameters(group))


def parameters(group: Group) -> tuple[float, ...]:
    """What the filter's equations are made of."""
    return (
        group.room.capacity_kwh_per_k,
        group.mass.capacity_kwh_per_k,
        group.room_to_mass_kw_per_k,
        group.room_to_outdoor_kw_per_k,
        group.mass_to_outdoor_kw_per_k,
        group.heat_to_mass,
        group.solar_to_mass,
        group.gains_to_mass,
        group.solar_factor,
        group.gain_offset_kw,
    )


def followed(
    group: Group, area_m2: float, before: GroupEstimate, saw: Seen | None, driven: Driven, hours: float
) -> GroupEstimate:
    """One update: predicted over `hours` [h], then corrected by what was seen, unless that cannot be true."""
    step = transition(group, driven.vent_kw_per_k, hours)
    into = np.array(heat_into(group, *_terms(driven)))
    f = np.zeros((3, 3))
    f[:2, :2], f[:2, 2], f[2, 2] = step.e, step.b[:, 0], LEAK ** (4 * hours)
    x = f @ np.array([before.room_degc, before.mass_degc, before.disturbance_kw])
    x[:2] += step.b @ into
    walk = np.array([ROOM_K, MASS_K, DISTURBANCE_W_PER_M2 * area_m2 / 1000]) ** 2 * hours
    p = f @ np.array(before.covariance).reshape(3, 3) @ f.T + np.diag(walk)
    refused = before.refused
    if saw is not None:
        noise = MEASURED_K**2 + (UNSEEN_K * (1 - saw.known)) ** 2
        off, spread = saw.degc - x[0], p[0, 0] + noise
        if off**2 > GATE**2 * spread and refused < MOST_REFUSED:
            refused += 1
        else:
            if off**2 > GATE**2 * spread:  # it stays there: all that is believed becomes doubtful
                p = p + np.diag([off**2, off**2, 0.0])
                spread = p[0, 0] + noise
            refused = 0
            gain = p[:, 0] / spread
            x, p = x + gain * off, p - np.outer(gain, p[0])
    most = MOST_W_PER_M2 * area_m2 / 1000
    x[2] = min(max(x[2], -most), most)
    p[2, 2] = min(p[2, 2], most**2)
    age = before.followed_h + hours
    usual = before.usual_kw
    if age > SETTLED_H:
        usual += (x[2] - usual) * min(hours / min(age - SETTLED_H, USUAL_H), 1.0)
    return replace(
        before,
        room_degc=float(x[0]),
        mass_degc=float(x[1]),
        disturbance_kw=float(x[2]),
        covariance=_flat((p + p.T) / 2),
        usual_kw=float(usual),
        followed_h=age,
        refused=refused,
        heat_kw=driven.heat_kw,
    )


def _terms(driven: Driven) -> tuple[float, float, float, float, float, float]:
    return (
        driven.heat_kw,
        driven.gains_kw,
        driven.solar_kw,
        driven.vent_kw_per_k,
        driven.vent_supply_degc,
        driven.outdoor_degc,
    )


def _flat(matrix: Array) -> tuple[float, ...]:
    return tuple(float(value) for value in matrix.ravel())
