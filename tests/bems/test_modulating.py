"""A machine whose speed is set: what a plan wants of it is asked for, and what is asked for is what it gives."""

import importlib.util
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import hil_sim.plant
from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from control.follow import guidance
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

FOLDER = Path(__file__).parents[2] / "docs" / "examples" / "air_house"
START = datetime(2026, 2, 9, 23, tzinfo=UTC)
HOURS = 8
STAGE, DUTY, ASKED = "hp_io.stage_request", "hp_io.hot_water_duty", "hp_io.capacity_request_pct"
RUNS, GIVES, POWER = "hp_io.compressor_1_on", "hp_io.compressor_speed_pct", "el_hp.power_kw"


def foreign():
    spec = importlib.util.spec_from_file_location("house_plant", FOLDER / "house_plant.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.create


@pytest.fixture(scope="module", params=["foreign", "built in"])
def run(request):
    """Hours under linear plans: the run, and by minute what the plan in force wanted of the machine."""
    site = load_site(FOLDER / "site.toml")
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    prices = join_prices([synthetic_prices(year, 1, weather) for year in (2025, 2026, 2027)])
    create = foreign() if request.param == "foreign" else hil_sim.plant.create
    setting = Setting(site, Information(weather, prices, 1, place), None, lambda: pytest.fail("nobody looks ahead"))
    optimiser = CONTESTANTS["optimiser.linear"](setting).controller
    wanted = {}

    def watched(of, picture, now, memory, max_age_s):
        decision = optimiser(of, picture, now, memory, max_age_s)
        wishes = {wish.point: wish for wish in decision.wishes}
        guide = guidance(optimiser.standing.plan, optimiser.known(now).plant, now, optimiser.standing.expires_at)
        asked = wishes.get(ASKED)
        if asked is not None and wishes[STAGE].value and asked.reason.code == "plan.stages":
            wanted[now] = (guide.compressors, asked.value)
        return decision

    result = Lockstep(site, create(site, weather), START).advance(HOURS, watched)
    assert not optimiser.failed
    return site, result, wanted


def test_the_capacity_asked_for_is_what_the_plan_wants_within_what_the_machine_can(run):
    site, _, wanted = run
    least_pct = 100 * site.heat_pumps[0].least_share
    assert len(wanted) > 60
    for level, asked_pct in wanted.values():
        assert asked_pct == pytest.approx(min(max(100 * level, least_pct), 100.0))
    assert len({round(asked) for _, asked in wanted.values()}) > 3


def test_the_plant_gives_the_capacity_it_is_asked_for_and_its_power_follows(run):
    _, result, _ = run
    asked, gives, power = (result.column(name) for name in (ASKED, GIVES, POWER))
    # A change of less than five per cent is not written, and speed comes within minutes.
    settled = [
        n
        for n in range(10, len(asked))
        if result.column(RUNS)[n - 10 : n + 1].all() and np.ptp(asked[n - 10 : n + 1]) == 0
    ]
    assert len(settled) > 60
    assert np.allclose(gives[settled], asked[settled], atol=3.0)
    low, high = asked[settled] < 60, asked[settled] > 90
    assert low.any()
    assert high.any()
    assert power[settled][low].mean() < 0.75 * power[settled][high].mean()
