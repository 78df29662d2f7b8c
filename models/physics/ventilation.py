"""Air handling: heat recovery, coils, fans, moisture and CO2. Plain numbers in, plain numbers out."""

from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AIR_WH_PER_M3_K: Final = 0.335
"""Heat capacity of a cubic metre of air at 20 degC."""
AIR_KG_PER_M3: Final = 1.2
COIL_EXPONENT: Final = 0.6
"""How the output of a coil falls with its air flow."""
OUTDOOR_CO2_PPM: Final = 425.0


def air_w_per_k(flow_m3_per_h: float) -> float:
    """Heat capacity rate of an air flow [W/K]."""
    return flow_m3_per_h * AIR_WH_PER_M3_K


def recovery_at_flow(design: float, flow_share: float) -> float:
    """Temperature efficiency of a recovery unit (0..1) at a share of its design flow.

    Balanced counter-flow exchanger: NTU = e/(1-e), NTU rises with flow^-0.4 (turbulent heat transfer on both sides).
    """
    if flow_share <= 0:
        return 0.0
    ntu: float = design / (1 - design) * max(flow_share, 0.1) ** -0.4
    return ntu / (1 + ntu)


def modulated_recovery(efficiency: float, intake_degc: float, extract_degc: float, wanted_degc: float) -> float:
    """Efficiency (0..`efficiency`) that brings intake air nearest to `wanted_degc`; 0 when recovery would be wrong."""
    span = extract_degc - intake_degc
    if abs(span) < 0.1:
        return 0.0
    return min(max((wanted_degc - intake_degc) / span, 0.0), efficiency)


def coil_w(rated_w: float, rated_k: float, flow_factor: float, water_degc: float, air_degc: float) -> float:
    """Most a water coil gives [W] at full valve: rated at `rated_k` between water and entering air.

    `flow_factor`: share of the design air flow to the power COIL_EXPONENT. Negative for a cooling coil.
    """
    return rated_w * (water_degc - air_degc) / rated_k * flow_factor


def fan_kw(sfp_kw_per_m3_s: float, design_m3_per_h: float, flow_share: float) -> float:
    """Power of supply and extract fans together [kW]; the duct's resistance makes it fall with flow^2.4."""
    return float(sfp_kw_per_m3_s * design_m3_per_h / 3600 * flow_share**2.4) if flow_share > 0 else 0.0


def diluted(
    level: Array, supply: float, source_per_h: Array, flow_m3_per_h: Array, volume_m3: Array, dt_h: float
) -> Array:
    """Level of a gas in mixed rooms after `dt_h`, e.g. ppm with a source in ppm m3/h; exact for constant inputs."""
    rate = np.maximum(flow_m3_per_h, 1e-3)
    steady = supply + source_per_h / rate
    return np.asarray(steady + (level - steady) * np.exp(-rate / volume_m3 * dt_h), dtype=np.float64)


def saturation_g_per_kg(temp_degc: Array) -> Array:
    """Moisture content of saturated air at 1013 hPa [g/kg dry air]; Magnus formula."""
    vapour_hpa = 6.112 * np.exp(17.62 * temp_degc / (243.12 + temp_degc))
    return np.asarray(622 * vapour_hpa / (1013.25 - vapour_hpa), dtype=np.float64)


def moisture_g_per_kg(temp_degc: float, humidity_pct: float) -> float:
    """Moisture content of air [g/kg dry air]; Magnus formula at 1013 hPa."""
    vapour_hpa = humidity_pct / 100 * 6.112 * exp(17.62 * temp_degc / (243.12 + temp_degc))
    return 622 * vapour_hpa / (1013.25 - vapour_hpa)
