"""The evening's plan told as the night's programme."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import Final

import numpy as np

from control.explain import bound_by
from control.night.data import Item, Programme, night_of
from control.night.items import Night, air, boilers, cars, heating, hot_water, peak, rooms
from control.night.stores import batteries, district_heat
from control.plan import NoPlan, Plan, Violation
from control.problem import Inputs
from models.naming import in_both, in_words
from models.profile import Text
from models.reasons import Code, because
from models.signals import Reason
from models.site import Site

MAKERS: Final[tuple[Callable[[Night], Iterator[Item]], ...]] = (
    heating, boilers, district_heat, hot_water, rooms, cars, batteries, air, peak,
)  # fmt: skip


def programme(
    plan: Plan | NoPlan | None, inputs: Inputs | None, site: Site, now: datetime, why: Reason | None = None
) -> Programme:
    """What the night `now` (UTC) lies in, or comes before, is to bring.

    Without a plan it has no items and says why (`why`, or the grounds of a `NoPlan`): the rules see to the night. With
    one, `why` says why it is not followed.
    """
    start, end = night_of(now, site.zone_info)
    if not isinstance(plan, Plan) or inputs is None or plan.grid.end <= start:
        return Programme(now, start, end, None, (), None, None, (_rules(plan, site, why),))
    night = Night(plan, inputs, site, max(start, plan.grid.start), end)
    items = sorted(chain.from_iterable(make(night) for make in MAKERS), key=lambda item: (item.start, item.kind))
    ways, hours, see = plan.trajectories, night.hours, inputs.outlook
    bought, sold = ways["grid.import_kw"] * hours, ways["grid.export_kw"] * hours
    cost = float(bought @ see.buy_nok_per_kwh - sold @ see.sell_nok_per_kwh)
    energy_kwh = float(np.sum(bought - sold))
    for network in inputs.plant.district_heat:
        heat = ways.get(f"{network.id}.heat_kw")
        if heat is not None:
            energy_kwh += float(heat @ hours)
            cost += float((heat * hours) @ see.heat_nok_per_kwh[network.id])
    notes = [in_both(site, why)] if why is not None else []
    notes += [_missed(site, v) for v in plan.violations]
    return Programme(now, night.start, end, plan.identity, tuple(items), energy_kwh, cost, tuple(notes))


def _missed(site: Site, missed: Violation) -> Text:
    """A promise that the plan cannot keep."""
    meant = bound_by(missed.row)
    if meant is None:
        return in_both(site, because(Code.NIGHT_CANNOT, row=missed.row, most=missed.most))
    words = in_both(site, meant)
    return Text(nb=f"Planen kan ikke holde dette: {words.nb}", en=f"The plan cannot keep this: {words.en}")


def _rules(plan: NoPlan | Plan | None, site: Site, why: Reason | None) -> Text:
    if why is not None:
        said = in_both(site, why)
    else:
        words = "; ".join(plan.reasons) if isinstance(plan, NoPlan) else "–"
        said = Text(nb=words, en=words)
    nb, en = (because(Code.NIGHT_RULES, why=words) for words in (said.nb, said.en))
    return Text(nb=in_words(site, nb, "nb"), en=in_words(site, en, "en"))
