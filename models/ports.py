"""What the packages offer each other, as Protocols of a few lines; implementations never import one another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from models.forecast import PriceForecast, WeatherForecast
from models.signals import Sample, Write, WriteResult


class Driver(Protocol):
    """One connection (a Modbus server, a BACnet device, an MQTT broker) with all its devices.

    Every method may raise drivers.errors.Unreachable when the whole connection is dead; a single dead device on a
    living connection shows as samples of quality OFFLINE. No method takes longer than the connection's time-out
    allows for the requests it needs, and none retries: the caller paces and backs off.
    """

    async def connect(self) -> None:
        """Open the connection; harmless when it is open."""
        ...

    async def read(self) -> Sequence[Sample]:
        """One scan: a sample for every point that was asked (polled protocols) or heard of since (pushed ones)."""
        ...

    def drain(self) -> Sequence[Sample]:
        """Samples that the devices pushed since the last call (COV, MQTT); empty for polled protocols."""
        ...

    async def write(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """Write, read back and report, one result a write in the same order."""
        ...

    async def ping(self) -> None:
        """The cheapest exchange that proves the other side alive."""
        ...

    async def close(self) -> None:
        """Close; harmless when it is closed."""
        ...


class PriceFeed(Protocol):
    """Where spot prices come from."""

    async def fetch(self, now: datetime) -> PriceForecast:
        """All prices known at `now` (site time, UTC), from the cache when nothing newer can exist yet.

        When the source fails, the last good prices with `problem` set; with nothing to fall back on, Unreachable or
        Nonsense (drivers.errors). Never retries: the caller paces.
        """
        ...

    async def close(self) -> None:
        """Close connections; harmless when closed."""
        ...


class WeatherFeed(Protocol):
    """Where weather forecasts come from."""

    async def fetch(self, now: datetime) -> WeatherForecast:
        """The newest forecast at `now` (site time, UTC); failures as for prices."""
        ...

    async def close(self) -> None:
        """Close connections; harmless when closed."""
        ...
