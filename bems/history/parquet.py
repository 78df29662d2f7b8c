"""Samples as Parquet files, one a finished day: written so that a crash leaves a whole file or none, and read in parts.

Columns: `point` (its name), `at_utc` (to the millisecond; a bare "at" is a keyword to some), `value` (null exactly
where the quality is not 0), `quality` (bems.history.schema.QUALITY_CODE) and `tick`. Rows are in order of point, then
time, then tick. A file never changes.
"""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from errno import ENOSPC
from hashlib import file_digest
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from bems.durable import sync_folder
from bems.history.errors import RecordDamaged, RecordError, RecordFull
from bems.history.rows import Table

COLUMNS: Final = ("point", "at_utc", "value", "quality", "tick")
PART: Final = ".part"
"""Ends the name of a file that is not whole."""

_LEVEL: Final = 9
"""Of zstd: a tenth smaller than level 3, and a day of 500 points is still written in 0.2 s."""
_GROUP_ROWS: Final = 100_000
_PAGE_BYTES: Final = 1 << 18
"""Smaller pages are found faster, larger ones are smaller: times repeat from point to point."""


def frame(
    names: Sequence[str],
    point: NDArray[np.int64],
    at_ms: NDArray[np.int64],
    value: NDArray[np.float64],
    quality: NDArray[np.int8],
    tick: NDArray[np.int64],
) -> pl.DataFrame:
    """Rows in the order of a file. `point` are places in `names`; NaN becomes null. Equal times keep their order."""
    used = sorted({names[place] for place in np.unique(point).tolist()})
    rank = {name: n for n, name in enumerate(used)}
    ranks = np.array([rank.get(name, 0) for name in names], dtype=np.uint32)[point]
    order = np.lexsort((at_ms, ranks))  # stable
    made = pl.DataFrame(
        {
            "point": pl.Series(ranks[order]).cat.to(pl.Enum(used)),
            "at_utc": pl.Series(at_ms[order]).cast(pl.Datetime("ms", "UTC")),
            "value": pl.Series(value[order], nan_to_null=True),
            "quality": quality[order],
            "tick": tick[order],
        }
    )
    return made.select(COLUMNS)


def write(file: Path, samples: pl.DataFrame) -> str:
    """Writes a frame (see `frame`) durably in place of what is there, reads it again, and returns its SHA-256 in hex.

    RecordDamaged when what was read is not what was written, RecordFull, RecordError when the disk refuses.
    """
    part = file.with_name(file.name + PART)
    try:
        _make_folder(file.parent)
        with part.open("wb") as out:
            samples.write_parquet(
                out, compression="zstd", compression_level=_LEVEL, statistics=True, row_group_size=_GROUP_ROWS,
                data_page_size=_PAGE_BYTES,
            )  # fmt: skip
            out.flush()
            os.fsync(out.fileno())
        _prove(part, samples)
        digest = sha256(part)
        part.replace(file)
        sync_folder(file.parent)
    except (OSError, pl.exceptions.PolarsError) as error:
        full = getattr(error, "errno", None) == ENOSPC or "No space left" in str(error)
        raise (RecordFull if full else RecordError)(f"{file} cannot be written ({error})") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return digest


def _prove(part: Path, samples: pl.DataFrame) -> None:
    if not pl.read_parquet(part).cast({"point": pl.String}).equals(samples.cast({"point": pl.String})):
        raise RecordDamaged(f"{part} does not hold what was written to it")


def sha256(file: Path) -> str:
    """Of the file's bytes, in hex. OSError."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def read(file: Path) -> pl.DataFrame:
    """The whole file. FileNotFoundError, RecordDamaged."""
    return _collected([pl.scan_parquet(file)])[0]


def read_rows(wanted: Iterable[tuple[Path, int, int]], columns: Sequence[str]) -> list[pl.DataFrame]:
    """Some columns of (file, first row, number of rows) each. FileNotFoundError, RecordDamaged."""
    return _collected([pl.scan_parquet(file).select(columns).slice(first, rows) for file, first, rows in wanted])


def table(rows: pl.DataFrame) -> Table:
    """Time, value (NaN for null) and quality of each row, without copying where that is possible: not to be written."""
    return Table(
        rows["at_utc"].to_physical().to_numpy(),  # milliseconds, as `frame` makes them
        rows["value"].to_numpy(),
        rows["quality"].to_numpy(),
    )


def in_order_of_ticks(file: Path) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The whole file, its rows in order of ticks, `point` an Enum of the names. FileNotFoundError, RecordDamaged."""
    rows = read(file).sort("tick", maintain_order=True)
    point = rows["point"].cast(pl.String)
    names = tuple(point.unique().sort().to_list())
    return names, rows.with_columns(point.cast(pl.Enum(names)).alias("point"))


def _collected(scans: Sequence[pl.LazyFrame]) -> list[pl.DataFrame]:
    try:
        return pl.collect_all(scans)
    except FileNotFoundError:
        raise
    except (OSError, pl.exceptions.PolarsError) as error:
        raise RecordDamaged(f"the archive cannot be read ({error})") from error


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
