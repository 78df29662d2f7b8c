"""Optimiser and oracle from command line to figures on the foreign example plant; the oracle on the default one too."""

import importlib
import json
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.contestants import CONTESTANTS, Setting, WarmUp
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.backtest.scoring import Score
from bems.cli import main
from control.plant_model import from_site
from control.refit.fitted import NEUTRAL
from control.refit.inputs import group_series
from control.refit.model import refit
from hil_sim.plant import create
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "docs" / "examples" / "air_house" / "site.toml"
CONTROLLERS = ("naive", "rules", "optimiser.linear", "oracle.linear")
PLANNERS = ("optimiser.linear", "oracle.linear")
HOUSE_CANNOT_TELL = {"co2_min", "borehole_correction_nok", "car_missing_kwh"}
START = datetime(2026, 1, 15, 5, 0, tzinfo=UTC)
RECORDED_H = 49.0
"""An hour of plans, and as far as the last of them sees."""


@pytest.fixture(scope="module")
def answer(tmp_path_factory):
    file = tmp_path_factory.mktemp("house") / "out.json"
    words = ["--plant", "house_plant:create", "--start", "2026-02-10", "--days", "1", "--warmup-days", "0"]
    words += ["--controllers", ",".join(CONTROLLERS), "--json", str(file)]
    assert main(["backtest", str(HOUSE), *words]) == 0
    return json.loads(file.read_text("utf-8"))


def test_every_promised_figure_is_there_and_unknown_only_where_the_plant_cannot_tell(answer):
    assert tuple(answer["controllers"]) == CONTROLLERS
    for name, figures in answer["controllers"].items():
        assert set(figures) == {*Score.__dataclass_fields__, "not_comparable"}
        unknown = HOUSE_CANNOT_TELL | (set() if name in PLANNERS else {"solve_ms"})
        assert {key for key, figure in figures.items() if figure is None} == unknown
        numbers = [figure for figure in figures.values() if isinstance(figure, float)]
        assert all(isfinite(number) for number in numbers)
        assert set(figures["groups"]) == {"home", "workshop"}
    assert answer["meta"]["plant"] == "house_plant:create"
    assert answer["meta"]["reference"] == "naive"


def test_those_who_plan_keep_people_warm_and_water_safe_on_a_plant_they_do_not_know(answer):
    for name in PLANNERS:
        figures = answer["controllers"][name]
        assert 0 < figures["solve_ms"]["median"] <= figures["solve_ms"]["p95"] <= figures["solve_ms"]["max"]
        assert figures["hygiene_missed"] == 0
        assert figures["litres_below_55"] == figures["litres_unserved_40"] == 0
        assert figures["return_below_60_min"] == 0
        assert figures["worst_room_cold_kh"] < 0.1
        assert figures["not_comparable"] == []
        assert 2 < figures["spf"] < 5
        assert figures["cost_total_nok"] < answer["controllers"]["naive"]["cost_total_nok"]


def test_the_bound_is_below_what_each_of_them_paid(answer):
    least = answer["bound"]
    assert least["why"] is None
    cost = least["cost_total_nok"] + least["stored_heat_correction_nok"]
    for figures in answer["controllers"].values():
        assert cost < figures["cost_total_nok"] + figures["stored_heat_correction_nok"]


def test_a_house_whose_heat_pump_alone_is_metered_learns_how_much_its_floors_give(monkeypatch):
    """No meter on the circuit and no pyranometer: the buffer's balance tells, and the nights."""
    monkeypatch.syspath_prepend(HOUSE.parent)
    house, site = importlib.import_module("house_plant"), load_site(HOUSE)
    weather = synthetic_year(2026, 1, site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    plant, lockstep = from_site(site), Lockstep(site, house.create(site, weather), START - timedelta(days=7))
    record = record_of(lockstep.advance(7 * 24.0, WarmUp(plant)), site)
    found = refit(site, plant, record, NEUTRAL).fitted
    assert group_series(site, plant, record)["home"].measured
    # Its pipes give 7.5 W/(m2 K) with open valves, 2.7 kW/K in all; the site file's design heat says 0.95 kW/K.
    assert 1.8 < found.value("emitter.home", "emitter") < 3.6
    assert 0.95 < found.value("heat_pumps.hp", "heat") < 1.05  # the certified points carry to the house's frosts


def test_the_oracle_plans_the_default_plant_with_the_draws_and_loads_that_come():
    site = load_site(ROOT / "site.biri.toml")
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2025, 2026, 2027)])
    information = Information(weather, prices, 1, place)
    lockstep = Lockstep(site, create(site, weather), START)
    recording = record_of(deepcopy(lockstep).advance(RECORDED_H, WarmUp(from_site(site))), site)
    oracle = CONTESTANTS["oracle.linear"](Setting(site, information, None, lambda: recording)).controller

    result = lockstep.advance(1.0, oracle)

    assert not oracle.failed
    assert len(oracle.solve_ms) == 4
    assert oracle.known(START).truth is recording
    assert {"plan.stages", "plan.supply"} <= {command.reason.code for _, command in result.commands}
    assert np.nanmin(result.column("hot_water.supply_temp_degc")) > 65.0
