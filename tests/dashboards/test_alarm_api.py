"""Alarms over the API: who may do what, what is refused and in which words, and what the list says."""

import pytest

from dashboards.access import Role, guest
from tests.dashboards.conftest import client

CARS = "connection.mb_cars"
OPERATOR, ENGINEER = guest(Role.OPERATOR), guest(Role.ENGINEER)


async def listed(inside):
    return {alarm["id"]: alarm for alarm in (await inside.get("/api/alarms/list")).json()["alarms"]}


async def act(inside, alarm=CARS, path="act", **asked):
    answer = await inside.post(f"/api/alarms/{alarm}/{path}", json=asked)
    return answer.status_code, answer.json()


async def test_the_list_says_what_to_do_and_puts_consequences_with_their_cause(troubled):
    async with client(troubled, guest=OPERATOR) as inside:
        alarms = await listed(inside)
    cars = alarms[CARS]
    assert (cars["state"], cars["severity"], cars["cause_id"]) == ("unacknowledged", "B", CARS)
    assert len(cars["sheet"]["steps"]) == 3
    assert cars["can"] == ["acknowledge", "shelve", "take_out"]
    assert (alarms["device.charger_1"]["suppressed_by"], alarms["device.charger_1"]["cause_id"]) == (CARS, CARS)
    assert alarms["point.boiler.overheat_trip"]["tag"] == "=320.003-QT401"


async def test_an_operator_acknowledges_and_shelves_and_all_of_it_is_audited(troubled):
    async with client(troubled, guest=OPERATOR) as inside:
        await listed(inside)
        assert await act(inside, do="acknowledge", reason=" ser på det ") == (
            200,
            {"id": CARS, "state": "acknowledged"},
        )
        assert await act(inside, do="shelve", minutes=60, reason="venter på deler") == (
            200,
            {"id": CARS, "state": "shelved"},
        )
        assert (await listed(inside))[CARS]["shelved"]["reason"] == "venter på deler"
    told = [(e.data["what"], e.data["before"], e.data["after"], e.data["reason"]) for e in troubled.alarm_desk.audit]
    assert told == [
        ("alarm_acknowledge", "unacknowledged", "acknowledged", "ser på det"),
        ("alarm_shelve", "acknowledged", "shelved", "venter på deler"),
    ]


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [
        ({"do": "shelve", "minutes": 15}, 409, "Skriv hvorfor. / Say why."),
        ({"do": "shelve", "minutes": 1440, "reason": "x"}, 409, "klasse B kan utsettes i høyst 8 timer"),
        ({"do": "reset"}, 409, "ingenting å tilbakestille"),
        ({"do": "unshelve"}, 409, "ikke utsatt"),
        ({"do": "shelve", "minutes": 17, "reason": "x"}, 422, ""),
        ({"do": "delete"}, 422, ""),
    ],
)
async def test_what_cannot_be_done_is_refused_with_the_reason(troubled, asked, status, words):
    async with client(troubled, guest=OPERATOR) as inside:
        await listed(inside)
        answered, body = await act(inside, **asked)
    assert answered == status
    assert words in str(body["detail"])
    assert troubled.alarm_desk.audit == []


async def test_an_alarm_that_is_not_there_is_not_found(troubled):
    async with client(troubled, guest=OPERATOR) as inside:
        status, _ = await act(inside, "nothing", do="acknowledge")
    assert status == 404


@pytest.mark.parametrize(("role", "acts", "services"), [
    (Role.VIEWER, 403, 403), (Role.CARE, 403, 403), (Role.OPERATOR, 200, 403), (Role.ENGINEER, 200, 200),
])  # fmt: skip
async def test_each_role_may_do_what_is_its_own(troubled, role, acts, services):
    async with client(troubled, guest=guest(role)) as inside:
        await listed(inside)
        assert (await act(inside, do="acknowledge"))[0] == acts
        assert (await act(inside, path="service", out_of_service=True, reason="bygges om"))[0] == services


async def test_an_alarm_is_taken_out_before_it_was_ever_raised_and_put_back(view):
    name = "point.boiler.fault"
    async with client(view, guest=ENGINEER) as inside:
        assert (await act(inside, name, "service", out_of_service=True, reason="kjelen byttes"))[0] == 200
        known = {one["id"]: one for one in (await inside.get("/api/alarms/known")).json()}
        assert known[name]["out_of_service"]
        assert (await listed(inside))[name]["can"] == ["put_back"]
        assert await act(inside, name, "service", out_of_service=False) == (200, {"id": name, "state": "normal"})
        assert await listed(inside) == {}


async def test_the_list_of_alarms_has_every_kind_and_a_sheet_of_its_own(view):
    async with client(view) as inside:
        known = {one["id"]: one for one in (await inside.get("/api/alarms/known")).json()}
    assert {
        "connection.mb_cars",
        "device.charger_1",
        "point.boiler.fault",
        "hygiene.overdue",
        "record.lost",
    } <= known.keys()
    assert not any(one["sheet"]["cause"]["nb"].startswith("Ikke beskrevet") for one in known.values())


async def test_figures_count_and_name_what_chatters(troubled):
    async with client(troubled, guest=OPERATOR) as inside:
        await listed(inside)
        figures = (await inside.get("/api/alarms/figures")).json()
    assert (figures["raised"], figures["standing"], figures["suppressed"]) == (12, 2, 3)
    assert all(bad["chattering"] and bad["times"] == 4 for bad in figures["often"])
