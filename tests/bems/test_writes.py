"""A day's writes of every point stay far below its budget, so that the guard never has to hold what should move."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from hil_sim.plant import create
from models.local_time import local_midnight
from models.prices import join_prices
from models.site import load_site
from models.synthetic import synthetic_year
from models.synthetic_prices import synthetic_prices

SITE = load_site(Path(__file__).parents[2] / "site.biri.toml")


@pytest.fixture(scope="module")
def information():
    place = (SITE.place.latitude_deg, SITE.place.longitude_deg, float(SITE.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    return Information(weather, join_prices([synthetic_prices(n, 1, weather) for n in (2025, 2026, 2027)]), 1, place)


@pytest.mark.parametrize("day", [date(2026, 1, 12), date(2026, 7, 6)], ids=["winter", "summer"])
@pytest.mark.parametrize(("name", "hours"), [("rules", 24), ("optimiser.linear", 10)])
def test_no_point_comes_near_the_writes_it_has_for_a_day(information, day, name, hours):
    controller = CONTESTANTS[name](Setting(SITE, information, None, dict)).controller
    run = Lockstep(SITE, create(SITE, information.true_weather), local_midnight(day)).advance(hours, controller)
    written = Counter(command.point for _, command in run.commands)
    assert len(written) > 10
    budgets = {point: SITE.points[point].spec.write.daily_budget for point in written}
    assert {point: n for point, n in written.items() if n > 0.5 * budgets[point] * hours / 24} == {}
