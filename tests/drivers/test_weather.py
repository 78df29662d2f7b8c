import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from drivers.errors import Nonsense
from drivers.met_document import parse_document
from models.sun import sky
from models.synthetic import BIRI

START = datetime(2026, 6, 20, 6, tzinfo=UTC)


def step(hour, *, mm=None, mm6=None, **details):
    known = {"air_temperature": 10.0, "relative_humidity": 70.0, "wind_speed": 2.0, "cloud_area_fraction": 0.0}
    data = {"instant": {"details": {**known, **details}}}
    if mm is not None:
        data["next_1_hours"] = {"summary": {"symbol_code": "snow"}, "details": {"precipitation_amount": mm}}
    if mm6 is not None:
        data["next_6_hours"] = {"details": {"precipitation_amount": mm6}}
    return {"time": (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}


def document(*steps, updated="2026-06-20T05:31:22Z"):
    meta = {"updated_at": updated, "units": {"air_temperature": "celsius"}}
    return json.dumps({"type": "Feature", "properties": {"meta": meta, "timeseries": list(steps)}})


def test_hourly_steps_are_taken_as_they_are():
    series, issued_at = parse_document(
        document(step(0, air_temperature=8.0), step(1, air_temperature=9.5, wind_speed=4.0)), BIRI
    )
    assert issued_at == datetime(2026, 6, 20, 5, 31, 22, tzinfo=UTC)
    assert series.start == START
    assert series.temp_degc.tolist() == [8.0, 9.5]
    assert series.wind_m_s.tolist() == [2.0, 4.0]
    assert not series.synthetic


def test_six_hourly_steps_become_hourly():
    series, _ = parse_document(document(step(0), step(1), step(7, air_temperature=16.0)), BIRI)
    np.testing.assert_allclose(series.temp_degc, [10, 10, 11, 12, 13, 14, 15, 16])


def test_a_value_missing_in_one_step_is_interpolated():
    series, _ = parse_document(document(step(0), step(1, air_temperature=None), step(2, air_temperature=14.0)), BIRI)
    assert series.temp_degc.tolist() == [10.0, 12.0, 14.0]


def test_irradiance_follows_the_clouds_and_closes():
    body = document(step(0), step(6, cloud_area_fraction=50.0), step(12, cloud_area_fraction=100.0))
    series, _ = parse_document(body, BIRI)
    clear = sky(*BIRI, START, 3600.0, 13)
    share = series.ghi_w_m2[[0, 6, 12]] / clear.ghi_clear_w_m2[[0, 6, 12]]
    np.testing.assert_allclose(share, [1.0, 0.675, 0.35])
    closure = series.dhi_w_m2 + series.dni_w_m2 * np.cos(np.radians(clear.zenith_deg)) - series.ghi_w_m2
    assert np.abs(closure).max() < 1e-9


def test_precipitation_in_frost_is_snow_spread_over_its_hours():
    cold = {"air_temperature": -5.0}
    series, _ = parse_document(
        document(step(0, mm=2.0, mm6=9.0, **cold), step(1, mm6=6.0, **cold), step(7, **cold)), BIRI
    )
    np.testing.assert_allclose(series.snowfall_cm_per_h, [2, 1, 1, 1, 1, 1, 1, 0])


def test_a_forecast_that_starts_off_the_hour_is_put_on_it():
    body = document(step(0), step(3)).replace("06:00:00Z", "06:20:00Z")
    series, _ = parse_document(body, BIRI)
    assert series.start == START
    assert len(series.temp_degc) == 4


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<html>busy</html>", "Invalid JSON"),
        ('{"type": "Feature"}', "properties: Field required"),
        (document(), "0 forecast times"),
        (document(step(1), step(0)), "rising series"),
        (document(step(0), step(481)), "rising series"),
        (document(step(0, wind_speed=None), step(1, wind_speed=None)), "no wind_speed"),
        (document(step(0, air_temperature=2831.0), step(1)), "air_temperature: Input should be less than"),
        (document(step(0), step(1)).replace("2026-06-20T06:00:00Z", "soon"), "time: Input should be a valid datetime"),
    ],
)
def test_what_is_no_forecast_is_nonsense(body, text):
    with pytest.raises(Nonsense, match=text):
        parse_document(body, BIRI)
