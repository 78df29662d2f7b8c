"""The view of the site for those who may not see residents' rooms.

Deny by default: every page and route that they get at is made over this, so it cannot show what it never hears of.
Points of residents' rooms and all that is marked personal are not there; whatever else names such a room or one of its
devices (an alarm, an entry of the log, a line of a plan) is left out whole. One thing too many that is left out does no
harm.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from dashboards.discreet.desk import DiscreetDesk
from dashboards.discreet.meters import DiscreetMeters
from dashboards.discreet.reports import DiscreetReports
from dashboards.discreet.unnamed import Unnamed, without_rooms
from dashboards.discreet.water_file import DiscreetWaterFile
from dashboards.ports.alarm import (
    AlarmDesk,
    AlarmFigures,
    AlarmRow,
    AlarmStateName,
    AlarmVerb,
    DutyView,
    FloodView,
    KnownAlarm,
)
from dashboards.ports.energy import EnergyView
from dashboards.ports.function import FunctionView
from dashboards.ports.house import ComfortView, House, LogEntryView, LogGroup
from dashboards.ports.insight import Insight
from dashboards.ports.night import NightsView
from dashboards.ports.report import Reports
from dashboards.ports.timeline import LookBackView, TimelineView
from dashboards.ports.view import (
    AlarmView,
    Health,
    HeldCommand,
    ModelView,
    PlanningView,
    PointView,
    PriceView,
    Series,
    SiteView,
)
from dashboards.ports.water import WaterView
from models.signals import Reason
from models.site import Site


class Discreet:
    """dashboards.ports.view.SiteView over another one."""

    def __init__(self, view: SiteView) -> None:
        self._view = view
        self._site = without_rooms(view.site)
        self._points = frozenset(self._site.points)
        self._unnamed = Unnamed(view.site)
        self._water_file = DiscreetWaterFile(view.water_file, view.site, self._site, self._unnamed)
        self._meters = DiscreetMeters(view.meters, self._points)
        self._house = DiscreetHouse(view, self._unnamed)
        self._alarm_desk = DiscreetAlarms(view, self._unnamed)
        self._insight = DiscreetInsight(view, self._unnamed)
        self._desk = DiscreetDesk(view.desk, self._points, self._unnamed)
        self._reports = DiscreetReports(view, self._unnamed)

    @property
    def site(self) -> Site:
        """See SiteView."""
        return self._site

    @property
    def demo(self) -> bool:
        """See SiteView."""
        return self._view.demo

    def now(self) -> datetime:
        """See SiteView."""
        return self._view.now()

    @property
    def speed(self) -> float:
        """See SiteView."""
        return self._view.speed

    def points(self) -> Sequence[PointView]:
        """See SiteView."""
        return [point for point in self._view.points() if point.id in self._points]

    def health(self) -> Sequence[Health]:
        """See SiteView; a part's own words about itself may name a device."""
        return [replace(h, detail="") if self._unnamed.names(h.detail) else h for h in self._view.health()]

    def alarms(self) -> Sequence[AlarmView]:
        """See SiteView."""
        return self._unnamed.kept(self._view.alarms())

    def held(self) -> Sequence[HeldCommand]:
        """See SiteView."""
        return [h for h in self._view.held() if h.point in self._points and not self._unnamed.names(h.reason)]

    async def events(self, limit: int) -> Sequence[Mapping[str, object]]:
        """See SiteView."""
        return self._unnamed.kept(await self._view.events(limit))

    def prices(self) -> PriceView | None:
        """See SiteView."""
        return self._view.prices()

    async def history(self, point: str, start: datetime, end: datetime, buckets: int) -> Series:
        """See SiteView."""
        if point not in self._points:
            raise KeyError(point)
        return await self._view.history(point, start, end, buckets)

    def decides(self) -> Reason:
        """See SiteView."""
        return self._view.decides()

    def planning(self) -> PlanningView | None:
        """See SiteView."""
        return self._unnamed.cleaned(self._view.planning())

    def model(self) -> ModelView | None:
        """See SiteView."""
        return self._unnamed.cleaned(self._view.model())

    def nights(self) -> NightsView | None:
        """See SiteView."""
        return self._unnamed.cleaned(self._view.nights())

    @property
    def reports(self) -> Reports:
        """See SiteView."""
        return self._reports

    @property
    def water_file(self) -> DiscreetWaterFile:
        """See SiteView."""
        return self._water_file

    @property
    def meters(self) -> DiscreetMeters:
        """See SiteView."""
        return self._meters

    @property
    def insight(self) -> Insight:
        """See SiteView."""
        return self._insight

    @property
    def desk(self) -> DiscreetDesk:
        """See SiteView."""
        return self._desk

    @property
    def house(self) -> House:
        """See SiteView."""
        return self._house

    @property
    def alarm_desk(self) -> AlarmDesk:
        """See SiteView."""
        return self._alarm_desk

    def ticks(self) -> AsyncIterator[int]:
        """See SiteView."""
        return self._view.ticks()


class Counted(Discreet):
    """For monitoring: numbers of points, alarms and commands count everything, since a number names no room."""

    def points(self) -> Sequence[PointView]:
        """See SiteView."""
        return self._view.points()

    def alarms(self) -> Sequence[AlarmView]:
        """See SiteView."""
        return self._view.alarms()

    def held(self) -> Sequence[HeldCommand]:
        """See SiteView."""
        return self._view.held()


class DiscreetHouse:
    """dashboards.ports.house.House over another one."""

    def __init__(self, view: SiteView, unnamed: Unnamed) -> None:
        self._view, self._unnamed = view, unnamed

    def functions(self) -> Sequence[FunctionView]:
        """See House."""
        found = self._unnamed.cleaned(self._view.house.functions())
        return [replace(one, falls=[fall for fall in one.falls if fall.points]) for one in found]

    async def comfort(self) -> ComfortView:
        """See House."""
        found = await self._view.house.comfort()
        return replace(found, spaces=[space for space in found.spaces if not space.resident])

    async def log(
        self, start: datetime, end: datetime, groups: Sequence[LogGroup], limit: int
    ) -> Sequence[LogEntryView]:
        """See House."""
        return self._unnamed.kept(await self._view.house.log(start, end, groups, limit))


class DiscreetAlarms:
    """dashboards.ports.alarm.AlarmDesk over another one."""

    def __init__(self, view: SiteView, unnamed: Unnamed) -> None:
        self._view, self._unnamed = view, unnamed

    def rows(self) -> Sequence[AlarmRow]:
        """See AlarmDesk."""
        return self._unnamed.kept(self._view.alarm_desk.rows())

    def flood(self) -> FloodView | None:
        """See AlarmDesk."""
        flood = self._view.alarm_desk.flood()
        return replace(flood, first="") if flood is not None and self._unnamed.names(flood.first) else flood

    def known(self) -> Sequence[KnownAlarm]:
        """See AlarmDesk."""
        return self._unnamed.kept(self._view.alarm_desk.known())

    def duty(self) -> DutyView:
        """See AlarmDesk."""
        return self._view.alarm_desk.duty()

    async def act(self, who: str, verb: AlarmVerb, alarm: str, reason: str, minutes: int | None) -> AlarmStateName:
        """See AlarmDesk; KeyError for one that is not told of."""
        if alarm not in {row.id for row in self.rows()} | {known.id for known in self.known()}:
            raise KeyError(alarm)
        return await self._view.alarm_desk.act(who, verb, alarm, reason, minutes)

    async def figures(self) -> AlarmFigures:
        """See AlarmDesk."""
        return self._unnamed.cleaned(await self._view.alarm_desk.figures())


class DiscreetInsight:
    """dashboards.ports.insight.Insight over another one."""

    def __init__(self, view: SiteView, unnamed: Unnamed) -> None:
        self._view, self._unnamed = view, unnamed

    async def energy(self) -> EnergyView | None:
        """See Insight."""
        return self._unnamed.cleaned(await self._view.insight.energy())

    async def water(self) -> WaterView | None:
        """See Insight."""
        return self._unnamed.cleaned(await self._view.insight.water())

    async def timeline(self) -> TimelineView | None:
        """See Insight."""
        return self._unnamed.cleaned(await self._view.insight.timeline())

    async def look_back(self, day: date) -> LookBackView:
        """See Insight."""
        return self._unnamed.cleaned(await self._view.insight.look_back(day))
