"""A long period is read by two processes: the same comes out, also when the other one is killed."""

from concurrent.futures import BrokenExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from bems.history.record import Record
from bems.reports import gather as module
from bems.reports.gather import gather
from dashboards.reports.assemble import month_of
from models.signals import Quality, Sample
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
START = datetime(2026, 1, 31, 22, tzinfo=UTC)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def path(tmp_path):
    """February: one counter and one sensor by the hour, both with a pattern that tells the hours apart."""
    path = tmp_path / "record.sqlite"
    with Record.open(path) as record:
        for hour in range(29 * 24):
            at = START + timedelta(hours=hour)
            record.append_tick(
                [
                    Sample("main.import_kwh", at, hour**1.5, Quality.GOOD),
                    Sample("weather.outdoor_temp_degc", at, hour % 31 - 7.0, Quality.GOOD),
                ]
            )
    return path


class Killed:
    """An executor whose process is ended by the machine."""

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, *_):
        return self

    def result(self):
        raise BrokenExecutor


@pytest.mark.parametrize("killed", [False, True])
def test_two_processes_read_what_one_reads(path, monkeypatch, caplog, killed):
    alone = gather(SITE, path, month_of(2026, 2), NOW)
    monkeypatch.setattr(module, "SHARED_FROM", 2)
    monkeypatch.setattr(module.os, "cpu_count", lambda: 2)
    if killed:
        monkeypatch.setattr(module, "ProcessPoolExecutor", Killed)
    shared = gather(SITE, path, month_of(2026, 2), NOW)
    hourly = alone.counters["main.import_kwh"].hourly
    assert np.isfinite(hourly).sum() > 600
    np.testing.assert_array_equal(shared.counters["main.import_kwh"].hourly, hourly)
    outdoor = alone.quarters["weather.outdoor_temp_degc"]
    assert np.isfinite(outdoor).sum() > 600
    np.testing.assert_array_equal(shared.quarters["weather.outdoor_temp_degc"], outdoor)
    assert ("read again" in caplog.text) == killed
