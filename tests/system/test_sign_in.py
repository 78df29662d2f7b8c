"""The first run in a real browser: the code, a password, signing out and in, people and tokens, axe."""

import re
import time
from functools import cache

import pytest

from bems.people.reception import Reception
from models.access import Access
from tests.dashboards import fake
from tests.dashboards.serve_fake import Running
from tests.system.looking import DESK, PHONE, faults, keep_screenshots, needs_axe

sync_api = pytest.importorskip("playwright.sync_api")
expect = sync_api.expect

WAIT_MS = 30_000
GOOD = "riktig hest batteri"


@cache
def open_site():
    """The made-up site with a public display."""
    return fake.site().model_copy(update={"access": Access(display=True)})


class OpenHouse(fake.FakeView):
    """A site that is not simulated."""

    @property
    def site(self):
        return open_site()


@pytest.fixture
def house(tmp_path):
    people = Reception(tmp_path / "people.json", Access(), time.time, lambda *_, **__: None)
    running = Running(OpenHouse(demo=False, trouble=True), tick_s=0.3, people=people)
    running.code = people.first_code()
    running.url = running.start()
    yield running
    running.stop()


@pytest.fixture
def open_page(browser, house):
    """Open a path; no script may fail and nothing may be asked of another host."""
    contexts, complaints = [], []

    def open_path(path="/", viewport=DESK, state=None, **options):
        context = browser.new_context(viewport=viewport, locale="nb-NO", storage_state=state, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(house.url) or complaints.append(request.url))
        page.goto(house.url + path)
        return page

    yield open_path
    for context in contexts:
        context.close()
    assert complaints == []


def choose_password(page, code, name="Kari Nordmann", password=GOOD):
    page.locator("#f-name").fill(name)
    page.locator("#f-code").fill(code)
    page.locator("#f-new").fill(password)
    page.locator("#f-again").fill(password)
    page.keyboard.press("Enter")


def sign_in(page, name="Kari Nordmann", password=GOOD):
    page.locator("#f-name").fill(name)
    page.locator("#f-password").fill(password)
    page.keyboard.press("Enter")


def begun(open_page, house):
    """The administrator, just signed in."""
    page = open_page("/")
    choose_password(page, house.code)
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    return page


def test_from_the_first_run_to_signing_out_and_in_again(open_page, house):
    page = open_page("/nb/people")
    expect(page).to_have_url(re.compile(r"/nb/welcome$"))
    expect(page.locator("#f-name")).to_be_focused()
    choose_password(page, "AAAA-BBBB-CCCC")
    expect(page.locator("#fault")).to_contain_text("Koden eller navnet stemmer ikke")
    choose_password(page, house.code)
    expect(page.locator("#account")).to_contain_text("Kari Nordmann")
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    assert "HttpOnly" not in page.evaluate("document.cookie")
    assert page.evaluate("document.cookie") == ""
    page.locator("#sign-out").click()
    expect(page).to_have_url(re.compile(r"/nb/sign-in$"))
    page.goto(house.url + "/nb/people")
    expect(page).to_have_url(re.compile(r"/nb/sign-in\?next=/nb/people$"))
    sign_in(page, password="not the right one")
    expect(page.locator("#fault")).to_contain_text("Navnet eller passordet er feil")
    sign_in(page)
    expect(page).to_have_url(re.compile(r"/nb/people$"))
    expect(page.locator("#people-rows tr")).to_have_count(1)


def test_who_is_invited_comes_in_with_the_code_and_sees_what_the_role_allows(open_page, house):
    page = begun(open_page, house)
    page.goto(house.url + "/nb/people")
    page.locator("#f-person").fill("Ola Hansen")
    page.locator("#f-role").select_option("care")
    page.locator("#add-person button").click()
    expect(page.locator("#once-secret")).to_have_text(re.compile(r"^(\w{4}-){2}\w{4}$"))
    code = page.locator("#once-secret").text_content()
    page.locator("#once-done").click()
    expect(page.locator("#once-secret")).to_be_empty()
    ola = open_page("/en/welcome", PHONE)
    choose_password(ola, code, "ola hansen")
    expect(ola.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    expect(ola.locator("[data-page=people]")).to_have_count(0)
    ola.goto(house.url + "/en/people")
    expect(ola.locator("body")).to_contain_text("your role does not allow it")
    page.reload()
    row = page.locator("#people-rows tr", has_text="Ola Hansen")
    expect(row).to_contain_text("kan logge inn")
    ola.goto(house.url + "/en")
    expect(ola.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    row.get_by_role("button", name="Steng").click()
    expect(row).to_contain_text("stengt")
    expect(ola).to_have_url(re.compile(r"/en/sign-in"), timeout=WAIT_MS)


def test_a_token_is_shown_once(open_page, house):
    page = begun(open_page, house)
    page.goto(house.url + "/nb/people")
    page.locator("#f-token").fill("Adviser")
    page.locator("#add-token button[type=submit]").click()
    secret = page.locator("#once-secret")
    expect(secret).to_have_text(re.compile(r"^[\w-]{43}$"))
    answer = page.request.get(house.url + "/api/points", headers={"Authorization": f"Bearer {secret.text_content()}"})
    assert answer.status == 200
    page.reload()
    expect(secret).to_be_empty()
    expect(page.locator("#token-rows tr")).to_contain_text("Adviser")


def test_another_password_is_chosen_on_ones_own_page(open_page, house):
    page = begun(open_page, house)
    page.locator("#account a").click()
    page.locator("#f-old").fill(GOOD)
    page.locator("#f-new").fill("noe helt annet her")
    page.locator("#f-again").fill("noe helt annet her!")
    page.locator("#password button[type=submit]").click()
    expect(page.locator("#fault")).to_contain_text("ikke like")
    page.locator("#f-again").fill("noe helt annet her")
    page.locator("#password button[type=submit]").click()
    expect(page.locator("#fault")).to_contain_text("Passordet er byttet")


def test_what_is_pressed_before_the_scripts_live_is_done_when_they_do(open_page, house):
    page = begun(open_page, house)
    held = []

    def hold(route):
        held.append(route)

    page.route("**/static/js/*.js", hold)
    page.goto(house.url + "/nb/account", wait_until="commit")
    page.locator("#f-old").fill(GOOD)
    page.locator("#f-new").fill("noe helt annet her")
    page.locator("#f-again").fill("noe helt annet her!")
    page.locator("#password button[type=submit]").click()
    assert held
    expect(page.locator("#fault")).to_be_empty()
    page.unroute("**/static/js/*.js")  # which lets those that were held go on
    expect(page.locator("#fault")).to_contain_text("ikke like")


def test_the_public_display_shows_figures_and_no_control(open_page):
    page = open_page("/display")
    expect(page.locator("[data-key='figure.outdoor'] .n")).to_have_text("−8,4")
    expect(page.locator("#price .n")).to_have_text(re.compile(r"^\d,\d\d$"))
    assert page.locator("button, a, input, select").count() == 0


@needs_axe
def test_axe_finds_nothing(open_page, house):
    page = open_page("/nb/welcome", PHONE, bypass_csp=True)
    choose_password(page, house.code)
    expect(page.locator("#link")).to_have_attribute("data-state", "live", timeout=WAIT_MS)
    for path, there in (("people", "#people-rows tr"), ("account", "#f-old")):
        page.goto(f"{house.url}/nb/{path}")
        page.locator(there).first.wait_for()
        keep_screenshots(page, path)
        assert faults(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.goto(house.url + "/display")
    assert faults(page) == []
