"""What is refused before the wire, and what the device resolves."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import Refused
from drivers.limits import allowed, plausible, same_value
from models.field import Device, points_of
from models.profile import Text, load_profile


def site_point(profile, signal):
    device = Device(id="d", profile=profile, connection="c", system="=360.001", label=Text(nb="d", en="d"))
    return next(p for p in points_of(device, load_profile(profile)) if p.id == f"d.{signal}")


SETPOINT = site_point("generic_room_controller", "setpoint_degc")
PUMP = site_point("generic_heating_circuit", "pump_on")


@pytest.mark.parametrize("value", [17.9, 26.1, math.nan, math.inf, -math.inf])
def test_a_value_outside_its_limits_is_refused_with_the_limits(value):
    with pytest.raises(Refused, match=r"d\.setpoint_degc: .* 18\.0 \.\. 26\.0 °C"):
        allowed(SETPOINT, value)


def test_a_point_without_a_rule_is_refused():
    with pytest.raises(Refused, match="no write rule"):
        allowed(site_point("generic_room_controller", "temp_degc"), 21.0)


def test_half_a_pump_is_refused():
    assert [allowed(PUMP, value) for value in (0.0, 1.0)] == [0.0, 1.0]
    with pytest.raises(Refused, match="whole"):
        allowed(PUMP, 0.5)


@given(st.floats(18, 26))
def test_a_value_is_rounded_to_a_step_and_never_leaves_its_limits(value):
    sent = allowed(SETPOINT, value)
    assert abs(sent - value) <= 0.05 + 1e-9
    assert 18 <= sent <= 26
    assert sent == round(sent, 1)
    assert same_value(SETPOINT, sent, value)


@pytest.mark.parametrize(("value", "shown"), [(math.nan, None), (math.inf, None), (-0.1, None), (21.0, 21.0)])
def test_a_reading_that_cannot_be_true_is_none(value, shown):
    assert plausible(site_point("generic_room_controller", "temp_degc").spec, value) == shown
