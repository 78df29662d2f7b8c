"""Weather as a table on an even grid: the same shape for measurements, forecasts and the synthetic year."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

COLUMNS: Final = ("temp_degc", "ghi_w_m2", "dni_w_m2", "dhi_w_m2", "wind_m_s", "humidity_pct", "snowfall_cm_per_h")


@dataclass(frozen=True)
class WeatherSeries:
    """Columns of equal length on a grid of `step_s` from `start` (UTC); each value holds at its grid time.

    temp_degc dry-bulb [°C]; ghi/dni/dhi_w_m2 global horizontal, direct normal and diffuse horizontal irradiance [W/m²];
    wind_m_s at 10 m [m/s]; humidity_pct relative [%]; snowfall_cm_per_h fresh snow [cm/h].
    """

    start: datetime
    step_s: float
    temp_degc: NDArray[np.float64]
    ghi_w_m2: NDArray[np.float64]
    dni_w_m2: NDArray[np.float64]
    dhi_w_m2: NDArray[np.float64]
    wind_m_s: NDArray[np.float64]
    humidity_pct: NDArray[np.float64]
    snowfall_cm_per_h: NDArray[np.float64]
    synthetic: bool = False
    """True for generated weather; shown wherever it is used."""

    def __post_init__(self) -> None:
        lengths = {name: len(getattr(self, name)) for name in COLUMNS}
        if len(set(lengths.values())) != 1 or min(lengths.values()) < 2:
            raise ValueError(f"weather columns need one length of at least 2, got {lengths}")
        if self.start.tzinfo is not UTC:
            raise ValueError(f"weather start must be UTC, got {self.start!r}")

    @property
    def duration_s(self) -> float:
        """Time from the first to the last grid point [s]."""
        return (len(self.temp_degc) - 1) * self.step_s

    def at(self, column: str, when: datetime | NDArray[np.float64]) -> NDArray[np.float64] | float:
        """Linear interpolation of one column; `when` is a UTC datetime, or seconds since `start` as an array.

        The series repeats after its end (a synthetic year serves any date); the caller labels that as synthetic.
        """
        seconds = (when - self.start).total_seconds() if isinstance(when, datetime) else when
        period = len(self.temp_degc) * self.step_s
        grid = np.arange(len(self.temp_degc) + 1) * self.step_s
        values = getattr(self, column)
        closed = np.append(values, values[0])
        result = np.interp(np.mod(seconds, period), grid, closed)
        return float(result) if isinstance(when, datetime) else result

    def cut(self, start: datetime, end: datetime) -> "WeatherSeries":
        """The series on its own step from `start` until it covers `end`, repeating as `at` does."""
        count = int(-(start - end).total_seconds() // self.step_s) + 2
        seconds = (start - self.start).total_seconds() + np.arange(count, dtype=np.float64) * self.step_s
        columns = {name: np.asarray(self.at(name, seconds)) for name in COLUMNS}
        return WeatherSeries(start, self.step_s, **columns, synthetic=self.synthetic)
