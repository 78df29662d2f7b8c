"""A building's habits: from its site file to begin with, from its record as soon as there are two days of it.

Every part is learned for itself: what the record does not tell stays as it was. Means are robust, and what little data
says is drawn towards what was known before.
"""

from dataclasses import replace
from typing import Final

from control.activity import (
    air_share,
    by_kind,
    fans_kw,
    fixed_kw,
    pumps_kw,
    tapped_l_per_h,
    typical_week,
)
from control.habits.cars import car_points, trips
from control.habits.known import Factor, Learned, PriceShape, Profile, Trip, profile
from control.habits.profiles import learned_cold_k, learned_load, learned_presence, learned_tap
from control.habits.sun import learned_collectors, learned_pv, sun_points
from control.loads import load_points
from control.outlook.price_shape import usual_prices_of
from control.presence import presence_points
from control.record import Record
from control.tapped import tap_points
from models.prices import PriceSeries
from models.site import Site

__all__ = ["Factor", "Learned", "PriceShape", "Profile", "Trip", "cold", "learn", "points_learned"]

LOAD_SPREAD: Final = 0.15
TAP_SPREAD: Final = 0.8
"""Standard deviation over the mean of a quarter before anything was measured."""


def cold(site: Site) -> Learned:
    """From the site file alone."""
    week = typical_week()
    load = fixed_kw(site, week) + pumps_kw(site)
    for unit in site.air_handling:
        load = load + fans_kw(unit, air_share(unit, week))
    rows = by_kind(load)
    tapped = None
    if site.hot_water is not None:
        water = by_kind(tapped_l_per_h(site, week))
        tapped = profile(water, TAP_SPREAD * water)
    return Learned(
        base_load_kw=profile(rows, LOAD_SPREAD * rows),
        tapped_l_per_h=tapped,
        pv={array.id: Factor() for array in site.pv},
        collectors={panel.id: Factor() for panel in site.collectors},
        trips={charger.id: Trip() for charger in site.chargers},
    )


def points_learned(site: Site) -> tuple[str, ...]:
    """Every point that `learn` reads where the record has it."""
    points = (*load_points(site).all, *tap_points(site), *presence_points(site), *sun_points(site), *car_points(site))
    return tuple(dict.fromkeys(points))


def learn(site: Site, record: Record, before: Learned, prices: PriceSeries | None = None) -> Learned:
    """Habits after another look at the record, weeks of it where there are; `prices` are those of the same time.

    Any step; a part with fewer than two days of data stays what it was `before`.
    """
    found: dict[str, object] = {}
    if (load := learned_load(site, record, before.base_load_kw)) is not None:
        found["base_load_kw"] = load
    if before.tapped_l_per_h is not None and (tap := learned_tap(site, record, before.tapped_l_per_h)) is not None:
        found["tapped_l_per_h"] = tap
    if (off := learned_cold_k(site, record)) is not None:
        found["cold_water_k"] = off
    if people := learned_presence(site, record, before.presence):
        found["presence"] = {**before.presence, **people}
    pv, snow = learned_pv(site, record, before.pv)
    if pv:
        found |= {"pv": {**before.pv, **pv}, "snow_cover": snow}
    if heat := learned_collectors(site, record, before.collectors):
        found["collectors"] = {**before.collectors, **heat}
    if cars := trips(site, record, before.trips):
        found["trips"] = {**before.trips, **cars}
    if prices is not None and (shape := usual_prices_of(prices, site.zone_info)) is not None:
        found["prices"] = shape
    parts = tuple(sorted({*before.parts, *found}))
    return replace(before, **found, parts=parts, version=before.version + 1, until=record.end)  # type: ignore[arg-type]
