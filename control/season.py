"""The wells' budget of a heating year: what has been drawn, what was to be drawn by now, what another kWh is worth.

A field of boreholes lives on what flows back to it from the rock around. A few days show none of that: the plan sees it
as a price of the heat it draws, low while the year goes as its budget has it, rising where it runs ahead, so that other
sources, the sun and the tanks' better hours are used first. Comfort and hygiene are dearer than any such price.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

import numpy as np

from control.outlook.weather import season_degc
from control.picture import Scene
from control.rules.memory import GroundYear, RuleMemory
from models.local_time import local_date
from models.site import Site

USUAL_NOK_PER_KWH: Final = 0.01
"""A kWh cools the field for years: 0.14 K per kW of yearly mean, which costs some 0.012 kWh of electricity."""
SCARCE_SHARE: Final = 0.5
"""Of the mean price of electricity: what heat from the rock is worth when the year is far ahead of its budget."""
FAR_AHEAD: Final = 0.1
"""Of the year's budget."""
BEGINS: Final = (7, 1)
"""Month and day of a heating year's begin: the field has rested since spring."""
HEATING_BELOW_DEGC: Final = 17.0
MOST_GAP_S: Final = 600.0


def followed(scene: Scene, memory: RuleMemory) -> RuleMemory:
    """Counts what is drawn from the wells, by the heat meter that measures them; what is put back counts against it.

    After a gap the meter's counter tells; where it cannot, counting begins anew.
    """
    wells = scene.site.wells
    meter = None if wells is None else wells.meter(scene.site.meters)
    power_kw = None if meter is None else scene.of(meter, "power_kw")
    if meter is None or power_kw is None:
        return memory
    now, before, counter = scene.now, memory.ground, scene.of(meter, "energy_kwh")
    fresh = GroundYear(now, now, 0.0, counter)
    if before is None or now < before.at or _year(now) != _year(before.since):
        return replace(memory, ground=fresh)
    gap = now - before.at
    if gap <= timedelta(seconds=MOST_GAP_S):
        more = power_kw * (gap / timedelta(hours=1))
    elif counter is not None and before.counter_kwh is not None and counter >= before.counter_kwh:
        more = counter - before.counter_kwh
    else:
        return replace(memory, ground=fresh)
    return replace(memory, ground=GroundYear(before.since, now, before.drawn_kwh + more, counter))


def season_nok_per_kwh(site: Site, ground: GroundYear | None, mean_nok_per_kwh: float) -> float:
    """Worth of a kWh left in the rock [NOK/kWh].

    Args:
        site: the site; without a budget the worth is the usual one.
        ground: what has been drawn since when; None: not known.
        mean_nok_per_kwh: mean price of electricity over the horizon.
    """
    budget = site.wells.season_budget_kwh if site.wells is not None else None
    if budget is None or ground is None:
        return USUAL_NOK_PER_KWH
    ahead_kwh = ground.drawn_kwh - budget * due_share(local_date(ground.since), local_date(ground.at))
    scarce = max(SCARCE_SHARE * mean_nok_per_kwh, USUAL_NOK_PER_KWH)
    return float(np.interp(ahead_kwh / budget, (0.0, FAR_AHEAD), (USUAL_NOK_PER_KWH, scarce)))


def due_share(since: date, until: date) -> float:
    """Share of a usual heating year's degree days that lies between two days of it, the second left out."""
    begin = date(_begin_year(since), *BEGINS)
    upto = _until()
    return float(upto[min((until - begin).days, len(upto) - 1)] - upto[(since - begin).days])


@cache
def _until() -> tuple[float, ...]:
    """Share of the year's degree days before each of its days, and before the next year's first."""
    first = date(2023, *BEGINS)
    days = np.array([(first + timedelta(days=n)).timetuple().tm_yday for n in range(366)], dtype=np.float64)
    degrees = np.maximum(HEATING_BELOW_DEGC - season_degc(days), 0.0)
    return (0.0, *(float(share) for share in np.cumsum(degrees) / degrees.sum()))


def _year(now: datetime) -> int:
    return _begin_year(local_date(now))


def _begin_year(day: date) -> int:
    return day.year - ((day.month, day.day) < BEGINS)
