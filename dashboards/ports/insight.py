"""What the pages plan, energy and water may read. The page side defines it, `bems/insight` satisfies it."""

from datetime import date
from typing import Protocol

from dashboards.ports.energy import EnergyView
from dashboards.ports.timeline import LookBackView, TimelineView
from dashboards.ports.water import WaterView


class Insight(Protocol):
    """Answers from record, plan and tariff; they work off the loop's thread. Raises what the record raises."""

    async def energy(self) -> EnergyView | None:
        """Energy and money until now; None while the meter of the connection has no counter."""
        ...

    async def water(self) -> WaterView | None:
        """Hot water and hygiene; None where the site has none."""
        ...

    async def timeline(self) -> TimelineView | None:
        """The newest plan with the hours before it; None without a plan."""
        ...

    async def look_back(self, day: date) -> LookBackView:
        """A local day's plan against what happened; empty where nothing is known."""
        ...
