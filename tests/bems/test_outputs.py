"""Who holds a point, what is therefore written, and what counts as written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bems.outputs import LONGEST_RETRY_S, RETRY_S, Outputs
from models.signals import Command, Quality, Reading, Reason, Write, WriteResult
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.example.toml")
NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
STAGES = "hp_io.stage_request"  # Modbus with a watchdog: renewed every 60 s, falls back to 2
PUMP = "hot_water.circulation_pump_on"  # Modbus, a flag
FLOW = "ahu.airflow_request_pct"  # BACnet
WIRE = {STAGES: "mb_plant", PUMP: "mb_plant", FLOW: "bac_house"}
ALL_WIRES = frozenset(WIRE.values())


def command(point, value, priority=12, *, source="rules", minutes=60.0):
    return Command(point, value, priority, source, NOON + timedelta(minutes=minutes), Reason("test"))


class Desk:
    """Outputs with the two clocks that the running system would give it; one second of both a tick."""

    def __init__(self):
        self.outputs = Outputs(SITE)
        self.s = 0.0
        self.told: list[WriteResult] = []

    @property
    def now(self):
        return NOON + timedelta(seconds=self.s)

    def tick(self, *commands, after_s=1.0, reachable=ALL_WIRES):
        """The writes asked for in one tick, in order."""
        self.s += after_s
        told, self.told = self.told, []
        self.outputs.confirm(told, self.s)
        self.outputs.expire(self.now)
        self.outputs.apply(commands, self.now)
        due = self.outputs.due(self.now, self.s, reachable)
        assert all(WIRE[write.point] == wire for wire, writes in due.items() for write in writes)
        return [write for writes in due.values() for write in writes]

    def answer(self, writes, *, ok=True, error=None):
        self.told += [WriteResult(w.point, ok, w.value if ok else None, error, w) for w in writes]

    def settle(self, *commands):
        """Ticks in which every write succeeds, until there are no more."""
        asked = self.tick(*commands)
        every = list(asked)
        while asked:
            self.answer(asked)
            asked = self.tick()
            every += asked
        self.tick()  # from here on readings speak of what was proven
        return every

    def seen(self, point, value, *, quality=Quality.GOOD):
        """Outside changes found when the point, read just now, has this value."""
        self.s += 1
        picture = {p: Reading(None, Quality.UNREAD, None) for p in SITE.points}
        picture[point] = Reading(value, quality, self.now, value)
        return self.outputs.outside_changes(picture)


@pytest.fixture
def desk():
    return Desk()


def test_nothing_is_written_before_somebody_wants_something(desk):
    assert desk.tick() == []


def test_a_command_is_written_once_and_not_again_when_proven(desk):
    assert desk.settle(command(FLOW, 60.0)) == [Write(FLOW, 60.0, 12)]
    assert desk.tick(command(FLOW, 60.0, minutes=90)) == []


def test_the_highest_priority_wins_and_the_next_follows_when_it_goes(desk):
    desk.settle(command(STAGES, 1.0, 12))
    assert desk.settle(command(STAGES, 2.0, 8, source="operator")) == [Write(STAGES, 2.0, 8)]
    assert desk.settle(command(STAGES, 0.0, 12)) == []
    assert desk.outputs.held_by(STAGES, desk.now) == "operator@8"
    assert desk.settle(command(STAGES, None, 8, source="operator")) == [Write(STAGES, 0.0, 12)]


def test_a_command_that_is_not_renewed_expires_and_the_point_is_given_back(desk):
    desk.settle(command(FLOW, 60.0, minutes=5))
    assert desk.tick(after_s=280) == []
    assert desk.settle() == []
    desk.s = 300
    assert desk.settle() == [Write(FLOW, None, 12)]
    assert desk.outputs.held_by(FLOW, desk.now) is None


def test_a_moved_winner_fills_its_slot_on_bacnet_before_the_old_one_is_emptied(desk):
    desk.settle(command(FLOW, 60.0, 12))
    assert desk.settle(command(FLOW, 100.0, 5, source="guard")) == [Write(FLOW, 100.0, 5), Write(FLOW, None, 12)]
    assert desk.settle(command(FLOW, None, 5, source="guard")) == [Write(FLOW, 60.0, 12), Write(FLOW, None, 5)]


def test_a_winner_moved_with_the_same_value_writes_nothing_where_there_are_no_slots(desk):
    desk.settle(command(PUMP, 1.0, 12))
    assert desk.settle(command(PUMP, 1.0, 5, source="guard")) == []


def test_a_slot_whose_give_back_failed_is_given_back_again(desk):
    desk.settle(command(FLOW, 100.0, 5))
    moved = desk.tick(command(FLOW, None, 5), command(FLOW, 60.0, 12))
    assert moved == [Write(FLOW, 60.0, 12), Write(FLOW, None, 5)]
    desk.answer(moved[:1])
    desk.answer(moved[1:], ok=False, error="refused")
    assert desk.tick() == []
    assert desk.outputs.error(FLOW) == "refused"
    assert desk.tick(after_s=RETRY_S) == [Write(FLOW, None, 5)]
    desk.answer([Write(FLOW, None, 5)])
    assert desk.settle() == []
    assert desk.outputs.error(FLOW) is None


def test_slots_left_behind_are_remembered_through_further_moves(desk):
    desk.settle(command(FLOW, 100.0, 5))
    desk.tick(command(FLOW, None, 5), command(FLOW, 60.0, 12))
    assert desk.tick(command(FLOW, 80.0, 8))[0] == Write(FLOW, 80.0, 8)
    later = desk.tick(command(FLOW, None, 8), command(FLOW, None, 12))
    assert {write for write in later if write.value is None} == {Write(FLOW, None, p) for p in (5, 8, 12)}


def test_a_failed_write_is_tried_again_later_each_time(desk):
    asked = desk.tick(command(PUMP, 0.0))
    waits, last_s = [], desk.s
    while len(waits) < 9:
        desk.answer(asked, ok=False, error="exception 4")
        while not (asked := desk.tick(command(PUMP, 0.0, minutes=60 * 24))):
            pass
        waits.append(desk.s - last_s)
        last_s = desk.s
    assert waits[:3] == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S]
    assert max(waits) == waits[-1] == LONGEST_RETRY_S
    assert desk.outputs.error(PUMP) == "exception 4"


def test_a_write_without_an_answer_is_tried_again(desk):
    assert desk.tick(command(PUMP, 0.0)) == [Write(PUMP, 0.0, 12)]
    assert desk.tick(after_s=RETRY_S - 1) == []
    assert desk.tick() == [Write(PUMP, 0.0, 12)]


def test_a_late_answer_to_an_older_wish_proves_nothing(desk):
    first = desk.tick(command(PUMP, 0.0))
    second = desk.tick(command(PUMP, 1.0))
    desk.answer(first)
    assert desk.tick() == []
    assert desk.tick(after_s=RETRY_S) == second


def test_a_watchdog_is_fed_in_time_and_only_a_watchdog(desk):
    desk.settle(command(STAGES, 1.0), command(PUMP, 1.0))
    assert desk.tick(after_s=50) == []
    assert desk.tick(after_s=10) == [Write(STAGES, 1.0, 12)]
    desk.answer([Write(STAGES, 1.0, 12)])
    desk.tick()
    assert desk.tick(after_s=57) == []


def test_feeding_a_watchdog_is_no_change(desk):
    desk.settle(command(STAGES, 1.0))
    assert [c.value for c in desk.outputs.take_changed()] == [1.0]
    assert desk.tick(after_s=60) == [Write(STAGES, 1.0, 12)]
    assert desk.outputs.take_changed() == []


def test_nothing_is_asked_of_a_wire_that_is_down(desk):
    assert desk.tick(command(PUMP, 0.0), command(FLOW, 60.0), reachable={"bac_house"}) == [Write(FLOW, 60.0, 12)]
    assert Write(PUMP, 0.0, 12) in desk.tick()


def test_after_a_loss_what_is_wanted_is_written_again(desk):
    desk.settle(command(PUMP, 0.0))
    desk.outputs.forget([PUMP])
    assert desk.tick(after_s=RETRY_S) == [Write(PUMP, 0.0, 12)]


def test_after_a_loss_a_give_back_that_was_under_way_is_still_given_back(desk):
    desk.settle(command(FLOW, 60.0, 5))
    assert desk.tick(command(FLOW, None, 5)) == [Write(FLOW, None, 5)]
    desk.outputs.forget([FLOW])
    assert desk.tick(after_s=RETRY_S) == [Write(FLOW, None, 5)]


def test_an_answer_from_before_a_loss_proves_nothing_after_it(desk):
    desk.answer(desk.tick(command(PUMP, 0.0)))
    desk.outputs.forget([PUMP])
    assert desk.tick() == []
    assert desk.tick(after_s=RETRY_S) == [Write(PUMP, 0.0, 12)]


def test_after_a_loss_a_point_that_was_given_back_is_left_alone(desk):
    desk.settle(command(FLOW, 60.0, 5))
    desk.settle(command(FLOW, None, 5))
    desk.outputs.forget([FLOW])
    assert desk.settle() == []


def test_letting_everything_go_gives_back_every_point_once(desk):
    desk.settle(command(FLOW, 60.0, 5), command(PUMP, 0.0))
    desk.outputs.release_all()
    assert sorted(desk.settle()) == sorted([Write(FLOW, None, 5), Write(PUMP, None, 12)])


@pytest.mark.parametrize(("point", "ours", "theirs"), [(FLOW, 60.0, 61.0), (PUMP, 1.0, 0.0), (STAGES, 1.0, 0.0)])
def test_a_change_from_outside_is_reported_once_and_respected(desk, point, ours, theirs):
    desk.settle(command(point, ours))
    assert desk.seen(point, theirs) == [(point, ours, theirs)]
    assert desk.seen(point, theirs) == []
    assert desk.tick(command(point, ours, minutes=90), after_s=120) == []


def test_our_next_wish_ends_the_respect_for_an_outside_change(desk):
    desk.settle(command(FLOW, 60.0))
    desk.seen(FLOW, 30.0)
    assert desk.settle(command(FLOW, 70.0)) == [Write(FLOW, 70.0, 12)]
    assert desk.seen(FLOW, 30.0) == [(FLOW, 70.0, 30.0)]


def test_what_the_device_rounds_is_no_outside_change(desk):
    desk.settle(command(FLOW, 60.4))
    assert desk.seen(FLOW, 60.0) == []


def test_a_reading_older_than_the_proof_is_no_outside_change(desk):
    desk.answer(desk.tick(command(PUMP, 0.0)))
    picture = {p: Reading(None, Quality.UNREAD, None) for p in SITE.points}
    picture[PUMP] = Reading(1.0, Quality.GOOD, desk.now, 1.0)
    desk.s += 1
    desk.outputs.confirm(desk.told, desk.s)
    assert desk.outputs.outside_changes(picture) == []
    desk.tick()
    assert desk.outputs.outside_changes(picture) == []


def test_a_point_that_cannot_be_read_has_not_changed(desk):
    desk.settle(command(FLOW, 60.0))
    assert desk.seen(FLOW, None, quality=Quality.OFFLINE) == []


def test_a_watchdog_that_ran_out_is_our_doing_and_put_right(desk):
    desk.settle(command(STAGES, 0.0))
    desk.s += 300  # we were stopped for a while
    assert desk.seen(STAGES, 2.0) == []
    assert desk.tick() == [Write(STAGES, 0.0, 12)]


def test_since_when_a_point_is_held_does_not_change_with_renewals_and_lower_slots(desk):
    desk.settle(command(FLOW, 60.0, 8, source="operator"), command(FLOW, 40.0, 12, minutes=1))
    _, since = desk.outputs.held(desk.now)[FLOW]
    desk.settle(command(FLOW, 60.0, 8, source="operator", minutes=90))
    desk.tick(after_s=90)
    held, still = desk.outputs.held(desk.now)[FLOW]
    assert (held.value, still) == (60.0, since)


def test_a_point_that_is_not_writable_cannot_be_commanded(desk):
    with pytest.raises(KeyError):
        desk.tick(command("hp.supply_temp_degc", 40.0))


class AnyStory(RuleBasedStateMachine):
    """Whatever is commanded, fails, is lost or late: once all is quiet, the devices hold what the winners want."""

    def __init__(self):
        super().__init__()
        self.desk = Desk()
        self.slots: dict[int, float] = {}  # of FLOW, as the device has them
        self.values: dict[str, float | None] = {STAGES: None, PUMP: None}  # None: the device's own
        self.on_the_wire: list[Write] = []

    @rule(
        point=st.sampled_from([STAGES, PUMP, FLOW]),
        value=st.sampled_from([None, 0.0, 1.0]),
        priority=st.sampled_from([5, 8, 12]),
        minutes=st.integers(1, 60),
    )
    def somebody_wants_something(self, point, value, priority, minutes):
        until = self.desk.now + timedelta(minutes=minutes)
        wish = Command(point, value, priority, "test", until, Reason("test"))
        self.on_the_wire += self.desk.tick(wish)

    @rule(after_s=st.sampled_from([1, 5, 61, 400]))
    def time_passes(self, after_s):
        self.on_the_wire += self.desk.tick(after_s=after_s)

    @rule()
    def the_device_does_as_told(self):
        for write in self.on_the_wire:
            self.obey(write)
        self.desk.answer(self.on_the_wire)
        self.on_the_wire = []

    @rule(obeyed=st.booleans())
    def the_device_refuses_or_its_proof_fails(self, obeyed):
        for write in self.on_the_wire if obeyed else ():
            self.obey(write)
        self.desk.answer(self.on_the_wire, ok=False, error="refused")
        self.on_the_wire = []

    @rule(restarted=st.booleans())
    def the_device_is_lost(self, restarted):
        self.on_the_wire = []
        if restarted:
            self.slots, self.values = {}, dict.fromkeys(self.values)
        self.desk.outputs.forget([STAGES, PUMP, FLOW])

    def obey(self, write):
        if write.point != FLOW:
            self.values[write.point] = write.value
        elif write.value is None:
            self.slots.pop(write.priority, None)
        else:
            self.slots[write.priority] = write.value

    def teardown(self):
        for _ in range(3):
            self.on_the_wire += self.desk.tick(after_s=0 if self.on_the_wire else LONGEST_RETRY_S)
            self.the_device_does_as_told()
        held = {point: command for point, (command, _) in self.desk.outputs.held(self.desk.now).items()}
        wanted = held.get(FLOW)
        assert self.slots == ({} if wanted is None else {wanted.priority: wanted.value})
        assert self.values == {point: held[point].value if point in held else None for point in self.values}

    @invariant()
    def every_error_belongs_to_something_unfinished(self):
        for point in WIRE:
            assert self.desk.outputs.error(point) in (None, "refused")


AnyStory.TestCase.settings = settings(deadline=None, max_examples=200, stateful_step_count=25)
TestAnyStory = AnyStory.TestCase
