"""The foreign example plant: the documented command judges both rule sets on it, with nothing tuned for it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bems.cli import main
from models.site import load_site
from models.synthetic import synthetic_year

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "examples" / "air_house"
START = datetime(2026, 2, 9, 23, tzinfo=UTC)


@pytest.fixture
def make(monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    from house_plant import create

    site = load_site(FOLDER / "site.toml")
    weather = synthetic_year(2026, 1, site.place.latitude_deg, site.place.longitude_deg, site.place.altitude_m)
    return lambda: create(site, weather)


def test_it_tells_every_point_of_its_site_and_nothing_else(make):
    assert set(make().reset(START, 1)) == set(load_site(FOLDER / "site.toml").points)


def test_the_same_seed_gives_the_same_run_and_another_one_another(make):
    def seen(seed):
        house = make()
        house.reset(START, seed)
        return [house.step({"hp_io.stage_request": 1.0}, 60.0)["main.import_kwh"] for _ in range(120)][-1]

    assert seen(1) == seen(1) != seen(2)


def test_a_command_stays_until_it_is_given_back(make):
    house = make()
    house.reset(START, 1)
    assert house.step({"boiler.stage_request": 2.0}, 60.0)["boiler.stages_on"] == 2
    assert house.step({}, 60.0)["boiler.stages_on"] == 2
    assert house.step({"boiler.stage_request": None}, 60.0)["boiler.stages_on"] == 0


def test_the_documented_command_scores_both_rule_sets_and_the_bound(tmp_path):
    file = tmp_path / "out.json"
    words = ["--plant", "house_plant:create", "--start", "2026-02-10", "--days", "1", "--warmup-days", "1"]
    assert main(["backtest", str(FOLDER / "site.toml"), *words, "--json", str(file)]) == 0
    answer = json.loads(file.read_text("utf-8"))
    for figures in answer["controllers"].values():
        assert figures["cold_kh"] < 1
        assert 2 < figures["spf"] < 5
        assert figures["hygiene_missed"] == 0
        assert figures["litres_unserved_40"] == 0
        unknown = {name for name, figure in figures.items() if figure is None}
        assert unknown == {"co2_min", "borehole_correction_nok", "solve_ms", "car_missing_kwh"}
    assert answer["controllers"]["rules"]["not_comparable"] == []
    assert answer["bound"]["cost_total_nok"] < min(f["cost_total_nok"] for f in answer["controllers"].values())
