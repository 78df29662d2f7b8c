"""The JSON API says everything the view knows, except what tells about one resident."""

from datetime import UTC, datetime, timedelta

import pytest

from dashboards.access import ANONYMOUS
from tests.dashboards.conftest import client
from tests.dashboards.fake import BAD, LOST, STALE, START, UNREAD, FakeView

FIELDS = {
    "id", "tag", "value", "unit", "quality", "at", "age_s", "period_s", "source", "protocol", "writable", "held_by",
}  # fmt: skip


async def get(view, path, guest=ANONYMOUS, **parameters):
    async with client(view, guest=guest) as inside:
        answer = await inside.get(path, params=parameters)
    return answer.status_code, answer.json()


async def points(view, guest=ANONYMOUS):
    _, found = await get(view, "/api/points", guest)
    return {point["id"]: point for point in found}


async def test_every_point_of_the_site_is_listed_with_all_its_fields(view):
    found = await points(view)
    assert list(found) == list(view.site.points)
    assert all(point.keys() >= FIELDS for point in found.values())
    assert all(point["quality"] == "good" and point["age_s"] <= 3 * point["period_s"] for point in found.values())
    assert not any(point["value"] is None for point in found.values())


async def test_a_value_that_is_not_good_is_none_with_its_quality_and_its_last_value_beside_it(troubled):
    found = await points(troubled)
    assert {found[p]["quality"] for p in (STALE, BAD, UNREAD)} == {"stale", "bad", "unread"}
    assert all(point["value"] is None for point in found.values() if point["quality"] != "good")
    assert found[STALE]["last_value"] == pytest.approx(22.1, abs=1)
    assert found[UNREAD]["at"] is None
    lost = [p for p in found.values() if troubled.site.points[p["id"]].device.connection == LOST]
    assert {p["quality"] for p in lost} == {"offline"}


async def test_a_set_point_that_somebody_else_changed_is_told_in_words(view):
    changed = {
        "kind": "outside_change",
        "subject": "a1.setpoint_degc",
        "text": "",
        "data": {"ours": 22.0, "theirs": 23.5},
    }

    async def events(limit):
        return [{"at": START, **changed}]

    view.events = events
    _, found = await get(view, "/api/events")
    assert found[0]["text"]["nb"] == "Rom A1, Settpunkt rom ble satt til 23,5 av noen andre; vi hadde 22."


async def test_history_is_the_last_day_in_five_minute_buckets_unless_told_otherwise(view):
    status, body = await get(view, "/api/points/main.power_kw/history")
    assert status == 200
    assert (len(body["mean"]), body["bucket_s"], body["unit"]) == (288, 300, "kW")
    assert datetime.fromisoformat(body["start"]) == START - timedelta(days=1)
    assert None in body["mean"]


async def test_history_takes_its_period_from_any_two_of_begin_end_and_length(view):
    wanted = []

    async def history(point, start, end, buckets):
        wanted.append((start, end))
        return await FakeView.history(view, point, start, end, buckets)

    view.history = history
    path = "/api/points/main.power_kw/history"
    first, last = "2025-01-10T00:00:00Z", "2025-01-10T07:00:00+01:00"
    for parameters in ({"from": first, "to": last}, {"from": first, "hours": 6}, {"to": last, "hours": 6}):
        status, _ = await get(view, path, **parameters)
        assert status == 200
    begin = datetime(2025, 1, 10, tzinfo=UTC)
    assert set(wanted) == {(begin, begin + timedelta(hours=6))}


@pytest.mark.parametrize(
    "wrong",
    [{"hours": 0}, {"hours": "x"}, {"buckets": 0}, {"buckets": 1_000_000}, {"from": "yesterday"}, {"from": "17"}],
)
async def test_a_parameter_that_is_not_what_it_should_be_is_refused(view, wrong):
    status, body = await get(view, "/api/points/main.power_kw/history", **wrong)
    assert status == 422
    assert body["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "2025-01-02T00:00:00Z", "to": "2025-01-01T00:00:00Z"},
        {"from": "2020-01-01T00:00:00Z", "to": "2025-01-01T00:00:00Z"},
        {"from": "9999-12-31T23:00:00Z"},
        {"to": "0001-01-01T00:00:00Z"},
    ],
)
async def test_parameters_that_together_are_no_period_are_refused(view, wrong):
    status, body = await get(view, "/api/points/main.power_kw/history", **wrong)
    assert status == 409
    assert body["detail"]


async def test_an_unknown_point_is_not_found_and_the_answer_says_where_the_known_ones_are(view):
    status, body = await get(view, "/api/points/nothing.at_all/history")
    assert (status, body) == (404, {"detail": "no point 'nothing.at_all'; GET /api/points lists them"})


async def test_alarms_and_commands_come_with_sentences_in_both_languages(troubled):
    _, alarms = await get(troubled, "/api/alarms")
    assert {a["severity"] for a in alarms} == {"A", "B", "C"}
    assert alarms[1]["text"]["nb"] == "Elkjel melder: Overtemperaturvern utløst (=320.003-QT401)."
    _, held = await get(troubled, "/api/held")
    curve = next(h for h in held if h["point"] == "circuit_floor_ab.supply_setpoint_degc")
    assert curve["text"]["nb"] == "Varmekurven gir 34 °C ved -8,4 °C ute."
    assert curve["text"]["en"] == "The heating curve gives 34 °C at -8.4 °C outdoors."
    assert (curve["source"], curve["priority"]) == ("rules", 12)


async def test_health_names_every_connection_feed_record_and_loop(view):
    _, health = await get(view, "/api/health")
    names = {h["name"] for h in health}
    assert names == {c.id for c in view.site.connections} | {"prices", "weather", "record", "loop"}


async def test_prices_are_labelled_synthetic_and_empty_without_a_feed(view):
    _, prices = await get(view, "/api/prices")
    assert prices["synthetic"] is True
    assert len(prices["starts"]) == len(prices["nok_per_kwh"]) == 48
    view.prices = lambda: None
    status, prices = await get(view, "/api/prices")
    assert (status, prices["starts"]) == (200, [])


async def test_a_plan_comes_with_who_decides_and_with_the_scores(view, troubled):
    _, known = await get(view, "/api/plan")
    assert known["decides"]["code"] == "decides.plan"
    assert known["no_plan"]["text"]["en"] == "Good rules: no plan because the solver found none."
    plan = known["plan"]
    assert len(plan["starts"]) == len(plan["buy_nok_per_kwh"]) == len(plan["trajectories"]["buffer.degc"]) == 2
    assert plan["trajectories"]["grid.import_kw"] == [80.0, None]
    assert plan["asks"]["room_offset_k"] == {"unit_a": 0.5}
    assert known["scores"][0]["paid_nok"] == 84.5
    _, none = await get(troubled, "/api/plan")
    assert (none["plan"], none["scores"], none["promoted"]) == (None, [], [])
    assert none["decides"]["text"]["nb"] == "Optimering, planen er 23 min gammel."


async def test_the_model_tells_what_was_learned(view, troubled):
    _, model = await get(view, "/api/model")
    assert model["fitted_parts"] == {"group.unit_a": {"room_loss": 1.12}}
    _, none = await get(troubled, "/api/model")
    assert (none["learned_version"], none["fitted_version"], none["nights"]) == (0, 0, [])


async def test_the_site_tells_its_zones_rooms_components_and_clock(view):
    _, site = await get(view, "/api/site")
    assert len(site["zones"]) == 12
    assert sum(len(zone["rooms"]) for zone in site["zones"]) == 32
    assert (site["speed"], site["demo"], site["time_zone"]) == (60, True, "Europe/Oslo")
    assert {"hp1", "boiler", "buffer", "wells", "collectors", "main"} <= {part["id"] for part in site["components"]}


async def test_a_night_comes_with_its_items_and_what_the_last_one_came_to(view):
    _, known = await get(view, "/api/night")
    (item,) = known["programme"]["items"]
    assert item["kind"] == "store"
    assert item["reason"]["facts"]["price_nok_per_kwh"] == 0.62
    assert item["state"] is None
    account, before = known["accounts"]
    contest = account["contest"]
    assert (contest["rules"]["total_nok"], contest["optimiser"]["total_nok"]) == (482.0, 459.0)
    assert (before["contest"]["rules"], before["contest"]["why"]["en"]) == (None, "Measurements are missing.")
    assert account["saved_nok"] == 31.0
    assert account["items"][0]["state"] == "missed"
    assert account["obstacles"][0]["count"] == 2


async def test_without_anybody_who_makes_nights_there_are_none(troubled):
    assert await get(troubled, "/api/night") == (200, {"programme": None, "accounts": []})
