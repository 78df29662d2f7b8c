"""What the instruments make of the truth: thermal lag, a fixed error, noise, and the steps they resolve."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.field import SitePoint
from models.profile import ModbusPoint
from models.units import Unit

Array = NDArray[np.float64]

_NOISY: Final = {
    # unit: (lag [s], deviation of the fixed error, deviation of the noise, resolution), in the unit
    Unit.DEGC: (20.0, 0.08, 0.03, 0.1),
    Unit.PCT: (0.0, 0.0, 0.2, 0.1),
    Unit.PPM: (60.0, 15.0, 6.0, 1.0),
    Unit.M_PER_S: (0.0, 0.0, 0.15, 0.1),
    Unit.W_PER_M2: (0.0, 0.0, 3.0, 1.0),
}
"""Instruments of the usual class (Pt1000 class B, NDIR CO2); electricity and heat meters only resolve."""
_AIR_LAG_S: Final = 180.0
_HUMIDITY_ERROR_PCT: Final = 1.5
_BLOCK: Final = 128
_DEFAULT_RESOLUTION: Final = 0.001


class Sensors:
    """Turns the board's true values into readings. Seeded: the same seed and the same steps give the same readings."""

    def __init__(self, points: tuple[SitePoint, ...], seed: int) -> None:
        rows = np.array([_character(point) for point in points], dtype=np.float64).reshape(len(points), 6)
        self._lag_s, error, self._noise, step, self._floor, clip = rows.T.copy()
        self._rng = np.random.default_rng([seed, 11])
        self._error = error * np.clip(self._rng.standard_normal(len(points)), -2, 2)
        self._inverse = 1.0 / step
        self._floor *= 0.5 - 1e-9  # rounding less almost half a step is cutting
        self._state: Array | None = None
        self._draws = np.empty((0, len(points)))
        self._row = 0
        self._follow: tuple[float, Array] = (0.0, np.empty(0))
        self._highest = np.where(clip > 0, clip, np.inf)
        self._lowest = np.where(clip > 0, 0.0, -np.inf)

    def follow(self, truth: Array, dt_s: float) -> Callable[[], list[float]]:
        """What reads the instruments as they stand after `dt_s`; the first call settles them on the truth.

        They follow the truth every time, but who does not look need not pay for the reading.
        """
        if self._state is None:
            self._state = truth.copy()
        if self._follow[0] != dt_s:
            with np.errstate(divide="ignore"):
                self._follow = (dt_s, np.where(self._lag_s > 0, 1 - np.exp(-dt_s / self._lag_s), 1.0))
        state = truth - self._state
        state *= self._follow[1]
        state += self._state
        self._state = state  # a new array: earlier readings may still be asked for
        if self._row >= len(self._draws):
            self._draws = self._rng.standard_normal((_BLOCK, len(truth))) * self._noise + self._error
            self._draws = self._draws * self._inverse - self._floor
            self._row = 0
        draws = self._draws[self._row]
        self._row += 1
        return lambda: self._read(state, draws)

    def _read(self, state: Array, draws: Array) -> list[float]:
        reading = state * self._inverse
        reading += draws
        np.rint(reading, out=reading)
        reading /= self._inverse  # dividing by ten, not multiplying by a tenth: 2.4, not 2.4000000000000004
        np.minimum(reading, self._highest, out=reading)
        np.maximum(reading, self._lowest, out=reading)
        reading += 0.0  # no instrument shows minus zero
        readings: list[float] = reading.tolist()
        return readings


def _character(point: SitePoint) -> tuple[float, float, float, float, float, float]:
    """(lag [s], fixed error, noise, step, 1 when cut instead of rounded, highest possible reading or 0)."""
    spec = point.spec
    scale = abs(spec.scale) if isinstance(spec, ModbusPoint) and spec.scale_factor_at is None else 0.0
    unit = spec.shown_unit
    if spec.write is not None or unit in (Unit.STATE, Unit.BOOL, Unit.COUNT):
        return 0.0, 0.0, 0.0, _fine(spec.write.step if spec.write else 1.0), 0.0, 0.0
    if spec.counter:
        return 0.0, 0.0, 0.0, max(scale, 0.001), 1.0, 0.0
    lag, error, noise, resolution = _NOISY.get(unit, (0.0, 0.0, 0.0, _DEFAULT_RESOLUTION))
    if spec.name == "humidity_pct":
        return _AIR_LAG_S, _HUMIDITY_ERROR_PCT, 0.3, 0.1, 0.0, 100.0
    if spec.name in ("temp_degc", "outdoor_temp_degc", "floor_temp_degc"):
        lag = _AIR_LAG_S
    return lag, error, noise, max(scale, resolution if not scale else 0.0), 0.0, 100.0 if unit is Unit.PCT else 0.0


def _fine(step: float) -> float:
    return step if step > 0 else 0.001
