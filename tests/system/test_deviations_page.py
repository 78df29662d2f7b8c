"""Open deviations on the page of reports in a real browser: closed, noted, opened again; a phone; read only."""

import pytest

from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import PHONE, faults, needs_axe
from tests.system.test_page import WAIT_MS, expect, open_page, overflow

__all__ = ["open_page"]
PAGE = "/nb/reports"
COP = '[data-deviation="fault.cop_drift.hp1"]'


@pytest.fixture
def server():
    running = Running(FakeView(), tick_s=0.3, guest=guest(Role.OPERATOR))
    running.url = running.start()
    yield running
    running.stop()


def test_a_deviation_is_noted_closed_and_opened_again(open_page, server):
    page = open_page(PAGE)
    row = page.locator(COP)
    expect(row).to_contain_text("kr/år")
    row.get_by_role("textbox").fill("Bestilt service")
    row.get_by_role("button", name="Noter").click()
    expect(row).to_contain_text("Notert av demo 15.01.2026: Bestilt service", timeout=WAIT_MS)
    row.get_by_role("textbox").fill("Nytt filter i kjølekretsen")
    row.get_by_role("button", name="Lukk").click()
    page.locator("summary", has_text="Lukkede avvik").click(timeout=WAIT_MS)
    expect(row).to_contain_text("Lukket av demo 15.01.2026: Nytt filter", timeout=WAIT_MS)
    row.get_by_role("textbox").fill("Like dårlig")
    row.get_by_role("button", name="Åpne igjen").click()
    expect(row.get_by_role("button", name="Lukk")).to_be_visible(timeout=WAIT_MS)
    assert [state for _, _, state, _ in server.view.reports.handled] == ["noted", "closed", "open"]


def test_enter_in_the_words_closes_nothing(open_page, server):
    page = open_page(PAGE)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    for words in (page.locator(COP).get_by_role("textbox"), page.locator("#x-9")):
        words.fill("Nytt filter")
        words.press("Enter")
        expect(words).to_have_value("Nytt filter")
    page.locator(COP).get_by_role("button", name="Noter").click()
    expect(page.locator(COP)).to_contain_text("Notert av demo", timeout=WAIT_MS)
    assert [state for _, _, state, _ in server.view.reports.handled] == ["noted"]
    assert [url.rpartition("/")[2] for url in sent] == ["fault.cop_drift.hp1"]
    expect(page.locator("#x-9")).to_have_count(1)


def test_a_deviation_of_the_legionella_file_is_closed_on_the_same_list(open_page):
    page = open_page(PAGE, viewport=PHONE)
    assert overflow(page) == 0
    page.locator("#x-9").fill("Spylt i ti minutter")
    page.get_by_role("button", name="Lukk avviket 9").click()
    expect(page.locator("#message")).to_have_text("Lagret.", timeout=WAIT_MS)
    expect(page.locator("#x-9")).to_have_count(0)


@needs_axe
def test_nothing_serious_is_wrong_with_a_list_of_deviations(open_page):
    assert faults(open_page(PAGE, viewport=PHONE, bypass_csp=True)) == []
