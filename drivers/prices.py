"""Day-ahead prices from hvakosterstrommen.no: one file per local day and price area, ex VAT.

https://www.hvakosterstrommen.no/strompris-api. A day never changes once it is published, so it is fetched once.
"""

from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from drivers.errors import DriverError, Nonsense, Unreachable
from drivers.web import Web, load_json, store_json
from models.forecast import TOMORROW_KNOWN_FROM, PriceForecast
from models.local_time import OSLO, local_date, local_day
from models.prices import PriceSeries, join_prices

BASE_URL: Final = "https://www.hvakosterstrommen.no"
SOURCE: Final = "hvakosterstrommen.no"
LAST_GOOD_DAYS: Final = 7
"""How far back a cached day is still offered when today's prices cannot be had."""


class _Item(BaseModel):
    NOK_per_kWh: Annotated[float, Field(ge=-100, le=100, allow_inf_nan=False)]  # the market's own limit is about 60
    time_start: AwareDatetime
    time_end: AwareDatetime


class _StoredDay(BaseModel):
    fetched_at: AwareDatetime
    items: list[_Item]


_ITEMS: Final = TypeAdapter(list[_Item])


def parse_day(items: list[_Item], day: date) -> PriceSeries:
    """The prices of one local day; slots of any even length that together fill it. Nonsense when they do not."""
    items = sorted(items, key=lambda item: item.time_start)
    start, end = local_day(day)
    if not items or items[0].time_start != start or items[-1].time_end != end:
        raise Nonsense(f"{len(items)} prices that do not fill the day")
    if any(earlier.time_end != later.time_start for earlier, later in pairwise(items)):
        raise Nonsense("a gap or an overlap between two prices")
    lengths_s = [int((item.time_end - item.time_start).total_seconds()) for item in items]
    step_s = min(lengths_s)
    if step_s <= 0 or 3600 % step_s or any(length_s % step_s for length_s in lengths_s):
        raise Nonsense(f"prices over {sorted(set(lengths_s))} s")
    repeats = [length_s // step_s for length_s in lengths_s]
    return PriceSeries(start, step_s, np.repeat([item.NOK_per_kWh for item in items], repeats))


class HvaKosterStrommen:
    """Price feed of one area, with each fetched day kept in `cache_folder` for good."""

    def __init__(
        self, area: str, cache_folder: Path, contact: str, *, base_url: str = BASE_URL, timeout_s: float = 10.0
    ) -> None:
        self._area = area
        self._folder = cache_folder
        self._web = Web(base_url, contact, timeout_s)
        self._days: dict[date, tuple[PriceSeries, datetime]] = {}

    async def fetch(self, now: datetime) -> PriceForecast:
        """Today's prices, and tomorrow's once they are out; failures as models.ports.PriceFeed says."""
        today = local_date(now)
        wanted = [today]
        if now.astimezone(OSLO).time() >= TOMORROW_KNOWN_FROM or self._cached(today + timedelta(days=1)):
            wanted.append(today + timedelta(days=1))
        problem: DriverError | None = None
        try:
            for day in wanted:
                if await self.day(day, now) is None and day == today:
                    raise Unreachable(f"{self._name(day)}: not published")
        except DriverError as error:
            problem = error
        first = today if self._cached(today) else today - timedelta(days=LAST_GOOD_DAYS)
        span = [first + timedelta(days=n) for n in range((today - first).days + 2)]
        known = [piece for day in span if (piece := self._cached(day)) is not None]
        if not known:
            raise problem or Unreachable(f"{self._name(today)}: nothing known")
        return PriceForecast(
            series=join_prices([series for series, _ in known]),
            issued_at=max(fetched_at for _, fetched_at in known),
            source=SOURCE,
            synthetic=False,
            problem=str(problem) if problem else None,
        )

    async def day(self, day: date, now: datetime) -> PriceSeries | None:
        """The prices of one local day, asked for at most once; None when they are not published (yet).

        Unreachable or Nonsense when the service does not give them.
        """
        if (cached := self._cached(day)) is not None:
            return cached[0]
        try:
            response = await self._web.get(f"/api/v1/prices/{day:%Y/%m-%d}_{self._area}.json")
            if response.status_code == 404:
                return None
            if response.status_code != 200:
                raise Unreachable(f"HTTP status {response.status_code}")
            try:
                items = _ITEMS.validate_json(response.content)
            except ValidationError as error:
                raise Nonsense(_first_fault(error)) from error
            series = parse_day(items, day)
        except DriverError as error:
            raise type(error)(f"{self._name(day)}: {error}") from error
        stored = _StoredDay(fetched_at=now, items=items)
        store_json(self._file(day), stored.model_dump(mode="json"))
        self._days[day] = (series, now)
        return series

    async def close(self) -> None:
        """Close connections; harmless when closed."""
        await self._web.close()

    def _cached(self, day: date) -> tuple[PriceSeries, datetime] | None:
        if day not in self._days and (content := load_json(self._file(day))) is not None:
            try:
                stored = _StoredDay.model_validate(content)
                self._days[day] = (parse_day(stored.items, day), stored.fetched_at)
            except (ValidationError, Nonsense):  # a damaged cache file is as good as none: it is fetched anew
                return None
        return self._days.get(day)

    def _file(self, day: date) -> Path:
        return self._folder / f"prices_{self._area}_{day:%Y-%m-%d}.json"

    def _name(self, day: date) -> str:
        return f"{SOURCE}/{self._area} {day}"


def _first_fault(error: ValidationError) -> str:
    fault: Any = error.errors()[0]
    return f"{'.'.join(str(part) for part in fault['loc']) or 'body'}: {fault['msg']}"
