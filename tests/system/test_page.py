"""The page in a real browser, over the made-up site: live values, charts, languages, a lost server, a phone, axe."""

import re
from datetime import UTC, datetime

import pytest

from dashboards.access import Role, Viewer
from dashboards.pages.registry import PAGES
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import DESK, SMALL_PHONE, faults, needs_axe

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WAIT_MS = 30_000


@pytest.fixture(scope="module")
def server():
    running = Running(FakeView(trouble=True), tick_s=0.3)
    running.url = running.start()
    yield running
    running.stop()


@pytest.fixture
def open_page(browser, server):
    """Open a path; at the end nothing may have been written to the console or asked of another host."""
    contexts, complaints = [], []

    def open_path(path="/", viewport=DESK, **options):
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

    open_path.complaints = complaints
    yield open_path
    for context in contexts:
        context.close()
    assert complaints == []


def overflow(page):
    """How far the page is wider than its window [px]."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_values_are_live(open_page):
    page = open_page()
    power = page.locator(".drawing [data-component=main] .n").first
    expect(power).to_have_text(re.compile(r"^1\d\d,\d$"))
    before = power.text_content()
    expect(power).not_to_have_text(before, timeout=WAIT_MS)
    clock = page.locator("#clock")
    expect(clock).not_to_have_text(clock.text_content(), timeout=WAIT_MS)
    expect(page.locator("#demo")).to_have_text("Simulert anlegg, 60×")
    expect(page.locator("#price .note")).to_have_text("eksempelpris, uten nettleie og avgift")
    expect(page.locator("#decides")).to_have_text("Optimering, planen er 23 min gammel")


def test_what_is_wrong_is_seen_with_shape_and_word(open_page):
    page = open_page()
    for letter in "ABC":
        expect(page.locator(f".count[data-class={letter}] b")).to_have_text("1")
    expect(page.locator("#alarm-list li").first).to_contain_text("Elkjel melder: Overtemperaturvern utløst")
    expect(page.locator("a.component.boiler .mark")).to_have_attribute("href", "#mark-A")
    expect(page.locator("a.component.boiler .state")).to_have_text("Stoppet")
    expect(page.locator("a.component.heat_pump .state").nth(1)).to_have_text("I drift 1/2")
    expect(page.locator("[data-component=a5] .deviation")).to_have_text("Gammel verdi")
    expect(page.locator(".tile[data-component=c4] .deviation")).to_have_text("0,7 K")
    expect(page.locator("#health-list li[data-key=mb_cars] .word")).to_have_text("Nede")


def test_a_component_opens_by_keyboard_with_its_points_reasons_and_day(open_page):
    page = open_page()
    page.locator("a.component.heat_pump").first.focus()
    page.keyboard.press("Enter")
    panel = page.locator("#panel")
    expect(panel).to_be_visible()
    expect(page.locator("#panel-title")).to_be_focused()
    expect(panel.locator("canvas")).to_be_visible()
    stages = panel.locator("[data-id='hp1_io.stage_request']")
    expect(stages.locator(".why")).to_contain_text("reglene, prioritet 12: Akkumulatoren mangler 1,4 K")
    expect(panel.locator("[data-id='hp1.supply_temp_degc'] .tag")).to_have_text("=320.001-RT401")
    expect(panel.locator("[data-id='hp1.supply_temp_degc'] .facts")).to_contain_text("Bra, lest for")
    panel.locator("[data-id='hp1.discharge_temp_degc'] button").click()
    expect(panel.locator(".u-legend")).to_contain_text("Hetgass")
    page.locator("#chart-table-button").click()
    expect(panel.locator("#chart-table tbody tr")).to_have_count(24)
    expect(panel.locator("#chart-table")).to_contain_text("–")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator("a.component.heat_pump").first).to_be_focused()


def test_what_tells_about_a_resident_is_shown_to_nobody_but_those_who_may_see_it(browser):
    for sees in (False, True):
        running = Running(FakeView(), tick_s=0.3, guest=Viewer("guest", Role.CARE if sees else Role.VIEWER))
        page = browser.new_page()
        try:
            page.goto(running.start())
            expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
            expect(page.locator(".tile[data-component=a1]")).to_have_count(int(sees))
            if not sees:
                assert "a1_air.occupied" not in page.content()
            else:
                page.locator(".tile[data-component=a1]").click()
                presence = page.locator("#panel [data-id='a1_air.occupied']")
                expect(presence.locator(".facts")).to_have_text(re.compile("^Bra, lest for"), timeout=WAIT_MS)
        finally:
            page.close()
            running.stop()


def test_the_language_can_be_changed(open_page):
    page = open_page()
    expect(page.locator("html")).to_have_attribute("lang", "nb")
    page.locator("#language").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#h-plant")).to_have_text("The plant")
    power = page.locator(".drawing [data-component=main] .n")
    expect(power.first).to_have_text(re.compile(r"^1\d\d\.\d$"))
    expect(power.nth(1)).to_have_text(re.compile(r"^18\d,\d{3}$"))


def test_the_theme_can_be_changed_and_is_remembered(open_page):
    page = open_page(color_scheme="light")
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_points_can_be_searched_and_narrowed_to_what_deviates(open_page):
    page = open_page()
    rows = page.locator("#point-rows tr")
    page.locator("#search").fill("320.002 rt401")
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("=320.002-RT401")
    page.locator("#search").fill("")
    page.locator("#only-bad").check()
    expect(page.locator("#point-count")).to_have_text(re.compile("av 650 punkter"))
    expect(page.locator("#point-rows tr[data-id='a5.temp_degc']")).to_contain_text("Gammel verdi")


def test_the_view_can_be_frozen(open_page):
    page = open_page()
    page.locator("#freeze").click()
    expect(page.locator("#freeze")).to_have_text(re.compile("Frosset kl."))
    power = page.locator(".drawing [data-component=main] .n").first
    before = power.text_content()
    page.wait_for_timeout(2000)
    assert power.text_content() == before
    page.locator("#freeze").click()
    expect(power).not_to_have_text(before, timeout=WAIT_MS)


def test_a_lost_server_is_said_with_the_age_of_the_data_and_found_again(open_page, server):
    page = open_page()
    server.stop()
    expect(page.locator("#link")).to_have_text("Mistet forbindelsen, prøver igjen", timeout=WAIT_MS)
    expect(page.locator("#lost")).to_contain_text("gamle.")
    server.start()
    expect(page.locator("#link")).to_have_text("Direkte", timeout=WAIT_MS)
    expect(page.locator("#lost")).to_be_empty()
    power = page.locator(".drawing [data-component=main] .n").first
    expect(power).not_to_have_text(power.text_content(), timeout=WAIT_MS)
    # The browser itself notes a connection that was refused; nothing else may be noted.
    noted = [text for text in open_page.complaints if "ERR_" not in text]
    open_page.complaints[:] = noted


@pytest.mark.parametrize("name", sorted(PAGES.keys() - {"people"}))
def test_a_phone_reaches_every_page_and_scrolls_none_sideways(open_page, name):
    page = open_page("/", SMALL_PHONE, is_mobile=True, has_touch=True)
    link = page.locator(f"nav [data-page={name}]")
    if not link.is_visible():
        page.locator("#more").tap()
        expect(page.locator("#more")).to_have_attribute("aria-expanded", "true")
        small = page.evaluate(
            "[...document.querySelectorAll('nav a, nav button, .tools > *')]"
            ".filter(e => e.offsetParent && e.id !== 'account' && e.offsetHeight < 44).length"
        )
        assert small == 0
    link.tap()
    expect(page.locator(f"nav [data-page={name}]")).to_have_attribute("aria-current", "page")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    assert overflow(page) == 0


def test_a_phone_opens_a_component_over_the_whole_width(open_page):
    page = open_page("/", SMALL_PHONE, is_mobile=True, has_touch=True)
    page.locator(".tile").first.tap()
    expect(page.locator("#panel canvas")).to_be_visible()
    assert page.locator("#panel").bounding_box()["width"] == SMALL_PHONE["width"]
    assert overflow(page) == 0


def test_nothing_moves_while_values_change(open_page):
    page = open_page()
    watch = """() => {
        window.shift = 0;
        new PerformanceObserver((list) => { for (const one of list.getEntries()) window.shift += one.value; })
            .observe({ type: "layout-shift" });
    }"""
    page.wait_for_timeout(1000)
    page.evaluate(watch)
    page.wait_for_timeout(3000)
    assert page.evaluate("window.shift") < 0.005


def test_a_chart_over_the_night_that_clocks_go_forward_shows_the_hours_of_oslo(browser):
    running = Running(FakeView(start=datetime(2025, 3, 30, 10, 0, tzinfo=UTC)), tick_s=5)
    context = browser.new_context(viewport=DESK, timezone_id="Asia/Tokyo")
    try:
        page = context.new_page()
        page.add_init_script("""
            window.written = [];
            const fill = CanvasRenderingContext2D.prototype.fillText;
            CanvasRenderingContext2D.prototype.fillText = function (text, ...rest) {
                window.written.push(text);
                return fill.call(this, text, ...rest);
            };
        """)
        page.goto(running.start())
        expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
        page.locator("a.component.heat_pump").first.click()
        page.locator("#panel canvas").wait_for()
        hours = [text for text in page.evaluate("window.written") if re.search(r"\d\d:00|mars", text)]
        assert hours[:4] == ["12:00", "18:00", "30. mars", "06:00"]
        page.locator("#chart-table-button").click()
        expect(page.locator("#chart-table tbody tr")).to_have_count(24)
        rows = page.locator("#chart-table tbody th").all_text_contents()
        assert [row for row in rows if re.search("0[13]:00", row)] == ["søn. 30. mars, 01:00", "søn. 30. mars, 03:00"]
        assert not [row for row in rows if "02:00" in row]
    finally:
        context.close()
        running.stop()


@needs_axe
def test_the_sheet_of_a_component_is_for_everybody(open_page):
    page = open_page(bypass_csp=True)
    page.locator("#overview a.figure").first.click()
    page.locator("#panel canvas").wait_for()
    assert faults(page) == []
