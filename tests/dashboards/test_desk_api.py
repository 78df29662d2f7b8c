"""Taking over and settings through the API: who may, what is refused and how it is said, and the pages that show it."""

from datetime import timedelta

import pytest

from dashboards.access import ANONYMOUS, Role, guest
from tests.dashboards.conftest import client

POINT = "a1.setpoint_degc"
PLANT = "hp1_io.stage_request"
TAKE = {"value": 22.5, "minutes": 60, "reason": "fryser"}
OPERATOR, CARE, ENGINEER = guest(Role.OPERATOR), guest(Role.CARE), guest(Role.ENGINEER)


async def call(view, who, method, path, body=None):
    async with client(view, guest=who) as inside:
        answer = await inside.request(method, path, json=body)
    return answer.status_code, answer.json() if answer.content else None


@pytest.mark.parametrize(
    ("method", "path", "body", "least"),
    [
        ("PUT", f"/api/points/{POINT}/taken", TAKE, CARE),
        ("POST", f"/api/points/{POINT}/preview", {"value": 22.5, "minutes": 60}, CARE),
        ("DELETE", "/api/taken", None, CARE),
        ("PUT", "/api/setpoints/a1", {"degc": 22.5}, CARE),
        ("PUT", "/api/mode", {"mode": "normal"}, OPERATOR),
        (
            "PUT",
            "/api/promotion",
            {"optimiser": "shadow", "rules": "good", "promoted": [], "reason": "ferie"},
            OPERATOR,
        ),
        ("DELETE", "/api/promotion", None, OPERATOR),
        ("PUT", "/api/tariff", {"name": ""}, ENGINEER),
        ("POST", "/api/holidays", {"start": "2030-01-01T00:00:00", "until": "2030-01-02T00:00:00"}, ENGINEER),
    ],
)
async def test_each_change_needs_its_right(view, method, path, body, least):
    assert (await call(view, ANONYMOUS, method, path, body))[0] == 403
    if least is ENGINEER:
        assert (await call(view, OPERATOR, method, path, body))[0] == 403
    assert (await call(view, least, method, path, body))[0] in (200, 201, 409)


async def test_a_point_is_taken_over_shown_and_given_back(view):
    status, taken = await call(view, OPERATOR, "PUT", f"/api/points/{POINT}/taken", TAKE)
    assert status == 200
    assert (taken["value"], taken["given"], taken["order"]["why"]) == (22.5, 22.5, "fryser")
    assert [one["point"] for one in (await call(view, OPERATOR, "GET", "/api/taken"))[1]] == [POINT]
    assert (await call(view, OPERATOR, "DELETE", f"/api/points/{POINT}/taken"))[1] == {"points": [POINT]}
    assert (await call(view, OPERATOR, "DELETE", f"/api/points/{POINT}/taken"))[0] == 404
    assert [told[1] for told in view.desk.book.told] == ["taken", "given_back"]


async def test_the_preview_says_in_both_languages_what_the_guard_does_with_it(view):
    status, found = await call(view, CARE, "POST", f"/api/points/{POINT}/preview", {"value": 25, "minutes": 60})
    assert status == 200
    assert (found["given"], found["verdict"]["code"]) == (24.0, "guard.resident")
    assert found["verdict"]["text"]["nb"] != found["verdict"]["text"]["en"]
    assert found["displaced"][0]["source"] == "rules"


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        (f"/api/points/{POINT}/taken", TAKE | {"value": 99}, 409, "Velg en verdi fra 18 til 26. / Choose"),
        (f"/api/points/{POINT}/taken", TAKE | {"reason": " "}, 409, "Skriv hvorfor"),
        (f"/api/points/{POINT}/taken", TAKE | {"minutes": 10}, 422, ""),
        (f"/api/points/{POINT}/taken", TAKE | {"minutes": 2000}, 422, ""),
        ("/api/points/weather.outdoor_temp_degc/taken", TAKE, 409, "bare leses"),
        ("/api/points/nothing.at_all/taken", TAKE, 404, "nothing.at_all"),
        ("/api/setpoints/nowhere", {"degc": 22}, 404, "nowhere"),
        ("/api/setpoints/a1", {"degc": 25}, 409, "20 til 24"),
    ],
)
async def test_what_cannot_be_done_is_said_so_that_it_can_be_put_right(view, path, body, status, word):
    got, answer = await call(view, OPERATOR, "PUT", path, body)
    assert got == status
    assert word in str(answer["detail"])


async def test_care_staff_takes_rooms_over_and_no_plant(view):
    assert (await call(view, CARE, "PUT", f"/api/points/{POINT}/taken", TAKE))[0] == 200
    status, answer = await call(view, CARE, "PUT", f"/api/points/{PLANT}/taken", TAKE | {"value": 1})
    assert status == 409
    assert "rom" in answer["detail"]


async def test_a_mode_has_an_end_and_is_shown_with_who_set_it(view):
    until = (view.now() + timedelta(hours=2)).isoformat()
    body = {"mode": "manual", "until": until, "reason": "service"}
    status, mode = await call(view, ENGINEER, "PUT", "/api/mode", body)
    assert (status, mode["mode"], mode["order"]["who"]) == (200, "manual", "demo")
    assert (await call(view, ENGINEER, "PUT", "/api/mode", {"mode": "away", "reason": "tur"}))[0] == 409
    async with client(view, guest=ANONYMOUS) as inside:
        page = (await inside.get("/nb/settings")).text
    assert "Manuell – satt av demo" in page
    assert 'value="manual" checked disabled' in page


async def test_the_optimiser_is_given_assets_and_all_of_it_is_told(view):
    file = (await call(view, ANONYMOUS, "GET", "/api/promotion"))[1]
    assert (file["optimiser"], file["order"]) == ("on", None)
    assert file["assets"] == file["promoted"] == ["heat_pumps", "hot_water", "rooms", "cars", "air"]
    asked = {"optimiser": "on", "promoted": ["rooms", "heat_pumps", "cars", "air"], "zones_by_rules": ["cafe"]}
    asked["rules"] = "naive"
    status, now = await call(view, OPERATOR, "PUT", "/api/promotion", asked | {"reason": "venter på måler"})
    assert (status, now["promoted"], now["zones_by_rules"]) == (200, ["heat_pumps", "rooms", "cars", "air"], ["cafe"])
    assert (now["order"]["who"], now["order"]["why"], now["file_promoted"]) == (
        "demo",
        "venter på måler",
        file["promoted"],
    )
    assert [told[1:3] for told in view.desk.book.told] == [
        ("rules_naive", "rules"),
        ("asset_to_rules", "asset.hot_water"),
        ("zone_to_rules", "cafe"),
    ]
    async with client(view, guest=ANONYMOUS) as inside:
        page = (await inside.get("/nb/plan")).text
    assert "Satt av demo" in page
    assert 'value="hot_water" disabled' in page
    assert 'value="cars" checked disabled' in page
    assert 'value="naive" checked disabled' in page
    assert (await call(view, OPERATOR, "DELETE", "/api/promotion"))[1] == file
    assert (await call(view, OPERATOR, "DELETE", "/api/promotion"))[1] == file
    assert [told[1] for told in view.desk.book.told][3:] == ["promotion_of_file"]


async def test_the_plan_s_page_sets_rules_and_optimiser_side_by_side(view):
    async with client(view, guest=ANONYMOUS) as inside:
        page = (await inside.get("/en/plan")).text.partition('id="contest"')[2].partition("</section>")[0]
    cells = [cell.partition("</td>")[0].rpartition(">")[2] for cell in page.split("<td")[1:]]
    assert cells[:7] == ["482", "459", "23", "243", "228", "0.0", "0.0"]
    assert cells[7] == "Measurements are missing."
    assert cells[8:12] == ["150", "150", "138", "129"]
    assert cells[-2:] == ["-4", "4"]


@pytest.mark.parametrize(
    ("changed", "status", "word"),
    [
        ({"promoted": ["batteries"]}, 409, "batteries"),
        ({"zones_by_rules": ["attic"]}, 409, "attic"),
        ({"reason": "x"}, 409, "Skriv hvorfor"),
        ({"optimiser": "off"}, 422, "shadow"),
        ({"rules": "best"}, 422, "naive"),
        ({"promoted": ["guard"]}, 422, "heat_pumps"),
    ],
)
async def test_what_cannot_be_promoted_is_named(view, changed, status, word):
    asked = {"optimiser": "on", "rules": "good", "promoted": ["cars"], "reason": "billigere"}
    got, answer = await call(view, OPERATOR, "PUT", "/api/promotion", asked | changed)
    assert got == status
    assert word in str(answer["detail"])
    assert not view.desk.book.told


async def test_holidays_come_and_go(view):
    span = {"start": "2025-12-24T00:00:00", "until": "2025-12-27T00:00:00", "zones": ["cafe"], "note": "jul"}
    status, made = await call(view, ENGINEER, "POST", "/api/holidays", span)
    assert status == 201
    assert [one["id"] for one in (await call(view, ANONYMOUS, "GET", "/api/holidays"))[1]] == [made["id"]]
    assert (await call(view, ENGINEER, "POST", "/api/holidays", span | {"zones": ["unit_a"]}))[0] == 409
    assert (await call(view, ENGINEER, "DELETE", f"/api/holidays/{made['id']}"))[0] == 204
    assert (await call(view, ENGINEER, "DELETE", f"/api/holidays/{made['id']}"))[0] == 404


async def test_residents_rooms_are_for_those_who_may_see_them(view):
    from dashboards.access import Viewer

    visitor = Viewer("visitor", Role.VIEWER)
    await call(view, CARE, "PUT", f"/api/points/{POINT}/taken", TAKE)
    rooms = {room.id for zone in view.site.zones for room in zone.rooms}
    for path, key in (("/api/setpoints", "id"), ("/api/devices", "id"), ("/api/taken", "point")):
        mine = {one[key].partition(".")[0] for one in (await call(view, CARE, "GET", path))[1]}
        theirs = {one[key].partition(".")[0] for one in (await call(view, visitor, "GET", path))[1]}
        assert mine & rooms
        assert not theirs & rooms
    async with client(view, guest=visitor) as inside:
        for page in ("devices", "settings"):
            text = (await inside.get(f"/nb/{page}")).text
            assert "Rom A1" not in text.partition('id="config"')[0]


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("page", ["devices", "settings"])
async def test_pages_are_whole_for_every_role_and_in_trouble(view, troubled, page, language):
    await call(view, OPERATOR, "PUT", f"/api/points/{POINT}/taken", TAKE | {"value": 25})
    for made, who in ((view, ANONYMOUS), (view, ENGINEER), (troubled, CARE)):
        async with client(made, guest=who) as inside:
            answer = await inside.get(f"/{language}/{page}")
        assert answer.status_code == 200
        assert answer.text.count("<h1") == 1
        ids = [part.partition('"')[0] for part in answer.text.split(' id="')[1:]]
        assert len(ids) == len(set(ids))
    assert "fryser" in (await call_text(view, f"/{language}/{page}"))


async def call_text(view, path):
    async with client(view, guest=ENGINEER) as inside:
        return (await inside.get(path)).text
