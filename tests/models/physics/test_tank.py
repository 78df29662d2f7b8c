from math import exp

import pytest
from scipy.stats import gamma

from models.physics.tank import WATER_J_PER_KG_K, Stream, mix_inversions, step_tank, stored_j

QUIET = {"heating_w": [0.0] * 8, "loss_w_per_k": 0.0, "ambient_degc": 20.0, "conduction_w_per_k": 0.0}


def test_a_lonely_tank_cools_along_the_exponential():
    temps, layer_kg, loss = [70.0] * 8, 125.0, 5.0
    for _ in range(60 * 24):
        temps, _ = step_tank(temps, layer_kg, [], [0.0] * 8, loss, 20.0, 0.0, 60.0)
    tau_s = 8 * layer_kg * WATER_J_PER_KG_K / loss
    assert temps == pytest.approx([20 + 50 * exp(-86_400 / tau_s)] * 8, abs=1e-3)


@pytest.mark.parametrize("step_s", [5.0, 60.0])
def test_hot_water_fills_it_as_a_chain_of_mixed_layers(step_s):
    # Hot in at the top, cold out at the bottom: layer n follows the gamma distribution of n layers in series.
    layer_kg, flow, temps = 100.0, 0.5, [20.0] * 8
    for _ in range(round(900 / step_s)):
        entering_w = flow * WATER_J_PER_KG_K * (60.0 - temps[-1])
        temps, _ = step_tank(temps, layer_kg, [Stream(7, 0, flow, entering_w)], **QUIET, dt_s=step_s)
    turnovers = 900 * flow / layer_kg
    expected = [20 + 40 * gamma.cdf(turnovers, n + 1) for n in range(8)]
    assert temps == pytest.approx(expected, abs=0.1 * step_s)  # the explicit front is steeper, the coarser the more


def test_a_front_stays_a_front_at_courant_one():
    temps = [20.0] * 8
    for _ in range(3):
        entering_w = 1.0 * WATER_J_PER_KG_K * (60.0 - temps[-1])
        temps, _ = step_tank(temps, 60.0, [Stream(7, 0, 1.0, entering_w)], **QUIET, dt_s=60.0)
    assert temps == pytest.approx([60.0] * 3 + [20.0] * 5)


def test_energy_is_kept_whatever_flows():
    temps = [65.0, 60.0, 55.0, 40.0, 35.0, 30.0, 28.0, 25.0]
    streams = [Stream(7, 0, 1.4, 40_000.0), Stream(0, 7, 3.1, -90_000.0), Stream(5, 0, 2.0, 20_000.0)]
    heating = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6_000.0]
    after, loss_j = step_tank(temps, 80.0, streams, heating, 5.0, 20.0, 6.0, 60.0)
    gained_j = (40_000 - 90_000 + 20_000 + 6_000) * 60 - loss_j
    assert stored_j(after, 80.0) - stored_j(temps, 80.0) == pytest.approx(gained_j, rel=1e-9)
    assert after == sorted(after, reverse=True)


def test_equal_streams_up_and_down_leave_the_middle_alone():
    temps = [50.0, 45.0, 40.0, 35.0]
    streams = [Stream(3, 0, 1.0, 50_000.0), Stream(0, 3, 1.0, -50_000.0)]
    after, _ = step_tank(temps, 250.0, streams, [0.0] * 4, 0.0, 20.0, 0.0, 10.0)
    assert after[1:3] == temps[1:3]


def test_heat_from_below_rises_and_mixes():
    after, _ = step_tank([40.0, 30.0, 30.0, 30.0], 50.0, [], [0.0, 0.0, 0.0, 30_000.0], 0.0, 20.0, 0.0, 60.0)
    warmed = 30.0 + 30_000 * 60 / (3 * 50.0 * WATER_J_PER_KG_K)
    assert after == pytest.approx([40.0, warmed, warmed, warmed])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([3.0, 2.0, 1.0], [3.0, 2.0, 1.0]),
        ([1.0, 2.0, 3.0], [2.0, 2.0, 2.0]),
        ([5.0, 1.0, 2.0, 9.0], [5.0, 4.0, 4.0, 4.0]),
    ],
)
def test_inversions_are_mixed(before, after):
    assert mix_inversions(before) == pytest.approx(after)
