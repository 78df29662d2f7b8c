"""Collector against the formula of EN ISO 9806 and against its own energy balance."""

import math

import numpy as np
import pytest

from models.physics.collector import (
    Collector,
    absorbed_w_per_m2,
    incidence_modifier,
    stagnation_degc,
    step,
    useful_w_per_m2,
)

FLAT = Collector()
AREA_M2 = 60.0
FLOW_KW_PER_K = 1.9 / 3600 * 1030 * 3.7  # 1 900 l/h of 40 % propylene glycol: 2.01 kW/K


def settle(absorbed, air_degc, inlet_degc, flow_kw_per_k, start_degc=20.0, hours=12):
    warmed = None
    mean = start_degc
    for _ in range(hours * 60):
        warmed = step(FLAT, AREA_M2, mean, absorbed, air_degc, inlet_degc, flow_kw_per_k, 60.0)
        mean = warmed.mean_degc
    return warmed


@pytest.mark.parametrize(
    ("irradiance", "air_degc", "inlet_degc"), [(1000, 20, 40), (800, -5, 50), (400, 10, 25), (250, 5, 40)]
)
def test_steady_state_is_the_iso_9806_formula(irradiance, air_degc, inlet_degc):
    """eta = eta0 - a1 x/G - a2 x^2/G at normal incidence, x = T_m - T_a; 0.01 % of the useful heat."""
    run = settle(0.79 * irradiance, air_degc, inlet_degc, FLOW_KW_PER_K)
    x = run.mean_degc - air_degc
    eta = 0.79 - 3.6 * x / irradiance - 0.014 * x**2 / irradiance
    assert run.useful_kw == pytest.approx(eta * irradiance * AREA_M2 / 1000, rel=1e-4)
    assert (run.outlet_degc + inlet_degc) / 2 == pytest.approx(run.mean_degc, abs=1e-6)
    assert useful_w_per_m2(FLAT, 0.79 * irradiance, run.mean_degc, air_degc) == pytest.approx(eta * irradiance)


def test_without_flow_the_field_stagnates_where_losses_eat_the_sun():
    """1 000 W/m2 at 30 degC: x = (-3.6 + sqrt(3.6^2 + 4 * 0.014 * 790)) / (2 * 0.014) = 141.5 K, so 171.5 degC."""
    run = settle(790.0, 30.0, 30.0, 0.0)
    assert run.mean_degc == pytest.approx(171.5, abs=0.1)
    assert stagnation_degc(FLAT, 790.0, 30.0) == pytest.approx(run.mean_degc, abs=0.01)
    assert run.useful_kw == 0.0
    assert run.outlet_degc == run.mean_degc


def test_the_first_minutes_follow_the_heat_capacity():
    """From air temperature, without flow: dT/dt = absorbed / a5 = 790 / 8 000 K/s, 5.93 K a minute; 3 % by losses."""
    run = step(FLAT, AREA_M2, 10.0, 790.0, 10.0, 10.0, 0.0, 60.0)
    assert run.mean_degc - 10.0 == pytest.approx(790 / 8000 * 60, rel=0.03)


def test_absorbed_heat_is_stored_lost_or_useful():
    """Energy balance of a day of irregular sun, flow and steps, closed to 1e-9."""
    rng = np.random.default_rng(5)
    mean, absorbed_kj, useful_kj, lost_kj = 5.0, 0.0, 0.0, 0.0
    for _ in range(1440):
        absorbed, flow = float(rng.uniform(0, 800)), float(rng.choice([0.0, FLOW_KW_PER_K]))
        dt_s = float(rng.uniform(1, 60))
        run = step(FLAT, AREA_M2, mean, absorbed, float(rng.uniform(-10, 25)), float(rng.uniform(20, 60)), flow, dt_s)
        mean = run.mean_degc
        absorbed_kj += absorbed * AREA_M2 / 1000 * dt_s
        useful_kj += run.useful_kw * dt_s
        lost_kj += run.lost_kw * dt_s
    stored_kj = (mean - 5.0) * AREA_M2 * FLAT.a5_kj_per_m2_k
    assert useful_kj + lost_kj + stored_kj == pytest.approx(absorbed_kj, rel=1e-9)


def test_incidence_modifier_is_one_ahead_as_certified_at_fifty_degrees_and_nothing_in_the_plane():
    cosines = np.cos(np.radians([0.0, 50.0, 89.9, 90.0]))
    cosines[-1] = 0.0
    assert incidence_modifier(cosines, 0.92) == pytest.approx([1.0, 0.92, 0.0, 0.0])


def test_absorbed_heat_weighs_beam_and_diffuse():
    """eta0 (K_b(60) 500 + 0.90 * 200); b0 = 0.08 / (1/cos 50 - 1) = 0.1439, K_b(60) = 0.8561."""
    absorbed = absorbed_w_per_m2(FLAT, np.array([500.0]), np.array([200.0]), np.array([math.cos(math.radians(60))]))
    assert absorbed == pytest.approx([0.79 * (0.8561 * 500 + 180)], rel=1e-4)
