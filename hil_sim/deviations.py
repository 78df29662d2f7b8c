"""By how much the real plant differs from the site file: seeded, bounded, documented.

Control starts from design values; a plant that had them exactly would flatter every controller. Each named parameter
is multiplied by 1 + spread * N(0, 1) cut at two deviations, drawn from (seed, name) alone: a new parameter never moves
the others.
"""

from zlib import crc32

import numpy as np

SPREAD = {
    "heat_loss": 0.06,
    "mass": 0.10,
    "emitter": 0.08,
    "window": 0.08,
    "ventilation": 0.04,
    "recovery": 0.02,
    "tank_loss": 0.15,
    "circulation_loss": 0.05,
    "exchanger": 0.08,
    "draws": 0.05,
    "equipment": 0.05,
    "fixed_load": 0.02,
    "heat_pump_heat": 0.007,
    "heat_pump_power": 0.007,
    "ground_conductivity": 0.05,
    "borehole_resistance": 0.08,
    "collector": 0.03,
    "pv": 0.02,
    "battery_capacity": 0.02,
    "battery_efficiency": 0.005,
    "pump": 0.08,
    "fan": 0.05,
}
"""Standard deviation of each parameter's factor. Certified machines vary least: they were measured."""


class Deviations:
    """Factors on design values, for one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def factor(self, parameter: str, asset: str = "") -> float:
        """Factor of a parameter of SPREAD (KeyError for others) for one asset."""
        rng = np.random.default_rng([self._seed, crc32(f"{parameter}/{asset}".encode())])
        return 1.0 + SPREAD[parameter] * float(np.clip(rng.standard_normal(), -2, 2))
