"""A day and a quarter at -24 °C under the optimiser, a heat pump lost on the way: what holds under rules holds here.

Same plant and same judgement as in `test_cold_spell`; the linear plans are followed, which is the coarser case.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest import lockstep
from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from control.hygiene import potable_points, proofs
from hil_sim.faults import Fault, FaultKind, FaultyPlant
from hil_sim.plant import create
from models.prices import join_prices
from models.site import load_site
from models.synthetic import spell, synthetic_year
from models.synthetic_prices import synthetic_prices

START = datetime(2026, 1, 15, tzinfo=UTC)
HOURS = 30
LOST_AT_H = 12
FAULTS = [
    Fault(FaultKind.OUT, "hp1", from_h=LOST_AT_H),
    Fault(FaultKind.OUT, "charger_1", from_h=4),
]


@pytest.fixture(scope="module")
def site():
    return load_site(Path(__file__).parents[2] / "site.biri.toml")


@pytest.fixture(scope="module")
def day(site):
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = spell(START, HOURS + 72, -24.0)
    year = synthetic_year(2026, 1, *place)
    prices = join_prices([synthetic_prices(y, 1, year) for y in (2025, 2026, 2027)])

    def nothing_recorded():
        raise AssertionError("only the oracle looks ahead")

    setting = Setting(site, Information(weather, prices, 1, place), None, nothing_recorded)
    contestant = CONTESTANTS["optimiser.linear"](setting)
    plant = FaultyPlant(create(site, weather), FAULTS)
    result = lockstep.run(site, plant, START, HOURS, seed=1, controller=contestant.controller)
    return result, contestant.controller


@pytest.mark.timeout(600)
def test_it_planned_all_the_way_and_at_once_when_the_machine_was_lost(day):
    result, controller = day
    assert not controller.failed
    # One plan a quarter, and one when the machine is known to be lost.
    assert len(controller.solve_ms) >= HOURS * 4
    assert controller.standing.lost == {"hp1"}
    assert {"plan.stages", "plan.supply"} <= {c.reason.code for _, c in result.commands}


def test_every_residents_room_stays_warm_and_none_too_warm(site, day):
    result, _ = day
    for room in (room for zone in site.zones for room in zone.rooms):
        temps = result.column(site.point(room, "temp_degc"))
        assert temps.min() >= max(room.setpoint_degc - 1.0, 20.0), f"{room.id}: {temps.min():.2f}"
        assert temps.max() <= 24.3, f"{room.id}: {temps.max():.2f}"


def test_hot_water_keeps_its_limits_and_a_cycle_is_proven(site, day):
    result, _ = day
    assert result.column(site.point(site.hot_water, "supply_temp_degc")).min() >= 65.0
    for loop in site.hot_water.loops:
        assert result.column(site.point(loop, "return_temp_degc")).min() >= 60.0
    coldest = np.min([result.column(point) for point in potable_points(site)], axis=0)
    looks = [(START + timedelta(minutes=n + 1), float(degc)) for n, degc in enumerate(coldest)]
    assert proofs(looks, site.hygiene, max_gap_s=120.0)


def test_no_command_is_beyond_what_its_asset_can_do(site, day):
    result, _ = day
    most = {
        "boiler.stage_request": site.boilers[0].stages,
        "hot_water.stage_request": site.hot_water.after_heater_stages,
    }
    most |= {site.point(pump, "stage_request"): pump.compressors for pump in site.heat_pumps}
    most |= {site.point(charger, "max_current_a"): 16.0 for charger in site.chargers}
    seen = {point: [c.value for _, c in result.commands if c.point == point] for point in most}
    assert all(seen.values()), "every one of them is commanded"
    for point, values in seen.items():
        assert all(value is None or 0.0 <= value <= most[point] for value in values), point
