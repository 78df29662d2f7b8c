"""What docs/record.md shows works as it stands there."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from bems.history.archive import archive_finished
from bems.history.parquet import COLUMNS
from bems.history.record import Record
from bems.history.rows import EventKind
from bems.history.schema import QUALITY_CODE
from models.signals import Sample

PAGE = (Path(__file__).resolve().parents[2] / "docs/record.md").read_text("utf-8")
MIDNIGHT = datetime(2026, 1, 15, tzinfo=UTC)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder with two finished days, as the page has it."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data" / "record.sqlite"
    with Record.open(path) as record:
        for n in range(96):
            at = MIDNIGHT + n * timedelta(minutes=30)
            samples = [Sample("hp1.supply_temp_degc", at, 30.0 + n // 48), Sample("main.import_kwh", at, 2.0 * n)]
            record.append_tick(samples)
    archive_finished(path, MIDNIGHT + timedelta(days=2))
    return path


def snippet(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[1]


def test_the_files_open_with_polars_as_shown(data, capsys):
    exec(compile(snippet("python"), "docs/record.md", "exec"), {})
    shown = capsys.readouterr().out
    assert "30.0" in shown
    assert "31.0" in shown


def test_the_files_open_with_duckdb_as_shown(data):
    with duckdb.connect() as connection:
        assert connection.execute(snippet("sql")).fetchall() == [("main.import_kwh", 190.0)]


def test_every_column_quality_and_the_event_of_an_exchange_are_named():
    for column in COLUMNS:
        assert f"| `{column}` |" in PAGE
    for quality, code in QUALITY_CODE.items():
        assert f"{code} {quality}" in PAGE
    assert f"`{EventKind.METER_EXCHANGE}`" in PAGE
