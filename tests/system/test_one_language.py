"""A short real run of another site, with plans: it tells of what the site has, and in one language at a time."""

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from bems.demo import synthetic_feeds
from bems.planning.live import Planner
from models.site import load_site
from tests.system.languages import foreign, halves
from tests.system.looking import DESK, faults, needs_axe
from tests.system.still_house import START, StillHouse
from tests.system.test_page import WAIT_MS

SITE = load_site(Path(__file__).resolve().parents[2] / "docs" / "examples" / "district_school" / "site.toml")
SOON_S = 60.0
ASKED = (
    "/api/plan/timeline", "/api/plan", "/api/night", "/api/log", "/api/events", "/api/held", "/api/functions",
    "/api/alarms", "/api/alarms/list", "/api/deviations", "/api/energy", "/api/setpoints", "/api/holidays",
)  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    house = StillHouse(SITE, tmp_path_factory.mktemp("house"), planner=Planner)
    prices, weather = synthetic_feeds(SITE, START)
    house.system.take_prices(asyncio.run(prices.fetch(START)))
    house.system.take_weather(asyncio.run(weather.fetch(START)))
    try:
        url, end = house.start(), time.monotonic() + SOON_S
        while house.planner.advice is None:
            assert time.monotonic() < end, house.view.decides()
            time.sleep(0.1)
        yield url
    finally:
        house.close()


def test_what_is_foreign_is_found():
    assert foreign(["Prognoser: prices known to 12:00", "Vær"], "nb") == ["Prognoser: prices known to 12:00"]
    assert foreign(["Forecasts: priser kjent til 12.00", "Weather"], "en") == ["Forecasts: priser kjent til 12.00"]


def test_the_plan_has_lanes_of_what_the_site_has_and_of_nothing_else(url):
    plan = httpx.get(url + "/api/plan/timeline", timeout=20).raise_for_status().json()
    lanes = {lane["id"]: lane for lane in plan["lanes"]}
    assert lanes.keys() == {"price", "weather", "power", "gains", "rooms", "district_heat", "battery", "battery_energy"}
    for lane, unit in (("district_heat", "kW"), ("battery", "kW"), ("battery_energy", "kWh")):
        assert (lanes[lane]["unit"], len(lanes[lane]["lines"])) == (unit, 1)
        assert len(lanes[lane]["lines"][0]["planned"]) == len(plan["starts"])
    full_kwh = SITE.batteries[0].capacity_kwh
    assert all(-1.5 <= kwh <= full_kwh for kwh in lanes["battery_energy"]["lines"][0]["planned"])


def test_the_plan_tells_how_uncertain_its_forecasts_are_and_nothing_of_what_it_decides(url):
    plan = httpx.get(url + "/api/plan/timeline", timeout=20).raise_for_status().json()
    lines = {line["id"]: line for lane in plan["lanes"] for line in lane["lines"]}
    told = {name: line["spread"] for name, line in lines.items() if line["spread"]}
    assert told.keys() == {"price", "outdoor", "base", "gains", "pv.power_kw"} & lines.keys()
    assert {len(spread) for spread in told.values()} == {len(plan["starts"])}
    assert told["outdoor"][0] < told["outdoor"][-1]
    assert min(told["base"]) > 0
    assert max(told["gains"]) > 0 == min(told["gains"])  # nobody is at school at night


@needs_axe
def test_energy_and_money_tells_what_battery_and_district_heat_came_to(browser, url):
    context, complaints = browser.new_context(viewport=DESK, bypass_csp=True), []
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url + "/nb/energy")
    page.locator("#pack-battery-rows .sum").wait_for()
    assert page.locator("#heat-substation-rows th").all_inner_texts() == [
        "Varme tatt ut", "Varme, energi", "Høyeste time", "Fastledd", "Sum",
    ]  # fmt: skip
    assert page.locator("#heat-substation-rows .sum td").last.inner_text().endswith("kr")
    assert foreign([page.locator("body").inner_text()], "nb") == []
    assert faults(page) == []
    context.close()
    assert complaints == []


@pytest.mark.parametrize("language", ["nb", "en"])
def test_a_running_house_speaks_one_language_at_a_time(url, language):
    found, told = {}, 0
    for path in ASKED:
        said = halves(httpx.get(url + path, timeout=20).raise_for_status().json(), language)
        told += len(said)
        found |= {path: lines} if (lines := foreign(said, language)) else {}
    assert found == {}
    assert told > 100
