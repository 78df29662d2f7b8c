from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from control.record import Record

START = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
NAN = float("nan")


def made(dt_s=900.0, **columns):
    values = {name.replace("__", "."): np.array(values, dtype=np.float64) for name, values in columns.items()}
    return Record(START, dt_s, values)


def test_steps_and_times():
    record = made(a=[1, 2, 3, 4])
    assert len(record) == 4
    assert record.end == START + timedelta(hours=1)
    assert record.index(START + timedelta(minutes=29)) == 1
    assert record.index(START - timedelta(minutes=1)) == -1


def test_local_time_changes_with_summer_time():
    record = Record(datetime(2026, 3, 29, 0, 0, tzinfo=UTC), 3600.0, {"a": np.zeros(3)})
    days, hours = record.local()
    assert hours.tolist() == [1.0, 3.0, 4.0]
    assert len(set(days.tolist())) == 1


def test_column_is_none_when_nothing_is_known():
    record = made(a=[NAN, 1.0], b=[NAN, NAN])
    assert record.column("a") is not None
    assert record.column("b") is None
    assert record.column("c") is None
    assert record.column(None) is None


def test_slice_takes_steps_that_begin_within():
    record = made(a=[1, 2, 3, 4])
    part = record.slice(START + timedelta(minutes=10), START + timedelta(minutes=31))
    assert part.start == START + timedelta(minutes=15)
    assert part.values["a"].tolist() == [2.0, 3.0]
    assert len(record.slice(START + timedelta(days=1), START + timedelta(days=2))) == 0
    assert record.slice(START - timedelta(days=1), START + timedelta(days=1)).values["a"].tolist() == [1, 2, 3, 4]


def test_resampling_means_what_is_known_and_keeps_the_last_of_counters():
    record = made(a=[1, NAN, NAN, NAN, 5], n=[1, 2, 3, 4, 5])
    long = record.resampled(1800.0, frozenset({"n"}))
    assert long.values["a"][0] == 1.0
    assert np.isnan(long.values["a"][1])
    assert long.values["n"].tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match="multiple"):
        record.resampled(1000.0)


def test_what_is_no_record_is_refused():
    with pytest.raises(ValueError, match="UTC"):
        Record(START.replace(tzinfo=None), 900.0, {})
    with pytest.raises(ValueError, match="equally"):
        made(a=[1], b=[1, 2])
