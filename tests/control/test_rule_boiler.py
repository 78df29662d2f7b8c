"""The electric boiler: last, locked, and there when it is needed."""

from itertools import pairwise

import pytest

STAGE = "boiler.stage_request"


@pytest.fixture
def short(paper):
    """A buffer that stays 4 K short whatever runs."""
    paper.layers("buffer", 33.0, 32.0, 31.0, 30.0)
    return paper


def first_minute_above_zero(paper, minutes):
    for minute in range(minutes):
        values = paper.decide(60)
        paper.obey(values)
        if values[STAGE] > 0:
            return minute, values
    return None, values


def test_the_boiler_waits_until_every_compressor_has_run_flat_out_for_a_quarter_of_an_hour(short):
    minute, values = first_minute_above_zero(short, 120)
    assert values["hp1_io.stage_request"] + values["hp2_io.stage_request"] == 4
    full_since = max(m.started_at for m in short.memory.machines.values())
    assert (short.now - full_since).total_seconds() >= 900
    assert minute > 15


def test_it_comes_stage_by_stage_and_stops_at_the_normal_ones(short):
    counts = []
    for _ in range(110):
        values = short.decide(60)
        short.obey(values)
        counts.append(values[STAGE])
    assert max(counts) == 2
    assert all(b - a in (-1, 0, 1) for a, b in pairwise(counts))


def test_all_stages_are_released_when_a_heat_pump_is_lost(short):
    short.pass_time(3600)
    short.set(hp1_io__fault=1.0, hp1_io__compressor_1_on=0.0, hp1_io__compressor_2_on=0.0)
    assert short.pass_time(3600)[STAGE] == 7
    assert short.code(STAGE) == "heat.boiler.machine_lost"


def test_all_stages_are_released_when_a_resident_freezes(short):
    short.set(c4__temp_degc=20.0)
    assert short.pass_time(7200)[STAGE] == 7
    assert short.code(STAGE) == "heat.boiler.comfort"


def test_all_stages_are_released_when_the_buffer_stays_far_too_cold(paper):
    paper.layers("buffer", 30.0, 30.0, 30.0, 30.0)
    assert paper.pass_time(9000)[STAGE] == 7


def test_it_goes_stage_by_stage_when_the_buffer_has_arrived(short):
    short.pass_time(7200)
    short.layers("buffer", 38.0, 36.0, 33.0, 31.0)
    assert short.pass_time(300)[STAGE] == 1
    assert short.pass_time(300)[STAGE] == 0


def test_a_tripped_boiler_is_asked_for_nothing(short):
    short.pass_time(7200)
    short.set(boiler__overheat_trip=1.0)
    assert short.decide(60)[STAGE] == 0
    assert short.code(STAGE) == "safety.boiler_tripped"


def test_a_boiler_that_does_not_answer_gets_no_wish(short):
    short.kill("boiler")
    assert STAGE not in short.pass_time(600)
