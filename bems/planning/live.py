"""The optimiser beside the loop: looks with every decision, plans every quarter in another process, says who decides.

Nothing here can hold the loop up or stop it. A process that dies, a solver that takes too long, a fault in the code of
planning: each is the reason why there is no new plan. The last good one is followed until it expires; then the rules
decide.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bems.alarming.alarms import Condition
from bems.clock import wall_s
from bems.history.rows import Event, EventKind
from bems.planning.explained import as_data
from bems.planning.shadow import HourScore, Shadow, degc_of, looked, planned
from bems.planning.work import Made, Moment, make
from bems.worker import Worker, WorkLost
from control.grid import grid_at
from control.guidance import Guidance, promoted, without_zones
from control.habits.learned import Learned, cold
from control.loads import main_meter
from control.observer.estimate import Estimate
from control.observer.observe import observe, state
from control.picture import Scene
from control.plan import NoPlan, Plan
from control.planning import Knowledge, Standing, due, followed, label, taken
from control.plant_model import from_site
from control.problem import Plant
from control.refit.fitted import NEUTRAL, Fitted, applied
from control.rules.memory import RuleMemory
from models.forecast import PriceForecast, WeatherForecast
from models.reasons import Code, because, sentence
from models.signals import Reason
from models.site import Site

log = logging.getLogger(__name__)

PLANNING_KEY: Final = "planning"
SCORES_KEY: Final = "planning scores"
LEAST_PACE_S: Final = 20.0
"""Wall time between two plans, so that an accelerated clock does not keep the machine busy."""
QUARTER_MIN: Final = 15
AGAIN_S: Final = 60.0
"""Wall time after which planning that failed is tried again."""
PATIENCE_S: Final = 30.0
"""Wall time for one plan, the start of its process included."""
MISSED: Final = timedelta(hours=1)
"""Without a new plan for so long (site time) somebody should know."""


@dataclass(frozen=True)
class Advice:
    """The newest plan with all that went into it, followed or not."""

    made_at: datetime
    made: Made
    plant: Plant
    """The parameters it was made with."""

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        assert isinstance(self.made.found, Plan)
        return self.made.found


class Planner:
    """Of one site. `load` gives what the record has under a key, or None."""

    def __init__(
        self,
        site: Site,
        now: Callable[[], datetime],
        load: Callable[[str], Any] = lambda _: None,
        *,
        worker: Worker | None = None,
        wall: Callable[[], float] = wall_s,
        make: Callable[[Moment], Made] = make,
    ) -> None:
        self.prices: PriceForecast | None = None
        self.weather: WeatherForecast | None = None
        self.fitted: Fitted = NEUTRAL
        self.learned: Learned = cold(site)
        self.nights: list[dict[str, Any]] = []
        """What came of each nightly lesson, newest last."""
        self.advice: Advice | None = None
        """The newest plan."""
        self.no_plan: Reason | None = because(Code.NO_PLAN_YET)
        """Why the last try gave none; None: it did."""
        self._control = site.control
        self._now, self._wall, self._make = now, wall, make
        self._model = from_site(site)
        self.plant = self._model
        """What plans are made with: fitted, with the people that were counted."""
        self._worker = worker or Worker("planner")
        self._moment: Moment | None = None
        self._news = asyncio.Event()
        self._standing: Standing | None = None
        self._tried_at: datetime | None = None
        self._tried_s: float | None = None
        self._tried_with: tuple[datetime | None, datetime | None] = (None, None)
        self._since: datetime | None = None
        """The newest plan, or the first look where there was none."""
        self._estimate: Estimate | None = None
        self._shadow = Shadow()
        self._kept_hours = self._shadow.hours
        self._plans: list[Event] = []
        """Plans that are not in the record yet."""
        self._told: str | None = None
        self._broken = False
        self._recall(load(PLANNING_KEY) or {}, load(SCORES_KEY))

    def _recall(self, stored: Mapping[str, Any], scores: Any) -> None:
        """Each part by itself: what cannot be read begins anew, which is safe."""
        texts = (stored.get("estimate"), stored.get("hour"), scores)
        for text, take in zip(texts, (self._take_estimate, self._take_hour, self._take_scores), strict=True):
            if text is not None:
                try:
                    take(text)
                except (ValueError, TypeError) as error:
                    log.warning("planning starts without a part of its memory, it cannot be read: %s", error)

    def _take_estimate(self, text: str) -> None:
        self._estimate = Estimate.from_json(text)

    def _take_hour(self, text: str) -> None:
        self._shadow = replace(Shadow.from_json(text), hours=self._shadow.hours)

    def _take_scores(self, text: str) -> None:
        self._shadow = replace(self._shadow, hours=Shadow.from_json(text).hours)

    def take_state(self) -> dict[str, Any]:
        """What is to be kept in the record; the scores only when there are new ones."""
        estimate = self._estimate.to_json() if self._estimate is not None else None
        running, hours = replace(self._shadow, hours=()), self._shadow.hours
        state: dict[str, Any] = {PLANNING_KEY: {"estimate": estimate, "hour": running.to_json()}}
        if hours is not self._kept_hours:
            self._kept_hours = hours
            state[SCORES_KEY] = Shadow(hours=hours).to_json()
        return state

    # What is known

    def take_model(self, learned: Learned | None = None, fitted: Fitted | None = None) -> None:
        """The record has taught something, or it is taken back; the next plan is made with it."""
        self.learned = learned or self.learned
        self.fitted = fitted or self.fitted
        self.plant = replace(applied(self._model, self.fitted), presence=self.learned.presence)

    def look(self, scene: Scene, memory: RuleMemory) -> None:
        """What control sees, before each decision, and whom people let decide. Never raises."""
        self._control = scene.site.control
        self._since = self._since or scene.now
        try:
            self._estimate = observe(scene, memory, self.plant, self._estimate)
            self._meter(scene, memory, self._estimate)
        except Exception as error:  # noqa: BLE001  # a fault in here must not stop the building
            self._fail("the observer failed", error)
            return
        known = Knowledge(self.plant, self.learned, self.prices, self.weather)
        before = self.advice.made.why if self.advice is not None else ()
        self._moment = Moment(replace(scene, guidance=None), memory, self._estimate, known, self._standing, before)
        self._news.set()

    def _meter(self, scene: Scene, memory: RuleMemory, estimate: Estimate) -> None:
        def degc() -> dict[str, float]:
            return degc_of(self.plant, state(scene, memory, self.plant, estimate, grid_at(scene.now)))

        bought_kw = scene.value(main_meter(scene.site, "power_kw"))
        self._shadow = looked(self._shadow, scene.now, bought_kw, degc, self.promoted)

    # What is asked for

    def guidance(self, now: datetime) -> Guidance | None:
        """What the rules are to follow now; None: they decide alone. Never raises."""
        if not self.promoted or self._standing is None or self.advice is None:
            return None
        try:
            asked = followed(self._standing, self.advice.plant, now)
        except Exception as error:  # noqa: BLE001  # likewise
            self.drop("the plan cannot be read", error)
            return None
        if asked is None:
            return None
        return promoted(without_zones(asked, self._control.zones_by_rules), self.promoted)

    def drop(self, why: str, error: Exception) -> None:
        """The plan cannot be followed: the rules decide until there is another one."""
        self._fail(why, error)
        self._standing = None

    @property
    def promoted(self) -> tuple[str, ...]:
        """Assets that follow the plans: as the site file says, unless people have said otherwise."""
        return self._control.in_force

    # What people hear

    def decides(self, now: datetime) -> Reason:
        """Who decides now, and why not the optimiser."""
        if self._control.runs_naive:
            return because(Code.DECIDES_NAIVE)
        key, facts = label(self._standing, now)
        if key == "rules":
            return self.no_plan or because(Code.NO_PLAN_YET)
        if not self.promoted:
            return because(Code.DECIDES_SHADOW)
        return because(Code.DECIDES_PLAN) if key == "optimiser" else because(Code.DECIDES_OLD_PLAN, **facts)

    def news(self, now: datetime) -> list[Event]:
        """Each new plan; and an event when another one decides, or when new plans fail to come or come again."""
        plans, self._plans = self._plans, []
        reason = self.decides(now)
        beside = (Code.DECIDES_OLD_PLAN, Code.DECIDES_SHADOW, Code.DECIDES_NAIVE)
        failing = self.no_plan is not None and reason.code in beside
        who = Code.DECIDES_PLAN if reason.code == Code.DECIDES_OLD_PLAN and not failing else reason.code
        told, self._told = self._told, f"{who} {failing}"
        if told == self._told:
            return plans
        said = reason if self.no_plan is None or not failing else self.no_plan
        facts = {"code": said.code, **said.facts, "promoted": list(self.promoted)}
        return [*plans, Event(now, EventKind.CONTROL, "planner", sentence(said, "en"), facts)]

    def conditions(self, now: datetime) -> list[Condition]:
        """What needs a person: no new plan for a long time."""
        if self._since is None or now - self._since <= MISSED:
            return []
        hours = MISSED / timedelta(hours=1)
        return [Condition("planner.no_plan", "C", because(Code.ALARM_NO_PLAN, hours=hours), None)]

    @property
    def scores(self) -> Sequence[HourScore]:
        """Clock hours on which plans and payments were compared, oldest first."""
        return self._shadow.hours

    # The task

    async def run(self) -> None:
        """Until cancelled: plan when it is time to."""
        try:
            while True:
                await self._news.wait()
                self._news.clear()
                moment = self._moment
                if moment is not None and self.is_due(moment):
                    await self._plan(moment)
        finally:
            await self._worker.end()

    def is_due(self, moment: Moment) -> bool:
        """Whether to plan from this moment."""
        wall, now = self._wall(), moment.scene.now
        # A clock hour is settled, and scored, by itself: its own plan may come sooner.
        hour_begins = self._tried_at is not None and now.minute < QUARTER_MIN and now.hour != self._tried_at.hour
        pace_s = LEAST_PACE_S / 2 if hour_begins else LEAST_PACE_S
        if self._tried_s is not None and wall - self._tried_s < pace_s:
            return False
        if self._tried_with != _issued(moment.known):
            return True
        if self.no_plan is not None and self._tried_s is not None and wall - self._tried_s >= AGAIN_S:
            return True
        return due(self._standing, self._tried_at, moment.scene, moment.memory)

    async def _plan(self, moment: Moment) -> None:
        now = moment.scene.now
        self._tried_at, self._tried_s, self._tried_with = now, self._wall(), _issued(moment.known)
        try:
            made = await self._worker.call(self._make, moment, timeout_s=PATIENCE_S)
        except WorkLost as error:
            self._no_plan(because(Code.NO_PLAN_WORK, what=str(error)))
            return
        except Exception as error:  # noqa: BLE001  # likewise
            self._fail("a moment cannot be told to the planning process", error)
            return
        if isinstance(made.found, NoPlan):
            self._no_plan(_why(made.found))
            return
        if self.no_plan is not None:
            log.info("planning: there is a plan, found in %.0f ms", made.ms)
        self.no_plan, self._broken, self._since = None, False, now
        self._standing = taken(self._standing, made.found, now, made.lost)
        self.advice = Advice(now, made, moment.known.plant)
        self._plans.append(_as_event(self.advice))
        self._shadow = planned(self._shadow, self.advice.plan, made.inputs)

    def _no_plan(self, reason: Reason) -> None:
        if self.no_plan is None or self.no_plan.code != reason.code:
            log.warning("planning: %s %s", sentence(reason, "en"), dict(reason.facts))
        self.no_plan = reason
        self._standing = taken(self._standing, NoPlan(None, ()), self._now(), frozenset())

    def _fail(self, what: str, error: Exception) -> None:
        """A fault of ours: told once, and no reason to stop the building."""
        if not self._broken:
            log.error("planning: %s", what, exc_info=error)
        self._broken = True
        self.no_plan = because(Code.NO_PLAN_WORK, what=what)


def _as_event(advice: Advice) -> Event:
    """The plan for the record: what it saw, how it was found, why it asks what it asks."""
    plan, report, made = advice.plan, advice.plan.report, advice.made
    text = f"plan {report.way} in {made.ms:.0f} ms, {report.status}"
    facts = {
        "identity": plan.identity,
        "way": report.way.value,
        "status": report.status.value,
        "total_ms": round(made.ms, 1),
        "parts_nok": dict(plan.parts_nok),
        "violations": [[v.row, v.step, v.most] for v in plan.violations],
        "why": [as_data(why) for why in made.why],
        "unexplained": made.unexplained,
    }
    return Event(advice.made_at, EventKind.PLAN, "planner", text, facts)


def _issued(known: Knowledge) -> tuple[datetime | None, datetime | None]:
    prices, weather = known.prices, known.weather
    return (prices.issued_at if prices is not None else None, weather.issued_at if weather is not None else None)


def _why(found: NoPlan) -> Reason:
    if found.status is None:
        more = f" and {len(found.reasons) - 1} more" if len(found.reasons) > 1 else ""
        return because(Code.NO_PLAN_INPUTS, missing=f"{found.reasons[0]}{more}" if found.reasons else None)
    return because(Code.NO_PLAN_SOLVER, status=found.status.value)
