"""Open data: absent unless switched on, and then only sums over the whole building, of hours long gone."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboards import open_data
from dashboards.app import create_app
from dashboards.ports.view import Series
from models.faults import SiteError
from models.field import Privacy
from models.site import load_site
from tests.dashboards.conftest import client
from tests.dashboards.fake import FakeView, site

PATHS = (open_data.JSON_PATH, open_data.CSV_PATH)
HOUR = timedelta(hours=1)


def opened(**access):
    told = site().access.model_copy(update={"open_data": True, **access})
    return site().model_copy(update={"access": told})


class Counting(FakeView):
    """Every counter gains 2 kWh an hour since 2020, but nothing is known of 2026-01-02; what is asked is kept."""

    def __init__(self, now=datetime(2026, 1, 10, 12, 30, tzinfo=UTC), of=None):
        super().__init__(demo=False)
        self._at, self._open_site, self.asked = now, of or opened(), []

    @property
    def site(self):
        return self._open_site

    def now(self):
        return self._at

    async def history(self, point, start, end, buckets):
        self.asked.append((point, start, end))
        step = (end - start) / buckets
        ends = [start + (n + 1) * step for n in range(buckets)]
        known = [None if at.date().isoformat() == "2026-01-02" else 2.0 * (at.timestamp() // 3600) for at in ends]
        return Series(point, "kWh", start, step.total_seconds(), known, known, known)


async def told(view, path=open_data.JSON_PATH, **kwargs):
    async with client(view, peer="203.0.113.9", base_url="https://bems.example.org") as stranger:
        return await stranger.get(path, **kwargs)


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_not_there_unless_it_is_switched_on(path):
    assert (await told(FakeView(demo=False), path)).status_code == 401
    async with client(FakeView()) as inside:
        assert (await inside.get(path)).status_code == 404
    assert not [p for p in create_app(FakeView()).openapi()["paths"] if "open" in p.split("/")]


async def test_switched_on_it_opens_nothing_else():
    view = Counting()
    for path in ("/api/points", "/api/site", "/api/openapi.json", "/", "/display", "/api/open", "/api/open/rooms"):
        assert (await told(view, path)).status_code == 401
    async with client(view, peer="203.0.113.9") as stranger:
        assert (await stranger.post(open_data.JSON_PATH, json={})).status_code in (403, 405)


async def test_hours_that_have_ended_and_only_those():
    answer = (await told(Counting())).json()
    hours = answer["hours"]
    last = datetime.fromisoformat(hours[-1]["start"])
    assert last + HOUR == datetime(2026, 1, 9, 12, tzinfo=UTC)  # a day before 12:30, and whole
    assert datetime.fromisoformat(hours[0]["start"]) == datetime(2026, 1, 2, 23, tzinfo=UTC)
    assert hours[5]["bought_kwh"] == 2.0
    assert answer["licence"] == "NLOD-2.0"
    assert answer["delay_h"] == 24


@pytest.mark.parametrize("delay_h", [1, 24, 100])
async def test_the_delay_is_kept_whatever_is_asked_for(delay_h):
    view = Counting(of=opened(open_data_delay_h=delay_h))
    answer = (await told(view, params={"first": "2026-01-01", "last": "2026-01-20"})).json()
    ends = [datetime.fromisoformat(hour["start"]) + HOUR for hour in answer["hours"]]
    assert max(ends) <= view.now() - timedelta(hours=delay_h) < max(ends) + HOUR
    assert all(end <= view.now() - timedelta(hours=delay_h) for _, _, end in view.asked)
    assert (await told(view, params={"first": "2026-01-12"})).json()["hours"] == []


async def test_what_is_not_known_is_none_not_nought():
    answer = (await told(Counting(), params={"first": "2026-01-02", "last": "2026-01-03"})).json()
    assert {hour["bought_kwh"] for hour in answer["hours"][1:20]} == {None}
    assert {hour["co2_kg"] for hour in answer["hours"][1:20]} == {None}
    assert answer["hours"][30]["bought_kwh"] == 2.0
    rows = list(
        csv.DictReader(io.StringIO((await told(Counting(), open_data.CSV_PATH, params={"first": "2026-01-02"})).text))
    )
    assert rows[3]["bought_kwh"] == ""
    assert rows[30]["bought_kwh"] == "2.0"


async def test_carbon_follows_the_published_factor():
    hour = (await told(Counting())).json()["hours"][5]
    assert hour["co2_kg"] == 0.04  # 2 kWh at 18 g


async def test_a_counter_that_was_set_back_tells_nothing_of_that_hour():
    class Back(Counting):
        async def history(self, point, start, end, buckets):
            found = await super().history(point, start, end, buckets)
            found.maximum[4] = 0.0
            return found

    hours = (await told(Back())).json()["hours"]
    assert hours[3]["bought_kwh"] is None


async def test_it_never_tells_of_rooms_people_or_devices():
    view = Counting()
    text = (await told(view)).text + (await told(view, open_data.CSV_PATH)).text
    described = view.site
    ids = [z.id for z in described.zones] + [r.id for z in described.zones for r in z.rooms]
    ids += [d.id for d in described.devices] + [c.id for c in described.chargers]
    words = set(text.replace('"', " ").replace(",", " ").replace(":", " ").split())
    assert not words & set(ids)
    assert set(json.loads((await told(view)).text)["hours"][0]) == {"start", *open_data.COLUMNS}


async def test_it_asks_for_counters_of_the_whole_building_only():
    view = Counting()
    await told(view)
    allowed = {"import_kwh", "export_kwh", "ac_energy_kwh", "energy_kwh"}
    asked = {point for point, _, _ in view.asked}
    assert asked
    assert {point.split(".")[1] for point in asked} <= allowed
    assert all(view.site.points[point].privacy is Privacy.PUBLIC for point in asked)
    singles = {device for asset in (*view.site.chargers, *view.site.zones) for device in asset.devices}
    assert not {point.split(".")[0] for point in asked} & singles


async def test_an_unchanged_answer_is_not_sent_again():
    view = Counting()
    first = await told(view)
    assert "public" in first.headers["cache-control"]
    again = await told(view, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert not again.content
    other = await told(view, params={"first": "2026-01-04"}, headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_the_record_is_read_once_for_all_who_ask_alike():
    view = Counting()
    async with client(view, peer="203.0.113.9") as stranger:
        for _ in range(3):
            await stranger.get(open_data.JSON_PATH)
    assert len(view.asked) == len(set(view.asked))


async def test_who_asks_too_often_waits():
    view = Counting()
    async with client(view, peer="203.0.113.9") as stranger:
        codes = [(await stranger.get(open_data.JSON_PATH)).status_code for _ in range(open_data.PER_MINUTE + 2)]
        last = await stranger.get(open_data.JSON_PATH)
    assert codes[: open_data.PER_MINUTE] == [200] * open_data.PER_MINUTE
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1


def test_the_bucket_fills_again():
    now = [0.0]
    bucket = open_data.Bucket(lambda: now[0])
    assert all(bucket.wait_s() == 0 for _ in range(open_data.PER_MINUTE))
    assert bucket.wait_s() > 0
    now[0] += 60 / open_data.PER_MINUTE
    assert bucket.wait_s() == 0
    assert bucket.wait_s() > 0


@pytest.mark.parametrize(
    "params",
    [
        {"first": "2026-01-05", "last": "2026-01-04"},
        {"first": "2025-11-01", "last": "2026-01-04"},
        {"first": "9999-12-31"},
    ],
)
async def test_days_that_are_none_are_refused(params):
    assert (await told(Counting(), params=params)).status_code == 400


def test_it_is_described_with_units_and_an_example():
    paths = create_app(Counting()).openapi()
    route = paths["paths"][open_data.JSON_PATH]["get"]
    example = route["responses"]["200"]["content"]["application/json"]["example"]
    assert open_data.OpenAnswer.model_validate(example).hours
    hour = paths["components"]["schemas"]["OpenHour"]["properties"]
    assert all("kWh" in hour[name]["description"] for name in open_data.COLUMNS if name.endswith("_kwh"))
    assert "429" in route["responses"]


def test_a_house_of_few_cannot_switch_it_on(tmp_path):
    text = Path("site.biri.toml").read_text("utf-8")
    text = text.replace("display = false ", "open_data = true\ndisplay = false ", 1)
    file = tmp_path / "site.toml"
    file.write_text(text, "utf-8")
    assert load_site(file).access.open_data
    file.write_text(text.replace("residents = 32", "residents = 7", 1), "utf-8")
    with pytest.raises(SiteError, match="8 residents"):
        load_site(file)
