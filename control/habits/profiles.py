"""Daily profiles from a record: base load, tap water and people by kind of day and quarter, robust against odd days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from control.activity import PRESENCE_SPREAD, by_kind, persons, stated_persons, typical_week
from control.grid import QUARTER_S, Array, Index
from control.habits.known import Profile, profile
from control.loads import base_load_kw, load_points
from control.presence import counted_zones, persons_counted
from control.record import Record
from control.slots import KINDS, PER_DAY, Mask, Slots, kinds_of
from control.tapped import tapped_l_per_h
from models.assets import Zone
from models.physics.hot_water import cold_water_degc
from models.site import Site

LEAST_DAYS: Final = 2
KNOWN_SHARE: Final = 0.75
"""Of a day's quarters, for the day to count."""
ODD_OVER_SPREAD: Final = 4.0
ODD_SHARE: Final = 0.3
"""A day this far from the usual, in spreads and as a share, tells of a fault or a feast, not of a habit."""
FLOWS_L_PER_H: Final = 60.0
LEVEL_LEAST, LEVEL_MOST = 0.5, 2.0
COLD_MOST_K: Final = 5.0


@dataclass(frozen=True)
class _Way:
    """How a profile is learned."""

    prior_days: float
    """Weight of what was known before."""
    smooth: int
    """Quarters over which a mean is taken."""
    trim: float
    """Of a quarter's values left out at each end."""


LOAD: Final = _Way(prior_days=0.5, smooth=3, trim=0.1)
TAP: Final = _Way(prior_days=1.0, smooth=9, trim=0.0)
"""People draw water now or a quarter later; a trimmed mean of few large draws would be too low."""
PRESENCE: Final = _Way(prior_days=1.0, smooth=5, trim=0.1)
"""What a sensor's noise adds to a quarter it takes from its neighbours."""


def day_table(record: Record, values: Array) -> tuple[Index, Array]:
    """(days as ordinals, a row of 96 quarters for each) by the wall clock; NaN where nothing is known."""
    finer = max(1, round(record.dt_s / QUARTER_S))
    day, hour = record.local()
    day, hour, values = np.repeat(day, finer), np.repeat(hour, finer), np.repeat(values, finer)
    index = np.minimum((hour * 4 + np.tile(np.arange(finer), len(hour) // finer)).astype(np.int64), PER_DAY - 1)
    days, place = np.unique(day, return_inverse=True)
    known = ~np.isnan(values)
    cell = place[known] * PER_DAY + index[known]
    size = len(days) * PER_DAY
    count = np.bincount(cell, minlength=size)
    total = np.bincount(cell, values[known], minlength=size)
    table = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return days, table.reshape(len(days), PER_DAY)


def learned_load(site: Site, record: Record, before: Profile) -> Profile | None:
    """Base load [kW]; None when the record does not tell of two days."""
    values = base_load_kw(load_points(site), record)
    return None if values is None else _learned(record, values, before, LOAD)


def learned_tap(site: Site, record: Record, before: Profile) -> Profile | None:
    """Hot water used [l/h at 60 degC]; None when the record does not tell of two days."""
    values = tapped_l_per_h(site, record)
    return None if values is None else _learned(record, values, before, TAP)


def learned_presence(site: Site, record: Record, before: Mapping[str, Profile]) -> dict[str, Profile]:
    """People by zone, for those of which the record tells of two days."""
    found = {}
    for zone in counted_zones(site):
        values = persons_counted(site, zone, record)
        habit = None if values is None else _learned(record, values, before.get(zone.id) or _stated(zone), PRESENCE)
        if habit is not None:
            found[zone.id] = habit
    return found


def _stated(zone: Zone) -> Profile:
    rows = by_kind(stated_persons(zone, typical_week()))
    return profile(rows, PRESENCE_SPREAD * rows)


def load_off(site: Site, record: Record, of: Profile) -> float | None:
    """How far the base load was from its profile, root of the mean square of quarters [kW]; None: not measured."""
    values = base_load_kw(load_points(site), record)
    return None if values is None else _off(record, values, of)


def tap_off(site: Site, record: Record, of: Profile) -> float | None:
    """The same of hot water [l/h]."""
    values = tapped_l_per_h(site, record)
    return None if values is None else _off(record, values, of)


def presence_off(site: Site, record: Record, of: Mapping[str, Profile]) -> dict[str, float]:
    """By zone that tells of any: how far people were from their habits, else from the site file [persons]."""
    slots, found = Slots(record.start, *record.local(site.zone_info)), {}
    for zone in counted_zones(site):
        values = persons_counted(site, zone, record)
        if values is not None and not np.isnan(values).all():
            found[zone.id] = float(np.sqrt(np.nanmean((values - persons(zone, slots, of)) ** 2)))
    return found


def _off(record: Record, values: Array, of: Profile) -> float | None:
    days, table = day_table(record, values)
    off = (table - np.array(of.mean)[kinds_of(days)])[~np.isnan(table)]
    return float(np.sqrt(np.mean(off**2))) if len(off) else None


def learned_cold_k(site: Site, record: Record) -> float | None:
    """Cold water above its usual temperature of the season while it flows [K]."""
    if site.hot_water is None:
        return None
    cold, litres = record.column(site.find(site.hot_water.devices, "cold_temp_degc")), tapped_l_per_h(site, record)
    if cold is None or litres is None:
        return None
    day, _ = record.local()
    days, place = np.unique(day, return_inverse=True)
    usual = np.array([cold_water_degc(_day_of_year(int(d))) for d in days])[place]
    off = (cold - usual)[(litres > FLOWS_L_PER_H) & ~np.isnan(cold)]
    if len(off) * record.dt_s < LEAST_DAYS * 3600:
        return None
    return float(np.clip(np.median(off), -COLD_MOST_K, COLD_MOST_K))


def _day_of_year(ordinal: int) -> float:
    return float(date.fromordinal(ordinal).timetuple().tm_yday)


def _learned(record: Record, values: Array, before: Profile, way: _Way) -> Profile | None:
    days, table = day_table(record, values)
    full = (~np.isnan(table)).mean(axis=1) >= KNOWN_SHARE
    days, table = days[full], table[full]
    kinds = kinds_of(days)
    usual = np.ones(len(days), dtype=np.bool_)
    for kind in range(KINDS):
        usual[kinds == kind] = ~_odd(table[kinds == kind])
    kinds, table = kinds[usual], table[usual]
    if len(table) < LEAST_DAYS:
        return None
    prior, prior_spread = np.array(before.mean), np.array(before.spread)
    seen = {
        kind: _smoothed(_trimmed(table[kinds == kind], way.trim), way.smooth)
        for kind in range(KINDS)
        if (kinds == kind).any()
    }
    counts = np.array([float((kinds == kind).sum()) for kind in range(KINDS)])
    # Kinds of day not seen yet share the level of those that were.
    old = sum(counts[kind] * prior[kind].mean() for kind in seen)
    new = sum(counts[kind] * np.nanmean(row) for kind, row in seen.items())
    level = float(np.clip(new / old, LEVEL_LEAST, LEVEL_MOST)) if old > 0 else 1.0
    mean, spread = prior * level, prior_spread * level
    for kind, row in seen.items():
        weight = counts[kind] / (counts[kind] + way.prior_days)
        mean[kind] = np.where(np.isnan(row), mean[kind], weight * row + (1 - weight) * mean[kind])
    off = table - mean[kinds]
    own = np.sqrt(_smoothed(_trimmed(off**2, 0.0), way.smooth))
    weight = len(table) / (len(table) + 2.0)
    spread = np.where(np.isnan(own), spread, weight * own + (1 - weight) * spread)
    days_of = tuple(float(count) for count in counts)
    return profile(np.maximum(mean, 0.0), spread, (days_of[0], days_of[1], days_of[2]))


def _odd(table: Array) -> Mask:
    """Which days are far from the others; nobody can say with fewer than four."""
    if len(table) < 4:
        return np.zeros(len(table), dtype=np.bool_)
    level = np.nanmean(table, axis=1)
    off = np.abs(level - np.median(level))
    limit = max(ODD_OVER_SPREAD * 1.4826 * float(np.median(off)), ODD_SHARE * abs(float(np.median(level))))
    return np.asarray(off > limit)


def _trimmed(table: Array, trim: float) -> Array:
    """Mean of every quarter without its most extreme days; NaN where nothing is known."""
    count = (~np.isnan(table)).sum(axis=0)
    ordered = np.sort(table, axis=0)  # NaN goes last
    cut = np.ceil(trim * (count - 4)).clip(0).astype(np.int64)  # fewer than five are too few to leave any out
    place = np.arange(len(table))[:, None]
    kept = (place >= cut) & (place < count - cut)
    total = np.where(kept, ordered, 0.0).sum(axis=0)
    return np.asarray(np.where(count > 0, total / np.maximum(kept.sum(axis=0), 1), np.nan), dtype=np.float64)


def _smoothed(row: Array, width: int) -> Array:
    """Mean over neighbouring quarters, round midnight; the day's mean stays."""
    known = ~np.isnan(row)
    if not known.all():
        if not known.any():
            return row
        row = np.interp(np.arange(PER_DAY), np.flatnonzero(known), row[known], period=PER_DAY)
    half = width // 2
    around = np.concatenate([row[-half:], row, row[:half]]) if half else row
    return np.asarray(np.convolve(around, np.ones(width) / width, "valid"), dtype=np.float64)
