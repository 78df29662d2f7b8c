"""The night beside the loop: its programme in the evening, its account in the morning, kept in the record.

Neither holds anything up: a night without a plan has a programme that says so, and an account that cannot be made is a
line in the log and an event.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from bems.history.errors import RecordError
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.night.work import look_back
from bems.planning.live import Planner
from bems.steering import MEMORY_KEY
from bems.worker import Worker, WorkLost
from control.night.account import Account
from control.night.data import EVENING, MORNING, Programme, night_of
from control.night.programme import programme
from control.plan import Plan
from control.planning import GOOD_FOR
from control.problem import Inputs, Plant
from control.rules.memory import RuleMemory
from models.reasons import Code, because, sentence
from models.signals import Reason
from models.site import Site

log = logging.getLogger(__name__)

NIGHT_KEY: Final = "night"
LOOK_S: Final = 2.0
"""Wall time between two looks at the clock."""
PLAN_WITHIN: Final = timedelta(minutes=30)
"""Site time that a plan gets to appear before the night begins without one."""
STORED_AFTER: Final = timedelta(minutes=10)
"""Site time after the night until the record has all of it."""
PATIENCE_S: Final = 1800.0
"""Wall time for an account."""
KEPT_ACCOUNTS: Final = 14


@dataclass(frozen=True)
class Planned:
    """The newest plan that is not too old, and what it was made from."""

    plan: Plan | None
    inputs: Inputs | None
    plant: Plant
    why: Reason | None = None
    """Why there is no plan, or why nobody follows it."""


def planned_by(planner: Planner, now: datetime) -> Planned:
    """What the planner has to say now."""
    advice = planner.advice
    if advice is None or not advice.made_at <= now < advice.made_at + GOOD_FOR:
        return Planned(None, None, planner.plant, planner.no_plan)
    shadow = None if planner.promoted else planner.decides(now)
    return Planned(advice.plan, advice.made.inputs, advice.plant, shadow)


class Nights:
    """Of one site; `path` is its record's file, `planned` asks the planner."""

    def __init__(
        self,
        site: Site,
        record: Record,
        path: Path,
        now: Callable[[], datetime],
        planned: Callable[[], Planned],
        *,
        worker: Worker | None = None,
        look_back: Callable[..., Account] = look_back,
        site_now: Callable[[], Site] | None = None,
    ) -> None:
        """`site_now` gives the site as people have it now, their tariff with it; the file's where it is left out."""
        self._site_now = site_now or (lambda: site)
        self.note: Callable[[Event], None] = lambda _: None
        """Told what is worth an event; the system sets it."""
        self.programme: Programme | None = None
        """Of the night that is, is to come, or was last."""
        self.accounts: list[Account] = []
        """Of the last nights, newest last."""
        self._site, self._record, self._path, self._now, self._planned = site, record, path, now, planned
        self._worker = worker or Worker("night")
        self._look_back = look_back
        self._waits_since: datetime | None = None
        self._memory: RuleMemory | None = None
        """Of the rules when the night began."""
        self._untold: Plan | None = None
        """A plan that no programme could be made of."""
        self._accounted: datetime | None = None
        """End of the night that was looked back on last, with success or without."""
        self._recall(record.load_state(NIGHT_KEY))

    def _recall(self, stored: Mapping[str, Any] | None) -> None:
        if stored is None:
            return
        try:
            kept = stored["programme"]
            self.programme = None if kept is None else Programme.from_json(kept)
            self.accounts = [Account.from_json(text) for text in stored["accounts"]]
            self._memory = None if stored.get("memory") is None else RuleMemory.from_json(stored["memory"])
        except (ValueError, KeyError, TypeError) as error:
            log.warning("nights begin anew, the record's cannot be read: %s", error)
            self.programme, self.accounts = None, []
        self._accounted = self.accounts[-1].end if self.accounts else None

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self.look()
                await asyncio.sleep(LOOK_S)
        finally:
            await self._worker.end()

    async def look(self) -> None:
        """Do what is due now: the last night's account first, for the next programme takes its place."""
        now = self._now()
        if self.account_is_due(now) and self.programme is not None:
            await self._account(self.programme)
        if self.programme_is_due(now):
            await self._begin(now)

    def programme_is_due(self, now: datetime) -> bool:
        """In the evening, or when the night has begun without us; again when a plan comes to a night without one."""
        if not _is_night(now, self._site):
            self._waits_since = None
            return False
        known = self.programme
        if known is not None and known.end == night_of(now, self._site.zone_info)[1]:
            plan = self._planned().plan
            return known.identity is None and plan is not None and plan is not self._untold
        self._waits_since = self._waits_since or now
        return self._planned().plan is not None or now - self._waits_since >= PLAN_WITHIN

    def account_is_due(self, now: datetime) -> bool:
        """Once a night has ended and the record has it."""
        known = self.programme
        return known is not None and known.end != self._accounted and now >= known.end + STORED_AFTER

    async def _begin(self, now: datetime) -> None:
        given = self._planned()
        try:
            made = programme(given.plan, given.inputs, self._site_now(), now, given.why)
        except Exception as error:  # whatever is wrong with a plan, the building is looked after
            log.exception("the plan cannot be told as a night's programme")
            self._untold = given.plan
            made = programme(None, None, self._site_now(), now, because(Code.NO_PLAN_WORK, what=repr(error)))
        self.programme = made
        self._memory = await asyncio.to_thread(self._ruled)
        if made.identity is None:
            self._tell(now, because(Code.NIGHT_RULES, why=sentence(given.why, "en") if given.why else "–"))
        else:
            facts = {"items": float(len(made.items)), "energy_kwh": made.energy_kwh, "cost_nok": made.cost_nok}
            self._tell(now, because(Code.NIGHT_MADE, **facts))
        await self._keep()

    def _ruled(self) -> RuleMemory | None:
        """What the rules remember, as the record has it."""
        try:
            return RuleMemory.from_json(self._record.load_state(MEMORY_KEY)["rules"])
        except (RecordError, ValueError, KeyError, TypeError) as error:
            log.warning("the rules' memory cannot be read: %s", error)
            return None

    async def _account(self, of: Programme) -> None:
        self._accounted = of.end
        try:
            made = await self._worker.call(
                self._look_back,
                self._path,
                self._site_now(),
                self._planned().plant,
                of,
                self._memory,
                timeout_s=PATIENCE_S,
            )
            await self._worker.end()
        except Exception as error:  # likewise
            log.error("the night could not be accounted for: %s", error, exc_info=not isinstance(error, WorkLost))
            self._tell(self._now(), because(Code.NIGHT_LOST, what=str(error)))
            return
        self.accounts = [*self.accounts, made][-KEPT_ACCOUNTS:]
        done = sum(one.state == "done" for one in made.done)
        facts = {"energy_kwh": made.energy_kwh, "cost_nok": made.cost_nok, "saved_nok": made.saved_nok}
        reason = because(Code.NIGHT_ACCOUNTED, done=float(done), items=float(len(made.done)), **facts)
        self._tell(self._now(), reason)
        await self._keep()

    async def _keep(self) -> None:
        kept = {
            "programme": None if self.programme is None else self.programme.to_json(),
            "accounts": [one.to_json() for one in self.accounts],
            "memory": None if self._memory is None else self._memory.to_json(),
        }
        try:
            await asyncio.to_thread(self._record.save_state, NIGHT_KEY, kept)
        except RecordError as error:
            log.error("the night is not kept: %s", error)

    def _tell(self, now: datetime, reason: Reason) -> None:
        self.note(Event(now, EventKind.CONTROL, "night", sentence(reason, "en"), {"code": reason.code, **reason.facts}))


def _is_night(now: datetime, site: Site) -> bool:
    local = now.astimezone(site.zone_info).time()
    return local >= EVENING or local < MORNING
