"""What holds for every page: axe finds nothing, a small phone needs no scrolling sideways, console and wire are quiet.

Each page is opened over a calm plant and over one with one of everything that can be wrong.
"""

import pytest
from playwright.sync_api import expect

from dashboards.access import Role, guest
from dashboards.pages.navigation import address
from dashboards.pages.registry import PAGES
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.languages import foreign
from tests.system.looking import DESK, SMALL_PHONE, faults, keep_screenshots, needs_axe
from tests.system.test_page import WAIT_MS, overflow

FILLED_IN = {
    "now": "#event-list li",
    "plan": ".why-card",
    "rooms": "[data-space] .today:not(:empty)",
    "alarms": "#alarm-rows li",
    "night": "#account-items tr",
    "water": "#sensor-rows tr",
    "water_file": "#main .part",
    "energy": "#bill-rows tr",
    "devices": "details[data-id]",
    "systems": ".system:not([hidden]) .value .n",
    "settings": "#mode",
    "reports": "#main table",
    "log": "#log-rows tr[data-group]",
}
"""What is there when a page has its answers; administrators' page is looked at with its people, in test_sign_in."""
SHOWN = """() => [...document.querySelectorAll("body, [title], [aria-label]")].flatMap((e) => e.lang ? [] :
  [e === document.body ? e.innerText : "", e.title ?? "", e.getAttribute("aria-label") ?? ""])"""
"""All texts of a page, those for screen readers included; but the button to the other language."""
WITHOUT_PLAN = {"plan": "#plan-none", "night": "#main .part"}


def test_no_page_is_left_out():
    assert FILLED_IN.keys() | {"people"} == PAGES.keys()


@pytest.fixture(scope="module", params=[False, True], ids=["calm", "trouble"])
def server(request):
    running = Running(FakeView(trouble=request.param), tick_s=0.5, guest=guest(Role.ENGINEER))
    running.trouble = request.param
    running.url = running.start()
    yield running
    running.stop()


@pytest.fixture
def open_page(browser, server):
    """Open a page by its name; at the end nothing may have been written to the console or asked of another host."""
    contexts, complaints = [], []

    def open_one(name, viewport, language="nb", **options):
        context = browser.new_context(viewport=viewport, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(server.url) or complaints.append(request.url))
        page.goto(server.url + address(name, language))
        expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
        sign = WITHOUT_PLAN.get(name) if server.trouble else None
        page.locator(sign or FILLED_IN[name]).first.wait_for()
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []


@needs_axe
@pytest.mark.parametrize("name", FILLED_IN)
def test_axe_finds_nothing_in_the_light_and_in_the_dark_at_a_desk_and_on_a_phone(open_page, server, name):
    page = open_page(name, DESK, bypass_csp=True)
    keep_screenshots(page, f"{name}-{'trouble' if server.trouble else 'calm'}")
    assert faults(page) == []


@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("name", FILLED_IN)
def test_no_page_is_wider_than_a_small_phone_or_speaks_the_other_language(open_page, name, language):
    page = open_page(name, SMALL_PHONE, language, is_mobile=True, has_touch=True)
    assert overflow(page) == 0
    assert foreign(page.evaluate(SHOWN), language) == []
