"""Irradiance on planes: closure on the horizontal, the right side at the right hour, nothing at night."""

from datetime import UTC, datetime

import numpy as np
import pytest

from models.physics.irradiance import Plane, facade_planes, plane_irradiance
from models.weather import WeatherSeries

BIRI = (60.95, 10.61, 170.0)
STEP_S = 600.0


def clear_day(month: int, day: int, dni: float = 700.0, dhi: float = 80.0) -> WeatherSeries:
    """A day of constant beam and diffuse: what the sun's path makes of it is all there is to see."""
    column = np.ones(24)
    return WeatherSeries(
        start=datetime(2025, month, day, tzinfo=UTC),
        step_s=3600.0,
        temp_degc=10 * column,
        ghi_w_m2=0 * column,
        dni_w_m2=dni * column,
        dhi_w_m2=dhi * column,
        wind_m_s=column,
        humidity_pct=70 * column,
        snowfall_cm_per_h=0 * column,
    )


@pytest.fixture(scope="module")
def june():
    planes = {"flat": Plane(0, 180), "steep": Plane(60, 180), **facade_planes()}
    return plane_irradiance(clear_day(6, 21), BIRI, planes)


def test_the_horizontal_plane_gets_diffuse_and_beam_by_the_suns_height(june):
    """Noon on 21 June at 60.95 N: height 90 - 60.95 + 23.44 = 52.49 deg; 0.5 % (refraction, equation of time)."""
    assert june["flat"].cos_incidence.max() == pytest.approx(np.sin(np.radians(52.49)), rel=0.005)
    assert june["flat"].total_w_m2.max() == pytest.approx(80 + 700 * np.sin(np.radians(52.49)), rel=0.005)


def test_each_facade_has_its_sun_at_its_own_hour(june):
    """Solar noon at 10.61 E is 11:20 UTC; east peaks in the morning, west in the evening, mirrored about it."""
    hours = {name: float(june[name].beam_w_m2.argmax()) * STEP_S / 3600 for name in ("east", "south", "west")}
    assert hours["south"] == pytest.approx(11.33, abs=0.2)
    assert hours["east"] + hours["west"] == pytest.approx(2 * 11.33, abs=0.4)
    assert hours["east"] < 8


def test_no_beam_comes_from_behind_or_from_below_the_horizon(june):
    north = june["north"]
    assert north.beam_w_m2[int(11.33 * 6)] == 0.0
    night = june["flat"].cos_incidence == 0
    for series in june.values():
        assert series.beam_w_m2[night].max() == 0.0
        assert series.diffuse_w_m2.min() >= 0.0


def test_a_vertical_plane_sees_half_the_sky_and_half_the_ground():
    """Without beam Hay-Davies is isotropic: 0.5 DHI + 0.5 albedo DHI."""
    overcast = plane_irradiance(clear_day(3, 20, dni=0.0, dhi=100.0), BIRI, facade_planes(), albedo=0.2)
    assert overcast["west"].total_w_m2 == pytest.approx(np.full(144, 60.0))


def test_low_winter_sun_favours_the_facade_over_the_roof():
    winter = plane_irradiance(clear_day(12, 21), BIRI, {"flat": Plane(0, 180), **facade_planes()})
    assert winter["south"].total_w_m2.sum() > 2 * winter["flat"].total_w_m2.sum()


def test_any_step_covers_one_period_of_the_weather(june):
    hourly = plane_irradiance(clear_day(6, 21), BIRI, {"flat": Plane(0, 180)}, step_s=3600.0)["flat"]
    assert len(hourly.beam_w_m2) == 24
    assert hourly.total_w_m2 == pytest.approx(june["flat"].total_w_m2[::6])
