"""The planner beside the loop: plans that are followed, and every way in which there can be none."""

import asyncio
import json
import os
import pickle
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from bems.demo import synthetic_feeds
from bems.history.rows import EventKind
from bems.planning.live import AGAIN_S, LEAST_PACE_S, PLANNING_KEY, SCORES_KEY, Planner
from bems.planning.work import Made, make
from bems.steering import Steering
from bems.worker import Worker, WorkLost
from control.dispatch import Options
from control.guidance import ASSETS
from control.orders import NONE, Order, Orders, Promotion
from control.plan import NoPlan, Plan, Way
from control.planning import GOOD_FOR
from models.promotion import Control
from models.signals import Quality, Reading
from models.site import load_site
from tests.system.field import StillPlant

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
SHOWN = StillPlant(SITE).reset(NOON, 1)
PATIENCE_S = 60.0


async def _known():
    prices, weather = synthetic_feeds(SITE, NOON)
    return await prices.fetch(NOON), await weather.fetch(NOON)


PRICES, WEATHER = asyncio.run(_known())


class Here:
    """A worker without a process: does the work at once, or loses it."""

    def __init__(self):
        self.lost = None
        self.calls = 0
        self.ended = False

    async def call(self, function, *arguments, timeout_s):
        self.calls += 1
        if self.lost is not None:
            raise WorkLost(self.lost)
        return _once(function, *arguments)

    async def end(self):
        self.ended = True


_made = []


def _once(function, moment):
    """One plan is enough for most tests: the still plant stands still."""
    if function is not make:
        return function(moment)
    if not _made:
        _made.append(make(moment))
    start = _made[0].inputs.grid.start
    moved = moment.scene.now.replace(minute=moment.scene.now.minute // 15 * 15, second=0)
    plan, inputs = _made[0].found, _made[0].inputs
    grid = replace(plan.grid, start=moved) if moved != start else plan.grid
    return replace(_made[0], found=replace(plan, grid=grid), inputs=replace(inputs, grid=grid))


class Run:
    """A steering with its planner, its time and its wall time."""

    def __init__(self, site=SITE, worker=None, stored=None, known=True, **options):
        self.now, self.wall_s = NOON, 0.0
        self.worker = worker or Here()
        self.planner = Planner(
            site, lambda: self.now, (stored or {}).get, worker=self.worker, wall=lambda: self.wall_s, **options
        )
        if known:
            self.planner.prices, self.planner.weather = PRICES, WEATHER
        self.steering = Steering(site, None, self.planner)
        self.shown = dict(SHOWN)
        self.orders = NONE

    def people_say(self, optimiser, *promoted, zones=(), rules="good"):
        """Let the optimiser do this from the next decision on."""
        self.orders = Orders(promotion=Promotion(optimiser, rules, promoted, zones, Order("kari", self.now, "test")))

    def step(self, minutes=1.0, wall_s=None):
        """One decision; wall time goes as site time does unless told."""
        self.now += timedelta(minutes=minutes)
        self.wall_s += 60.0 * minutes if wall_s is None else wall_s
        picture = {p: Reading(value, Quality.GOOD, self.now, value) for p, value in self.shown.items()}
        return self.steering.step(picture, self.now, 120.0, self.orders)

    async def plans(self, until=lambda planner: planner.no_plan is None):
        """Let the planner's task run until it is so."""
        task = asyncio.create_task(self.planner.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not until(self.planner):  # noqa: ASYNC110  # whatever state it is
                    await asyncio.sleep(0.01)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def planned(self):
        self.step()
        await self.plans()
        return self

    @property
    def decides(self):
        return self.planner.decides(self.now).code


def by_plan(step):
    """Points that a plan steers now; air that was cut comes back in its own time, whoever cut it."""
    return {c.point for c in step.commands if c.reason.code.startswith("plan.") and c.reason.code != "plan.air"}


def told(step):
    return [event.data["code"] for event in step.events if event.kind is EventKind.CONTROL and "promoted" in event.data]


async def test_until_there_is_a_plan_the_rules_decide_and_then_they_follow_it():
    run = Run()
    first = run.step()
    assert first.commands
    assert not by_plan(first)
    assert run.decides == "decides.rules.no_plan_yet"
    assert told(first) == ["decides.rules.no_plan_yet"]
    await run.plans()
    step = run.step()
    assert run.decides == "decides.plan"
    assert by_plan(step)
    assert told(step) == ["decides.plan"]
    assert told(run.step()) == []
    (kept,) = [event for event in step.events if event.kind is EventKind.PLAN]
    assert kept.data["identity"] == run.planner.advice.plan.identity
    families = {why["family"] for why in kept.data["why"]}
    assert {"compressors", "after_heater"} <= families
    assert json.dumps(kept.data, allow_nan=False)


async def test_it_plans_once_a_quarter():
    run = await Run().planned()
    for _ in range(30):
        run.step()
        before, run.worker.calls = run.worker.calls, 0
        await run.plans(lambda p: not p._news.is_set())
        run.worker.calls += before
    assert run.worker.calls == 3


async def test_fast_site_time_does_not_mean_a_busy_machine():
    run = await Run().planned()
    run.step(minutes=30, wall_s=LEAST_PACE_S - 1)
    assert not run.planner.is_due(run.planner._moment)
    run.step(minutes=1, wall_s=1)
    assert run.planner.is_due(run.planner._moment)
    assert run.decides == "decides.old_plan"
    assert run.planner.decides(run.now).facts == {"age_min": 31.0}


async def test_a_clock_hour_may_have_its_own_plan_a_little_sooner():
    run = await Run().planned()
    run.step(minutes=62, wall_s=LEAST_PACE_S / 2 - 1)
    assert not run.planner.is_due(run.planner._moment)
    run.step(minutes=1, wall_s=1)
    assert run.planner.is_due(run.planner._moment)
    run.step(minutes=20, wall_s=0)
    assert not run.planner.is_due(run.planner._moment)


async def test_new_prices_are_planned_with_at_once():
    run = await Run().planned()
    run.step()
    assert not run.planner.is_due(run.planner._moment)
    run.planner.prices = replace(run.planner.prices, issued_at=run.now)
    run.step()
    assert run.planner.is_due(run.planner._moment)


async def test_without_any_feed_it_plans_by_what_is_usual_and_says_so():
    run = Run(known=False, make=partial(make, options=Options(whole_h=0.0)))
    run.step()
    await run.plans()
    assert by_plan(run.step())
    assert "prices from a flat stand-in; no weather forecast" in run.planner.advice.plan.identity


async def test_what_is_missing_for_a_plan_is_named():
    def nothing_known(moment):
        of = _once(make, moment).inputs
        return Made(NoPlan(None, ("state: no temperature of 'buffer'", "outlook: no draw_kw")), of, frozenset(), 1.0)

    run = Run(make=nothing_known)
    run.step()
    await run.plans(lambda p: p.no_plan.code == "decides.rules.inputs")
    step = run.step()
    assert step.commands
    assert not by_plan(step)
    assert told(step) == ["decides.rules.inputs"]
    assert run.planner.no_plan.facts == {"missing": "state: no temperature of 'buffer' and 1 more"}


async def test_a_killed_process_leaves_the_rules_and_the_next_plan_has_another_one():
    worker = Worker("test")
    run = Run(worker=worker)
    run.step()

    async def kill():
        while worker.pid is None:  # noqa: ASYNC110  # a process has no event of its own
            await asyncio.sleep(0.01)
        os.kill(worker.pid, signal.SIGKILL)

    killing = asyncio.create_task(kill())
    await run.plans(lambda p: p.no_plan.code == "decides.rules.work")
    await killing
    step = run.step(wall_s=AGAIN_S - 1)
    assert step.commands
    assert not by_plan(step)
    assert told(step) == ["decides.rules.work"]
    assert not run.planner.is_due(run.planner._moment)
    run.step(wall_s=1.0)
    await run.plans()
    assert by_plan(run.step())


async def test_the_last_good_plan_goes_on_until_it_expires_and_then_the_rules_decide_in_one_tick():
    run = await Run().planned()
    begun = run.planner._standing.made_at
    run.worker.lost = "its process died"
    seen, alarmed = [], []
    while run.now < begun + GOOD_FOR + timedelta(minutes=5):
        step = run.step()
        await run.plans(lambda p: not p._news.is_set())
        seen.append((run.now - begun, bool(by_plan(step)), run.decides, told(step)))
        alarmed += [run.now - begun for c in run.steering.conditions if c.id == "planner.no_plan"]
    assert [str(age) for age, followed, _, _ in seen if followed != (age < GOOD_FOR)] == []
    assert {code for age, _, code, _ in seen if age >= GOOD_FOR} == {"decides.rules.work"}
    assert {code for age, _, code, _ in seen if timedelta(minutes=16) < age < GOOD_FOR} == {"decides.old_plan"}
    assert [code for _, _, _, codes in seen for code in codes] == [
        "decides.plan",
        "decides.rules.work",
        "decides.rules.work",
    ]
    assert min(alarmed) == timedelta(minutes=61)
    run.worker.lost = None
    run.step()
    await run.plans()
    assert told(run.step()) == ["decides.plan"]
    assert not [c for c in run.steering.conditions if c.id == "planner.no_plan"]


async def test_a_solver_without_time_gives_no_plan_or_one_that_says_so():
    run = Run(make=partial(make, options=Options(time_limit_s=0.0)))
    run.step()
    await run.plans(lambda p: p.no_plan is None or p.no_plan.code != "decides.rules.no_plan_yet")
    assert run.step().commands
    if run.planner.no_plan is not None:
        assert run.decides == "decides.rules.solver"
    else:
        assert run.planner.advice.plan.report.way is not Way.WHOLE


async def test_a_plant_far_outside_everything_is_planned_for_or_left_to_the_rules():
    run = Run(make=partial(make, options=Options(time_limit_s=2.0)))
    for point in run.shown:
        if point.endswith("temp_degc"):
            run.shown[point] = 3.0
    run.shown |= {"buffer.layer_1_temp_degc": 94.0, "buffer.layer_4_temp_degc": 90.0, "main.power_kw": 900.0}
    run.step()
    await run.plans(lambda p: p.no_plan is None or p.no_plan.code != "decides.rules.no_plan_yet")
    assert run.step().commands
    assert run.decides in ("decides.plan", "decides.rules.solver")


async def test_in_shadow_it_plans_and_advises_and_the_rules_run():
    shadow = SITE.model_copy(update={"control": Control()})
    run, plain = await Run(shadow).planned(), Steering(SITE, None)
    step = run.step()
    assert run.planner.advice is not None
    assert run.decides == "decides.shadow"
    assert not by_plan(step)
    picture = {p: Reading(value, Quality.GOOD, NOON, value) for p, value in run.shown.items()}
    alone = plain.step(picture, NOON, 120.0)
    assert {c.point: c.value for c in step.commands} == {c.point: c.value for c in alone.commands}


CAR = "charger_3.max_current_a"


def asked_of_car(step):
    return next(c.reason.code for c in step.commands if c.point == CAR)


async def test_naive_rules_run_the_plant_as_asked_and_never_stand_in_for_a_plan():
    run = await Run(SITE.model_copy(update={"control": Control(rules="naive")})).planned()
    run.shown["charger_3.mode3_state"] = 2.0
    step = run.step()
    assert (asked_of_car(step), run.decides, told(step)) == ("cars.share", "decides.naive", ["decides.naive"])
    assert not by_plan(step)
    run.people_say("shadow", "cars", rules="good")
    step = run.step()
    assert (asked_of_car(step), run.decides, told(step)) == ("cars.wait", "decides.shadow", ["decides.shadow"])
    run.people_say("on", "cars", rules="naive")
    assert run.step().commands
    assert run.decides == "decides.plan"
    run.planner.drop("test", ValueError())
    step = run.step()
    assert (asked_of_car(step), run.decides) == ("cars.wait", "decides.rules.work")
    run.people_say("on", rules="naive")
    assert (asked_of_car(run.step()), run.decides) == ("cars.share", "decides.naive")


async def test_only_what_is_promoted_follows_and_a_zone_can_be_kept_out():
    run = await Run().planned()
    run.step()
    everything = run.planner.guidance(run.now)
    assert everything.after_heater_degc is not None
    assert set(everything.room_offset_k) == {zone.id for zone in SITE.zones}
    run.people_say("on", "rooms")
    run.step()
    rooms = run.planner.guidance(run.now)
    assert rooms.room_offset_k == everything.room_offset_k
    assert (rooms.compressors, rooms.after_heater_degc, rooms.cars_kw) == (None, None, None)
    assert "hot_water.stage_request" not in by_plan(run.step())
    kept_out = SITE.model_copy(update={"control": Control(optimiser="on", zones_by_rules=("cafe",))})
    other = await Run(kept_out).planned()
    asked = other.planner.guidance(other.now)
    assert set(asked.room_offset_k) == {zone.id for zone in SITE.zones} - {"cafe"}
    assert asked.supply_degc
    assert "cafe" not in asked.supply_degc


@pytest.mark.parametrize("said", [("on",), ("shadow", "rooms", "cars")])
async def test_people_put_it_in_shadow_within_one_decision_and_give_it_back(said):
    run = await Run().planned()
    assert by_plan(run.step())
    run.people_say(*said)
    shadow = run.step(minutes=1 / 60)
    assert shadow.commands
    assert not by_plan(shadow)
    assert run.decides == "decides.shadow"
    run.orders = NONE
    assert by_plan(run.step(minutes=1 / 60))
    assert run.planner.promoted == ASSETS


async def test_people_promote_what_the_site_file_has_in_shadow_and_keep_a_zone():
    run = await Run(SITE.model_copy(update={"control": Control()})).planned()
    run.people_say("on", "rooms", zones=("cafe",))
    assert by_plan(run.step())
    assert run.planner.promoted == ("rooms",)
    assert "cafe" not in run.planner.guidance(run.now).room_offset_k


async def test_what_it_has_seen_outlives_a_restart():
    run = await Run().planned()
    run.step()
    again = Run(stored=run.steering.take_state())
    assert again.planner._estimate == run.planner._estimate
    assert again.planner._shadow == run.planner._shadow


@pytest.mark.parametrize(
    "stored",
    [{PLANNING_KEY: part} for part in ({"estimate": "{}"}, {"hour": "nonsense"})] + [{SCORES_KEY: "nonsense"}],
)
def test_what_cannot_be_read_is_begun_anew(stored):
    run = Run(stored=stored)
    assert run.step().commands
    assert run.planner.promoted == ASSETS


async def test_a_fault_in_the_observer_is_told_once_and_stops_nothing(caplog):
    run = await Run().planned()
    run.planner.plant = None
    for _ in range(3):
        assert run.step().commands
    assert run.decides == "decides.plan"  # the last good one
    assert caplog.text.count("the observer failed") == 1
    assert run.planner.no_plan.code == "decides.rules.work"


async def test_a_plan_that_the_rules_cannot_follow_is_dropped_in_the_same_tick(caplog):
    run = await Run().planned()
    run.planner.guidance = lambda now: object()
    step = run.step()
    assert step.commands
    assert not by_plan(step)
    assert run.decides == "decides.rules.work"
    assert caplog.text.count("the rules cannot follow the plan") == 1


async def test_its_process_ends_with_its_task():
    run = await Run().planned()
    assert run.worker.ended


async def test_a_moment_and_what_is_made_of_it_can_be_sent_to_another_process():
    run = await Run().planned()
    moment = pickle.loads(pickle.dumps(run.planner._moment))
    made = pickle.loads(pickle.dumps(_made[0]))
    assert moment.memory == run.planner._moment.memory
    assert moment.estimate == run.planner._moment.estimate
    assert isinstance(made.found, Plan)
    assert made.found.identity == _made[0].found.identity
