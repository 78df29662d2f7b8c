"""Information as in reality: what a controller may know of prices and weather at an instant of a backtest.

Day-ahead prices of tomorrow appear at 13:00; a weather forecast carries an error that grows with its lead time. Pure:
the same truth, seed and instant always tell the same.
"""

from datetime import UTC, datetime, timedelta

from drivers.synthetic_feed import SyntheticWeatherFeed
from models.forecast import TOMORROW_KNOWN_FROM, PriceForecast, WeatherForecast
from models.local_time import OSLO, local_date, local_day
from models.prices import PriceSeries
from models.weather import WeatherSeries


class Information:
    """What may be known of this truth. `place` is latitude [°N], longitude [°E], altitude [m]."""

    def __init__(
        self, weather: WeatherSeries, prices: PriceSeries, seed: int, place: tuple[float, float, float]
    ) -> None:
        self.true_weather = weather
        """For perfect foresight only."""
        self.true_prices = prices
        """For perfect foresight only."""
        self._feed = SyntheticWeatherFeed(weather, seed, place)
        self._latest: WeatherForecast | None = None

    def prices(self, now: datetime) -> PriceForecast:
        """Today's prices, and tomorrow's from 13:00 local time on."""
        today = local_date(now)
        published = datetime.combine(today, TOMORROW_KNOWN_FROM, OSLO).astimezone(UTC)
        if now >= published:
            until = local_day(today + timedelta(days=1))[1]
        else:
            until, published = local_day(today)[1], published - timedelta(days=1)
        truth = self.true_prices
        return PriceForecast(truth.slice(local_day(today)[0], until), published, "backtest", synthetic=False)

    def weather(self, now: datetime) -> WeatherForecast:
        """The forecast of the full hour before `now`."""
        issued_at = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        if self._latest is None or self._latest.issued_at != issued_at:
            self._latest = WeatherForecast(self._feed.made_at(issued_at), issued_at, "backtest")
        return self._latest
