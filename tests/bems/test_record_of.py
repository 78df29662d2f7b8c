from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.backtest.lockstep import LockstepResult
from bems.backtest.record_of import record_of
from control.ledger import Ledger
from control.rules.memory import RuleMemory
from models.site import load_site

START = datetime(2026, 1, 15, 10, 5, tzinfo=UTC)
POINTS = ("main.power_kw", "main.import_kwh")


@pytest.fixture(scope="module")
def biri():
    return load_site(Path(__file__).parents[2] / "site.biri.toml")


def run(minutes):
    n = np.arange(minutes, dtype=np.float64)
    values = np.column_stack([n, 100 + n])
    return LockstepResult(START, 60.0, POINTS, values, values[0], [], [], {}, RuleMemory(), Ledger())


def test_steps_begin_on_the_clock_powers_are_means_counters_their_last_value(biri):
    record = record_of(run(45), biri)
    assert record.start == START + timedelta(minutes=10)
    assert len(record) == 2
    assert record.values["main.power_kw"].tolist() == [pytest.approx(17.0), pytest.approx(32.0)]
    assert record.values["main.import_kwh"].tolist() == [124.0, 139.0]


def test_only_points_that_were_kept_and_asked_for(biri):
    record = record_of(run(45), biri, ["main.power_kw", "hp1.supply_temp_degc"])
    assert set(record.values) == {"main.power_kw"}


def test_too_short_a_run_gives_no_record(biri):
    assert record_of(run(20), biri) is None
