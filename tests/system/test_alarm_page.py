"""The page of alarms in a real browser: acknowledging, shelving, what is refused, on a desk and on a phone."""

import pytest
from playwright.sync_api import expect

from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running


@pytest.fixture
def open_page(browser):
    """Opens the page for a role; all it opened is closed again."""
    opened = []

    def go(role, width=1440, language="nb"):
        server = Running(FakeView(trouble=True), guest=guest(role))
        context = browser.new_context(viewport={"width": width, "height": 900})
        opened.append((server, context))
        page = context.new_page()
        page.goto(f"{server.start()}/{language}/alarms")
        expect(page.locator("#alarm-rows > .alarm-row").first).to_be_visible()
        return page

    yield go
    for server, context in opened:
        context.close()
        server.stop()


def row(page, text):
    return page.locator(".alarm-row", has_text=text).first


@pytest.mark.parametrize("width", [1440, 390])
def test_an_operator_acknowledges_and_shelves_by_keyboard(open_page, width):
    page = open_page(Role.OPERATOR, width)
    cars = row(page, "mb_cars")
    cars.locator(".alarm-head [data-verb=acknowledge]").press("Enter")
    page.keyboard.type("ser på det")
    page.keyboard.press("Enter")
    expect(cars.locator(".alarm-head .state")).to_have_text("Kvittert av demo: ser på det")
    expect(page.locator("#alarm-dialog")).to_be_hidden()
    cars.locator(".alarm-head [data-verb=shelve]").press("Enter")
    expect(page.locator("#alarm-minutes input")).to_have_count(3)
    page.locator("#alarm-ok").click()
    expect(page.locator("#alarm-dialog")).to_be_visible()
    page.locator("#alarm-reason").fill("venter på deler")
    page.keyboard.press("Enter")
    aside = page.locator("#alarm-set-aside .alarm-row")
    expect(aside).to_have_count(1)
    expect(aside.locator(".alarm-head .state")).to_contain_text("Utsatt til")
    aside.locator(".alarm-head [data-verb=unshelve]").click()
    expect(page.locator("#alarm-rows")).to_contain_text("mb_cars")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_an_alarm_tells_what_to_do_and_keeps_what_follows_from_it_below(open_page):
    page = open_page(Role.VIEWER, language="en")
    cars = row(page, "mb_cars")
    cars.locator(".open").click()
    expect(cars.locator(".sheet ol li")).to_have_count(3)
    expect(cars.locator(".open")).to_have_attribute("aria-expanded", "true")
    expect(cars.locator(".others > li")).to_have_count(3)
    expect(cars.locator(".others > li").first).to_contain_text("Suppressed")
    expect(page.locator("[data-verb]")).to_have_count(0)


def test_what_the_server_refuses_is_said_in_the_dialog(open_page):
    page = open_page(Role.OPERATOR)
    cars = row(page, "mb_cars")
    cars.locator(".alarm-head [data-verb=acknowledge]").click()
    page.evaluate("""() => fetch("/api/alarms/connection.mb_cars/act", {method: "POST",
      headers: {"Content-Type": "application/json",
                "X-CSRF-Token": JSON.parse(document.getElementById("config").textContent).csrf},
      body: JSON.stringify({do: "acknowledge"})})""")
    page.locator("#alarm-ok").click()
    expect(page.locator("#alarm-fault")).to_have_text("demo har kvittert alarmen.")
