"""Rules against optimiser: what has to be made alike before money is compared."""

import pytest

from control.night.contest import Side, evened


def side(nok, cars_kwh, left_nok=0.0):
    return Side((50.0, 50.0), (nok / 2, nok / 2), 50.0, left_nok, {"cars": cars_kwh}, {"cars": 1.0}, 0.0, 0.0)


def test_cars_that_have_got_less_are_charged_at_a_mean_price_before_money_is_compared():
    rules, optimiser = evened(side(100.0, 40.0), side(80.0, 30.0, left_nok=-2.0))
    assert rules == side(100.0, 40.0)
    assert optimiser.left_nok == pytest.approx(-2.0 + 10.0 * 0.8)
    assert optimiser.total_nok == pytest.approx(86.0)


def test_a_house_without_cars_is_as_it_is():
    bare = Side((1.0,), (2.0,), 1.0, 0.5, {}, {}, None, None)
    assert evened(bare, bare) == (bare, bare)
    assert bare.total_nok == 2.5
