"""The internet feeds against a real HTTP server on loopback that can be late, wrong, busy or gone."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from drivers.errors import Nonsense, Unreachable
from drivers.prices import HvaKosterStrommen
from drivers.weather import MetNorway
from models.local_time import OSLO, local_day
from tests.system.stub_http import Answer, serving

pytestmark = pytest.mark.system

HTTP_TIME = "%a, %d %b %Y %H:%M:%S GMT"
CONTACT = "drift@example.org"
MORNING = datetime(2026, 1, 10, 7, tzinfo=UTC)
AFTERNOON = datetime(2026, 1, 10, 12, 5, tzinfo=UTC)
TODAY, TOMORROW = date(2026, 1, 10), date(2026, 1, 11)


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as running:
        yield running


# --- Prices ---------------------------------------------------------------------------------------------------------


def price_path(day):
    return f"/api/v1/prices/{day:%Y}/{day:%m}-{day:%d}_NO1.json"


def price_body(day, minutes=15):
    start, end = local_day(day)
    step = timedelta(minutes=minutes)
    slots = [(start + i * step, start + (i + 1) * step) for i in range(int((end - start) / step))]
    return json.dumps(
        [
            {
                "NOK_per_kWh": 0.5 + i / 1000,
                "EUR_per_kWh": 0.04,
                "EXR": 11.8,
                "time_start": begin.astimezone(OSLO).isoformat(),
                "time_end": finish.astimezone(OSLO).isoformat(),
            }
            for i, (begin, finish) in enumerate(slots)
        ]
    )


@pytest.fixture
async def prices(service, tmp_path):
    feed = HvaKosterStrommen("NO1", tmp_path, CONTACT, base_url=service.url, timeout_s=2.0)
    yield feed
    await feed.close()


async def test_prices_of_today_are_asked_for_once_and_with_our_name(service, prices):
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    for minute in (0, 10, 20):
        known = await prices.fetch(MORNING + timedelta(minutes=minute))
    assert service.paths() == [price_path(TODAY)]
    assert CONTACT in service.asked[0][2]["User-Agent"]
    assert service.asked[0][2]["User-Agent"].startswith("bems")
    assert (known.series.start, known.series.end) == local_day(TODAY)
    assert known.series.at(known.series.start + timedelta(minutes=30)) == pytest.approx(0.502)
    assert (known.issued_at, known.synthetic, known.problem) == (MORNING, False, None)


async def test_tomorrow_is_asked_for_from_13_and_404_until_then_is_no_error(service, prices):
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    early = await prices.fetch(AFTERNOON)
    service.answers[price_path(TOMORROW)] = Answer(body=price_body(TOMORROW, minutes=60))
    late = await prices.fetch(AFTERNOON + timedelta(minutes=10))
    again = await prices.fetch(AFTERNOON + timedelta(minutes=20))
    assert early.problem is None
    assert early.series.end == local_day(TODAY)[1]
    assert late.series.end == again.series.end == local_day(TOMORROW)[1]
    assert late.series.step_s == 900
    assert late.issued_at == AFTERNOON + timedelta(minutes=10)
    assert service.paths() == [price_path(TODAY), price_path(TOMORROW), price_path(TOMORROW)]


async def test_a_restart_reads_the_days_from_disk(service, prices, tmp_path):
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    before = await prices.fetch(MORNING)
    service.answers.clear()
    restarted = HvaKosterStrommen("NO1", tmp_path, CONTACT, base_url=service.url)
    after = await restarted.fetch(MORNING + timedelta(minutes=5))
    await restarted.close()
    assert after.series.values.tolist() == before.series.values.tolist()
    assert after.issued_at == MORNING
    assert len(service.asked) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


async def test_a_damaged_cache_file_is_fetched_anew(service, prices, tmp_path):
    (tmp_path / "prices_NO1_2026-01-10.json").write_text('{"fetched_at": "2026-01-1')
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    assert (await prices.fetch(MORNING)).problem is None
    assert service.paths() == [price_path(TODAY)]


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(500), "HTTP status 500"),
        (Answer(429), "HTTP status 429"),
        (Answer(404), "not published"),
        (Answer(body="<html>"), "Invalid JSON"),
        (Answer(body='[{"NOK_per_kWh": null}]'), "0.NOK_per_kWh"),
        (Answer(body=price_body(TODAY)[:-40]), "Invalid JSON"),
        (Answer(body=price_body(TOMORROW)), "do not fill the day"),
        (Answer(body=price_body(TODAY), delay_s=3.0), "no answer|ReadTimeout"),
    ],
)
async def test_when_today_cannot_be_had_the_last_good_days_are_served_with_the_reason(service, prices, answer, text):
    yesterday = TODAY - timedelta(days=1)
    service.answers[price_path(yesterday)] = Answer(body=price_body(yesterday))
    await prices.fetch(MORNING - timedelta(days=1))
    service.answers[price_path(TODAY)] = answer
    known = await prices.fetch(MORNING)
    assert known.series.covers(*local_day(yesterday))
    assert known.series.at(MORNING) is None
    assert text.split("|")[0] in known.problem or text.split("|")[-1] in known.problem
    assert f"NO1 {TODAY}" in known.problem
    assert known.age_s(MORNING) == 86400


async def test_a_failing_tomorrow_leaves_today_good(service, prices):
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    service.answers[price_path(TOMORROW)] = Answer(503)
    known = await prices.fetch(AFTERNOON)
    assert known.series.at(AFTERNOON) is not None
    assert "503" in known.problem


async def test_with_nothing_to_fall_back_on_the_failure_is_raised(service, prices):
    service.answers[price_path(TODAY)] = Answer(500)
    with pytest.raises(Unreachable, match=r"hvakosterstrommen\.no/NO1 2026-01-10: HTTP status 500"):
        await prices.fetch(MORNING)
    service.answers[price_path(TODAY)] = Answer(body="[]")
    with pytest.raises(Nonsense, match="do not fill the day"):
        await prices.fetch(MORNING)


async def test_a_dead_server_is_unreachable(tmp_path):
    with serving() as gone:
        url = gone.url
    feed = HvaKosterStrommen("NO1", tmp_path, CONTACT, base_url=url, timeout_s=2.0)
    with pytest.raises(Unreachable, match="ConnectError"):
        await feed.fetch(MORNING)
    await feed.close()


async def test_a_folder_that_cannot_be_written_costs_only_a_log_line(service, tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    service.answers[price_path(TODAY)] = Answer(body=price_body(TODAY))
    feed = HvaKosterStrommen("NO1", blocked, CONTACT, base_url=service.url)
    assert (await feed.fetch(MORNING)).problem is None
    await feed.close()
    assert "not written" in caplog.text


# --- Weather --------------------------------------------------------------------------------------------------------

FORECAST = "/weatherapi/locationforecast/2.0/complete"
MODIFIED = "Sat, 10 Jan 2026 06:40:12 GMT"


def forecast_body(temp_degc=-12.0, hours=60):
    def step(hour):
        instant = {"air_temperature": temp_degc, "relative_humidity": 80, "wind_speed": 2, "cloud_area_fraction": 50}
        moment = (MORNING + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {"time": moment, "data": {"instant": {"details": instant}}}

    meta = {"updated_at": "2026-01-10T06:38:00Z", "units": {}}
    return json.dumps({"properties": {"meta": meta, "timeseries": [step(hour) for hour in range(hours)]}})


def good(now=MORNING, minutes=31, **options):
    headers = {
        "Date": now.strftime(HTTP_TIME),
        "Expires": (now + timedelta(minutes=minutes)).strftime(HTTP_TIME),
        "Last-Modified": MODIFIED,
    }
    return Answer(body=forecast_body(**options), headers=headers)


@pytest.fixture
async def weather(service, tmp_path):
    feed = MetNorway(60.951234, 10.61, 170, tmp_path, CONTACT, base_url=service.url, timeout_s=2.0)
    yield feed
    await feed.close()


async def test_the_forecast_is_asked_for_with_our_name_four_decimals_and_the_altitude(service, weather):
    service.answers[FORECAST] = good()
    forecast = await weather.fetch(MORNING)
    _, query, headers = service.asked[0]
    assert query == "lat=60.9512&lon=10.61&altitude=170"
    assert CONTACT in headers["User-Agent"]
    assert "If-Modified-Since" not in headers
    assert forecast.source == "MET Norway"
    assert forecast.issued_at == datetime(2026, 1, 10, 6, 38, tzinfo=UTC)
    assert forecast.series.at("temp_degc", MORNING) == -12.0
    assert (forecast.synthetic, forecast.problem) == (False, None)


async def test_nothing_is_asked_before_expires_and_then_only_for_changes(service, weather):
    service.answers[FORECAST] = good()
    first = await weather.fetch(MORNING)
    await weather.fetch(MORNING + timedelta(minutes=30))
    assert len(service.asked) == 1
    later = MORNING + timedelta(minutes=32)
    unchanged = good(now=later)
    service.answers[FORECAST] = Answer(304, headers=unchanged.headers)
    kept = await weather.fetch(later)
    assert service.asked[1][2]["If-Modified-Since"] == MODIFIED
    assert kept.series is first.series
    assert kept.problem is None
    await weather.fetch(later + timedelta(minutes=30))
    assert len(service.asked) == 2
    service.answers[FORECAST] = good(now=later, temp_degc=-20.0)
    assert (await weather.fetch(later + timedelta(minutes=32))).series.at("temp_degc", MORNING) == -20.0


async def test_expiry_follows_the_servers_clock(service, weather):
    service.answers[FORECAST] = good(now=MORNING - timedelta(days=2))  # our clock is two days fast
    await weather.fetch(MORNING)
    await weather.fetch(MORNING + timedelta(minutes=30))
    assert len(service.asked) == 1


async def test_an_answer_without_expiry_is_kept_for_half_an_hour(service, weather):
    service.answers[FORECAST] = Answer(body=forecast_body())
    await weather.fetch(MORNING)
    await weather.fetch(MORNING + timedelta(minutes=29))
    assert len(service.asked) == 1
    await weather.fetch(MORNING + timedelta(minutes=31))
    assert len(service.asked) == 2


async def test_a_restart_keeps_forecast_and_expiry(service, weather, tmp_path):
    service.answers[FORECAST] = good()
    await weather.fetch(MORNING)
    restarted = MetNorway(60.9512, 10.61, 170, tmp_path, CONTACT, base_url=service.url)
    assert (await restarted.fetch(MORNING + timedelta(minutes=5))).series.at("temp_degc", MORNING) == -12.0
    assert len(service.asked) == 1
    await restarted.fetch(MORNING + timedelta(minutes=40))
    await restarted.close()
    assert service.asked[1][2]["If-Modified-Since"] == MODIFIED


async def test_a_deprecated_answer_is_used_and_said_once(service, weather, caplog):
    answer = good(minutes=1)
    answer.status = 203
    service.answers[FORECAST] = answer
    for minute in (0, 2, 4):
        assert (await weather.fetch(MORNING + timedelta(minutes=minute))).problem is None
    assert caplog.text.count("deprecated") == 1


async def test_after_429_nothing_is_asked_for_the_time_told(service, weather):
    service.answers[FORECAST] = good(minutes=1)
    await weather.fetch(MORNING)
    service.answers[FORECAST] = Answer(429, headers={"Retry-After": "600"})
    throttled = await weather.fetch(MORNING + timedelta(minutes=2))
    quiet = await weather.fetch(MORNING + timedelta(minutes=11))
    assert "429" in throttled.problem
    assert "throttled" in quiet.problem
    assert len(service.asked) == 2
    service.answers[FORECAST] = good(minutes=1)
    assert (await weather.fetch(MORNING + timedelta(minutes=13))).problem is None


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(500), "HTTP status 500"),
        (Answer(403), "User-Agent or position not accepted"),
        (Answer(body="{}"), "properties: Field required"),
        (Answer(body=forecast_body()[:500]), "Invalid JSON"),
        (Answer(body=forecast_body(), delay_s=3.0), "no answer|ReadTimeout"),
    ],
)
async def test_a_failure_serves_the_last_good_forecast_with_the_reason(service, weather, answer, text):
    service.answers[FORECAST] = good()
    await weather.fetch(MORNING)
    service.answers[FORECAST] = answer
    later = MORNING + timedelta(hours=3)
    forecast = await weather.fetch(later)
    assert forecast.series.at("temp_degc", later) == -12.0
    assert any(part in forecast.problem for part in text.split("|"))
    assert forecast.age_s(later) == pytest.approx(3 * 3600 + 22 * 60)
    service.answers[FORECAST] = good(now=later)
    assert (await weather.fetch(later + timedelta(minutes=1))).problem is None


async def test_a_forecast_that_has_run_out_is_none(service, weather):
    service.answers[FORECAST] = good(hours=10)
    await weather.fetch(MORNING)
    service.answers[FORECAST] = Answer(500)
    assert (await weather.fetch(MORNING + timedelta(hours=9))).problem is not None
    with pytest.raises(Unreachable, match="MET Norway: HTTP status 500"):
        await weather.fetch(MORNING + timedelta(hours=10))


async def test_without_a_cache_a_failure_is_raised(service, weather, tmp_path):
    with pytest.raises(Unreachable, match="HTTP status 404"):
        await weather.fetch(MORNING)
    service.answers[FORECAST] = Answer(304)
    with pytest.raises(Unreachable, match="HTTP status 304"):
        await weather.fetch(MORNING)
    service.answers[FORECAST] = Answer(body="not json")
    with pytest.raises(Nonsense, match="Invalid JSON"):
        await weather.fetch(MORNING)


async def test_a_damaged_cache_is_as_good_as_none(service, weather, tmp_path):
    cache = tmp_path / "weather_60.9512_10.61_170.json"
    cache.write_text('{"body": "x", "expires_at"')
    service.answers[FORECAST] = good()
    assert (await weather.fetch(MORNING)).problem is None
    cache.write_text(json.dumps({"body": "{}", "expires_at": "2026-01-11T00:00:00Z", "last_modified": MODIFIED}))
    restarted = MetNorway(60.9512, 10.61, 170, tmp_path, CONTACT, base_url=service.url)
    assert (await restarted.fetch(MORNING)).problem is None
    await restarted.close()
    assert "If-Modified-Since" not in service.asked[-1][2]
