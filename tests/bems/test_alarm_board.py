"""The life of an alarm: raised, seen, ended, shelved, explained, out of service; floods, and a restart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bems.alarming.acts import SHELVE_MIN, Act, Refused, apply
from bems.alarming.alarms import Condition, lost_connection
from bems.alarming.board import Board, Entry, Mark, State
from bems.alarming.fold import FLOOD_BEGINS, Sheets, fold
from models.alarming import AlarmRule, Alerts
from models.reasons import Code, because
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
PLAIN = AlarmRule(match="*", delay_s=0, clear_s=0)


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def condition(name, severity="B", point=None):
    return Condition(name, severity, because(Code.ALARM_CONNECTION, name=name, points=1), point)


class Desk:
    """A board and somebody at it."""

    def __init__(self, *rules, board=None):
        self.sheets = Sheets(SITE.model_copy(update={"alarms": rules}))
        self.board = board or Board()
        self.alerts = Alerts()

    def see(self, minutes, *conditions, may_end=True):
        self.board, changes = fold(self.board, conditions, at(minutes), self.sheets, may_end=may_end)
        return [(change.turn.value, change.entry.condition.id, change.shown) for change in changes]

    def do(self, when, verb, alarm, reason="", unraised=None, **more):
        act = Act(verb, alarm, Mark(at(when), "kari", reason), **more)
        self.board, before, after = apply(self.board, act, self.alerts, unraised)
        return before.value, after.value

    def state(self, alarm):
        entry = self.board.entries.get(alarm)
        return None if entry is None else entry.state.value


X = condition("x.y")


def test_an_alarm_is_raised_seen_and_ends():
    desk = Desk(PLAIN)
    assert desk.see(0, X) == [("raised", "x.y", True)]
    assert desk.see(1, X) == []
    assert desk.do(2, "acknowledge", "x.y", "ser på det") == ("unacknowledged", "acknowledged")
    assert desk.board.entries["x.y"].acknowledged == Mark(at(2), "kari", "ser på det")
    assert desk.see(3) == [("ended", "x.y", True)]
    assert desk.board == Board(recent=((at(0), "x.y"),))


def test_an_alarm_that_ends_unseen_stays_until_somebody_has_seen_it():
    desk = Desk(PLAIN)
    desk.see(0, X)
    desk.see(1)
    assert (desk.state("x.y"), desk.board.standing) == ("returned", {})
    assert desk.do(2, "acknowledge", "x.y") == ("returned", "normal")
    assert desk.board.entries == {}


def test_an_alarm_of_class_c_leaves_by_itself():
    desk = Desk(PLAIN)
    desk.see(0, condition("x.y", "C"))
    desk.see(1)
    assert desk.state("x.y") is None


def test_a_latching_alarm_stays_until_it_is_reset_and_not_while_it_stands():
    desk = Desk(replace_rule(latching=True))
    desk.see(0, X)
    desk.do(0, "acknowledge", "x.y")
    with pytest.raises(Refused, match="still_active"):
        desk.do(1, "reset", "x.y")
    desk.see(1)
    assert desk.state("x.y") == "latched"
    assert desk.do(2, "reset", "x.y") == ("latched", "normal")
    assert desk.state("x.y") is None


def replace_rule(**more):
    return PLAIN.model_copy(update=more)


def test_delays_keep_what_passes_and_what_chatters_from_people():
    desk = Desk(replace_rule(delay_s=120, clear_s=300))
    assert desk.see(0, X) == desk.see(1, X) == []
    assert desk.see(1.5) == []
    assert desk.see(2, X) == desk.see(3.9, X) == [], "it was away in between"
    assert desk.see(4, X) == [("raised", "x.y", True)]
    assert desk.see(5) == desk.see(6, X) == desk.see(7) == desk.see(11.9) == []
    assert desk.see(12) == [("ended", "x.y", True)]


def test_an_alarm_that_comes_again_before_it_was_seen_counts_its_times():
    desk = Desk(PLAIN)
    for minute in range(0, 6, 2):
        desk.see(minute, X)
        desk.see(minute + 1)
    desk.see(7, X)
    entry = desk.board.entries["x.y"]
    assert (entry.times, entry.state, entry.raised_at) == (4, State.UNACKNOWLEDGED, at(7))


@pytest.mark.parametrize(("severity", "choices"), [("A", [15, 60]), ("B", [15, 60, 480]), ("C", list(SHELVE_MIN))])
def test_shelving_has_fixed_choices_and_a_longest_time_for_each_class(severity, choices):
    desk = Desk(PLAIN)
    desk.see(0, condition("x.y", severity))
    allowed = []
    for minutes in (*SHELVE_MIN, 61, 0, -15, None):
        try:
            desk.do(1, "shelve", "x.y", "bytter føler", minutes=minutes)
        except Refused:
            continue
        desk.do(1, "unshelve", "x.y")
        allowed.append(minutes)
    assert allowed == choices


def test_a_shelved_alarm_comes_back_by_itself_and_has_to_be_seen_again():
    desk = Desk(PLAIN)
    desk.see(0, X)
    desk.do(0, "acknowledge", "x.y")
    assert desk.do(1, "shelve", "x.y", "bytter føler", minutes=15) == ("acknowledged", "shelved")
    assert (desk.see(2, X), desk.board.standing) == ([], {})
    assert desk.see(15.9, X) == []
    assert desk.see(16, X) == [("unshelved", "x.y", True)]
    assert (desk.state("x.y"), desk.board.entries["x.y"].shown_at) == ("unacknowledged", at(16))


def test_a_shelved_alarm_is_followed_and_leaves_when_it_has_ended():
    desk = Desk(PLAIN)
    desk.see(0, X)
    desk.do(1, "shelve", "x.y", "prøver", minutes=15)
    assert desk.see(2) == [("ended", "x.y", False)]
    assert desk.see(3, X) == [("raised", "x.y", False)]
    desk.see(4)
    assert desk.state("x.y") == "shelved"
    desk.see(16)
    assert desk.state("x.y") is None


@pytest.mark.parametrize("verb", ["shelve", "take_out"])
def test_nothing_is_silenced_without_a_reason(verb):
    desk = Desk(PLAIN)
    desk.see(0, X)
    with pytest.raises(Refused, match="needs_reason"):
        desk.do(1, verb, "x.y", minutes=15)


def test_out_of_service_lasts_until_it_is_put_back():
    desk = Desk(PLAIN)
    desk.see(0, X)
    assert desk.do(1, "take_out", "x.y", "ombygging") == ("unacknowledged", "out_of_service")
    with pytest.raises(Refused, match="is_out_of_service"):
        desk.do(1, "shelve", "x.y", "prøver", minutes=15)
    desk.see(10000, X)
    assert desk.board.standing == {}
    assert desk.do(10001, "put_back", "x.y") == ("out_of_service", "unacknowledged")
    assert list(desk.board.standing) == ["x.y"]


def test_an_alarm_can_be_taken_out_before_it_was_ever_raised():
    desk = Desk(PLAIN)
    with pytest.raises(Refused, match="unknown"):
        desk.do(0, "take_out", "x.y", "ombygging")
    unraised = Entry(X, active=False, raised_at=at(0), wants_acknowledgement=False)
    assert desk.do(0, "take_out", "x.y", "ombygging", unraised) == ("normal", "out_of_service")
    assert desk.see(1, X) == [("raised", "x.y", False)]
    desk.see(2)
    assert desk.do(3, "put_back", "x.y") == ("out_of_service", "normal")


CHILD = AlarmRule(match="child.*", suppressed_by=("parent.*",))


def test_a_consequence_is_not_shown_beside_its_cause_whichever_comes_first():
    desk = Desk(PLAIN, CHILD)
    child, parent = condition("child.a", "C"), condition("parent.a")
    assert desk.see(0, child) == [("raised", "child.a", True)]
    assert desk.see(1, child, parent) == [("raised", "parent.a", True), ("suppressed", "child.a", False)]
    assert (desk.state("child.a"), list(desk.board.standing)) == ("suppressed", ["parent.a"])
    desk.see(2, parent)
    assert desk.state("child.a") is None, "nobody has to see what was explained"


def test_a_consequence_gets_a_while_to_end_after_its_cause():
    desk = Desk(PLAIN, CHILD)
    child, parent = condition("child.a"), condition("parent.a")
    desk.see(0, child, parent)
    desk.do(0, "acknowledge", "parent.a")
    assert desk.see(1, child) == [("ended", "parent.a", True)]
    assert desk.see(2.9, child) == []
    assert desk.see(3, child) == [("unsuppressed", "child.a", True)]
    assert desk.state("child.a") == "unacknowledged"


def test_no_alarm_hides_behind_one_of_a_lower_class():
    desk = Desk(PLAIN, CHILD)
    desk.see(0, condition("child.a", "A"), condition("parent.a", "B"))
    assert set(desk.board.standing) == {"child.a", "parent.a"}


def test_two_that_explain_each_other_do_not_both_vanish():
    desk = Desk(PLAIN, AlarmRule(match="*", suppressed_by=("*",)))
    desk.see(0, condition("a.a"), condition("b.b"), condition("c.c"))
    assert len(desk.board.standing) == 1
    assert set(desk.board.entries) == {"a.a", "b.b", "c.c"}


def test_a_device_is_explained_by_its_own_connection_only():
    desk = Desk(PLAIN)
    device = next(d for d in SITE.devices if d.connection == "mb_heat")
    silent = condition(f"device.{device.id}")
    desk.see(0, silent, lost_connection("mb_sun", 3))
    assert desk.state(silent.id) == "unacknowledged"
    desk.see(1, silent, lost_connection("mb_heat", 3))
    assert desk.state(silent.id) == "suppressed"


def test_many_at_once_are_a_flood_until_it_calms_down():
    desk = Desk(PLAIN)
    many = [condition(f"x.{number}") for number in range(FLOOD_BEGINS)]
    assert desk.see(0, *many[:-1])[-1][0] == "raised"
    assert desk.see(1, *many)[-1] == ("flood", "x.0", True)
    assert desk.board.flood.first == "x.0"
    assert desk.see(9.9, *many) == []
    assert desk.see(10, *many)[-1][0] == "flood_over"
    assert desk.board.flood is None


def test_what_is_explained_makes_no_flood():
    desk = Desk(PLAIN, CHILD)
    desk.see(0, condition("parent.a", "A"), *(condition(f"child.{number}") for number in range(50)))
    assert (desk.board.flood, list(desk.board.standing)) == (None, ["parent.a"])


def test_a_restart_forgets_nothing_and_ends_nothing_before_it_has_looked():
    desk = Desk(PLAIN)
    desk.see(0, X, condition("z.z"))
    desk.do(1, "acknowledge", "x.y", "ser på det")
    desk.do(1, "shelve", "z.z", "venter på deler", minutes=60)
    again = Desk(PLAIN, board=Board.load(desk.board.dump()))
    assert again.board == desk.board
    assert again.see(5, may_end=False) == []
    assert again.see(6, X, condition("z.z")) == []
    assert (again.state("x.y"), again.state("z.z")) == ("acknowledged", "shelved")
    assert again.board.entries["x.y"].raised_at == at(0)


NAMES = ("child.a", "child.b", "parent.a", "x.y")
ACTS = st.tuples(
    st.sampled_from(["acknowledge", "shelve", "unshelve", "take_out", "put_back", "reset"]), st.sampled_from(NAMES)
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 40), st.sets(st.sampled_from(NAMES)), st.lists(ACTS, max_size=2))))
def test_whatever_happens_the_board_is_sound(story):
    """No active alarm is lost, whatever people do and even where the clock is set back; nothing explained by itself."""
    desk = Desk(PLAIN, CHILD)
    minute = 0
    for step, names, acts in story:
        minute += step
        desk.see(minute, *(condition(name, "B") for name in sorted(names)))
        for verb, alarm in acts:
            try:
                desk.do(minute, verb, alarm, "fordi", minutes=15)
            except Refused:
                continue
        entries = desk.board.entries
        assert {name for name, entry in entries.items() if entry.active} == names
        for name, entry in entries.items():
            assert entry.stays
            assert entry.suppressed_by is None or (name.startswith("child") and entry.suppressed_by == "parent.a")
            if entry.active:
                assert (entry.shown_at is None) is entry.silenced
        assert set(desk.board.standing) == {n for n, e in entries.items() if e.active and not e.silenced}
        assert Board.load(desk.board.dump()) == desk.board
        before = desk.board
        assert desk.see(minute, *(condition(name, "B") for name in sorted(names))) == []
        assert replace(desk.board, recent=()) == replace(before, recent=())


@pytest.mark.parametrize("code", ["safety.machine_fault", "safety.machine_chain", "heat.machine_idle"])
def test_a_heat_pump_that_stopped_by_itself_is_not_explained_by_a_wire_it_does_not_hang_on(code):
    desk = Desk(PLAIN)
    stopped = condition(f"fallback.{code}.hp1", "C", point="hp1_io.stage_request")
    elsewhere, silent = lost_connection("mb_water", 12), condition("device.loop_a")
    desk.see(0, stopped, elsewhere, silent)
    assert desk.state(stopped.id) == "unacknowledged"
    flag = condition("point.hp1_io.fault", point="hp1_io.fault")
    desk.see(1, stopped, elsewhere, silent, flag)
    assert desk.board.entries[stopped.id].suppressed_by == flag.id
    desk.see(1, stopped, elsewhere, silent, lost_connection("mb_heat", 5))
    desk.see(4, stopped, elsewhere, silent, lost_connection("mb_heat", 5))
    assert desk.board.entries[stopped.id].suppressed_by == "connection.mb_heat"
