"""The heat cycle of the hot-water system: when it is due, and what proves it. Pure functions over samples and time.

A cycle is proven when the *coldest* sensor of the potable volume stays at or above one of the site's pairs
(degC, minutes) without a break. A missing sensor, or a hole between two looks, proves nothing and breaks the hold.
The deadline lives in the state that is kept over restarts; no state at all means due within a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from models.assets import Hygiene
from models.site import Site

FRESH_DUE: Final = timedelta(hours=24)
"""Deadline when nothing is known about the last cycle."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proven cycle: at least `degc` at the coldest sensor from `start` to `end`."""

    start: datetime
    end: datetime
    degc: float
    minutes: float
    coldest_degc: float
    """Lowest temperature seen at the coldest sensor during the hold."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A hold that has begun at one pair of the site's proof."""

    degc: float
    since: datetime
    coldest_degc: float


@dataclass(frozen=True, slots=True)
class HygieneState:
    """Where the duty stands."""

    due_at: datetime
    proven: Proof | None = None
    """The last proof."""
    holding: tuple[Holding, ...] = ()
    seen_at: datetime | None = None
    """Last look with all sensors young."""
    forced_since: datetime | None = None
    """A cycle is being driven since then."""


def fresh(now: datetime) -> HygieneState:
    """The state when nothing is known: due within a day."""
    return HygieneState(due_at=now + FRESH_DUE)


def potable_points(site: Site) -> tuple[str, ...]:
    """Every sensor that belongs to the potable volume: after-heater top to bottom, supply, each return."""
    water = site.hot_water
    if water is None:
        return ()
    signals = ("top_temp_degc", "middle_temp_degc", "bottom_temp_degc", "supply_temp_degc")
    found = [site.find(water.devices, signal) for signal in signals]
    found += [site.find(loop.devices, "return_temp_degc") for loop in water.loops]
    return tuple(point for point in found if point is not None)


def observe(
    state: HygieneState, now: datetime, coldest_degc: float | None, rule: Hygiene, max_gap_s: float
) -> tuple[HygieneState, Proof | None]:
    """The state after one look, and the proof if this look completes one.

    Args:
        state: where the duty stood.
        now: site time of the look, UTC.
        coldest_degc: temperature at the coldest sensor [degC]; None when any sensor is not young.
        rule: the site's limits.
        max_gap_s: longest time between two looks that still counts as watched [s].
    """
    latest_due = now + timedelta(days=rule.cycle_interval_days)
    state = replace(state, due_at=min(state.due_at, latest_due))
    if coldest_degc is None:
        return replace(state, holding=(), seen_at=None), None
    watched = state.seen_at is not None and timedelta() <= now - state.seen_at <= timedelta(seconds=max_gap_s)
    running = {h.degc: h for h in state.holding} if watched else {}
    holding = tuple(
        Holding(degc, old.since, min(old.coldest_degc, coldest_degc))
        if (old := running.get(degc))
        else Holding(degc, now, coldest_degc)
        for degc, _ in rule.proof
        if coldest_degc >= degc
    )
    minutes_of = dict(rule.proof)
    proven = next((h for h in holding if now - h.since >= timedelta(minutes=minutes_of[h.degc])), None)
    state = replace(state, holding=holding, seen_at=now)
    if proven is None:
        return state, None
    minutes = (now - proven.since).total_seconds() / 60
    proof = Proof(proven.since, now, proven.degc, minutes, proven.coldest_degc)
    # A hold that goes on, or passes a second pair, is one long proof: no news, but it keeps moving the deadline.
    news = None if state.proven is not None and state.proven.end >= proof.start else proof
    return replace(state, due_at=latest_due, proven=proof, forced_since=None), news


def proofs(samples: Iterable[tuple[datetime, float | None]], rule: Hygiene, max_gap_s: float) -> list[Proof]:
    """Every proven cycle in a record of looks (site time, coldest degC or None), from its first to its last look."""
    found: list[Proof] = []
    state: HygieneState | None = None
    for at, coldest_degc in samples:
        state, news = observe(state or fresh(at), at, coldest_degc, rule, max_gap_s)
        if news is not None:
            found.append(news)
        elif found and state.proven is not None:
            found[-1] = state.proven
    return found
