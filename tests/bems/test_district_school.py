"""A school with district heat, solar cells and a battery, no heat pump: a cold day with a price spread, in lockstep."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.bound import Known, bound
from bems.backtest.contestants import CONTESTANTS, Setting, WarmUp
from bems.backtest.information import Information
from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.backtest.scoring import score
from bems.backtest.service_gate import GATE_KH
from control.plant_model import from_site
from hil_sim.plant import create
from models.prices import PriceSeries
from models.site import load_site
from models.synthetic import synthetic_year

pytestmark = pytest.mark.timeout(500)
"""Two days of the plant and a plan every quarter: minutes on a loaded machine."""

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 14, tzinfo=UTC)
SPOT = [0.45] * 5 + [0.8] + [1.4] * 4 + [0.8] + [0.45] * 3 + [0.8] + [1.4] * 4 + [0.8] * 5
"""By hour (UTC): cheap at night and noon, dear in the morning and the afternoon."""


METERED = ("main.import_kwh", "main.export_kwh")


@pytest.fixture(scope="module")
def days():
    """The same day under rules and optimiser after the same warm-up: run, score, the plant's accounts."""
    site = load_site(ROOT / "docs" / "examples" / "district_school" / "site.toml")
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = synthetic_year(2026, 1, *place)
    prices = PriceSeries(datetime(2026, 1, 1, tzinfo=UTC), 3600, np.array(SPOT * 30))
    found = {}
    for name in ("rules", "optimiser"):
        lockstep = Lockstep(site, create(site, weather), START)
        lockstep.advance(24.0, WarmUp(from_site(site)), keep=())
        begun = (lockstep.glance(), lockstep.memory)
        before = lockstep.plant.energy_by_part_kwh()
        setting = Setting(site, Information(weather, prices, 1, place), None, lambda: pytest.fail("looked ahead"))
        contestant = CONTESTANTS[name](setting)
        run = lockstep.advance(24.0, contestant.controller)
        used = {part: kwh - before[part] for part, kwh in lockstep.plant.energy_by_part_kwh().items()}
        found[name] = (run, score(site, run, prices), lockstep.plant.balance(), used, contestant)
    record = record_of(found["rules"][0], site)
    known = Known(weather, prices, record, record, None, 0.0)
    found["bound"] = bound(site, *begun, START + timedelta(hours=24), 24, known)
    return found


@pytest.mark.parametrize("name", ["rules", "optimiser"])
def test_every_account_closes(days, name):
    run, _, balance, used, _ = days[name]
    for account, of in balance.items():
        assert abs(of.error_kwh) < 1e-6 * max(abs(of.gained_kwh), 1.0), account
    bought, sold = (run.column(point)[-1] - run.initial[run.points.index(point)] for point in METERED)
    assert bought - sold == pytest.approx(sum(used.values()), abs=0.2)  # counters of 0.1 kWh


@pytest.mark.parametrize("name", ["rules", "optimiser"])
def test_the_state_of_charge_stays_within_what_the_site_file_allows(days, name):
    charge_pct = days[name][0].column("battery.state_of_charge_pct")
    assert charge_pct.min() > 10.0 - 1.0  # the cells hold a little less than the file says, and sensors round
    assert charge_pct.max() < 95.0 + 1.0


def test_under_the_plan_nobody_is_colder_than_the_service_gate_allows(days):
    rules, optimiser = (days[name][1] for name in ("rules", "optimiser"))
    for zone, of in optimiser.groups.items():
        assert of["cold_kh"] <= rules.groups[zone]["cold_kh"] + GATE_KH, zone


def test_the_plan_earns_money_on_the_spread(days):
    rules, optimiser = (days[name][1] for name in ("rules", "optimiser"))
    assert not days["optimiser"][4].controller.failed
    costs = [of.cost_total_nok + of.stored_heat_correction_nok for of in (rules, optimiser)]
    assert costs[1] < 0.97 * costs[0]
    run = days["optimiser"][0]
    power_kw, spot = run.column("battery.power_kw"), np.repeat(SPOT, 60)
    assert np.average(spot, weights=np.maximum(-power_kw, 0)) > 1.5 * np.average(spot, weights=np.maximum(power_kw, 0))
    assert {"plan.battery", "plan.supply"} <= {command.reason.code for _, command in run.commands}


def test_the_battery_keeps_the_electric_peak_where_it_would_be_under_rules(days):
    rules, optimiser = (days[name][1] for name in ("rules", "optimiser"))
    assert optimiser.peak_kw < rules.peak_kw + 0.5


def test_the_bound_pays_for_heat_and_power_and_is_below_both(days):
    least = days["bound"]
    assert least.why is None
    best = least.cost_total_nok + least.stored_heat_correction_nok
    rules, optimiser = (
        of.cost_total_nok + of.stored_heat_correction_nok for of in (days[name][1] for name in ("rules", "optimiser"))
    )
    assert best < optimiser < rules
    assert best > 0.7 * optimiser  # a bill without its heat would be far below
