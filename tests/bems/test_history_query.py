"""What was recorded is found again: raw, in buckets, as last values, commands, events and forecasts."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from bems.history.query import History
from bems.history.record import Record
from bems.history.rows import CommandRow, Event, EventKind, KnownForecast
from bems.history.schema import QUALITY_CODE
from bems.history.times import even_edges, from_ms, local_day_edges, to_ms
from models.signals import Command, Quality, Reason, Sample, WriteResult

TEN = datetime(2026, 1, 15, 10, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record.db"


@pytest.fixture
def record(path):
    with Record.open(path) as record:
        yield record


@pytest.fixture
def history(record, path):
    return History(path)


def test_every_sample_comes_back_at_full_precision_with_its_own_time(record, history):
    third = Sample("a.temp_degc", TEN + timedelta(milliseconds=7), 1 / 3)
    record.append_tick([Sample("a.temp_degc", TEN, 0.1 + 0.2), Sample("b.power_kw", TEN + MINUTE, -1e-300), third])
    found = history.raw(["a.temp_degc", "b.power_kw"], TEN, TEN + HOUR)
    assert found["a.temp_degc"].at_ms.tolist() == [to_ms(TEN), to_ms(TEN) + 7]
    assert found["a.temp_degc"].value.tolist() == [0.1 + 0.2, 1 / 3]
    assert found["b.power_kw"].at_ms.tolist() == [to_ms(TEN + MINUTE)]
    assert found["b.power_kw"].value.tolist() == [-1e-300]


def test_equal_values_and_even_equal_times_are_all_kept(record, history):
    for _ in range(3):
        record.append_tick([Sample("a", TEN, 5.0), Sample("a", TEN, 5.0)])
    assert history.raw(["a"], TEN, TEN + HOUR)["a"].value.tolist() == [5.0] * 6


@pytest.mark.parametrize("quality", [q for q in Quality if q is not Quality.GOOD])
def test_a_sample_without_value_keeps_its_quality(record, history, quality):
    record.append_tick([Sample("a", TEN, None, quality), Sample("b", TEN, 1.0)])
    found = history.raw(["a"], TEN, TEN + HOUR)["a"]
    assert np.isnan(found.value).all()
    assert found.quality.tolist() == [QUALITY_CODE[quality]]
    assert history.last_values(["a"]) == {"a": Sample("a", TEN, None, quality)}


@pytest.mark.parametrize(
    "broken",
    [
        Sample("a", TEN, None, Quality.GOOD),
        Sample("a", TEN, float("nan")),
        Sample("a", TEN, float("inf")),
        Sample("a", TEN, 4.0, Quality.OFFLINE),
    ],
)
def test_a_sample_that_breaks_the_rule_of_its_type_is_kept_as_bad(record, history, broken):
    record.append_tick([broken])
    assert history.last_values() == {"a": Sample("a", TEN, None, Quality.BAD)}


def test_a_period_includes_its_start_and_excludes_its_end(record, history):
    for i in range(4):
        record.append_tick([Sample("a", TEN + i * MINUTE, float(i))])
    assert history.raw(["a"], TEN + MINUTE, TEN + 3 * MINUTE)["a"].value.tolist() == [1.0, 2.0]


def test_late_samples_take_their_place_in_time(record, history):
    record.append_tick([Sample("a", TEN + 2 * MINUTE, 3.0), Sample("b", TEN + 2 * MINUTE, 0.0)])
    record.append_tick([Sample("a", TEN, 1.0), Sample("a", TEN + MINUTE, 2.0), Sample("b", TEN + 5 * MINUTE, 0.0)])
    assert history.raw(["a"], TEN, TEN + HOUR)["a"].value.tolist() == [1.0, 2.0, 3.0]
    assert history.last_values()["a"] == Sample("a", TEN + 2 * MINUTE, 3.0)


def test_a_point_never_recorded_is_an_empty_answer(record, history):
    record.append_tick([Sample("a", TEN, 1.0)])
    assert len(history.raw(["x"], TEN, TEN + HOUR)["x"].at_ms) == 0
    assert history.aggregated(["x"], (TEN, TEN + HOUR))["x"].coverage.tolist() == [0.0]
    assert history.last_values(["x"]) == {}
    assert history.points() == ("a",)


def test_an_empty_record_gives_empty_answers(history):
    assert history.points() == ()
    assert history.last_values() == {}
    assert history.commands(TEN, TEN + HOUR) == ()
    assert history.events(TEN, TEN + HOUR) == ()
    assert history.forecast_as_known(TEN, "met") is None


def test_buckets_see_the_value_that_held_before_them(record, history):
    # 4 until 10:01, then 9; offline from 10:06
    record.append_tick([Sample("a", TEN - 2 * MINUTE, 4.0)])
    record.append_tick([Sample("a", TEN + MINUTE, 9.0)])
    record.append_tick([Sample("a", TEN + 6 * MINUTE, None, Quality.OFFLINE)])
    found = history.aggregated(["a"], even_edges(TEN, TEN + 10 * MINUTE, 5 * MINUTE), max_hold=10 * MINUTE)["a"]
    assert found.mean.tolist() == [8.0, 9.0]
    assert found.coverage.tolist() == [1.0, 0.2]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)])
def test_local_days_have_their_own_length_and_their_own_values(record, history, day, hours):
    """The value is 1 during the local day and 0 outside; samples every quarter of an hour."""
    edges = local_day_edges(day - timedelta(days=1), day + timedelta(days=1))
    quarters = even_edges(edges[0], edges[-1], timedelta(minutes=15))[:-1]
    for at in quarters:
        record.append_tick([Sample("a", at, float(edges[1] <= at < edges[2]))])
    found = history.aggregated(["a"], edges)["a"]
    assert (edges[2] - edges[1]) == timedelta(hours=hours)
    assert found.mean.tolist() == [0.0, 1.0, 0.0]
    assert (found.min.tolist(), found.max.tolist()) == ([0.0, 1.0, 0.0], [0.0, 1.0, 0.0])
    assert found.coverage.tolist() == [1.0, 1.0, 1.0]


def test_local_days_of_summer_begin_at_ten_in_the_evening_utc():
    assert local_day_edges(date(2026, 6, 1), date(2026, 6, 1)) == (
        datetime(2026, 5, 31, 22, tzinfo=UTC),
        datetime(2026, 6, 1, 22, tzinfo=UTC),
    )


def test_days_that_run_backwards_are_refused():
    with pytest.raises(ValueError, match="no days"):
        local_day_edges(date(2026, 6, 2), date(2026, 6, 1))


def test_times_survive_the_way_into_milliseconds_and_back():
    at = datetime(2026, 7, 1, 12, 30, 15, 123000, tzinfo=UTC)
    assert from_ms(to_ms(at)) == at


def test_a_time_without_zone_is_refused(record, history):
    naive = TEN.replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        record.append_tick([Sample("a", naive, 1.0)])
    with pytest.raises(ValueError, match="time zone"):
        history.raw(["a"], naive, TEN)
    with pytest.raises(ValueError, match="time zone"):
        even_edges(naive, TEN, MINUTE)


def test_last_values_can_be_asked_for_a_moment_in_the_past(record, history):
    for i in range(5):
        record.append_tick([Sample("a", TEN + i * HOUR, float(i))])
    record.append_tick([Sample("b", TEN + 5 * HOUR, 9.0)])
    assert history.last_values(at=TEN + 3 * HOUR) == {"a": Sample("a", TEN + 3 * HOUR, 3.0)}
    assert history.last_values(within=HOUR / 2) == {"b": Sample("b", TEN + 5 * HOUR, 9.0)}


def test_commands_keep_their_reason_and_what_came_of_them(record, history):
    given = Command("hp1.offset_k", 2.0, 10, "rules.curve", TEN + HOUR, Reason("heat.curve", {"outdoor_degc": -12.0}))
    back = Command("hp2.offset_k", None, 10, "rules.curve", TEN + HOUR, Reason("heat.stages.no_heat"))
    written = CommandRow(TEN, given, WriteResult("hp1.offset_k", ok=True, read_back=2.0, error=None))
    refused = CommandRow(TEN + MINUTE, back, WriteResult("hp2.offset_k", ok=False, read_back=None, error="exception 2"))
    held = CommandRow(TEN + 2 * MINUTE, given)
    record.append_tick([], commands=[written, refused])
    record.append_tick([Sample("a", TEN, 1.0)], commands=[held])
    assert history.commands(TEN, TEN + HOUR) == (written, refused, held)
    assert history.commands(TEN, TEN + HOUR, point="hp1.offset_k") == (written, held)
    assert history.commands(TEN + MINUTE, TEN + 2 * MINUTE) == (refused,)
    assert history.commands(TEN, TEN + HOUR, point="hp3.offset_k") == ()


def test_events_are_found_by_time_kind_and_subject(record, history):
    start = Event(TEN, EventKind.START, "bems", "Programmet startet")
    up = Event(TEN + MINUTE, EventKind.ALARM_UP, "boiler.fault", "Feil på kjele", {"value": 1.0})
    down = Event(TEN + 2 * MINUTE, EventKind.ALARM_DOWN, "boiler.fault", "Kjele i orden", {"lasted_s": 60})
    record.append_tick([], events=[start, up])
    record.append_tick([], events=[down])
    assert history.events(TEN, TEN + HOUR) == (start, up, down)
    assert history.events(TEN, TEN + HOUR, kinds=[EventKind.ALARM_UP]) == (up,)
    assert history.events(TEN, TEN + HOUR, subject="boiler.fault") == (up, down)
    assert history.events(TEN + MINUTE, TEN + 2 * MINUTE) == (up,)


def test_events_are_followed_by_their_numbers_also_when_the_clock_was_set_back(record, history):
    assert (history.newest_event(), history.events_after(0, 10)) == (0, ())
    first = Event(TEN, EventKind.START, "bems", "Programmet startet")
    early = Event(TEN - HOUR, EventKind.CONTROL, "hot_water", "Syklus begynt")
    record.append_tick([], events=[first])
    record.append_tick([], events=[early])
    (number, found), (newest, last) = history.events_after(0, 10)
    assert (found, last, newest) == (first, early, history.newest_event())
    assert history.events_after(0, 1) == ((number, first),)
    assert history.events_after(number, 10) == ((newest, early),)
    assert history.events_after(newest, 10) == ()


def forecast(known_at, first_degc, source="met"):
    at_ms = to_ms(known_at) + 3_600_000 * np.arange(3, dtype=np.int64)
    columns = {
        "temp_degc": np.array([first_degc, 0.1 + 0.2, np.nan]),
        "wind_m_s": np.array([1.0, 2.0, 3.0]),
    }
    return KnownForecast(source, known_at, known_at - 20 * MINUTE, at_ms, columns)


def test_a_forecast_is_given_as_it_was_known_at_the_time(record, history):
    record.put_forecast(forecast(TEN, -5.0))
    record.put_forecast(forecast(TEN + HOUR, -7.0))
    record.put_forecast(forecast(TEN + HOUR, 99.0, source="prices"))
    assert history.forecast_as_known(TEN - MINUTE, "met") is None
    old = history.forecast_as_known(TEN + HOUR - MINUTE, "met")
    assert old is not None
    assert (old.source, old.known_at, old.issued_at) == ("met", TEN, TEN - 20 * MINUTE)
    assert old.at_ms.tolist() == forecast(TEN, -5.0).at_ms.tolist()
    assert list(old.columns) == ["temp_degc", "wind_m_s"]
    assert old.columns["temp_degc"][:2].tolist() == [-5.0, 0.1 + 0.2]
    assert np.isnan(old.columns["temp_degc"][2])
    new = history.forecast_as_known(TEN + HOUR, "met")
    assert new is not None
    assert new.columns["temp_degc"][0] == -7.0


def test_a_forecast_with_columns_of_another_length_is_refused():
    with pytest.raises(ValueError, match="temp_degc"):
        KnownForecast("met", TEN, TEN, np.arange(3), {"temp_degc": np.zeros(2)})
