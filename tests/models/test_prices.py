from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from models.prices import PriceSeries, join_prices

START = datetime(2026, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(*values, start=START):
    return PriceSeries(start, 3600, np.array(values, dtype=float))


def test_a_price_holds_from_its_start_until_just_before_its_end():
    prices = hourly(1.0, -0.2)
    assert prices.at(START) == 1.0
    assert prices.at(START + timedelta(minutes=59, seconds=59)) == 1.0
    assert prices.at(START + HOUR) == -0.2
    assert prices.end == START + 2 * HOUR


def test_a_price_outside_the_series_or_in_a_gap_is_unknown():
    prices = hourly(1.0, np.nan)
    assert prices.at(START - timedelta(seconds=1)) is None
    assert prices.at(START + HOUR) is None
    assert prices.at(START + 2 * HOUR) is None


def test_coverage_needs_every_slot():
    prices = hourly(1.0, 2.0, np.nan)
    assert prices.covers(START, START + 2 * HOUR)
    assert prices.covers(START + timedelta(minutes=30), START + timedelta(minutes=90))
    assert not prices.covers(START, START + 3 * HOUR)
    assert not prices.covers(START - HOUR, START + HOUR)


def test_hours_repeat_on_a_finer_grid_and_average_on_a_coarser_one():
    assert hourly(1.0, 2.0).on_grid(START + timedelta(minutes=45), START + timedelta(minutes=75), 900).tolist() == [
        1,
        2,
    ]
    quarters = PriceSeries(START, 900, np.array([1.0, 2.0, 3.0, 6.0, 5.0, 5.0, 5.0, np.nan]))
    assert quarters.resampled(3600).at(START) == 3.0
    assert quarters.resampled(3600).at(START + HOUR) is None


def test_a_coarser_grid_starts_on_its_own_boundary():
    quarters = PriceSeries(START + timedelta(minutes=30), 900, np.array([3.0, 6.0, 1.0, 1.0, 1.0, 1.0]))
    hours = quarters.resampled(3600)
    assert hours.start == START
    assert hours.at(START) is None
    assert hours.at(START + HOUR) == 1.0


def test_a_slice_keeps_the_grid():
    part = hourly(1.0, 2.0, 3.0).slice(START + timedelta(minutes=90), START + timedelta(hours=5))
    assert part.start == START + HOUR
    np.testing.assert_array_equal(part.values, [2.0, 3.0, np.nan, np.nan])


def test_joined_pieces_take_the_finest_step_and_keep_gaps():
    later = PriceSeries(START + 2 * HOUR, 900, np.array([5.0, 6.0, 7.0, 8.0]))
    joined = join_prices([hourly(1.0), later])
    assert joined.step_s == 900
    np.testing.assert_array_equal(joined.values, [1.0] * 4 + [np.nan] * 4 + [5.0, 6.0, 7.0, 8.0])


def test_a_later_piece_wins_where_it_knows_better():
    joined = join_prices([hourly(1.0, 2.0), hourly(np.nan, 3.0)])
    assert joined.values.tolist() == [1.0, 3.0]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: PriceSeries(START.replace(tzinfo=None), 3600, np.ones(2)), "must be UTC"),
        (lambda: PriceSeries(START, 700, np.ones(2)), "divide the hour"),
        (lambda: PriceSeries(START + timedelta(minutes=5), 3600, np.ones(2)), "on its grid"),
        (lambda: PriceSeries(START, 3600, np.ones(0)), "at least one slot"),
        (lambda: join_prices([]), "no price pieces"),
        (lambda: hourly(1.0).on_grid(START, START + HOUR, 2400), "cannot be put on a grid"),
    ],
)
def test_what_makes_no_series_is_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
