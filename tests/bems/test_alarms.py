"""Alarms rise and clear once, keep the time they were raised at, and outlive a device that falls silent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bems.alarms import Alarm, Condition, device_conditions, fold, lost_connection
from bems.state import fold as fold_samples
from bems.state import unread
from models.signals import Quality, Reason, Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.example.toml")
NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
FIRE = "ahu.fire_alarm"


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def condition(name):
    return Condition(name, "B", Reason("alarm.test"))


def test_a_condition_raises_its_alarm_once():
    alarms, changes = fold({}, [condition("a")], NOON)
    assert alarms == {"a": Alarm(condition("a"), NOON)}
    assert [(c.raised, c.condition.id, c.at) for c in changes] == [(True, "a", NOON)]
    assert fold(alarms, [condition("a")], at(5)) == (alarms, [])


def test_an_alarm_clears_once_when_its_condition_is_gone():
    alarms, _ = fold({}, [condition("a")], NOON)
    none, changes = fold(alarms, [], at(5))
    assert none == {}
    assert [(c.raised, c.condition.id, c.at) for c in changes] == [(False, "a", at(5))]
    assert fold(none, [], at(6)) == ({}, [])


def test_a_lost_wire_is_one_alarm_however_many_points_it_has():
    lost = lost_connection("mb_plant", 31)
    assert (lost.id, lost.severity, lost.text.facts) == ("connection.mb_plant", "B", {"name": "mb_plant", "points": 31})


def test_a_devices_own_alarm_flag_is_an_alarm_and_no_other_flag_is():
    ones = [Sample(point, NOON, 1.0) for point in SITE.points]
    found = device_conditions(SITE, fold_samples(unread(SITE.points), ones))
    assert {c.point for c in found} == {point.id for point in SITE.points.values() if point.spec.alarm}
    fire = next(c for c in found if c.point == FIRE)
    assert fire.text.facts == {"name": "ahu", "signal": "fire_alarm", "tag": SITE.points[FIRE].tag}
    zeros = [Sample(point, NOON, 0.0) for point in SITE.points]
    assert device_conditions(SITE, fold_samples(unread(SITE.points), zeros)) == []


def test_a_device_that_falls_silent_takes_none_of_its_alarms_back():
    raised = fold_samples(unread(SITE.points), [Sample(FIRE, NOON, 1.0)])
    silent = fold_samples(raised, [Sample(FIRE, at(1), None, Quality.OFFLINE)])
    assert [c.point for c in device_conditions(SITE, silent)] == [FIRE]
    cleared = fold_samples(silent, [Sample(FIRE, at(2), 0.0)])
    assert device_conditions(SITE, cleared) == []


def silent_since(minutes, device):
    """The picture when all is read every minute, but one device has not answered for so long."""
    others = [p.id for p in SITE.points.values() if p.device.id != device]
    mine = [p.id for p in SITE.points.values() if p.device.id == device]
    picture = fold_samples(unread(SITE.points), [Sample(point, NOON, 0.0) for point in SITE.points])
    picture = fold_samples(picture, [Sample(point, at(minutes), 0.0) for point in others])
    return fold_samples(picture, [Sample(point, at(minutes), None, Quality.OFFLINE) for point in mine])


def test_a_device_silent_for_long_while_its_neighbours_answer_is_an_alarm_of_its_own():
    (lost,) = device_conditions(SITE, silent_since(6, "hp_io"))
    assert (lost.id, lost.text.code) == ("device.hp_io", "alarm.device_lost")
    assert lost.text.facts == {"name": "hp_io", "points": 5}


def test_a_device_that_misses_an_answer_is_no_alarm():
    assert device_conditions(SITE, silent_since(4, "hp_io")) == []


def test_a_device_that_never_answered_is_an_alarm_once_its_neighbours_do():
    first = [Sample(p.id, NOON, 0.0) for p in SITE.points.values() if p.device.id != "hp_io"]
    absent = [Sample(p.id, NOON, None, Quality.OFFLINE) for p in SITE.points.values() if p.device.id == "hp_io"]
    picture = fold_samples(unread(SITE.points), absent)
    assert device_conditions(SITE, picture) == []
    assert [c.id for c in device_conditions(SITE, fold_samples(picture, first))] == ["device.hp_io"]


@pytest.mark.parametrize("wire", ["mb_plant", "bac_house"])
def test_the_devices_of_a_dead_wire_are_not_alarmed_one_by_one(wire):
    picture = fold_samples(unread(SITE.points), [Sample(point, NOON, 0.0) for point in SITE.points])
    silent = [p.id for p in SITE.points.values() if p.device.connection == wire]
    picture = fold_samples(picture, [Sample(point, at(60), None, Quality.OFFLINE) for point in silent])
    assert device_conditions(SITE, picture) == []


@given(st.lists(st.sets(st.sampled_from("abc")), max_size=12))
def test_what_was_raised_and_not_cleared_is_what_stands(moments):
    alarms: dict[str, Alarm] = {}
    standing: dict[str, datetime] = {}
    for minute, names in enumerate(moments):
        alarms, changes = fold(alarms, [condition(name) for name in sorted(names)], at(minute))
        for change in changes:
            if change.raised:
                assert change.condition.id not in standing
                standing[change.condition.id] = change.at
            else:
                del standing[change.condition.id]
        assert {key: alarm.raised_at for key, alarm in alarms.items()} == standing
        assert set(alarms) == names
