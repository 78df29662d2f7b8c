"""What the feeds hand over: the future as it was known at an instant, with its source and age."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from models.prices import PriceSeries
from models.weather import WeatherSeries

TOMORROW_KNOWN_FROM: Final = time(13, 0)
"""Local time of day from which the day-ahead prices of tomorrow can be asked for."""


@dataclass(frozen=True)
class PriceForecast:
    """Known spot prices, ex VAT; what lies outside `series` is not known to anybody yet."""

    series: PriceSeries
    issued_at: datetime
    """When the newest of the prices came in."""
    source: str
    synthetic: bool
    problem: str | None = None
    """Why this is the last good state and not the newest; None when all is as it should be."""

    def age_s(self, now: datetime) -> float:
        """Time since the newest of it came in [s]."""
        return (now - self.issued_at).total_seconds()


@dataclass(frozen=True)
class WeatherForecast:
    """Expected weather on an hourly grid; `series.synthetic` says whether it is made up.

    Unlike a synthetic year a forecast ends: ask `covers` before `series.at`, which would start over.
    """

    series: WeatherSeries
    issued_at: datetime
    """When the forecaster made it."""
    source: str
    problem: str | None = None
    """Why this is the last good state and not the newest; None when all is as it should be."""

    @property
    def synthetic(self) -> bool:
        """Whether it is made up."""
        return self.series.synthetic

    @property
    def until(self) -> datetime:
        """The last instant it says anything about."""
        return self.series.start + timedelta(seconds=self.series.duration_s)

    def covers(self, when: datetime) -> bool:
        """Whether it says anything about an instant."""
        return self.series.start <= when <= self.until

    def age_s(self, now: datetime) -> float:
        """Time since it was made [s]."""
        return (now - self.issued_at).total_seconds()
