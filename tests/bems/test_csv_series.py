"""Weather and prices from files, and how a faulty file is told."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bems.backtest.csv_series import CsvError, covered, prices_csv, weather_csv

START = datetime(2019, 1, 15, tzinfo=UTC)
WEATHER = "time_utc,temp_degc,ghi_w_m2,dni_w_m2,dhi_w_m2,wind_m_s"
PRICES = "time_utc,price_nok_per_kwh"


def written(tmp_path, *lines):
    file = tmp_path / "given.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


def test_weather_is_read_hour_by_hour(tmp_path):
    file = written(tmp_path, WEATHER, "2019-01-15T00:00,-7.5,0,0,0,2.5", "2019-01-15T01:00Z,-8,1,2,3,4")
    series = weather_csv(file)
    assert (series.start, series.step_s) == (START, 3600.0)
    assert series.at("temp_degc", START + timedelta(minutes=30)) == pytest.approx(-7.75)
    assert [series.ghi_w_m2[1], series.dni_w_m2[1], series.dhi_w_m2[1], series.wind_m_s[1]] == [1, 2, 3, 4]
    assert (len(series.temp_degc), series.duration_s) == (3, 7200.0)  # the last row holds for its hour
    assert series.at("temp_degc", START + timedelta(hours=2)) == -8
    assert not series.synthetic
    assert (series.snowfall_cm_per_h == 0).all()


@pytest.mark.parametrize(("step_min", "step_s"), [(60, 3600), (15, 900)])
def test_prices_are_valid_from_their_time_for_an_hour_or_a_quarter(tmp_path, step_min, step_s):
    times = [START + timedelta(minutes=n * step_min) for n in range(8)]
    lines = [f"{when:%Y-%m-%d %H:%M:%S+00:00},{-0.5 + n / 2}" for n, when in enumerate(times)]
    series = prices_csv(written(tmp_path, PRICES, *lines))
    assert (series.step_s, series.start) == (step_s, START)
    assert series.at(times[3] + timedelta(minutes=14)) == 1.0
    assert np.isclose(series.values[0], -0.5)


def test_a_time_with_an_offset_is_turned_into_utc(tmp_path):
    file = written(tmp_path, PRICES, "2019-01-15T01:00+01:00,1", "2019-01-15T02:00+01:00,2")
    assert prices_csv(file).start == START


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["time,price"], "row 1: 'time,price'; allowed: time_utc,price_nok_per_kwh"),
        ([PRICES], "0 rows of data; allowed: at least 2"),
        ([PRICES, "2019-01-15T00:00,1", "soon,1"], "row 3: time_utc 'soon'; allowed: a time such as 2026-01-15T05:00"),
        ([PRICES, "2019-01-15T00:00,nan"], "row 2: price_nok_per_kwh 'nan'; allowed: -20 .. 100"),
        ([PRICES, "2019-01-15T00:00,1,2"], "row 2: 3 values; allowed: 2"),
        (
            [PRICES, "2019-01-15T00:00,1", "2019-01-15T00:30,1"],
            "row 3: 1800 s after row 2; allowed: 3600 s or 900 s, on full steps of the clock",
        ),
        (
            [PRICES, "2019-01-15T00:00,1", "2019-01-15T01:00,1", "2019-01-15T03:00,1"],
            "row 4: time_utc 2019-01-15T03:00 after 2019-01-15T01:00; allowed: 2019-01-15T02:00",
        ),
    ],
)
def test_a_fault_names_file_row_value_and_what_is_allowed(tmp_path, lines, told):
    file = written(tmp_path, *lines)
    with pytest.raises(CsvError) as error:
        prices_csv(file)
    assert str(error.value) == f"{file}: {told}"


def test_weather_beyond_sense_and_missing_files_are_refused(tmp_path):
    file = written(tmp_path, WEATHER, "2019-01-15T00:00,-7.5,0,0,0,2.5", "2019-01-15T01:00,700,0,0,0,2.5")
    with pytest.raises(CsvError, match=r"row 3: temp_degc '700'; allowed: -60 \.\. 60"):
        weather_csv(file)
    with pytest.raises(CsvError, match=r"nowhere\.csv: .*; allowed: a readable CSV file in UTF-8"):
        weather_csv(tmp_path / "nowhere.csv")


def test_a_file_must_reach_over_the_whole_run(tmp_path):
    has = (START, START + timedelta(days=2))
    covered(tmp_path, has, has)
    with pytest.raises(CsvError, match="covers 2019-01-15T00:00 to 2019-01-17T00:00; the run with its warm-up needs"):
        covered(tmp_path, has, (START - timedelta(days=1), has[1]))
