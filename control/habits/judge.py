"""Whether new habits are taken into use: each part only where it forecasts days that it was not learned from better.

Every fourth day of the record, counted back from its last, is held out: all kinds of days are then on both sides. What
was learned from the other days is set against what is in use; where it wins, the part is learned again from all days
and taken. Days that what is in use was learned from cannot judge it: only later ones do, two of them at least.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from control.habits.cars import trips_off_h
from control.habits.known import Learned, PriceShape
from control.habits.learned import learn
from control.habits.profiles import learned_cold_k, load_off, presence_off, tap_off
from control.habits.sun import collectors_off, pv_off
from control.outlook.price_shape import OTHER_OVER_WORKDAY, PriceDay, on_quarters, price_days, prices_off, usual_prices
from control.outlook.prices import FLAT_NOK_PER_KWH, SHAPE, SPREAD_LEAST_NOK_PER_KWH
from control.record import Record
from control.refit.model import BETTER, PartResult, Verdict
from control.slots import Mask
from models.prices import PriceSeries
from models.site import Site

EVERY: Final = 4
"""One day of so many is held out."""
LEAST_DAYS: Final = 3
"""Two to learn from, one to judge by."""
LEAST_LATER: Final = 2
"""Held-out days that are later than what is in use was learned from."""
UNITS: Final = {
    "base_load_kw": "kW",
    "tapped_l_per_h": "l/h",
    "cold_water_k": "K",
    "presence": "persons",
    "pv": "",
    "collectors": "",
    "trips": "h",
    "prices": "NOK/kWh",
}
_ROW: Final = tuple(FLAT_NOK_PER_KWH * share for share in SHAPE)
UNSEEN_PRICES: Final = PriceShape(FLAT_NOK_PER_KWH, (_ROW, _ROW), OTHER_OVER_WORKDAY, SPREAD_LEAST_NOK_PER_KWH)
"""What prices are taken to be before any was seen."""


@dataclass(frozen=True)
class Lesson:
    """What came of a look at the record."""

    learned: Learned
    """With every accepted part, and where snow lies now; the rest as before."""
    parts: tuple[PartResult, ...]

    @property
    def accepted(self) -> bool:
        """Whether anything was learned."""
        return any(part.accepted for part in self.parts)


def judged(site: Site, record: Record, before: Learned, prices: PriceSeries | None = None) -> Lesson:
    """Habits after another look at the record, as `learn`, but only those parts that held-out days speak for."""
    new = learn(site, record, before, prices)
    results = _results(site, record, before, new, prices)
    names = [result.part for result in results if result.accepted]
    found = replace(before.with_parts(names, new), snow_cover=new.snow_cover)
    if names:
        found = replace(
            found,
            parts=tuple(sorted({*before.parts, *(name.split(".")[0] for name in names)})),
            part_until={**before.part_until, **dict.fromkeys(names, record.end)},
            version=before.version + 1,
            until=record.end,
        )
    return Lesson(found, results)


def _results(
    site: Site, record: Record, before: Learned, new: Learned, prices: PriceSeries | None
) -> tuple[PartResult, ...]:
    """Of each part that came out otherwise than it is in use."""
    used = before.as_parts()
    other = [part for part, value in new.as_parts().items() if value != used.get(part)]
    day, _ = record.local(site.zone_info)
    days = np.unique(day)
    if len(record) * record.dt_s < LEAST_DAYS * 86400:
        return tuple(PartResult(part, Verdict.TOO_LITTLE) for part in other)
    held_days = days[::-EVERY]
    known = price_days(on_quarters(prices), site.zone_info)[::-1] if prices is not None else []
    seen = learn(site, _only(record, ~np.isin(day, held_days)), before)
    shape = usual_prices([one for n, one in enumerate(known) if n % EVERY])
    seen = replace(seen, prices=shape or before.prices)
    tried, results = seen.as_parts(), dict[str, PartResult]()
    for since in {before.part_until.get(part) for part in other}:
        first = 0 if since is None else since.astimezone(site.zone_info).toordinal()
        later, prices_later = held_days[held_days >= first], [one for one in known[::EVERY] if one.day >= first]
        unseen = _only(record, np.isin(day, later))
        was, now = (_errors(site, unseen, prices_later, of) for of in (before, seen))
        for part in other:
            if before.part_until.get(part) == since:
                few = since is not None and len(later) < LEAST_LATER
                told = not few and part in was and part in now and tried.get(part) != used.get(part)
                results[part] = _result(part, was[part], now[part]) if told else PartResult(part, Verdict.TOO_LITTLE)
    return tuple(results[part] for part in other)


def _result(part: str, was: float, now: float) -> PartResult:
    verdict = Verdict.IMPROVED if now < BETTER * was else Verdict.NO_BETTER
    return PartResult(part, verdict, was, now, UNITS[part.split(".", maxsplit=1)[0]])


def _only(record: Record, steps: Mask) -> Record:
    """The record with nothing known in all other steps."""
    return Record(record.start, record.dt_s, {point: np.where(steps, v, np.nan) for point, v in record.values.items()})


def _errors(site: Site, held: Record, days: Sequence[PriceDay], of: Learned) -> dict[str, float]:
    """How far habits are from what was measured, by part, in its unit; parts that nothing tells of are left out."""
    cold_k = learned_cold_k(site, held)
    found = {
        "base_load_kw": load_off(site, held, of.base_load_kw),
        "tapped_l_per_h": None if of.tapped_l_per_h is None else tap_off(site, held, of.tapped_l_per_h),
        "cold_water_k": None if cold_k is None else abs(cold_k - of.cold_water_k),
        "prices": prices_off(days, of.prices or UNSEEN_PRICES) if days else None,
    }
    of_many = {
        "presence": presence_off(site, held, of.presence),
        "pv": pv_off(site, held, of.pv),
        "collectors": collectors_off(site, held, of.collectors),
        "trips": trips_off_h(site, held, of.trips),
    }
    found |= {f"{name}.{key}": off for name, each in of_many.items() for key, off in each.items()}
    return {part: off for part, off in found.items() if off is not None}
