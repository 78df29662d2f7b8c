"""Heat pump between a source (brine or air) and heating water: capacity, compressor power, limits.

Every stage s (one compressor, two compressors; or least, middle and full speed of an inverter) is two polynomials in
the supply temperature T, fitted to certified points, and two factors in the source temperature S, x = S - S_ref:

    capacity  Q_s(S, T) = (q0 + q1 (T - 35)) max(1 + k_q x, 0.1)                   [kW]
    1/COP_s (S, T)      = (b0 + b1 (T - 35) + b2 (T - 35)^2) g(x)                  [-]
    g(x)                = 1 - k_c x  where x < 0,  1 / (1 + k_c x) where x >= 0    [-]
    power     P_s       = Q_s / COP_s                                              [kW]

Between stages Q and P are interpolated linearly, so a level of 1.5 is an inverter half-way or a staged machine running
its second compressor half of the time. From a colder source a machine is a steady share of Carnot: 1/COP grows as the
lift does. From a warmer one it gains less and less: there COP is linear in S.

k_q and k_c are fitted where one stage's points have several source temperatures (an air-source machine's always should:
at -15 degC it gives half of what it gives at +7), else they are generic:

- brine: k_c = 0.0215 1/K meets the generic matrix (W35: 3.68, 4.03, 4.23, 4.41, 4.65, 5.04 at -5, -2, 0, 2, 5,
  10 degC; also W45 and W55) within 4 % (heatpump_sheet.xlsx of av-energiplanlegging-eksempel). k_q = 0.030 1/K is our
  assumption: just below the ratio of Thermia Mega L at W10 and B0 (Keymark: 48.57/34.97 kW at W35, ln ratio
  0.033 1/K), part of which is water instead of brine.
- air: k_c = 1/28 1/K is a steady share of Carnot at A7/W35, k_q = 0.022 1/K our assumption: a third less at A-7.

EN 14511 power contains the pumps' share for the unit's own pressure drops; it is taken as compressor power. Validity:
supply 20-65 degC, brine -8..25 degC.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby
from typing import Final, Literal, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])

REFERENCE_SUPPLY_DEGC: Final = 35.0
LEAST_SHARE: Final = 0.1
"""Of its capacity at the reference source a machine gives at least this; its envelope ends before."""


class Certified(NamedTuple):
    """One certified point: EN 14511 (full load) or EN 14825 (part load, at the outlet temperature of its condition).

    EN 14825 variable outlet, cold climate: low temperature A-D 30, 27, 25, 24 degC; medium 44, 37, 32, 28 degC. A
    fixed-speed machine that cycles in a condition is tested warmer than that: leave such points out.
    """

    source_degc: float
    supply_degc: float
    compressors: int
    heat_kw: float
    power_kw: float


@dataclass(frozen=True)
class Stage:
    """Coefficients of one stage at the reference source temperature; x = supply - 35 °C."""

    heat_kw: float
    """q0: capacity at 35 °C [kW]."""
    heat_kw_per_k: float
    """q1 [kW/K]."""
    inverse_cop: tuple[float, float, float]
    """b0 [-], b1 [1/K], b2 [1/K²]."""


@dataclass(frozen=True)
class Envelope:
    """Limits of the machine's own safety chain [°C]."""

    supply_max_degc: float = 65.0
    return_max_degc: float = 58.0
    brine_in_min_degc: float = -6.0
    brine_in_max_degc: float = 25.0
    brine_out_min_degc: float = -8.0


class Source(NamedTuple):
    """How heat and COP follow the source."""

    ref_degc: float
    """S_ref."""
    heat_per_k: float
    """k_q [1/K]."""
    cop_per_k: float
    """k_c [1/K]."""


GENERIC: Final = {"wells": Source(0.0, 0.030, 0.0215), "air": Source(7.0, 0.022, 1 / 28)}
STEEPEST_PER_K: Final = (0.06, 0.10)
"""The most that fitted k_q and k_c can be."""


@dataclass(frozen=True)
class HeatPump:
    """A machine: its stages in rising order, source dependence and limits."""

    stages: tuple[Stage, ...]
    source: Source = GENERIC["wells"]
    envelope: Envelope = field(default_factory=Envelope)


class Outside(StrEnum):
    """The limit that stops the compressors."""

    SUPPLY_HIGH = "supply_high"
    RETURN_HIGH = "return_high"
    BRINE_IN_LOW = "brine_in_low"
    BRINE_IN_HIGH = "brine_in_high"
    BRINE_OUT_LOW = "brine_out_low"


class Operation(NamedTuple):
    """What a running machine does."""

    heat_kw: float
    power_kw: float
    extracted_kw: float
    """Heat taken from the source = heat - power [kW]."""


def fit_heat_pump(
    points: Sequence[Certified], source: Literal["wells", "air"] = "wells", envelope: Envelope | None = None
) -> HeatPump:
    """Least squares in relative error, one stage per number of compressors (for an inverter: per speed).

    A stage with one supply temperature has constant coefficients, with two a straight line, with more a parabola for
    1/COP. Raises ValueError unless the stages are numbered 1..n without a gap and every point is positive.
    """
    numbers = sorted({point.compressors for point in points})
    if not numbers or numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"certified points need stages 1, 2, ... without a gap, got {numbers}")
    if any(point.heat_kw <= point.power_kw or point.power_kw <= 0 for point in points):
        raise ValueError("certified points need 0 < power_kw < heat_kw")
    stages = [list(group) for _, group in groupby(sorted(points, key=lambda p: p.compressors), lambda p: p.compressors)]
    generic = GENERIC[source]
    if any(len({point.source_degc for point in stage}) > 1 for stage in stages):
        generic = _fit_source(stages, generic)
    fitted = [(_heat_of(stage, generic)[0], _inverse_of(stage, generic)[0]) for stage in stages]
    return HeatPump(tuple(Stage(*heat[:2], inverse) for heat, inverse in fitted), generic, envelope or Envelope())


def _fit_source(stages: Sequence[Sequence[Certified]], generic: Source) -> Source:
    """The k_q and k_c with which the stages' polynomials meet their points best."""
    most_heat, most_cop = STEEPEST_PER_K

    def heat_error(per_k: float) -> float:
        return sum(_heat_of(stage, generic._replace(heat_per_k=per_k))[1] for stage in stages)

    def inverse_error(per_k: float) -> float:
        return sum(_inverse_of(stage, generic._replace(cop_per_k=per_k))[1] for stage in stages)

    return Source(generic.ref_degc, _least(heat_error, most_heat), _least(inverse_error, most_cop))


def _least(error: Callable[[float], float], most: float) -> float:
    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(error, bounds=(0.0, most), method="bounded", options={"xatol": 1e-5}).x)


Polynomial = tuple[float, float, float]


def _heat_of(stage: Sequence[Certified], source: Source) -> tuple[Polynomial, float]:
    """A stage's capacity over its supply at the reference source, and the fit's error."""
    at = np.array([_heat_share(source, point.source_degc) for point in stage])
    return _relative_fit(stage, np.array([point.heat_kw for point in stage]) / at, degree=1)


def _inverse_of(stage: Sequence[Certified], source: Source) -> tuple[Polynomial, float]:
    """A stage's 1/COP likewise."""
    at = np.array([_inverse_share(source, point.source_degc) for point in stage])
    return _relative_fit(stage, np.array([point.power_kw / point.heat_kw for point in stage]) / at, degree=2)


def capacity_kw(machine: HeatPump, source_degc: Number, supply_degc: Number, level: float) -> Number:
    """Heat delivered [kW] at `level` 0..len(stages) (number of compressors, or stage of an inverter)."""
    lower, upper, share = _bracket(machine, level)
    low = _heat(machine, lower, source_degc, supply_degc)
    high = _heat(machine, upper, source_degc, supply_degc)
    return low * (1 - share) + high * share


def power_kw(machine: HeatPump, source_degc: Number, supply_degc: Number, level: float) -> Number:
    """Electric power [kW] at `level`, as in `capacity_kw`."""
    lower, upper, share = _bracket(machine, level)
    low = _heat(machine, lower, source_degc, supply_degc) * _inverse_cop(machine, lower, source_degc, supply_degc)
    high = _heat(machine, upper, source_degc, supply_degc) * _inverse_cop(machine, upper, source_degc, supply_degc)
    return low * (1 - share) + high * share


def operate(machine: HeatPump, source_degc: float, supply_degc: float, level: float) -> Operation:
    """Heat, power and heat from the source [kW] at `level`; all zero at level 0."""
    if level <= 0:
        return Operation(0.0, 0.0, 0.0)
    lower, upper, share = _bracket(machine, level)
    heat = _heat(machine, upper, source_degc, supply_degc)
    power = heat * _inverse_cop(machine, upper, source_degc, supply_degc)
    if share < 1:
        low = _heat(machine, lower, source_degc, supply_degc)
        low_power = low * _inverse_cop(machine, lower, source_degc, supply_degc)
        heat, power = low + (heat - low) * share, low_power + (power - low_power) * share
    return Operation(heat, power, heat - power)


def inverse_cop(machine: HeatPump, source_degc: Number, supply_degc: Number, compressors: int) -> Number:
    """1/COP [-] with a whole number of compressors (stages) running, 1..len(stages)."""
    return _inverse_cop(machine, machine.stages[_whole(machine, compressors)], source_degc, supply_degc)


def inverse_cop_slope_per_k(machine: HeatPump, source_degc: Number, supply_degc: Number, compressors: int) -> Number:
    """d(1/COP)/dT_supply [1/K]: electricity per kWh of heat that one kelvin more of supply temperature costs."""
    _, b1, b2 = machine.stages[_whole(machine, compressors)].inverse_cop
    return (b1 + 2 * b2 * (supply_degc - REFERENCE_SUPPLY_DEGC)) * _inverse_share(machine.source, source_degc)


def outside_envelope(
    envelope: Envelope, supply_degc: float, return_degc: float, brine_in_degc: float, brine_out_degc: float
) -> Outside | None:
    """The first limit that is exceeded, or None when the machine may run."""
    if supply_degc > envelope.supply_max_degc:
        return Outside.SUPPLY_HIGH
    if return_degc > envelope.return_max_degc:
        return Outside.RETURN_HIGH
    if brine_in_degc < envelope.brine_in_min_degc:
        return Outside.BRINE_IN_LOW
    if brine_in_degc > envelope.brine_in_max_degc:
        return Outside.BRINE_IN_HIGH
    if brine_out_degc < envelope.brine_out_min_degc:
        return Outside.BRINE_OUT_LOW
    return None


def _relative_fit(stage: Sequence[Certified], y: NDArray[np.float64], degree: int) -> tuple[Polynomial, float]:
    """Coefficients over supply less 35 °C, lowest first, padded to three, and the sum of ((fit - y)/y)^2."""
    x = np.array([point.supply_degc - REFERENCE_SUPPLY_DEGC for point in stage])
    used = min(degree, len(np.unique(x)) - 1)
    falling = np.polyfit(x, y, used, w=1 / y)
    padded = np.zeros(3)
    padded[: used + 1] = falling[::-1]
    error = float(np.sum((np.polyval(falling, x) / y - 1) ** 2))
    return (float(padded[0]), float(padded[1]), float(padded[2])), error


_OFF: Final = Stage(0.0, 0.0, (0.0, 0.0, 0.0))


def _bracket(machine: HeatPump, level: float) -> tuple[Stage, Stage, float]:
    """The stages around `level` and the share of the upper one; ValueError outside 0..len(stages)."""
    count = len(machine.stages)
    if not 0 <= level <= count:
        raise ValueError(f"level must lie in 0..{count}, got {level}")
    below = min(int(level), count - 1)
    return machine.stages[below - 1] if below else _OFF, machine.stages[below], level - below


def _whole(machine: HeatPump, compressors: int) -> int:
    if not 1 <= compressors <= len(machine.stages):
        raise ValueError(f"compressors must lie in 1..{len(machine.stages)}, got {compressors}")
    return compressors - 1


def _heat(machine: HeatPump, stage: Stage, source_degc: Number, supply_degc: Number) -> Number:
    at_reference = stage.heat_kw + stage.heat_kw_per_k * (supply_degc - REFERENCE_SUPPLY_DEGC)
    return at_reference * _heat_share(machine.source, source_degc)


def _inverse_cop(machine: HeatPump, stage: Stage, source_degc: Number, supply_degc: Number) -> Number:
    b0, b1, b2 = stage.inverse_cop
    x = supply_degc - REFERENCE_SUPPLY_DEGC
    return (b0 + (b1 + b2 * x) * x) * _inverse_share(machine.source, source_degc)


def _heat_share(source: Source, degc: Number) -> Number:
    """1 + k_q x, at least LEAST_SHARE."""
    return _at_least(1 + source.heat_per_k * (degc - source.ref_degc), LEAST_SHARE)


def _inverse_share(source: Source, degc: Number) -> Number:
    """g: 1 - k_c x below the reference, 1 / (1 + k_c x) above it."""
    warmer = source.cop_per_k * (degc - source.ref_degc)
    return (1 + _at_least(-warmer, 0.0)) / (1 + _at_least(warmer, 0.0))


def _at_least(value: Number, least: float) -> Number:
    """The greater of the two: for a number as fast as the simulator wants it, and for an array."""
    return (value + least + abs(value - least)) / 2
