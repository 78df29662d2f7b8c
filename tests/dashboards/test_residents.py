"""Residents' rooms are known to care staff and those above them, and to nobody else, whatever route they ask."""

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.routing import Route

from dashboards.access import MONITOR, RIGHTS, Right, Role, Viewer, guest
from dashboards.app import create_app
from dashboards.discreet.grouped import Grouped
from dashboards.discreet.unnamed import Unnamed, without_rooms
from dashboards.discreet.view import Discreet
from dashboards.ports.desk import Person
from dashboards.ports.view import AlarmView, Health, HeldCommand
from dashboards.reports.assemble import month_of
from dashboards.reports.model import Column, Report, Section, Table
from models.field import Privacy
from models.profile import Text
from models.reasons import Code, because
from models.signals import Reason
from tests.dashboards.conftest import client
from tests.dashboards.fake import START, FakeView, site

VIEWER = Viewer("visitor", Role.VIEWER)
PROGRAM = Viewer("program", None, frozenset(Right) - {Right.SEE_PERSONAL})
"""It may do everything else there is, and still may not know of a room."""
CARE = Viewer("nurse", Role.CARE)
ROOM, DEVICE, POINT = "a1", "a1_air", "a1.setpoint_degc"
NAMED = re.compile(r"(?<![\w-])[abcd][1-8](_air)?(?![\w-])|\b(Rom|Room) [ABCD][1-8]\b", re.IGNORECASE)
"""As rooms, their devices and their points are called in the site file."""
COLOURS_AND_PATHS = re.compile(r'<path [^>]*>|<symbol.*?</symbol>|"M[^"]*"', re.DOTALL)
TAKE = {"value": 22.5, "minutes": 60, "reason": "resident is cold"}


class Indiscreet(FakeView):
    """A view in which everything that can name a room does."""

    def __init__(self):
        super().__init__()
        flag = Reason("alarm.device_flag", {"name": DEVICE, "signal": "co2_ppm", "tag": "=563.501-RY601"})
        lost = Reason("alarm.connection_lost", {"name": "mb_cars", "points": 48})
        self._raised = [
            AlarmView(f"point.{DEVICE}.co2_ppm", "B", START, flag, f"{DEVICE}.co2_ppm"),
            AlarmView(
                "unit.cold", "C", START, Reason("alarm.device_flag", {"name": ROOM, "signal": "temp_degc"}), None
            ),
            AlarmView("connection.mb_cars", "B", START, lost, None),
        ]

    def alarms(self):
        return self._raised

    def held(self):
        curve, end = because(Code.CURVE, supply_degc=34.0, outdoor_degc=-8.4), self.now() + timedelta(minutes=5)
        return [*super().held(), HeldCommand(POINT, 22.0, "rules", 12, START, end, curve)]

    def health(self):
        return [*super().health(), Health("bac_unit_z", "driver", "degraded", 3.0, f"{POINT}: no answer")]

    async def events(self, limit):
        data = {"ours": 22.0, "theirs": 23.5}
        changed = {"at": START, "kind": "outside_change", "subject": POINT, "text": "by somebody else", "data": data}
        said = {"at": START, "kind": "hold", "subject": "biri", "text": "Rom A1 is cold", "data": {}}
        raised = {"at": START, "kind": "alarm_up", "subject": f"point.{DEVICE}.co2_ppm", "text": "up", "data": {}}
        return [changed, said, raised, *await super().events(limit)]


@pytest.fixture
async def house():
    view = Indiscreet()
    await view.desk.take(POINT, 22.5, 60, "resident is cold", Person("nurse"))
    return view


def addresses():
    """Every address that answers to GET, but the stream, which has a test of its own."""
    app = create_app(Indiscreet())
    pages = [route.path for route in app.routes if isinstance(route, Route)]
    described = [path for path, methods in app.openapi()["paths"].items() if "get" in methods]
    filled = {"{point_id}": "main.power_kw", "{period}": "2026-01"}
    found = [re.sub(r"{\w+}", lambda part: filled[part[0]], path) for path in (*pages, *described)]
    return sorted(set(found) - {"/api/stream", "/api/openapi.json"})  # the description is the same for any site


@pytest.mark.parametrize("viewer", [VIEWER, PROGRAM, guest(Role.VIEWER), MONITOR], ids=lambda v: v.name)
async def test_no_route_names_a_residents_room(house, viewer):
    paths = addresses()
    assert {"/nb/rooms", "/api/points", "/api/points/main.power_kw/history", "/metrics"} <= set(paths)
    async with client(house, guest=viewer) as inside:
        for path in paths:
            answer = await inside.get(path)
            assert answer.status_code < 500, path
            assert NAMED.findall(COLOURS_AND_PATHS.sub("", answer.text)) == [], path


@pytest.mark.parametrize("role", [role for role in Role if Right.SEE_PERSONAL in RIGHTS[role]])
async def test_who_may_see_rooms_sees_them(house, role):
    told = "points alarms alarms/list events held site log taken devices setpoints reports/2026-01"
    async with client(house, guest=Viewer("somebody", role)) as inside:
        for path in ("/nb", "/nb/rooms", "/nb/settings", "/nb/devices", *(f"/api/{what}" for what in told.split())):
            assert NAMED.search(COLOURS_AND_PATHS.sub("", (await inside.get(path)).text)), path


async def test_the_stream_names_none_to_who_may_not_know(house):
    for viewer, expected in ((VIEWER, False), (PROGRAM, False), (CARE, True)):
        told = await streamed(house, viewer)
        assert bool(NAMED.search(told)) is expected, viewer.name
        assert '"main.power_kw"' in told


async def streamed(view, viewer):
    """The first message."""
    app, found = create_app(view, viewer), bytearray()
    over = asyncio.Event()

    async def receive():
        await over.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        found.extend(message.get("body", b""))
        if b"event: full" in found:
            over.set()

    headers = [(b"host", b"127.0.0.1:8080")]
    scope = {
        "type": "http", "method": "GET", "path": "/api/stream", "raw_path": b"/api/stream", "query_string": b"",
        "headers": headers, "scheme": "http", "client": ("127.0.0.1", 5), "server": ("127.0.0.1", 8080),
        "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(scope, receive, send)
    return found.decode()


@pytest.mark.parametrize("viewer", [VIEWER, PROGRAM], ids=lambda v: v.name)
async def test_the_past_of_a_room_is_not_to_be_had(house, viewer):
    rooms = [p.id for p in site().points.values() if p.device.id in (ROOM, DEVICE)]
    assert len(rooms) > 3
    async with client(house, guest=viewer) as inside:
        assert {(await inside.get(f"/api/points/{p}/history")).status_code for p in rooms} == {404}


async def test_nothing_can_be_done_to_a_room_one_may_not_know_of(house):
    async with client(house, guest=PROGRAM) as inside:
        assert (await inside.put(f"/api/points/{POINT}/taken", json=TAKE)).status_code == 404
        asked = {"value": 22.5, "minutes": 60}
        assert (await inside.post(f"/api/points/{POINT}/preview", json=asked)).status_code == 404
        assert (await inside.delete(f"/api/points/{POINT}/taken")).status_code == 404
        assert (await inside.put(f"/api/setpoints/{ROOM}", json={"degc": 23.0})).status_code == 404
        act = {"do": "acknowledge", "reason": "", "minutes": None}
        assert (await inside.post(f"/api/alarms/point.{DEVICE}.co2_ppm/act", json=act)).status_code == 404
        assert (await inside.delete("/api/taken")).json() == {"points": []}
    assert [one.point for one in house.desk.taken()] == [POINT]


async def test_the_rest_is_as_others_see_it(house):
    async with client(house, guest=VIEWER) as inside:
        alarms = (await inside.get("/api/alarms")).json()
        held = (await inside.get("/api/held")).json()
        healthy = (await inside.get("/healthy")).json()
    assert [one["id"] for one in alarms] == ["connection.mb_cars"]
    assert {one["point"] for one in held} == {"circuit_floor_ab.supply_setpoint_degc", "hp1_io.stage_request"}
    assert [part["detail"] for part in healthy["parts"] if part["name"] == "bac_unit_z"] == [""]


async def test_monitoring_counts_every_point_and_names_none(house):
    async with client(house, guest=VIEWER) as inside:
        said = (await inside.get("/metrics")).text
    assert f'bems_points{{quality="good"}} {float(len(site().points))}' in said
    assert 'bems_alarms{severity="B"} 2.0' in said


async def test_the_public_display_knows_of_no_room():
    class Shown(Indiscreet):
        @property
        def site(self):
            return shown

    shown = site().model_copy(update={"access": site().access.model_copy(update={"display": True})})
    async with client(Shown(), peer="10.0.0.9", base_url="http://bems.example") as outside:
        for path in ("/display", "/en/display", "/api/display"):
            answer = await outside.get(path)
            assert answer.status_code == 200
            assert not NAMED.search(COLOURS_AND_PATHS.sub("", answer.text))


def test_a_site_without_rooms_has_no_personal_point_anywhere():
    common = next(d for d in site().devices if d.profile == "generic_zone_controller")
    marked = common.model_copy(update={"personal": ("occupied",)})
    wide = site().model_copy(update={"devices": tuple(marked if d is common else d for d in site().devices)})
    wide.__dict__.pop("points", None)
    narrow = without_rooms(wide)
    assert [p.id for p in narrow.points.values() if p.privacy is Privacy.PERSONAL] == []
    assert f"{common.id}.occupied" not in narrow.points
    assert f"{common.id}.temp_degc" in narrow.points
    assert {zone.id for zone in narrow.zones} == {zone.id for zone in wide.zones}


def test_words_that_name_a_room_are_found_and_others_left():
    unnamed = Unnamed(site())
    for said in ("a1", "point.a1_air.co2_ppm", "biri/rooms/a1", "Rom A1 er kald", json.dumps({"x": "c8"}), {"d8": 1}):
        assert unnamed.names(said), said
    for said in ("unit_a", "a10", "a1b", "heat_a1x", "=320.001-RT401", 22.0, None, "", "rom"):
        assert not unnamed.names(said), said


def test_a_report_tells_each_room_as_one_of_its_zone():
    """Rows stay, so that counts add up; whoever wrote the words, in whichever case."""
    cells = (("Dusj rom A6", 2.0), ("A8_AIR.co2_ppm: Kari målte i rom c8", None), ("Tekjøkken bogruppe A", "a10"))
    table = Table("taps", "Rom B1", (Column("Sted"), Column("Hva")), cells)
    report = Report("Mars", "biri", "Biri", month_of(2026, 3), START, "nb", (Section("x", "X", tables=(table,)),))
    told = Grouped(site(), "nb")(report)
    assert told.sections[0].tables[0].rows == (
        ("Dusj beboerrom (Bogruppe A)", 2.0),
        ("beboerrom (Bogruppe A): Kari målte i beboerrom (Bogruppe C)", None),
        ("Tekjøkken bogruppe A", "a10"),
    )
    assert told.sections[0].tables[0].title == "beboerrom (Bogruppe B)"
    assert told.period == report.period
    assert Grouped(site(), "en")("Shower room A6") == "Shower resident's room (Unit A)"


async def test_what_people_said_of_a_deviation_is_told_without_a_room():
    view = FakeView()
    view.reports.handle("Kari", "fault.cop_drift.hp1", "closed", "Klage fra rom A6")
    narrow = Discreet(view).reports.deviations().handled["fault.cop_drift.hp1"]
    assert (narrow.closed, narrow.by, narrow.words) == (True, "Kari", "")
    assert await Discreet(view).reports.file("2026-01", "pdf", "nb", rooms=True) == b"pdf nb"


def test_what_is_deep_within_is_left_out_where_it_stands():
    unnamed = Unnamed(site())
    night = Discreet(FakeView()).nights()
    item = replace(night.programme.items[0], text=Text(nb="Rom A1 varmes", en="Heat for room A1"))
    told = replace(night, programme=replace(night.programme, items=(item, *night.programme.items)))
    assert unnamed.cleaned(told) == night
