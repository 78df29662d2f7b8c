"""Buckets against cases worked by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from bems.history.aggregate import aggregate, means
from bems.history.rows import Series
from bems.history.times import even_edges, to_ms

TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
NAN = float("nan")


def minutes(*numbers):
    return np.array([to_ms(TEN + timedelta(minutes=number)) for number in numbers], dtype=np.int64)


def series(*samples):
    """Samples as (minutes after ten, value); NaN is a sample without a value."""
    value = np.array([value for _, value in samples], dtype=np.float64)
    return Series("p", minutes(*(at for at, _ in samples)), value, np.isnan(value).astype(np.int8))


def buckets(of, edges, hold_min=15):
    return aggregate(of, minutes(*edges), hold_min * 60_000)


def test_values_weigh_by_the_time_they_held_and_a_sample_without_value_ends_the_hold():
    # 20 for 2 min, 22 for 2 min, gap 1 min | gap 2 min, 10 for 3 min
    found = buckets(series((0, 20.0), (2, 22.0), (4, NAN), (7, 10.0)), (0, 5, 10))
    assert found.mean.tolist() == [21.0, 10.0]
    assert found.min.tolist() == [20.0, 10.0]
    assert found.max.tolist() == [22.0, 10.0]
    assert found.last.tolist() == [22.0, 10.0]
    assert found.coverage.tolist() == [0.8, 0.6]


def test_unequal_holds_give_a_mean_that_is_no_average_of_samples():
    # 1 for 1 min, 5 for 4 min: (1 + 20) / 5
    assert buckets(series((0, 1.0), (1, 5.0)), (0, 5)).mean.tolist() == [4.2]


def test_a_value_from_before_the_first_edge_holds_into_the_first_bucket():
    # 4 for 1 min, 9 for 4 min: (4 + 36) / 5
    found = buckets(series((-2, 4.0), (1, 9.0)), (0, 5))
    assert found.mean.tolist() == [8.0]
    assert found.coverage.tolist() == [1.0]


def test_a_value_holds_no_longer_than_it_may_and_then_there_is_a_gap_not_a_zero():
    found = buckets(series((0, 5.0)), (0, 5, 10, 15), hold_min=7)
    assert found.coverage.tolist() == [1.0, 0.4, 0.0]
    assert found.mean[:2].tolist() == [5.0, 5.0]
    for column in (found.mean, found.min, found.max, found.last):
        assert np.isnan(column[2])


def test_one_value_over_many_buckets_fills_each_of_them():
    found = buckets(series((-1, 3.0), (14, 6.0)), (0, 4, 8, 12, 16), hold_min=60)
    assert found.mean.tolist() == [3.0, 3.0, 3.0, 4.5]
    assert found.coverage.tolist() == [1.0] * 4


def test_a_value_overtaken_in_the_same_millisecond_counts_for_nothing():
    found = buckets(series((0, 99.0), (0, 7.0)), (0, 5))
    assert (found.mean[0], found.max[0]) == (7.0, 7.0)


def test_samples_outside_the_edges_are_left_out():
    found = buckets(series((-30, 1.0), (5, 2.0), (7, 3.0)), (0, 5))
    assert found.coverage.tolist() == [0.0]
    assert np.isnan(found.mean[0])


def test_nothing_gives_buckets_without_values():
    found = buckets(series(), (0, 5, 10))
    assert np.isnan(found.mean).all()
    assert found.coverage.tolist() == [0.0, 0.0]


def test_the_mean_of_a_constant_is_that_constant():
    value = 123456.7891
    found = buckets(series(*((0.1 * i, value) for i in range(1000))), (0, 33, 66, 99))
    assert found.mean.tolist() == [value] * 3


def test_buckets_agree_with_a_sum_over_every_second():
    random = np.random.default_rng(4)
    at_s = np.sort(random.choice(7200, 300, replace=False))
    value = np.where(random.random(300) < 0.2, NAN, random.normal(20.0, 3.0, 300))
    start = to_ms(TEN)
    of = Series("p", (start + 1000 * at_s).astype(np.int64), value, np.isnan(value).astype(np.int8))
    edges_s = np.array([0, 600, 601, 2000, 5000, 7200])
    found = aggregate(of, start + 1000 * edges_s, 40_000)
    newest = np.searchsorted(at_s, np.arange(7200), side="right") - 1
    held = np.where(newest >= 0, value[newest], NAN)
    held[(np.arange(7200) - at_s[newest] >= 40) | (newest < 0)] = NAN
    for i, (begin, end) in enumerate(pairwise(edges_s)):
        seconds = held[begin:end][~np.isnan(held[begin:end])]
        assert found.coverage[i] == pytest.approx(len(seconds) / (end - begin))
        if len(seconds):
            assert found.mean[i] == pytest.approx(seconds.mean())
            assert (found.min[i], found.max[i], found.last[i]) == (seconds.min(), seconds.max(), seconds[-1])


@pytest.mark.parametrize("edges", [(0,), (0, 0), (5, 0)])
def test_edges_that_do_not_rise_are_refused(edges):
    with pytest.raises(ValueError, match="rising"):
        buckets(series((0, 1.0)), edges)


def test_a_hold_of_no_time_is_refused():
    with pytest.raises(ValueError, match="hold"):
        buckets(series((0, 1.0)), (0, 5), hold_min=0)


def test_even_edges_end_at_the_end_with_a_shorter_last_bucket():
    edges = even_edges(TEN, TEN + timedelta(minutes=12), timedelta(minutes=5))
    assert [(edge - TEN) / timedelta(minutes=1) for edge in edges] == [0, 5, 10, 12]
    whole = even_edges(TEN, TEN + timedelta(minutes=10), timedelta(minutes=5))
    assert [(edge - TEN) / timedelta(minutes=1) for edge in whole] == [0, 5, 10]


@pytest.mark.parametrize("step_min", [0, -5])
def test_even_edges_refuse_a_step_that_is_not_positive(step_min):
    with pytest.raises(ValueError, match="no buckets"):
        even_edges(TEN, TEN + timedelta(hours=1), timedelta(minutes=step_min))


def test_means_alone_are_those_of_the_buckets():
    draw = np.random.default_rng(2)
    for _ in range(60):
        at = np.sort(draw.choice(3000, 200)).astype(np.int64) * 20_000  # some at the same moment, some far apart
        value = np.round(draw.uniform(40, 80, 200), 1)
        value[draw.integers(0, 200, 30)] = NAN
        of = Series("p", at, value, np.isnan(value).astype(np.int8))
        edges = np.arange(-3_600_000, 66_000_000, int(draw.choice([60_000, 900_000, 7_000_000])), dtype=np.int64)
        expected = aggregate(of, edges, 900_000).mean
        assert means(of, edges, 900_000) == pytest.approx(expected, abs=1e-6, nan_ok=True)
    nothing = Series("p", at, np.full(200, NAN), np.ones(200, dtype=np.int8))
    assert np.isnan(means(nothing, edges, 900_000)).all()


def test_means_of_a_constant_are_that_constant_to_the_last_digit():
    """60 degC held is not below 60 degC, however much came before."""
    at = np.arange(200_000, dtype=np.int64) * 60_000
    value = np.where(np.arange(200_000) < 150_000, np.random.default_rng(1).uniform(20, 90, 200_000), 60.0)
    found = means(Series("p", at, value, np.zeros(200_000, dtype=np.int8)), at, 900_000)
    assert (found[150_000:] == 60.0).all()
    with pytest.raises(ValueError, match="rising"):
        means(series((0, 1.0)), minutes(0), 900_000)
