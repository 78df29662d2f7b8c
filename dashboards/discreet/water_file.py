"""The legionella file for those who may not see residents' rooms: without the places that name one."""

from dashboards.discreet.unnamed import Unnamed
from dashboards.ports.water_file import WaterDesk
from models.site import Site
from models.water_facts import AnyFact, Entry, WaterFile


class DiscreetWaterFile:
    """dashboards.ports.water_file.WaterDesk over another one; `shown` is the site as these people have it."""

    def __init__(self, desk: WaterDesk, site: Site, shown: Site, unnamed: Unnamed) -> None:
        self._desk, self._unnamed = desk, unnamed
        self._hidden = frozenset(site.legionella.by_id) - {place.id for place in shown.legionella.places}

    def file(self) -> WaterFile:
        """See WaterDesk; what concerns a hidden place is left out whole."""
        return WaterFile(entry for entry in self._desk.file().entries if not self._hides(entry))

    def _hides(self, entry: Entry) -> bool:
        place = getattr(entry.fact, "place", None)
        return place in self._hidden or self._unnamed.names(entry.to_data())

    async def enter(self, fact: AnyFact, who: str, corrects: int | None = None) -> Entry:
        """See WaterDesk."""
        return await self._desk.enter(fact, who, corrects)
