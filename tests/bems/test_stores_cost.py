"""What district heat and batteries cost, by hand: four quarters of a day, prices and terms of the school."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.insight.metered import Day
from bems.insight.stores import heat_bills, packs
from models.district_heat import HeatPrice
from models.prices import PriceSeries
from models.site import load_site
from models.tariff import feed_in_prices, import_prices

SITE = load_site(Path(__file__).resolve().parents[2] / "docs" / "examples" / "district_school" / "site.toml")
MIDNIGHT = datetime(2026, 1, 9, 23, tzinfo=UTC)
QUARTER_S = 900
SPOT = np.array([0.5, 0.5, 0.5, 0.5, 1.5, 1.5, 1.5, 1.5])
HEAT, INTO, OUT = "substation.energy_kwh", "battery.charged_kwh", "battery.discharged_kwh"
NONE = np.zeros(8)


def day(**gained):
    """Two hours of one day, by quarters."""
    known = {HEAT: NONE, INTO: NONE, OUT: NONE} | {point.replace("__", "."): np.array(v) for point, v in gained.items()}
    prices = PriceSeries(MIDNIGHT, QUARTER_S, SPOT)
    return Day(MIDNIGHT, MIDNIGHT + timedelta(hours=2), known, prices)


def test_heat_costs_what_the_contract_says_of_spot_and_its_own_part():
    bill = heat_bills(SITE, [day(substation__energy_kwh=[10.0] * 4 + [20.0] * 4)], QUARTER_S)[0]
    assert bill.today.kwh == 120.0
    assert bill.today.energy_nok == pytest.approx(40 * (0.9 * 0.5 + 0.1) + 80 * (0.9 * 1.5 + 0.1))
    assert (bill.today.fixed_nok, bill.today.peak_nok, bill.today.known_share) == (None, None, 1.0)
    assert (bill.month.peak_kw, bill.month.peak_nok, bill.month.fixed_nok) == (80.0, None, 400.0)
    assert bill.month.total_nok == pytest.approx(bill.today.energy_nok + 400)


def test_the_months_highest_hour_is_charged_for_where_the_contract_does():
    terms = (HeatPrice(valid_from=date(2026, 1, 1), nok_per_kwh=0.7, nok_per_kw_month=30.0),)
    network = SITE.district_heat[0].model_copy(update={"prices": terms})
    site = SITE.model_copy(update={"district_heat": (network,)})
    month = heat_bills(site, [day(substation__energy_kwh=[10.0] * 4 + [20.0] * 4)], QUARTER_S)[0].month
    assert (month.energy_nok, month.peak_nok, month.total_nok) == pytest.approx((84.0, 2400.0, 2484.0))


def test_what_is_not_known_is_in_no_sum_and_said():
    bill = heat_bills(SITE, [day(substation__energy_kwh=[10.0] * 6 + [np.nan] * 2)], QUARTER_S)[0]
    assert (bill.today.kwh, bill.today.known_share) == (60.0, 0.75)
    assert heat_bills(SITE, [day(substation__energy_kwh=[np.nan] * 8)], QUARTER_S)[0].month.peak_kw is None


def test_a_battery_earns_the_spread_less_its_losses_and_wear():
    whole = day(battery__charged_kwh=[10.0] * 4 + [0.0] * 4, battery__discharged_kwh=[0.0] * 4 + [9.0] * 4)
    of = packs(SITE, [whole], [np.full(8, 20.0)], [NONE], QUARTER_S)[0].today
    end = MIDNIGHT + timedelta(hours=2)
    buy = import_prices(SITE.tariff, whole.prices, MIDNIGHT, end, QUARTER_S)
    assert (of.taken_kwh, of.given_kwh, of.wear_nok) == pytest.approx((40.0, 36.0, 3.6))
    assert (of.taken_nok, of.given_nok) == pytest.approx((40 * buy[0], 36 * buy[-1]))
    assert of.earned_nok == pytest.approx(36 * buy[-1] - 40 * buy[0] - 3.6)
    assert of.earned_nok > 0


def test_charging_while_electricity_is_sold_costs_what_it_would_have_earned():
    whole = day(battery__charged_kwh=[10.0] * 4 + [0.0] * 4)
    of = packs(SITE, [whole], [NONE], [np.full(8, 5.0)], QUARTER_S)[0].today
    sell = feed_in_prices(SITE.tariff, whole.prices, MIDNIGHT, MIDNIGHT + timedelta(hours=2), QUARTER_S)
    assert of.taken_nok == pytest.approx(40 * sell[0])
