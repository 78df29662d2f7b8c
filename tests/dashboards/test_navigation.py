"""The table of the navigation and the list of pages tell of the same pages."""

from dashboards.access import Role, Viewer
from dashboards.pages.navigation import NAVIGATION, address, navigation
from dashboards.pages.registry import PAGES
from tests.dashboards.fake import site


def test_every_page_is_in_the_navigation_and_every_entry_has_its_page_and_its_right():
    assert {entry.name: entry.right for entry in NAVIGATION} == {name: page.right for name, page in PAGES.items()}


def test_who_may_not_open_a_page_is_not_led_to_it():
    for role, led in ((Role.VIEWER, False), (Role.ADMIN, True)):
        links = navigation(site(), "now", Viewer("somebody", role), "nb")
        assert (f'href="{address("people", "nb")}"' in links) is led
        assert f'href="{address("plan", "nb")}"' in links
