"""Control in the running system: its pace, its memory, and what of it people hear about."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.rows import EventKind
from bems.steering import MEMORY_KEY, Steering
from control.ledger import Ledger
from control.orders import NONE, Order, Orders, Taken
from control.rules.memory import RuleMemory
from dashboards.words import said_in_both
from models.priority import Level
from models.signals import Quality, Reading
from models.site import load_site
from tests.system.field import StillPlant

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
NOON = datetime(2026, 1, 15, 11, 0, tzinfo=UTC)
YOUNG_S = 120.0
SHOWN = StillPlant(SITE).reset(NOON, 1)


def picture(now, dead=()):
    """All that the still plant shows, read just now, but for dead devices, last read at noon."""
    return {
        point: Reading(None, Quality.OFFLINE, NOON, value)
        if point.split(".")[0] in dead
        else Reading(value, Quality.GOOD, now, value)
        for point, value in SHOWN.items()
    }


class Run:
    """A steering and its time."""

    def __init__(self, stored=None):
        self.steering = Steering(SITE, stored)
        self.now = NOON

    def step(self, after_s=60.0, dead=(), **reads):
        self.now += timedelta(seconds=after_s)
        read = {name.replace("__", "."): Reading(value, Quality.GOOD, self.now, value) for name, value in reads.items()}
        return self.steering.step(picture(self.now, dead) | read, self.now, YOUNG_S)

    def values(self, step):
        return {command.point: command.value for command in step.commands if command.value is not None}


def kept(steering):
    return steering.take_state()[MEMORY_KEY]


def test_it_decides_once_a_minute_of_the_site():
    run = Run()
    assert run.step().commands
    assert not run.step(after_s=59).commands
    assert run.step(after_s=1).commands


def test_after_a_start_it_does_not_wait_a_minute_for_points_that_come_late():
    run = Run()
    late = {point: Reading(None, Quality.UNREAD, None) for point in SHOWN}
    assert not run.steering.step(late, NOON, YOUNG_S).commands
    assert not run.step(after_s=4).commands
    assert run.step(after_s=1).commands
    assert not run.step(after_s=59).commands


@pytest.mark.parametrize("jump_h", [-1, -24 * 400, 1, 24 * 400])
def test_a_site_clock_that_jumps_does_not_stop_control(jump_h):
    run = Run()
    before = run.values(run.step())
    after = run.step(after_s=3600 * jump_h)
    assert run.values(after).keys() >= before.keys()
    assert all(command.expires_at > run.now for command in after.commands)
    assert not run.step(after_s=30).commands  # and at its own pace from there
    assert run.step(after_s=30).commands


def test_its_memory_goes_on_where_the_record_has_it():
    run = Run()
    run.step()
    run.steering.follow({"hp1_io.stage_request": 1.0}, run.now)
    state = kept(run.steering)
    assert Ledger.from_json(state["ledger"]).points["hp1_io.stage_request"].value == 1.0
    again = Run(state)
    again.now = run.now
    again.step()
    first, second = RuleMemory.from_json(state["rules"]), RuleMemory.from_json(kept(again.steering)["rules"])
    assert first.hygiene is not None
    assert second.hygiene.due_at == first.hygiene.due_at
    assert second.pumps == first.pumps


def test_what_changes_is_kept_with_its_own_tick():
    run = Run()
    assert run.steering.take_state() == {}
    run.step()
    assert run.steering.take_state()
    assert run.steering.take_state() == {}
    run.steering.follow({"hp1_io.stage_request": 2.0}, run.now)
    assert Ledger.from_json(kept(run.steering)["ledger"]).held("hp1_io.stage_request") == 2.0
    run.steering.follow({"hp1_io.stage_request": 2.0}, run.now)
    assert run.steering.take_state() == {}


@pytest.mark.parametrize("stored", [{"rules": "{}"}, {"rules": "nonsense", "ledger": "{}"}, {}])
def test_a_memory_that_cannot_be_read_is_left_behind_with_a_warning(stored, caplog):
    run = Run(stored)
    assert run.step().commands
    assert "control starts without its memory" in caplog.text


def test_a_fallback_is_an_event_when_it_begins_and_when_it_ends_and_a_condition_between():
    run = Run()
    run.step()
    assert not [c for c in run.steering.conditions if c.id.startswith("fallback.")]
    began, again = [], []
    for _ in range(4):
        began += run.step(dead={"buffer"}).events
    fallen = {event.subject for event in began if event.kind is EventKind.FALLBACK_ON}
    assert fallen
    assert len([e for e in began if e.kind is EventKind.FALLBACK_ON]) == len(fallen)
    assert [c for c in run.steering.conditions if c.id.startswith("fallback.")]
    for _ in range(2):
        again += run.step().events
    assert {event.subject for event in again if event.kind is EventKind.FALLBACK_OFF} == fallen
    assert not [c for c in run.steering.conditions if c.id.startswith("fallback.")]


def test_a_wish_that_is_held_back_is_noted_once():
    run = Run()
    events = [e for _ in range(5) for e in run.step(dead={"weather", "hp1", "hp2"}).events if e.kind is EventKind.HOLD]
    assert len({(e.subject, e.data["code"]) for e in events}) == len(events)


def test_a_missed_hygiene_cycle_is_an_alarm_of_the_highest_class():
    run = Run()
    run.step()
    due_at = RuleMemory.from_json(kept(run.steering)["rules"]).hygiene.due_at
    run.now = due_at + timedelta(minutes=1)
    run.step()
    overdue = [c for c in run.steering.conditions if c.id == "hygiene.overdue"]
    assert [c.severity for c in overdue] == ["A"]


def order(hours, since):
    return Order("kari", since, "test", since + timedelta(hours=hours))


def test_people_are_followed_at_once_and_let_go_at_once():
    run = Run()
    run.step()
    orders = Orders(taken={"a1.setpoint_degc": Taken(23.0, order(2, run.now))})
    step = run.steering.step(picture(run.now), run.now, YOUNG_S, orders)
    taken = [c for c in step.commands if c.priority == Level.OPERATOR]
    assert [(c.point, c.value, c.expires_at) for c in taken] == [
        ("a1.setpoint_degc", 23.0, orders.taken["a1.setpoint_degc"].until)
    ]
    assert not run.steering.step(picture(run.now), run.now, YOUNG_S, orders).commands  # and at its pace from there
    step = run.steering.step(picture(run.now), run.now, YOUNG_S, NONE)
    assert [(c.point, c.value) for c in step.commands if c.priority == Level.OPERATOR] == [("a1.setpoint_degc", None)]


def test_after_people_the_rules_value_comes_back_however_small_the_change_and_whatever_was_written():
    """Neither a change too small nor a day's writes used up keep what somebody had chosen."""
    run = Run()
    point = "a1.setpoint_degc"
    budget = SITE.points[point].spec.write.daily_budget
    run.steering.follow({point: run.values(run.step())[point]}, run.now)
    orders = Orders(taken={point: Taken(22.1, order(2, run.now))})
    run.steering.step(picture(run.now), run.now, YOUNG_S, orders)
    for n in range(budget + 5):
        run.steering.follow({point: 22.1 + 0.1 * (n % 2)}, run.now)
    run.now += timedelta(minutes=1)
    step = run.steering.step(picture(run.now), run.now, YOUNG_S, orders)
    assert {c.priority: c.value for c in step.commands if c.point == point}[Level.RULES] == 22.0
    step = run.steering.step(picture(run.now), run.now, YOUNG_S, NONE)
    assert {c.priority: c.value for c in step.commands if c.point == point} == {Level.RULES: 22.0, Level.OPERATOR: None}


def test_an_order_for_a_point_that_is_no_longer_there_harms_nobody():
    run = Run()
    orders = Orders(taken={"gone.setpoint_degc": Taken(22.0, order(2, NOON))})
    assert run.steering.step(picture(run.now), run.now, YOUNG_S, orders).commands
    run.now += timedelta(minutes=1)
    after = run.steering.step(picture(run.now), run.now, YOUNG_S, NONE)
    assert not [c for c in after.commands if c.priority == Level.OPERATOR]


def test_each_heat_pump_that_reports_a_fault_is_an_alarm_of_its_own_with_its_name():
    run = Run()
    run.step(hp1_io__fault=1.0)
    run.step(hp1_io__fault=1.0, hp2_io__release_ok=0.0)
    found = {c.id: c for c in run.steering.conditions if "machine" in c.id}
    fault, chain = found.pop("fallback.safety.machine_fault.hp1"), found.pop("fallback.safety.machine_chain.hp2")
    assert not found
    assert said_in_both(SITE, fault.text).nb == "Varmepumpe 1 melder feil."
    assert said_in_both(SITE, chain.text).en == "Heat pump 2: the safety chain is open."
    run.step(hp1_io__fault=1.0, hp2_io__fault=1.0)
    both = {c.id for c in run.steering.conditions if "machine_fault" in c.id}
    assert both == {"fallback.safety.machine_fault.hp1", "fallback.safety.machine_fault.hp2"}
