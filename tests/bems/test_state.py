"""The picture of the plant is a fold of samples, and knows what is too old in it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bems.state import YOUNG_S, aged, fold, max_age_s, observed, unread
from models.signals import Quality, Reading, Sample

NOON = datetime(2026, 1, 12, 11, 0, tzinfo=UTC)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def test_before_anything_is_read_nothing_has_a_value():
    assert unread(["a"]) == {"a": Reading(None, Quality.UNREAD, None)}


def test_a_good_sample_is_the_reading():
    picture = fold(unread(["a", "b"]), [Sample("a", NOON, 21.5)])
    assert picture["a"] == Reading(21.5, Quality.GOOD, NOON, 21.5)
    assert picture["b"].quality is Quality.UNREAD


@pytest.mark.parametrize("quality", [Quality.OFFLINE, Quality.BAD])
def test_a_loss_takes_the_value_and_keeps_the_last_one_and_its_time_for_people(quality):
    picture = fold(unread(["a"]), [Sample("a", NOON, 21.5)])
    assert fold(picture, [Sample("a", at(5), None, quality)])["a"] == Reading(None, quality, NOON, 21.5)


def test_of_samples_that_come_together_the_latest_counts_whatever_their_order():
    samples = [Sample("a", at(2), 2.0), Sample("a", at(1), 1.0), Sample("a", NOON, None, Quality.BAD)]
    assert fold(unread(["a"]), samples)["a"].value == 2.0


def test_a_plant_that_is_read_as_a_whole_gives_the_picture_its_samples_would_give():
    before = fold(unread(["a", "b", "c"]), [Sample("a", NOON, 21.5), Sample("b", NOON, 1.0)])
    values = {"a": 22.0, "b": None, "nowhere": 1.0}
    samples = [Sample("a", at(60), 22.0), Sample("b", at(60), None, Quality.BAD)]
    assert observed(before, values, at(60)) == fold(before, samples)


def test_a_clock_that_is_set_back_does_not_freeze_the_picture():
    picture = fold(unread(["a"]), [Sample("a", at(3600), 20.0)])
    assert fold(picture, [Sample("a", NOON, 21.0)])["a"] == Reading(21.0, Quality.GOOD, NOON, 21.0)


@pytest.mark.parametrize("quality", [Quality.GOOD, Quality.OFFLINE])
def test_a_sample_of_an_unknown_point_is_refused(quality):
    with pytest.raises(KeyError, match="nowhere"):
        fold(unread(["a"]), [Sample("nowhere", NOON, None, quality)])


def test_the_picture_before_is_left_as_it_was():
    before = unread(["a"])
    fold(before, [Sample("a", NOON, 1.0)])
    assert before == unread(["a"])


@pytest.mark.parametrize(
    ("age_s", "quality"),
    [(0, Quality.GOOD), (120, Quality.GOOD), (121, Quality.STALE), (-120, Quality.GOOD), (-121, Quality.STALE)],
)
def test_a_reading_too_old_or_from_the_future_has_no_value(age_s, quality):
    picture = fold(unread(["a"]), [Sample("a", at(-age_s), 21.5)])
    reading = aged(picture, NOON, {"a": 120.0})["a"]
    assert reading.quality is quality
    assert (reading.value is not None) == (quality is Quality.GOOD)
    assert reading.last_value == 21.5


def test_a_point_that_is_offline_stays_so_however_old_it_is():
    picture = fold(unread(["a"]), [Sample("a", at(-900), 21.5), Sample("a", at(-800), None, Quality.OFFLINE)])
    assert aged(picture, NOON, {"a": 120.0})["a"].quality is Quality.OFFLINE


@pytest.mark.parametrize(
    ("period_s", "speed", "allowed_s"), [(1, 1, YOUNG_S), (60, 1, 180), (1, 60, 180), (10, 60, 1800)]
)
def test_a_value_may_miss_two_polls_and_is_young_for_two_minutes_at_least(period_s, speed, allowed_s):
    assert max_age_s(period_s, speed) == allowed_s


SAMPLES = st.builds(
    lambda point, seconds, value, quality: Sample(
        point, at(seconds), value if quality is Quality.GOOD else None, quality
    ),
    st.sampled_from(["a", "b"]),
    st.integers(0, 600),
    st.floats(-50, 100),
    st.sampled_from([Quality.GOOD, Quality.BAD, Quality.OFFLINE]),
)


@given(st.lists(st.lists(SAMPLES, max_size=8), max_size=8), st.integers(0, 900))
def test_a_value_is_there_exactly_when_it_is_good(batches, now_s):
    picture = unread(["a", "b"])
    for batch in batches:
        picture = fold(picture, batch)
    for reading in aged(picture, at(now_s), {"a": 60.0, "b": 300.0}).values():
        assert (reading.value is not None) == (reading.quality is Quality.GOOD)
        assert (reading.at is None) == (reading.last_value is None)
