"""Grid, solar cells, peak charges, cars and batteries: cases worked out by hand."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from control.assets.battery import Battery
from control.assets.chargers import Session, grouped
from control.assets.electricity import Connection
from control.assets.peak import HighestHour, MeanOfThreeDays, MonthPeak, PerKw, Steps
from control.dispatch import Options, plan
from control.grid import Grid
from control.plan import Plan
from control.problem import TariffState
from control.tariff_state import local_days
from tests.control.plans import HOURS, START, after, small

LINEAR = Options(whole_h=0.0)
WHOLE = Options(whole_h=6.0, gap=1e-6, gap_nok_per_kw=0.0)


def solved(case, options=LINEAR) -> Plan:
    found = plan(case, options)
    assert isinstance(found, Plan)
    return found


def car(energy_kwh, leaves_h, connected_h=0.0, name="car"):
    return Session((name,), after(connected_h), after(leaves_h), energy_kwh, 11.0)


def with_peak(case, *months):
    return replace(case, tariff=TariffState(months))


def january(basis, charge):
    return MonthPeak(2026, 1, basis, charge)


def test_a_car_is_charged_in_the_cheapest_hours_before_it_leaves():
    found = solved(small(buy_nok_per_kwh=[3.0, 1.0, 2.0, 1.0], sessions=(car(20.0, 3.0),)))
    assert found.trajectories["car.power_kw"] == pytest.approx([0.0, 11.0, 9.0, 0.0])
    assert found.parts_nok["energy"] == pytest.approx(10 * 7 + 11 * 1 + 9 * 2)
    assert found.first.charger_kw == {"car": 0.0}


def test_a_car_that_cannot_be_ready_gets_all_there_is_and_is_named():
    found = solved(small(sessions=(car(50.0, 3.0),)))
    assert found.trajectories["car.power_kw"] == pytest.approx([11.0, 11.0, 11.0, 0.0])
    assert [(v.row, pytest.approx(v.most)) for v in found.violations] == [("cars car 15 13:00", 17.0)]


def test_a_car_that_comes_within_a_step_has_only_the_rest_of_it():
    found = solved(small(sessions=(car(11.0, 2.0, connected_h=0.5),)))
    assert found.trajectories["car.power_kw"] == pytest.approx([5.5, 5.5, 0.0, 0.0], abs=5.6)
    assert found.trajectories["car.power_kw"][0] <= 5.5 + 1e-6
    assert found.first.charger_kw == {}


def test_a_session_that_outlasts_the_plan_needs_its_share_within_it():
    found = solved(small(sessions=(car(16.0, 8.0),)))
    assert found.trajectories["car.power_kw"].sum() == pytest.approx(8.0)


def test_sessions_alike_are_planned_as_one_and_shared_out_evenly():
    two = (car(6.0, 3.0, name="one"), car(6.0, 3.0, name="two"), car(9.0, 3.0, name="three"))
    assert sorted(len(s.chargers) for s in grouped(two)) == [1, 2]
    found = solved(small(sessions=two))
    assert found.trajectories["one.power_kw"] == pytest.approx(found.trajectories["two.power_kw"])
    assert found.trajectories["one.power_kw"].sum() == pytest.approx(6.0)


def test_a_peak_below_the_one_so_far_costs_nothing_more():
    case = with_peak(small(sessions=(car(15.0, 3.0),)), january(HighestHour(15.0), PerKw(92.0)))
    found = solved(case)
    assert found.trajectories["peak 2026-01.basis_kw"] == pytest.approx([15.0])
    assert found.parts_nok["peak"] == pytest.approx(92 * 15.0)


def test_a_kw_above_the_peak_so_far_is_paid_in_full_and_seen_in_the_internal_price():
    case = with_peak(small(sessions=(car(12.0, 2.0),)), january(HighestHour(15.0), PerKw(92.0)))
    found = solved(case)
    assert found.trajectories["grid.hour_kw"][:2] == pytest.approx([16.0, 16.0])
    assert found.parts_nok["peak"] == pytest.approx(92 * 16.0)
    assert sum(found.electricity_nok_per_kwh[:2] - 1.0) == pytest.approx(92.0, rel=1e-6)
    assert found.report.objective == pytest.approx(92.0 + 12.0 + found.parts_nok["terminal"])


def test_what_was_bought_before_in_the_running_hour_counts():
    grid = Grid(START + timedelta(minutes=30), (1, 1, 4, 4))
    case = small(grid, sessions=(Session(("car",), grid.start, after(2.0), 8.0, 11.0),))
    case = replace(case, state=replace(case.state, hour_kwh=9.0))
    found = solved(with_peak(case, january(HighestHour(14.0), PerKw(92.0))))
    # 9 + 5 of base load fill the first hour up to 14; the next takes 4, and what is left lifts both alike
    assert found.trajectories["grid.hour_kw"][:2] == pytest.approx([16.0, 16.0], abs=2.0)
    assert found.trajectories["grid.hour_kw"][:2].sum() == pytest.approx(9 + 5 + 10 + 8)


def test_the_mean_of_three_days_makes_a_third_of_a_kw_dear():
    highs = {date(2026, 1, n): kw for n, kw in ((3, 30.0), (5, 20.0), (7, 12.0))}
    basis = MeanOfThreeDays(highs)
    case = with_peak(small(sessions=(car(12.0, 2.0),)), january(basis, PerKw(90.0)))
    found = solved(case)
    assert basis.so_far_kw == pytest.approx((30 + 20 + 12) / 3)
    assert found.trajectories["peak 2026-01.basis_kw"] == pytest.approx([(30 + 20 + 16) / 3])
    assert found.report.objective == pytest.approx(30 * 4.0 + 12.0 + found.parts_nok["terminal"])


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(st.integers(1, 14), st.floats(0, 60), max_size=6),
    st.lists(st.floats(0, 60), min_size=24, max_size=24),
    st.floats(0, 30),
)
def test_the_basis_is_the_mean_of_the_three_highest_days(past, load, expected):
    grid = Grid(START + timedelta(hours=5), (4,) * 24)  # from 16 local: two days
    highs = {date(2026, 1, day): kw for day, kw in past.items()}
    case = with_peak(small(grid, base_load_kw=load), january(MeanOfThreeDays(dict(highs), expected), PerKw(10.0)))
    for day, kw in zip(local_days(grid.hour_starts), load, strict=True):
        highs[day] = max(highs.get(day, 0.0), kw)
    known = sorted([*highs.values(), *[expected] * 3], reverse=True)
    assert solved(case).trajectories["peak 2026-01.basis_kw"] == pytest.approx([sum(known[:3]) / 3], abs=1e-5)


def test_a_capacity_step_is_avoided_when_it_can_be_and_paid_once_when_not():
    steps = Steps((0.0, 14.0, 20.0, 50.0), (100.0, 300.0, 800.0, 2000.0))
    month = january(HighestHour(5.0), steps)
    avoided = solved(with_peak(small(sessions=(car(11.0, 3.0),)), month), WHOLE)
    assert avoided.trajectories["grid.hour_kw"].max() <= 14.0 - 0.01 + 1e-6
    assert avoided.parts_nok["peak"] == pytest.approx(0.0, abs=1e-6)
    paid = solved(with_peak(small(sessions=(car(16.0, 2.0),)), month), WHOLE)
    assert paid.trajectories["grid.hour_kw"].max() == pytest.approx(18.0, abs=2.0)
    assert paid.parts_nok["peak"] == pytest.approx(200.0, abs=1e-3)


def test_hours_of_another_month_do_not_count():
    found = solved(with_peak(small(), MonthPeak(2026, 2, HighestHour(0.0), PerKw(92.0))))
    assert "peak" not in found.parts_nok


def test_sun_above_the_feed_in_limit_is_turned_down():
    case = small(pv_kw=100.0)
    found = solved(replace(case, plant=replace(case.plant, pv=("pv",))))
    assert found.trajectories["grid.export_kw"] == pytest.approx([50.0] * 4)
    assert found.trajectories["pv.power_kw"] == pytest.approx([60.0] * 4)
    assert found.first.pv_kw == pytest.approx(60.0)


def test_at_a_negative_price_nothing_is_sold_and_the_house_is_supplied_from_the_grid():
    case = small(pv_kw=100.0, buy_nok_per_kwh=[0.2, -0.3, 0.2, 0.2], sell_nok_per_kwh=[-0.1, -0.5, 0.5, -0.1])
    found = solved(replace(case, plant=replace(case.plant, pv=("pv",))))
    assert found.trajectories["grid.export_kw"] == pytest.approx([0.0, 0.0, 50.0, 0.0])
    assert found.trajectories["grid.import_kw"] == pytest.approx([0.0, 10.0, 0.0, 0.0])
    assert found.trajectories["pv.power_kw"] == pytest.approx([10.0, 0.0, 60.0, 10.0])


def test_selling_dearer_than_buying_does_not_make_money_out_of_nothing():
    found = solved(small(sell_nok_per_kwh=2.0))
    assert found.trajectories["grid.import_kw"] == pytest.approx([10.0] * 4)


def test_a_load_above_the_main_fuse_is_named():
    found = solved(replace(small(), plant=replace(small().plant, connection=Connection(8.0, 50.0))))
    assert [(v.row, pytest.approx(v.most)) for v in found.violations] == [("main fuse", 2.0)]


def test_a_battery_buys_cheap_and_gives_back_dear():
    store = Battery("store", 0.0, 10.0, 5.0, 5.0, efficiency=1.0, wear_nok_per_kwh=0.1)
    case = small(HOURS, buy_nok_per_kwh=[1.0, 3.0, 3.0, 1.0])
    case = replace(
        case,
        plant=replace(case.plant, batteries=(store,)),
        state=replace(case.state, batteries_kwh={"store": 0.0}),
        weights=replace(case.weights, terminal_share=0.0),
    )
    found = solved(case)
    assert found.trajectories["store.power_kw"] == pytest.approx([5.0, -5.0, 0.0, 0.0], abs=5.0)
    assert found.parts_nok["energy"] == pytest.approx(80.0 + 5.0 - 15.0)
    assert found.parts_nok["wear"] == pytest.approx(0.5)


def test_a_battery_outside_its_limits_is_brought_back_and_a_silent_one_is_not_planned_with():
    store = Battery("store", 2.0, 8.0, 5.0, 5.0)
    case = small(HOURS, buy_nok_per_kwh=1.0)
    case = replace(case, plant=replace(case.plant, batteries=(store,)))
    assert "store.power_kw" not in solved(case).trajectories
    low = solved(replace(case, state=replace(case.state, batteries_kwh={"store": 1.0})))
    assert low.trajectories["store.stored_kwh"].min() >= 1.0 - 1e-9
    assert low.first.battery_kw["store"] >= -1e-9


def test_whatever_is_done_the_solver_sees_no_sunk_cost():
    cheap, dear = (solved(small(base_load_kw=kw, sessions=(car(10.0, 3.0),))) for kw in (5.0, 50.0))
    assert cheap.report.objective == pytest.approx(dear.report.objective)
    assert np.allclose(cheap.electricity_nok_per_kwh, dear.electricity_nok_per_kwh)
