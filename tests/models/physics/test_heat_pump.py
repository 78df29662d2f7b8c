"""Heat pump against its certified points.

Figures: EHPA Heat Pump Keymark, as collected in FZJ-IEK3-VSA/hplib (MIT), input/csv. W35 and W55 at B0: EN 14511.
Part load: EN 14825 conditions A-C, cold and average climate, at the outlet temperature of the condition, without the
points in which the fixed-speed machine cycles (they are tested warmer than the condition says); for the inverter, a
choice of its points at equal speed.
"""

from itertools import pairwise

import numpy as np
import pytest

from models.physics.heat_pump import (
    Certified,
    Envelope,
    HeatPump,
    Outside,
    capacity_kw,
    fit_heat_pump,
    inverse_cop,
    inverse_cop_slope_per_k,
    operate,
    outside_envelope,
    power_kw,
)

TOLERANCE = 0.03  # of capacity and of COP


def points(*rows):
    """(supply degC, stage, heat kW, COP) at 0 degC brine."""
    return [Certified(0.0, supply, stage, heat, heat / cop) for supply, stage, heat, cop in rows]


F1345_40 = points(
    (35, 2, 39.94, 4.49),
    (55, 2, 37.80, 3.18),
    (30, 2, 40.40, 4.86),
    (30, 2, 40.30, 4.78),
    (34, 2, 40.10, 4.62),
    (44, 2, 39.00, 3.70),
    (52, 2, 38.20, 3.33),
    (27, 1, 20.30, 5.16),
    (37, 1, 19.80, 4.19),
)
F1345_60 = points(
    (35, 2, 59.22, 4.32),
    (55, 2, 54.20, 3.02),
    (30, 2, 60.30, 4.62),
    (30, 2, 60.10, 4.59),
    (34, 2, 59.50, 4.42),
    (44, 2, 56.20, 3.53),
    (52, 2, 54.80, 3.17),
    (27, 1, 30.60, 4.90),
    (37, 1, 29.10, 4.01),
)
MEGA_L = points(  # inverter: least, rated and full speed
    (27, 1, 20.64, 5.74),
    (36, 1, 19.16, 4.84),
    (35, 2, 34.97, 4.51),
    (55, 2, 31.56, 2.86),
    (30, 2, 35.77, 5.14),
    (44, 2, 33.80, 3.85),
    (35, 3, 59.64, 3.93),
    (55, 3, 55.34, 2.77),
)
MACHINES = {"F1345-40": F1345_40, "F1345-60": F1345_60, "Mega L": MEGA_L}


@pytest.fixture(scope="module")
def nibe() -> HeatPump:
    return fit_heat_pump(F1345_40)


@pytest.mark.parametrize("name", MACHINES)
def test_capacity_and_cop_lie_within_three_percent_of_every_certified_point(name):
    machine = fit_heat_pump(MACHINES[name])
    for point in MACHINES[name]:
        heat = capacity_kw(machine, point.source_degc, point.supply_degc, point.compressors)
        power = power_kw(machine, point.source_degc, point.supply_degc, point.compressors)
        assert heat == pytest.approx(point.heat_kw, rel=TOLERANCE), point
        assert heat / power == pytest.approx(point.heat_kw / point.power_kw, rel=TOLERANCE), point


@pytest.mark.parametrize(("table", "heat_kw"), [(F1345_40, 39.1), (F1345_60, 56.6)])
def test_the_one_full_load_point_left_out_of_the_fit_is_still_close(table, heat_kw):
    """Average climate, medium temperature, B (outlet 42): 3.79 and 3.62, at the low flow of the W55 rating; 5 %."""
    cop = {39.1: 3.79, 56.6: 3.62}[heat_kw]
    run = operate(fit_heat_pump(table), 0.0, 42.0, 2)
    assert run.heat_kw == pytest.approx(heat_kw, rel=TOLERANCE)
    assert run.heat_kw / run.power_kw == pytest.approx(cop, rel=0.05)


def test_the_rated_points_typed_from_the_certificate_are_met(nibe):
    """NIBE F1345-40, EN 14511: B0/W35 39.94 kW with 8.90 kW, B0/W55 37.80 kW with 11.90 kW."""
    assert operate(nibe, 0.0, 35.0, 2)[:2] == pytest.approx((39.94, 8.90), rel=TOLERANCE)
    assert operate(nibe, 0.0, 55.0, 2)[:2] == pytest.approx((37.80, 11.90), rel=TOLERANCE)


@pytest.mark.parametrize(
    ("supply_degc", "cops"),
    [
        (35.0, {-5: 3.68, -2: 4.03, 0: 4.23, 2: 4.41, 5: 4.65, 10: 5.04}),
        (45.0, {-2: 3.30, 0: 3.47, 2: 3.61, 5: 3.77, 10: 4.11}),
        (55.0, {-5: 2.53, -2: 2.69, 0: 2.74, 2: 2.85, 5: 3.00, 10: 3.21}),
    ],
)
def test_cop_follows_the_brine_as_the_generic_matrix_does(nibe, supply_degc, cops):
    """Ratio to the value at 0 degC brine within 4 % (heatpump_sheet.xlsx, av-energiplanlegging-eksempel)."""
    at_zero = inverse_cop(nibe, 0.0, supply_degc, 2)
    for brine_degc, cop in cops.items():
        ratio = at_zero / inverse_cop(nibe, float(brine_degc), supply_degc, 2)
        assert ratio == pytest.approx(cop / cops[0], rel=0.04), brine_degc


def test_what_the_source_gives_is_heat_less_power(nibe):
    run = operate(nibe, 1.0, 40.0, 1)
    assert run.extracted_kw == pytest.approx(run.heat_kw - run.power_kw, abs=1e-12)
    assert operate(nibe, 1.0, 40.0, 0) == (0.0, 0.0, 0.0)


def test_over_the_whole_range_more_compressors_give_more_and_warmer_water_costs_more(nibe):
    for brine_degc in np.linspace(-6, 20, 14):
        for compressors in (1, 2):
            costs = [inverse_cop(nibe, brine_degc, supply, compressors) for supply in np.arange(22.0, 66.0)]
            assert all(colder < warmer for colder, warmer in pairwise(costs))
            assert 1.8 < 1 / costs[-1] < 1 / costs[0] < 9.0
        assert capacity_kw(nibe, brine_degc, 45.0, 2) > 1.8 * capacity_kw(nibe, brine_degc, 45.0, 1)


def test_slope_of_inverse_cop_is_its_derivative(nibe):
    numeric = (inverse_cop(nibe, 2.0, 45.01, 2) - inverse_cop(nibe, 2.0, 44.99, 2)) / 0.02
    assert inverse_cop_slope_per_k(nibe, 2.0, 45.0, 2) == pytest.approx(numeric, rel=1e-6)
    assert 0.003 < numeric < 0.006  # 1.5-2.5 % of the electricity per kelvin


def test_arrays_give_what_single_numbers_give(nibe):
    brine, supply = np.array([-2.0, 0.0, 5.0]), np.array([30.0, 40.0, 60.0])
    singles = [power_kw(nibe, float(b), float(s), 1.5) for b, s in zip(brine, supply, strict=True)]
    assert power_kw(nibe, brine, supply, 1.5) == pytest.approx(singles)


def test_half_way_between_two_stages_lies_half_way_in_heat_and_power(nibe):
    for quantity in (capacity_kw, power_kw):
        middle = (quantity(nibe, 0.0, 45.0, 1) + quantity(nibe, 0.0, 45.0, 2)) / 2
        assert quantity(nibe, 0.0, 45.0, 1.5) == pytest.approx(middle)


AIR = [
    Certified(source, supply, 1, heat, power)
    for source, supply, heat, power in (
        (7, 35, 20.0, 4.5),
        (2, 35, 16.5, 4.4),
        (-7, 35, 14.0, 4.8),
        (7, 55, 18.5, 6.3),
        (-7, 55, 13.0, 6.4),
    )
]
"""Of a made-up machine, in round figures as sheets of air-source machines have them."""


def test_points_at_several_sources_teach_how_heat_and_cop_follow_the_air():
    air = fit_heat_pump(AIR, "air")
    for point in AIR:
        heat, power, _ = operate(air, point.source_degc, point.supply_degc, 1)
        assert heat == pytest.approx(point.heat_kw, rel=0.06), point
        assert heat / power == pytest.approx(point.heat_kw / point.power_kw, rel=0.04), point


def test_in_severe_frost_an_air_source_machine_still_gives_half_and_its_share_of_carnot():
    air = fit_heat_pump(AIR, "air")
    heat, power, _ = operate(air, -15.0, 35.0, 1)
    assert heat == pytest.approx(20.0 * 0.53, rel=0.1)
    carnot = {source: 308.15 / (35.0 - source) for source in (-15.0, 7.0)}
    assert heat / power == pytest.approx(20.0 / 4.5 * carnot[-15.0] / carnot[7.0], rel=0.08)


def test_an_air_source_machine_known_at_one_temperature_follows_the_generic_law():
    air = fit_heat_pump([Certified(7, 35, 1, 20.0, 4.5), Certified(7, 55, 1, 19.0, 6.5)], "air")
    assert operate(air, 7.0, 35.0, 1)[:2] == pytest.approx((20.0, 4.5))
    assert capacity_kw(air, -7.0, 35.0, 1) == pytest.approx(20.0 * (1 - 0.022 * 14))
    assert inverse_cop(air, -7.0, 35.0, 1) == pytest.approx(4.5 / 20.0 * (1 + 14 / 28))


def test_no_source_is_so_cold_or_warm_that_heat_or_power_turns_negative():
    air = fit_heat_pump(AIR, "air")
    sources = np.linspace(-60.0, 45.0, 22)
    heat, power = capacity_kw(air, sources, 35.0, 1), power_kw(air, sources, 35.0, 1)
    assert (heat > 1.0).all()
    assert (power > 0).all()
    assert (np.diff(power / heat) < 0).all()  # the warmer the source, the cheaper


@pytest.mark.parametrize(
    ("state", "limit"),
    [
        ((66.0, 50.0, 2.0, -1.0), Outside.SUPPLY_HIGH),
        ((64.0, 58.5, 2.0, -1.0), Outside.RETURN_HIGH),
        ((50.0, 43.0, -7.0, -7.9), Outside.BRINE_IN_LOW),
        ((50.0, 43.0, 26.0, 22.0), Outside.BRINE_IN_HIGH),
        ((50.0, 43.0, -5.5, -8.5), Outside.BRINE_OUT_LOW),
        ((65.0, 58.0, 0.0, -3.0), None),
    ],
)
def test_the_envelope_names_the_limit_that_stops_the_machine(state, limit):
    assert outside_envelope(Envelope(), *state) is limit


def test_points_with_a_gap_in_the_stages_or_without_gain_are_refused():
    with pytest.raises(ValueError, match=r"without a gap, got \[2\]"):
        fit_heat_pump([Certified(0, 35, 2, 40.0, 9.0)])
    with pytest.raises(ValueError, match="power_kw < heat_kw"):
        fit_heat_pump([Certified(0, 35, 1, 9.0, 9.0)])


def test_a_level_beyond_the_last_stage_is_refused(nibe):
    with pytest.raises(ValueError, match=r"0\.\.2, got 3"):
        capacity_kw(nibe, 0.0, 35.0, 3)
    with pytest.raises(ValueError, match=r"1\.\.2, got 0"):
        inverse_cop(nibe, 0.0, 35.0, 0)
