"""Borehole field against pygfunction and against direct superposition without any aggregation."""

import dataclasses
from itertools import accumulate

import numpy as np
import pytest

from models.physics.borehole import (
    HOUR_S,
    YEAR_H,
    GFunction,
    Response,
    Wells,
    aged,
    brine_degc,
    g_function,
    response,
    step,
    undisturbed,
)

WELLS = Wells()
MONTHS_KW = (44.0, 40.0, 33.0, 22.0, 6.0, -8.0, -10.0, -4.0, 5.0, 17.0, 31.0, 41.0)  # 158 MWh a year out


@pytest.fixture(scope="module")
def g() -> GFunction:
    return g_function(WELLS)


@pytest.fixture(scope="module")
def prepared(g) -> Response:
    return response(WELLS, g)


def winter_load_kw(hours: int) -> np.ndarray:
    """Heat pumps cycling between 0, 30 and 60 kW, with some heat put back in the summer half: seeded."""
    rng = np.random.default_rng(7)
    season = 30 + 25 * np.cos(2 * np.pi * np.arange(hours) / YEAR_H)
    return np.round(np.clip(season + rng.normal(0, 15, hours), -30, 62) / 10) * 10


def superposed_wall_degc(wells: Wells, g: GFunction, load_kw: np.ndarray) -> np.ndarray:
    """Wall at the end of each hour by direct temporal superposition of every hour's step (FFT), no aggregation."""
    hours = len(load_kw)
    per_kw = 1000 / (2 * np.pi * wells.conductivity_w_per_m_k * wells.total_m)
    kernel = np.diff(g.at(np.arange(hours + 1) * HOUR_S)) * per_kw
    size = 2 * hours
    drop = np.fft.irfft(np.fft.rfft(load_kw, size) * np.fft.rfft(kernel, size), size)[:hours]
    return wells.undisturbed_degc - drop


def test_g_function_between_its_points_is_pygfunctions_own_from_a_segmented_solution(g):
    """'similarities' solves all fourteen boreholes; 0.1 % of g, at times that are no support points of ours."""
    import pygfunction

    field = pygfunction.borefield.Borefield.rectangle_field(7, 2, 12.0, 12.0, 250.0, 5.0, 0.0575)
    times = np.geomspace(1.3, 45 * YEAR_H, 31) * HOUR_S
    own = pygfunction.gfunction.gFunction(field, 2.9 / 2.4e6, time=times, method="similarities").gFunc
    assert g.at(times) == pytest.approx(own, rel=0.001)


def test_wall_temperature_over_a_year_of_minutes_is_that_of_direct_superposition(g, prepared):
    """Within 0.05 K at every full hour of a year, with the rates that really crossed the wall."""
    load = winter_load_kw(8760)
    ground, walls, drawn = undisturbed(WELLS, prepared), [], []
    for extracted_kw in load:
        for _ in range(59):
            ground = step(WELLS, prepared, ground, extracted_kw, 60.0)
        before_kws, before_degc = ground.hour_kws, ground.fluid_degc
        ground = step(WELLS, prepared, ground, extracted_kw, 60.0)
        stored = WELLS.fluid_kwh_per_k * HOUR_S * (ground.fluid_degc - before_degc)
        drawn.append((before_kws + extracted_kw * 60 + stored) / HOUR_S)
        walls.append(ground.wall_degc)
    exact = superposed_wall_degc(WELLS, g, np.array(drawn))
    assert np.abs(np.array(walls) - exact).max() < 0.05
    assert exact.min() < 4.0  # the load does matter


def test_hourly_loads_give_what_pygfunctions_own_aggregation_gives(g, prepared):
    """pygfunction.load_aggregation.ClaessonJaved over 2 000 hours; 0.05 K. Brine volume ~ 0: no delay in the well."""
    from pygfunction.load_aggregation import ClaessonJaved

    dry = dataclasses.replace(WELLS, fluid_m3=1e-6)
    load = winter_load_kw(2000)
    reference = ClaessonJaved(HOUR_S, 2000 * HOUR_S)
    reference.initialize(g.at(reference.get_times_for_simulation()) / (2 * np.pi * WELLS.conductivity_w_per_m_k))
    ground = undisturbed(dry, prepared)
    for hour, extracted_kw in enumerate(load):
        ground = step(dry, prepared, ground, extracted_kw, HOUR_S)
        reference.next_time_step((hour + 1) * HOUR_S)
        reference.set_current_load(extracted_kw * 1000 / WELLS.total_m)
        own = WELLS.undisturbed_degc - float(np.ravel(reference.temporal_superposition())[0])
        assert ground.wall_degc == pytest.approx(own, abs=0.05)


def test_years_before_the_start_weigh_as_if_they_had_been_run(g, prepared):
    """Six years of monthly means, hour by hour superposed, against `aged`; 0.05 K."""
    hourly = np.tile(np.repeat(MONTHS_KW, 730), 6)
    exact = superposed_wall_degc(WELLS, g, hourly)[-1]
    assert aged(WELLS, prepared, MONTHS_KW, 6).wall_degc == pytest.approx(exact, abs=0.05)


def test_twenty_five_years_of_the_default_load_keep_the_mean_fluid_above_its_limit(prepared):
    """Plan: mean fluid above -1 degC over 25 years, here the mean of the coldest month, 44 kW."""
    january = aged(WELLS, prepared, MONTHS_KW[1:] + MONTHS_KW[:1], 25)
    assert -1.0 < january.wall_degc - 44.0 * WELLS.resistance_k_per_kw < 1.0


def test_heat_taken_from_the_brine_comes_from_the_wall_or_from_the_brine_itself(prepared):
    """Energy balance of 200 h of irregular steps, closed to 1e-9 of the heat moved."""
    rng = np.random.default_rng(3)
    start = undisturbed(WELLS, prepared)
    ground, taken_kwh = start, 0.0
    steps = [*rng.uniform(5.0, 60.0, 20_000)]
    for dt_s in steps:
        extracted_kw = float(rng.choice([-20.0, 0.0, 31.0, 62.0]))
        ground = step(WELLS, prepared, ground, extracted_kw, dt_s)
        taken_kwh += extracted_kw * dt_s / HOUR_S
    from_wall_kwh = float(ground.cells_kw @ prepared.widths_h) + ground.hour_kws / HOUR_S
    from_brine_kwh = (start.fluid_degc - ground.fluid_degc) * WELLS.fluid_kwh_per_k
    assert from_wall_kwh + from_brine_kwh == pytest.approx(taken_kwh, rel=1e-9)
    assert sum(steps) / HOUR_S > 150


def test_a_constant_load_settles_at_the_borehole_resistance_below_the_wall(prepared):
    """After 20 h the brine trails the wall by its lag only: 3 % of Q R_b."""
    ground = undisturbed(WELLS, prepared)
    for _ in range(20 * 60):
        ground = step(WELLS, prepared, ground, 60.0, 60.0)
    assert ground.wall_degc - ground.fluid_degc == pytest.approx(60.0 * 0.08 / 3500 * 1000, rel=0.03)


def test_the_wall_moves_without_a_jump_at_the_full_hour(prepared):
    """A load that starts on the half hour: no minute moves the wall by more than 0.05 K."""
    loads = [0.0] * 30 + [60.0] * 200
    grounds = accumulate(
        loads,
        lambda ground, kw: step(WELLS, prepared, ground, kw, 60.0),
        initial=undisturbed(WELLS, prepared),
    )
    assert np.abs(np.diff([ground.wall_degc for ground in grounds])).max() < 0.05


def test_brine_spreads_about_its_mean_by_rate_and_flow():
    """62 kW at 16 m3/h of 4.1 MJ/m3K: 62 * 3.6 / (16 * 4.1) = 3.40 K."""
    from_wells, to_wells = brine_degc(WELLS, 2.0, 62.0, 16.0)
    assert from_wells - to_wells == pytest.approx(3.402, abs=0.001)
    assert (from_wells + to_wells) / 2 == pytest.approx(2.0)
    assert brine_degc(WELLS, 2.0, 0.0, 0.0) == (2.0, 2.0)


def test_a_time_beyond_the_g_function_is_refused(g):
    with pytest.raises(ValueError, match="g-function reaches"):
        g.at(np.array([1.0, 100 * YEAR_H * HOUR_S]))
