"""Exchanges of meters through the API: who may, what is refused and how it is said, the log, the form on Devices."""

import pytest

from bems.house import GROUP_OF
from dashboards.access import ANONYMOUS, Role, Viewer, guest
from dashboards.log_words import log_text
from dashboards.ports.house import LogEntryView
from tests.dashboards.conftest import client
from tests.dashboards.fake import site

POINT = "heat_floor.energy_kwh"
PATH = f"/api/points/{POINT}/exchanges"
BODY = {"last": 4120.5, "first": 0.0, "reason": "Kalibrering utløpt"}
OPERATOR, ENGINEER, ADMIN = guest(Role.OPERATOR), guest(Role.ENGINEER), guest(Role.ADMIN)


async def call(view, who, method, path, body=None):
    async with client(view, guest=who) as inside:
        answer = await inside.request(method, path, json=body)
    return answer.status_code, answer.json() if answer.content else None


async def test_engineers_note_an_exchange_and_take_it_back_and_everybody_sees_it(view):
    assert (await call(view, OPERATOR, "POST", PATH, BODY))[0] == 403
    status, noted = await call(view, ENGINEER, "POST", PATH, BODY)
    assert status == 201
    assert (noted["last"], noted["first"], noted["unit"], noted["who"]) == (4120.5, 0.0, "kWh", "demo")
    assert (await call(view, ANONYMOUS, "GET", "/api/exchanges"))[1] == [noted]
    back = {"at": noted["at"], "reason": "Feil måler"}
    assert (await call(view, OPERATOR, "POST", f"{PATH}/take-back", back))[0] == 403
    assert (await call(view, ADMIN, "POST", f"{PATH}/take-back", back))[0] == 204
    assert (await call(view, ADMIN, "POST", f"{PATH}/take-back", back))[0] == 404
    assert (await call(view, ANONYMOUS, "GET", "/api/exchanges"))[1] == []


REFUSED = [
    (PATH, {"last": 3990.0}, 409, "Gammel måler 3990 kWh kan ikke stemme"),
    (PATH, {"last": 3990.0}, 409, "Write 4000 or more, or another time."),
    (PATH, {"at": "2031-01-01T00:00:00Z"}, 409, "Tidspunktet 01.01.2031 kl. 01.00 kan ikke stemme. Velg et fra "),
    (PATH, {"at": "0001-01-01T00:00:00+14:00"}, 409, "Velg et fra "),
    (PATH, {"reason": "  "}, 409, "Skriv hvorfor"),
    (PATH, {"last": -1}, 422, "last"),
    (PATH, {"first": "mye"}, 422, "first"),
    (PATH, {"at": "i går"}, 422, "at"),
    (PATH, {"at": "2025-01-01T00:00:00"}, 422, "at"),
    (PATH, {"before": 1}, 422, "before"),
    ("/api/points/heat_floor.power_kw/exchanges", {}, 409, "Velg et telleverk i kWh, m³."),
    ("/api/points/nothing.at_all/exchanges", {}, 404, "nothing.at_all"),
]


async def test_what_cannot_be_done_is_said_so_that_it_can_be_put_right(view):
    async with client(view, guest=ENGINEER) as inside:
        for path, changed, status, word in REFUSED:
            answer = await inside.post(path, json=BODY | changed)
            assert answer.status_code == status, changed
            assert word in str(answer.json()["detail"]), changed
    assert not view.meters.exchanges()


async def test_what_is_no_json_or_comes_from_a_page_elsewhere_is_refused(view):
    async with client(view, guest=ENGINEER) as inside:
        assert (
            await inside.post(PATH, content=b"\xff", headers={"Content-Type": "application/json"})
        ).status_code == 400
        assert (await inside.post(PATH, json=BODY, headers={"X-CSRF-Token": "another"})).status_code == 403
    assert not view.meters.exchanges()


@pytest.mark.parametrize("language", ["nb", "en"])
async def test_the_log_tells_each_word_on_an_exchange_once_and_in_whole_sentences(view, language):
    noted = (await call(view, ENGINEER, "POST", PATH, BODY | {"last": 1234567.5}))[1]
    await call(view, ENGINEER, "POST", PATH, BODY)
    await call(view, ENGINEER, "POST", f"{PATH}/take-back", {"at": noted["at"], "reason": "Feil måler"})
    events = [event for event in view.meters.record.events if event.kind in GROUP_OF]
    told = [
        log_text(site(), LogEntryView(e.at, GROUP_OF[e.kind], e.kind.value, e.subject, e.text, e.data), language)
        for e in events
    ]
    name = {"nb": "Varme til gulvvarme, Varmeenergi", "en": "Heat to floor heating, Heat energy"}[language]
    expected = {
        "nb": (
            (
                "demo førte at måleren ble skiftet 15.01.2025 kl. 07.00: {name}. Gammel sto på 1234567,5, ny på 0. "
                "Kalibrering utløpt"
            ),
            "demo rettet målerbyttet 15.01.2025 kl. 07.00: {name}. Gammel sto på 4120,5, ny på 0. Kalibrering utløpt",
            "demo tok tilbake målerbyttet 15.01.2025 kl. 07.00: {name}. Feil måler",
        ),
        "en": (
            (
                "demo noted that the meter was exchanged 2025-01-15 07:00: {name}. The old one stood at 1234567.5, the "
                "new one at 0. Kalibrering utløpt"
            ),
            (
                "demo corrected the exchange of the meter 2025-01-15 07:00: {name}. The old one stood at 4120.5, the "
                "new one at 0. Kalibrering utløpt"
            ),
            "demo took back the exchange of the meter 2025-01-15 07:00: {name}. Feil måler",
        ),
    }[language]
    assert told == [sentence.format(name=name) for sentence in expected]


async def test_the_form_stands_at_each_meter_for_those_who_may(view):
    await call(view, ENGINEER, "POST", PATH, BODY)
    async with client(view, guest=ENGINEER) as inside:
        page = (await inside.get("/nb/devices")).text
    assert 'data-exchange="heat_floor"' in page
    assert 'data-exchange="boiler"' not in page
    assert "gammel 4120,5 kWh, ny 0 kWh" in page
    for who in (OPERATOR, Viewer("somebody", Role.VIEWER)):
        async with client(view, guest=who) as inside:
            page = (await inside.get("/nb/devices")).text
        assert "data-exchange=" not in page
        assert "gammel 4120,5 kWh, ny 0 kWh" in page
