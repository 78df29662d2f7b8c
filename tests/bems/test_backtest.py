"""The command from end to end, on the smallest building: short days, the built-in plant and a foreign one."""

import json
import re
from pathlib import Path

import pytest

from bems.cli import main

ROOT = Path(__file__).parents[2]
SITE = str(ROOT / "site.example.toml")
FIGURES = (
    "cost_total_nok",
    "cost_controllable_nok",
    "energy_bought_kwh",
    "peak_kw",
    "cold_kh",
    "worst_room_cold_kh",
    "p95_room_cold_kh",
    "longest_cold_min",
    "hot_kh",
    "mean_room_degc",
    "co2_min",
    "litres_below_55",
    "litres_unserved_40",
    "return_below_60_min",
    "hygiene_missed",
    "starts",
    "writes",
    "spf",
    "stored_heat_correction_nok",
    "borehole_correction_nok",
    "solve_ms",
)

FOREIGN = '''
class Shed:
    """Always 20 degC and 5 kW; tells nothing else."""

    def __init__(self, site):
        self.steps = 0

    def reset(self, start, seed):
        return self.seen()

    def step(self, commands, dt_s):
        self.steps += 1
        return self.seen()

    def seen(self):
        return {"main.import_kwh": 100.0 + self.steps * 5 / 60, "main.export_kwh": 0.0, "main.power_kw": 5.0,
                "playroom_sun.temp_degc": 20.0, "hot_water.supply_temp_degc": None}


def create(site, weather):
    assert weather.temp_degc.min() > -60
    return Shed(site)
'''


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """One day of both rule sets, with a day of warm-up."""
    folder = tmp_path_factory.mktemp("backtest")
    written = [str(folder / name) for name in ("out.json", "out.html")]
    words = ["--days", "1", "--warmup-days", "1", "--seed", "3", "--peak-so-far-kw", "25"]
    assert main(["backtest", SITE, *words, "--json", written[0], "--html", written[1]]) == 0
    return json.loads(Path(written[0]).read_text("utf-8")), Path(written[1]).read_text("utf-8")


def test_every_figure_of_every_controller_is_there(compared):
    answer = compared[0]
    assert list(answer) == ["controllers", "bound", "meta"]
    assert list(answer["controllers"]) == ["naive", "rules"]
    for figures in answer["controllers"].values():
        assert set(figures) >= set(FIGURES)
        assert figures["cost_total_nok"] > figures["cost_controllable_nok"] > 0
        assert figures["energy_bought_kwh"] > 0
        assert figures["hygiene_missed"] == 0
        assert figures["solve_ms"] is None
    cheapest = min(figures["cost_total_nok"] for figures in answer["controllers"].values())
    assert 0.3 * cheapest < answer["bound"]["cost_total_nok"] < cheapest


def test_the_run_says_what_it_was(compared):
    meta = compared[0]["meta"]
    expected = {"site": "example", "days": 1, "warmup_days": 1, "seed": 3, "weather": "synthetic", "reference": "naive"}
    assert meta.items() >= expected.items()
    assert meta["start"] == "2026-01-14T23:00:00+00:00"


def test_the_page_needs_nothing_else_and_shows_the_table(compared):
    answer, html = compared
    assert html.startswith("<!doctype html>")
    assert not re.search(r"(src|href)=", html)
    assert "Made-up weather and prices" in html
    assert html.count("<th scope=col>") == len(answer["controllers"])
    assert "Saved against naive" in html


def test_the_same_run_gives_the_same_figures_whoever_runs_beside(compared, tmp_path):
    file = tmp_path / "alone.json"
    words = ["--controllers", "rules", "--days", "1", "--warmup-days", "1", "--seed", "3", "--peak-so-far-kw", "25"]
    assert main(["backtest", SITE, *words, "--json", str(file)]) == 0
    alone = json.loads(file.read_text("utf-8"))["controllers"]["rules"]
    together = compared[0]["controllers"]["rules"]
    assert {**alone, "not_comparable": None} == {**together, "not_comparable": None}


def test_a_foreign_plant_is_scored_by_what_it_tells(tmp_path, monkeypatch, capsys):
    (tmp_path / "shed_plant.py").write_text(FOREIGN, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    prices = tmp_path / "prices.csv"
    hours = [f"2026-02-{9 + hour // 24:02}T{hour % 24:02}:00" for hour in range(23, 47)]  # the local day to the hour
    prices.write_text("\n".join(["time_utc,price_nok_per_kwh", *(f"{hour},0.5" for hour in hours)]), "utf-8")
    weather = tmp_path / "weather.csv"
    header = "time_utc,temp_degc,ghi_w_m2,dni_w_m2,dhi_w_m2,wind_m_s"
    weather.write_text("\n".join([header, *(f"{hour},-5,0,0,0,2" for hour in hours)]), "utf-8")
    words = ["--controllers", "rules", "--start", "2026-02-10", "--days", "1", "--plant", "shed_plant:create"]
    file = tmp_path / "out.json"
    files = ["--prices", str(prices), "--weather", str(weather), "--json", str(file)]
    assert main(["backtest", SITE, *words, *files]) == 0
    answer = json.loads(file.read_text("utf-8"))
    figures = answer["controllers"]["rules"]
    assert figures["energy_bought_kwh"] == pytest.approx(120)
    assert figures["peak_kw"] == pytest.approx(5)
    assert figures["mean_room_degc"] == 20
    unknown = {name for name in FIGURES if figures[name] is None}
    assert unknown >= {"co2_min", "litres_below_55", "hygiene_missed", "starts", "spf", "borehole_correction_nok"}
    assert answer["bound"]["cost_total_nok"] is None
    assert "does not tell the tap water drawn" in answer["bound"]["why"]
    assert (answer["meta"]["prices"], answer["meta"]["weather"]) == ("prices.csv", "weather.csv")
    assert "cost_total_nok" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--controllers", "naive,best"], "--controllers 'best'; allowed: naive, rules, optimiser"),
        (["--controllers", "naive,naive"], "allowed: each once"),
        (["--start", "soon"], "--start 'soon'; allowed: a date such as 2026-01-15"),
        (["--days", "0"], "--days 0; allowed: 1 .. 366"),
        (["--warmup-days", "-1"], "--warmup-days -1; allowed: 0 .. 366"),
        (["--peak-so-far-kw", "-1"], "--peak-so-far-kw -1; allowed: 0 and above"),
        (["--plant", "nothing.here:create"], "--plant 'nothing.here:create'"),
        (["--plant", "hil_sim.plant:LONGEST_STEP_S"], "is not callable"),
        (["--weather", "nowhere.csv"], "nowhere.csv: "),
        (["--prices", "nowhere.csv"], "allowed: a readable CSV file in UTF-8"),
    ],
)
def test_a_faulty_argument_ends_with_two_and_says_what_is_allowed(words, told, capsys):
    assert main(["backtest", SITE, *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert told in said.err


def test_nothing_is_written_for_a_faulty_site(tmp_path, capsys):
    assert main(["backtest", str(tmp_path / "no.toml"), "--json", str(tmp_path / "out.json")]) == 2
    assert not (tmp_path / "out.json").exists()
    assert "nothing was started" in capsys.readouterr().err
