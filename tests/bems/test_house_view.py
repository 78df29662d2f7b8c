"""Comfort since midnight and the log, as pages of the house read them from a real record."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Event, EventKind
from bems.house import GROUPS, SiteHouse, comfort_since_midnight
from models.closures import Closed
from models.signals import Quality, Sample
from models.site import load_site

MIDNIGHT = datetime(2026, 1, 14, 23, tzinfo=UTC)
SUMMER_MIDNIGHT = datetime(2026, 7, 14, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.db"


@pytest.fixture
def record(path):
    with Record.open(path) as record:
        yield record


def of(view, space):
    return next(one for one in view.spaces if one.space == space)


def measure(record, point, start, degrees, minutes=5):
    """One reading every minute: each of `degrees` for so many minutes."""
    samples = [
        Sample(point, start + MINUTE * (i * minutes + minute), degc, Quality.GOOD if degc is not None else Quality.BAD)
        for i, degc in enumerate(degrees)
        for minute in range(minutes)
    ]
    record.append_tick(samples)


def test_minutes_outside_the_band_are_counted_where_the_temperature_is_known(record, path):
    measure(record, "a1.temp_degc", MIDNIGHT, [22.0, 20.5, 20.9, 24.5, None, 22.0])
    view = comfort_since_midnight(SITE, History(path), MIDNIGHT + 30 * MINUTE)
    room = of(view, "a1")
    assert (view.since, view.until) == (MIDNIGHT, MIDNIGHT + 30 * MINUTE)
    assert (room.resident, room.low_degc, room.high_degc) == (True, 21.0, 24.0)
    assert (room.below_min, room.above_min) == (10.0, 5.0)
    assert room.known_min == pytest.approx(25.0)
    assert of(view, "a2").known_min == 0.0


def test_a_room_with_a_wish_of_its_own_is_held_to_that(record, path):
    measure(record, "a3.temp_degc", MIDNIGHT, [21.5])
    room = of(comfort_since_midnight(SITE, History(path), MIDNIGHT + 5 * MINUTE), "a3")
    assert (room.low_degc, room.below_min) == (22.0, 5.0)


def test_summers_may_be_warmer(record, path):
    measure(record, "a1.temp_degc", SUMMER_MIDNIGHT, [25.0, 26.5])
    room = of(comfort_since_midnight(SITE, History(path), SUMMER_MIDNIGHT + 10 * MINUTE), "a1")
    assert (room.high_degc, room.above_min) == (26.0, 5.0)


def test_a_zone_set_back_at_night_is_not_cold_then(record, path):
    measure(record, "cafe.temp_degc", MIDNIGHT, [18.5, 17.5])
    zone = of(comfort_since_midnight(SITE, History(path), MIDNIGHT + 10 * MINUTE), "cafe")
    assert (zone.resident, zone.low_degc, zone.below_min) == (False, 18.0, 5.0)


def test_rooms_that_nobody_is_in_are_not_counted(record, path):
    view = comfort_since_midnight(SITE, History(path), MIDNIGHT + MINUTE)
    assert "technical" not in {one.space for one in view.spaces}
    assert len(view.spaces) == 43


async def test_many_pages_read_the_record_once(record, path):
    now, wall = [MIDNIGHT + 30 * MINUTE], [100.0]
    house = SiteHouse(lambda: SITE, path, lambda: now[0], lambda: wall[0])
    first = await house.comfort()
    now[0] += MINUTE
    assert await house.comfort() is first
    wall[0] += 11.0
    assert (await house.comfort()).until == now[0]


async def test_the_log_gives_the_newest_of_its_groups_first(record, path):
    kinds = [EventKind.START, EventKind.AUDIT, EventKind.PLAN, EventKind.ALARM_UP, EventKind.HOLD, EventKind.AUDIT]
    record.append_tick([], (), [Event(MIDNIGHT + n * MINUTE, kind, f"s{n}", "x") for n, kind in enumerate(kinds)])
    house = SiteHouse(lambda: SITE, path, lambda: MIDNIGHT)
    period = MIDNIGHT, MIDNIGHT + 60 * MINUTE
    whole = await house.log(*period, list(GROUPS), 10)
    assert [entry.subject for entry in whole] == ["s5", "s3", "s1", "s0"]
    assert [entry.group for entry in whole] == ["people", "alarms", "people", "system"]
    assert [entry.subject for entry in await house.log(*period, ["people"], 1)] == ["s5"]
    assert await house.log(MIDNIGHT, MIDNIGHT, list(GROUPS), 10) == []


def test_every_kind_of_event_is_in_one_group_or_left_to_the_record():
    shown = [kind for kinds in GROUPS.values() for kind in kinds]
    assert len(shown) == len(set(shown))
    told_by_the_audit = {EventKind.METER_EXCHANGE}
    assert set(EventKind) - set(shown) == {EventKind.PLAN, EventKind.HOLD} | told_by_the_audit


def test_a_zone_that_a_holiday_closes_is_not_cold_for_being_set_back(record, path):
    ten = MIDNIGHT + timedelta(hours=10)
    measure(record, "cafe.temp_degc", ten - 5 * MINUTE, [18.5])
    history = History(path)
    assert of(comfort_since_midnight(SITE, history, ten), "cafe").below_min == 5.0
    closed = Closed(start=datetime.fromisoformat("2026-01-15"), until=datetime.fromisoformat("2026-01-16"))
    holiday = SITE.model_copy(update={"closed": (closed,)})
    assert of(comfort_since_midnight(holiday, history, ten), "cafe").below_min == 0.0


def test_function_descriptions_are_written_anew_when_people_change_a_set_point(path):
    site = [SITE]
    house = SiteHouse(lambda: site[0], path, lambda: MIDNIGHT)
    before = house.functions()
    site[0] = SITE.model_copy()
    assert house.functions() is before
    cafe = next(zone for zone in SITE.zones if zone.id == "cafe")
    others = tuple(zone for zone in SITE.zones if zone is not cafe)
    site[0] = SITE.model_copy(update={"zones": (cafe.model_copy(update={"setpoint_degc": 20.25}), *others)})
    rooms = next(one for one in house.functions() if one.system == "563")
    assert any("20.25 °C" in sentence.en for sentence in rooms.sequence)
