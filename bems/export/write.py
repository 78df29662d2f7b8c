"""Tables to files: CSV, JSON, XLSX and Parquet, each saying the units and the time zone, none of them held in memory.

Norwegian CSV is as Norwegian spreadsheets want it: semicolons, decimal commas and a byte-order mark.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO

import polars as pl

from bems.export.sheets import write_workbook
from bems.export.tables import TIME
from bems.export.wanted import Wanted
from bems.export.words import about, titles

Tables = Iterable[pl.DataFrame]


def write(kind: str, tables: Tables, wanted: Wanted, out: IO[bytes]) -> int:
    """Writes the tables as 'csv', 'json', 'xlsx' or 'parquet' and returns the number of rows.

    Raises what the tables raise, and OSError when there is no room.
    """
    writers: dict[str, Callable[[Tables, Wanted, IO[bytes]], int]] = {
        "csv": _csv,
        "json": _json,
        "xlsx": write_workbook,
        "parquet": _parquet,
    }
    return writers[kind](tables, wanted, out)


def _with_iso(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(pl.col(TIME).dt.to_string("%Y-%m-%dT%H:%M:%S%.3f%:z"))


def _csv(tables: Tables, wanted: Wanted, out: IO[bytes]) -> int:
    nb, rows = wanted.language == "nb", 0
    for number, table in enumerate(tables):
        if number == 0 and nb:
            out.write(b"\xef\xbb\xbf")
        titled = _with_iso(table)
        titled.columns = titles(wanted, table.columns)
        separator = ";" if nb else ","
        titled.write_csv(out, include_header=number == 0, separator=separator, decimal_comma=nb)
        rows += table.height
    return rows


def _json(tables: Tables, wanted: Wanted, out: IO[bytes]) -> int:
    rows = 0
    head = json.dumps(about(wanted), ensure_ascii=False)
    out.write(head[:-1].encode())
    for number, table in enumerate(tables):
        if number == 0:
            out.write(f', "columns": {json.dumps(table.columns)}, "rows": ['.encode())
        for row in _with_iso(table).iter_rows():
            out.write(b",\n" if rows else b"\n")
            out.write(json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode())
            rows += 1
    out.write(b"\n]}\n")
    return rows


def _parquet(tables: Tables, wanted: Wanted, out: IO[bytes]) -> int:
    """By way of a file a piece, since a Parquet file is written whole."""
    described = json.dumps(about(wanted), ensure_ascii=False)
    with tempfile.TemporaryDirectory(prefix="bems-export-") as folder:
        parts, rows = [], 0
        for number, table in enumerate(tables):
            parts.append(Path(folder) / f"{number}.parquet")
            table.write_parquet(parts[-1], compression="lz4")
            rows += table.height
        whole = Path(folder) / "whole"
        pl.scan_parquet(parts).sink_parquet(whole, compression="zstd", metadata={"bems": described})
        with whole.open("rb") as file:
            shutil.copyfileobj(file, out, 1 << 20)
    return rows
