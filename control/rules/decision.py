"""Plain rules: what a well-set conventional system does, for whatever the site declares.

`decide` is pure. Every rule writes an actuator only when the inputs it needs have been read and are young, says nothing
while one is late, and falls back as its docstring states once it has been missing for `max_age_s`. One dead input
never stops another rule. The whole list with its fallbacks is in docs/control-rules.md.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from control import season
from control.guidance import Guidance
from control.picture import YOUNG_S, Picture, Scene
from control.rules import air, battery, blinds, cars, departures, district, heat, hot_water, peak_guard, sun, zones
from control.rules.boiler import boilers
from control.rules.charge import charge
from control.rules.fleet import fleet
from control.rules.heat_pumps import heat_pumps
from control.rules.memory import RuleMemory
from control.strategy import GOOD, Strategy
from control.wish import Wish
from models.signals import Reason
from models.site import Site

LABEL: Final = "plain rules"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules want now, what they will remember, and what is worth a line in the log."""

    wishes: tuple[Wish, ...]
    memory: RuleMemory
    events: tuple[Reason, ...]


def decide(
    site: Site,
    picture: Picture,
    now: datetime,
    memory: RuleMemory,
    max_age_s: float = YOUNG_S,
    strategy: Strategy = GOOD,
    guidance: Guidance | None = None,
) -> Decision:
    """One decision of all rules.

    Args:
        site: the checked site.
        picture: latest reading of every point.
        now: site time, UTC; never earlier than in the last call with the same memory.
        memory: what the last decision returned, or a fresh one.
        max_age_s: site time for which a reading counts as young, and after which a missing input has its fallback [s].
        strategy: which of the finer rules are in force; the good ones, unless a comparison asks for others.
        guidance: what a plan asks for now; without it the rules decide alone.
    """
    awake_since = memory.awake_since or now
    memory = replace(memory, awake_since=awake_since)
    scene = Scene(site, picture, now, max_age_s, awake_since, strategy, guidance)
    memory = season.followed(scene, district.metered(scene, peak_guard.metered(scene, memory)))
    memory = departures.parked(scene, memory)
    spare = peak_guard.room(scene, memory, cars.urgent_kw(scene, memory), hot_water.urgent_stages(scene, memory))
    memory, events = hot_water.hygiene_cycle(scene, memory)
    outside, memory = heat.outdoor(scene, memory)
    wishes, memory = heat.circuits(scene, heat.trimmed(scene, memory), outside)
    water, memory = charge(scene, memory, fleet(scene, memory))
    more, memory = heat_pumps(scene, memory, outside, water, spare)
    wishes += more
    more, memory = boilers(scene, memory, outside, fleet(scene, memory), spare)
    wishes += more
    more, memory = district.district_heat(scene, memory, outside, fleet(scene, memory))
    wishes += more
    more, memory = hot_water.after_heater(scene, memory, spare)
    wishes += more + hot_water.circulation(scene)
    wishes += zones.rooms(scene) + zones.zones(scene, outside)
    more, memory = air.air_flow(scene, memory, outside, spare)
    wishes += more
    more, memory = air.supply_air(scene, memory)
    wishes += more
    more, memory = air.free_cooling(scene, memory, outside)
    wishes += more
    more, memory = sun.collectors(scene, memory)
    wishes += more + sun.feed_in(scene)
    more, memory = blinds.blinds(scene, memory)
    wishes += more
    more, memory = battery.batteries(scene, memory, spare)
    wishes += more
    if strategy.cars_wait:
        more, memory = cars.waiting_cars(scene, memory, spare)
        wishes += more
    else:
        wishes += cars.cars(scene)
    return Decision(tuple(wishes), replace(memory, decided_at=now), tuple(events))
