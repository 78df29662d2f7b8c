"""Comfort of a run: cold and hot Kelvin hours by room and group, CO2, and the heat left in the building. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bems.backtest.lockstep import LockstepResult
from bems.comfort import SUMMER, Space, high_degc, low_degc, spaces
from control.picture import manned
from models.site import Site

CO2_PPM: Final = 1000.0
FELT_K: Final = 0.1
"""Less below the limit than a sensor can tell is not too cold."""


@dataclass(frozen=True)
class Group:
    """One zone: means over its rooms and its common area."""

    zone: str
    cold_kh: float
    hot_kh: float
    mean_degc: float


@dataclass(frozen=True)
class Comfort:
    """Sums over all rooms; None where the plant tells no room temperature (or no CO2)."""

    cold_kh: float | None
    worst_room_cold_kh: float | None
    """The coldest resident's room; the coldest of all where nobody lives."""
    p95_room_cold_kh: float | None
    """95th percentile of the same rooms."""
    longest_cold_min: float | None
    """The longest that one of them was too cold without a break."""
    hot_kh: float | None
    mean_room_degc: float | None
    """Of residents' rooms; of all where nobody lives."""
    co2_min: float | None
    """Minutes above 1000 ppm, summed over all sensors."""
    stored_kwh: float | None
    """Heat in the building at the end less that at the start, its whole mass taken to be as warm as its air."""
    groups: tuple[Group, ...]


def service_points(site: Site) -> list[str]:
    """Temperatures and CO2 of all rooms and zones, those that nobody is ever in excepted."""
    return [node.point for node in spaces(site)] + [point for point in site.points if point.endswith(".co2_ppm")]


def comfort(site: Site, run: LockstepResult) -> Comfort:
    """The comfort of a run that kept `service_points`."""
    place = {point: n for n, point in enumerate(run.points)}
    hours = run.dt_s / 3600
    local = [
        (run.start + timedelta(seconds=(n + 1) * run.dt_s)).astimezone(site.zone_info) for n in range(len(run.values))
    ]
    summer = np.array([when.month in SUMMER for when in local])
    people = {z.id: np.array([manned(z.occupied, when) for when in local]) for z in site.zones if z.occupied}
    found: list[tuple[Space, float, float, float, float, float]] = []
    for node in spaces(site):
        values = run.values[:, place[node.point]] if node.point in place else np.array([np.nan])
        if np.isnan(values).all():
            continue
        low = low_degc(node, people.get(node.zone.id))
        high = high_degc(node, summer)
        below = np.maximum(low - values, 0.0)
        cold = float(np.nansum(below)) * hours
        hot = float(np.nansum(np.maximum(values - high, 0.0))) * hours
        before = float(run.initial[place[node.point]])
        change = float(values[-1]) - (float(values[0]) if np.isnan(before) else before)
        stored = change * node.area_m2 * node.zone.mass_wh_per_m2_k / 1000
        found.append((node, cold, hot, float(np.nanmean(values)), stored, _longest(below > FELT_K) * run.dt_s / 60))
    co2 = [run.values[:, n] for point, n in place.items() if point.endswith(".co2_ppm")]
    known_co2 = [column for column in co2 if not np.isnan(column).all()]
    minutes = sum(float((column > CO2_PPM).sum()) for column in known_co2) * run.dt_s / 60 if known_co2 else None
    if not found:
        return Comfort(None, None, None, None, None, None, minutes, None, ())
    homes = [entry for entry in found if entry[0].resident] or found
    groups = []
    for zone in site.zones:
        mine = [entry[1:4] for entry in found if entry[0].zone.id == zone.id]
        if mine:
            cold, hot, mean = np.mean(mine, axis=0)
            groups.append(Group(zone.id, float(cold), float(hot), float(mean)))
    return Comfort(
        cold_kh=sum(entry[1] for entry in found),
        worst_room_cold_kh=max(entry[1] for entry in homes),
        p95_room_cold_kh=float(np.percentile([entry[1] for entry in homes], 95)),
        longest_cold_min=max(entry[5] for entry in homes),
        hot_kh=sum(entry[2] for entry in found),
        mean_room_degc=float(np.mean([entry[3] for entry in homes])),
        co2_min=minutes,
        stored_kwh=sum(entry[4] for entry in found),
        groups=tuple(groups),
    )


def _longest(outside: NDArray[np.bool_]) -> int:
    """Steps of the longest unbroken stretch."""
    inside = np.flatnonzero(~np.concatenate(([False], outside, [False])))
    return int(np.diff(inside).max()) - 1
