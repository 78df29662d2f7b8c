"""The yearly budget of the site, from a week of every month: a whole year is `python bench/plant_year.py`."""

from calendar import monthrange
from datetime import UTC, datetime

import pytest

from bench.plant_year import YEAR, StandIn, advance, budget

LIMITS = {
    # line: (least, most) [MWh a year], and 20 % either way
    "space_and_air_heat_mwh": (150, 200),
    "tap_water_mwh": (35, 45),
    "circulation_mwh": (45, 70),
    "tank_loss_mwh": (4, 5),
    "fixed_mwh": (320, 350),
    "cars_mwh": (20, 20),
    "pv_mwh": (68, 75),
    "bought_mwh": (400, 450),
}


@pytest.mark.timeout(600)
def test_the_year_stays_within_its_budget(plant):
    year = dict.fromkeys(LIMITS, 0.0)
    made = used = 0.0
    for month in range(1, 13):
        seen = plant.reset(datetime(YEAR, month, 10, tzinfo=UTC), 1)
        control = StandIn(plant.site)
        seen = advance(plant, control, seen, 1440)  # a day to forget the start
        before = budget(plant)
        advance(plant, control, seen, 7 * 1440)
        after = budget(plant)
        share = monthrange(YEAR, month)[1] / 7
        for line in LIMITS:
            year[line] += (after[line] - before[line]) * share
        made += (after["heat_pumps_heat_mwh"] - before["heat_pumps_heat_mwh"]) * share
        used += (after["heat_pumps_electric_mwh"] - before["heat_pumps_electric_mwh"]) * share
        assert after["car_kwh"] < 5
        assert after["over_fuse_s"] == after["cold_tap_l"] == 0
    for line, (least, most) in LIMITS.items():
        assert 0.8 * least <= year[line] <= 1.2 * most, (line, year)
    assert 3.3 < made / used < 4.6
