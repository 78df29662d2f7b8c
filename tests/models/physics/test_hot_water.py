import numpy as np
import pytest

from models.physics.hot_water import (
    MINUTES,
    cold_water_degc,
    draws_l_per_min,
    effectiveness,
    exchanged_w,
    hot_share,
    loop_return_degc,
)


def test_many_days_of_draws_have_the_stated_mean_and_morning_peak():
    days = np.array([draws_l_per_min(1900.0, np.random.default_rng([1, n])) for n in range(200)])
    assert days.shape == (200, MINUTES)
    assert days.sum(axis=1).mean() == pytest.approx(1900.0, rel=0.03)
    hourly = days.reshape(200, 24, 60).sum(axis=(0, 2))
    assert hourly[7:10].min() > 4 * hourly[0:5].max()
    assert 15 < np.quantile(days.max(axis=1), 0.5) < 80  # several showers at once, no burst pipe


def test_the_same_seed_gives_the_same_day():
    one, other = (draws_l_per_min(500.0, np.random.default_rng([4, 2])) for _ in range(2))
    assert (one == other).all()


@pytest.mark.parametrize(
    ("ua", "small", "large", "expected"),
    [(1000.0, 1000.0, 1000.0, 0.5), (2000.0, 1000.0, 1e9, 1 - np.exp(-2)), (0.0, 1.0, 1.0, 0.0)],
)
def test_effectiveness_agrees_with_the_closed_forms(ua, small, large, expected):
    assert effectiveness(ua, small, large) == pytest.approx(expected, rel=1e-3)


def test_an_endless_exchanger_brings_the_cold_to_the_hot():
    assert exchanged_w(1e9, 60.0, 500.0, 10.0, 400.0) == pytest.approx(400.0 * 50.0)
    assert exchanged_w(1e9, 10.0, 500.0, 60.0, 400.0) < 0


@pytest.mark.parametrize(("hot", "share"), [(70.0, 0.5), (38.0, 1.0), (30.0, 1.0)])
def test_a_mixer_takes_what_it_needs(hot, share):
    assert hot_share(38.0, hot, 6.0) == pytest.approx(share)


def test_a_loop_loses_its_stated_heat():
    back = loop_return_degc(66.0, 22.0, 36.0, 450.0)
    assert 450.0 * (66.0 - back) == pytest.approx(1500.0, rel=0.04)
    assert loop_return_degc(66.0, 22.0, 36.0, 0.0) == 22.0


def test_mains_water_never_invites_growth():
    year = [cold_water_degc(day) for day in range(365)]
    assert 3.5 < min(year) < 5
    assert 9 < max(year) < 12
