"""Reading a plan at a moment: the step in force, whole compressors, targets, and its end."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from control.dispatch import Options, plan
from control.follow import guidance
from control.grid import Grid
from control.plan import Plan
from tests.control.plans import HOURS, START, after, heated, machine, small

QUARTERS = Grid(START, (1,) * 8 + (4,) * 6)


@pytest.fixture(scope="module")
def case():
    return heated(QUARTERS, machine(count=2))


@pytest.fixture(scope="module")
def made(case):
    found = plan(case, Options(whole_h=2.0))
    assert isinstance(found, Plan)
    return found


def with_way(made, name, values):
    return replace(made, trajectories={**made.trajectories, name: np.array(values)})


def test_nobody_follows_a_plan_before_it_begins_or_once_it_has_expired(case, made):
    expires = after(2)
    assert guidance(made, case.plant, START - timedelta(seconds=1), expires) is None
    assert guidance(made, case.plant, START, expires) is not None
    assert guidance(made, case.plant, after(2) - timedelta(seconds=1), expires) is not None
    assert guidance(made, case.plant, after(2), expires) is None
    assert guidance(made, case.plant, made.grid.end, made.grid.end + timedelta(hours=9)) is None


def test_compressors_are_those_of_the_hour_ahead(case, made):
    counts = [0.0, 1.0, 2.0, 1.0, 2.0, 2.0, 2.0, 2.0, 1.0, *[0.0] * 5]
    steps = with_way(made, "hp.buffer.compressors", counts)
    seen = [guidance(steps, case.plant, after(0.25 * n + 0.2), after(9)).compressors for n in range(8)]
    # The last quarters look into steps of an hour: (3 x 2 + 4 x 1) / 7 and so on, by their length.
    assert seen == pytest.approx([1.0, 1.5, 1.75, 1.75, 2.0, 10 / 7, 8 / 6, 6 / 5])
    assert guidance(steps, case.plant, after(0.25), after(9)).compressors == 1.5  # a step begins on its quarter


def test_the_buffer_is_charged_to_what_the_next_steps_need(case, made):
    path = with_way(made, "buffer.degc", [30.0, 34.0, 33.0, *[32.0] * 11])
    assert guidance(path, case.plant, START, after(9)).buffer_degc == 34.0
    assert guidance(path, case.plant, after(0.5), after(9)).buffer_degc == 33.0


def test_set_points_go_up_while_a_plan_stores_heat_and_only_then(case, made):
    heat = [20.0, 20.0, 2.0, 2.0, *[5.0] * 10]
    above = [0.1, 0.4, 0.6, 0.3, *[0.0] * 10]
    storing = with_way(with_way(made, "rooms.heat_kw", heat), "rooms.above_low_k", above)
    seen = [guidance(storing, case.plant, after(0.25 * n), after(9)).room_offset_k["a"] for n in range(4)]
    assert seen == [0.5, 0.5, 0.0, 0.0]
    kept = with_way(with_way(made, "rooms.heat_kw", heat), "rooms.above_low_k", [0.0] * 14)
    assert guidance(kept, case.plant, START, after(9)).room_offset_k["a"] == 0.0
    much = with_way(with_way(made, "rooms.heat_kw", heat), "rooms.above_low_k", [3.0] * 14)
    assert guidance(much, case.plant, START, after(9)).room_offset_k["a"] == 3.5
    coasts = with_way(with_way(made, "rooms.heat_kw", [1.0, *[20.0] * 13]), "rooms.above_low_k", [0.8] * 14)
    assert guidance(coasts, case.plant, START, after(9)).room_offset_k["a"] == 0.0


def test_a_zone_set_back_that_a_plan_keeps_warm_gets_a_set_point_at_which_it_is_heated(case, made):
    """The bug this keeps away: 15 kW were planned all evening for rooms that a set point of 19 degC had shut off."""
    way = with_way(
        with_way(made, "rooms.heat_kw", [15.0] * 14), "rooms.above_low_k", [1.6 - 0.1 * n for n in range(14)]
    )
    assert guidance(way, case.plant, START, after(9)).room_offset_k["a"] == 2.0


@pytest.mark.parametrize(("rise_k", "offset_k"), [(0.3, 0.5), (0.0, 0.0)])
def test_a_long_store_counts_by_floors_that_warm(case, made, rise_k, offset_k):
    """The bug this keeps away: an evening's even store moved no valve, its heat stayed in the buffer up to 63 degC."""
    even = with_way(with_way(made, "rooms.heat_kw", [10.0] * 14), "rooms.above_low_k", [0.0, *[0.4] * 13])
    path = with_way(even, "rooms.mass.degc", [22.0 + rise_k * min(n, 7) / 7 for n in range(14)])
    assert guidance(path, case.plant, START, after(9)).room_offset_k["a"] == offset_k


def test_the_peak_is_the_highest_hour_planned_for_this_month(case, made):
    assert guidance(made, case.plant, START, after(9)).peak_kw is None  # power costs nothing here
    paid = with_way(made, "peak 2026-01.basis_kw", [20.0])
    hours = paid.trajectories["grid.hour_kw"]
    assert guidance(paid, case.plant, START, after(9)).peak_kw == pytest.approx(float(hours.max()))


def test_a_plant_without_machines_water_or_cars_leaves_them_to_the_rules():
    case = small(HOURS)
    found = plan(case, Options())
    asked = guidance(found, case.plant, START, after(9))
    assert (asked.compressors, asked.charging, asked.after_heater_degc, asked.cars_kw) == (None,) * 4
    assert not asked.cycle
