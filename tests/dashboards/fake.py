"""A site to look at without a plant: a plain implementation of dashboards.ports.view.SiteView over site.biri.toml.

With `trouble` it has one of everything that can be wrong: a lost connection, an old value, an unreadable one, one never
read, alarms of each class, a room outside its band. Values drift so that a page sees changes.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path

from dashboards.ports.night import NightsView
from dashboards.ports.view import AlarmView, Health, HeldCommand, ModelView, PlanningView, PointView, PriceView, Series
from models.field import SitePoint
from models.reasons import Code, because
from models.signals import Reason
from models.site import Site, load_site
from tests.dashboards.fake_alarms import FakeAlarms
from tests.dashboards.fake_desk import FakeDesk
from tests.dashboards.fake_house import FakeHouse
from tests.dashboards.fake_insight import FakeInsight
from tests.dashboards.fake_meters import FakeMeters
from tests.dashboards.fake_night import NIGHTS
from tests.dashboards.fake_plan import MODEL, PLANNING
from tests.dashboards.fake_reports import FakeReports
from tests.dashboards.fake_water_file import FakeWaterFile

SITE_FILE = Path(__file__).resolve().parents[2] / "site.biri.toml"
START = datetime(2025, 1, 15, 6, 0, tzinfo=UTC)
LOST = "mb_cars"
STALE = "a5.temp_degc"
BAD = "solar.collector_temp_degc"
UNREAD = "pv_west.dc_power_kw"
COLD = "c4.temp_degc"
FLAGS = {"boiler.overheat_trip", "ahu_4.filter_alarm"}
TYPICAL = {
    "outdoor_temp_degc": -8.4, "supply_temp_degc": 42.0, "return_temp_degc": 36.5, "brine_in_temp_degc": 2.1,
    "brine_out_temp_degc": -1.4, "discharge_temp_degc": 78.0, "layer_1_temp_degc": 47.0, "layer_2_temp_degc": 44.5,
    "layer_3_temp_degc": 41.0, "layer_4_temp_degc": 38.2, "from_wells_temp_degc": 2.2, "to_wells_temp_degc": -1.3,
    "collector_temp_degc": -4.0, "temp_degc": 22.1, "floor_temp_degc": 25.2, "setpoint_degc": 22.0,
    "floor_setpoint_degc": 25.0, "supply_setpoint_degc": 34.0, "cold_temp_degc": 6.1, "preheat_temp_degc": 45.7,
    "top_temp_degc": 70.2, "middle_temp_degc": 68.9, "bottom_temp_degc": 66.0, "tap_temp_degc": 55.1,
    "shower_temp_degc": 38.0, "extract_temp_degc": 22.3, "exhaust_temp_degc": -1.2, "co2_ppm": 640.0,
    "extract_co2_ppm": 610.0, "humidity_pct": 31.0, "power_kw": 9.4, "ac_power_kw": 3.2, "l1_v": 231.4, "l2_v": 230.8,
    "l3_v": 232.0, "voltage_v": 231.0, "frequency_hz": 50.01, "valve_pct": 43.0, "airflow_request_pct": 55.0,
    "supply_flow_m3_per_h": 2310.0, "fan_power_kw": 1.1, "recovery_pct": 81.0, "flow_m3_per_h": 17.2,
    "flow_l_per_min": 6.4, "irradiance_w_per_m2": 41.0, "wind_m_per_s": 3.4, "power_limit_pct": 100.0,
    "compressor_1_state": 60.0, "priority": 30.0, "operating_state": 4.0, "mode3_state": 1.0, "stage_request": 1.0,
    "import_kwh": 184_223.0, "max_current_a": 16.0, "degree_minutes": -84.0,
}  # fmt: skip
OWN = {
    "main.power_kw": 118.0, "hot_water.supply_temp_degc": 66.4, "loop_a.return_temp_degc": 61.8,
    "loop_b.return_temp_degc": 61.1, "loop_c.return_temp_degc": 60.6, "loop_d.return_temp_degc": 61.4,
    "heat_hp1.power_kw": 38.6, "heat_hp2.power_kw": 19.2, "hp2_io.compressor_2_on": 0.0, "boiler.stages_on": 0.0,
    "boiler.power_kw": 0.0, "brine.free_cooling_pct": 0.0, "hp_tank.layer_1_temp_degc": 53.1,
    "solar_tank.layer_1_temp_degc": 28.9, "el_hp1.power_kw": 9.9, "el_hp2.power_kw": 4.7, "technical.temp_degc": 19.6,
    "kitchen.temp_degc": 20.4, "circulation.temp_degc": 20.1, "pv_west.ac_power_kw": 2.7,
}  # fmt: skip


@cache
def site() -> Site:
    """The default site; loaded once."""
    return load_site(SITE_FILE)


class FakeView:
    """dashboards.ports.view.SiteView without a system behind it. Each `tick()` is one wall second."""

    def __init__(
        self, *, demo: bool = True, trouble: bool = False, speed: float = 60.0, start: datetime = START
    ) -> None:
        self._start = start
        self.demo = demo
        self.speed = speed
        self._trouble = trouble
        self._count = 0
        self._stopped = False
        self._ticked = asyncio.Condition()
        self.changes: dict[str, float | None] = {}
        """Values that a test sets."""

    @property
    def site(self) -> Site:
        return site()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._count * self.speed)

    def points(self) -> Sequence[PointView]:
        held = {command.point: command for command in self.held()}
        protocol = {c.id: c.protocol for c in self.site.connections}
        return [self._point(p, protocol[p.device.connection], held) for p in self.site.points.values()]

    def _point(self, point: SitePoint, protocol: str, held: Mapping[str, HeldCommand]) -> PointView:
        quality = self._quality(point)
        value = self._value(point)
        lag = {"good": 0, "stale": 400, "offline": 95, "bad": 3, "unread": 0}[quality]
        command = held.get(point.id)
        return PointView(
            id=point.id,
            tag=point.tag,
            value=value if quality == "good" else None,
            unit=point.spec.shown_unit.value,
            quality=quality,
            at=None if quality == "unread" else self.now() - timedelta(seconds=lag * self.speed),
            age_s=None if quality == "unread" else lag + 0.3,
            period_s=1.0,
            source=point.device.id,
            protocol=protocol,
            writable=point.writable,
            held_by=f"{command.source}@{command.priority}" if command else None,
            last_value=None if quality == "unread" else value,
        )

    def _quality(self, point: SitePoint) -> str:
        if not self._trouble:
            return "good"
        if point.device.connection == LOST:
            return "offline"
        return {STALE: "stale", BAD: "bad", UNREAD: "unread"}.get(point.id, "good")

    def _value(self, point: SitePoint) -> float | None:
        if point.id in self.changes:
            return self.changes[point.id]
        if point.spec.alarm:
            return float(self._trouble and point.id in FLAGS)
        if self._trouble and point.id == COLD:
            return 20.3
        default = 1.0 if point.spec.shown_unit == "bool" else 12.0
        value = OWN.get(point.id, TYPICAL.get(point.spec.name, default))
        if point.spec.shown_unit in ("bool", "state", "count"):
            return value
        spread = sum(point.id.encode()) % 17 / 17
        wave = math.sin(self._count / 7 + 6 * spread)
        return value + (0.6 * spread - 0.3 if point.id not in OWN else 0.0) + 0.004 * abs(value) * wave

    def decides(self) -> Reason:
        return because(Code.DECIDES_OLD_PLAN, age_min=23.0) if self._trouble else because(Code.DECIDES_PLAN)

    def planning(self) -> PlanningView | None:
        return None if self._trouble else PLANNING

    def model(self) -> ModelView | None:
        return None if self._trouble else MODEL

    def nights(self) -> NightsView | None:
        return None if self._trouble else NIGHTS

    def health(self) -> Sequence[Health]:
        drivers = [
            Health(c.id, "driver", "down", 95.0, "connection refused")
            if self._trouble and c.id == LOST
            else Health(c.id, "driver", "ok", 0.4, "scanning")
            for c in self.site.connections
        ]
        return [
            *drivers,
            Health("prices", "feed", "ok", 4.0, "fresh"),
            Health("weather", "feed", "degraded" if self._trouble else "ok", 900.0 if self._trouble else 4.0, "fresh"),
            Health("record", "record", "ok", 0.6, "stores"),
            Health("loop", "loop", "ok", 0.6, f"tick {self._count}, 1 ms late"),
        ]

    def alarms(self) -> Sequence[AlarmView]:
        if not self._trouble:
            return []
        flag = "alarm.device_flag"
        boiler = {"name": "boiler", "signal": "overheat_trip", "tag": "=320.003-QT401"}
        filters = {"name": "ahu_4", "signal": "filter_alarm", "tag": "=360.004-QD401"}
        lost = Reason("alarm.connection_lost", {"name": LOST, "points": 48})
        return [
            AlarmView(f"connection.{LOST}", "B", START, lost, None),
            AlarmView("point.boiler.overheat_trip", "A", START, Reason(flag, boiler), "boiler.overheat_trip"),
            AlarmView("point.ahu_4.filter_alarm", "C", START, Reason(flag, filters), "ahu_4.filter_alarm"),
        ]

    def held(self) -> Sequence[HeldCommand]:
        curve = because(Code.CURVE, supply_degc=34.0, outdoor_degc=-8.4)
        stages = because(Code.STAGES_BUFFER, short_k=1.4, target_degc=38.5, stages=1)
        wishes = {"circuit_floor_ab.supply_setpoint_degc": (34.0, curve), "hp1_io.stage_request": (2.0, stages)}
        end = self.now() + timedelta(minutes=5)
        return [HeldCommand(p, value, "rules", 12, START, end, why) for p, (value, why) in wishes.items()]

    async def events(self, limit: int) -> Sequence[Mapping[str, object]]:
        start = {"at": START, "kind": "start", "subject": "biri", "text": "started", "data": {}}
        outside = {
            "at": START + timedelta(minutes=2), "kind": "outside_change", "subject": "circuit_air.supply_setpoint_degc",
            "text": "set by somebody else", "data": {"ours": 35.0, "theirs": 38.0},
        }  # fmt: skip
        raised = [
            {"at": a.raised_at, "kind": "alarm_up", "subject": a.id, "text": a.text.code,
             "data": {"code": a.text.code, **a.text.facts}}
            for a in self.alarms()
        ]  # fmt: skip
        return [outside, *raised, start][:limit]

    def prices(self) -> PriceView | None:
        first = START.replace(hour=0) - timedelta(hours=1)
        hours = range(48)
        values = [0.6 + 0.35 * math.sin(h / 4) for h in hours]
        return PriceView("synthetic", True, [first + timedelta(hours=h) for h in hours], values)

    async def history(self, point: str, start: datetime, end: datetime, buckets: int) -> Series:
        described = self.site.points[point]
        value = self._value(described) or 0.0
        mean: list[float | None] = []
        for i in range(buckets):
            part = i / buckets
            gone = 0.55 < part < 0.62 or part < 0.08
            swing = math.sin(9 * part + len(point)) + 0.15 * math.sin(70 * part)
            mean.append(None if gone else value + 0.03 * abs(value) * swing)
        low = [None if m is None else m - 0.2 for m in mean]
        high = [None if m is None else m + 0.2 for m in mean]
        return Series(
            point, described.spec.shown_unit.value, start, (end - start).total_seconds() / buckets, mean, low, high
        )

    @property
    def house(self) -> FakeHouse:
        return FakeHouse(self)

    @cached_property
    def alarm_desk(self) -> FakeAlarms:
        return FakeAlarms(self.site, self.now, self.alarms)

    @cached_property
    def desk(self) -> FakeDesk:
        return FakeDesk(self.site, self.now, self.points)

    @cached_property
    def reports(self) -> FakeReports:
        return FakeReports()

    @cached_property
    def water_file(self) -> FakeWaterFile:
        return FakeWaterFile(self.site, self.now)

    @cached_property
    def meters(self) -> FakeMeters:
        return FakeMeters(self.site, self.now)

    @property
    def insight(self) -> FakeInsight:
        return FakeInsight(self.site, self.now, trouble=self._trouble)

    def begin(self) -> None:
        """Belong to the event loop that runs now; needed when served again by another one."""
        self._ticked = asyncio.Condition()

    async def tick(self) -> None:
        """Let a wall second pass."""
        async with self._ticked:
            self._count += 1
            self._ticked.notify_all()

    async def stop(self) -> None:
        """As when the system stops: streams end."""
        async with self._ticked:
            self._stopped = True
            self._ticked.notify_all()

    async def ticks(self) -> AsyncIterator[int]:
        seen = self._count
        while not self._stopped:
            async with self._ticked:
                await self._ticked.wait_for(lambda seen=seen: self._stopped or self._count > seen)
            seen = self._count
            if not self._stopped:
                yield seen
