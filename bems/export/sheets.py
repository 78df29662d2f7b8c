"""XLSX: a sheet about the file, then the rows, on as many sheets as they need.

A cell has no time zone, so local time and UTC stand side by side, as numbers that a spreadsheet can reckon with.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any, Final

import polars as pl

from bems.export.tables import TIME
from bems.export.wanted import Wanted
from bems.export.words import about, titles, word

SHEET_ROWS: Final = 1_048_576
"""Most rows that a sheet can have, its heading included."""
OPTIONS: Final = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def write_workbook(tables: Iterable[pl.DataFrame], wanted: Wanted, out: IO[bytes]) -> int:
    """Writes the tables and returns the number of rows. Raises what the tables raise, and OSError."""
    import xlsxwriter

    with tempfile.NamedTemporaryFile(prefix="bems-export-", suffix=".xlsx") as file:
        book = xlsxwriter.Workbook(file.name, OPTIONS)
        try:
            _describe(book, wanted)
            rows = _fill(book, tables, wanted)
        finally:
            book.close()
        file.seek(0)
        shutil.copyfileobj(file, out, 1 << 20)
    return rows


def _describe(book: Any, wanted: Wanted) -> None:
    sheet = book.add_worksheet(word(wanted, "about"))
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 1, 42)
    described = about(wanted)
    facts = (
        ("site", described["name"]),
        ("zone", described["time_zone"]),
        ("from", described["from"]),
        ("to", described["to"]),
        ("every", described["every"] or word(wanted, "as_recorded")),
    )
    for row, (key, fact) in enumerate(facts):
        sheet.write_string(row, 0, word(wanted, key).capitalize(), bold)
        sheet.write_string(row, 1, fact)
    keys = [("id", "point"), ("label", "label"), ("unit", "unit"), ("tag", "tag")]
    if wanted.every is not None:
        keys.append(("bucket", "in_bucket"))
    for column, (_, heading) in enumerate(keys):
        sheet.write_string(len(facts) + 1, column, word(wanted, heading).capitalize(), bold)
    for row, point in enumerate(described["points"], len(facts) + 2):
        for column, (key, _) in enumerate(keys):
            said = word(wanted, point[key]) if key == "bucket" else point[key]
            sheet.write_string(row, column, said)


def _fill(book: Any, tables: Iterable[pl.DataFrame], wanted: Wanted) -> int:
    clock = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet: Any = None
    rows, row, sheets = 0, SHEET_ROWS, 0
    for table in tables:
        heading = titles(wanted, table.columns)
        for cells in _cells(table):
            if row == SHEET_ROWS:
                sheets += 1
                sheet = book.add_worksheet(f"{word(wanted, 'data')}{f' {sheets}' if sheets > 1 else ''}")
                sheet.set_column(0, 1, 20, clock)
                sheet.freeze_panes(1, 2)
                sheet.write_row(0, 0, [heading[0], f"{word(wanted, TIME)} (UTC)", *heading[1:]])
                row = 1
            sheet.write_row(row, 0, cells)
            row, rows = row + 1, rows + 1
    return rows


def _cells(table: pl.DataFrame) -> Iterator[tuple[datetime | float | str | None, ...]]:
    local = pl.col(TIME).dt.replace_time_zone(None)
    utc = pl.col(TIME).dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return iter(table.select(local, utc.alias("utc"), pl.exclude(TIME)).iter_rows())
