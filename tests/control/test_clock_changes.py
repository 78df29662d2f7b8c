"""What a plan charges for an hour is what the bill charges: on days of 23 and 25 hours, and over the end of a month."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from control.dispatch import Options, plan
from control.grid import Grid, grid_at
from control.plan import Plan
from control.tariff_state import local_days, tariff_state
from models.bill import month_bill
from models.local_time import OSLO, local_day
from models.prices import PriceSeries
from models.tariff import TariffConfig, import_prices, peak_charge_nok
from tests.control.plans import small

RATES = [{"nok_per_kw": 80.0, "months": [1, 2, 3, 11, 12]}, {"nok_per_kw": 30.0, "months": list(range(4, 11))}]
STEPS = [{"from_kw": kw, "nok_per_month": nok} for kw, nok in ((0.0, 100.0), (20.0, 900.0), (40.0, 2500.0))]
PEAKS = {
    "highest hour": {"kind": "per_kw", "basis": "highest_hour", "rates": RATES},
    "mean of three days": {"kind": "per_kw", "basis": "mean_of_three_days", "rates": RATES},
    "steps": {"kind": "steps", "basis": "highest_hour", "steps": STEPS},
    "steps of the mean": {"kind": "steps", "basis": "mean_of_three_days", "steps": STEPS},
}
HOUR = timedelta(hours=1)
SHORT, LONG, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 10)
HOURS = {SHORT: 23, LONG: 25, PLAIN: 24}
LAST_DAYS = (date(2026, 3, 31), date(2026, 10, 31), date(2026, 12, 31))
DAY_NOK, NIGHT_NOK = 0.40, 0.10
FEW = settings(
    max_examples=3,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
KW = st.integers(min_value=2, max_value=60).map(lambda kw: kw + 0.5)
"""Never on a step's threshold."""


def contract(peak, settlement="quarter"):
    """Grid energy is dear from 06 to 22 local time."""
    since = {"valid_from": date(2025, 1, 1)}
    energy = [{"nok_per_kwh": DAY_NOK, "from_hour": 6, "to_hour": 22}, {"nok_per_kwh": NIGHT_NOK}]
    return TariffConfig.model_validate(
        {
            "settlement": settlement,
            "supplier": [since | {"markup_nok_per_kwh": 0.02, "fixed_nok_per_month": 0.0}],
            "tax": [since | {"nok_per_kwh": 0.07}],
            "grid": [since | {"fixed_nok_per_month": 0.0, "energy": energy, "peak": peak}],
        }
    )


def planned(grid, kw, tariff=None, **outlook):
    """A plan for a load that nobody can move."""
    case = small(grid, base_load_kw=np.asarray(kw), **outlook)
    found = plan(replace(case, tariff=tariff or case.tariff), Options())
    assert isinstance(found, Plan)
    return found


def peak_nok(peak, month, highs):
    """By hand: the charge of a month whose days had these highest hours."""
    most = sorted(highs, reverse=True) + [0.0] * 3
    basis = float(np.mean(most[:3])) if peak.basis == "mean_of_three_days" else most[0]
    return peak_charge_nok(peak, month, basis)


def _peak(found):
    return found.parts_nok.get("peak", 0.0)  # none where no step is left to climb


def highest_by_day(days, kw, before):
    found = dict(before)
    for day, value in zip(days, kw, strict=True):
        found[day] = max(found.get(day, 0.0), value)
    return found


@pytest.mark.parametrize("day", HOURS)
def test_a_day_has_the_hours_its_clock_says_and_sixteen_dear_ones(day):
    start, end = local_day(day)
    grid = Grid(start, (1,) * (4 * HOURS[day]))
    assert grid.end == end
    assert set(local_days(grid.hour_starts)) == {day}
    prices = PriceSeries(start, 900, np.zeros(len(grid)))
    hourly = import_prices(contract({"kind": "none"}), prices, start, end, 3600)
    assert len(hourly) == HOURS[day]
    assert np.sum(hourly > DAY_NOK) == 16


@pytest.mark.parametrize("day", HOURS)
@pytest.mark.parametrize("settlement", ["hour", "quarter"])
@given(seed=st.integers(min_value=0, max_value=10_000))
@FEW
def test_a_plan_s_energy_costs_what_the_bill_says(day, settlement, seed):
    draw, (start, end) = np.random.default_rng(seed), local_day(day)
    count = 4 * HOURS[day]
    kw, spot = draw.uniform(1.0, 60.0, count), draw.uniform(-0.5, 3.0, count)
    prices, tariff = PriceSeries(start, 900, spot), contract({"kind": "none"}, settlement)
    grid = Grid(start, (1,) * count)
    price = grid.from_quarters(import_prices(tariff, prices, start, end, 900))
    found = planned(grid, kw, buy_nok_per_kwh=price, sell_nok_per_kwh=np.minimum(price, 0.0) - 1.0)
    bill = month_bill(tariff, prices, start, 900, kw / 4, np.zeros(count))
    assert float(found.trajectories["grid.import_kw"] @ (grid.dt_h * price)) == pytest.approx(bill.energy_nok, rel=1e-6)
    by_hour = spot.reshape(-1, 4).mean(axis=1)
    if settlement == "hour":
        assert bill.spot_nok == pytest.approx(float(by_hour @ kw.reshape(-1, 4).mean(axis=1)), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kind", PEAKS)
@pytest.mark.parametrize("day", [SHORT, LONG])
@given(kw=st.lists(KW, min_size=25, max_size=25), before=st.lists(KW, min_size=4, max_size=4))
@FEW
def test_each_clock_hour_of_a_day_when_the_clock_changes_counts_for_its_own_peak(kind, day, kw, before):
    start, _ = local_day(day)
    kw = kw[: HOURS[day]]
    grid = Grid(start, (4,) * len(kw))
    days = local_days(grid.hour_starts)
    highs = {day - timedelta(days=n): value for n, value in enumerate(before, 1)}
    tariff = contract(PEAKS[kind])
    found, idle = (planned(grid, power, tariff_state(tariff, days, highs)) for power in (kw, [0.0] * len(kw)))
    assert found.trajectories["grid.hour_kw"] == pytest.approx(kw)
    peak, after = tariff.grid[0].peak, highest_by_day(days, kw, highs)
    adds = peak_nok(peak, day.month, after.values()) - peak_nok(peak, day.month, highs.values())
    assert _peak(found) - _peak(idle) == pytest.approx(adds, abs=1e-3)


@pytest.mark.parametrize("kind", PEAKS)
@pytest.mark.parametrize("last", LAST_DAYS)
@given(kw=st.lists(KW, min_size=30, max_size=30), before=st.lists(KW, min_size=4, max_size=4))
@FEW
def test_over_a_month_s_end_each_month_pays_for_its_own_hours(kind, last, kw, before):
    start = local_day(last)[1] - 12 * HOUR
    grid = Grid(start, (4,) * len(kw))
    days = local_days(grid.hour_starts)
    assert [day == last for day in days] == [True] * 12 + [False] * 18
    highs = {last - timedelta(days=n): value for n, value in enumerate(before)}  # its own last day among them
    tariff = contract(PEAKS[kind])
    found, idle = (planned(grid, power, tariff_state(tariff, days, highs)) for power in (kw, [0.0] * len(kw)))
    peak, after = tariff.grid[0].peak, highest_by_day(days, kw, highs)
    old = {day: high for day, high in after.items() if day <= last}
    new = {day: high for day, high in after.items() if day > last}
    month = (last + timedelta(days=1)).month
    adds = peak_nok(peak, last.month, old.values()) - peak_nok(peak, last.month, highs.values())
    adds += peak_nok(peak, month, new.values()) - peak_nok(peak, month, [])
    assert _peak(found) - _peak(idle) == pytest.approx(adds, abs=1e-3)


@pytest.mark.parametrize("day", HOURS)
@given(minute=st.integers(min_value=-600, max_value=1800))
@FEW
def test_no_step_of_the_usual_grid_lies_in_two_clock_hours(day, minute):
    grid = grid_at(local_day(day)[0] + timedelta(minutes=minute))
    for step in range(len(grid)):
        begin, last = grid.at(step), grid.at(step + 1) - timedelta(seconds=1)
        assert begin.astimezone(OSLO).replace(minute=0, second=0).utcoffset() == last.astimezone(OSLO).utcoffset()
        assert begin.timestamp() // 3600 == last.timestamp() // 3600
        assert grid.hour_starts[grid.hour[step]].timestamp() // 3600 == begin.timestamp() // 3600
