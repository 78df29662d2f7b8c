"""Who is told of which alarm, and when: steps, roster, acknowledging, ends, floods, what survives a restart."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from bems.alarming.acts import Act, apply
from bems.alarming.alarms import Condition
from bems.alarming.board import Board, Mark
from bems.alarming.calls import Calls, due
from bems.alarming.fold import Sheets, fold
from models.alarming import AlarmRule, Alerts, Recipient, Shift, Step
from models.reasons import Code, because
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
OSLO = ZoneInfo("Europe/Oslo")
THURSDAY = datetime(2026, 1, 15, 12, tzinfo=OSLO).astimezone(UTC)
PEOPLE = tuple(Recipient(id=name, name=name) for name in ("caretaker", "night", "boss"))


def alarm(name, severity="A"):
    return Condition(name, severity, because(Code.ALARM_CONNECTION, name=name, points=1))


class Watch:
    """A board, people, and what they have been told so far."""

    def __init__(self, start=THURSDAY, **more):
        self.alerts = Alerts(**{"recipients": PEOPLE, "gather_s": 0, **more})
        self.start, self.board, self.calls = start, Board(), Calls()
        self.sheets = Sheets(SITE.model_copy(update={"alarms": (AlarmRule(match="*", delay_s=0, clear_s=0),)}))

    def at(self, minutes):
        return self.start + timedelta(minutes=minutes)

    def see(self, minutes, *conditions):
        """What is told when this stands, as (recipient, what, alarm); and it is delivered."""
        self.board, _ = fold(self.board, conditions, self.at(minutes), self.sheets)
        wanted = due(self.board, self.calls, self.alerts, self.at(minutes), OSLO)
        notices = [notice for found in wanted.values() for notice in found]
        self.calls = Calls.load(self.calls.told(notices, self.at(minutes)).dump())
        return sorted((n.recipient, n.about, n.condition.id) for n in notices)

    def acknowledge(self, minutes, name):
        self.board, *_ = apply(self.board, Act("acknowledge", name, Mark(self.at(minutes), "kari")), self.alerts)


ROSTER = (
    Shift(recipient="caretaker", days=("mon", "tue", "wed", "thu", "fri"), start=time(7), to=time(16)),
    Shift(recipient="night", start=time(16), to=time(7)),
)


def test_who_is_on_duty_is_told_at_once_and_everybody_when_nobody_acts():
    watch = Watch(roster=ROSTER)
    assert watch.see(0, alarm("x")) == [("caretaker", "raised", "x")]
    assert watch.see(14.9, alarm("x")) == []
    assert watch.see(15, alarm("x")) == [("boss", "raised", "x"), ("caretaker", "again", "x"), ("night", "raised", "x")]


def test_acknowledging_ends_the_escalation_and_those_who_were_told_hear_of_it():
    watch = Watch(roster=ROSTER)
    watch.see(0, alarm("x"))
    watch.acknowledge(5, "x")
    assert watch.see(6, alarm("x")) == [("caretaker", "taken", "x")]
    assert watch.see(60, alarm("x")) == []
    assert watch.see(61) == [("caretaker", "over", "x")]
    assert watch.calls.by_alarm == {}


def test_who_comes_on_duty_is_told_of_what_still_waits():
    watch = Watch(roster=ROSTER, steps=(Step(severity="A"),))
    assert watch.see(0, alarm("x")) == [("caretaker", "raised", "x")]
    assert watch.see(239, alarm("x")) == []
    assert watch.see(240, alarm("x")) == [("night", "raised", "x")]


def test_class_b_waits_for_working_hours_and_class_c_is_told_to_nobody():
    watch = Watch(start=datetime(2026, 1, 16, 22, tzinfo=OSLO).astimezone(UTC))
    assert watch.see(0, alarm("b", "B"), alarm("c", "C")) == []
    assert watch.see(9 * 60, alarm("b", "B"), alarm("c", "C")) == [], "a Saturday"
    told = watch.see(57 * 60, alarm("b", "B"), alarm("c", "C"))
    assert told == [(name, "raised", "b") for name in ("boss", "caretaker", "night")]


def test_an_alarm_that_is_over_before_anybody_was_told_is_told_to_nobody():
    watch = Watch(gather_s=60)
    assert watch.see(0, alarm("x")) == watch.see(0.5) == watch.see(30) == []


def test_one_that_comes_and_goes_is_told_once_and_its_end_when_it_stays_away():
    watch = Watch(steps=(Step(severity="A", to=("boss",)),))
    assert watch.see(0, alarm("x")) == [("boss", "raised", "x")]
    for minute in range(1, 20):
        assert watch.see(minute, *([alarm("x")] if minute % 2 else [])) == []
    watch.see(20)
    assert watch.see(24) == []
    assert watch.see(25) == [("boss", "over", "x")]
    assert watch.see(26, alarm("x")) == [("boss", "raised", "x")]


def test_in_a_flood_only_class_a_is_told_at_once():
    steps = (Step(severity="A", to=("boss",)), Step(severity="B", to=("boss",)))
    watch = Watch(steps=steps)
    many = [alarm(f"b{number}", "B") for number in range(12)]
    assert len(watch.see(0, *many)) == 12
    more = [*many, alarm("late", "B")]
    assert watch.see(1, *more) == []
    assert watch.see(2, *more, alarm("x")) == [("boss", "raised", "late"), ("boss", "raised", "x")]


def test_a_duty_can_go_round_and_pass_midnight_and_the_change_of_clocks():
    week = Shift(recipient="night", start=time(16), to=time(8), first_monday=date(2026, 3, 23), every_weeks=3)
    covered = [day for day in range(60) if week.covers(datetime(2026, 3, 16, 22, tzinfo=OSLO) + timedelta(day), OSLO)]
    assert covered == [*range(7, 14), *range(28, 35), *range(49, 56)]
    assert week.covers(datetime(2026, 3, 30, 7, 59, tzinfo=OSLO), OSLO), "began on Sunday"
    assert not week.covers(datetime(2026, 3, 30, 8, tzinfo=OSLO), OSLO)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"roster": [{"recipient": "nobody"}]}, "unknown recipients: nobody"),
        ({"recipients": [{"id": "a", "name": "A", "email": "a@example.org"}]}, r"need \[alerts.smtp\]"),
        ({"recipients": [{"id": "everybody", "name": "A"}]}, "means something of its own"),
        ({"recipients": [{"id": "a", "name": "A"}, {"id": "a", "name": "B"}]}, "unique"),
        ({"steps": [{"severity": "A", "to": ["boss"]}]}, "unknown recipients: boss"),
    ],
)
def test_names_that_do_not_exist_are_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        Alerts.model_validate(wrong)


def test_a_duty_that_goes_round_needs_a_monday():
    for wrong in ({"every_weeks": 2}, {"first_monday": date(2026, 3, 24)}):
        with pytest.raises(ValidationError, match="onday"):
            Shift(recipient="night", **wrong)
