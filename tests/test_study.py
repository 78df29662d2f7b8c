"""The study: real data in odd formats, weather moved to what a week asks for, tables that count only what compares."""

import json
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from bems.backtest import code_id
from bems.backtest.csv_series import prices_csv, weather_csv
from models.site import Place
from scripts import study
from scripts.study_cases import REAL_PRICES, REAL_WEATHER, Week, files
from scripts.study_tables import Ran, tables

PLACE = Place(latitude_deg=60.9, longitude_deg=10.7, altitude_m=150)


def lines(file, rows):
    file.write_text("\n".join(rows) + "\n", "utf-8-sig")


def test_prices_by_local_hours_become_utc_over_both_changes_of_the_clock(tmp_path):
    march = [f"2023-03-26 Kl. {label};{n}.25" for n, label in enumerate(("00-01", "01-03", "03-04"))]
    october = [f"2023-10-29 Kl. {label};{n}.25" for n, label in enumerate(("01-02", "02-02", "02-03", "03-04"))]
    week = Week("x", date(2023, 3, 26), "", price_year=2023)
    for rows, first, last in ((march, "2023-03-25T23", "2023-03-26T01"), (october, "2023-10-28T23", "2023-10-29T02")):
        lines(tmp_path / REAL_PRICES[2023], ["Dato/klokkeslett;NO1", *rows])
        words = files(week, PLACE, 1, 1, 0, tmp_path, tmp_path / "made")[1]
        series = prices_csv(tmp_path / "made" / words[1].rsplit("/", 1)[1])
        assert series.start == datetime.fromisoformat(f"{first}:00+00:00")
        assert series.at(datetime.fromisoformat(f"{last}:00+00:00")) == pytest.approx((len(rows) - 1 + 0.25) / 1.25)
        assert len(series.values) == len(rows)


def test_a_price_per_mwh_and_the_hour_that_does_not_exist(tmp_path):
    rows = [
        "Month;Date;Hours;Oslo",
        *(f"3;31.03.2019;{h:02} - {h + 1:02};{p}" for h, p in ((1, 400), (2, ""), (3, 500))),
    ]
    lines(tmp_path / REAL_PRICES[2019], rows)
    files(Week("x", date(2019, 3, 31), "", price_year=2019), PLACE, 1, 1, 0, tmp_path, tmp_path / "made")
    series = prices_csv(tmp_path / "made" / "prices_NO1_2019.csv")
    assert series.values.tolist() == [0.4, 0.5]
    assert series.start == datetime(2019, 3, 31, 0, tzinfo=UTC)


def test_real_weather_is_read_in_winter_time_and_its_holes_are_bridged(tmp_path):
    rows = [
        f"2019-07-01 {hour:02}:00:00+01,{temp},2.0,{ghi}"
        for hour, temp, ghi in ((11, 20, 700), (12, "", 800), (13, 22, 750))
    ]
    lines(tmp_path / REAL_WEATHER, ["Time,T,W,G", *rows])
    week = Week("x", date(2019, 7, 1), "", weather=REAL_WEATHER)
    files(week, PLACE, 1, 1, 0, tmp_path, tmp_path / "made")
    series = weather_csv(tmp_path / "made" / "weather_x.csv")
    assert series.start == datetime(2019, 7, 1, 10, tzinfo=UTC)
    assert series.temp_degc[:3].tolist() == [20, 21, 22]
    assert (series.dni_w_m2 + series.dhi_w_m2 > series.ghi_w_m2).all()


def test_the_weather_is_moved_to_the_mean_or_the_coldest_day_asked_for(tmp_path):
    mean = Week("m", date(2026, 12, 1), "", mean_degc=2.0)
    start, words = files(mean, PLACE, 1, 7, 2, tmp_path, tmp_path)
    series = weather_csv(tmp_path / words[1].rsplit("/", 1)[1])
    hours = (datetime(2026, 11, 30, 23, tzinfo=UTC) - series.start).total_seconds() + np.arange(168.0) * 3600
    assert start == date(2026, 12, 1)
    assert np.mean(series.at("temp_degc", hours)) == pytest.approx(2.0, abs=0.02)
    start, words = files(Week("c", date(2026, 1, 12), "", coldest_degc=-25.0), PLACE, 1, 3, 2, tmp_path, tmp_path)
    series = weather_csv(tmp_path / words[1].rsplit("/", 1)[1])
    middle = datetime(start.year, start.month, start.day, 23, tzinfo=UTC)  # the second of three days
    hours = (middle - series.start).total_seconds() + np.arange(24.0) * 3600
    assert np.mean(series.at("temp_degc", hours)) == pytest.approx(-25.0, abs=0.05)


def figures(cost, **changed):
    known = dict.fromkeys(("cold_kh", "hot_kh", "co2_min", "litres_below_55", "litres_unserved_40"), 0.0)
    known |= {"cost_total_nok": cost, "cost_controllable_nok": cost / 2, "energy_bought_kwh": 9.0, "peak_kw": 50.0}
    known |= {"worst_room_cold_kh": 0.1, "mean_room_degc": 22.0, "return_below_60_min": 0.0, "hygiene_missed": 0}
    known |= {"starts": 5, "writes": 10, "spf": 3.0, "stored_heat_correction_nok": 0.0, "borehole_correction_nok": None}
    known |= {"solve_ms": None, "car_missing_kwh": 0.0, "groups": {}, "not_comparable": []}
    return known | changed


def answer(optimiser):
    run = {"naive": figures(1000.0), "rules": figures(900.0), "optimiser": optimiser, "oracle": figures(800.0)}
    return {"controllers": run, "bound": {"cost_total_nok": 700.0, "stored_heat_correction_nok": 0.0}}


def test_the_tables_say_what_was_saved_and_how_much_of_what_could_be():
    text = tables([Ran("january", seed, answer(figures(850.0 + seed))) for seed in (0, 10, 20)])
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| january")}
    assert "28.0 (26.0 .. 30.0)" in text  # of the 500 that naive could control
    assert "8.9 (6.7 .. 11.1)" in text  # of the 450 of the rules
    assert "70 (65 .. 75)" in text
    assert "47 (43 .. 50)" in text
    assert rows


def test_each_optimiser_is_measured_by_the_oracle_that_plans_alike():
    one = answer(figures(850.0))
    one["controllers"] |= {"optimiser.linear": figures(880.0), "oracle.linear": figures(840.0)}
    lines = tables([Ran("january", 1, one)]).split("Of what could be saved")[1].splitlines()
    heads = next(line for line in lines if "oracle" in line).split(" | ")
    cells = dict(zip(heads, next(line for line in lines if line.startswith("| january")).split(" | "), strict=True))
    assert cells["optimiser, % of oracle"] == "75 (75 .. 75)"
    assert cells["optimiser.linear, % of oracle.linear"] == "75 (75 .. 75)"
    assert sum("of oracle" in head for head in heads) == 2


def test_a_run_that_served_less_has_saved_nothing():
    text = tables([Ran("january", seed, answer(figures(500.0, hygiene_missed=1))) for seed in (1, 2)])
    assert "not comparable" in text
    assert "january, seed 2, optimiser against rules: hygiene_missed 1.0, 0.0 in the reference" in text


def test_what_was_run_is_not_run_again_and_real_weeks_need_their_data(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(study, "_run", lambda *_: pytest.fail("nothing was to be run"))
    folder = tmp_path / "biri"
    folder.mkdir()
    (folder / "july_seed1_1d_after0d.json").write_text(json.dumps(answer(figures(850.0))), "utf-8")
    words = ["--days", "1", "--warmup-days", "0", "--seeds", "1", "--only", "july,real_july"]
    assert study.main([*words, "--data", str(tmp_path), "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "left out" in told
    assert "real_july" in told
    assert (folder / "tables.md").read_text("utf-8").strip() in told


def asked_for(tmp_path, *more):
    words = ["--days", "1", "--warmup-days", "0", "--seeds", "1", "--only", "july", *more]
    return study.main([*words, "--data", str(tmp_path), "--out", str(tmp_path)])


def answering(monkeypatch, code="new"):
    """`bems backtest` that answers at once; what it was asked to run."""
    ran = []

    def run(command, **_):
        named = dict(pairwise(command))
        names = named["--controllers"].split(",")
        ran.append(names)
        told = {
            "controllers": {name: figures(700.0) for name in names},
            "meta": {"code": code, "plant": named["--plant"]},
        }
        Path(named["--json"]).write_text(json.dumps(answer({}) | told), "utf-8")
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(study.subprocess, "run", run)
    return ran


def test_a_controller_that_a_file_lacks_is_run_and_added_and_other_code_is_told(tmp_path, capsys, monkeypatch):
    ran = answering(monkeypatch, "first")
    plant = ("--plant", "mine:plant")
    asked_for(tmp_path, *plant, "--controllers", "naive,rules")
    assert ran == [["naive", "rules"]]
    assert "versions of the code" not in capsys.readouterr().out
    ran = answering(monkeypatch, "second")
    asked_for(tmp_path, *plant, "--controllers", "naive,rules,optimiser")
    assert ran == [["optimiser"]]
    kept = json.loads(next(tmp_path.glob("*/july*.json")).read_text("utf-8"))
    assert set(kept["controllers"]) == {"naive", "rules", "optimiser"}
    assert "2 versions of the code (first, second)" in capsys.readouterr().out
    asked_for(tmp_path, "--plant", "other:plant", "--controllers", "naive,rules")
    assert ran == [["optimiser"], ["naive", "rules"]], "of another plant nothing is kept"


def test_the_code_has_one_name_until_it_changes(tmp_path, monkeypatch):
    assert code_id.code_id() == code_id.code_id()
    for package in code_id.DECIDING:
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "one.py").write_text("x = 1\n", "utf-8")
    monkeypatch.setattr(code_id, "ROOT", tmp_path)
    before = code_id.code_id()
    (tmp_path / "control" / "one.py").write_text("x = 2\n", "utf-8")
    assert code_id.code_id() != before


def test_all_weeks_of_a_kind_are_asked_for_at_once_and_others_are_refused(capsys):
    asked = study._parser().parse_args(["--only", "year,july"])
    weeks = [week for week in study.ALL if study._is_of(week, asked.only)]
    assert [week.name for week in weeks if week.name != "july"] == [f"year_{month:02}" for month in range(1, 13)]
    assert [week.start.month for week in weeks[1:]] == list(range(1, 13))
    with pytest.raises(SystemExit):
        study._parser().parse_args(["--only", "yea"])
    assert "no such week" in capsys.readouterr().err
