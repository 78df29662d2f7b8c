"""The expression layer: small problems whose answer is known by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.expr import total, zeros
from control.lp import Problem, Solution, Status

PRICE = np.array([1.0, 3.0, 2.0])


def store():
    """3 h of a 10 kWh store that must end at 6 kWh from 2, charged at most 3 kW, losing 1 kWh in every hour."""
    m = Problem()
    power = m.var("power", 3, 0.0, 3.0)
    energy = m.var("energy", 3, 0.0, 10.0, ref=5.0)
    m.rows("balance", (energy - energy.prev(2.0)).equals(power - 1.0))
    m.rows("end", energy[2:] >= 6.0)
    m.cost("energy", PRICE * power)
    return m, power, energy


def test_the_cheapest_hours_are_used_first():
    m, power, energy = store()
    found = m.solve()
    assert found.status is Status.OPTIMAL
    assert found.value(power) == pytest.approx([3.0, 1.0, 3.0])  # 7 kWh are needed: 3 at 1, 3 at 2, the last at 3
    assert found.value(energy) == pytest.approx([4.0, 4.0, 6.0])
    assert found.value(m.costs["energy"]) == pytest.approx([12.0])


def test_a_dual_is_what_one_more_unit_costs():
    m, _, _ = store()
    found = m.solve()
    assert found.dual["balance"] == pytest.approx([-3.0, -3.0, -3.0])  # one kWh less loss saves the dearest hour
    assert found.dual["end"] == pytest.approx([-3.0])  # 6 <= energy: a lower right-hand side of -6 is dearer


def test_the_objective_has_no_constants():
    m = Problem()
    temp = m.var("temp", 1, 20.0, 30.0, ref=25.0)
    m.rows("low", temp >= 26.0)
    m.cost("money", 2.0 * temp + 1000.0)
    found = m.solve()
    assert found.objective == pytest.approx(2.0)
    assert found.value(m.costs["money"]) == pytest.approx([1052.0])


def test_whole_numbers_are_kept_and_fixed_for_duals():
    m = Problem()
    stages = m.var("stages", 2, 0.0, 3.0, integer=1)
    m.rows("need", 2.0 * stages >= np.array([3.0, 3.0]))
    m.cost("money", 1.0 * stages)
    whole = m.solve(gap=1e-6)
    assert whole.status is Status.OPTIMAL
    assert whole.value(stages) == pytest.approx([2.0, 1.5])
    fixed = m.solve(fixed=whole.x)
    assert fixed.value(stages) == pytest.approx([2.0, 1.5])
    assert fixed.dual["need"] == pytest.approx([0.0, -0.5])
    assert m.solve().value(stages) == pytest.approx([1.5, 1.5])


def test_what_cannot_be_is_said_and_the_row_that_must_give_is_named():
    m, _, energy = store()
    m.rows("too much", energy[:1] >= 5.5)  # at most 4 after the first hour
    assert m.solve().status is Status.INFEASIBLE
    broken, gave = m.least_broken(price=100.0)
    assert broken.found
    assert [(g.row, g.place) for g in gave] in ([("too much", 0)], [("balance", 0)])
    assert gave[0].amount == pytest.approx(1.5)


def test_no_answer_in_time_is_a_failure_and_not_a_result():
    m, power, _ = store()
    assert m.solve(time_limit_s=0.0).status in (Status.FAILED, Status.OPTIMAL)  # presolve alone may finish it
    m.cost("free", -1.0 * m.var("unbounded", 1) + zeros(1))
    assert m.solve().status is Status.FAILED
    assert power.size == 3


def test_a_name_is_used_once_and_bounds_make_sense():
    m, power, _ = store()
    with pytest.raises(ValueError, match="stated twice"):
        m.rows("end", power <= 1.0)
    with pytest.raises(ValueError, match="lower bound above"):
        m.var("x", 2, 1.0, np.array([2.0, 0.0]))
    with pytest.raises(ValueError, match="do not fit"):
        _ = power + zeros(2)


@given(
    a=st.lists(st.floats(-10, 10), min_size=4, max_size=4),
    b=st.lists(st.floats(-10, 10), min_size=4, max_size=4),
    first=st.floats(-5, 5),
)
def test_expressions_follow_the_arithmetic_of_arrays(a, b, first):
    m = Problem()
    x, one = m.var("x", 4, ref=1.0), m.var("one", 1)
    found_x = np.array([0.5, -1.0, 2.0, 3.0])
    solution = Solution(Status.OPTIMAL, np.concatenate((found_x, [4.0])), 0.0)
    x_value, a, b = found_x + 1.0, np.array(a), np.array(b)
    group = np.array([0, 1, 1, 0])
    cases = [
        (a * x + b, a * x_value + b),
        (b - x / 2.0, b - x_value / 2.0),
        (x - one, x_value - 4.0),
        (a * one, a * 4.0),
        (x.prev(first), np.concatenate(([first], x_value[:-1]))),
        ((x * a).prev(first), np.concatenate(([first], (x_value * a)[:-1]))),
        (x[1:3], x_value[1:3]),
        (x[np.array([3, 0, 3])], x_value[[3, 0, 3]]),
        ((x + one)[np.array([1, 1])], (x_value + 4.0)[[1, 1]]),
        (x.by(group, 2), np.array([x_value[0] + x_value[3], x_value[1] + x_value[2]])),
        (total([x, 2.0, a], 4), x_value + 2.0 + a),
        (x.sum(), np.array([x_value.sum()])),
    ]
    for expr, value in cases:
        assert solution.value(expr) == pytest.approx(value)


def test_near_a_point_whole_numbers_are_rounded_up_or_down_and_no_farther():
    m = Problem()
    stages = m.var("stages", 3, 0.0, 9.0, integer=3)
    m.rows("need", stages.sum() >= 7.2)
    m.cost("money", np.array([1.0, 2.0, 3.0]) * stages)
    assert m.solve(gap=1e-6).value(stages) == pytest.approx([8.0, 0.0, 0.0])
    near = np.array([2.4, 3.0, 1.5])
    assert m.solve(near=near, gap=1e-6).value(stages) == pytest.approx([3.0, 3.0, 2.0])
    assert m.solve(near=near * 0.9, gap=1e-6).status is Status.OPTIMAL
    assert m.solve(near=near * 0.2, gap=1e-6).status is Status.INFEASIBLE


def test_the_least_that_the_rows_allow_is_found_apart_from_money():
    m, power, _ = store()
    assert m.least(power) == pytest.approx(7.0)
