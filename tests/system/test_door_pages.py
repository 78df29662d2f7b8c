"""The pages in front of the house in a real browser, light and dark, desk and phone: axe finds nothing on any of them.

Signing in, the first run's set-up, and what is shown instead of a page: nobody let in, missing, broken.
"""

import pytest

from bems.people import hashing
from bems.people.reception import Reception
from dashboards.access import Role, guest
from models.access import Access
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.languages import foreign
from tests.system.looking import DESK, SMALL_PHONE, faults, needs_axe
from tests.system.test_page import WAIT_MS, overflow


class Breaking(FakeView):
    """From `broken` on, pages that need the desk cannot be made."""

    broken = False

    @property
    def desk(self):
        if self.broken:
            raise RuntimeError("for the test")
        return super().desk


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    """Where each kind of page is to be seen: before the first run's set-up, in a demo, in one that breaks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hashing, "SCRYPT", {"n": 16, "r": 8, "p": 1})
        note = lambda who, what, before=None, after=None: None  # noqa: E731
        people = Reception(tmp_path_factory.mktemp("people") / "people.json", Access(), lambda: 1.7e9, note)
        people.first_code()
        house = Running(FakeView(demo=False), people=people)
        demo, broken = Running(FakeView(), guest=guest(Role.VIEWER)), Running(Breaking())
        running = [house, demo, broken]
        urls = [one.start() for one in running]
        broken.view.broken = True
        yield {
            "sign-in": (urls[0], "sign-in", 200),
            "welcome": (urls[0], "welcome", 200),
            "forbidden": (urls[1], "people", 403),
            "missing": (urls[1], "nowhere", 404),
            "broken": (urls[2], "devices", 500),
        }
        for one in running:
            one.stop()


@needs_axe
@pytest.mark.parametrize("language", ["nb", "en"])
@pytest.mark.parametrize("name", ["sign-in", "welcome", "forbidden", "missing", "broken"])
def test_axe_finds_nothing_and_a_small_phone_shows_all_of_it(browser, addresses, name, language):
    url, path, status = addresses[name]
    context = browser.new_context(viewport=DESK, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    assert page.goto(f"{url}/{language}/{path}").status == status
    assert faults(page) == []
    page.set_viewport_size(SMALL_PHONE)
    assert overflow(page) == 0
    switch = page.locator(".language").all_inner_texts()
    lines = [line for line in page.locator("body").inner_text().splitlines() if line not in switch]
    assert foreign(lines, language) == []
    context.close()
