"""A thinned file answers quarters, counters and states as the whole one did."""

import numpy as np
import polars as pl
import pytest

from bems.history.aggregate import aggregate
from bems.history.parquet import frame
from bems.history.rows import Series
from bems.history.thinning import STEP_MS, thinned

DAY_MS = 86_400_000
START_MS = 20_468 * DAY_MS
NAN = float("nan")
MEANS, STATES = frozenset({"power", "temp"}), frozenset({"on"})


def made(rows):
    """A file of (point, seconds after midnight, value) in any order, tick by tick."""
    names = sorted({point for point, _, _ in rows})
    point = np.array([names.index(p) for p, _, _ in rows])
    at_ms = np.array([START_MS + round(s * 1000) for _, s, _ in rows], dtype=np.int64)
    value = np.array([v for _, _, v in rows], dtype=np.float64)
    return frame(names, point, at_ms, value, np.where(np.isnan(value), 2, 0).astype(np.int8), np.arange(len(rows)))


def series(table, point):
    rows = table.filter(pl.col("point").cast(pl.String) == point)
    value = rows["value"].cast(pl.Float64).fill_null(NAN).to_numpy()
    return Series(point, rows["at_utc"].dt.epoch("ms").to_numpy().copy(), value, rows["quality"].to_numpy())


def quarters(table, point, step_ms=STEP_MS, count=96):
    edges = START_MS + step_ms * np.arange(count + 1)
    return aggregate(series(table, point), edges, STEP_MS)


def readings(table, point):
    return [
        ((at - START_MS) / 1000, None if np.isnan(v) else v)
        for at, v in zip(series(table, point).at_ms, series(table, point).value, strict=True)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_means_and_coverage_of_quarters_stay_what_they_were(seed):
    random = np.random.default_rng(seed)
    seconds = np.cumsum(random.choice([1.0, 60.0, 61.5, 300.0, 900.0, 3000.0], 400, p=[0.1, 0.5, 0.2, 0.1, 0.05, 0.05]))
    seconds = seconds[seconds < 86_000]
    values = np.where(random.random(len(seconds)) < 0.05, NAN, random.normal(20, 5, len(seconds)))
    before = made([("temp", s, v) for s, v in zip(seconds, values, strict=True)])
    after = thinned(before, MEANS, STATES)
    assert len(after) < len(before)
    whole, thin = quarters(before, "temp"), quarters(after, "temp")
    last = int(seconds[-1] * 1000) // STEP_MS  # what holds beyond the last quarter is the next file's matter
    known = thin.coverage[:last] > 0
    np.testing.assert_array_equal(known, whole.coverage[:last] > 0)
    np.testing.assert_allclose(thin.mean[:last][known], whole.mean[:last][known])
    # where knowledge is lost and comes again within a quarter, its length counts, not its place
    np.testing.assert_allclose(thin.coverage[:last], whole.coverage[:last], atol=2e-6)
    hours = [quarters(table, "temp", 4 * STEP_MS, last // 4) for table in (before, after)]
    np.testing.assert_allclose(hours[1].mean, hours[0].mean)


def test_a_minute_by_minute_day_becomes_a_row_a_quarter():
    after = thinned(made([("power", 60.0 * n, float(n % 7)) for n in range(1440)]), MEANS, STATES)
    assert len(after) == 96
    assert after["at_utc"].dt.epoch("ms").to_list() == [START_MS + STEP_MS * n for n in range(96)]
    assert after["quality"].to_list() == [0] * 96


def test_a_constant_stays_that_constant():
    after = thinned(made([("power", 7.3 * n, 0.1) for n in range(9000)]), MEANS, STATES)
    assert set(after["value"].to_list()) == {0.1}


def test_what_was_unknown_stays_unknown_with_its_quality():
    after = thinned(made([("temp", 0.0, 5.0), ("temp", 300.0, NAN), ("temp", 4000.0, 6.0)]), MEANS, STATES)
    assert readings(after, "temp") == [(0.0, 5.0), (300.0, None), (4000.0, 6.0)]
    assert after["quality"].to_list() == [0, 2, 0]


def test_a_device_that_never_answered_leaves_one_row_a_quarter():
    after = thinned(made([("temp", 60.0 * n, NAN) for n in range(60)]), MEANS, STATES)
    assert readings(after, "temp") == [(0.0, None), (900.0, None), (1800.0, None), (2700.0, None)]


def test_counters_keep_their_first_and_last_reading_of_a_quarter_and_every_fall():
    rows = [("energy", 60.0 * n, 100.0 + n) for n in range(15)] + [("energy", 900.0 + 60.0 * n, n) for n in range(15)]
    rows += [("energy", 1800.0 + 60.0 * n, 15.0 + n - (12 if n >= 7 else 0)) for n in range(15)]
    after = readings(thinned(made(rows), MEANS, STATES), "energy")
    assert after == [
        (0.0, 100.0), (840.0, 114.0), (900.0, 0.0), (1740.0, 14.0), (1800.0, 15.0), (2160.0, 21.0), (2220.0, 10.0),
        (2640.0, 17.0),
    ]  # fmt: skip


def test_states_keep_every_change_and_hold_without_gaps():
    on = [0.0] * 20 + [1.0] * 3 + [0.0] * 67
    before = made([("on", 60.0 * n, v) for n, v in enumerate(on)])
    after = thinned(before, MEANS, STATES)
    assert [r for r in readings(after, "on") if r[0] in (1200.0, 1380.0)] == [(1200.0, 1.0), (1380.0, 0.0)]
    assert len(after) == 14
    np.testing.assert_allclose(quarters(after, "on", 60_000, 90).mean, on)


def test_a_point_nobody_knows_keeps_readings_and_no_mean_is_made_of_it():
    after = thinned(made([("strange", 60.0 * n, float(n % 2)) for n in range(15)]), MEANS, STATES)
    assert set(after["value"].to_list()) <= {0.0, 1.0}


def test_order_and_columns_are_those_of_a_file():
    rows = [(p, 60.0 * n, float(n)) for n in range(100) for p in ("temp", "energy", "on", "power")]
    before = made(rows)
    after = thinned(before, MEANS, STATES)
    assert after.columns == before.columns
    assert after.schema["at_utc"] == before.schema["at_utc"]
    keys = list(zip(after["point"].cast(pl.String).to_list(), after["at_utc"].to_list(), strict=True))
    assert keys == sorted(keys)
    assert thinned(before.clear(), MEANS, STATES).height == 0
    again = thinned(after, MEANS, STATES)
    assert again.filter(pl.col("point").cast(pl.String) == "temp")["value"].to_list() == (
        after.filter(pl.col("point").cast(pl.String) == "temp")["value"].to_list()
    )
