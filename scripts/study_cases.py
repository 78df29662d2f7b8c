"""What `make study` runs: weeks of synthetic and of real weather and prices, written as the backtest's own CSV files.

Real data is read from a folder outside the repository when there is one; nothing of the product needs it.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from control.sunlight import split_ghi, sun_at
from models.local_time import local_midnight
from models.site import Place
from models.synthetic import synthetic_year
from models.weather import WeatherSeries

Array = NDArray[np.float64]

OSLO: Final = ZoneInfo("Europe/Oslo")
VAT: Final = 1.25
MARGIN: Final = timedelta(days=4)
"""Weather beyond the scored days, for the plans that look over their end."""
REAL_WEATHER: Final = "weather_rygge_2019_hourly.csv"
RYGGE: Final = (59.4, 10.8)
REAL_PRICES: Final = {
    2019: "nordpool_elspot_hourly_nok_mwh_2019.csv",
    2020: "nordpool_elspot_hourly_nok_mwh_2020.csv",
    2023: "spot_no1-no5_nok_kwh_incl_vat_2023.csv",
    2024: "spot_no1-no5_nok_kwh_incl_vat_2024.csv",
}


@dataclass(frozen=True)
class Week:
    """Scored days of one kind."""

    name: str
    start: date
    told: str
    mean_degc: float | None = None
    """The synthetic weather is moved until its scored days have this mean [degC]."""
    coldest_degc: float | None = None
    """The same for the mean of the coldest day; the scored days are then laid around the winter's coldest."""
    weather: str | None = None
    """A file of real weather; None: synthetic."""
    price_year: int | None = None
    """Real prices of this year, on the same days of the calendar; None: synthetic."""


SYNTHETIC: Final = (
    Week("january", date(2026, 1, 12), "cold January, synthetic", mean_degc=-9.0),
    Week("december", date(2026, 12, 1), "mild December, synthetic", mean_degc=2.0),
    Week("april", date(2026, 4, 13), "April, synthetic"),
    Week("july", date(2026, 7, 6), "July, synthetic"),
    Week("spell", date(2026, 1, 12), "spell of -25 degC, synthetic", coldest_degc=-25.0),
    Week("spring_dst", date(2026, 3, 28), "clocks forward, synthetic"),
    Week("autumn_dst", date(2026, 10, 24), "clocks back, synthetic"),
)
REAL: Final = (
    Week("real_january", date(2019, 1, 21), "January 2019, real", weather=REAL_WEATHER, price_year=2019),
    Week("real_april", date(2019, 4, 8), "April 2019, real", weather=REAL_WEATHER, price_year=2019),
    Week("real_july", date(2019, 7, 8), "July 2019, real", weather=REAL_WEATHER, price_year=2019),
    Week("real_december", date(2019, 12, 2), "December 2019, real", weather=REAL_WEATHER, price_year=2019),
    *(
        Week(f"prices_{year}", date(year, 1, 13), f"real prices of {year} on synthetic weather", price_year=year)
        for year in (2020, 2023, 2024)
    ),
)
YEAR: Final = tuple(
    Week(f"year_{month:02}", date(2026, month, 1), f"month {month} of the synthetic year") for month in range(1, 13)
)
"""From the first of every month: 28 days of each are the year, a week of each a sample of it."""


def files(
    week: Week, place: Place, seed: int, days: int, warmup_days: int, data: Path, folder: Path
) -> tuple[date, list[str]]:
    """First scored day, and the backtest's words for the week's weather and prices; OSError when a file is missing."""
    start, words = week.start, list[str]()
    folder.mkdir(parents=True, exist_ok=True)
    if week.weather is not None:
        file = folder / f"weather_{week.name}.csv"
        _write_weather(file, _real_weather(data / week.weather))
        words += ["--weather", str(file)]
    elif week.mean_degc is not None or week.coldest_degc is not None:
        series = synthetic_year(start.year, seed, place.latitude_deg, place.longitude_deg, place.altitude_m)
        start, moved_k = _moved(week, series, days)
        begin, end = local_midnight(start - timedelta(days=warmup_days)), local_midnight(start + timedelta(days=days))
        file = folder / f"weather_{week.name}_{seed}_{days}_{warmup_days}_moved_{moved_k:+.1f}K.csv"
        _write_weather(file, series.cut(begin - MARGIN, end + MARGIN), moved_k)
        words += ["--weather", str(file)]
    if week.price_year is not None:
        file = folder / f"prices_NO1_{week.price_year}.csv"
        _write_prices(file, data / REAL_PRICES[week.price_year])
        words += ["--prices", str(file)]
    return start, words


def _moved(week: Week, series: WeatherSeries, days: int) -> tuple[date, float]:
    """First scored day, and by how much the weather is moved [K]."""
    first = series.start.date() + timedelta(days=1)
    daily = {first + timedelta(days=n): _mean_degc(series, first + timedelta(days=n), 1) for n in range(75)}
    if week.coldest_degc is not None:
        late_enough = {day: degc for day, degc in daily.items() if day >= week.start}
        coldest = min(late_enough, key=lambda day: late_enough[day])
        return coldest - timedelta(days=days // 2), week.coldest_degc - daily[coldest]
    assert week.mean_degc is not None  # as the caller has seen
    return week.start, week.mean_degc - _mean_degc(series, week.start, days)


def _mean_degc(series: WeatherSeries, first: date, days: int) -> float:
    begin = (local_midnight(first) - series.start).total_seconds()
    return float(np.mean(series.at("temp_degc", begin + np.arange(24.0 * days) * 3600)))


def _real_weather(file: Path) -> WeatherSeries:
    """Temperature, wind and global radiation by the hour, in winter time all year."""
    with file.open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))[1:]
    start = datetime.fromisoformat(f"{rows[0][0]}:00").astimezone(UTC)
    temp, wind, ghi = (_whole([_number(row[n]) for row in rows]) for n in (1, 2, 3))
    ghi = np.maximum(ghi, 0.0)
    unix = start.timestamp() + np.arange(len(rows), dtype=np.float64) * 3600
    direct, diffuse = split_ghi(ghi, sun_at(*RYGGE, unix))
    calm = np.zeros(len(rows))
    return WeatherSeries(start, 3600.0, temp, ghi, np.minimum(direct, 1100.0), diffuse, wind, calm + 80.0, calm)


def _write_weather(file: Path, of: WeatherSeries, moved_k: float = 0.0) -> None:
    columns = (of.temp_degc + moved_k, of.ghi_w_m2, of.dni_w_m2, of.dhi_w_m2, of.wind_m_s)
    lines = ["time_utc,temp_degc,ghi_w_m2,dni_w_m2,dhi_w_m2,wind_m_s"]
    for n, values in enumerate(zip(*columns, strict=True)):
        when = of.start + timedelta(seconds=n * of.step_s)
        lines.append(f"{when:%Y-%m-%dT%H:%M}," + ",".join(f"{value:.2f}" for value in values))
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _write_prices(file: Path, source: Path) -> None:
    """NO1 by the hour, ex VAT; an hour that is missing gets the price of the day before."""
    hourly = dict(_elspot(source) if source.name.startswith("nordpool") else _spot(source))
    first, last = min(hourly), max(hourly)
    lines, when = ["time_utc,price_nok_per_kwh"], first
    while when <= last:
        hourly.setdefault(when, hourly.get(when - timedelta(days=1), hourly[first]))
        lines.append(f"{when:%Y-%m-%dT%H:%M},{hourly[when]:.5f}")
        when += timedelta(hours=1)
    file.write_text("\n".join(lines) + "\n", "utf-8")


def _elspot(source: Path) -> Iterator[tuple[datetime, float]]:
    """NOK/MWh ex VAT by local day and hour; the hour that does not exist in March is there, but empty."""
    with source.open(encoding="utf-8-sig") as lines:
        rows = [row for row in csv.reader(lines, delimiter=";") if row[:1] != ["Month"] and len(row) > 3 and row[3]]
    days = [datetime.strptime(row[1], "%d.%m.%Y").date() for row in rows]  # noqa: DTZ007  (a day, no instant)
    hours = _instants(days, [int(row[2][:2]) for row in rows])
    yield from zip(hours, [float(row[3]) / 1000 for row in rows], strict=True)


def _spot(source: Path) -> Iterator[tuple[datetime, float]]:
    """NOK/kWh with VAT by local day and hour, as 'YYYY-MM-DD Kl. HH-HH'."""
    with source.open(encoding="utf-8-sig") as lines:
        rows = [row for row in list(csv.reader(lines, delimiter=";"))[1:] if len(row) > 1 and row[1]]
    days = [date.fromisoformat(row[0][:10]) for row in rows]
    hours = _instants(days, [int(row[0].split("Kl. ")[1][:2]) for row in rows])
    yield from zip(hours, [float(row[1]) / VAT for row in rows], strict=True)


def _instants(days: Sequence[date], hours: Sequence[int]) -> list[datetime]:
    """Begin of each local hour (UTC); the second of two alike is the one after the clocks went back."""
    seen: set[tuple[date, int]] = set()
    found = []
    for day, hour in zip(days, hours, strict=True):
        fold = int((day, hour) in seen)
        seen.add((day, hour))
        found.append(datetime.combine(day, time(hour, fold=fold), OSLO).astimezone(UTC))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _whole(values: Sequence[float]) -> Array:
    """Holes bridged by straight lines."""
    array = np.array(values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(array))
    return np.asarray(np.interp(np.arange(len(array)), known, array[known]), dtype=np.float64)
