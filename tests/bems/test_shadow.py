"""Plan and payment of one clock hour, by hand."""

from datetime import timedelta

import numpy as np
import pytest

from bems.planning.shadow import HOUR, Shadow, looked, planned
from control.dispatch import Options, plan
from control.grid import Grid
from control.problem import State
from tests.control.plans import START, small

QUARTERS = Grid(START, (1,) * 8)
WARM = {"buffer": 20.0}


def promise(**outlook):
    """A load of 10 kW for two hours: 10 kWh at so much a kWh."""
    of = small(QUARTERS, state=State({"buffer": 20.0}, {}, {}), **outlook)
    return plan(of, Options(whole_h=0.0)), of


def run(of, minutes, kw, *, degc=WARM, followed=(), step_min=1):
    at = of.looked_at or START
    for _ in range(0, minutes, step_min):
        at += timedelta(minutes=step_min)
        of = looked(of, at, kw(at) if callable(kw) else kw, lambda: degc, followed)
    return of


def begun():
    return looked(Shadow(), START, 10.0, lambda: WARM, ())


def test_a_promise_kept_to_the_letter_costs_what_was_planned():
    of = planned(begun(), *promise(buy_nok_per_kwh=2.0))
    (hour,) = run(of, 60, 10.0, followed=("rooms",)).hours
    assert hour.start == START
    assert hour.followed == ("rooms",)
    assert hour.planned_nok == pytest.approx(20.0)
    assert hour.paid_nok == pytest.approx(20.0)
    assert (hour.planned_kwh, hour.bought_kwh) == (pytest.approx(10.0), pytest.approx(10.0))
    assert hour.kept_nok == pytest.approx(0.0, abs=0.5)


def test_each_quarter_is_paid_at_its_own_price_and_what_is_sold_is_earned():
    prices = np.array([1.0, 2.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0])
    of = planned(begun(), *promise(buy_nok_per_kwh=prices, sell_nok_per_kwh=0.5))

    def kw(at):
        return -8.0 if at < START + timedelta(minutes=15) else 20.0 if at < START + timedelta(minutes=30) else 0.0

    of = run(looked(of, START, -8.0, lambda: WARM, ()), 60, kw)
    (hour,) = of.hours
    assert hour.paid_nok == pytest.approx(-0.5 * 2.0 + 2.0 * 5.0)
    assert hour.bought_kwh == pytest.approx(5.0)


def test_heat_that_was_kept_is_worth_what_the_plan_says():
    found, of = promise()
    worth = found.heat_nok_per_kwh["buffer"][3] * of.plant.buffer.node.capacity_kwh_per_k
    cold, warm = (run(planned(begun(), found, of), 60, 10.0, degc={"buffer": t}).hours[0] for t in (20.0, 23.0))
    assert warm.kept_nok - cold.kept_nok == pytest.approx(3.0 * worth)


@pytest.mark.parametrize("late_min", [15, 30])
def test_an_hour_without_a_plan_from_its_beginning_is_not_scored(late_min):
    found, of = promise()
    of = planned(begun(), found, small(Grid(START + timedelta(minutes=late_min), (1,) * 8)))
    assert run(of, 60, 10.0).hours == ()


def test_an_hour_seen_in_part_is_not_scored():
    of = planned(begun(), *promise())
    assert run(of, 60, lambda at: None if at.minute < 10 else 10.0).hours == ()
    assert run(of, 60, 10.0, step_min=10).hours == ()


def test_a_clock_that_is_set_back_or_jumps_begins_anew():
    of = planned(begun(), *promise())
    back = looked(of, START - timedelta(days=1), 10.0, lambda: WARM, ())
    assert (back.promise, back.seen_h) == (None, 0.0)
    on = looked(of, START + 5 * HOUR, 10.0, lambda: WARM, ())
    assert (on.promise, on.hours) == (None, ())


def test_the_running_hour_and_the_scores_can_be_kept():
    of = run(planned(begun(), *promise()), 61, 10.0)
    assert of.hours
    assert Shadow.from_json(of.to_json()) == of
