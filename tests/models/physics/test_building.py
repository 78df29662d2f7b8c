from math import exp

import numpy as np
import pytest

from models.physics.building import network, steady, stepper


def test_one_node_cools_along_the_exponential():
    house = network(np.array([3.6e8]), np.array([2000.0]), [])
    step, temps = stepper(house, 60.0), np.array([21.0])
    for _ in range(600):
        temps = step.advance(temps, np.zeros(1), -10.0)
    assert temps[0] == pytest.approx(-10 + 31 * exp(-36_000 * 2000 / 3.6e8), abs=0.02)


def test_it_settles_where_the_steady_balance_lies():
    house = network(np.array([1e5, 1e6, 1e6]), np.array([50.0, 5.0, 20.0]), [(0, 1, 100.0), (0, 2, 80.0)])
    heat = np.array([500.0, 1500.0, 0.0])
    step, temps = stepper(house, 60.0), np.full(3, 10.0)
    for _ in range(10_000):
        temps = step.advance(temps, heat, -5.0)
    assert temps == pytest.approx(steady(house, heat, -5.0), abs=1e-3)
    assert float(np.array([50.0, 5.0, 20.0]) @ (temps + 5.0)) == pytest.approx(2000.0, rel=1e-4)


def test_energy_balance_of_a_step_closes():
    rng = np.random.default_rng(3)
    capacity, outside = rng.uniform(1e5, 1e7, 120), rng.uniform(0, 50, 120)
    links = [(n, (7 * n + 1) % 120, 30.0) for n in range(120) if n != (7 * n + 1) % 120]
    house = network(capacity, outside, links)
    before, heat = rng.uniform(15, 25, 120), rng.uniform(-100, 900, 120)
    after = stepper(house, 60.0).advance(before, heat, -12.0)
    stored_w = float(capacity @ (after - before)) / 60.0
    assert stored_w == pytest.approx(float(heat.sum() - outside @ (after + 12.0)), abs=1e-6)


@pytest.mark.parametrize(("dt_s", "capacity"), [(0.0, 1e5), (60.0, 0.0)])
def test_an_impossible_step_is_refused(dt_s, capacity):
    with pytest.raises(ValueError, match="positive capacities"):
        stepper(network(np.array([capacity]), np.array([1.0]), []), dt_s)
