"""What counters gained: over edges, gaps, slips, rollovers, exchanges and resets; from files as from SQLite."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bems.history.archive import archive_finished
from bems.history.counters import gains, plain, summaries, turns
from bems.history.exchanges import counting, standing
from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import Break, Event, EventKind, Exchange
from bems.history.times import to_ms
from models.point import ModbusPoint
from models.signals import Sample
from models.site import load_site

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def gained(readings, edges_min, **known):
    """Of readings by minute."""
    at_ms = np.array([minute * MINUTE_MS for minute, _ in readings], dtype=np.int64)
    value = np.array([np.nan if reading is None else reading for _, reading in readings], dtype=np.float64)
    return gains("energy_kwh", plain(at_ms, value), np.array(edges_min, dtype=np.int64) * MINUTE_MS, **known)


def test_neighbouring_buckets_share_a_step_that_an_edge_cuts():
    found = gained([(0, 100.0), (10, 110.0), (20, 140.0)], [0, 5, 15, 20])
    assert found.gained.tolist() == [5.0, 20.0, 15.0]
    assert found.coverage.tolist() == [1.0, 1.0, 1.0]
    assert found.in_gaps.tolist() == [0.0, 0.0, 0.0]
    assert found.breaks == ()


def test_a_gap_is_stated_and_what_was_gained_over_it_is_shared_out():
    found = gained([(0, 0.0), (10, 1.0), (130, 13.0), (140, 14.0)], [0, 70, 140, 200])
    assert found.gained.tolist()[:2] == [7.0, 7.0]
    assert found.in_gaps.tolist()[:2] == [6.0, 6.0]
    assert found.coverage == pytest.approx([10 / 70, 10 / 70, 0.0])
    assert np.isnan(found.gained[2])


@pytest.mark.parametrize("readings", [[], [(5, 1.0)], [(0, None), (5, 1.0), (6, None)]])
def test_without_two_readings_nothing_is_known(readings):
    found = gained(readings, [0, 10])
    assert np.isnan(found.gained).all()
    assert found.coverage.tolist() == [0.0]


@pytest.mark.parametrize("slip", [[0.0], [0.0, 0.1, 0.0], [99.9], [4e9], [4e9, 4.1e9]])
def test_readings_that_stand_out_for_a_moment_are_ignored(slip):
    values = [100.0, 101.0, *slip, *(102.0 + n for n in range(10))]
    found = gained(list(enumerate(values)), [0, len(values) - 1])
    assert found.gained.tolist() == [values[-1] - 100.0]
    assert found.breaks == ()


def test_a_reset_counts_as_nothing_and_is_stated():
    found = gained([(0, 100.0), (10, 101.0), (20, 0.0), (30, 1.0), (40, 2.0)], [0, 20, 40])
    assert found.gained.tolist() == [1.0, 2.0]
    assert found.coverage.tolist() == [0.5, 1.0]
    assert found.breaks == (Break(20 * MINUTE_MS, "reset", 101.0, 0.0),)
    assert np.isnan(gained([(0, 100.0), (20, 0.0)], [0, 20]).gained).all()


def test_a_rollover_goes_on_where_the_counter_ends():
    readings = [(0, 65_530.0), (10, 65_534.0), (20, 3.0), (30, 5.0)]
    found = gained(readings, [0, 30], rollover=65_536.0)
    assert found.gained.tolist() == [4.0 + 5.0 + 2.0]
    assert found.breaks == (Break(20 * MINUTE_MS, "rollover", 65_534.0, 3.0),)
    assert found.coverage.tolist() == [1.0]
    assert gained(readings, [0, 30]).breaks[0].kind == "reset"
    far = [(0, 30_000.0), (10, 3.0), (20, 4.0), (30, 5.0), (40, 6.0), (50, 7.0)]
    assert gained(far, [0, 50], rollover=65_536.0).breaks[0].kind == "reset"


def test_a_full_turn_is_what_the_profile_says_or_where_the_number_ends():
    site = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
    known = turns(site.points)
    assert known.keys() <= {p.id for p in site.points.values() if p.spec.counter}
    assert known["hp1.heat_energy_kwh"] == pytest.approx((1 << 32) * site.points["hp1.heat_energy_kwh"].spec.scale)
    point = {
        "name": "x_kwh",
        "label": {"nb": "x", "en": "x"},
        "tfm": "OE001",
        "table": "input",
        "address": 1,
        "as": "u32",
    }
    assert ModbusPoint.model_validate(point | {"counter": True, "turn": 1e6}).full_turn == 1e6
    assert ModbusPoint.model_validate(point | {"counter": True, "as": "f32"}).full_turn is None
    with pytest.raises(ValueError, match="belongs to counters"):
        ModbusPoint.model_validate(point | {"turn": 1e6})


@pytest.mark.parametrize("new", [7.0, 90_000.0])
def test_a_noted_exchange_counts_both_meters(new):
    exchange = Exchange(15 * MINUTE_MS, 104.0, new)
    found = gained([(0, 100.0), (10, 103.0), (20, new + 2), (30, new + 5)], [0, 30], exchanges=[exchange])
    assert found.gained.tolist() == [3.0 + 1.0 + 2.0 + 3.0]
    assert found.breaks == (Break(15 * MINUTE_MS, "exchange", 103.0, new + 2),)


@pytest.mark.parametrize("noted_min", [-90, 10, 15, 20, 200])
def test_an_exchange_is_noted_by_the_watch_and_happened_where_the_counter_fell(noted_min):
    """A reading of the old meter at or after the noted time is not taken for one of the new meter."""
    exchange = Exchange(noted_min * MINUTE_MS, 90_004.0, 7.0)
    readings = [(0, 90_000.0), (10, 90_003.0), (20, 9.0), (30, 12.0)]
    assert gained(readings, [0, 30], exchanges=[exchange]).gained.tolist() == [3.0 + 1.0 + 2.0 + 3.0]


FALL = [(0, 90_000.0), (10, 90_003.0), (20, 9.0), (30, 12.0)]


@pytest.mark.parametrize("noted_min", [(15, 12), (15, 200), (200, 15)])
def test_of_exchanges_that_come_to_one_step_the_one_told_last_counts(noted_min):
    wrong = Exchange(noted_min[0] * MINUTE_MS, 99_000.0, 0.0)
    right = Exchange(noted_min[1] * MINUTE_MS, 90_004.0, 7.0)
    found = gained(FALL, [0, 30], exchanges=[wrong, right])
    assert found.gained.tolist() == [3.0 + 1.0 + 2.0 + 3.0]
    within = right.at_ms <= 30 * MINUTE_MS
    assert found.breaks == ((Break(right.at_ms, "exchange", 90_003.0, 9.0),) if within else ())


def test_an_exchange_that_the_readings_know_nothing_of_adds_nothing():
    """Until the new meter is read, and where it was noted on a day on which nothing happened."""
    rising = [(n * 10, 80_000.0 + n) for n in range(7)]
    found = gained(rising, [0, 60], exchanges=[Exchange(30 * MINUTE_MS, 80_003.0, 0.0)])
    assert (found.gained.tolist(), found.breaks) == ([6.0], ())


def test_an_exchange_in_a_gap_counts_although_the_new_meter_has_passed_the_old_one():
    readings = [(0, 100.0), (10, 101.0), (600, 130.0), (610, 131.0)]
    found = gained(readings, [0, 610], exchanges=[Exchange(300 * MINUTE_MS, 104.0, 7.0)])
    assert found.gained.tolist() == [1.0 + 3.0 + 123.0 + 1.0]


@pytest.mark.parametrize(
    ("told_h", "left"),
    [
        ([], []),
        ([0], [0]),
        ([0, 6], [1]),
        ([6, 0], [1]),
        ([0, 6.1], [0, 1]),
        ([0, 5, 10], [2]),
        ([0, 100, 0.5], [1, 2]),
    ],
)
def test_what_is_told_later_stands_in_the_place_of_what_was_told_of_the_same_hours(told_h, left):
    assert standing([round(hour * HOUR_MS) for hour in told_h]) == left


def test_an_entry_without_readings_takes_an_exchange_back():
    noted = (10 * HOUR_MS, {"last": 104.0, "first": 7.0})
    taken_back = (10 * HOUR_MS, {"last": None, "first": None})
    assert counting([noted]) == (Exchange(10 * HOUR_MS, 104.0, 7.0),)
    assert counting([noted, taken_back]) == ()
    assert counting([noted, taken_back, noted]) == (Exchange(10 * HOUR_MS, 104.0, 7.0),)


def test_edges_must_rise():
    with pytest.raises(ValueError, match="strictly rising"):
        gained([(0, 1.0), (1, 2.0)], [5, 5])


@given(
    steps=st.lists(st.tuples(st.integers(1, 50), st.floats(0, 100)), min_size=1, max_size=40),
    cuts=st.sets(st.integers(1, 500), max_size=8),
)
def test_buckets_add_up_to_the_whole(steps, cuts):
    minutes = np.cumsum([0, *(minute for minute, _ in steps)])
    values = np.cumsum([10.0, *(rise for _, rise in steps)])
    readings = list(zip(minutes.tolist(), values.tolist(), strict=True))
    found = gained(readings, sorted({-10, *cuts, int(minutes[-1]) + 10} | {600_000}))
    assert np.nansum(found.gained) == pytest.approx(values[-1] - values[0])
    assert np.nansum(found.in_gaps) <= np.nansum(found.gained) + 1e-9
    assert ((found.coverage >= 0) & (found.coverage <= 1)).all()


def test_summaries_of_points_with_and_without_readings():
    of = summaries(
        np.array([0, 0, 0, 1, 2]), 3, np.array([0, 10, 5 * HOUR_MS, 7, 8]), np.array([1.0, 2.0, 1.5, np.nan, 4.0])
    )
    assert of.first_row.tolist() == [0, 3, 4]
    assert of.falls.tolist() == [1, 0, 0]
    assert of.known_ms.tolist() == [10, 0, 0]
    assert of.in_gaps.tolist() == [-0.5, 0.0, 0.0]
    assert np.isnan(of.first_value[1])
    assert of.last_value[[0, 2]].tolist() == [1.5, 4.0]


def fill(path, readings, exchanges=()):
    """Two meters; a tick brings the readings of three hours."""
    ticks = {}
    for minute, reading in readings:
        at = MIDNIGHT + timedelta(minutes=minute)
        samples = [Sample("a.energy_kwh", at, reading), Sample("b.energy_kwh", at, 2 * reading)]
        ticks.setdefault(minute // 180, []).extend(samples)
    with Record.open(path) as record:
        for samples in ticks.values():
            record.append_tick(samples)
        for minute, last, first in exchanges:
            at = MIDNIGHT + timedelta(minutes=minute)
            record.append_tick(
                [], events=[Event(at, EventKind.METER_EXCHANGE, "a.energy_kwh", "", {"last": last, "first": first})]
            )


DAY_MIN = 24 * 60
EDGES = [
    [0, 5 * DAY_MIN],
    [DAY_MIN // 2, 3 * DAY_MIN + 77],
    [n * DAY_MIN - 60 for n in range(6)],
    [7 * DAY_MIN, 8 * DAY_MIN],
]


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 1000),
    odd=st.sampled_from(["smooth", "slip at midnight", "sparse slip", "reset", "gap", "exchange", "rollover"]),
    edges=st.sampled_from(EDGES),
)
def test_files_and_summaries_give_what_sqlite_gives(tmp_path_factory, seed, odd, edges):
    draw = np.random.default_rng(seed)
    minutes = np.arange(0, 5 * DAY_MIN, 7 * 60 if odd == "sparse slip" else 13) + draw.integers(0, 5)
    values = 1000 + np.cumsum(draw.random(len(minutes))).round(2)
    after = minutes >= 2 * DAY_MIN + 300
    exchanges = []
    if odd == "slip at midnight":
        values[np.searchsorted(minutes, 2 * DAY_MIN) - 1] = 1e9
    elif odd == "sparse slip":  # over more than a day's file
        values[5:9] = draw.choice([0.0, 1e9])
    elif odd == "reset":
        values[after] -= 1000
    elif odd == "rollover":
        values = (values + 64_300) % 65_536
    elif odd == "exchange":
        values[after] += 5000
        exchanges = [(2 * DAY_MIN + 298, values[np.flatnonzero(after)[0] - 1] + 0.1, values[after][0] - 0.2)]
    elif odd == "gap":
        keep = (minutes < DAY_MIN + 100) | (minutes > 3 * DAY_MIN - 50)
        minutes, values = minutes[keep], values[keep]
    readings = list(zip(minutes.tolist(), values.tolist(), strict=True))
    found = []
    for move in (False, True):
        path = tmp_path_factory.mktemp("record") / "record.sqlite"
        fill(path, readings, exchanges)
        if move:
            assert len(archive_finished(path, MIDNIGHT + 4 * DAY).files) == 4
        moments = [MIDNIGHT + timedelta(minutes=minute) for minute in edges]
        found.append(History(path).gained(["a.energy_kwh", "b.energy_kwh", "c"], moments, {"a.energy_kwh": 65_536.0}))
    hot, cold = found
    for point in ("a.energy_kwh", "b.energy_kwh", "c"):
        np.testing.assert_allclose(cold[point].gained, hot[point].gained, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(cold[point].in_gaps, hot[point].in_gaps, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(cold[point].coverage, hot[point].coverage)
        assert cold[point].breaks == hot[point].breaks
    if odd in ("smooth", "slip at midnight", "sparse slip", "rollover", "gap") and edges == EDGES[0]:
        rise = (values[-1] - values[0]) % 65_536
        assert hot["a.energy_kwh"].gained.sum() == pytest.approx(rise)


@pytest.mark.parametrize("noted_min", [120, 120 + 5 * 60])
def test_an_exchange_is_put_right_by_telling_it_again_and_taken_back(tmp_path, noted_min):
    """Also where it is told again with a time after the period that is asked for."""
    path = tmp_path / "record.sqlite"
    readings = [(minute, 9000.0 + minute if minute < 120 else minute - 115.0) for minute in range(0, DAY_MIN, 10)]

    def told():
        (whole,) = History(path).gained(["a.energy_kwh"], [MIDNIGHT, MIDNIGHT + 3 * HOUR])["a.energy_kwh"].gained
        return whole

    fill(path, readings, [(120, 9999.0, 0.0)])
    assert told() == 110 + 889 + 65
    fill(path, [], [(noted_min, 9112.0, 1.0)])
    assert told() == 110 + 2 + 64
    fill(path, [], [(noted_min, None, None)])
    assert told() == 110 + 60


def test_a_month_of_whole_days_reads_no_file(tmp_path, monkeypatch):
    path = tmp_path / "record.sqlite"
    fill(path, [(minute, float(minute)) for minute in range(0, 5 * DAY_MIN, 30)])
    archive_finished(path, MIDNIGHT + 5 * DAY)
    from bems.history import parquet

    monkeypatch.setattr(parquet, "read_rows", lambda *_: pytest.fail("a file was read"))
    found = History(path).gained(["a.energy_kwh"], [MIDNIGHT + n * DAY for n in (0, 1, 4)])["a.energy_kwh"]
    assert found.gained.tolist() == [DAY_MIN, 3 * DAY_MIN]
    assert found.coverage.tolist() == [1.0, 1.0]
    assert to_ms(MIDNIGHT) == found.edges_ms[0]
