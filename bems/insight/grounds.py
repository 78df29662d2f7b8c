"""The grounds of a plan's first step, with the names people use."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from bems.insight.outcomes import Last, of_command
from bems.planning.live import Advice
from control.decisions import Family
from control.explain import Why, bound_by
from control.measured import Outcome
from control.problem import Plant
from dashboards.ports.timeline import CameView, GroundsView, SecondView
from models.naming import in_both, in_words, listed, names
from models.profile import Text
from models.signals import Reason
from models.site import Site

FOLLOWS: Final[Mapping[Family, str]] = {
    Family.COMPRESSORS: "heat_pumps",
    Family.CHARGE: "heat_pumps",
    Family.BOILER: "heat_pumps",
    Family.AFTER_HEATER: "hot_water",
    Family.SUN: "hot_water",
    Family.CARS: "cars",
    Family.AIR: "air",
    Family.ROOM: "rooms",
    Family.DISTRICT: "district_heat",
    Family.BATTERY: "batteries",
}
"""Which of `control.guidance.ASSETS` a command belongs to; those left out are the rules' alone (`RULED`)."""


class Names:
    """Names of everything a plan speaks of: the site's parts, groups of zones, groups of machines."""

    def __init__(self, site: Site, plant: Plant) -> None:
        self._site = site
        self._known = names(site)
        for group in plant.groups:
            self._known[group.id] = self._several(group.zones)
        for machines in plant.heat_pumps:
            self._known[machines.id] = self._several(machines.machines)

    def of(self, part: str) -> Text:
        """Name of a part, or of several whose ids are divided by commas; an unknown id stays as it is."""
        ids = [name.strip() for name in part.split(",")]
        return self._several(ids)

    def said(self, reason: Reason) -> Text:
        """The reason in words; a plan's own id among its facts becomes a name."""
        part = reason.facts.get("name")
        if not isinstance(part, str):
            return in_both(self._site, reason)
        name = self.of(part)
        nb, en = (Reason(reason.code, {**reason.facts, "name": words}) for words in (name.nb, name.en))
        return Text(nb=in_words(self._site, nb, "nb"), en=in_words(self._site, en, "en"))

    def _several(self, ids: Collection[str]) -> Text:
        known = [self._known.get(name, Text(nb=name, en=name)) for name in ids]
        return Text(nb=listed([text.nb for text in known], "nb"), en=listed([text.en for text in known], "en"))


def grounds_view(why: Why, told: Names, promoted: Collection[str], last: Last | None = None) -> GroundsView:
    """One command with its grounds in words."""
    second = None
    if why.second is not None:
        broken = [bound_by(row) for row in why.second.breaks]
        said = [told.said(reason) for reason in broken if reason is not None]
        second = SecondView(why.second.value, why.second.cost_nok, said)
    return GroundsView(
        family=why.family.value,
        asset=told.of(why.asset),
        value=why.value,
        unit=why.unit,
        reason=told.said(why.reason),
        bound=None if why.bound is None else told.said(why.bound),
        bound_nok=why.bound_nok,
        electricity_nok_per_kwh=why.electricity_nok_per_kwh,
        heat_nok_per_kwh=why.heat_nok_per_kwh,
        second=second,
        followed=FOLLOWS.get(why.family) in promoted,
        start=why.start,
        end=why.end,
        identity=why.identity,
        last=None if last is None else _came(why, *last),
    )


def _came(why: Why, advice: Advice, outcomes: Sequence[Outcome]) -> CameView | None:
    """What came of the like command of that plan; None when no meter tells it."""
    told = of_command(why, outcomes)
    if told is None:
        return None
    return CameView(advice.plan.grid.at(0), advice.plan.grid.at(1), told.unit, told.planned, told.happened)
