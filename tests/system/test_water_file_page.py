"""The legionella file in a real browser: a phone carried from tap to tap, and a desk; light, dark, and axe."""

import pytest

from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import PHONE, faults, needs_axe
from tests.system.test_page import WAIT_MS, expect, open_page, overflow

__all__ = ["open_page"]
PAGE = "/nb/water_file"


@pytest.fixture
def server():
    running = Running(FakeView(), tick_s=0.3, guest=guest(Role.OPERATOR))
    running.url = running.start()
    yield running
    running.stop()


def test_a_round_is_walked_with_a_phone(open_page):
    page = open_page(PAGE, viewport=PHONE)
    place = page.locator('[data-keep="kitchen_tap"]')
    place.locator("summary").click()
    page.locator("#t-kitchen_tap").fill("61.5")
    place.get_by_role("button", name="Lagre").click()
    expect(page.locator("#message")).to_have_text("Lagret som nr. 10.", timeout=WAIT_MS)
    expect(page.locator('#rest [data-keep="kitchen_tap"]')).to_have_attribute("data-due", "false")
    expect(page.locator('[data-entry="10"]')).to_contain_text("Varmt vann 61,5 °C etter 1 min (i orden)")
    page.locator('[data-keep="laundry_sink"] summary').click()
    page.get_by_role("button", name="Spylt i 3 min: Utslagsvask vaskeri").click()
    expect(page.locator("#message")).to_have_text("Lagret som nr. 11.", timeout=WAIT_MS)
    expect(page.locator('#rest [data-keep="laundry_sink"]')).to_have_count(1)


def test_a_mistake_is_corrected_and_its_deviation_closed_by_name(open_page):
    page = open_page(PAGE)
    page.locator('[data-keep="plant_supply"] summary').click()
    page.locator("#t-plant_supply").fill("16.5")
    page.get_by_role("button", name="Lagre: Prøvekran etter ettervarmer").click()
    expect(page.locator("#message")).to_contain_text("Et avvik er åpnet.", timeout=WAIT_MS)
    page.locator('[data-keep="e-10"] summary').click()
    page.locator("#ct-10").fill("66.5")
    page.get_by_role("button", name="Lagre rettet 10").click()
    expect(page.locator('[data-entry="10"]')).to_contain_text("Rettet, se nr. 12.", timeout=WAIT_MS)
    expect(page.locator('[data-entry="12"]')).to_contain_text("i stedet for nr. 10")
    page.locator("#x-11").fill("Skrevet feil")
    page.get_by_role("button", name="Lukk avviket 11").click()
    page.locator("summary", has_text="Lukkede avvik").click(timeout=WAIT_MS)
    expect(page.locator("#deviations")).to_contain_text("av demo: Skrevet feil", timeout=WAIT_MS)


def test_a_result_of_a_laboratory_is_entered(open_page):
    page = open_page(PAGE)
    page.locator("summary", has_text="Før inn et prøvesvar").click()
    page.locator("#r-place").select_option("shower_gym")
    page.locator("#r-day").fill("2025-01-10")
    page.locator("#r-count").fill("10")
    page.locator("#r-below").check()
    page.locator("#r-laboratory").fill("Mjøslab")
    page.locator("#results").get_by_role("button", name="Lagre").click()
    expect(page.locator("#results tbody tr").first).to_contain_text("< 10", timeout=WAIT_MS)
    expect(page.locator("#results tbody tr").first).to_contain_text("i orden")


@needs_axe
def test_the_page_is_for_everybody(open_page):
    page = open_page(PAGE, viewport=PHONE, bypass_csp=True)
    page.locator('[data-keep="shower_gym"] summary').click()
    page.locator('[data-keep="e-7"] summary').click()
    page.locator('[data-keep="r-new"] summary').click()
    assert overflow(page) <= 0
    assert faults(page) == []
