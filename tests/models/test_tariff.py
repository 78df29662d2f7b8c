import tomllib
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from pydantic import ValidationError

from models.bill import month_bill
from models.local_time import local_month
from models.prices import PriceSeries
from models.tariff import (
    TariffConfig,
    adders_at,
    energy_price_nok_per_kwh,
    feed_in_price_nok_per_kwh,
    feed_in_prices,
    import_prices,
    in_force,
    peak_basis_kw,
    peak_charge_nok,
    with_vat,
)

LARGE = """
settlement = "hour"
tax = [
  { valid_from = 2025-01-01, nok_per_kwh = 0.0979 },
  { valid_from = 2025-04-01, nok_per_kwh = 0.1693 },
  { valid_from = 2026-01-01, nok_per_kwh = 0.0713 },
]
supplier = [{ valid_from = 2025-01-01, markup_nok_per_kwh = 0.02, fixed_nok_per_month = 49 }]
feed_in = [{ valid_from = 2025-01-01, fee_nok_per_kwh = 0.01 }]
[[grid]]
valid_from = 2025-01-01
fixed_nok_per_month = 500
energy = [{ nok_per_kwh = 0.05 }]
[grid.peak]
kind = "per_kw"
basis = "highest_hour"
rates = [
  { nok_per_kw = 92, months = [10, 11, 12, 1, 2, 3] },
  { nok_per_kw = 38, months = [4, 5, 6, 7, 8, 9] },
]
"""
SMALL = """
settlement = "quarter"
tax = [{ valid_from = 2026-01-01, nok_per_kwh = 0.0713 }]
[[grid]]
valid_from = 2025-04-01
fixed_nok_per_month = 0
energy = [
  { nok_per_kwh = 0.2099, days = "workdays", from_hour = 6, to_hour = 22 },
  { nok_per_kwh = 0.1299 },
]
[grid.peak]
kind = "steps"
basis = "mean_of_three_days"
steps = [
  { from_kw = 0, nok_per_month = 100 },
  { from_kw = 25, nok_per_month = 940 },
  { from_kw = 50, nok_per_month = 1376 },
]
"""


def tariff(text):
    return TariffConfig.model_validate(tomllib.loads(text))


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


def flat(start, hours, price):
    return PriceSeries(start, 3600, np.full(hours, price))


def test_a_bought_kwh_costs_spot_markup_grid_energy_and_tax():
    prices = flat(utc(2026, 1, 10), 24, 0.8829)
    # 0.8829 + 0.02 + 0.05 + 0.0713
    assert energy_price_nok_per_kwh(tariff(LARGE), prices, utc(2026, 1, 10, 12, 7)) == pytest.approx(1.0242)


def test_an_unknown_spot_price_makes_the_price_unknown():
    prices = flat(utc(2026, 1, 10), 24, 0.5)
    assert energy_price_nok_per_kwh(tariff(LARGE), prices, utc(2026, 1, 11)) is None
    assert feed_in_price_nok_per_kwh(tariff(LARGE), prices, utc(2026, 1, 11)) is None


def test_tax_changes_at_local_midnight():
    config = tariff(LARGE)
    assert adders_at(config, utc(2025, 3, 31, 21, 59)).tax == 0.0979
    assert adders_at(config, utc(2025, 3, 31, 22, 0)).tax == 0.1693


def test_the_oldest_figures_serve_earlier_days():
    assert in_force(tariff(LARGE).tax, date(2019, 1, 1)).nok_per_kwh == 0.0979


@pytest.mark.parametrize(
    ("when", "rate"),
    [
        (utc(2026, 1, 9, 4, 59), 0.1299),  # Friday 05:59 local
        (utc(2026, 1, 9, 5, 0), 0.2099),  # 06:00
        (utc(2026, 1, 9, 20, 59), 0.2099),  # 21:59
        (utc(2026, 1, 9, 21, 0), 0.1299),  # 22:00
        (utc(2026, 1, 10, 11, 0), 0.1299),  # Saturday
        (utc(2026, 4, 2, 11, 0), 0.1299),  # Maundy Thursday
        (utc(2026, 7, 9, 4, 0), 0.2099),  # 06:00 in summer
    ],
)
def test_grid_energy_follows_local_hours_weekends_and_holidays(when, rate):
    assert adders_at(tariff(SMALL), when).grid == rate


def test_a_window_may_run_over_midnight():
    text = SMALL.replace('days = "workdays", from_hour = 6, to_hour = 22', "from_hour = 22, to_hour = 6")
    config = tariff(text)
    assert adders_at(config, utc(2026, 1, 9, 22)).grid == 0.2099
    assert adders_at(config, utc(2026, 1, 9, 12)).grid == 0.1299


def test_hourly_settlement_prices_a_quarter_at_the_mean_of_its_hour():
    start = utc(2026, 1, 9, 12)
    prices = PriceSeries(start, 900, np.array([1.0, 2.0, 3.0, 6.0]))
    by_hour = import_prices(tariff(LARGE), prices, start, start + timedelta(hours=1), 900)
    by_quarter = import_prices(tariff(SMALL), prices, start, start + timedelta(hours=1), 900)
    np.testing.assert_allclose(by_hour, [3.0 + 0.1413] * 4)
    np.testing.assert_allclose(by_quarter, np.array([1.0, 2.0, 3.0, 6.0]) + 0.2099 + 0.0713)


def test_feed_in_pays_spot_less_the_fee_also_below_zero():
    start = utc(2026, 6, 7, 10)
    prices = PriceSeries(start, 3600, np.array([0.40, -0.10]))
    earned = feed_in_prices(tariff(LARGE), prices, start, start + timedelta(hours=2), 3600)
    np.testing.assert_allclose(earned, [0.39, -0.11])


def test_the_highest_hour_is_the_basis_of_the_large_tariff():
    peak = tariff(LARGE).grid[0].peak
    basis = peak_basis_kw(peak.basis, utc(2026, 1, 1), np.array([50.0, np.nan, 120.5, 80.0]))
    assert basis == 120.5
    assert peak_charge_nok(peak, 1, basis) == pytest.approx(92 * 120.5)
    assert peak_charge_nok(peak, 4, basis) == pytest.approx(38 * 120.5)


def test_three_hours_count_only_from_three_different_local_days():
    kw = np.full(72, 10.0)
    kw[[0, 1, 30, 60]] = [60.0, 58.0, 40.0, 20.0]
    # Local days begin at 23:00 UTC: 60 on the 1st, 40 on the 2nd, 20 on the 3rd; the 58 shares its day with the 60.
    assert peak_basis_kw("mean_of_three_days", utc(2025, 12, 31, 23), kw) == pytest.approx(40.0)


def test_the_mean_of_days_uses_what_has_passed_and_none_is_unknown():
    assert peak_basis_kw("mean_of_three_days", utc(2026, 1, 1), np.array([30.0])) == 30.0
    assert peak_basis_kw("mean_of_three_days", utc(2026, 1, 1), np.array([np.nan])) is None


@pytest.mark.parametrize(("kw", "nok"), [(0, 100), (24.99, 100), (25, 940), (49.9, 940), (50, 1376), (500, 1376)])
def test_a_threshold_belongs_to_the_upper_step(kw, nok):
    assert peak_charge_nok(tariff(SMALL).grid[0].peak, 1, kw) == nok


def test_no_peak_charge_costs_nothing():
    text = LARGE[: LARGE.index("[grid.peak]")] + '[grid.peak]\nkind = "none"\n'
    assert peak_charge_nok(tariff(text).grid[0].peak, 1, 500.0) == 0


def test_vat_is_added_for_display():
    assert with_vat(tariff(LARGE), 0.8) == pytest.approx(1.0)


def test_a_january_bill_by_hand():
    start, end = local_month(date(2026, 1, 1))
    hours = int((end - start).total_seconds() // 3600)
    bought, sold = np.full(hours, 40.0), np.zeros(hours)
    bought[100], sold[200] = 130.0, 5.0
    bill = month_bill(tariff(LARGE), flat(start, hours, 0.9), start, 3600, bought, sold)
    assert hours == 744
    assert bill.import_kwh == pytest.approx(743 * 40 + 130)  # 29 850
    assert bill.spot_nok == pytest.approx(26_865.0)
    assert bill.supplier_nok == pytest.approx(597.0)
    assert bill.grid_energy_nok == pytest.approx(1_492.5)
    assert bill.tax_nok == pytest.approx(2_128.305)
    assert (bill.peak_kw, bill.peak_nok) == (130.0, pytest.approx(11_960.0))
    assert bill.fixed_nok == 549
    assert bill.feed_in_nok == pytest.approx(5 * 0.89)
    assert bill.total_nok == pytest.approx(43_587.355)
    assert bill.known_share == 1.0


def test_quarters_make_the_same_hourly_peak():
    start = utc(2026, 1, 5)
    bought = np.array([10.0, 20.0, 30.0, 40.0, 5.0, 5.0, 5.0, 5.0])
    bill = month_bill(tariff(LARGE), flat(start, 2, 1.0), start, 900, bought, np.zeros(8))
    assert bill.peak_kw == 100.0
    assert bill.spot_nok == pytest.approx(120.0)


def test_a_bill_leaves_unmetered_slots_out_and_says_so():
    start = utc(2026, 1, 5)
    bill = month_bill(tariff(LARGE), flat(start, 4, 1.0), start, 3600, np.array([1.0, np.nan, 3.0, 4.0]), np.zeros(4))
    assert bill.spot_nok == pytest.approx(8.0)
    assert bill.known_share == 0.75


def test_a_bill_across_two_months_is_refused():
    start = utc(2026, 1, 31, 22)
    with pytest.raises(ValueError, match="not one month"):
        month_bill(tariff(LARGE), flat(start, 3, 1.0), start, 3600, np.ones(3), np.zeros(3))


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("months = [4, 5, 6, 7, 8, 9]", "months = [4, 5, 6, 7, 8]", "every month exactly once"),
        (
            "energy = [{ nok_per_kwh = 0.05 }]",
            "energy = [{ nok_per_kwh = 0.05, from_hour = 6 }]",
            "no energy rate for month 1",
        ),
        ("valid_from = 2025-04-01", "valid_from = 2024-04-01", "valid_from must rise"),
        ('settlement = "hour"', 'settlement = "hour"\nsurcharge = 1', "Extra inputs are not permitted"),
        ('kind = "per_kw"', 'kind = "ratchet"', "does not match any of the expected tags"),
    ],
)
def test_a_wrong_tariff_is_refused_with_the_reason(old, new, text):
    with pytest.raises(ValidationError, match=text):
        tariff(LARGE.replace(old, new))


@pytest.mark.parametrize("starts", [[25, 50], [0, 50, 25]])
def test_capacity_steps_must_rise_from_zero(starts):
    steps = ", ".join(f"{{ from_kw = {kw}, nok_per_month = 1 }}" for kw in starts)
    with pytest.raises(ValidationError, match="must rise from 0 kW"):
        tariff(SMALL[: SMALL.index("steps = [")] + f"steps = [{steps}]")
