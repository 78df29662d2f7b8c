"""Indoor climate: time outside the promised band, by group of rooms, without naming a room or a person.

Method: minutes of each room below and above its band (NS-EN 16798-1 category I in residents' rooms as the site's
accepted band; TEK17 13-4 for the rest), added up over the group's rooms and as a share of the minutes known. Hours in
which the outdoor air is above the band's upper end are counted apart: TEK17 13-4 accepts exceeding it then. CO2 is
judged by the limit of 1000 ppm (Norwegian Institute of Public Health).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_known import Array, Known, Why

CO2_LIMIT_PPM: Final = 1000.0
LEAST_ROOMS: Final = 3
"""A group of fewer rooms tells about persons: lowest and highest are then withheld."""


@dataclass(frozen=True, slots=True)
class RoomClimate:
    """One room's readings, one for each step."""

    temp_degc: Array
    low_degc: Array | float
    high_degc: Array | float
    co2_ppm: Array | None = None


@dataclass(frozen=True, slots=True)
class GroupClimate:
    """A group of rooms over a period."""

    group: str
    rooms: int
    cold_min: Known
    """Room minutes below the band."""
    hot_min: Known
    """Room minutes above it, the outdoor air not being as warm."""
    hot_outdoors_min: Known
    """Room minutes above it while the outdoor air was, too."""
    within_pct: Known
    mean_degc: Known
    worst_cold_min: Known
    """Of the room that was below its band longest."""
    cold_kh: Known
    """Room kelvin hours below the band."""
    co2_over_min: Known
    """Room minutes above 1000 ppm."""


def group_climate(group: str, rooms: Sequence[RoomClimate], outdoor_degc: Array, step_min: float = 1.0) -> GroupClimate:
    """The climate of a group; steps without a reading count nowhere and lower the coverage."""
    if not rooms:
        nothing = Known.missing(Why.NOT_MEASURED)
        return GroupClimate(group, 0, *[nothing] * 8)
    temps = np.array([room.temp_degc for room in rooms])
    lows = np.array([np.broadcast_to(room.low_degc, len(outdoor_degc)) for room in rooms])
    highs = np.array([np.broadcast_to(room.high_degc, len(outdoor_degc)) for room in rooms])
    known = ~np.isnan(temps)
    coverage = float(known.mean()) if known.size else 0.0
    if not known.any():
        nothing = Known.missing(Why.NO_DATA, coverage)
        return GroupClimate(group, len(rooms), *[nothing] * 8)
    cold, hot = known & (temps < lows), known & (temps > highs)
    excused = hot & (np.nan_to_num(outdoor_degc, nan=-99.0) > highs)
    short = np.where(cold, lows - temps, 0.0)
    worst = max(float(row.sum()) for row in cold) * step_min

    def counted(where: NDArray[np.bool_]) -> Known:
        return Known(float(where.sum()) * step_min, coverage)

    return GroupClimate(
        group,
        len(rooms),
        counted(cold),
        counted(hot & ~excused),
        counted(excused),
        Known(100 * float((known & ~cold & ~hot).sum()) / float(known.sum()), coverage),
        Known(float(temps[known].mean()), coverage),
        Known(worst, coverage) if len(rooms) >= LEAST_ROOMS else Known.missing(Why.NOT_MEASURED, coverage),
        Known(float(short.sum()) * step_min / 60, coverage),
        _co2(rooms, step_min),
    )


def _co2(rooms: Sequence[RoomClimate], step_min: float) -> Known:
    readings = [room.co2_ppm for room in rooms if room.co2_ppm is not None]
    if not readings:
        return Known.missing(Why.NOT_MEASURED)
    all_ppm = np.concatenate(readings)
    known = ~np.isnan(all_ppm)
    if not known.any():
        return Known.missing(Why.NO_DATA, 0.0)
    return Known(float((all_ppm[known] > CO2_LIMIT_PPM).sum()) * step_min, float(known.mean()))
