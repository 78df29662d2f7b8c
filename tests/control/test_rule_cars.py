"""Equal sharing among the cars."""

import pytest


def plug(paper, *numbers):
    for n in numbers:
        paper.values[f"charger_{n}.mode3_state"] = 2.0


def amps(values):
    return [values.get(f"charger_{n}.max_current_a") for n in range(1, 9)]


def test_every_car_gets_the_full_current_while_the_fuse_has_room(paper):
    plug(paper, 1, 2, 3)
    assert amps(paper.decide())[:3] == [16.0] * 3


def test_cars_share_what_the_other_loads_leave(paper):
    plug(paper, 1, 2, 3, 4)
    for n in (1, 2, 3, 4):
        paper.values[f"charger_{n}.power_kw"] = 10.0
    budget = 0.9 * paper.site.electricity.fuse_kw
    paper.set(main__power_kw=budget)
    share = 40.0 / (4 * 3**0.5 * 0.4)
    assert amps(paper.decide())[:4] == [pytest.approx(int(share))] * 4
    paper.set(main__power_kw=budget + 20.0)
    assert amps(paper.decide(60))[:4] == [pytest.approx(int(share / 2))] * 4


def test_charging_pauses_when_less_than_six_amperes_are_left(paper):
    plug(paper, 1, 2, 3, 4)
    paper.set(main__power_kw=0.9 * paper.site.electricity.fuse_kw - 10.0)
    assert amps(paper.decide())[:4] == [0.0] * 4


def test_the_sum_never_exceeds_the_planned_share_of_the_fuse(paper):
    plug(paper, *range(1, 9))
    for others in range(0, 340, 7):
        paper.set(main__power_kw=float(others))
        total = sum(amps(paper.decide(60))) * 3**0.5 * 0.4
        assert total == 0 or others + total <= 0.9 * paper.site.electricity.fuse_kw


def test_without_the_main_meter_each_car_gets_six_amperes(paper):
    plug(paper, 1)
    paper.decide()
    paper.kill("main.")
    assert "charger_1.max_current_a" not in paper.decide(60)
    assert amps(paper.decide(60)) == [6.0] * 8
    assert paper.code("charger_1.max_current_a") == "cars.unknown"


def test_a_silent_charger_gets_no_command_and_the_others_go_on(paper):
    plug(paper, 1, 2)
    paper.decide()
    paper.kill("charger_2.")
    values = amps(paper.decide(300))
    assert values[1] is None
    assert values[0] == 16.0
