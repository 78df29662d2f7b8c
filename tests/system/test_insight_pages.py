"""The pages plan, energy and water in a real browser: they fill in, answer to keys, become tables, tell of no plan."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running

SIZES = {"desk": (1440, 1000), "phone": (390, 844)}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    running = Running(FakeView())
    yield running.start()
    running.stop()


@pytest.fixture(params=SIZES)
def page(browser, request) -> Iterator[Page]:
    width, height = SIZES[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


def test_the_plan_is_shown_on_one_axis_and_a_slot_is_chosen_by_keys(page, address):
    page.goto(f"{address}/nb/plan")
    expect(page.locator(".lane-plot .cursor").first).to_be_visible()
    before = page.locator(".slot-time").inner_text()
    page.locator(".slot").press("ArrowRight")
    expect(page.locator(".slot-time")).not_to_have_text(before)
    expect(page.locator(".slot")).to_have_attribute("aria-valuetext", re.compile("Strømpris"))
    expect(page.locator(".why-card")).to_have_count(7)
    expect(page.locator("#plan-day li")).to_have_count(5)


def test_the_plan_can_be_read_as_a_table(page, address):
    page.goto(f"{address}/en/plan")
    expect(page.locator(".why-card").first).to_be_visible()
    page.locator("#timeline-as-table").click()
    expect(page.locator("#timeline-table tbody tr").first).to_be_visible()
    expect(page.locator("#timeline")).to_be_hidden()
    page.locator("#timeline-as-table").click()
    expect(page.locator("#timeline .lane-plot").first).to_be_visible()


def test_yesterday_is_held_against_its_plan(page, address):
    page.goto(f"{address}/nb/plan")
    expect(page.locator("#back-lines .trace").first).to_be_attached()
    expect(page.locator("#back-about")).to_contain_text("timer med egen plan")


def test_energy_tells_the_bill_and_the_peak(page, address):
    page.goto(f"{address}/nb/energy")
    expect(page.locator("#f-peak .n")).to_have_text("75")
    expect(page.locator("#bill-rows tr")).to_have_count(8)
    expect(page.locator("#hours-plot .stack").first).to_be_attached()
    expect(page.locator("#saved-says")).to_contain_text("57 kr spart")


def test_water_tells_the_duty_and_each_sensor(page, address):
    page.goto(f"{address}/nb/water")
    expect(page.locator("#duty")).to_have_attribute("data-state", "fine")
    expect(page.locator("#duty-proof")).to_contain_text("pågår fortsatt: 412 min over 60 °C")
    expect(page.locator("#duty-due")).to_contain_text("flytter seg så lenge vannet holder seg varmt nok")
    expect(page.locator("#duty-planned")).to_contain_text("en ny syklus trengs ikke")
    expect(page.locator("#sensor-rows tr")).to_have_count(8)
    expect(page.locator("#sensor-rows tr").first.locator(".word")).to_have_text("over")
    expect(page.locator("#water-chart canvas")).to_be_visible()


def test_without_a_plan_the_page_says_why_and_late_water_says_so(browser):
    running = Running(FakeView(trouble=True))
    page = browser.new_page()
    try:
        address = running.start()
        page.goto(f"{address}/nb/plan")
        expect(page.locator("#plan-none")).to_contain_text("Det finnes ingen plan nå.")
        page.goto(f"{address}/nb/water")
        expect(page.locator("#duty")).to_have_attribute("data-state", "overdue")
        expect(page.locator("#duty-proof")).to_contain_text("35 min over 60 °C")
        expect(page.locator("#duty-proof")).not_to_contain_text("pågår fortsatt")
    finally:
        page.close()
        running.stop()
