"""A meter that was exchanged, in a real browser: noted in its device's sheet, refused with a reason, taken back."""

import pytest

from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import PHONE, faults, needs_axe
from tests.system.test_page import WAIT_MS, expect, open_page, overflow

__all__ = ["open_page"]


@pytest.fixture(scope="module")
def server():
    running = Running(FakeView(), tick_s=0.3, guest=guest(Role.ENGINEER))
    running.url = running.start()
    yield running
    running.stop()


def open_sheet(page):
    expect(page.locator("body")).to_have_attribute("data-link", "live", timeout=WAIT_MS)
    page.get_by_label("Søk etter utstyr").fill("heat_floor")
    sheet = page.locator("details[data-id=heat_floor]")
    sheet.locator("> summary").click()
    sheet.get_by_text("Før et målerbytte").click()
    return sheet


def test_an_exchange_is_noted_at_its_meter_on_a_phone_and_taken_back(open_page, server):
    page = open_page("/nb/devices", PHONE)
    sheet = open_sheet(page)
    form = sheet.locator("form[data-exchange]")
    form.get_by_label("Gammel måler, siste avlesning").fill("3000")
    form.get_by_label("Ny måler, første avlesning").fill("0")
    form.get_by_label("Hvorfor").fill("Kalibrering utløpt")
    save = form.get_by_role("button", name="Lagre: Varme til gulvvarme")
    save.click()
    expect(form.get_by_role("alert")).to_contain_text("Skriv 4000 eller mer", timeout=WAIT_MS)
    assert overflow(page) == 0
    form.get_by_label("Gammel måler, siste avlesning").fill("4120.5")
    form.get_by_label("Når").fill("2025-01-14T12:30")
    save.click()
    noted = sheet.locator(".exchanges li")
    expect(noted).to_contain_text("skiftet 14.01.2025 kl. 12.30: gammel 4120,5 kWh, ny 0 kWh", timeout=WAIT_MS)
    expect(form.get_by_label("Hvorfor")).to_have_value("")
    assert overflow(page) == 0
    noted.get_by_text("Gjelder ikke likevel").click()
    noted.get_by_label("Hvorfor").fill("Feil måler")
    noted.get_by_role("button", name="Ta tilbake").click()
    expect(noted).to_have_count(0, timeout=WAIT_MS)
    assert not server.view.meters.exchanges()
    assert ["409" in said for said in open_page.complaints] == [True]  # the refusal above
    open_page.complaints.clear()


@needs_axe
def test_axe_finds_nothing_in_the_form_of_a_meter(open_page):
    page = open_page("/nb/devices", bypass_csp=True)
    open_sheet(page)
    assert faults(page) == []
