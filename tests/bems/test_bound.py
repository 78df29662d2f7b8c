"""What the bound is made from: stays of cars as recorded, and a reason where a plant does not tell enough."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.bound import Known, bound, recorded_sessions
from bems.backtest.lockstep import unread
from bems.backtest.run import Task
from bems.backtest.scoring import bill_nok
from control.record import Record
from control.rules.memory import RuleMemory
from models.prices import PriceSeries
from models.site import load_site
from models.synthetic import synthetic_year

ROOT = Path(__file__).parents[2]
START = datetime(2026, 1, 14, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def biri():
    return load_site(ROOT / "site.biri.toml")


@pytest.fixture(scope="module")
def example():
    return load_site(ROOT / "site.example.toml")


def test_a_stay_needs_what_was_charged_in_it_while_the_car_was_there(biri):
    states, power = np.zeros(40), np.zeros(40)
    states[4:20], states[30:36] = 1.0, 1.0
    states[8:12], power[8:12] = 2.0, 10.0
    values = {"charger_1.mode3_state": states, "charger_1.power_kw": power}
    (stay,) = recorded_sessions(biri, Record(START, 900.0, values), START + timedelta(hours=10))
    assert (stay.chargers, stay.energy_kwh, stay.max_kw) == (("charger_1",), 10.0, 11.0)
    assert stay.connected_at == START + timedelta(hours=1)
    assert stay.leaves_at == START + timedelta(hours=5)


def test_a_plant_that_does_not_tell_enough_has_no_bound_and_says_why(example):
    weather = synthetic_year(2026, 1, 61.0, 10.5, 200)
    prices = PriceSeries(START, 3600, np.ones(24))
    record = Record(START, 900.0, {"hp.outdoor_temp_degc": np.zeros(96)})
    known = Known(weather, prices, record, record, None, 0.0)
    found = bound(example, unread(example.points), RuleMemory(), START, 24, known)
    assert found.cost_total_nok is None
    assert "its base load" in (found.why or "")


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 1, 15), 24)])
def test_days_of_23_and_25_hours_are_days(biri, day, hours):
    task = Task(biri, ("rules",), day, 1, 0, 1, 0.0, None, None, None, {})
    assert task.hours == hours


def test_every_month_touched_pays_its_peak_in_full_and_only_the_first_knows_one_from_before(biri):
    begin = datetime(2026, 1, 30, 23, tzinfo=UTC)  # the local 31 January
    prices = PriceSeries(begin - timedelta(hours=1), 3600, np.zeros(60))
    power = np.concatenate((np.full(24, 40.0), np.full(24, 70.0)))

    def nok(kw, so_far_kw):
        return bill_nok(biri, begin, 3600, prices, kw, np.zeros(48), so_far_kw)

    usual = nok(power, 0.0)
    flat = nok(np.full(48, 40.0), 0.0)
    month_only = bill_nok(biri, begin, 3600, prices, power[:24], np.zeros(24), 0.0)
    assert nok(power, 40.0) == usual
    assert nok(power, 55.0) - usual == pytest.approx(nok(np.full(48, 40.0), 55.0) - flat)
    assert nok(power, 55.0) > usual > flat > month_only
