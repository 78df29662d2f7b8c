"""The keyboard alone: signing in, taking a point over and giving it back, with keys that any keyboard has."""

import re

from tests.system.test_sign_in import GOOD, WAIT_MS, expect, house, open_page

__all__ = ["house", "open_page"]
MOST_STEPS = 120


def go_to(page, selector):
    """Tab on to an element, as somebody would who looks where the focus is; it must show where it is, too."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("one => document.activeElement.matches(one)", selector):
            break
    else:
        raise AssertionError(f"{selector} is not reached by Tab")
    ring = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth]; }"
    )
    assert ring[0] != "none", f"{selector} does not show that it has the focus"
    assert float(ring[1].removesuffix("px")) >= 2


def test_somebody_without_a_mouse_signs_in_takes_a_point_over_and_gives_it_back(open_page, house):
    page = open_page("/nb")
    expect(page.locator("#f-name")).to_be_focused()
    for text in ("Kari Nordmann", house.code, GOOD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)

    go_to(page, "#sign-out")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/nb/sign-in"))
    expect(page.locator("#f-name")).to_be_focused()
    page.keyboard.type("Kari Nordmann")
    page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    page.keyboard.press("Enter")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)

    go_to(page, "nav [data-page=devices]")
    page.keyboard.press("Enter")
    expect(page.locator("nav [data-page=devices]")).to_have_attribute("aria-current", "page")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    go_to(page, "#device-search")
    page.keyboard.type("rom a1")
    go_to(page, "details[data-id=a1] summary")
    page.keyboard.press("Enter")
    go_to(page, '[data-takeover="a1.setpoint_degc"]')
    page.keyboard.press("Enter")

    dialog = page.locator("#takeover")
    expect(dialog.locator("#takeover-value")).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("23")
    go_to(page, "#takeover-reason")
    page.keyboard.type("Beboeren fryser")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    row = page.locator('[data-taken="a1.setpoint_degc"]')
    expect(row).to_contain_text("Overtatt av Kari Nordmann", timeout=WAIT_MS)

    go_to(page, "#give-back-all")
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    expect(page.locator("#taken")).to_contain_text("Ingenting er overtatt.")
