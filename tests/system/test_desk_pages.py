"""Taking over, giving back and settings in a real browser: keyboard, desk and phone, light and dark, axe."""

import pytest

from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import DESK, PHONE, faults, needs_axe
from tests.system.test_page import WAIT_MS, expect, open_page, overflow

__all__ = ["open_page"]


@pytest.fixture(scope="module")
def server():
    running = Running(FakeView(), tick_s=0.3, guest=guest(Role.ENGINEER))
    running.url = running.start()
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def nothing_ordered(server):
    from control.orders import NONE

    server.view.desk.book.current = NONE


def open_dialog(page):
    page.get_by_label("Søk etter utstyr").fill("rom a1")
    page.locator("details[data-id=a1] summary").click()
    page.locator('[data-takeover="a1.setpoint_degc"]').click()
    return page.locator("#takeover")


def test_a_point_is_taken_over_by_keyboard_and_all_is_given_back(open_page):
    page = open_page("/nb/devices")
    dialog = open_dialog(page)
    expect(dialog.locator("#takeover-value")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("25")
    expect(dialog.get_by_text("Vernet slipper gjennom 24,0 °C")).to_be_visible()
    expect(dialog.get_by_text("Koster trolig 4 kr")).to_be_visible()
    dialog.get_by_label("Hvorfor").fill("Beboeren fryser")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    row = page.locator('[data-taken="a1.setpoint_degc"]')
    expect(row).to_contain_text("Overtatt av demo", timeout=WAIT_MS)
    expect(row).to_contain_text("holdes på 24,0 °C")
    page.get_by_role("button", name="Gi tilbake alt (1)").click()
    expect(row).to_have_count(0)
    expect(page.locator("#taken")).to_contain_text("Ingenting er overtatt.")


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_what_the_optimiser_may_do_is_changed_with_a_reason_and_after_a_question(open_page, server, viewport):
    page, answers, asked = open_page("/nb/plan", viewport), [False, True, True, True], []

    def answer(dialog):
        asked.append(dialog.message)
        dialog.accept() if answers.pop(0) else dialog.dismiss()

    page.on("dialog", answer)
    part = page.locator("#promotion")
    expect(part).to_contain_text("Som anleggsfila sier.")
    part.get_by_label("Varmtvann").uncheck()
    part.get_by_role("button", name="Endre").click()
    assert asked == []
    part.get_by_label("Hvorfor").fill("Venter på måler")
    part.get_by_role("button", name="Endre").click()
    assert server.view.desk.book.current.promotion is None
    part.get_by_role("button", name="Endre").click()
    expect(part).to_contain_text("Satt av demo", timeout=WAIT_MS)
    assert asked == ["Optimeringen skal styre: Varmepumper og elkjel, Rom, Lading av biler, Ventilasjon. Endre?"] * 2
    assert server.view.desk.book.current.promotion.promoted == ("heat_pumps", "rooms", "cars", "air")
    expect(part.get_by_label("Varmtvann")).not_to_be_checked()
    assert overflow(page) == 0
    part.get_by_label("Skygge").check()
    part.get_by_label("Naive regler").check()
    part.get_by_label("Hvorfor").fill("Til sammenligning")
    part.get_by_role("button", name="Endre").click()
    expect(part).to_contain_text("Til sammenligning", timeout=WAIT_MS)
    assert asked[2:] == ["Dette skal styre alt: Naive regler. Endre?"]
    part.get_by_role("button", name="Tilbake til anleggsfila").click()
    expect(part).to_contain_text("Som anleggsfila sier.", timeout=WAIT_MS)
    assert server.view.desk.book.current.promotion is None


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_says_how_many_points_are_taken_and_leads_to_giving_them_back(open_page, server, viewport):
    page = open_page("/nb", viewport)
    mark = page.locator("#taken-mark")
    expect(mark).to_be_hidden()
    asked = {"value": 23, "minutes": 60, "reason": "Beboeren fryser"}
    for room, said in (("a1", "1 punkt overtatt"), ("a2", "2 punkter overtatt")):
        page.evaluate(
            'async ([path, body]) => (await import("/static/js/send.js")).send("PUT", path, body)',
            [f"/api/points/{room}.setpoint_degc/taken", asked],
        )
        expect(mark).to_contain_text(said, timeout=WAIT_MS)
    assert overflow(page) == 0
    with page.expect_navigation():
        mark.click()
    expect(page.locator("#link")).to_have_attribute("data-state", "live")
    page.get_by_role("button", name="Gi tilbake alt (2)").click()
    expect(page.locator("#taken")).to_contain_text("Ingenting er overtatt.", timeout=WAIT_MS)
    expect(mark).to_be_hidden(timeout=WAIT_MS)
    assert not server.view.desk.book.current.taken


def test_a_dialog_that_is_left_changes_nothing_and_the_focus_comes_back(open_page, server):
    page = open_page("/nb/devices")
    dialog = open_dialog(page)
    expect(dialog.locator("#takeover-preview li").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator('[data-takeover="a1.setpoint_degc"]')).to_be_focused()
    assert not server.view.desk.book.current.taken


def test_the_sheet_of_a_component_leads_to_the_same_dialog(open_page):
    page = open_page("/nb")
    page.locator('[data-component="boiler"]').first.click()
    button = page.locator("#panel [data-takeover]").first
    button.click()
    expect(page.locator("#takeover")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#takeover")).to_be_hidden()
    taken = {"value": 23, "minutes": 60, "reason": "Beboeren fryser"}
    put = 'async (body) => (await import("/static/js/send.js")).send("PUT", "/api/points/a1.setpoint_degc/taken", body)'
    page.locator("#panel-close").click()
    page.locator('.tile[data-component="a1"]').click()
    page.evaluate(put, taken)
    row = page.locator("#panel [data-id='a1.setpoint_degc']")
    expect(row.locator(".holding")).to_contain_text("Overtatt av demo til", timeout=WAIT_MS)
    expect(row.locator("[data-takeover]")).to_have_text("Endre")
    row.get_by_role("button", name="Gi tilbake").click()
    expect(row.locator(".holding")).to_be_hidden(timeout=WAIT_MS)
    expect(row.locator("[data-takeover]")).to_have_text("Overta")
    expect(row.locator("[data-takeover]")).to_be_focused()


def test_a_mode_is_set_with_its_end_and_taken_back(open_page):
    page = open_page("/nb/settings")
    page.get_by_label("Manuell", exact=False).check()
    page.locator("#mode-why").fill("Service")
    page.get_by_role("button", name="Bytt").click()
    expect(page.locator("#mode")).to_contain_text("Manuell – satt av demo")
    expect(page.locator("#message")).to_have_text("Lagret.")
    page.locator("input[value=normal]").check()
    page.get_by_role("button", name="Bytt").click()
    expect(page.locator("#mode .hint").first).to_have_text("Planen og reglene styrer.")


def test_a_set_point_is_saved_and_goes_back_to_the_plants(open_page):
    page = open_page("/nb/settings")
    page.locator("summary", has_text="Bogruppe A").click()
    page.locator("#c-a1").fill("23")
    page.get_by_role("button", name="Lagre: Rom A1", exact=True).click()
    place = page.locator("[data-place=a1]")
    expect(place.locator(".note")).to_contain_text("demo, 15. jan.")
    expect(place).to_be_visible()  # its unit stays open
    place.get_by_role("button", name="Tilbake").click()
    expect(page.locator("#c-a1")).to_have_value("22")


def test_holidays_are_entered_and_removed(open_page):
    page = open_page("/nb/settings")
    page.locator("#h-first").fill("2025-12-24")
    page.locator("#h-last").fill("2025-12-26")
    page.locator("#h-note").fill("Jul")
    page.get_by_role("button", name="Legg til").click()
    expect(page.locator("#holidays .orders")).to_contain_text("24. des. kl. 00.00 – 27. des. kl. 00.00")
    page.get_by_role("button", name="Fjern").click()
    expect(page.locator("#holidays")).to_contain_text("Ingen fridager")


@needs_axe
def test_taking_over_is_for_everybody(open_page):
    page = open_page("/nb/devices", viewport=PHONE, bypass_csp=True)
    dialog = open_dialog(page)
    expect(dialog.locator("#takeover-preview li").first).to_be_visible()
    assert overflow(page) <= 0
    assert faults(page) == []
