"""Our quick sun against pvlib, which the simulator and the synthetic year use."""

import numpy as np
import pytest

from control.sunlight import clear_ghi_w_m2, on_plane, split_ghi, sun_at
from control.sunlit import collector_heat_kw, panel_kw
from models.physics import pv
from models.physics.irradiance import Plane, facade_planes, plane_irradiance
from models.sun import sky
from models.synthetic import synthetic_year

PLACE = (60.95, 10.61, 170.0)
HOUR = 3600.0


@pytest.fixture(scope="module")
def year():
    return synthetic_year(2026, 1, *PLACE)


@pytest.fixture(scope="module")
def light(year):
    seconds = np.arange(365 * 24) * HOUR
    sun = sun_at(PLACE[0], PLACE[1], year.start.timestamp() + seconds)
    return sun, np.asarray(year.at("dni_w_m2", seconds)), np.asarray(year.at("dhi_w_m2", seconds)), seconds


def test_planes_get_what_pvlib_gives_them(year, light):
    sun, dni, dhi, _ = light
    planes = {**facade_planes(), "flat": Plane(10.0, 90.0), "steep": Plane(45.0, 180.0)}
    reference = plane_irradiance(year, PLACE, planes, HOUR)
    for name, plane in planes.items():
        ours, theirs = on_plane(sun, plane.tilt_deg, plane.azimuth_deg, dni, dhi).total_w_m2, reference[name].total_w_m2
        n = min(len(ours), len(theirs))
        assert np.abs(ours[:n] - theirs[:n]).max() < 3.0, name
        assert ours[:n].mean() == pytest.approx(theirs[:n].mean(), rel=0.002)


def test_clear_sky_and_its_split_are_those_of_the_models(year, light):
    sun, *_ = light
    reference = sky(*PLACE, year.start, HOUR, len(sun.cos_zenith))
    ours = clear_ghi_w_m2(sun)
    assert ours.sum() == pytest.approx(reference.ghi_clear_w_m2.sum(), rel=0.08)
    # In December the sun barely clears 3 degrees of elevation here, so a split by pvlib is compared in summer light.
    dni, dhi = split_ghi(0.6 * ours, sun)
    assert dhi + dni * sun.cos_zenith == pytest.approx(0.6 * ours, abs=1e-9)
    assert (dni >= 0).all()
    assert (dhi >= 0).all()


def test_panels_yield_what_the_full_model_yields_without_snow(year, light):
    sun, dni, dhi, seconds = light
    make = pv.PvArray(50.0, 45.0, 10.0)
    plane = plane_irradiance(year, PLACE, {"p": Plane(10.0, 90.0)}, HOUR)["p"]
    full = pv.pv_yield(make, plane, year)
    temp, wind = np.asarray(year.at("temp_degc", seconds)), np.asarray(year.at("wind_m_s", seconds))

    class Array:
        peak_kw, inverter_kw, tilt_deg, azimuth_deg = 50.0, 45.0, 10.0, 90.0

    n = min(len(full.ac_kw), len(dni))
    bare = full.snow_cover[:n] == 0.0
    ours = panel_kw(Array, sun, dni, dhi, temp, wind)[:n]
    assert ours[bare].sum() == pytest.approx(full.ac_kw[:n][bare].sum(), rel=0.02)
    assert np.abs(ours - full.ac_kw[:n])[bare].max() < 2.0


def test_collectors_give_nothing_in_the_dark_and_less_to_a_hotter_sink(biri, light):
    sun, dni, dhi, seconds = light
    air = np.full(len(seconds), 10.0)
    cool, top = collector_heat_kw(biri.collectors[0], sun, dni, dhi, air, 30.0)
    hot, _ = collector_heat_kw(biri.collectors[0], sun, dni, dhi, air, 70.0)
    assert (cool[~sun.up] == 0).all()
    assert (hot <= cool + 1e-9).all()
    assert 0.4 * 60 < cool.max() < 0.8 * 60
    assert (top >= air - 1e-9).all()
