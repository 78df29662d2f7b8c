"""Exchanges of meters, where nobody may learn of a resident's room: its meters are not there."""

from collections.abc import Sequence
from datetime import datetime

from dashboards.ports.meter import ExchangeView, Meters


class DiscreetMeters:
    """dashboards.ports.meter.Meters over another one; KeyError for what is in a resident's room."""

    def __init__(self, meters: Meters, points: frozenset[str]) -> None:
        self._meters, self._points = meters, points

    def exchanges(self) -> Sequence[ExchangeView]:
        """See Meters."""
        return [one for one in self._meters.exchanges() if one.point in self._points]

    async def note(
        self, point: str, at: datetime | None, last: float, first: float, why: str, who: str
    ) -> ExchangeView:
        """See Meters."""
        self._known(point)
        return await self._meters.note(point, at, last, first, why, who)

    async def take_back(self, point: str, at: datetime, why: str, who: str) -> None:
        """See Meters."""
        self._known(point)
        await self._meters.take_back(point, at, why, who)

    def _known(self, point: str) -> None:
        if point not in self._points:
            raise KeyError(point)
