"""How long cars stay away and what they need when they are back, from what their chargers told."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from control.grid import Array
from control.habits.known import Trip
from control.picture import DAYS
from control.record import Record
from models.assets import Charger, Departure
from models.site import Site

LEAST_TRIPS: Final = 2
PRIOR_TRIPS: Final = 2.0
EARLY, LATE = timedelta(minutes=45), timedelta(minutes=90)
"""How far from its timetable a departure is still taken for it."""
LEAST_AWAY_H, MOST_AWAY_H = 0.25, 24.0
LEAST_KWH: Final = 0.5
SHARE_LEAST, SHARE_MOST = 0.5, 1.5
LONGEST_STEP_S: Final = 1800.0


def car_points(site: Site) -> tuple[str, ...]:
    """Points that are read here."""
    found = (site.find(c.devices, signal) for c in site.chargers for signal in ("mode3_state", "energy_kwh"))
    return tuple(point for point in found if point is not None)


def trips(site: Site, record: Record, before: Mapping[str, Trip]) -> dict[str, Trip]:
    """By charger with at least two trips in the record; steps of up to half an hour."""
    seen = _trips(site, record)
    return {name: _drawn(mine, before.get(name, Trip())) for name, mine in seen.items() if len(mine) >= LEAST_TRIPS}


def trips_off_h(site: Site, record: Record, of: Mapping[str, Trip]) -> dict[str, float]:
    """By charger, how far the trips' lengths were from the usual, root of the mean square [h]."""
    return {
        name: float(np.sqrt(np.mean([(hours - of.get(name, Trip()).hours) ** 2 for hours, _ in mine])))
        for name, mine in _trips(site, record).items()
        if mine
    }


def _trips(site: Site, record: Record) -> dict[str, list[tuple[float, float | None]]]:
    """By charger, (hours away, energy over the timetable's) of every whole trip."""
    if record.dt_s > LONGEST_STEP_S:
        return {}
    found = {}
    for charger in site.chargers:
        state = record.column(site.find(charger.devices, "mode3_state"))
        if state is not None and charger.departures:
            energy = record.column(site.find(charger.devices, "energy_kwh"))
            found[charger.id] = list(_seen(site, record, charger, state, energy))
    return found


def _drawn(seen: list[tuple[float, float | None]], before: Trip) -> Trip:
    hours, shares = [one[0] for one in seen], [one[1] for one in seen if one[1] is not None]
    weight = len(hours) / (len(hours) + PRIOR_TRIPS)
    away = weight * float(np.median(hours)) + (1 - weight) * before.hours
    spread = weight * float(np.std(hours)) + (1 - weight) * before.spread_h
    weight = len(shares) / (len(shares) + PRIOR_TRIPS)
    share = weight * float(np.median(shares)) + (1 - weight) * before.need_share if shares else before.need_share
    return Trip(away, spread, float(np.clip(share, SHARE_LEAST, SHARE_MOST)), float(len(hours)))


def _seen(
    site: Site, record: Record, charger: Charger, state: Array, energy: Array | None
) -> Iterator[tuple[float, float | None]]:
    """(hours away, energy charged after it over the timetable's) of every whole trip."""
    # A step's mean below one half: the car was away for more than half of it.
    away = np.where(np.isnan(state), -1, (state < 0.5).astype(np.int64))
    edges = np.flatnonzero(np.diff(away)) + 1
    bounds = [0, *edges.tolist(), len(away)]
    for n in range(1, len(bounds) - 2):
        begin, end = bounds[n], bounds[n + 1]
        if away[begin] != 1 or away[begin - 1] != 0 or away[end] != 0:
            continue
        hours = (end - begin) * record.dt_s / 3600
        left = _departure_near(site, charger, record.at(begin))
        if not LEAST_AWAY_H <= hours <= MOST_AWAY_H or left is None:
            continue
        stop = bounds[n + 2]
        charged = None
        following = _departure_near(site, charger, record.at(stop)) if stop < len(away) else None
        if energy is not None and following is not None:
            kwh = float(energy[stop - 1] - energy[end - 1])
            charged = kwh / following.energy_kwh if kwh >= LEAST_KWH else None
        yield hours, charged


def _departure_near(site: Site, charger: Charger, at: datetime) -> Departure | None:
    """The departure of the timetable that this one was."""
    zone = site.zone_info
    for departure in charger.departures:
        for ahead in (-1, 0, 1):
            day = at.astimezone(zone).date() + timedelta(days=ahead)
            due = datetime.combine(day, departure.at, zone)
            if DAYS[day.weekday()] in departure.days and due - EARLY <= at <= due + LATE:
                return departure
    return None
