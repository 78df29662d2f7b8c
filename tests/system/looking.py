"""Looking at a page that is open: axe-core at a desk and on a phone, in the light and in the dark; screenshots."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "build" / "screenshots"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}

needs_axe = pytest.mark.skipif(not AXE.exists(), reason="no axe-core: make setup")


def faults(page):
    """What axe finds in the page as it is now, in all four views; the page must be open with `bypass_csp`.

    In the dark only colours differ.
    """
    page.add_script_tag(path=AXE)
    found = []
    everything, colours = {"runOnly": TAGS}, {"runOnly": ["color-contrast"]}
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)
        for scheme, rules in (("light", everything), ("dark", colours)):
            page.emulate_media(color_scheme=scheme)
            options = {**rules, "resultTypes": ["violations"]}
            for one in page.evaluate("options => axe.run(document, options)", options)["violations"]:
                node = one["nodes"][0]
                where = f"{viewport['width']} {scheme} {one['id']}"
                found.append(f"{where}: {node['html'][:150]}: {node['failureSummary']}")
    return found


def keep_screenshots(page, name):
    """How the whole page looks at a desk and on a phone, in the light; for people to look at after the tests."""
    page.emulate_media(color_scheme="light")
    for viewport, where in ((DESK, "desk"), (PHONE, "phone")):
        page.set_viewport_size(viewport)
        page.screenshot(path=SCREENSHOTS / f"{name}-{where}.png", full_page=True)
