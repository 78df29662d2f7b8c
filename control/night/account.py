"""The morning's account of a night: what was done, what it saved against the rules, what could not be done and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import numpy as np
from pydantic import TypeAdapter

from control.measured import Measured, at_end_degc, energy_kwh
from control.night.contest import Contest
from control.night.data import Check, Item, Kind, Programme, clock
from control.record import Record
from models.naming import in_both, in_words
from models.profile import Text
from models.reasons import Code, because
from models.signals import Reason
from models.site import Site

ENERGY_SHARES: Final = (0.85, 1.25)
"""Of the planned energy: within is done, above more, below in part."""
LITTLE_SHARE: Final = 0.1
LITTLE_KWH: Final = 1.0
LATE: Final = timedelta(minutes=30)
"""By so much an item may be late and still count."""

CAR: Final = 0.5
"""Mean state of a charger from which a car counts as there."""

State = Literal["done", "more", "partly", "missed", "later", "unneeded", "unknown"]
"""later: missed, but not due yet; unneeded: the car did not come."""


@dataclass(frozen=True)
class Happening:
    """An event of the night, as the record has it."""

    at: datetime
    kind: Literal["hold", "fallback", "alarm", "control"]
    subject: str
    """A point or alarm."""
    reason: Reason


@dataclass(frozen=True)
class Rules:
    """What the same night would have cost by the rules, from the twin."""

    cost_nok: float | None
    uncertainty_nok: float | None
    """Either way; None when it is not known."""
    why: Reason | None = None
    """Why there is no cost."""


@dataclass(frozen=True)
class Done:
    """What became of an item."""

    item: Item
    state: State
    happened: float | None
    """In the unit of the item's check."""
    text: Text


@dataclass(frozen=True)
class Obstacle:
    """Something that stood in the way, however often it came."""

    kind: Literal["hold", "fallback", "alarm", "control", "plan"]
    count: int
    first_at: datetime
    text: Text


@dataclass(frozen=True)
class Account:
    """A night that has passed; None is not known."""

    start: datetime
    end: datetime
    identity: str | None
    energy_kwh: float | None
    """Electricity bought less sold, and district heat."""
    cost_nok: float | None
    """Of that, power charges not included."""
    planned_kwh: float | None
    planned_nok: float | None
    saved_nok: float | None
    """Against the rules; negative when the night was dearer. None where it cannot be said."""
    uncertainty_nok: float | None
    saved: Text
    """The same in words, or why it cannot be said."""
    done: tuple[Done, ...]
    obstacles: tuple[Obstacle, ...]
    contest: Contest | None = None
    """Rules against optimiser on the twin; None: accounted for before there was one."""

    def to_json(self) -> str:
        """As text, for the record."""
        return _ACCOUNT.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Account":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ACCOUNT.validate_json(text)


_ACCOUNT: Final = TypeAdapter(Account)


def account(
    site: Site,
    programme: Programme,
    record: Record,
    told: Mapping[str, Measured],
    *,
    energy_bought_kwh: float | None,
    cost_nok: float | None,
    rules: Rules,
    happenings: Iterable[Happening],
) -> Account:
    """Look back on a night.

    Args:
        site: for names and the local time.
        programme: what was meant to be.
        record: what happened.
        told: which points tell what (`control.measured`).
        energy_bought_kwh: electricity bought less sold, and district heat.
        cost_nok: of that, power charge not included.
        rules: what the rules would have cost.
        happenings: events between its start and end, in order of time.
    """
    events = [h for h in happenings if programme.start <= h.at < programme.end]
    proven = any(event.reason.code == Code.CYCLE_PROVEN for event in events)
    done = tuple(_done(site, item, programme.end, record, told, proven) for item in programme.items)
    plan = [Obstacle("plan", 1, programme.made_at, note) for note in programme.notes]
    saved, uncertainty, words = _saved(site, cost_nok, rules)
    return Account(
        programme.start,
        programme.end,
        programme.identity,
        energy_bought_kwh,
        cost_nok,
        programme.energy_kwh,
        programme.cost_nok,
        saved,
        uncertainty,
        words,
        done,
        (*plan, *_obstacles(site, events)),
    )


def _saved(site: Site, cost_nok: float | None, rules: Rules) -> tuple[float | None, float | None, Text]:
    """What was saved, how well that is known, and both in words."""
    if cost_nok is None:
        return None, None, in_both(site, because(Code.NIGHT_NO_COST))
    if rules.cost_nok is None:
        why = in_both(site, rules.why) if rules.why is not None else Text(nb="–", en="–")
        said = {
            language: because(Code.NIGHT_NO_TWIN, cost_nok=float(round(cost_nok)), why=words)
            for language, words in (("nb", why.nb), ("en", why.en))
        }
        return None, None, Text(nb=in_words(site, said["nb"], "nb"), en=in_words(site, said["en"], "en"))
    saved, spread = rules.cost_nok - cost_nok, rules.uncertainty_nok
    facts = {"cost_nok": float(round(cost_nok)), "rules_nok": float(round(rules.cost_nok))}
    if spread is None:
        return saved, None, in_both(site, because(Code.NIGHT_SAVED_ABOUT, saved_nok=float(round(saved)), **facts))
    sure = Code.NIGHT_SAVED if saved > 0 else Code.NIGHT_DEARER
    code = sure if abs(saved) > spread else Code.NIGHT_SAVED_UNSURE
    facts |= {"saved_nok": float(round(abs(saved))), "spread_nok": float(round(spread))}
    return saved, spread, in_both(site, because(code, **facts))


def _done(
    site: Site, item: Item, night_end: datetime, record: Record, told: Mapping[str, Measured], proven: bool
) -> Done:
    check = item.check
    happened = None if check is None else _happened(check, item, record, told)
    if check is None:
        state: State = "unknown"
    elif check.how == "proof":
        late = check.within is None or check.within[1] <= night_end
        state = "done" if proven else "missed" if late else "later"
    elif item.kind is Kind.CARS and _nobody_came(item, check, record, told):
        state = "unneeded"
    else:
        state = "unknown" if happened is None else _judged(check, happened)
    if check is None or state in ("unknown", "unneeded"):
        return Done(item, state, happened, in_both(site, because(_WORDS[state])))
    shown = None if happened is None else round(happened, 1)
    reason = because(_WORDS[state], happened=shown, goal=float(round(check.planned, 1)), unit=_unit(check))
    return Done(item, state, happened, in_both(site, reason))


def _unit(check: Check) -> str:
    if check.how == "below" and check.quantity[0].endswith("_pct"):
        return "%"
    return {"energy": "kWh", "given": "kWh", "hour": "kW"}.get(check.how, "°C")


def _nobody_came(item: Item, check: Check, record: Record, told: Mapping[str, Measured]) -> bool:
    within = check.within or (item.start, item.end)
    states = [told[name].over(record.slice(*within)) for c in item.assets if (name := f"{c}.car") in told]
    known = [values for values in states if values is not None]
    return bool(known) and len(known) == len(item.assets) and all(np.nanmax(values) < CAR for values in known)


_WORDS: Final = {
    "done": Code.NIGHT_DONE,
    "more": Code.NIGHT_MORE,
    "partly": Code.NIGHT_PARTLY,
    "missed": Code.NIGHT_MISSED,
    "later": Code.NIGHT_LATER,
    "unneeded": Code.NIGHT_UNNEEDED,
    "unknown": Code.NIGHT_NOT_SEEN,
}


def _happened(check: Check, item: Item, record: Record, told: Mapping[str, Measured]) -> float | None:
    """What the item's check came to; None when the record does not tell it of all its quantities."""
    within = (item.start, item.end) if check.within is None or check.how == "proof" else check.within
    found = [_one(check.how, told[name], record, *within) if name in told else None for name in check.quantity]
    known = [value for value in found if value is not None]
    if len(known) < len(found) or not known:
        return None
    return float(sum(known)) if check.how in ("energy", "given") else float(np.mean(known))


def _one(how: str, points: Measured, record: Record, start: datetime, end: datetime) -> float | None:
    if how == "energy":
        return energy_kwh(record, points, start, end)
    if how == "given":
        taken = energy_kwh(record, points, start, end)
        return None if taken is None else -taken
    if how == "at_end":
        return at_end_degc(record, points, end)
    if how == "hour":
        return _highest_hour(record, points, start, end)
    values = points.over(record.slice(start, end + (LATE if how in ("reach", "proof") else timedelta())))
    if values is None or np.isnan(values).all():
        return None
    return float(np.nanmax(values)) if how in ("reach", "proof") else float(np.nanmean(values))


def _highest_hour(record: Record, points: Measured, start: datetime, end: datetime) -> float | None:
    """Highest mean over a clock hour that begins within; an hour that is not half known counts for nothing."""
    first = start.replace(minute=0, second=0, microsecond=0)
    begins = [first + timedelta(hours=n) for n in range(int((end - first).total_seconds() // 3600))]
    hours = [energy_kwh(record, points, at, at + timedelta(hours=1)) for at in begins if at >= start]
    return max((kwh for kwh in hours if kwh is not None), default=None)


def _judged(check: Check, happened: float) -> State:
    if check.how in ("energy", "given"):
        if check.goal < LITTLE_KWH or ENERGY_SHARES[0] <= happened / check.goal <= ENERGY_SHARES[1]:
            return "done"
        if happened / check.goal > ENERGY_SHARES[1]:
            return "more"
        return "partly" if happened / check.goal > LITTLE_SHARE else "missed"
    reached = happened >= check.goal if check.how in ("reach", "at_end") else happened <= check.goal
    return "done" if reached else "missed"


def _obstacles(site: Site, events: Iterable[Happening]) -> list[Obstacle]:
    """Holds, fallbacks and alarms; the same ground on many points is told once."""
    kept: dict[tuple[str, str], list[Happening]] = {}
    for event in events:
        if event.kind != "control" or event.reason.code == Code.CYCLE_OVERDUE:
            kept.setdefault((event.kind, event.reason.code), []).append(event)
    found = [_obstacle(site, several) for several in kept.values()]
    return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.first_at))


_ORDER: Final = ("alarm", "control", "fallback", "hold", "plan")


def _obstacle(site: Site, several: list[Happening]) -> Obstacle:
    first = several[0]
    facts: dict[str, float | str | None] = {"first": clock(first.at, site.zone_info)}
    facts |= {"times": float(len(several))}
    text = Text(
        nb=in_words(site, because(Code.NIGHT_OBSTACLE, what=in_words(site, first.reason, "nb"), **facts), "nb"),
        en=in_words(site, because(Code.NIGHT_OBSTACLE, what=in_words(site, first.reason, "en"), **facts), "en"),
    )
    return Obstacle(first.kind, len(several), first.at, text)
