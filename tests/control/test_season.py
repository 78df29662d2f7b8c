"""What a plan weighs beside money: the wells' budget of a year, counted from their meter, and CO2."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from control.assets.boilers import DistrictHeat
from control.assets.bus import Node
from control.assets.wells import Wells
from control.dispatch import Options, plan
from control.grid import Grid
from control.habits.learned import cold
from control.observer.observe import observe
from control.picture import Scene
from control.plan import Plan
from control.planning import Knowledge, inputs
from control.plant_model import from_site
from control.problem import Weights
from control.rules.memory import GroundYear, RuleMemory
from control.season import FAR_AHEAD, SCARCE_SHARE, USUAL_NOK_PER_KWH, due_share, season_nok_per_kwh
from models.faults import SiteError
from models.promotion import Co2Weight
from models.site import load_site
from tests.control.plans import START, heated, machine

ROOT = Path(__file__).parents[2]
DAY = Grid(START, (4,) * 24)
BUDGET_KWH = 150_000.0
MEAN = 1.0
AHEAD = (-0.2, 0.0, FAR_AHEAD / 2, FAR_AHEAD, 0.5)


@pytest.fixture(scope="module")
def budgeted(biri):
    wells = biri.wells.model_copy(update={"season_budget_kwh": BUDGET_KWH})
    return biri.model_copy(update={"wells": wells})


def drawn(kwh, since=datetime(2026, 7, 1, 10, 0, tzinfo=UTC), at=datetime(2027, 1, 15, 11, 0, tzinfo=UTC)):
    return GroundYear(since, at, kwh)


def test_a_heating_year_is_shared_out_by_its_degree_days():
    first = date(2026, 7, 1)
    assert due_share(first, first) == 0.0
    assert due_share(first, date(2027, 7, 1)) == pytest.approx(1.0, abs=0.001)
    january, july = due_share(date(2027, 1, 1), date(2027, 2, 1)), due_share(first, date(2026, 8, 1))
    assert 0.14 < january < 0.22
    assert july < 0.03
    halves = due_share(first, date(2027, 1, 1)), due_share(date(2027, 1, 1), date(2027, 7, 1))
    assert sum(halves) == pytest.approx(1.0, abs=0.01)


def test_what_is_drawn_is_counted_and_what_is_put_back_counts_against_it(paper):
    paper.set(heat_brine__power_kw=60.0, heat_brine__energy_kwh=1000.0)
    paper.decide()
    paper.pass_time(3600)
    assert paper.memory.ground.drawn_kwh == pytest.approx(60.0)
    paper.set(heat_brine__power_kw=-30.0)
    paper.pass_time(3600)
    assert paper.memory.ground.drawn_kwh == pytest.approx(31.5, abs=2.0)
    assert RuleMemory.from_json(paper.memory.to_json()).ground == paper.memory.ground


def test_after_a_gap_the_counter_tells_and_without_it_counting_begins_anew(paper):
    paper.set(heat_brine__power_kw=60.0, heat_brine__energy_kwh=1000.0)
    paper.decide()
    paper.set(heat_brine__energy_kwh=1240.0)
    paper.decide(4 * 3600.0)
    assert paper.memory.ground.drawn_kwh == pytest.approx(240.0)
    paper.kill("heat_brine.energy_kwh")
    paper.decide(4 * 3600.0)
    assert paper.memory.ground == GroundYear(paper.now, paper.now, 0.0, None)
    paper.kill("heat_brine.power_kw")
    before = paper.memory.ground
    paper.decide(60.0)
    assert paper.memory.ground == before


def test_a_year_ends_with_june(paper):
    paper.now = datetime(2026, 6, 30, 21, 50, tzinfo=UTC)
    paper.set(heat_brine__power_kw=60.0)
    paper.decide()
    paper.pass_time(8 * 60)
    assert paper.memory.ground.drawn_kwh == pytest.approx(8.0)
    paper.pass_time(4 * 60)
    assert paper.memory.ground.since >= datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert paper.memory.ground.drawn_kwh < 3.0


def test_heat_from_the_rock_gets_dearer_the_further_a_year_is_ahead_of_its_budget(biri, budgeted):
    due = BUDGET_KWH * due_share(date(2026, 7, 1), date(2027, 1, 15))
    worth = [season_nok_per_kwh(budgeted, drawn(due + ahead * BUDGET_KWH), MEAN) for ahead in AHEAD]
    assert worth[:2] == [USUAL_NOK_PER_KWH] * 2
    assert worth[2] == pytest.approx((USUAL_NOK_PER_KWH + SCARCE_SHARE * MEAN) / 2)
    assert worth[3:] == [SCARCE_SHARE * MEAN] * 2
    assert season_nok_per_kwh(budgeted, drawn(2 * BUDGET_KWH), -0.5) == USUAL_NOK_PER_KWH
    assert season_nok_per_kwh(budgeted, None, MEAN) == USUAL_NOK_PER_KWH
    assert season_nok_per_kwh(biri, drawn(2 * BUDGET_KWH), MEAN) == USUAL_NOK_PER_KWH


def test_counting_that_began_in_winter_is_compared_with_what_was_due_since(budgeted):
    since = datetime(2027, 1, 1, 12, 0, tzinfo=UTC)
    due = BUDGET_KWH * due_share(date(2027, 1, 1), date(2027, 1, 15))
    assert season_nok_per_kwh(budgeted, drawn(due, since), MEAN) == USUAL_NOK_PER_KWH
    assert season_nok_per_kwh(budgeted, drawn(due + 0.1 * BUDGET_KWH, since), MEAN) == SCARCE_SHARE * MEAN


def test_plans_weigh_what_the_site_says(paper, budgeted):
    control = budgeted.control.model_copy(
        update={"co2": Co2Weight(nok_per_kg=2.0, electricity_g_per_kwh=15.0, district_heat_g_per_kwh=80.0)}
    )
    weights = {}
    for name, site in (("plain", paper.site), ("weighed", budgeted.model_copy(update={"control": control}))):
        plant = from_site(site)
        memory = RuleMemory(ground=drawn(BUDGET_KWH, at=paper.now.replace(year=2027)))
        scene = Scene(site, paper.picture, paper.now, 120.0, paper.now)
        of = inputs(scene, memory, observe(scene, memory, plant, None), Knowledge(plant, cold(site), None, None))
        weights[name] = of.weights
    assert weights["plain"] == Weights()
    assert weights["weighed"].co2_nok_per_kwh == pytest.approx(0.03)
    assert weights["weighed"].co2_heat_nok_per_kwh == pytest.approx(0.16)
    assert weights["weighed"].season_nok_per_kwh > 0.2


def found(case) -> Plan:
    made = plan(case, Options(whole_h=0.0))
    assert isinstance(made, Plan)
    return made


@pytest.mark.parametrize(
    ("weights", "prefers"),
    [
        ({}, "hp"),
        ({"co2_nok_per_kwh": 1.0}, "network"),
        ({"co2_nok_per_kwh": 1.0, "co2_heat_nok_per_kwh": 1.0}, "hp"),
        ({"season_nok_per_kwh": 0.5}, "network"),
    ],
)
def test_the_other_source_is_taken_when_the_first_weighs_more(weights, prefers):
    case = heated(DAY, machine(wells=True))
    wells = Wells(Node("ground", 1000.0, 10.0), 6.0, 0.05, -1.0)
    plant = replace(case.plant, district_heat=(DistrictHeat("network", 50.0),), wells=wells)
    see = replace(case.outlook, heat_nok_per_kwh={"network": np.full(24, 0.4)})
    case = replace(case, plant=plant, outlook=see, state=replace(case.state, ground_degc=6.0))
    made = found(replace(case, weights=replace(case.weights, start_nok=0.0, **weights)))
    network, pump = made.trajectories["network.heat_kw"].sum(), made.trajectories["hp.buffer.heat_kw"].sum()
    assert (pump > network) == (prefers == "hp")
    assert ("co2" in made.parts_nok) == any(name.startswith("co2") for name in weights)


def test_a_budget_that_no_meter_follows_is_refused(tmp_path):
    text = (
        (ROOT / "site.biri.toml")
        .read_text("utf-8")
        .replace("free_cooling_kw = 50\n", "free_cooling_kw = 50\nseason_budget_kwh = 150000\n")
    )
    (tmp_path / "good.toml").write_text(text, "utf-8")
    assert load_site(tmp_path / "good.toml").wells.season_budget_kwh == 150_000
    mixed = text.replace('measures = ["wells"] }', 'measures = ["wells", "collectors"] }')
    (tmp_path / "bad.toml").write_text(mixed, "utf-8")
    with pytest.raises(SiteError, match=r"meters: .*wells\.season_budget_kwh needs a heat meter"):
        load_site(tmp_path / "bad.toml")
