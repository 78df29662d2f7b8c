"""Control as the running system sees it: rules, then guard, with their memories, at the pace of the site.

The lockstep runs use the same rules and the same guard; this adds only the pace, the memories' way into the record, and
what of it people should hear about.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import ValidationError

from bems.alarming.alarms import Condition
from bems.history.rows import Event, EventKind
from bems.planning.live import Planner
from control.guard import guard, judge
from control.ledger import Ledger
from control.orders import NONE, Orders, by_mode, follows_plan, site_of, strategy_of, taken_wishes
from control.picture import Scene
from control.rules.decision import Decision, decide
from control.rules.memory import RuleMemory
from control.strategy import GOOD
from control.wish import Wish
from models.priority import Level
from models.reasons import FALLBACKS, Code, because, sentence
from models.signals import Command, Hold, Quality, Reading, Reason
from models.site import Site

log = logging.getLogger(__name__)

MEMORY_KEY: Final = "control"
STEP: Final = timedelta(seconds=60)
"""Site time between two decisions."""
FIRST_STEP: Final = timedelta(seconds=5)
"""The same after a start, until every point has been read or is known to be silent."""
STOPPED_ALARMS: Final[Mapping[str, Code]] = {
    Code.LOST_FAULT: Code.ALARM_MACHINE_FAULT,
    Code.LOST_SAFETY_CHAIN: Code.ALARM_MACHINE_CHAIN,
    Code.LOST_IDLE: Code.ALARM_MACHINE_IDLE,
}
"""What people hear of a heat pump that stopped by itself, with its name."""
OPERATOR: Final = "operator"
"""Source of the commands that people give."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one tick brought: nothing between two decisions."""

    commands: Sequence[Command] = ()
    events: Sequence[Event] = ()


class Steering:
    """Rules and guard of one site. `stored` is what the record has under MEMORY_KEY, or None.

    With a planner the rules follow its plan as far as there is one; without, they decide alone.
    """

    def __init__(self, site: Site, stored: Mapping[str, str] | None, planner: Planner | None = None) -> None:
        self._site = site
        self._planner = planner
        self._memory = RuleMemory()
        self._ledger = Ledger()
        self._to_keep = False
        self._decided_at: datetime | None = None
        self._all_heard = False
        self._held_back: dict[str, str] = {}
        self._fallen_back: dict[str, Reason] = {}
        self._orders = NONE
        self._base = site
        self._ruled: dict[str, float] = {}
        """What the rules asked for last, by point, whoever holds it."""
        self._operated: frozenset[str] = frozenset()
        """The points that people held after the last decision."""
        self.conditions: list[Condition] = []
        """What of control needs a person, as of the last decision."""
        if stored is not None:
            try:
                self._memory = RuleMemory.from_json(stored["rules"])
                self._ledger = Ledger.from_json(stored["ledger"])
            except (ValidationError, KeyError) as error:
                # A fresh memory is the safe one: timers start anew, and a hygiene cycle is due within a day.
                log.warning("control starts without its memory, the record's cannot be read: %s", error)

    def step(self, picture: Mapping[str, Reading], now: datetime, max_age_s: float, orders: Orders = NONE) -> Step:
        """Decide when it is time to, and at once when people have given other orders (those in force at `now`).

        `picture` has stale readings marked.
        """
        pace = STEP if self._all_heard else FIRST_STEP
        same = orders is self._orders
        if same and self._decided_at is not None and timedelta() <= now - self._decided_at < pace:
            return Step()
        if not same:
            self._orders, self._site = orders, site_of(self._base, orders)
        self._decided_at = now
        self._all_heard = self._all_heard or all(r.quality is not Quality.UNREAD for r in picture.values())
        decision = self._decision(picture, now, max_age_s)
        self._memory, self._to_keep = decision.memory, True
        wishes = by_mode(orders.mode_now, decision.wishes)
        judged = guard(wishes, self._site, picture, now, self._ledger_of_rules(), max_age_s=max_age_s)
        commands = [item for item in judged if isinstance(item, Command)]
        self._ruled = {c.point: c.value for c in commands if c.priority == Level.RULES and c.value is not None}
        commands += self._by_people(picture, now, max_age_s)
        events = [_event(now, EventKind.CONTROL, "rules", reason) for reason in decision.events]
        events += self._holds(now, [item for item in judged if isinstance(item, Hold)])
        events += self._fallbacks(now, decision.wishes)
        self.conditions = self._conditions(now)
        if self._planner is not None:
            events += self._planner.news(now)
            self.conditions += self._planner.conditions(now)
        return Step(commands, events)

    def _decision(self, picture: Mapping[str, Reading], now: datetime, max_age_s: float) -> Decision:
        """The rules by the plan; alone when there is none, or when it is one that they cannot follow."""
        planner, memory, mode = self._planner, self._memory, self._orders.mode_now
        if planner is not None:
            planner.look(Scene(self._site, picture, now, max_age_s, memory.awake_since or now, GOOD), memory)
            guidance = planner.guidance(now) if follows_plan(mode) else None
            if guidance is not None:
                try:
                    return decide(self._site, picture, now, memory, max_age_s, guidance=guidance)
                except Exception as error:  # noqa: BLE001  # whatever is wrong with a plan, the building is looked after
                    planner.drop("the rules cannot follow the plan", error)
        return decide(self._site, picture, now, memory, max_age_s, strategy=strategy_of(mode, self._site.control))

    def judged(self, wish: Wish, picture: Mapping[str, Reading], now: datetime, max_age_s: float) -> Command | Hold:
        """What the guard would make of a person's wish now."""
        return self._judge([wish], picture, now, max_age_s)[0]

    def writes_today(self, point: str, now: datetime) -> int:
        """Changes written to the point since midnight."""
        return self._ledger.writes_on(point, now.astimezone(self._site.zone_info).date())

    def _judge(
        self, wishes: Iterable[Wish], picture: Mapping[str, Reading], now: datetime, max_age_s: float
    ) -> list[Command | Hold]:
        level = int(Level.OPERATOR)
        return judge(
            wishes, self._site, picture, now, self._ledger, max_age_s=max_age_s, priority=level, source=OPERATOR
        )

    def _by_people(self, picture: Mapping[str, Reading], now: datetime, max_age_s: float) -> list[Command]:
        """The points taken over, each as far as the guard allows, and those that have been given back."""
        taken = self._orders.taken
        judged = self._judge(taken_wishes(self._site, self._orders), picture, now, max_age_s)
        # The command ends with its order by itself: even if nobody were left to take it back.
        held = [replace(c, expires_at=taken[c.point].until) for c in judged if isinstance(c, Command)]
        why, level = because(Code.OPERATOR_LEFT), int(Level.OPERATOR)
        operated = frozenset(command.point for command in held)
        left = [Command(point, None, level, OPERATOR, now, why) for point in sorted(self._operated - operated)]
        self._operated = operated
        return [*held, *left]

    def _ledger_of_rules(self) -> Ledger:
        """What the rules' changes are measured against: their own last wish where people hold the point.

        Else a change too small, or a day's writes used up, would keep a person's value after it was given back. What
        machines do is as it is: their run and stop times count, whoever started them.
        """
        machines = {self._site.find(pump.devices, "stage_request") for pump in self._site.heat_pumps}
        points = dict(self._ledger.points)
        for point in (self._operated | set(self._orders.taken)) - machines:
            entry = points.pop(point, None)
            if entry is not None and point in self._ruled:
                points[point] = replace(entry, value=self._ruled[point])
        return Ledger(points)

    @property
    def is_starting(self) -> bool:
        """Until it has decided once with every point read, or known to be silent."""
        return not self._all_heard

    def follow(self, held: Mapping[str, float], now: datetime) -> None:
        """What the devices are meant to hold now; a difference counts for wear and starts."""
        before = self._ledger
        self._ledger = before.followed(held, now, now.astimezone(self._site.zone_info).date())
        self._to_keep |= self._ledger is not before

    def take_state(self) -> dict[str, Any]:
        """What is to be kept in the record with this tick; nothing when it has not changed since the last call."""
        if not self._to_keep:
            return {}
        self._to_keep = False
        state = {MEMORY_KEY: {"rules": self._memory.to_json(), "ledger": self._ledger.to_json()}}
        return state | (self._planner.take_state() if self._planner is not None else {})

    def _holds(self, now: datetime, holds: Iterable[Hold]) -> list[Event]:
        """Wishes held back, each noted when it begins or its reason changes."""
        current = {hold.point: hold.reason for hold in holds}
        news = [
            _event(now, EventKind.HOLD, point, reason)
            for point, reason in current.items()
            if self._held_back.get(point) != reason.code
        ]
        self._held_back = {point: reason.code for point, reason in current.items()}
        return news

    def _fallbacks(self, now: datetime, wishes: Iterable[Wish]) -> list[Event]:
        """Rules that work without an input they need, noted when that begins and ends."""
        current = {wish.point: wish.reason for wish in wishes if wish.reason.code in FALLBACKS}
        before, self._fallen_back = self._fallen_back, current
        began = [(p, r, EventKind.FALLBACK_ON) for p, r in current.items() if p not in before]
        ended = [(p, r, EventKind.FALLBACK_OFF) for p, r in before.items() if p not in current]
        return [_event(now, kind, point, reason) for point, reason, kind in [*began, *ended]]

    def _conditions(self, now: datetime) -> list[Condition]:
        """One condition a kind of fallback, however many points it concerns; one a heat pump that has stopped.

        And the hygiene duty when it is missed.
        """
        first: dict[str, Condition] = {}
        for point, reason in self._fallen_back.items():
            condition = self._fallback(point, reason)
            first.setdefault(condition.id, condition)
        found = list(first.values())
        hygiene = self._memory.hygiene
        if hygiene is not None and now > hygiene.due_at:
            days = self._site.hygiene.cycle_interval_days
            found.append(Condition("hygiene.overdue", "A", because(Code.CYCLE_OVERDUE, interval_days=days)))
        return found

    def _fallback(self, point: str, reason: Reason) -> Condition:
        """What a fallback means for people; of a heat pump with its name, for the next one is another alarm."""
        told = STOPPED_ALARMS.get(reason.code)
        device = point.partition(".")[0]
        pump = next((p for p in self._site.heat_pumps if device in p.devices), None)
        if told is None or pump is None:
            return Condition(f"fallback.{reason.code}", "C", reason, point)
        return Condition(f"fallback.{reason.code}.{pump.id}", "C", because(told, name=pump.devices[0]), point)


def _event(now: datetime, kind: EventKind, subject: str, reason: Reason) -> Event:
    return Event(now, kind, subject, sentence(reason, "en"), {"code": reason.code, **reason.facts})
