"""The pages rooms, log, night and systems in a real browser, over the made-up site: desk and phone, light and dark."""

import re

import pytest

from dashboards.access import Role, Viewer, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import DESK, PHONE, faults, needs_axe

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WAIT_MS = 30_000
PAGES = ["rooms", "log", "night", "systems"]


@pytest.fixture(scope="module")
def servers():
    """A server for each kind of guest, started when one is asked for."""
    running = {}

    def of(who):
        if who.name not in running:
            running[who.name] = Running(FakeView(), tick_s=0.5, guest=who)
            running[who.name].url = running[who.name].start()
        return running[who.name]

    yield of
    for server in running.values():
        server.stop()


@pytest.fixture
def open_page(browser, servers):
    """Open a path as some guest; at the end nothing may have been written to the console or asked of another host."""
    contexts, complaints = [], []

    def open_path(path, viewport=DESK, who=None, **options):
        server = servers(who or guest(Role.OPERATOR))
        context = browser.new_context(viewport=viewport, locale="nb-NO", **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(server.url) or complaints.append(request.url))
        page.goto(server.url + path)
        expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert complaints == []


def ready(page, name):
    """Wait until the page is filled in."""
    sign = {
        "rooms": "[data-space=c4] .today:not(:empty)",
        "log": "#log-rows tr[data-group]",
        "night": "#account-items tr",
        "systems": ".system:not([hidden]) .value .n",
    }[name]
    page.locator(sign).first.wait_for()


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_room_is_told_in_plain_words(open_page):
    page = open_page("/nb/rooms")
    ready(page, "rooms")
    tile = page.locator("[data-space=c4]")
    expect(tile.locator(".today")).to_have_text("95 min utenfor i dag")
    expect(tile.locator(".word")).to_have_text("Passe")
    expect(page.locator("#rooms-fine")).to_contain_text("har passe temperatur")
    tile.focus()
    page.keyboard.press("Enter")
    sheet = page.locator("#room-sheet")
    expect(sheet).to_be_visible()
    expect(sheet.locator("#room-name")).to_have_text("Rom C4")
    expect(sheet.locator("#room-now")).to_have_text(re.compile(r"^2\d,\d °C$"))
    expect(sheet.locator("#room-today")).to_have_text("95 min for kaldt")
    expect(sheet.locator("#room-air")).to_have_text("Frisk")
    expect(sheet.locator("#room-taken")).to_be_hidden()
    page.evaluate(
        'async (body) => (await import("/static/js/send.js")).send("PUT", "/api/points/c4.setpoint_degc/taken", body)',
        {"value": 23, "minutes": 60, "reason": "Beboeren fryser"},
    )
    expect(sheet.locator("#room-taken")).to_contain_text("Overtatt av demo til", timeout=WAIT_MS)
    sheet.get_by_role("button", name="Gi tilbake").click()
    expect(sheet.locator("#room-taken")).to_be_hidden(timeout=WAIT_MS)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(tile).to_be_focused()


def test_operators_get_from_a_room_to_its_technical_details(open_page):
    page = open_page("/nb/rooms")
    ready(page, "rooms")
    page.locator("[data-space=a1]").click()
    page.locator("#room-details").click()
    expect(page.locator("#panel [data-id='a1.temp_degc'] .tag")).to_have_text("=563.101-RT601")
    expect(page.locator("[data-space-row=c4] .below")).to_have_text("95 min")


def test_care_staff_see_rooms_and_no_technical_details(open_page):
    page = open_page("/nb/rooms", who=Viewer("nurse", Role.CARE))
    ready(page, "rooms")
    page.locator("[data-space=a1]").click()
    expect(page.locator("#room-sheet")).to_be_visible()
    assert page.locator("#room-details").count() == 0
    assert page.locator(".rooms-table").count() == 0


def test_others_see_common_rooms_and_no_residents_room(open_page):
    page = open_page("/nb/rooms", who=Viewer("somebody", Role.VIEWER))
    expect(page.locator("[data-space=unit_a] .word")).to_have_text("Passe")
    assert page.locator("[data-space=a1]").count() == 0
    assert "Rom A1" not in page.content()


def test_the_log_is_narrowed_by_kind_and_by_words(open_page):
    page = open_page("/nb/log")
    rows = page.locator("#log-rows tr")
    expect(rows).to_have_count(6)
    expect(rows.last).to_contain_text("den lokale regulatoren styrer. (2 punkter)")
    expect(rows.first).to_contain_text("kari")
    expect(rows.first).to_contain_text("Rom A1")
    page.locator("input[name=group][value=people]").uncheck()
    expect(rows).to_have_count(4)
    page.locator("#log-search").fill("mb_cars")
    expect(rows).to_have_count(1)
    expect(page.locator("#log-count")).to_have_text("1 av 5 linjer")
    assert page.locator("#log-rows b").count() == 0


def test_the_night_has_its_programme_its_account_and_the_nights_before(open_page):
    page = open_page("/nb/night")
    ready(page, "night")
    expect(page.locator("#programme-about")).to_contain_text("512 kWh for 431 kr")
    expect(page.locator("#programme-items tr")).to_have_count(1)
    expect(page.locator("#night-line .bar")).to_have_count(1)
    expect(page.locator("#night-line .bar-label")).to_have_text("Akkumulator varmes")
    expect(page.locator("#programme-items .num").first).to_have_text("herav 21,4 kWh")
    expect(page.locator("#programme-sums .rest")).to_contain_text("512,0 kWh")
    expect(page.locator("#programme-sums .total")).to_contain_text("512,0 kWh")
    expect(page.locator("#account-saved")).to_have_text("Spart: 31 kr, pluss eller minus 8 kr.")
    expect(page.locator("#account-items .how")).to_have_text("Ikke gjort: 44 °C, planen var 47 °C.")
    expect(page.locator("#night-rows tr").first).to_contain_text("31 ± 8 kr")


def test_a_system_is_chosen_by_its_link_and_shows_live_values(open_page):
    page = open_page("/nb/systems")
    ready(page, "systems")
    page.locator("[data-system='360']").click()
    shown = page.locator(".system:not([hidden])")
    expect(shown).to_have_count(1)
    expect(shown.locator("h2")).to_have_text("360 Luftbehandling")
    expect(shown.locator(".drawing .n").first).to_have_text(re.compile(r"^−?\d+,\d$"))
    expect(shown.locator(".statements").first).to_contain_text("full luft hele døgnet")
    shown.locator("a.component").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_be_focused()


def test_a_system_is_printed_without_the_frame_around_it(open_page):
    page = open_page("/nb/systems#s-320")
    ready(page, "systems")
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.locator(".system:not([hidden]) h2")).to_have_text("320 Varmeanlegg")
    expect(page.locator(".systems-head")).to_be_hidden()


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_needs_no_scrolling_sideways(open_page, name):
    page = open_page(f"/nb/{name}", PHONE, is_mobile=True, has_touch=True)
    ready(page, name)
    assert overflow(page) == 0


@pytest.mark.parametrize("name", PAGES)
def test_nothing_moves_while_values_change(open_page, name):
    page = open_page(f"/nb/{name}")
    ready(page, name)
    page.wait_for_timeout(500)
    page.evaluate("""() => {
        window.shift = 0;
        new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shift += one.value; })
            .observe({ type: "layout-shift" });
    }""")
    page.wait_for_timeout(2000)
    assert page.evaluate("window.shift") < 0.005


@needs_axe
def test_a_room_that_is_open_is_for_everybody(open_page):
    page = open_page("/nb/rooms", bypass_csp=True)
    ready(page, "rooms")
    page.locator("[data-space=c4]").click()
    assert faults(page) == []
