"""What is stored of what is read: enough that at any moment the record is near what was read last."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bems.history.aggregate import aggregate
from bems.history.policy import AT_ONCE, BIG_STEP, NEVER, RESTLESS_S, STILL_S, Recording
from bems.history.rows import Series
from bems.history.times import to_ms
from models.signals import Quality, Sample
from models.site import load_site
from models.units import Unit

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
START = datetime(2026, 1, 15, 10, tzinfo=UTC)
TEMP = "weather.outdoor_temp_degc"
POWER = "main.power_kw"
COUNTER = "main.import_kwh"
FLAG = "hp1_io.compressor_1_on"
COUNT = "boiler.stages_on"
SETPOINT = "ahu_1.supply_setpoint_degc"


@pytest.fixture
def recording():
    return Recording(SITE.points, 60.0)


def stored(recording, point, values, period_s=1):
    """Seconds after the start of what was stored of one value every `period_s`; None is offline."""
    kept = []
    for n, value in enumerate(values):
        at = START + timedelta(seconds=n * period_s)
        quality = Quality.OFFLINE if value is None else Quality.GOOD
        kept += recording.worth_storing([Sample(point, at, value, quality)])
    return [round((sample.at - START).total_seconds()) for sample in kept]


def test_every_unit_has_its_step():
    assert set(BIG_STEP) == set(Unit)


@pytest.mark.parametrize("point", [TEMP, POWER, COUNTER])
def test_what_drifts_is_stored_once_a_minute(recording, point):
    assert stored(recording, point, [20 + n / 1000 for n in range(200)]) == [0, 60, 120, 180]


def test_points_that_are_read_at_different_seconds_are_stored_in_the_same_slot(recording):
    assert stored(recording, TEMP, [20 + n / 1000 for n in range(30)], period_s=7)[:4] == [0, 63, 126, 182]


@pytest.mark.parametrize(("point", "change"), [(FLAG, 1.0), (COUNT, 1.0), (SETPOINT, 0.1)])
def test_states_flags_counts_and_set_points_are_stored_when_they_change(recording, point, change):
    values = [0.0] * 10 + [change] + [0.0] * 10
    assert stored(recording, point, values) == [0, 10, 11]


def test_a_big_step_is_stored_at_once_and_a_restless_value_not_every_second(recording):
    assert stored(recording, TEMP, [20.0] * 10 + [22.0] * 10) == [0, 10]
    assert stored(recording, POWER, [10.0, 100.0] * 15) == [0, 5, 10, 15, 20, 25]


def test_a_big_step_is_also_big_against_the_value(recording):
    assert stored(recording, POWER, [100.0] * 5 + [108.0] * 5) == [0]
    assert stored(Recording(SITE.points, 60.0), POWER, [10.0] * 5 + [18.0] * 5) == [0, 5]


def test_a_change_of_quality_is_stored_at_once_and_a_dead_device_every_ten_minutes(recording):
    assert stored(recording, TEMP, [20.0] * 5 + [None] * 1200 + [20.0] * 5) == [0, 5, 600, 1200, 1205]


@pytest.mark.parametrize("point", [FLAG, COUNT, SETPOINT])
def test_states_that_do_not_change_are_stored_every_ten_minutes(recording, point):
    assert stored(recording, point, [1.0] * 1300) == [0, 600, 1200]


@pytest.mark.parametrize("point", [TEMP, COUNTER])
def test_analog_values_that_do_not_change_are_stored_all_the_same(recording, point):
    assert stored(recording, point, [1.0] * 130) == [0, 60, 120]


def test_a_counter_never_comes_before_its_time(recording):
    assert stored(recording, COUNTER, [1.0, 2.0, 500.0, 3.0]) == [0]


def test_a_clock_that_was_set_back_stops_nothing(recording):
    later = Sample(TEMP, START, 20.0)
    earlier = Sample(TEMP, START - timedelta(hours=1), 20.0)
    assert recording.worth_storing([later, earlier, earlier]) == [later, earlier]


def test_other_intervals():
    assert stored(Recording(SITE.points, 10.0), TEMP, [20 + n / 1000 for n in range(31)]) == [0, 10, 20, 30]


@given(
    values=st.lists(st.one_of(st.none(), st.floats(-30, 30).map(lambda x: round(x, 1))), min_size=1, max_size=300),
    period_s=st.sampled_from([1, 7, 60, 300]),
)
def test_what_holds_in_the_record_is_never_far_from_what_was_read(values, period_s):
    recording, step = Recording(SITE.points, 60.0), BIG_STEP[Unit.DEGC].least
    held = None
    for n, value in enumerate(values):
        at = START + timedelta(seconds=n * period_s)
        quality = Quality.OFFLINE if value is None else Quality.GOOD
        for sample in recording.worth_storing([Sample(TEMP, at, value, quality)]):
            held = sample
        assert held.quality is quality
        age_s = (at - held.at).total_seconds()
        assert age_s <= STILL_S
        if value is not None:
            assert abs(value - held.value) <= step or age_s < RESTLESS_S


def quarters(samples):
    """Mean and last of each quarter, as learning and the accounts of the night ask for them."""
    at_ms = np.array([to_ms(sample.at) for sample in samples], dtype=np.int64)
    value = np.array([sample.value for sample in samples], dtype=np.float64)
    edges_ms = to_ms(START) + 900_000 * np.arange(9, dtype=np.int64)
    found = aggregate(Series("p", at_ms, value, np.zeros(len(value), dtype=np.int8)), edges_ms, 900_000)
    assert (found.coverage == 1).all()
    return found


@pytest.mark.parametrize("seed", range(5))
def test_quarters_of_what_is_stored_are_those_of_what_was_read(seed):
    draw = np.random.default_rng(seed)
    seconds = np.arange(7200)
    hour = seconds / 3600
    starts = np.cumsum(draw.random(7200) < 1 / 600) % 2  # a machine that starts and stops
    read = {
        TEMP: np.round(-5 + 2 * np.sin(hour) + draw.normal(0, 0.1, 7200), 1),
        POWER: np.round(80 + 40 * starts + draw.normal(0, 3, 7200), 2),
        COUNTER: np.round(1000 + 80 * hour, 1),
        FLAG: starts.astype(float),
    }
    tolerance = {TEMP: 0.1, POWER: 3.0, COUNTER: 80 / 60, FLAG: 0.0}  # three deviations of 15 samples
    for point, values in read.items():
        samples = [Sample(point, START + timedelta(seconds=n), value) for n, value in enumerate(values.tolist())]
        kept = Recording(SITE.points, 60.0).worth_storing(samples)
        assert len(kept) < len(samples) / 10
        full, little = quarters(samples), quarters(kept)
        if point == COUNTER:
            np.testing.assert_allclose(little.last, full.last, atol=tolerance[point] + 0.1)
        else:
            np.testing.assert_allclose(little.mean, full.mean, atol=tolerance[point] + 1e-9)


def test_only_counters_and_totals_wait():
    assert {unit for unit, step in BIG_STEP.items() if step is NEVER} == {Unit.KWH, Unit.M3, Unit.HOUR, Unit.SECOND}
    assert BIG_STEP[Unit.STATE] is AT_ONCE
