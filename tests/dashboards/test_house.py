"""The house as pages and API have it: comfort, the log, function descriptions, system pictures, and who sees what."""

import re

import pytest

from dashboards.access import RIGHTS, Right, Role, Viewer, guest
from dashboards.discreet.view import Discreet
from dashboards.log_words import log_text, named_subject, who_did
from dashboards.pages.house_rooms import house_rooms
from dashboards.pages.systems import systems
from dashboards.pictures.draw import picture
from dashboards.pictures.lanes import lanes
from dashboards.ports.house import LogEntryView
from models.site import load_site
from tests.dashboards.conftest import client
from tests.dashboards.fake import SITE_FILE, START, site

VIEWER = Viewer("somebody", Role.VIEWER)
CARE = Viewer("nurse", Role.CARE)
SYSTEMS = ("310", "320", "350", "360", "4", "563")


async def asked(view, path, who=None):
    async with client(view, guest=who or guest(Role.OPERATOR)) as here:
        answer = await here.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_comfort_tells_of_residents_rooms_only_those_who_may_see_them(view):
    everything = await asked(view, "/api/comfort", CARE)
    rooms = {room.id for zone in site().zones for room in zone.rooms}
    assert rooms <= {space["space"] for space in everything["spaces"]}
    less = await asked(view, "/api/comfort", VIEWER)
    assert rooms.isdisjoint(space["space"] for space in less["spaces"])
    assert less["spaces"]


async def test_the_log_is_narrowed_by_kind_and_period(view):
    whole = await asked(view, "/api/log")
    assert [entry["group"] for entry in whole] == ["people", "people", "outside", "alarms", *["control"] * 3, "system"]
    people = await asked(view, "/api/log?group=people")
    assert [entry["who"] for entry in people] == ["kari", "ola"]
    hour = await asked(view, "/api/log?days=0.03")
    assert [entry["group"] for entry in hour] == ["people", "people"]
    assert len(await asked(view, "/api/log?limit=1")) == 1


async def test_function_descriptions_are_in_the_api(view):
    found = await asked(view, "/api/functions")
    assert [one["system"] for one in found] == list(SYSTEMS)
    assert all(one["sequence"] and one["restart"] for one in found)


@pytest.mark.parametrize("bad", ["days=0", "days=401", "group=everything", "limit=0"])
async def test_a_log_that_cannot_be_is_refused(view, bad):
    async with client(view, guest=guest(Role.OPERATOR)) as here:
        assert (await here.get(f"/api/log?{bad}")).status_code == 422


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_picture_shows_its_points_by_their_codes(system, language):
    drawn = picture(site(), system, language)
    shown = set(re.findall(r'data-points="([^"]+)"', drawn))
    assert shown
    for point in shown:
        assert f">{site().points[point].spec.tfm}<" in drawn


def test_pictures_and_descriptions_together_name_every_written_point_of_the_plant():
    drawn = "".join(picture(site(), system, "nb") for system in ("310", "320", "350", "360", "4"))
    shown = set(re.findall(r'data-points="([^"]+)"', drawn)) | set(
        " ".join(re.findall(r'data-running="([^"]+)"', drawn)).split()
    )
    rooms = {device for zone in site().zones for device in zone.devices}
    rooms |= {device for zone in site().zones for room in zone.rooms for device in room.devices}
    rooms |= {device for blind in site().blinds for device in blind.devices}
    written = {p.id for p in site().points.values() if p.writable and p.device.id not in rooms}
    rest = {"operating_mode", "heating_offset_k", "supply_setpoint_degc", "power_limit_enabled", "hot_water_duty"}
    assert {point for point in written - shown if point.split(".")[1] not in rest} == set()


def test_no_box_of_a_picture_leaves_it_and_none_lies_on_another():
    for system in SYSTEMS:
        drawn = picture(site(), system, "nb")
        high = float(re.search(r'viewBox="0 0 1280 ([0-9.]+)"', drawn)[1])
        boxes = [
            tuple(float(n) for n in found)
            for found in re.findall(
                r'class="frame" x="([0-9.]+)" y="([0-9.]+)" width="([0-9.]+)" height="([0-9.]+)"', drawn
            )
        ]
        assert boxes
        for i, (x, y, width, height) in enumerate(boxes):
            assert x >= 0
            assert x + width <= 1280
            assert y + height <= high
            for ox, oy, owidth, oheight in boxes[i + 1 :]:
                assert x + width <= ox or ox + owidth <= x or y + height <= oy or oy + oheight <= y


def test_a_small_building_has_the_lanes_it_has_parts_for():
    small = load_site(SITE_FILE.parent / "site.example.toml")
    bare = small.model_copy(update={"hot_water": None, "wells": None, "air_handling": ()})
    assert lanes(bare, "310") == lanes(bare, "350") == lanes(bare, "360") == []
    assert lanes(bare, "320")


def test_a_page_of_rooms_has_residents_rooms_for_those_who_may_see_them(view):
    rooms = [room.id for zone in site().zones for room in zone.rooms]
    care, viewer = house_rooms(view, CARE, "nb"), house_rooms(Discreet(view), VIEWER, "nb")
    for room in rooms:
        assert f'data-space="{room}"' in care
        assert f'data-space="{room}"' not in viewer
    assert "vises bare for pleie og drift" in viewer


def test_care_staff_see_no_technical_words(view):
    page = house_rooms(view, CARE, "nb")
    seen = re.sub(r"<script.*?</script>", "", page.split("<main", 1)[1].split("</main>", 1)[0], flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", seen).lower()
    for word in ("settpunkt", "pådrag", "ppm", "co₂", "ventil", "bånd", "rt601", "tekniske detaljer"):
        assert word not in text
    assert "Tekniske detaljer" in house_rooms(view, guest(Role.OPERATOR), "nb")


def test_the_page_of_systems_prints_every_sentence(view):
    for language in ("nb", "en"):
        page = systems(view, VIEWER, language)
        assert "{" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
        for one in view.house.functions():
            assert f'data-name="s-{one.system}"' in page
            assert len(one.sequence) <= page.count("<li>")


def entry(kind, subject, data, text="its own words"):
    return LogEntryView(START, "people", kind, subject, text, data)


def test_an_entry_names_rooms_and_who_did_it():
    done = entry("audit", "a1", {"who": "kari", "what": "never_heard_of"})
    assert log_text(site(), done, "nb") == "Never_heard_of: Rom A1"
    assert (who_did(done), who_did(entry("start", "biri", {"who": "x"}))) == ("kari", None)
    assert named_subject(site(), "point.boiler.fault", "en") == "Electric boiler, Boiler common fault"


def test_every_role_that_sees_rooms_sees_what_tells_about_residents():
    assert {role for role in Role if Right.SEE_PERSONAL in RIGHTS[role]} == set(Role) - {Role.VIEWER}
