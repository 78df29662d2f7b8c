"""The one browser of a module's tests, or the reason why there is none."""

from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
WAIT_MS = 30_000  # a loaded machine is no fault of a page
UPLOT = Path(__file__).resolve().parents[2] / "dashboards" / "static" / "vendor" / "uplot" / "uPlot.esm.js"


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("no browser: apt-get install chromium")
    if not UPLOT.exists():
        pytest.skip("no chart library: make setup")
    sync_api = pytest.importorskip("playwright.sync_api")
    sync_api.expect.set_options(timeout=WAIT_MS)
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield found
        found.close()
