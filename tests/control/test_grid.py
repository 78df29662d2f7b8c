"""The planner's steps."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.grid import Grid, grid_at

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


def test_from_a_full_hour_72_steps_reach_48_hours():
    grid = grid_at(START + timedelta(minutes=7))
    assert grid.start == START
    assert len(grid) == 72
    assert grid.end == START + timedelta(hours=48)
    assert grid.dt_h[[0, 23, 24, 35, 36, 71]] == pytest.approx([0.25, 0.25, 0.5, 0.5, 1.0, 1.0])
    assert grid.steps_until(6.0) == 24


@given(minutes=st.integers(0, 60 * 24 * 366))
def test_every_step_lies_within_one_clock_hour(minutes):
    now = START + timedelta(minutes=minutes)
    grid = grid_at(now)
    assert grid.start <= now < grid.start + timedelta(minutes=15)
    for step, hour in enumerate(grid.hour):
        begin = grid.hour_starts[hour]
        assert begin <= grid.at(step)
        assert grid.at(step + 1) <= begin + timedelta(hours=1)


def test_finer_data_is_averaged_and_hourly_data_repeated():
    grid = Grid(START + timedelta(minutes=30), (1, 1, 2, 4))
    assert grid.from_quarters(np.arange(8.0)) == pytest.approx([0.0, 1.0, 2.5, 5.5])
    assert grid.from_hours([5.0, 6.0, 7.0]) == pytest.approx([5.0, 5.0, 6.0, 6.0])
    with pytest.raises(ValueError, match="needs 8 quarters"):
        grid.from_quarters([1.0])


def test_a_window_covers_its_share_of_each_step():
    grid = Grid(START, (1, 1, 2, 4))
    covered = grid.covered_h(START + timedelta(minutes=20), START + timedelta(minutes=75))
    assert covered == pytest.approx([0.0, 1 / 6, 0.5, 0.25])


def test_a_grid_off_the_quarter_is_refused():
    with pytest.raises(ValueError, match="starts on a quarter"):
        Grid(START + timedelta(minutes=5), (1,))
    with pytest.raises(ValueError, match="one to four quarters"):
        Grid(START, (5,))
