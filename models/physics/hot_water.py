"""Tap water: draws of a care home, exchanger, thermostatic mixing, circulation loops."""

from math import exp
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MINUTES: Final = 1440
DRAW_SHAPE: Final = (
    0.1, 0.1, 0.1, 0.1, 0.2, 0.5, 1.4, 2.6, 2.8, 2.2, 1.6, 1.3,
    1.5, 1.3, 0.9, 0.8, 0.9, 1.2, 1.3, 1.1, 0.8, 0.6, 0.4, 0.2,
)  # fmt: skip
"""Relative draw by local hour: morning care and showers, meals and dish-washing, evening care (our assumption)."""
_KINDS: Final = ((0.30, 3.0, 1), (0.30, 12.0, 3), (0.40, 35.0, 6))
"""(share of the volume, litres at 60 degC, minutes) of hand-wash, kitchen and cleaning, shower and care bath."""


def draws_l_per_min(litres_per_day: float, rng: np.random.Generator) -> Array:
    """One local day of draws [l/min at 60 degC], minute by minute; mean of many days is `litres_per_day`."""
    shape = np.repeat(np.asarray(DRAW_SHAPE) / sum(DRAW_SHAPE) / 60, 60)
    flow = np.zeros(MINUTES + 10)
    for share, litres, minutes in _KINDS:
        events = rng.poisson(litres_per_day * share / litres * shape)
        volumes = np.where(events > 0, rng.gamma(4.0 * np.maximum(events, 1), litres / 4.0), 0.0)
        for offset in range(minutes):
            flow[offset : offset + MINUTES] += volumes / minutes
    flow[:10] += flow[MINUTES:]  # what runs past midnight is put to the day's start: no day loses water
    return np.asarray(flow[:MINUTES], dtype=np.float64)


def effectiveness(ua_w_per_k: float, small_w_per_k: float, large_w_per_k: float) -> float:
    """Counter-flow exchanger: share (0..1) of the possible heat that passes, from the two capacity rates [W/K]."""
    if small_w_per_k <= 0 or large_w_per_k <= 0 or ua_w_per_k <= 0:
        return 0.0
    small, large = min(small_w_per_k, large_w_per_k), max(small_w_per_k, large_w_per_k)
    ntu, ratio = ua_w_per_k / small, small / large
    if ratio > 0.999:
        return ntu / (1 + ntu)
    decay = exp(-ntu * (1 - ratio))
    return (1 - decay) / (1 - ratio * decay)


def exchanged_w(ua_w_per_k: float, hot_degc: float, hot_w_per_k: float, cold_degc: float, cold_w_per_k: float) -> float:
    """Heat from the hot to the cold stream of a counter-flow exchanger [W]; negative when 'hot' is the colder one."""
    share = effectiveness(ua_w_per_k, hot_w_per_k, cold_w_per_k)
    return share * min(hot_w_per_k, cold_w_per_k) * (hot_degc - cold_degc)


def hot_share(wanted_degc: float, hot_degc: float, cold_degc: float) -> float:
    """Share of hot water (0..1) a thermostatic mixer takes to give `wanted_degc`; 1 when the hot is too cold for it."""
    if hot_degc <= max(wanted_degc, cold_degc + 0.1):
        return 1.0
    return min(max((wanted_degc - cold_degc) / (hot_degc - cold_degc), 0.0), 1.0)


def loop_return_degc(supply_degc: float, surroundings_degc: float, loss_w_per_k: float, flow_w_per_k: float) -> float:
    """Return temperature of a circulation loop whose pipe loses to even surroundings along its way."""
    if flow_w_per_k <= 0:
        return surroundings_degc
    return surroundings_degc + (supply_degc - surroundings_degc) * exp(-loss_w_per_k / flow_w_per_k)


def cold_water_degc(day_of_year: float) -> float:
    """Mains water over the year [degC]: 4 at the end of winter, 10 at the end of summer (Mjøsa, deep intake)."""
    return float(7.0 - 3.0 * np.cos(2 * np.pi * (day_of_year - 55) / 365.25))
