"""Why a plan asks for what it asks, as data: its grounds, what holds it back, what else it might have done.


What another choice would have cost is found by planning again, as a linear problem, with that one decision of the
first step held; both choices are priced so, and the difference is theirs alone. Starts are not in it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import isfinite
from typing import Final

import numpy as np

from control.decisions import RULED, TOLERANCE, Decision, Family, decisions
from control.grid import Array
from control.plan import NoPlan, Plan, Way
from control.problem import Held, Inputs
from models.local_time import OSLO
from models.reasons import Code, because
from models.signals import Reason

LATER_H: Final = 24.0
"""Prices later are those within so many hours [h]."""
WORTH_WAITING: Final = 0.05
"""A price so much off its mean is a ground, as share of it."""
STORED_K: Final = 0.5
"""A tank that rises by so much within the hour is being charged."""
STORED_ROOM_K: Final = 0.25
"""Above its lower limit, likewise."""
SOON_H: Final = 1.0

Solve = Callable[[Inputs], Plan | NoPlan]


@dataclass(frozen=True)
class Second:
    """The best of the other choices."""

    value: float
    cost_nok: float | None
    """More than what was chosen, over the whole plan; None: no plan is possible with it. Below zero, starts and
    whole compressors, which this comparison leaves out, spoke for what was chosen."""
    breaks: tuple[str, ...]
    """Promises that would be broken with it and are kept without."""


@dataclass(frozen=True)
class Why:
    """One command of a plan's first step and the grounds for it."""

    family: Family
    asset: str
    """What it is for; several chargers are divided by commas."""
    value: float
    unit: str
    """Empty for numbers of compressors and shares of air."""
    start: datetime
    end: datetime
    reason: Reason
    bound: Reason | None
    """What held it back most; None: nothing that concerns it."""
    bound_nok: float | None
    """What one unit more of room there would save."""
    electricity_nok_per_kwh: float | None
    """What a kWh more of load would cost in this step, peak charge included."""
    heat_nok_per_kwh: float | None
    """What a kWh of heat is worth where its heat goes."""
    second: Second | None
    """None: there is no other choice, or no time to price it."""
    identity: str
    """The forecasts it was decided on."""


def _still() -> float:
    return 0.0


def explain(
    of: Inputs,
    plan: Plan,
    solve: Solve,
    before: Sequence[Why] = (),
    *,
    limit_s: float = 1.0,
    seconds: Callable[[], float] = _still,
) -> tuple[Why, ...]:
    """Every decision of the first step with its grounds.

    Args:
        of: what the plan was made from.
        plan: the plan.
        solve: plans as a linear problem (`Options(whole_h=0)`).
        before: what was explained last; a decision that has not changed since keeps its second best.
        limit_s: time for all solves [s]; none begins that would, by the longest so far, not end in it.
        seconds: a stopwatch; control has no clock of its own.
    """
    known = {(why.family, why.asset): why for why in before}
    prices = _Prices(of, plan, solve, limit_s, seconds)
    result = []
    for one in decisions(of, plan):
        last = known.get((one.family, one.asset))
        unchanged = last is not None and last.second is not None and abs(last.value - one.value) <= TOLERANCE
        second = last.second if last is not None and unchanged else prices.second(one)
        result.append(_why(of, plan, one, second))
    return tuple(result)


def _why(of: Inputs, plan: Plan, one: Decision, second: Second | None) -> Why:
    binding = next((b for b in plan.binding if b.row.startswith(one.rows) and bound_by(b.row)), None)
    heat = plan.heat_nok_per_kwh.get(one.node) if one.node is not None else None
    return Why(
        family=one.family,
        asset=one.asset,
        value=one.value,
        unit=one.unit,
        start=plan.grid.start,
        end=plan.grid.at(1),
        reason=_reason(of, plan, one),
        bound=bound_by(binding.row) if binding is not None else None,
        bound_nok=abs(binding.nok) if binding is not None else None,
        electricity_nok_per_kwh=_known(float(plan.electricity_nok_per_kwh[0])),
        heat_nok_per_kwh=_known(float(heat[0])) if heat is not None else None,
        second=second,
        identity=plan.identity,
    )


def _known(value: float) -> float | None:
    return value if isfinite(value) else None


class _Prices:
    """What choices cost, by planning again; each plan is made once."""

    def __init__(self, of: Inputs, plan: Plan, solve: Solve, limit_s: float, seconds: Callable[[], float]) -> None:
        self._of, self._plan, self._solve = of, plan, solve
        self._seconds, self._ends_s, self._longest_s = seconds, seconds() + limit_s, 0.0
        self._free: Plan | None = None
        self._pointless = plan.report.way is Way.LEAST_BROKEN

    def second(self, one: Decision) -> Second | None:
        """The cheapest other choice; None when there is none, or no time."""
        free = self._unheld() if one.others and not self._pointless else None
        if free is None:
            return None
        wished = float(free.trajectories[one.trajectory][0])
        own = free if abs(wished - one.value) <= TOLERANCE else self._plan_with(one, one.value)
        if own is None:
            return None
        side = [c for c in one.others if (c - one.value) * (wished - one.value) > 0]
        priced = list(self._priced(one, own, side if abs(wished - one.value) > TOLERANCE and side else one.others))
        possible = [s for s in priced if s.cost_nok is not None]
        return min(possible, key=lambda s: s.cost_nok or 0.0, default=priced[0] if priced else None)

    def _priced(self, one: Decision, own: Plan, choices: Sequence[float]) -> Iterator[Second]:
        kept = {v.row for v in own.violations}
        for choice in choices:
            if not self._in_time():
                return
            other = self._plan_with(one, choice)
            if other is None:
                yield Second(choice, None, ())
            else:
                broken = tuple(v.row for v in other.violations if v.row not in kept)
                yield Second(choice, other.report.objective - own.report.objective, broken)

    def _unheld(self) -> Plan | None:
        """The linear plan with nothing held."""
        if self._free is None and not self._pointless:
            linear = self._plan.report.way is Way.RELAXED
            self._free = self._plan if linear else self._plan_with_held(())
            self._pointless = self._free is None
        return self._free

    def _plan_with(self, one: Decision, choice: float) -> Plan | None:
        return self._plan_with_held((one.held(choice),))

    def _plan_with_held(self, held: tuple[Held, ...]) -> Plan | None:
        begun = self._seconds()
        found = self._solve(replace(self._of, held=held))
        self._longest_s = max(self._longest_s, self._seconds() - begun)
        return found if isinstance(found, Plan) and found.report.way is not Way.LEAST_BROKEN else None

    def _in_time(self) -> bool:
        return self._seconds() + self._longest_s <= self._ends_s


def _reason(of: Inputs, plan: Plan, one: Decision) -> Reason:
    """The ground that fits best: hygiene, a departure, the peak, cheap or dear power, else need or none."""
    now, later = _prices(of, plan)
    facts = {"now_nok_per_kwh": now, "later_nok_per_kwh": later}
    running = one.value > TOLERANCE
    if one.family in (Family.CHARGE, Family.AFTER_HEATER) and running and _cycle_soon(of, plan):
        return because(Code.WHY_HYGIENE)
    if one.family is Family.CARS:
        session = next(s for s in of.outlook.sessions if s.chargers[0] in one.asset.split(", "))
        ready = session.leaves_at.astimezone(OSLO)
        return because(Code.WHY_CAR if running else Code.WHY_CAR_WAITS, ready=f"{ready:%H:%M}", **facts)
    if one.family is Family.DISTRICT:
        return _district_reason(of, plan, one)
    if one.family in (Family.SUN, *RULED):
        return _offered_reason(one)
    spares = one.value < -TOLERANCE if one.family is Family.BATTERY else (one.family is Family.AIR) == running
    if spares and any(b.row.startswith("peak ") and b.step == 0 for b in plan.binding):
        return because(Code.WHY_PEAK, now_nok_per_kwh=now)
    if one.family is Family.BATTERY:
        gives = Code.WHY_BATTERY_GIVES if one.value < -TOLERANCE else Code.WHY_BATTERY_WAITS
        return because(Code.WHY_BATTERY_CHARGES if running else gives, **facts)
    if one.family is Family.AIR:
        return because(Code.WHY_SPARE if running else Code.WHY_REST, now_nok_per_kwh=now)
    dear = now is not None and later is not None and now > later * (1 + WORTH_WAITING)
    cheap = now is not None and later is not None and now < later * (1 - WORTH_WAITING)
    if running and cheap and _stores(of, plan, one):
        return because(Code.WHY_STORE, **facts)
    if not running and dear:
        return because(Code.WHY_WAIT, **facts)
    return because(Code.WHY_NEED if running else Code.WHY_REST, now_nok_per_kwh=now)


def _offered_reason(one: Decision) -> Reason:
    """Taken or left, and how much there was."""
    able_kw = max(one.value, *one.others)
    if one.family is Family.PV:
        return because(Code.WHY_PV_TAKEN if one.value >= able_kw - TOLERANCE else Code.WHY_PV_CUT, able_kw=able_kw)
    taken, left = {
        Family.SUN: (Code.WHY_SUN_TAKEN, Code.WHY_SUN_LEFT),
        Family.COOLING: (Code.WHY_COOLING_TAKEN, Code.WHY_COOLING_LEFT),
        Family.BLINDS: (Code.WHY_BLINDS_DOWN, Code.WHY_BLINDS_UP),
    }[one.family]
    return because(taken if one.value > TOLERANCE else left, able_kw=able_kw)


def _district_reason(of: Inputs, plan: Plan, one: Decision) -> Reason:
    """Need, a store, its own peak, or other heat that is cheaper, by what its own heat costs."""
    now, later = _now_and_later(plan, of.outlook.heat_nok_per_kwh[one.asset])
    facts = {"now_nok_per_kwh": now, "later_nok_per_kwh": later}
    running = one.value > TOLERANCE
    if running and any(b.row.startswith(f"{one.asset} peak ") and b.step == 0 for b in plan.binding):
        return because(Code.WHY_DISTRICT_PEAK, **facts)
    if now is not None and later is not None:
        if running and now < later * (1 - WORTH_WAITING) and _stores(of, plan, one):
            return because(Code.WHY_DISTRICT_STORE, **facts)
        if not running and now > later * (1 + WORTH_WAITING):
            return because(Code.WHY_DISTRICT_WAIT, **facts)
    return because(Code.WHY_DISTRICT_NEED if running else Code.WHY_DISTRICT_REST, **facts)


def _prices(of: Inputs, plan: Plan) -> tuple[float | None, float | None]:
    """Internal price of electricity in the first step, and its mean over the day that follows.

    Where a plan has no duals, because not all promises could be kept, it is what is paid for a kWh.
    """
    internal = plan.electricity_nok_per_kwh
    return _now_and_later(plan, internal if np.isfinite(internal).all() else of.outlook.buy_nok_per_kwh)


def _now_and_later(plan: Plan, all_prices: Array) -> tuple[float | None, float | None]:
    later = slice(1, max(plan.grid.steps_until(LATER_H), 2))
    prices, hours = all_prices[later], plan.grid.dt_h[later]
    mean = float(np.average(prices, weights=hours)) if len(prices) else float("nan")
    return _known(float(all_prices[0])), _known(mean)


def _cycle_soon(of: Inputs, plan: Plan) -> bool:
    """Whether a heat cycle that is due within the plan begins within two hours."""
    water, due = of.plant.hot_water, of.state.hygiene_due_at
    if water is None or due is None or due >= of.grid.end:
        return False
    soon = plan.trajectories[f"{water.after_heater.id}.degc"][: of.grid.steps_until(2.0)]
    start = of.state.tanks_degc[water.after_heater.id]
    return start < water.cycle_degc <= float(np.max(soon)) + TOLERANCE


def _stores(of: Inputs, plan: Plan, one: Decision) -> bool:
    """Whether heat is put by: its tank is charged, or the room is warmer than it must be."""
    soon = slice(plan.grid.steps_until(SOON_H))
    if one.family is Family.ROOM:
        return float(np.max(plan.trajectories[f"{one.asset}.above_low_k"][soon])) > STORED_ROOM_K
    start = of.state.tanks_degc.get(one.node or "")
    if start is None:
        return False
    return float(np.max(plan.trajectories[f"{one.node}.degc"][soon])) - start > STORED_K


def bound_by(row: str) -> Reason | None:
    """What a row of the problem means to people; None for rows that only do the sums."""
    if row.startswith("peak "):
        return because(Code.BOUND_PEAK)
    if row.startswith("hygiene"):
        return because(Code.BOUND_HYGIENE)
    if re.fullmatch(r"cars \d+ energy", row):
        return because(Code.BOUND_CARS)
    for ending, code in _ENDINGS:
        if found := re.fullmatch(rf"(\S+) {ending}", row):
            return because(code, name=found[1])
    return None


_ENDINGS: Final = (
    (r"cold", Code.BOUND_COLD),
    (r"hot", Code.BOUND_HOT),
    (r"emission", Code.BOUND_EMISSION),
    (r"bathroom floors", Code.BOUND_BATHS),
    (r"coil", Code.BOUND_COIL),
    (r"air debt", Code.BOUND_AIR),
    (r"thermostat", Code.BOUND_THERMOSTAT),
    (r"(?:water )?order \d+", Code.BOUND_FULL),
    (r"(?:must run|shortest run)", Code.BOUND_RUN),
    (r"shortest rest", Code.BOUND_STOP),
    (r"(?:one for water|water apart)", Code.BOUND_WATER),
    (r"one way", Code.BOUND_FULL),
    (r"empty", Code.BOUND_BATTERY_EMPTY),
    (r"full", Code.BOUND_BATTERY_FULL),
    (r"peak \d+", Code.BOUND_DISTRICT_PEAK),
)
