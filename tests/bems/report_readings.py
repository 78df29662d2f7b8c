"""The record of test_report_figures as plain readings, and the arithmetic of counters, days and curves in loops."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import numpy as np

from bems.history.query import History
from dashboards.reports.model import Period, PeriodKind
from models.site import load_site

SITE = load_site(Path(__file__).resolve().parents[2] / "site.biri.toml")
OSLO = ZoneInfo("Europe/Oslo")
PERIOD = Period(PeriodKind.PERIOD, date(2026, 1, 26), date(2026, 4, 5))
"""Ten weeks from a Monday to a Sunday, with the night the clock is put forward, in two seasons of the tariff."""
START, DAYS, QUARTER_MS = datetime(2026, 1, 25, tzinfo=UTC), 72, 900_000
NOW = datetime(2026, 4, 6, 12, tzinfo=UTC)
EXCHANGE = ("heat_floor.energy_kwh", datetime(2026, 3, 10, 9, tzinfo=UTC), 7.5)
SILENT = ("loop_b.return_temp_degc", datetime(2026, 2, 17, 4, tzinfo=UTC), datetime(2026, 2, 17, 13, tzinfo=UTC))


class Readings:
    """The record as its raw samples."""

    def __init__(self, path: Path) -> None:
        raw = History(path).raw(SITE.points, START, START + timedelta(days=DAYS))
        self.of = {
            point: dict(zip(series.at_ms.tolist(), series.value.tolist(), strict=True)) for point, series in raw.items()
        }
        midnights = [PERIOD.first + timedelta(days=n) for n in range(PERIOD.days + 1)]
        self.days = [int(datetime(d.year, d.month, d.day, tzinfo=OSLO).timestamp() * 1000) for d in midnights]
        self.quarters = range(self.days[0], self.days[-1], QUARTER_MS)
        self.hours = range(self.days[0], self.days[-1], 4 * QUARTER_MS)

    def between(self, point: str, begin: int, end: int) -> float:
        """What a counter gained."""
        own, (name, at, first) = self.of[point], EXCHANGE
        at_ms = int(at.timestamp() * 1000)
        if point == name and begin <= at_ms < end:
            return (own[at_ms] + 0.25 - own[begin]) + (own[end] - first)
        return own[end] - own[begin]

    def gained(self, *points: str) -> float:
        """Over the period, together."""
        return sum(self.between(point, self.days[0], self.days[-1]) for point in points)

    def by_hour(self, point: str) -> list[float]:
        return [self.between(point, hour, hour + 4 * QUARTER_MS) for hour in self.hours]

    def by_day(self, point: str) -> list[float]:
        return [self.between(point, begin, end) for begin, end in pairwise(self.days)]

    def daily_means(self, point: str) -> list[float]:
        own = self.of[point]
        return [fmean(own[at] for at in range(b, e, QUARTER_MS) if at in own) for b, e in pairwise(self.days)]

    def month(self, at_ms: int) -> int:
        return datetime.fromtimestamp(at_ms / 1000, OSLO).month


def line(x, y):
    """Intercept, slope and squares left of the plain straight line."""
    mx, my = fmean(x), fmean(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)
    base = my - slope * mx
    return base, slope, sum((b - base - slope * a) ** 2 for a, b in zip(x, y, strict=True))


F_95_1_7 = 5.591
"""Of printed tables: F distribution, 5 %, 1 and 7 degrees of freedom."""


def curve(power, outdoor):
    """Base, slope and knee by trying every tenth of a degree; no knee where it does not earn its place."""
    ranked = sorted(outdoor)
    tried = []
    for tenth in range(int(np.ceil(ranked[2] / 0.1)), int(np.floor(ranked[-3] / 0.1)) + 1):
        base, slope, left = line([max(tenth * 0.1 - t, 0.0) for t in outdoor], power)
        tried.append((left, base, slope, tenth * 0.1))
    left, base, slope, knee = min(tried)
    straight = line([ranked[-1] - t for t in outdoor], power)
    if (straight[2] - left) / (left / 7) > F_95_1_7:
        return base, slope, knee
    return straight[0], straight[1], None


def weekly(r: Readings, daily_kwh: list[float]) -> tuple[list[float], list[float]]:
    hours = [(end - begin) / 3.6e6 for begin, end in pairwise(r.days)]
    outdoor = r.daily_means("weather.outdoor_temp_degc")
    weeks = [slice(7 * n, 7 * n + 7) for n in range(10)]
    power = [sum(daily_kwh[w]) / sum(hours[w]) for w in weeks]
    return power, [sum(t * h for t, h in zip(outdoor[w], hours[w], strict=True)) / sum(hours[w]) for w in weeks]
