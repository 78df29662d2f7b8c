"""The heat cycle: what proves it, when it is due, and that nothing but a proof moves the deadline."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.hygiene import fresh, observe, potable_points, proofs
from models.assets import Hygiene

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
RULE = Hygiene()
MINUTE = timedelta(minutes=1)


def looks(*temps, start=NOW, every=MINUTE):
    return [(start + n * every, temp) for n, temp in enumerate(temps)]


def test_thirty_minutes_at_sixty_degrees_are_a_proof_and_twenty_nine_are_not():
    assert proofs(looks(*[60.0] * 30), RULE, 120.0) == []
    (proof,) = proofs(looks(*[60.0] * 31), RULE, 120.0)
    assert (proof.degc, proof.minutes, proof.start) == (60.0, 30.0, NOW)


def test_five_minutes_at_seventy_degrees_are_a_proof():
    assert proofs(looks(*[70.0] * 5), RULE, 120.0) == []
    (proof,) = proofs(looks(*[70.5] * 6), RULE, 120.0)
    assert (proof.degc, proof.coldest_degc) == (70.0, 70.5)


def test_one_look_below_the_limit_begins_the_hold_anew():
    assert proofs(looks(*[61.0] * 20, 59.9, *[61.0] * 20), RULE, 120.0) == []


def test_a_missing_sensor_proves_nothing_and_breaks_the_hold():
    assert proofs(looks(*[65.0] * 20, None, *[65.0] * 20), RULE, 120.0) == []
    assert proofs(looks(*[None] * 100), RULE, 120.0) == []


def test_a_hole_between_two_looks_breaks_the_hold():
    assert proofs(looks(*[65.0] * 10, every=timedelta(minutes=4)), RULE, 120.0) == []


def test_a_long_hold_is_one_proof_that_keeps_growing():
    (proof,) = proofs(looks(*[66.0] * 200), RULE, 120.0)
    assert proof.end == NOW + 199 * MINUTE


def test_a_hold_that_passes_the_second_pair_is_still_one_proof():
    assert len(proofs(looks(*[71.0] * 60), RULE, 120.0)) == 1


def test_two_cycles_are_two_proofs():
    assert len(proofs(looks(*[61.0] * 40, *[50.0] * 10, *[61.0] * 40), RULE, 120.0)) == 2


def test_a_fresh_memory_is_due_within_a_day_and_a_proof_moves_it_by_the_interval():
    state = fresh(NOW)
    assert state.due_at == NOW + timedelta(days=1)
    for at, temp in looks(*[65.0] * 31):
        state, _ = observe(state, at, temp, RULE, 120.0)
    assert state.due_at == NOW + 30 * MINUTE + timedelta(days=7)


def test_a_deadline_beyond_the_interval_is_not_believed():
    state = fresh(NOW + timedelta(days=400))
    state, _ = observe(state, NOW, None, RULE, 120.0)
    assert state.due_at == NOW + timedelta(days=7)


@given(st.lists(st.one_of(st.none(), st.floats(20, 59.9)), max_size=100))
def test_no_series_of_cold_or_missing_looks_ever_moves_the_deadline(temps):
    state = fresh(NOW)
    for at, temp in looks(*temps):
        state, proof = observe(state, at, temp, RULE, 120.0)
        assert proof is None
    assert state.due_at == NOW + timedelta(days=1)


def test_the_potable_volume_is_the_after_heater_the_supply_and_every_return(biri):
    assert potable_points(biri) == (
        "hot_water.top_temp_degc",
        "hot_water.middle_temp_degc",
        "hot_water.bottom_temp_degc",
        "hot_water.supply_temp_degc",
        *(f"loop_{x}.return_temp_degc" for x in "abcd"),
    )


def codes(paper):
    return [event.code for event in paper.decision.events]


def test_the_cycle_is_driven_before_its_deadline_and_proven_at_the_coldest_sensor(paper):
    paper.set(loop_c__return_temp_degc=58.0)
    paper.decide()
    events = []
    for _ in range(16 * 60):
        paper.decide(60)
        events += codes(paper)
    assert events == ["hygiene.cycle_started"]
    assert paper.code("hot_water.stage_request") == "safety.water_limit"
    paper.set(loop_c__return_temp_degc=61.0)
    for _ in range(32):
        paper.decide(60)
        events += codes(paper)
    assert events == ["hygiene.cycle_started", "hygiene.cycle_proven"]
    assert paper.memory.hygiene.forced_since is None


def test_a_driven_cycle_heats_until_the_bottom_has_followed(paper):
    paper.set(hot_water__bottom_temp_degc=55.0)
    paper.pass_time(16 * 3600, 600)
    assert paper.decide()["hot_water.stage_request"] == 3
    assert paper.code("hot_water.stage_request") == "water.after_heater.cycle"


def test_an_unproven_cycle_is_overdue_once_and_goes_on(paper):
    paper.kill("loop_b.return")
    events = []
    for _ in range(27 * 6):
        paper.decide(600)
        events += codes(paper)
    assert events == ["hygiene.cycle_started", "hygiene.cycle_overdue"]
    assert paper.memory.hygiene.forced_since is not None


def test_a_restart_neither_moves_the_deadline_nor_counts_as_a_proof(paper):
    paper.pass_time(1740)
    due = paper.memory.hygiene.due_at
    paper.restart()
    paper.now += timedelta(minutes=10)
    paper.decide()
    assert paper.memory.hygiene.due_at == due
    assert paper.memory.hygiene.proven is None
    paper.memory = type(paper.memory)()
    paper.kill("hot_water")
    paper.decide()
    assert paper.memory.hygiene.due_at == paper.now + timedelta(days=1)


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_a_cycle_that_is_nearly_due_starts_at_any_hour(paper, hour):
    paper.now = paper.start.replace(hour=hour)
    paper.kill("loop_a")
    paper.decide()
    paper.now += timedelta(hours=13)
    paper.decide()
    assert paper.memory.hygiene.forced_since is not None
