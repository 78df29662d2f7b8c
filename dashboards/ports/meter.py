"""What pages may read and note of exchanges of meters. `bems/meter_exchanges.py` satisfies it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from models.field import SitePoint
from models.units import Unit

UNITS = (Unit.KWH, Unit.M3)
"""Units of the counters whose exchange is noted."""


def is_meter(point: SitePoint) -> bool:
    """Whether the point is a counter of energy or volume."""
    return point.spec.counter and point.spec.shown_unit in UNITS


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """A meter was exchanged; readings in the unit of its counter."""

    point: str
    at: datetime
    last: float
    """Reading of the old meter when it was taken out."""
    first: float
    """Reading of the new meter when it was put in."""
    who: str
    """Who noted it; empty where the record does not say."""
    told_at: datetime
    why: str


class Meters(Protocol):
    """Exchanges of meters. Changing raises Refused (dashboards.ports.desk), and KeyError for what there is not."""

    def exchanges(self) -> Sequence[ExchangeView]:
        """Those that count, newest first."""
        ...

    async def note(
        self, point: str, at: datetime | None, last: float, first: float, why: str, who: str
    ) -> ExchangeView:
        """The meter was exchanged at `at` (None: now).

        Stands in the place of what was noted of the same meter within six hours of it.
        """
        ...

    async def take_back(self, point: str, at: datetime, why: str, who: str) -> None:
        """It was not exchanged at `at`, after all."""
        ...
