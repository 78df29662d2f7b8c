"""Normal year and snow loss, by hand; greenhouse factors by year."""

from datetime import date, timedelta

import numpy as np
import pytest

from dashboards.reports.calc_co2 import Basis, co2_kg, site_factors, years_without
from dashboards.reports.calc_known import Known, Why
from dashboards.reports.calc_normal import corrected, normal_kd
from dashboards.reports.calc_snow import snow_loss
from models.reporting import GreenhouseFactor, NormalYear

YEAR = NormalYear(degree_days_kd=(620, 560, 558, 390, 240, 110, 50, 93, 210, 372, 480, 620), source="a table")


def days_of(first, count):
    return [first + timedelta(days=n) for n in range(count)]


def test_normal_degree_days_of_whole_months_and_of_parts():
    assert normal_kd(YEAR, days_of(date(2026, 3, 1), 31)).value == pytest.approx(558)
    assert normal_kd(YEAR, days_of(date(2026, 1, 1), 365)).value == pytest.approx(sum(YEAR.degree_days_kd))
    # ten days of January (620 / 31 = 20 a day) and three of February (560 / 28)
    assert normal_kd(YEAR, days_of(date(2026, 1, 22), 13)).value == pytest.approx(10 * 20 + 3 * 20)
    assert normal_kd(None, days_of(date(2026, 3, 1), 31)).why is Why.NO_FACTOR


def test_only_heat_is_corrected_and_its_electricity_over_spf():
    """20 000 kWh of heat at 500 degree days; a normal 550 makes 22 000, 2 000 more at SPF 4 are 500 kWh."""
    shown = corrected(Known(20_000, 1.0), Known(45_000, 1.0), Known(500, 0.98), Known(550), Known(4.0))
    assert shown.heating_kwh.value == pytest.approx(22_000)
    assert shown.heating_kwh.coverage == 0.98
    assert shown.used_kwh.value == pytest.approx(45_500)


@pytest.mark.parametrize(
    ("heat", "actual", "spf", "why"),
    [
        (Known.missing(Why.NOT_MEASURED), Known(500), Known(4.0), Why.NOT_MEASURED),
        (Known(20_000), Known.missing(Why.GAPS), Known(4.0), Why.GAPS),
        (Known(20_000), Known(500), Known.missing(Why.NOTHING_RAN), Why.NOTHING_RAN),
    ],
)
def test_what_is_not_known_is_missing_in_what_follows(heat, actual, spf, why):
    shown = corrected(heat, Known(45_000), actual, Known(550), spf)
    assert shown.used_kwh.why is why


def array_days(ratio_cold, cold=10, warm=10, expected_kwh=200.0):
    """Ten cold days and ten warm ones; bare panels give 0.95 of what is expected, a little more or less."""
    bare = 0.95 + 0.01 * np.tile([-1.0, 1.0], warm // 2)
    made = np.concatenate([np.full(cold, ratio_cold), bare]) * expected_kwh
    return made, np.full(cold + warm, expected_kwh), np.concatenate([np.full(cold, -4.0), np.full(warm, 9.0)])


def test_snow_takes_what_bare_panels_would_have_given():
    loss = snow_loss(*array_days(0.2), peak_kw=50.0)
    assert loss.days == 10
    assert loss.bare_ratio == pytest.approx(0.95)
    assert loss.lost_kwh.value == pytest.approx(10 * 200 * (0.95 - 0.2))
    low, high = loss.lost_kwh.interval
    # standard error of a median of ten: 1.2533 * 0.01054 / sqrt(10), twice on either side
    assert high - low == pytest.approx(2 * 1.96 * 1.2533 * 0.010541 / np.sqrt(10) * 2000, rel=1e-3)


def test_cold_days_with_bare_panels_lose_nothing():
    loss = snow_loss(*array_days(0.93), peak_kw=50.0)
    assert (loss.days, loss.lost_kwh.value) == (0, 0.0)


def test_warm_days_are_no_snow_whatever_they_lack():
    made, expected, outdoor = array_days(0.95)
    made[-1] = 0.0
    assert snow_loss(made, expected, outdoor, 50.0).days == 0


def test_without_warm_days_the_doubt_is_wide():
    loss = snow_loss(*array_days(0.2, warm=2), peak_kw=50.0)
    assert loss.bare_ratio == 1.0
    assert loss.lost_kwh.interval == pytest.approx((10 * 200 * 0.7, 10 * 200 * 0.9))


def test_unknown_and_dark_days_tell_nothing():
    made, expected, outdoor = array_days(0.0)
    expected[:10] = 5.0
    made[0] = np.nan
    assert snow_loss(made, expected, outdoor, 50.0).days == 0
    nothing = snow_loss(np.full(3, np.nan), expected[:3], outdoor[:3], 50.0)
    assert (nothing.lost_kwh.value, nothing.lost_kwh.why) == (None, Why.NO_DATA)


def test_years_after_2023_have_a_figure_only_with_a_factor_of_their_own():
    """NVE: 11 g in 2021 (Energi Aktuelt), 19 g in 2022, 15 g in 2023 (news of 11.06.2024)."""
    used = {date(2024, 6, 1): 100.0}
    assert co2_kg(used, Basis.LOCATION).why is Why.NO_FACTOR
    published = {2021: 1.1, 2022: 1.9, 2023: 1.5}
    assert {year: co2_kg({date(year, 6, 1): 100.0}, Basis.LOCATION).value for year in published} == pytest.approx(
        published
    )
    assert years_without([date(2023, 12, 31), date(2024, 1, 1), date(2025, 1, 1)], Basis.LOCATION) == (2024, 2025)
    own = GreenhouseFactor(
        basis="location", first=date(2024, 1, 1), last=date(2024, 12, 31), g_per_kwh=11, source="a letter"
    )
    factors = site_factors((own,))
    assert co2_kg(used, Basis.LOCATION, factors).value == pytest.approx(1.1)
    assert years_without([date(2024, 6, 1)], Basis.LOCATION, factors) == ()
