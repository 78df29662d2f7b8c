"""Weather and prices from CSV files, for backtests. A fault names file, row, value and what is allowed."""

import csv
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.prices import PriceSeries
from models.weather import WeatherSeries

TIME: Final = "time_utc"
WEATHER: Final = {
    "temp_degc": (-60.0, 60.0),
    "ghi_w_m2": (0.0, 1500.0),
    "dni_w_m2": (0.0, 1500.0),
    "dhi_w_m2": (0.0, 1500.0),
    "wind_m_s": (0.0, 75.0),
}
"""Columns after the time, and what is allowed in each."""
PRICES: Final = {"price_nok_per_kwh": (-20.0, 100.0)}
PRICE_STEPS_S: Final = (3600, 900)
HUMIDITY_PCT: Final = 80.0
"""Not in the file: the usual outdoor humidity. Nor is snow, which is left out."""


class CsvError(ValueError):
    """A file that cannot be used."""


def weather_csv(path: Path) -> WeatherSeries:
    """`time_utc,temp_degc,ghi_w_m2,dni_w_m2,dhi_w_m2,wind_m_s`, ex humidity and snow; an even step up to 3 h.

    The last row holds for one step, as the others do.
    """
    start, step_s, table = _read(path, WEATHER, range(60, 10801))
    table = np.vstack([table, table[-1]])
    columns = dict(zip(WEATHER, table.T, strict=True))
    count = len(table)
    return WeatherSeries(
        start=start,
        step_s=float(step_s),
        humidity_pct=np.full(count, HUMIDITY_PCT),
        snowfall_cm_per_h=np.zeros(count),
        **columns,
    )


def prices_csv(path: Path) -> PriceSeries:
    """`time_utc,price_nok_per_kwh`, ex VAT; each price holds from its time for one hour or one quarter."""
    start, step_s, table = _read(path, PRICES, PRICE_STEPS_S)
    return PriceSeries(start, step_s, table[:, 0])


def covered(path: Path, has: tuple[datetime, datetime], needs: tuple[datetime, datetime]) -> None:
    """CsvError unless the file reaches over the whole run."""
    if has[0] > needs[0] or has[1] < needs[1]:
        raise CsvError(
            f"{path}: covers {_said(has[0])} to {_said(has[1])}; the run with its warm-up needs "
            f"{_said(needs[0])} to {_said(needs[1])}"
        )


def _read(
    path: Path, columns: dict[str, tuple[float, float]], steps_s: Sequence[int]
) -> tuple[datetime, int, NDArray[np.float64]]:
    header = [TIME, *columns]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        raise CsvError(f"{path}: {error}; allowed: a readable CSV file in UTF-8") from error
    if not rows or [name.strip() for name in rows[0]] != header:
        given = ",".join(rows[0]) if rows else "(nothing)"
        raise CsvError(f"{path}: row 1: '{given}'; allowed: {','.join(header)}")
    times: list[datetime] = []
    table: list[list[float]] = []
    for number, row in enumerate(rows[1:], 2):
        if not row:
            continue
        if len(row) != len(header):
            raise CsvError(f"{path}: row {number}: {len(row)} values; allowed: {len(header)}")
        times.append(_time(path, number, row[0]))
        table.append([_number(path, number, n, v, columns[n]) for n, v in zip(columns, row[1:], strict=True)])
    if len(times) < 2:
        raise CsvError(f"{path}: {len(times)} rows of data; allowed: at least 2")
    return times[0], _step_s(path, times, steps_s), np.array(table, dtype=np.float64)


def _time(path: Path, number: int, text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise CsvError(f"{path}: row {number}: {TIME} '{text}'; allowed: a time such as 2026-01-15T05:00") from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)


def _number(path: Path, number: int, name: str, text: str, allowed: tuple[float, float]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not (isfinite(value) and allowed[0] <= value <= allowed[1]):
        raise CsvError(f"{path}: row {number}: {name} '{text}'; allowed: {allowed[0]:g} .. {allowed[1]:g}")
    return value


def _step_s(path: Path, times: Sequence[datetime], steps_s: Sequence[int]) -> int:
    step = times[1] - times[0]
    step_s = round(step / timedelta(seconds=1))
    if step_s not in steps_s or times[0].timestamp() % step_s:
        said = " or ".join(f"{s} s" for s in steps_s) if len(steps_s) < 5 else f"{steps_s[0]} .. {steps_s[-1]} s"
        raise CsvError(f"{path}: row 3: {step_s} s after row 2; allowed: {said}, on full steps of the clock")
    for number, (before, after) in enumerate(pairwise(times), 3):
        if after - before != step:
            raise CsvError(
                f"{path}: row {number}: {TIME} {_said(after)} after {_said(before)}; allowed: {_said(before + step)}"
            )
    return step_s


def _said(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M}"
