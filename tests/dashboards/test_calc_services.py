from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from dashboards.reports.calc_climate import RoomClimate, group_climate
from dashboards.reports.calc_hygiene import Cycle, Outcome, certificate, minutes
from dashboards.reports.calc_known import Why

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def test_minutes_at_temperatures_that_matter():
    """By hand: below 60: 59.9 54.9 30 24.9; below 55: 54.9 30 24.9; 25 to 50: 30 50 25. A gap breaks the longest."""
    found = minutes("loop_a", np.array([60.0, 59.9, 54.9, 30.0, 24.9, np.nan, 50.0, 25.0, 65.0]))
    assert found.below_60_min.value == 6
    assert found.below_55_min.value == 5
    assert found.growth_min.value == 3
    assert found.lowest_degc.value == 24.9
    assert found.longest_below_55_min.value == 3
    assert found.below_60_min.coverage == pytest.approx(8 / 9)


def test_a_place_without_readings_is_not_said_to_be_warm():
    assert minutes("loop_b", np.full(10, np.nan)).below_60_min.why is Why.NO_DATA


def cycle(day, hours=1.0):
    start = START + day * DAY
    return Cycle(start, start + timedelta(hours=hours), 60.0, hours * 60, 61.2)


def certified(cycles, days=21, temps=None, last_before=START - DAY):
    temps = np.full(1000, 66.0) if temps is None else temps
    return certificate(START, START + days * DAY, cycles, {"top": temps}, last_before=last_before, interval_days=7.0)


def outcomes(found):
    return [one.outcome.value for one in found.deadlines]


def test_cycles_in_time_miss_nothing():
    found = certified([cycle(5), cycle(11), cycle(17)])
    assert outcomes(found) == ["kept", "kept", "kept", "running"]
    assert found.longest_interval_days.value == pytest.approx(6.0)


def test_each_deadline_is_told_with_its_proof():
    """By hand: due on day 6, proven on day 5; the next a week after that proof ended, day 12 at 1 h, proven day 14."""
    first, second, last = certified([cycle(5), cycle(14)]).deadlines
    assert (first.due, first.proof, first.late) == (START + 6 * DAY, cycle(5), timedelta())
    hour = timedelta(hours=1)
    assert (second.counted_from, second.due) == (START + 5 * DAY + hour, START + 12 * DAY + hour)
    assert (second.outcome, second.proof, second.late) == (Outcome.LATE, cycle(14), 2 * DAY - hour)
    assert (last.due, last.outcome, last.proof, last.late) == (START + 21 * DAY + hour, Outcome.RUNNING, None, None)


def test_a_long_time_without_a_cycle_is_as_many_deadlines_as_it_has_weeks():
    """Once it was one interval, however long; an inspector counts what was due."""
    found = certified([cycle(5)], days=35)
    assert outcomes(found) == ["kept", *["missed"] * 4, "running"]  # days 12, 19, 26, 33
    assert (found.passed, found.count(Outcome.KEPT)) == (5, 1)
    late = certified([cycle(5), cycle(21)], days=23)
    assert outcomes(late) == ["kept", "missed", "late", "running"]  # due 12 and 19, proven on day 21
    assert late.deadlines[2].late == 2 * DAY - timedelta(hours=1)


def test_a_deadline_is_met_by_a_hold_that_begins_on_it_and_not_a_minute_later():
    on_it = certified([Cycle(START + 6 * DAY, START + 7 * DAY, 60.0, 1440.0, 61.0)], days=8)
    assert outcomes(on_it) == ["kept", "running"]
    begun = START + 6 * DAY + timedelta(minutes=1)
    assert outcomes(certified([Cycle(begun, begun + DAY, 60.0, 1440.0, 61.0)], days=8)) == ["late", "running"]


def test_deadlines_before_the_period_are_of_an_earlier_report():
    assert outcomes(certified([cycle(1)], days=5, last_before=START - 20 * DAY)) == ["kept", "running"]
    assert outcomes(certified([], days=5, last_before=START - 9 * DAY)) == ["running"]
    unknown = certified([], days=8, last_before=None)
    assert outcomes(unknown) == ["missed", "running"]
    assert unknown.deadlines[0].due == START + 7 * DAY


def test_a_hold_over_the_start_of_the_period_counts_from_its_end():
    begun = Cycle(START - timedelta(hours=2), START + timedelta(hours=1), 60.0, 180.0, 60.5)
    assert certified([begun, cycle(6), cycle(12)], days=15).count(Outcome.KEPT) == 3


def test_gaps_leave_open_whether_a_cycle_was_missed():
    gappy = np.full(1000, 66.0)
    gappy[:200] = np.nan  # until day 2.8
    assert outcomes(certified([cycle(9)], days=14, temps=gappy)) == ["unsure", "running"]
    assert outcomes(certified([cycle(5), cycle(11)], days=14, temps=gappy)) == ["kept", "kept", "running"]
    later = certified([cycle(5)], days=14, temps=gappy)  # day 12: nothing is missing of the week before it
    assert outcomes(later) == ["kept", "missed", "running"]


def room(*temps, co2=None):
    return RoomClimate(np.array(temps), 21.0, 24.0, None if co2 is None else np.array(co2))


def test_minutes_outside_the_band_by_group_of_rooms():
    """By hand: cold 20.5 and 20 (1.5 K minutes), hot 25 twice, one of them while it is 26 degC outdoors."""
    rooms = [room(20.5, 22.0, 25.0), room(20.0, 22.0, 25.0), room(22.0, np.nan, 23.0)]
    outdoor = np.array([-5.0, 10.0, 23.0])
    found = group_climate("unit_a", rooms, outdoor, step_min=1.0)
    assert (found.cold_min.value, found.hot_min.value, found.hot_outdoors_min.value) == (2, 2, 0)
    assert found.cold_kh.value == pytest.approx(1.5 / 60)
    assert found.within_pct.value == pytest.approx(50.0)
    assert found.worst_cold_min.value == 1
    assert found.cold_min.coverage == pytest.approx(8 / 9)
    warm = group_climate("unit_a", rooms, np.array([-5.0, 10.0, 26.0]))
    assert (warm.hot_min.value, warm.hot_outdoors_min.value) == (0, 2)


def test_co2_is_counted_where_it_is_measured():
    rooms = [room(22.0, 22.0, co2=[900.0, 1001.0]), room(22.0, 22.0)]
    found = group_climate("unit_b", rooms, np.zeros(2), step_min=15.0)
    assert found.co2_over_min.value == 15
    assert group_climate("unit_b", rooms[1:], np.zeros(2)).co2_over_min.why is Why.NOT_MEASURED


def test_a_small_group_does_not_tell_on_one_person():
    found = group_climate("two", [room(20.0), room(22.0)], np.zeros(1))
    assert (found.cold_min.value, found.worst_cold_min.value) == (1, None)


def test_no_rooms_or_no_readings_is_not_known():
    assert group_climate("none", [], np.zeros(3)).cold_min.why is Why.NOT_MEASURED
    assert group_climate("mute", [room(np.nan)], np.zeros(1)).within_pct.why is Why.NO_DATA
