import numpy as np
import pytest

from models.physics.ventilation import (
    coil_w,
    diluted,
    fan_kw,
    modulated_recovery,
    moisture_g_per_kg,
    recovery_at_flow,
    saturation_g_per_kg,
)


def test_recovery_is_the_design_at_design_flow_and_better_below():
    assert recovery_at_flow(0.82, 1.0) == pytest.approx(0.82)
    assert 0.82 < recovery_at_flow(0.82, 0.5) < 0.90
    assert recovery_at_flow(0.82, 0.0) == 0.0


@pytest.mark.parametrize(
    ("intake", "wanted", "expected"),
    [(-20.0, 19.0, 0.82), (10.0, 19.0, 9 / 12), (20.0, 18.0, 0.0), (28.0, 18.0, 0.82)],
)
def test_recovery_is_modulated_to_what_is_wanted(intake, wanted, expected):
    # The last one recovers cold: outdoor air warmer than the rooms.
    assert modulated_recovery(0.82, intake, 22.0, wanted) == pytest.approx(expected)


def test_fans_follow_their_specific_power_at_design():
    assert fan_kw(1.5, 7200.0, 1.0) == pytest.approx(3.0)
    assert fan_kw(1.5, 7200.0, 0.5) < 3.0 / 4


def test_a_coil_gives_its_rating_at_its_rated_difference():
    assert coil_w(30_000.0, 22.0, 1.0, 40.0, 18.0) == pytest.approx(30_000.0)
    assert coil_w(30_000.0, 22.0, 0.0, 40.0, 18.0) == 0.0
    assert coil_w(20_000.0, 12.0, 1.0, 12.0, 24.0) == pytest.approx(-20_000.0)


def test_co2_settles_at_source_over_flow():
    level = np.array([425.0])
    for _ in range(400):
        level = diluted(level, 425.0, np.array([16_000.0]), np.array([40.0]), np.array([65.0]), 0.1)
    assert level[0] == pytest.approx(425.0 + 16_000 / 40)


def test_one_long_step_of_dilution_equals_many_short_ones():
    short = np.array([900.0])
    for _ in range(10):
        short = diluted(short, 425.0, np.array([20_000.0]), np.array([50.0]), np.array([70.0]), 0.05)
    long = diluted(np.array([900.0]), 425.0, np.array([20_000.0]), np.array([50.0]), np.array([70.0]), 0.5)
    assert short[0] == pytest.approx(long[0])


def test_moist_air_agrees_with_the_tables():
    # 20 degC saturated: 14.7 g/kg (1013 hPa)
    assert saturation_g_per_kg(np.array([20.0]))[0] == pytest.approx(14.7, abs=0.1)
    assert moisture_g_per_kg(20.0, 50.0) == pytest.approx(7.3, abs=0.1)
