"""Sharing compressor stages among heat pumps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from control.rules.machines import aged, may_add, may_remove, share, turned_to
from control.rules.memory import MachineMemory

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stages(result):
    return {name: memory.stage for name, memory in result.items()}


def fresh(biri, **run_h):
    return {p.id: MachineMemory(0, run_h=run_h.get(p.id, 0.0)) for p in biri.heat_pumps}


def test_one_compressor_on_each_machine_before_a_second_on_any(biri):
    memories = fresh(biri)
    for wanted, expected in [(1, [0, 1]), (2, [1, 1]), (3, [1, 2]), (4, [2, 2])]:
        assert sorted(stages(share(wanted, biri.heat_pumps, memories, NOW)).values()) == expected


def test_the_machine_with_fewest_hours_starts_and_the_one_with_most_stops(biri):
    started = share(1, biri.heat_pumps, fresh(biri, hp1=900.0, hp2=100.0), NOW)
    assert stages(started) == {"hp1": 0, "hp2": 1}
    running = {"hp1": MachineMemory(1, run_h=900.0), "hp2": MachineMemory(1, run_h=100.0)}
    assert stages(share(1, biri.heat_pumps, running, NOW)) == {"hp1": 0, "hp2": 1}


def test_a_machine_that_just_started_keeps_running_and_one_that_just_stopped_rests(biri):
    pump = biri.heat_pumps[0]
    running = turned_to(MachineMemory(0), 1, NOW)
    assert not may_remove(pump, running, NOW + timedelta(minutes=pump.min_run_min - 1))
    assert may_remove(pump, running, NOW + timedelta(minutes=pump.min_run_min))
    stopped = turned_to(running, 0, NOW)
    assert not may_add(pump, stopped, NOW + timedelta(minutes=pump.min_stop_min - 1))
    assert may_add(pump, stopped, NOW + timedelta(minutes=pump.min_stop_min))


def test_starts_per_hour_are_counted_over_the_last_hour(biri):
    pump = biri.heat_pumps[0]
    memory = MachineMemory(0, starts=(NOW,) * pump.max_starts_per_h)
    assert not may_add(pump, memory, NOW)
    assert may_add(pump, aged(memory, NOW + HOUR, 3600), NOW + HOUR)


def test_hours_grow_with_every_running_compressor():
    assert aged(MachineMemory(2, run_h=10.0), NOW, 1800).run_h == 11.0


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30)), max_size=60))
def test_no_sequence_of_demands_breaks_run_stop_or_start_limits(biri_pumps, demands):
    memories = {p.id: MachineMemory(0) for p in biri_pumps}
    now, log = NOW, []
    for wanted, minutes in demands:
        now += timedelta(minutes=minutes)
        before = {name: m.stage for name, m in memories.items()}
        memories = share(wanted, biri_pumps, {k: aged(m, now, minutes * 60) for k, m in memories.items()}, now)
        log += [(now, name, m.stage - before[name]) for name, m in memories.items() if m.stage != before[name]]
    for pump in biri_pumps:
        mine = [(at, change) for at, name, change in log if name == pump.id]
        for (first, change), (second, other) in pairwise(mine):
            rest = pump.min_run_min if change > 0 > other else pump.min_stop_min if change < 0 < other else 0
            assert second - first >= timedelta(minutes=rest)
        for at, _ in mine:
            assert sum(max(0, c) for t, c in mine if at - HOUR < t <= at) <= pump.max_starts_per_h
