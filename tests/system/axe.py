"""axe-core on a page that is open: at a desk and on a phone, in the light and in the dark."""

from pathlib import Path

import pytest

AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 360, "height": 740}

needs_axe = pytest.mark.skipif(not AXE.exists(), reason="no axe-core: make setup")


def faults(page):
    """What axe finds in the page as it is now, in all four views; the page must be open with `bypass_csp`."""
    page.add_script_tag(path=AXE)
    found = []
    for viewport in (DESK, PHONE):
        page.set_viewport_size(viewport)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for one in page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)["violations"]:
                node = one["nodes"][0]
                where = f"{viewport['width']} {scheme} {one['id']}"
                found.append(f"{where}: {node['html'][:150]}: {node['failureSummary']}")
    return found
