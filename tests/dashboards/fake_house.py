"""A house to look at, as dashboards.ports.house has it; its function descriptions are the real ones."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any

from bems.functions.build import functions
from dashboards.ports.function import FunctionView
from dashboards.ports.house import ComfortView, LogEntryView, LogGroup, SpaceView
from models.reasons import Code

MADE = {}
"""Function descriptions by the site's identity: written once."""


class FakeHouse:
    """dashboards.ports.house.House over a FakeView."""

    def __init__(self, view: Any) -> None:
        self._view = view

    def functions(self) -> Sequence[FunctionView]:
        site = self._view.site
        if id(site) not in MADE:
            MADE[id(site)] = functions(site)
        return MADE[id(site)]

    async def comfort(self) -> ComfortView:
        site, now = self._view.site, self._view.now()
        midnight = datetime.combine(now.astimezone(site.zone_info).date(), time(), site.zone_info)
        known_min = (now - midnight) / timedelta(minutes=1)
        found = []
        for zone in (zone for zone in site.zones if zone.rooms or zone.persons):
            found.append(SpaceView(zone.id, False, 19.0, 26.0, 0.0, 0.0, known_min))
            for room in zone.rooms:
                below_min = 95.0 if room.id == "c4" else 0.0
                found.append(SpaceView(room.id, True, 21.0, 24.0, below_min, 0.0, known_min))
        return ComfortView(midnight, now, found)

    async def log(
        self, start: datetime, end: datetime, groups: Sequence[LogGroup], limit: int
    ) -> Sequence[LogEntryView]:
        return [one for one in self._entries() if start <= one.at < end and one.group in groups][:limit]

    def _entries(self) -> list[LogEntryView]:
        now = self._view.now()
        site = self._view.site.id
        room = {"who": "kari", "what": "comfort", "before": 22.0, "after": 22.5, "reason": "Fryser om kvelden"}
        held = {"who": "ola", "what": "taken", "before": 34.0, "after": 38.0, "reason": "Prøve <b>av</b> pumpe"}
        outside = {"ours": 35.0, "theirs": 38.0}
        point = "circuit_air.supply_setpoint_degc"
        lost = {"code": "alarm.connection_lost", "name": "mb_cars", "points": 48.0}
        local = {"code": Code.ROOM_LOCAL.value}
        proven = {"code": Code.CYCLE_PROVEN.value, "degc": 60.0, "minutes": 31.0, "coldest_degc": 60.4}
        return [
            LogEntryView(now - timedelta(minutes=7), "people", "audit", "a1.setpoint_degc", "kari: comfort", room),
            LogEntryView(now - timedelta(minutes=31), "people", "audit", point, "ola: take_over", held),
            LogEntryView(now - timedelta(minutes=58), "outside", "outside_change", point, "somebody else", outside),
            LogEntryView(now - timedelta(hours=2), "alarms", "alarm_up", "connection.mb_cars", lost["code"], lost),
            LogEntryView(now - timedelta(hours=3), "control", "control", "rules", "proven", proven),
            LogEntryView(now - timedelta(hours=4), "control", "fallback_on", "unit_a.setpoint_degc", "local", local),
            LogEntryView(now - timedelta(hours=4), "control", "fallback_on", "unit_b.setpoint_degc", "local", local),
            LogEntryView(now - timedelta(hours=5), "system", "start", site, "started", {}),
        ]
