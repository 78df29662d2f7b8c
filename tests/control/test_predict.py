"""Prediction of a group: against the balance worked out by hand, and against very many very small steps."""

import numpy as np
import pytest

from control.assets.building import Group
from control.assets.bus import Node
from control.predict import simulate_group, transition

GROUP = Group(
    id="g",
    zones=("z",),
    room=Node("g.room", 15.0),
    mass=Node("g.mass", 60.0),
    room_to_mass_kw_per_k=7.0,
    room_to_outdoor_kw_per_k=0.3,
    mass_to_outdoor_kw_per_k=0.2,
    emitter_kw_per_k=2.0,
    emitter_max_kw=40.0,
)


def run(steps, dt_h, *, start=(21.0, 23.0), heat=20.0, gains=3.0, solar=2.0, vent=0.4, outdoor=-5.0, d=1.0):
    inputs = (np.full(steps, value) for value in (heat, gains, solar, vent, 19.0, outdoor))
    return simulate_group(GROUP, start, *inputs, dt_h, d)


def test_in_the_long_run_heat_in_is_heat_out():
    room, mass = run(400, 4.0)
    lost = 0.3 * (room[-1] + 5.0) + 0.2 * (mass[-1] + 5.0) + 0.4 * (room[-1] - 19.0)
    assert lost == pytest.approx(20.0 + 3.0 + 2.0 + 1.0)
    assert 7.0 * (mass[-1] - room[-1]) == pytest.approx(0.9 * 20 + 0.4 * 3 + 0.7 * 2 - 0.2 * (mass[-1] + 5.0))


def test_every_step_is_as_good_as_many_small_ones():
    room, mass = 21.0, 23.0
    dt = 1 / 36000
    for _ in range(36000):
        into_room = 7 * (mass - room) + 0.3 * (-5 - room) + 0.4 * (19 - room) + 0.1 * 20 + 0.6 * 3 + 0.3 * 2 + 1
        into_mass = 7 * (room - mass) + 0.2 * (-5 - mass) + 0.9 * 20 + 0.4 * 3 + 0.7 * 2
        room, mass = room + dt * into_room / 15, mass + dt * into_mass / 60
    once = run(1, 1.0)
    assert (once[0][0], once[1][0]) == pytest.approx((room, mass), abs=1e-4)
    often = run(12, 1 / 12)
    assert (often[0][-1], often[1][-1]) == pytest.approx((once[0][0], once[1][0]))


def test_steps_may_differ_in_length_and_air():
    steps = transition(GROUP, np.array([0.4, 0.8]), np.array([0.25, 1.0]))
    assert steps.e.shape == steps.b.shape == (2, 2, 2)
    assert steps.e[1] == pytest.approx(transition(GROUP, 0.8, 1.0).e)
    uneven, _ = run(3, np.array([0.25, 0.25, 0.5]))
    even, _ = run(4, 0.25)
    assert uneven == pytest.approx(even[[0, 1, 3]])
