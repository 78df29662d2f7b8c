"""Weather forecasts from MET Norway, Locationforecast 2.0 (CC BY 4.0, credit "MET Norway").

Their terms: name yourself in the User-Agent, at most four decimals, nothing before `Expires`, then If-Modified-Since.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx
from pydantic import AwareDatetime, BaseModel, ValidationError

from drivers.errors import DriverError, Nonsense, Unreachable
from drivers.met_document import parse_document
from drivers.web import Web, load_json, store_json
from models.forecast import WeatherForecast

BASE_URL: Final = "https://api.met.no"
SOURCE: Final = "MET Norway"
PATH: Final = "/weatherapi/locationforecast/2.0/complete"
UNTOLD_LIFETIME: Final = timedelta(minutes=30)
"""How long an answer is kept that does not say when it expires."""
LONGEST_LIFETIME: Final = timedelta(hours=6)
THROTTLED: Final = timedelta(minutes=5)
"""How long nothing is asked after status 429, when it does not say how long."""

log = logging.getLogger(__name__)


class _Stored(BaseModel):
    """The cache file."""

    body: str
    expires_at: AwareDatetime
    last_modified: str | None


@dataclass(frozen=True)
class _Known:
    stored: _Stored
    forecast: WeatherForecast


class MetNorway:
    """Forecast feed of one place; the last good answer is kept in `cache_folder`."""

    def __init__(
        self,
        latitude_deg: float,
        longitude_deg: float,
        altitude_m: int,
        cache_folder: Path,
        contact: str,
        *,
        base_url: str = BASE_URL,
        timeout_s: float = 15.0,
    ) -> None:
        self._place = (round(latitude_deg, 4), round(longitude_deg, 4), altitude_m)
        self._file = cache_folder / f"weather_{self._place[0]}_{self._place[1]}_{altitude_m}.json"
        self._web = Web(base_url, contact, timeout_s)
        self._known: _Known | None = None
        self._quiet_until: datetime | None = None
        self._warned = False

    async def fetch(self, now: datetime) -> WeatherForecast:
        """The newest forecast; failures as models.ports.WeatherFeed says. A forecast that has run out is none."""
        if self._known is None:
            self._known = await self._from_disk()
        if self._known is not None and now < self._known.stored.expires_at:
            return self._known.forecast
        try:
            self._known = await self._ask(now)
        except DriverError as error:
            problem = f"{SOURCE}: {error}"
            if self._known is None or not self._known.forecast.covers(now):
                raise type(error)(problem) from error
            last = self._known.forecast
            return WeatherForecast(last.series, last.issued_at, last.source, problem)
        return self._known.forecast

    async def close(self) -> None:
        """Close connections; harmless when closed."""
        await self._web.close()

    async def _ask(self, now: datetime) -> _Known:
        if self._quiet_until is not None and now < self._quiet_until:
            raise Unreachable(f"throttled, quiet until {self._quiet_until:%H:%M} UTC")
        latitude_deg, longitude_deg, altitude_m = self._place
        params = {"lat": str(latitude_deg), "lon": str(longitude_deg), "altitude": str(altitude_m)}
        modified = self._known.stored.last_modified if self._known else None
        response = await self._web.get(PATH, params, {"If-Modified-Since": modified} if modified else None)
        expires_at = now + _lifetime(response)
        if response.status_code == 304 and self._known is not None:
            known = _Known(self._known.stored.model_copy(update={"expires_at": expires_at}), self._known.forecast)
        elif response.status_code in (200, 203):
            if response.status_code == 203 and not self._warned:
                log.warning("%s says that this version of its service is deprecated or a beta", SOURCE)
                self._warned = True
            stored = _Stored(
                body=response.text,
                expires_at=expires_at,
                last_modified=response.headers.get("Last-Modified"),
            )
            known = _Known(stored, await self._understood(stored.body))
        else:
            if response.status_code == 429:
                self._quiet_until = now + _retry_after(response)
            hint = " (User-Agent or position not accepted)" if response.status_code == 403 else ""
            raise Unreachable(f"HTTP status {response.status_code}{hint}")
        store_json(self._file, known.stored.model_dump(mode="json"))
        return known

    async def _from_disk(self) -> _Known | None:
        if (content := load_json(self._file)) is None:
            return None
        try:
            stored = _Stored.model_validate(content)
            return _Known(stored, await self._understood(stored.body))
        except (ValidationError, Nonsense):  # a damaged cache file is as good as none
            return None

    async def _understood(self, body: str) -> WeatherForecast:
        # In a thread: the first clear sky loads pvlib, which takes seconds.
        series, issued_at = await asyncio.to_thread(parse_document, body, self._place)
        return WeatherForecast(series, issued_at, SOURCE)


def _lifetime(response: httpx.Response) -> timedelta:
    """By the server's own clock, so that ours may be wrong."""
    try:
        expires = parsedate_to_datetime(response.headers["Expires"])
        told = parsedate_to_datetime(response.headers["Date"])
    except (KeyError, ValueError):
        return UNTOLD_LIFETIME
    return min(max(expires.astimezone(UTC) - told.astimezone(UTC), timedelta(0)), LONGEST_LIFETIME)


def _retry_after(response: httpx.Response) -> timedelta:
    seconds = response.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() else THROTTLED
