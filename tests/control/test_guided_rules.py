"""The rules under a plan: they follow it asset by asset, within everything that holds anyway."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from control.guidance import ASSETS, Guidance, promoted
from control.hygiene import HygieneState
from control.rules.heat import STEADY_K
from control.rules.peak_guard import target_kw
from control.strategy import GOOD

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


@pytest.fixture
def good(paper):
    paper.strategy = GOOD
    return paper


def guided(paper, **wants):
    paper.guidance = Guidance("test", paper.now, paper.now + timedelta(hours=2), **wants)
    return paper


def stages(values):
    return sorted(
        value for point, value in values.items() if point.startswith("hp") and point.endswith("stage_request")
    )


def test_a_silent_plan_changes_nothing(good):
    alone = good.decide()
    good.memory = type(good.memory)()
    assert guided(good).decide() == alone


def test_compressors_are_the_plans_one_on_each_machine_first(good):
    good.layers("buffer", 40, 40, 40, 40)
    assert stages(guided(good, compressors=2, buffer_degc=42.0).decide()) == [1.0, 1.0]
    assert good.code("hp1_io.stage_request") == "plan.stages"
    good.obey(good.decide(60))
    # Its shortest run is kept whatever the plan wants.
    assert stages(guided(good, compressors=0, buffer_degc=38.0).decide(60)) == [1.0, 1.0]
    assert stages(good.pass_time(3600)) == [0.0, 0.0]


def test_a_buffer_far_from_the_plans_is_the_rules_again(good):
    good.layers("buffer", 25, 25, 25, 25)
    guided(good, compressors=0, buffer_degc=40.0)
    assert sum(stages(good.pass_time(1800))) >= 1
    assert good.code("hp1_io.stage_request") == "heat.stages"
    hot = guided(good, compressors=4, buffer_degc=40.0)
    hot.layers("buffer", 55, 55, 55, 55)
    assert sum(stages(good.pass_time(7200))) == 0


def test_rule_and_plan_do_not_take_turns_on_the_buffer(good):
    good.layers("buffer", 25, 25, 25, 25)
    guided(good, compressors=0, buffer_degc=28.0)
    good.pass_time(1800)
    assert good.memory.takeover.on
    target = good.memory.compressors.count
    assert target >= 1
    good.layers("buffer", 31, 30, 30, 30)  # no longer so short that the rule would begin, not yet made up for
    good.decide(60)
    assert good.memory.takeover.on
    assert good.code("hp1_io.stage_request") == "heat.stages"
    good.layers("buffer", 38, 30, 30, 30)
    good.decide(60)
    assert not good.memory.takeover.on
    assert good.memory.compressors.count == 0


def test_a_machine_charges_the_buffer_as_high_as_the_plan_stores(good):
    good.layers("buffer", 36, 36, 36, 36)
    values = guided(good, compressors=2, buffer_degc=48.0).decide()
    assert values["hp1_io.supply_setpoint_degc"] == 51.0


def test_hot_water_is_made_when_the_plan_says(good):
    good.layers("hp_tank", 46, 46, 46, 46)
    duty = ["hp1_io.hot_water_duty", "hp2_io.hot_water_duty"]
    values = guided(good, charging=True).decide()
    assert sum(values[point] for point in duty) == 1.0
    on = next(point for point in duty if values[point])
    assert good.code(on) == "plan.charge"
    values = guided(good, charging=False, charge_compressors=0.3).decide(2400)
    assert sum(values[point] for point in duty) == 1.0, "the plan goes on within the hour"
    values = guided(good, charging=False).decide(60)
    assert sum(values[point] for point in duty) == 0.0
    # Full is full, plan or not.
    good.layers("hp_tank", 60, 60, 60, 60)
    values = guided(good, charging=True).decide(60)
    assert sum(values[point] for point in duty) == 0.0


def test_a_charge_that_a_plan_began_is_not_broken_off_by_the_next_one(good):
    good.layers("hp_tank", 46, 46, 46, 46)
    duty = ["hp1_io.hot_water_duty", "hp2_io.hot_water_duty"]
    guided(good, charging=True).decide()
    guided(good, charging=False).pass_time(900)
    assert sum(good.decide(60)[point] for point in duty) == 1.0
    good.pass_time(900)
    assert sum(good.decide(60)[point] for point in duty) == 0.0


def test_a_plan_may_charge_a_tank_whose_bottom_alone_is_cold(good):
    good.layers("hp_tank", 58, 57, 56, 36)
    values = guided(good, charging=True, charge_compressors=1.6, charge_degc=56.0).decide()
    assert values["hp1_io.hot_water_duty"] + values["hp2_io.hot_water_duty"] == 1.0
    assert {values["hp1_io.stage_request"], values["hp2_io.stage_request"]} & {2.0}, "with as many as it reckons with"


def test_a_buffer_far_above_what_anybody_needs_is_the_rules_whatever_a_plan_wants(good):
    """The bug this keeps away: heat that rooms did not take made the buffer hotter, and the next plan wanted it so."""
    good.layers("buffer", 42, 42, 41, 40)
    for _ in range(3):
        values = guided(good, compressors=4, buffer_degc=44.0).decide(60)
    assert values["hp1_io.stage_request"] + values["hp2_io.stage_request"] == 4.0
    good.layers("buffer", 63, 61, 59, 57)
    for _ in range(20):
        values = guided(good, compressors=4, buffer_degc=62.0).decide(60)
    assert values["hp1_io.stage_request"] + values["hp2_io.stage_request"] == 0.0
    good.layers("buffer", 40, 39, 36, 34)
    for _ in range(20):
        values = guided(good, compressors=4, buffer_degc=44.0).decide(60)
    assert values["hp1_io.stage_request"] + values["hp2_io.stage_request"] == 4.0


@pytest.mark.parametrize(("signal", "degc"), [("return_temp_degc", 57.2), ("supply_temp_degc", 64.2)])
def test_a_machine_rests_before_it_leaves_its_envelope_whatever_a_plan_wants(good, signal, degc):
    good.layers("buffer", 40, 40, 40, 40)
    values = guided(good, compressors=4, buffer_degc=56.0).decide()
    assert values["hp1_io.stage_request"] + values["hp2_io.stage_request"] >= 2
    point = next(p for p in good.site.points if p.startswith("hp1") and p.endswith(signal))
    good.values[point] = degc
    values = guided(good, compressors=4, buffer_degc=56.0).decide(60)
    assert values["hp1_io.stage_request"] == 0.0
    assert values["hp2_io.stage_request"] >= 1.0
    good.values[point] = degc - 3.0
    good.pass_time(1800)
    assert good.decide(60)["hp1_io.stage_request"] >= 1.0, "it comes back by itself"


def test_planned_boiler_stages_come_on_but_never_after_a_trip(good):
    good.layers("buffer", 40, 40, 40, 40)
    assert guided(good, boilers={"boiler": 2}).decide()["boiler.stage_request"] == 2.0
    assert good.code("boiler.stage_request") == "plan.boiler"
    good.set(boiler__overheat_trip=1.0)
    assert good.decide(60)["boiler.stage_request"] == 0.0


@pytest.mark.parametrize(
    ("wanted", "top", "on"), [(71.0, 70.2, 1.0), (68.5, 70.2, 0.0), (90.0, 73.5, 0.0), (50.0, 66.9, 1.0)]
)
def test_the_after_heater_follows_within_safe_bounds(good, wanted, top, on):
    good.set(hot_water__top_temp_degc=top, hot_water__middle_temp_degc=top, hot_water__bottom_temp_degc=top)
    assert guided(good, after_heater_degc=wanted).decide()["hot_water.stage_request"] == on


def test_hygiene_limits_come_before_the_plan(good):
    good.set(hot_water__supply_temp_degc=65.2)
    values = guided(good, after_heater_degc=67.5).decide()
    assert values["hot_water.stage_request"] == good.site.hot_water.after_heater_stages
    assert good.code("hot_water.stage_request") == "safety.water_limit"


def test_a_cycle_begins_when_the_plan_says_or_when_it_must(good):
    good.decide()
    in_a_day = replace(good.memory, hygiene=HygieneState(due_at=good.now + timedelta(hours=40)))
    good.memory = in_a_day
    guided(good, cycle=False).decide(60)
    assert good.memory.hygiene.forced_since is None
    guided(good, cycle=True).decide(60)
    assert good.memory.hygiene.forced_since == good.now
    assert [event.code for event in good.decision.events] == ["plan.cycle"]
    good.memory = replace(in_a_day, hygiene=HygieneState(due_at=good.now + timedelta(hours=5)))
    guided(good, cycle=False).decide(60)
    assert good.memory.hygiene.forced_since == good.now


def test_rooms_store_heat_but_are_never_set_below_what_residents_chose(good):
    room = good.site.zones[0].rooms[0]
    point = f"{room.devices[0]}.setpoint_degc"
    zone = good.site.zones[0].id
    assert guided(good, room_offset_k={zone: 0.5}).decide()[point] == room.setpoint_degc + 0.5
    assert good.code(point) == "plan.room"
    assert guided(good, room_offset_k={zone: 3.0}).decide(60)[point] == max(room.setpoint_degc, 23.5)
    assert guided(good, room_offset_k={}).decide(60)[point] == room.setpoint_degc


def test_a_plan_leaves_no_zone_under_its_set_point_that_the_curve_alone_does_not_serve(good):
    """A plan knows the mean of rooms that are heated alike; the one that loses most takes back what it needs."""
    point = "circuit_floor_ab.supply_setpoint_degc"
    for name in good.site.points:
        if name.endswith("valve_pct"):
            good.values[name] = 100.0
    good.set(unit_a__temp_degc=21.6, unit_a__setpoint_degc=22.0)
    curve = good.decide()[point]

    def hours_later(count):
        for _ in range(4 * count):
            guided(good, supply_degc={"unit_a": curve - 5.0})
            found = good.pass_time(900)[point]
            good.values["circuit_floor_ab.supply_temp_degc"] = found
        return found

    assert hours_later(1) >= curve - 0.5
    assert hours_later(3) > curve + 1.0
    good.set(unit_a__temp_degc=22.0)
    assert hours_later(2) <= curve - 4.0 + STEADY_K  # bathrooms' floors want no less


def test_the_last_digit_of_a_room_sensor_moves_no_circuit(good):
    """Half of the way from a plan's supply to the curve's: ten kelvins that a digit to and fro must not toss about."""
    point, seen = "circuit_floor_ab.supply_setpoint_degc", []
    good.set(unit_a__setpoint_degc=22.0)
    for minute in range(240):
        guided(good, supply_degc={"unit_a": 24.0})
        good.set(unit_a__temp_degc=21.9 if minute % 3 else 21.7)
        seen.append(good.pass_time(60)[point])
    moves = sum(a != b for a, b in pairwise(seen[120:]))
    assert moves <= 4


def test_a_set_point_raised_to_store_heat_is_no_shortage(good):
    """The bug this keeps away: rooms at their set point were half a kelvin "short" of the plan's own offset, and for an
    hour after it the circuit was the curve's, three kelvins above it.
    """
    point = "circuit_floor_ab.supply_setpoint_degc"
    good.set(unit_a__setpoint_degc=22.5, unit_a__temp_degc=22.0)
    for _ in range(8):
        guided(good, supply_degc={"unit_a": 27.0}, room_offset_k={"unit_a": 0.5})
        stored = good.pass_time(900)[point]
    assert stored <= 27.0 + STEADY_K
    for _ in range(8):
        guided(good, supply_degc={"unit_a": 27.0})
        short = good.pass_time(900)[point]
    assert short > 30.0  # without the offset the same half kelvin is a need


def test_cars_charge_with_the_plans_power_and_leave_in_time_anyway(good):
    for n in (1, 2, 3):
        good.set(**{f"charger_{n}__mode3_state": 1.0})
    first = guided(good, cars_kw=0.0).decide()
    waiting = [f"charger_{n}.max_current_a" for n in (1, 2, 3) if first[f"charger_{n}.max_current_a"] == 0.0]
    assert len(waiting) >= 2
    values = guided(good, cars_kw=11.0).decide(60)
    assert [values[point] for point in waiting].count(16.0) == 1
    assert "plan.cars" in {good.code(point) for point in waiting}


def test_the_peak_guard_holds_the_plans_peak(biri, good):
    today = good.now.date()
    assert target_kw(biri, {}, today, -20.0, 70.0) == 70.0
    assert target_kw(biri, {today: 95.0}, today, -20.0, 70.0) == 95.0


def test_every_asset_can_be_kept_from_the_plan():
    full = Guidance(
        "test",
        START,
        START,
        compressors=2,
        charging=True,
        charge_degc=50.0,
        buffer_degc=40.0,
        boilers={"boiler": 1},
        after_heater_degc=70.0,
        cycle=True,
        room_offset_k={"unit_a": 0.5},
        supply_degc={"unit_a": 30.0},
        cars_kw=11.0,
        air_cut=frozenset({"ahu_3"}),
        peak_kw=90.0,
    )
    assert promoted(full, ASSETS) == full
    nothing = promoted(full, ())
    assert (nothing.compressors, nothing.charging, nothing.cars_kw, nothing.after_heater_degc) == (None,) * 4
    assert (nothing.boilers, nothing.room_offset_k, nothing.supply_degc) == ({}, {}, {})
    assert (nothing.air_cut, nothing.cycle, nothing.charge_degc) == (frozenset(), False, None)
    only = promoted(full, ("cars",))
    assert (only.cars_kw, only.compressors) == (11.0, None)


PUMP, TARGET = "solar.pump_pct", "solar.target"


@pytest.fixture
def circulating(summer):
    """A collector at 75 degC over a half-warm tank; circulation returns at 62, an after-heater that holds 68."""
    summer.strategy = GOOD
    summer.layers("solar_tank", 50.0, 45.0, 40.0, 35.0)
    loops = {f"loop_{x}__return_temp_degc": 62.0 for x in "abcd"}
    summer.set(solar__collector_temp_degc=75.0, hot_water__top_temp_degc=68.0, **loops)
    return guided(summer, after_heater_degc=68.0, sun_circulates=frozenset({"collectors"}))


def test_the_sun_warms_the_circulation_where_the_plan_has_it(circulating):
    values = circulating.decide()
    assert (values[TARGET], values[PUMP] > 0) == (1.0, True)
    assert circulating.code(TARGET) == "plan.sun"
    circulating.guidance = promoted(circulating.guidance, set(ASSETS) - {"hot_water"})
    assert circulating.decide(60)[TARGET] == 0.0
    assert circulating.code(TARGET) == "sun.to_tank"


def test_the_sun_serves_tank_and_after_heater_in_turns(circulating):
    targets = []
    for water_degc in (69.0, 71.5, 72.5, 71.0, 69.5):
        circulating.set(hot_water__top_temp_degc=water_degc)
        targets.append(circulating.decide(300)[TARGET])
    assert targets == [1.0, 1.0, 0.0, 0.0, 1.0]


def test_a_collector_too_cool_for_the_circulation_waits_a_quarter_and_serves_the_tank_again(circulating):
    circulating.set(solar__collector_temp_degc=50.0)
    for minutes, target in ((0, 0.0), (25, 0.0), (6, 1.0), (5, 1.0), (10, 1.0), (2, 0.0), (25, 0.0), (8, 1.0)):
        values = circulating.decide(60 * minutes)
        assert values[TARGET] == target, minutes
        assert (values[PUMP] > 0) == (target == 0.0)
    circulating.set(solar__collector_temp_degc=70.0)
    assert circulating.decide(180)[PUMP] > 0
    assert circulating.decide(3600)[TARGET] == 1.0


def test_without_what_the_circulation_needs_to_be_known_the_sun_serves_the_tank(circulating):
    circulating.kill("loop_b")
    circulating.decide(60)
    assert circulating.decide(300)[TARGET] == 0.0
