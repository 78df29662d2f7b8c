"""The legionella file over HTTP: who may enter what, how refusals are said, what the page shows to whom."""

import pytest

from dashboards.access import ANONYMOUS, Role, Viewer, guest
from tests.dashboards.conftest import client

CARE, OPERATOR = guest(Role.CARE), guest(Role.OPERATOR)
VISITOR = Viewer("visitor", Role.VIEWER)
READING = {"place": "kitchen_tap", "temp_degc": 61.5, "after_s": 60}
RESULT = {"place": "tap_a", "sampled_on": "2025-01-10", "cfu_per_l": 1200, "laboratory": "Lab", "reference": "1"}
DEVIATION = {"place": None, "text": "Blandeventil lekker"}


async def call(view, who, method, path, body=None):
    async with client(view, guest=who) as inside:
        answer = await inside.request(method, path, json=body)
    return answer.status_code, answer.json()


async def page(view, who, language="nb"):
    async with client(view, guest=who) as inside:
        return (await inside.get(f"/{language}/water_file")).text


@pytest.mark.parametrize(
    ("path", "body", "least"),
    [
        ("/api/water/readings", READING, CARE),
        ("/api/water/done", {"place": "shower_gym"}, CARE),
        ("/api/water/results", RESULT, OPERATOR),
        ("/api/water/deviations", DEVIATION, OPERATOR),
        ("/api/water/deviations/9/closing", {"text": "Skiftet ventil"}, OPERATOR),
        ("/api/water/entries/6/striking", {"text": "Feil sted"}, OPERATOR),
    ],
)
async def test_care_staff_enter_readings_and_flushing_operators_everything(view, path, body, least):
    assert (await call(view, ANONYMOUS, "POST", path, body))[0] == 403
    if least is OPERATOR:
        assert (await call(view, CARE, "POST", path, body))[0] == 403
    status, made = await call(view, least, "POST", path, body)
    assert (status, made["who"]) == (201, "demo")


async def test_a_reading_moves_the_place_from_what_is_due(view):
    status, before = await call(view, CARE, "GET", "/api/water/file")
    kitchen = next(one for one in before["places"] if one["id"] == "kitchen_tap")
    assert (status, kitchen["due"][0]["is_due"], kitchen["due"][0]["last_at"]) == (200, True, None)
    _, made = await call(view, CARE, "POST", "/api/water/readings", READING)
    assert (made["verdict"], made["text"]["nb"]) == ("good", "Varmt vann 61,5 °C etter 1 min")
    _, after = await call(view, CARE, "GET", "/api/water/file")
    (due,) = next(one for one in after["places"] if one["id"] == "kitchen_tap")["due"]
    assert (due["is_due"], due["last_by"]) == (False, "demo")
    assert (after["entries"][0]["number"], after["entries_in_all"]) == (made["number"], before["entries_in_all"] + 1)


async def test_a_result_over_the_limit_is_a_deviation_that_is_closed_with_what_was_done(view):
    _, made = await call(view, OPERATOR, "POST", "/api/water/results", RESULT)
    assert made["verdict"] == "over"
    _, file = await call(view, OPERATOR, "GET", "/api/water/file")
    opened = file["deviations"][0]
    assert (opened["opened_by"], opened["closed_at"]) == ("bems", None)
    assert opened["text"]["en"] == "Legionella 1\u00a0200 CFU/l (Lab 1): above the limit"
    path = f"/api/water/deviations/{opened['number']}/closing"
    assert (await call(view, OPERATOR, "POST", path, {"text": "Sjokkoppvarmet"}))[0] == 201
    _, file = await call(view, OPERATOR, "GET", "/api/water/file")
    closed = next(one for one in file["deviations"] if one["number"] == opened["number"])
    assert (closed["closed_by"], closed["done"]) == ("demo", "Sjokkoppvarmet")


async def test_a_correction_names_the_old_entry_and_both_are_there_to_be_read(view):
    _, wrong = await call(view, CARE, "POST", "/api/water/readings", READING | {"temp_degc": 16.5})
    assert wrong["verdict"] == "critical"
    _, right = await call(view, CARE, "POST", "/api/water/readings", READING | {"corrects": wrong["number"]})
    _, file = await call(view, CARE, "GET", "/api/water/file")
    shown = {one["number"]: one for one in file["entries"]}
    assert shown[wrong["number"]]["corrected_by"] == right["number"]
    assert shown[right["number"]]["corrects"] == wrong["number"]
    status, answer = await call(view, CARE, "POST", "/api/water/readings", READING | {"corrects": wrong["number"]})
    assert status == 409
    assert "kan ikke rettes" in answer["detail"]
    assert "cannot be corrected" in answer["detail"]


@pytest.mark.parametrize(
    ("path", "body", "status", "word"),
    [
        ("/api/water/readings", READING | {"place": "nowhere"}, 409, "nowhere"),
        ("/api/water/readings", READING | {"at": "2030-01-01T00:00:00Z"}, 409, "ikke vært ennå"),
        ("/api/water/readings", READING | {"temp_degc": 120}, 422, ""),
        ("/api/water/readings", READING | {"who": "Ola"}, 422, ""),
        ("/api/water/deviations", DEVIATION | {"text": "x"}, 422, ""),
        ("/api/water/deviations/1/closing", {"text": "Skiftet"}, 409, "ikke åpent"),
        ("/api/water/entries/99/striking", {"text": "Feil"}, 409, "kan ikke strykes"),
    ],
)
async def test_what_cannot_be_entered_is_said_so_that_it_can_be_put_right(view, path, body, status, word):
    got, answer = await call(view, OPERATOR, "POST", path, body)
    assert got == status
    assert word in str(answer["detail"])


async def test_what_the_record_does_not_keep_is_told(view):
    view.water_file.record.broken = True
    status, answer = await call(view, CARE, "POST", "/api/water/readings", READING)
    assert status == 409
    assert "ikke lagret" in answer["detail"]


@pytest.mark.parametrize("language", ["nb", "en"])
async def test_the_page_is_whole_for_every_role(view, troubled, language):
    for made, who in ((view, ANONYMOUS), (view, CARE), (view, OPERATOR), (troubled, OPERATOR)):
        text = await page(made, who, language)
        assert text.count("<h1") == 1
        ids = [part.partition('"')[0] for part in text.split(' id="')[1:]]
        assert len(ids) == len(set(ids))


async def test_each_role_gets_the_forms_it_may_send(view):
    seen, care, operator = await page(view, ANONYMOUS), await page(view, CARE), await page(view, OPERATOR)
    for form in ("/api/water/readings", "data-done="):
        assert (form in seen, form in care, form in operator) == (False, True, True)
    for form in ("/api/water/results", "/api/water/deviations", "/closing", "/striking"):
        assert (form in seen, form in care, form in operator) == (False, False, True)


async def test_whoever_may_not_see_residents_rooms_sees_no_place_named_by_one(view):
    await call(view, CARE, "POST", "/api/water/readings", READING | {"place": "shower_a6", "temp_degc": 38})
    for who, there in ((CARE, True), (VISITOR, False)):
        status, file = await call(view, who, "GET", "/api/water/file")
        assert status == 200
        assert any(one["id"] == "shower_a6" for one in file["places"]) is there
        assert any(one["place"] == "shower_a6" for one in file["entries"]) is there
        assert ("Dusj rom A6" in (await page(view, who)).partition('id="config"')[0]) is there


async def test_an_entry_is_said_in_words_where_events_are(view):
    from bems.history.rows import EventKind
    from dashboards.reading import event_answer

    await call(view, CARE, "POST", "/api/water/readings", READING)
    (event,) = view.water_file.record.events
    said = event_answer(
        view.site,
        {"at": event.at, "kind": event.kind, "subject": event.subject, "text": event.text, "data": event.data},
    ).text
    assert event.kind is EventKind.WATER_FILE
    assert said.nb == "Legionellaperm nr. 10, Hovedkjøkken, oppvask: Varmt vann 61,5 °C etter 1 min"
    assert said.en == "Legionella file no. 10, Main kitchen, dishwashing: Hot water 61.5 °C after 1 min"
