"""People's orders, where nobody may learn of a resident's room: it cannot be asked about, and nothing done to it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from dashboards.discreet.unnamed import Unnamed, without_rooms
from dashboards.ports.desk import (
    ComfortView,
    Desk,
    DeviceView,
    HolidayView,
    ModeName,
    ModeView,
    Person,
    PreviewView,
    PromotionView,
    TakenView,
    TariffView,
)
from models.promotion import OptimiserName, Promotable, RulesName
from models.site import Site


class DiscreetDesk:
    """dashboards.ports.desk.Desk over another one; KeyError for what is in a resident's room."""

    def __init__(self, desk: Desk, points: frozenset[str], unnamed: Unnamed) -> None:
        self._desk, self._points, self._unnamed = desk, points, unnamed
        self._narrowed: tuple[Site, Site] | None = None

    def _known(self, point: str) -> None:
        if point not in self._points:
            raise KeyError(point)

    @property
    def site(self) -> Site:
        """See Desk."""
        whole = self._desk.site
        if self._narrowed is None or self._narrowed[0] is not whole:
            self._narrowed = whole, without_rooms(whole)
        return self._narrowed[1]

    def preview(self, point: str, value: float, minutes: int, who: Person) -> PreviewView:
        """See Desk."""
        self._known(point)
        return self._unnamed.cleaned(self._desk.preview(point, value, minutes, who))

    async def take(self, point: str, value: float, minutes: int, why: str, who: Person) -> TakenView:
        """See Desk."""
        self._known(point)
        return await self._desk.take(point, value, minutes, why, who)

    async def give_back(self, points: Sequence[str] | None, who: Person) -> Sequence[str]:
        """See Desk."""
        wanted = [one.point for one in self.taken()] if points is None else points
        for point in wanted:
            self._known(point)
        return await self._desk.give_back(wanted, who)

    def taken(self) -> Sequence[TakenView]:
        """See Desk."""
        return self._unnamed.kept(self._desk.taken())

    def mode(self) -> ModeView:
        """See Desk."""
        return self._desk.mode()

    async def set_mode(self, mode: ModeName, until: datetime | None, why: str, who: Person) -> ModeView:
        """See Desk."""
        return await self._desk.set_mode(mode, until, why, who)

    def comfort(self) -> Sequence[ComfortView]:
        """See Desk."""
        return [one for one in self._desk.comfort() if one.kind == "zone"]

    async def set_comfort(
        self, name: str, degc: float | None, setback_degc: float | None, until: datetime | None, why: str, who: Person
    ) -> ComfortView:
        """See Desk."""
        if all(zone.id != name for zone in self.site.zones):
            raise KeyError(name)
        return await self._desk.set_comfort(name, degc, setback_degc, until, why, who)

    def holidays(self) -> Sequence[HolidayView]:
        """See Desk."""
        return self._desk.holidays()

    async def add_holiday(
        self, start: datetime, until: datetime, zones: Sequence[str], note: str, who: Person
    ) -> HolidayView:
        """See Desk."""
        return await self._desk.add_holiday(start, until, zones, note, who)

    async def drop_holiday(self, name: str, who: Person) -> None:
        """See Desk."""
        await self._desk.drop_holiday(name, who)

    def tariff(self) -> TariffView:
        """See Desk."""
        return self._desk.tariff()

    async def choose_tariff(self, name: str, who: Person) -> TariffView:
        """See Desk."""
        return await self._desk.choose_tariff(name, who)

    def promotion(self) -> PromotionView:
        """See Desk."""
        return self._desk.promotion()

    async def promote(
        self,
        optimiser: OptimiserName,
        rules: RulesName,
        promoted: Collection[Promotable],
        zones_by_rules: Collection[str],
        why: str,
        who: Person,
    ) -> PromotionView:
        """See Desk."""
        return await self._desk.promote(optimiser, rules, promoted, zones_by_rules, why, who)

    async def give_promotion_back(self, who: Person) -> PromotionView:
        """See Desk."""
        return await self._desk.give_promotion_back(who)

    def devices(self) -> Sequence[DeviceView]:
        """See Desk."""
        return self._unnamed.cleaned(self._unnamed.kept(self._desk.devices()))
