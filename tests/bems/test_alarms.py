"""What is an alarm: flags of devices, wires that are lost, devices that fall silent."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.alarming.alarms import device_conditions, lost_connection
from bems.state import fold as fold_samples
from bems.state import unread
from models.signals import Quality, Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.example.toml")
NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)
FIRE = "ahu.fire_alarm"


def at(minutes):
    return NOON + timedelta(minutes=minutes)


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
