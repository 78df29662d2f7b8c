"""Faults of heat pumps and of hot-water circulation, from means of a quarter of an hour."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboards.reports.calc_faults import FaultKind, Finding, cannot_tell, judged, looks, yearly_nok
from dashboards.reports.calc_known import Array, Why
from models.physics.heat_pump import HeatPump, inverse_cop
from models.physics.tank import WATER_J_PER_KG_K

COP_LIMIT: Final = 0.08
"""More power than a sound machine, as a share. Certificates, meters and sensors together are good for 3 to 5 %."""
LEAST_DAYS: Final = 3
STEADY: Final = 0.02
"""The mean number of compressors may be so far from a whole one."""
LOOP_LIMIT: Final = 0.25
"""More loss than a sound loop, as a share: a fall of 3 K is measured to 7 %, the design is known to some 10 %."""
SURROUNDINGS_DEGC: Final = 22.0
WATER_KG_PER_L: Final = 0.985
"""At 60 degC."""


@dataclass(frozen=True, slots=True)
class MachineSteps:
    """A heat pump over time, one value a step; NaN is a gap."""

    heat_kw: Array
    power_kw: Array
    source_degc: Array
    """Brine (or air) in."""
    supply_degc: Array
    """Water out of the condenser."""
    compressors: Array
    """Mean number running."""


def cop_drift(
    asset: str,
    steps: MachineSteps,
    model: HeatPump,
    step_h: float,
    nok_per_kwh: float | None,
    reference: float = 1.0,
) -> Finding:
    """Whether a machine takes more power for its heat than it should at these temperatures.

    Method: in steps in which a whole number of compressors ran, and ran in the step before, power over (heat / COP),
    the COP being the certificate's (EN 14511, carried to the step's temperatures by `models.physics.heat_pump`),
    relative to `reference`, the same ratio when the machine was known to be sound. One look a day, its median.
    """
    whole = np.rint(steps.compressors)
    steady = (np.abs(steps.compressors - whole) <= STEADY) & (whole >= 1) & (steps.heat_kw > 0)
    steady[1:] &= steady[:-1].copy() & (whole[1:] == whole[:-1])
    steady[:1] = False
    wanted_kw = np.full(len(whole), np.nan)
    for count in range(1, len(model.stages) + 1):
        here = steady & (whole == count)
        inverse = inverse_cop(model, steps.source_degc[here], steps.supply_degc[here], count)
        wanted_kw[here] = steps.heat_kw[here] * inverse * reference
    over = steps.power_kw / wanted_kw - 1
    sizes = looks(over, steady, round(24 / step_h), max(round(1 / step_h), 1))
    if not len(sizes):
        return cannot_tell(FaultKind.COP_DRIFT, asset, "share", COP_LIMIT, Why.NO_OCCASION)
    size = float(np.median(sizes))
    used_kwh = float(np.nansum(steps.power_kw)) * step_h
    known_h = float((~np.isnan(steps.power_kw)).sum()) * step_h
    counted = steady & ~np.isnan(over)
    evidence = {
        "cop": float(steps.heat_kw[counted].sum() / steps.power_kw[counted].sum()),
        "expected_cop": float(steps.heat_kw[counted].sum() / wanted_kw[counted].sum()),
        "steady_h": float(counted.sum()) * step_h,
    }
    cost = yearly_nok(used_kwh * size / (1 + size), known_h, nok_per_kwh)
    return judged(
        FaultKind.COP_DRIFT,
        asset,
        sizes,
        unit="share",
        limit=COP_LIMIT,
        least=LEAST_DAYS,
        nok_per_year=cost,
        evidence=evidence,
    )


def circulation_loss(
    loop: str,
    supply_degc: Array,
    return_degc: Array,
    flow_l_per_min: Array,
    sound_w_per_k: float,
    step_h: float,
    nok_per_kwh: float | None,
    surroundings_degc: float = SURROUNDINGS_DEGC,
) -> Finding:
    """Whether a circulation loop loses more heat than a sound one.

    Method: a pipe in even surroundings: UA = m c ln((supply - surroundings) / (return - surroundings)); one look a
    day. `sound_w_per_k` is the UA by design, or as measured when the insulation was known to be whole.
    """
    runs = (flow_l_per_min > 0) & (return_degc > surroundings_degc + 5) & (supply_degc > return_degc)
    runs[1:] &= flow_l_per_min[:-1] > 0
    rate_w_per_k = flow_l_per_min / 60 * WATER_KG_PER_L * WATER_J_PER_KG_K
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.log((supply_degc - surroundings_degc) / (return_degc - surroundings_degc))
    ua_w_per_k = rate_w_per_k * spread
    sizes = looks(ua_w_per_k / sound_w_per_k - 1, runs, round(24 / step_h), max(round(6 / step_h), 1))
    if not len(sizes):
        return cannot_tell(FaultKind.CIRCULATION_LOSS, loop, "share", LOOP_LIMIT, Why.NO_OCCASION)
    size = float(np.median(sizes))
    lost_kw = rate_w_per_k[runs] * (supply_degc[runs] - return_degc[runs]) / 1000
    mean_kw = float(np.nanmean(lost_kw))
    evidence = {
        "ua_w_per_k": sound_w_per_k * (1 + size),
        "sound_ua_w_per_k": sound_w_per_k,
        "loss_kw": mean_kw,
        "fall_k": float(np.nanmean(supply_degc[runs] - return_degc[runs])),
    }
    return judged(
        FaultKind.CIRCULATION_LOSS,
        loop,
        sizes,
        unit="share",
        limit=LOOP_LIMIT,
        least=LEAST_DAYS,
        nok_per_year=yearly_nok(mean_kw * size / (1 + size), 1.0, nok_per_kwh),
        evidence=evidence,
    )
