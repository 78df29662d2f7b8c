"""A report's workbook in LibreOffice: every number, date, gap and sum is there as the report has it."""

import csv
import shutil
import subprocess
from datetime import date, datetime
from pathlib import Path

import pytest

from dashboards.reports.as_xlsx import write_xlsx
from dashboards.reports.assemble import month_of
from dashboards.reports.model import Axis, Column, Figure, Plot, Report, Section, Series, Table

OFFICE = shutil.which("soffice")
ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Comma, quotes, UTF-8, numbers in full, one file a sheet."""
NUMBERS = (0.1 + 0.2, 1234567.891, -0.0004, 1e-9, 98765.0)
TABLE = Table(
    "uses",
    "Strøm etter formål",
    (Column("Formål"), Column("Energi", "kWh", 1), Column("Dag"), Column("Tid")),
    (
        ("Blåsere", NUMBERS[0], date(2026, 3, 1), datetime(2026, 3, 29, 3, 30)),  # noqa: DTZ001  (cells are local)
        ("=1+1", NUMBERS[1], date(2026, 3, 31), None),
        ('@ordre; «sitat», "to"', None, None, datetime(2026, 3, 31, 23, 59)),  # noqa: DTZ001
        ("Sum", NUMBERS[0] + NUMBERS[1], None, None),
    ),
    sum_row=True,
)
FIGURES = (
    Figure("energy", "Kjøpt energi", NUMBERS[1], "kWh", "Måler", coverage=0.987, interval=(NUMBERS[2], NUMBERS[4])),
    Figure("cop", "Årsvarmefaktor", None, "", "Målt", reason="ingen målinger i perioden"),
    Figure("small", "Lekkasje", NUMBERS[3], "m³", "Måler", decimals=9),
)
DAYS = tuple(date(2026, 3, day) for day in range(1, 4))
PLOT = Plot("p", "Kurve", "line", Axis("Dag"), Axis("Effekt", "kW"), (Series("Måler", DAYS, (1.5, None, 2.25)),))
REPORT = Report(
    "Rapport for mars 2026",
    "biri",
    "Biri omsorgssenter",
    month_of(2026, 3),
    datetime(2026, 4, 1, 4, 0),  # noqa: DTZ001
    "nb",
    (Section("energy", "Energi", FIGURES, (TABLE,), (PLOT,), ("Målingene er hele.",)), Section("empty", "Ingenting")),
)


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    if OFFICE is None:
        pytest.skip("no LibreOffice: apt-get install libreoffice-calc-nogui")
    folder = tmp_path_factory.mktemp("office")
    (folder / "report.xlsx").write_bytes(write_xlsx(REPORT))
    own = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [OFFICE, own, "--headless", "--convert-to", ALL_SHEETS, "--outdir", str(folder), "report.xlsx"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return {path.stem.removeprefix("report-"): rows(path) for path in sorted(folder.glob("report-*.csv"))}


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def iso(cell: str) -> str:
    """A day, with or without a time: a new profile of the office is American, whatever the cell's own form."""
    day, _, time = cell.partition(" ")
    month, day_of_month, year = day.split("/")
    return f"{year}-{month}-{day_of_month}" + (f" {time}" if time else "")


def is_same(cell: str, value: object) -> bool:
    """Whether LibreOffice shows what the report has; numbers to the fifteen digits a spreadsheet keeps."""
    if value is None:
        return cell == ""
    if isinstance(value, date):  # a datetime is one
        return iso(cell) == str(value)
    return float(cell) == pytest.approx(value, rel=1e-14) if isinstance(value, float) else cell == value


pytestmark = pytest.mark.timeout(360)  # the office takes its time to start on a loaded machine


def test_every_section_is_a_sheet(sheets):
    assert {"Energi", "Ingenting"} <= set(sheets)
    assert len(sheets) == 1 + len(REPORT.sections)


def test_the_table_is_there_cell_by_cell_with_its_sum(sheets):
    sheet = sheets["Energi"]
    first = next(place for place, row in enumerate(sheet) if row[0] == TABLE.title) + 2
    assert [label.partition(" [")[0] for label in sheet[first - 1][:4]] == [column.label for column in TABLE.columns]
    for shown, row in zip(sheet[first : first + len(TABLE.rows)], TABLE.rows, strict=True):
        assert [is_same(cell, value) for cell, value in zip(shown[:4], row, strict=True)] == [True] * 4, (shown, row)


def test_every_figure_is_there_with_its_interval_and_the_reason_for_none(sheets):
    lines = {row[0]: row for row in sheets["Energi"]}
    for figure in FIGURES:
        label, value, unit, low, high, coverage, method, reason = lines[figure.label][:8]
        assert is_same(value, figure.value), (label, value)
        bounds = figure.interval or (None, None)
        assert all(is_same(cell, bound) for cell, bound in zip((low, high), bounds, strict=True))
        assert coverage == ("" if figure.coverage is None else f"{100 * figure.coverage:.1f}%")
        assert (unit, method, reason) == (figure.unit, figure.method, figure.reason or "")


def test_no_cell_is_an_error(sheets):
    shown = [cell for sheet in sheets.values() for row in sheet for cell in row]
    assert [cell for cell in shown if cell.startswith(("#", "Err:"))] == []
