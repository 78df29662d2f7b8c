"""Borehole field: wall and brine temperatures from the heat taken out, with the memory of decades.

Ground. Borehole wall temperature by superposition of steps (Eskilson; g-function of pygfunction):

    T_wall(t) = T_0 - 1/(2 pi lambda H_tot) sum_i q_i [g(t - t_i) - g(t - t_i+1)]

The sum is kept in cells of growing width (Claesson and Javed 2012, ASHRAE Trans. 118(1):530-539): `CELLS_PER_LEVEL`
cells of 1 h, as many of 2 h, 4 h ... Each hour the newest mean load enters, and every cell of width w passes 1/w of its
content on, so heat is never lost before the end of the horizon.

Within the hour the wall moves from its last value towards what the hour's mean load so far will make of it, along
the infinite line source, E1(r^2 / 4 a t): it is the shape, not the size, that is approximated.

Fluid. The brine in the wells is one node behind the borehole resistance (R = R_b/H_tot, C = rho c V):

    C dT_fluid/dt = (T_wall - T_fluid)/R - Q_extracted

solved exactly for a step of constant load. The brine leaves at T_fluid + Q/(2 m c) and returns at T_fluid - Q/(2 m c).
Heat taken out is positive [kW]; heat put back is negative.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

HOUR_S: Final = 3600.0
YEAR_H: Final = 8760.0
CELLS_PER_LEVEL: Final = 6
LONGEST_STEP_S: Final = 300.0
"""Longer steps are cut: the wall temperature is held during a step."""


@dataclass(frozen=True)
class Wells:
    """A rectangular field of equal vertical boreholes, connected in parallel."""

    count_x: int = 7
    count_y: int = 2
    spacing_m: float = 12.0
    depth_m: float = 250.0
    """Active length of one borehole, below the ground-water table [m]."""
    cover_m: float = 5.0
    """Depth of the top of the active length [m]."""
    radius_m: float = 0.0575
    conductivity_w_per_m_k: float = 2.9
    heat_capacity_mj_per_m3_k: float = 2.4
    resistance_m_k_per_w: float = 0.08
    """R_b: effective borehole resistance [m·K/W], taken as constant over the flow."""
    undisturbed_degc: float = 6.3
    fluid_m3: float = 7.0
    """Brine in the wells and headers; two legs of 40 x 2.4 mm pipe hold 1.95 l per metre of borehole [m³]."""
    fluid_heat_capacity_mj_per_m3_k: float = 4.1
    """Ethanol 25-28 %: 965 kg/m³ x 4.25 kJ/(kg·K) [MJ/(m³·K)]."""

    @property
    def total_m(self) -> float:
        """Active length of all boreholes [m]."""
        return self.count_x * self.count_y * self.depth_m

    @property
    def diffusivity_m2_per_s(self) -> float:
        """Thermal diffusivity of the ground [m²/s]."""
        return self.conductivity_w_per_m_k / (self.heat_capacity_mj_per_m3_k * 1e6)

    @property
    def resistance_k_per_kw(self) -> float:
        """Between borehole wall and mean fluid, for the whole field [K/kW]."""
        return self.resistance_m_k_per_w / self.total_m * 1000

    @property
    def fluid_kwh_per_k(self) -> float:
        """Heat capacity of the brine [kWh/K]."""
        return self.fluid_m3 * self.fluid_heat_capacity_mj_per_m3_k / 3.6


@dataclass(frozen=True)
class GFunction:
    """Thermal response of a field to a unit step: values [-] at rising times [s], interpolated in ln t."""

    times_s: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, times_s: Array) -> Array:
        """Values at `times_s` [s], 0 at 0; ValueError beyond the last time."""
        if times_s[-1] > self.times_s[-1]:
            raise ValueError(f"g-function reaches {self.times_s[-1]:.3g} s, asked for {times_s[-1]:.3g} s")
        from scipy.interpolate import PchipInterpolator

        curve = PchipInterpolator(np.log(self.times_s), self.values)
        inside = np.maximum(times_s, self.times_s[0])
        return np.where(times_s > 0, curve(np.log(inside)), 0.0)


@dataclass(frozen=True)
class Response:
    """What a step needs of a field, prepared once by `response`."""

    widths_h: Array
    """Widths of the load cells, newest first [h]."""
    drop_k_per_kw: Array
    """Drop of the wall temperature per kW in each cell [K/kW]."""
    shape: tuple[float, ...]
    """Share of an hour's response reached after each of its minutes 0..60."""


class Ground(NamedTuple):
    """State of a field. `cells_kw` is never changed in place."""

    fluid_degc: float
    """Mean of the brine in the wells."""
    wall_degc: float
    """Mean borehole wall now."""
    cells_kw: Array
    """Mean load drawn through the wall in each cell [kW]."""
    hour_wall_degc: float
    """Wall at the start of the hour."""
    hour_decay_k: float
    """By how much the past alone lets the wall recover within this hour [K]."""
    hour_s: float
    """Time since the start of the hour [s]."""
    hour_kws: float
    """Heat drawn through the wall since then [kW·s]."""


def g_function(wells: Wells, years: float = 50.0, points: int = 48) -> GFunction:
    """The field's g-function by pygfunction ('equivalent' boreholes, 0.3 s and 1.2 s of import), 1 h to `years`."""
    import pygfunction

    field = pygfunction.borefield.Borefield.rectangle_field(
        wells.count_x,
        wells.count_y,
        wells.spacing_m,
        wells.spacing_m,
        wells.depth_m,
        wells.cover_m,
        wells.radius_m,
    )
    times = np.geomspace(HOUR_S, years * YEAR_H * HOUR_S, points)
    solved = pygfunction.gfunction.gFunction(field, wells.diffusivity_m2_per_s, time=times, method="equivalent")
    return GFunction(tuple(times.tolist()), tuple(np.asarray(solved.gFunc, dtype=float).tolist()))


def response(wells: Wells, g: GFunction) -> Response:
    """Load cells over the reach of `g`, and the shape of the first hour."""
    from scipy.special import exp1

    widths: list[float] = []
    width, reach_h = 1.0, g.times_s[-1] / HOUR_S
    while sum(widths) + width <= reach_h:
        widths.append(width)
        if len(widths) % CELLS_PER_LEVEL == 0:
            width *= 2
    edges_s = np.concatenate([[0.0], np.cumsum(widths)]) * HOUR_S
    per_kw = 1000 / (2 * math.pi * wells.conductivity_w_per_m_k * wells.total_m)
    minutes = np.arange(1, 61) * 60.0
    line_source = exp1(wells.radius_m**2 / (4 * wells.diffusivity_m2_per_s * minutes))
    shape = (0.0, *(line_source / line_source[-1]).tolist())
    return Response(np.array(widths), per_kw * np.diff(g.at(edges_s)), shape)


def undisturbed(wells: Wells, prepared: Response) -> Ground:
    """A field nothing was ever taken from."""
    return _new_hour(wells, prepared, np.zeros_like(prepared.widths_h), wells.undisturbed_degc)


def aged(wells: Wells, prepared: Response, monthly_kw: Sequence[float], years: float) -> Ground:
    """A field after `years` of a load that repeats every year, with the fluid at rest at wall temperature.

    `monthly_kw`: mean heat taken out in twelve equal parts of the year, oldest first, the last one ending now [kW].
    """
    edges_h = np.concatenate([[0.0], np.cumsum(prepared.widths_h)])
    month_h = YEAR_H / 12
    backwards_kwh = np.concatenate([[0.0], np.cumsum(np.array(monthly_kw, dtype=float)[::-1]) * month_h])
    age_h = np.minimum(edges_h, years * YEAR_H)
    whole_years, rest_h = np.divmod(age_h, YEAR_H)
    drawn_kwh = whole_years * backwards_kwh[-1] + np.interp(rest_h, np.arange(13) * month_h, backwards_kwh)
    ground = _new_hour(wells, prepared, np.diff(drawn_kwh) / prepared.widths_h, 0.0)
    return ground._replace(fluid_degc=ground.wall_degc)


def step(wells: Wells, prepared: Response, ground: Ground, extracted_kw: float, dt_s: float) -> Ground:
    """The field after `dt_s` [s] of `extracted_kw` taken from the brine (negative: put into it)."""
    left_s = dt_s
    while left_s > 1e-9:
        part_s = min(left_s, LONGEST_STEP_S, HOUR_S - ground.hour_s)
        ground = _part(wells, prepared, ground, extracted_kw, part_s)
        left_s -= part_s
    return ground


def brine_degc(wells: Wells, fluid_degc: float, extracted_kw: float, flow_m3_per_h: float) -> tuple[float, float]:
    """Brine from and to the wells [°C]; both the mean where nothing flows."""
    if flow_m3_per_h <= 0:
        return fluid_degc, fluid_degc
    half_k = extracted_kw / (2 * flow_m3_per_h * wells.fluid_heat_capacity_mj_per_m3_k / 3.6)
    return fluid_degc + half_k, fluid_degc - half_k


def _part(wells: Wells, prepared: Response, ground: Ground, extracted_kw: float, dt_s: float) -> Ground:
    """A step that stays within one hour."""
    resistance = wells.resistance_k_per_kw
    capacity_kws = wells.fluid_kwh_per_k * HOUR_S
    settled = ground.wall_degc - extracted_kw * resistance
    fluid = settled + (ground.fluid_degc - settled) * math.exp(-dt_s / (resistance * capacity_kws))
    drawn_kws = extracted_kw * dt_s + capacity_kws * (fluid - ground.fluid_degc)
    hour_s = ground.hour_s + dt_s
    hour_kws = ground.hour_kws + drawn_kws
    if hour_s > HOUR_S - 1e-6:
        return _new_hour(wells, prepared, _shifted(prepared.widths_h, ground.cells_kw, hour_kws / HOUR_S), fluid)
    minute = int(hour_s / 60)
    shape = prepared.shape
    reached = shape[minute] + (shape[minute + 1] - shape[minute]) * (hour_s / 60 - minute)
    drop = float(prepared.drop_k_per_kw[0]) * hour_kws / hour_s
    wall = ground.hour_wall_degc + reached * (ground.hour_decay_k - drop)
    return Ground(fluid, wall, ground.cells_kw, ground.hour_wall_degc, ground.hour_decay_k, hour_s, hour_kws)


def _new_hour(wells: Wells, prepared: Response, cells_kw: Array, fluid_degc: float) -> Ground:
    drop = float(prepared.drop_k_per_kw @ cells_kw)
    drop_if_idle = float(prepared.drop_k_per_kw @ _shifted(prepared.widths_h, cells_kw, 0.0))
    wall = wells.undisturbed_degc - drop
    return Ground(fluid_degc, wall, cells_kw, wall, drop - drop_if_idle, 0.0, 0.0)


def _shifted(widths_h: Array, cells_kw: Array, newest_kw: float) -> Array:
    """Cells one hour later: each passes 1/width of its heat on to the next, older one."""
    shifted = np.empty_like(cells_kw)
    shifted[0] = newest_kw
    shifted[1:] = cells_kw[1:] + (cells_kw[:-1] - cells_kw[1:]) / widths_h[1:]
    return shifted
