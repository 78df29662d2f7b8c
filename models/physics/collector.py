"""Solar thermal collector field after EN ISO 9806:2017 (quasi-dynamic, without wind and sky terms).

    Q/A = eta0 (K_b G_b + K_d G_d) - a1 (T_m - T_a) - a2 (T_m - T_a)^2 - a5 dT_m/dt        [W/m2]

T_m is the mean of inlet and outlet. With flow, Q = m c (T_out - T_in) = 2 m c (T_m - T_in); without, Q = 0 and T_m
goes to stagnation. A step of constant weather is solved exactly with the loss coefficient a1 + a2 |T_m - T_a| of its
start, so absorbed, lost, stored and useful heat balance to rounding. Areas are those the coefficients belong to.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Number = TypeVar("Number", float, Array)


@dataclass(frozen=True)
class Collector:
    """Coefficients of one collector make; the defaults are a good flat plate of today."""

    eta0: float = 0.79
    """Peak efficiency for beam at normal incidence [-]."""
    a1_w_per_m2_k: float = 3.6
    a2_w_per_m2_k2: float = 0.014
    a5_kj_per_m2_k: float = 8.0
    """Effective heat capacity, fluid included [kJ/(m²·K)]."""
    iam50: float = 0.92
    """K_b at 50° of incidence [-]."""
    iam_diffuse: float = 0.90
    """K_d, the hemispherical mean [-]."""


class Warmed(NamedTuple):
    """State and heat flows of a field over one step."""

    mean_degc: float
    """T_m at the end of the step."""
    useful_kw: float
    """Mean heat given to the fluid; negative when the fluid warms the collector."""
    lost_kw: float
    """Mean heat lost to the air."""
    outlet_degc: float
    """Mean outlet temperature; T_m at the end where nothing flows."""


def incidence_modifier(cos_incidence: Array, iam50: float) -> Array:
    """K_b = 1 - b0 (1/cos(theta) - 1), b0 fitted to the value at 50°, not below 0 (ISO 9806, one-axis symmetric)."""
    b0 = (1 - iam50) / (1 / math.cos(math.radians(50.0)) - 1)
    in_plane = 1e-3  # keeps 1/cos finite where no beam falls on the plane anyway
    return np.maximum(1 - b0 * (1 / np.maximum(cos_incidence, in_plane) - 1), 0.0)


def absorbed_w_per_m2(collector: Collector, beam_w_m2: Array, diffuse_w_m2: Array, cos_incidence: Array) -> Array:
    """eta0 (K_b G_b + K_d G_d) [W/m²] from irradiance in the plane; compute once for a whole series."""
    beam = incidence_modifier(cos_incidence, collector.iam50) * beam_w_m2
    return collector.eta0 * (beam + collector.iam_diffuse * diffuse_w_m2)


def useful_w_per_m2(collector: Collector, absorbed: Number, mean_degc: Number, air_degc: Number) -> Number:
    """Steady-state useful heat at mean fluid temperature T_m [W/m²]; negative where losses prevail."""
    warmer = mean_degc - air_degc
    return absorbed - collector.a1_w_per_m2_k * warmer - collector.a2_w_per_m2_k2 * warmer * abs(warmer)


def stagnation_degc(collector: Collector, absorbed: float, air_degc: float) -> float:
    """T_m at which losses equal what is absorbed [°C]: the root of a1 x + a2 x² = absorbed [W/m²]."""
    a1, a2 = collector.a1_w_per_m2_k, collector.a2_w_per_m2_k2
    return air_degc + 2 * absorbed / (a1 + math.sqrt(a1 * a1 + 4 * a2 * absorbed))


def step(
    collector: Collector,
    area_m2: float,
    mean_degc: float,
    absorbed: float,
    air_degc: float,
    inlet_degc: float,
    flow_kw_per_k: float,
    dt_s: float,
) -> Warmed:
    """The field after `dt_s` [s]: `absorbed` [W/m²], air and inlet [°C], flow as m c [kW/K] (0: pump off)."""
    warmer = mean_degc - air_degc
    loss_kw_per_k = area_m2 / 1000 * (collector.a1_w_per_m2_k + collector.a2_w_per_m2_k2 * abs(warmer))
    carried_kw_per_k = 2 * flow_kw_per_k
    out_kw_per_k = loss_kw_per_k + carried_kw_per_k
    gained_kw = area_m2 / 1000 * absorbed
    settled = (gained_kw + loss_kw_per_k * air_degc + carried_kw_per_k * inlet_degc) / out_kw_per_k
    steps = dt_s * out_kw_per_k / (area_m2 * collector.a5_kj_per_m2_k)
    end = settled + (mean_degc - settled) * math.exp(-steps)
    average = settled - (mean_degc - settled) * math.expm1(-steps) / steps
    useful_kw = carried_kw_per_k * (average - inlet_degc)
    outlet = inlet_degc + useful_kw / flow_kw_per_k if flow_kw_per_k > 0 else end
    return Warmed(end, useful_kw, loss_kw_per_k * (average - air_degc), outlet)
