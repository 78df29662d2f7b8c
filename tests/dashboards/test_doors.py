"""Over HTTP: the first run, signing in and out, who gets at what, and changes that come from elsewhere."""

import asyncio
import re
from contextlib import asynccontextmanager

import httpx
import pytest

from bems.people import hashing
from bems.people.reception import Reception
from dashboards.access import RIGHTS, Right, Role, Viewer
from dashboards.app import create_app
from dashboards.gate import OPEN
from dashboards.needs import needs
from models.access import Access
from models.field import Privacy
from tests.dashboards.conftest import client
from tests.dashboards.fake import FakeView, site

GOOD = "riktig hest batteri"
HERE = "http://127.0.0.1:8080"
OUTSIDE = ("10.0.0.7", 50_000)
ROOT = Viewer("root", Role.ADMIN)


class House:
    """The application with a reception, and a clock that a test sets."""

    def __init__(self, path, **options):
        self.s = 1_700_000_000.0
        self.noted = []
        note = lambda who, what, before=None, after=None: self.noted.append((who, what))  # noqa: E731
        self.people = Reception(path / "people.json", Access(), lambda: self.s, note)
        self.view = FakeView(demo=False)
        self.app = create_app(self.view, monitoring_token="watching", people=self.people, **options)

    def browser(self, peer=("127.0.0.1", 50_000), base=HERE, **options):
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app, client=peer), base_url=base, **options)

    @asynccontextmanager
    async def signed_in(self, role, name="Kari Nordmann"):
        """A browser with a session of this role, and with its pages' token."""
        code = await self.people.add(ROOT, name, role)
        async with self.browser() as browser:
            answer = await browser.post("/api/welcome", json={"name": name, "code": code, "password": GOOD})
            assert answer.status_code == 200, answer.text
            browser.headers["X-CSRF-Token"] = await token_of(browser)
            yield browser


async def token_of(browser):
    return re.search(r'"csrf": "([0-9a-f]{64})"', (await browser.get("/nb")).text)[1]


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setattr(hashing, "SCRYPT", {"n": 16, "r": 8, "p": 1})
    return House(tmp_path)


async def test_at_the_first_run_a_browser_is_led_to_where_the_code_is_used(house):
    code = house.people.first_code()
    async with house.browser(headers={"Accept": "text/html"}) as browser:
        answer = await browser.get("/en/plan")
        assert (answer.status_code, answer.headers["location"]) == (303, "/en/welcome")
        page = await browser.get("/en/welcome")
        assert "in the terminal" in page.text
        body = {"name": "Kari", "code": code, "password": GOOD}
        answer = await browser.post("/api/welcome", json=body)
        assert answer.json()["role"] == "admin"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert (await browser.get("/nb")).status_code == 200
        assert (await browser.post("/api/welcome", json=body)).status_code == 403


async def test_signing_in_and_out(house):
    async with house.signed_in(Role.OPERATOR), house.browser() as browser:
        wanted = await browser.get("/nb/plan", headers={"Accept": "text/html"})
        assert wanted.headers["location"] == "/nb/sign-in?next=/nb/plan"
        assert (await browser.get("/nb/sign-in")).status_code == 200
        wrong = await browser.post("/api/session", json={"name": "Kari Nordmann", "password": "not the right one"})
        assert wrong.status_code == 403
        assert wrong.json()["detail"] == "Navnet eller passordet er feil. / The name or the password is wrong."
        right = await browser.post("/api/session", json={"name": "kari nordmann", "password": GOOD})
        assert right.json() == {
            "name": "Kari Nordmann", "role": "operator", "rights": sorted(RIGHTS[Role.OPERATOR]),
        }  # fmt: skip
        assert (await browser.get("/api/session")).json() == right.json()
        page = (await browser.get("/nb")).text
        assert "Kari Nordmann" in page
        out = await browser.delete("/api/session", headers={"X-CSRF-Token": await token_of(browser)})
        assert out.status_code == 204
        assert (await browser.get("/api/points")).status_code == 401


async def test_a_cookie_over_https_is_bound_to_this_host(house):
    code = await house.people.add(ROOT, "Kari", Role.VIEWER)
    async with house.browser(OUTSIDE, "https://bems.example") as browser:
        answer = await browser.post("/api/welcome", json={"name": "Kari", "code": code, "password": GOOD})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-bems=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie
        assert (await browser.get("/api/points")).status_code == 200


async def test_no_password_is_taken_over_an_open_network(house):
    async with house.browser(OUTSIDE, "http://bems.example") as browser:
        for path, body in (
            ("/api/session", {"name": "Kari", "password": GOOD}),
            ("/api/welcome", {"name": "Kari", "code": "x", "password": GOOD}),
        ):
            answer = await browser.post(path, json=body)
            assert answer.status_code == 403
            assert "HTTPS" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/session", "/api/people"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
    ],
)
async def test_a_change_from_elsewhere_is_refused_although_the_cookie_comes_along(house, path, headers):
    async with house.signed_in(Role.ADMIN) as browser:
        answer = await browser.post(path, json={"name": "x"}, headers=headers)
        assert answer.status_code == 403
        assert "endringen kom ikke" in answer.json()["detail"].lower()


async def test_nobody_is_signed_in_by_a_form_of_another_site(house):
    async with house.browser() as browser:
        form = {"content": '{"name": "a", "password": "b"}', "headers": {"Content-Type": "text/plain"}}
        assert (await browser.post("/api/session", **form)).status_code == 403


async def test_a_change_from_our_own_page_is_taken(house):
    async with house.signed_in(Role.ADMIN) as browser:
        own = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
        answer = await browser.post("/api/people", json={"name": "Ola", "role": "care"}, headers=own)
        assert answer.status_code == 201
        assert re.fullmatch(r"(\w{4}-){2}\w{4}", answer.json()["code"])


async def test_only_an_administrator_gets_at_people_and_tokens(house):
    for role in Role:
        async with house.signed_in(role, f"one {role}") as browser:
            for path in ("/api/people", "/api/tokens", "/nb/people"):
                expected = 200 if role is Role.ADMIN else 403
                assert (await browser.get(path)).status_code == expected, (role, path)
            asked = await browser.post("/api/people", json={"name": f"by {role}", "role": "admin"})
            assert asked.status_code == (201 if role is Role.ADMIN else 403)


async def test_people_are_invited_changed_closed_and_removed(house):
    async with house.signed_in(Role.ADMIN) as browser:
        await browser.post("/api/people", json={"name": "Ola Hansen", "role": "care"})
        twice = await browser.post("/api/people", json={"name": "ola hansen", "role": "care"})
        assert twice.status_code == 409
        assert (await browser.patch("/api/people/Ola Hansen", json={"role": "operator"})).status_code == 204
        assert (await browser.patch("/api/people/Ola Hansen", json={"closed": True})).status_code == 204
        found = {one["name"]: one for one in (await browser.get("/api/people")).json()}
        assert (found["Ola Hansen"]["role"], found["Ola Hansen"]["state"]) == ("operator", "closed")
        assert (await browser.delete("/api/people/Ola Hansen")).status_code == 204
        assert (await browser.post("/api/people/Ola Hansen/code")).status_code == 404
        last = await browser.patch("/api/people/Kari Nordmann", json={"role": "viewer"})
        assert last.status_code == 409
    assert [what for _, what in house.noted][-4:] == ["person_added", "role_changed", "person_closed", "person_removed"]


async def test_a_program_gets_what_its_token_grants_and_needs_no_page(house):
    async with house.signed_in(Role.ADMIN) as browser:
        asked = {"name": "Adviser", "rights": ["see"], "days": 30}
        made = (await browser.post("/api/tokens", json=asked)).json()
        bearer = {"Authorization": f"Bearer {made['secret']}"}
        async with house.browser(OUTSIDE, "http://bems.example", headers=bearer) as program:
            assert (await program.get("/api/points")).status_code == 200
            personal = next(p for p in site().points.values() if p.privacy is Privacy.PERSONAL).id
            assert (await program.get(f"/api/points/{personal}/history")).status_code == 404
            assert (await program.get("/api/people")).status_code == 403
            assert (await program.post("/api/people", json={"name": "x", "role": "admin"})).status_code == 403
            assert (await browser.delete(f"/api/tokens/{made['id']}")).status_code == 204
            assert (await program.get("/api/points")).status_code == 401
        wide = await browser.post("/api/tokens", json={**asked, "rights": ["administer"]})
        assert wide.status_code == 403


async def test_a_wrong_token_is_not_made_good_by_a_cookie(house):
    async with house.signed_in(Role.ADMIN) as browser:
        assert (await browser.get("/api/points", headers={"Authorization": "Bearer x"})).status_code == 401


async def test_the_monitoring_token_still_opens_what_it_opened(house):
    async with house.browser(OUTSIDE, headers={"Authorization": "Bearer watching"}) as program:
        assert (await program.get("/healthy")).status_code == 200
        assert (await program.get("/api/points")).status_code == 403


async def test_who_guesses_is_told_how_long_to_wait(house):
    async with house.signed_in(Role.VIEWER), house.browser() as browser:
        wrong = {"name": "Kari Nordmann", "password": "not the right one"}
        answers = [await browser.post("/api/session", json=wrong) for _ in range(6)]
        assert [a.status_code for a in answers] == [403] * 5 + [429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 2


async def tick_on(view):
    while True:
        await view.tick()
        await asyncio.sleep(0.02)


async def test_the_stream_ends_with_the_session(house):
    messages = asyncio.Queue()
    async with house.signed_in(Role.VIEWER) as browser:
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/api/stream", "raw_path": b"/api/stream", "query_string": b"", "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 8080), "headers": [(b"host", b"127.0.0.1:8080"), (b"cookie", cookie.encode())],
        }  # fmt: skip
        listening = asyncio.create_task(house.app(scope, asyncio.Event().wait, messages.put))
        assert (await messages.get())["status"] == 200
        await messages.get()
        ticking = asyncio.create_task(tick_on(house.view))
        await messages.get()
        await house.people.change(ROOT, "Kari Nordmann", Role.CARE, None)
        await asyncio.wait_for(listening, 10)
        ticking.cancel()
    rest = [messages.get_nowait() for _ in range(messages.qsize())]
    assert not rest[-1].get("more_body")


def routes(app):
    """Every route with its dependencies, those of routers included."""
    return [route for route in app.routes if hasattr(route, "dependant")]


def rights_of(dependant):
    own = {getattr(dependant.call, "right", None)}
    return own.union(*(rights_of(one) for one in dependant.dependencies))


def test_every_route_but_the_open_ones_asks_for_a_right(house):
    known = {needs(right) for right in Right}
    assert all(hasattr(one, "right") for one in known)
    asking_none = {route.path for route in routes(house.app) if rights_of(route.dependant) == {None}}
    assert asking_none <= OPEN


async def test_nothing_but_the_doors_is_open_to_a_stranger(house):
    async with house.browser() as stranger:
        for route in routes(house.app):
            path = re.sub(r"\{\w+\}", "x", route.path)
            for method in route.methods:
                answer = await stranger.request(method, path)
                if route.path in OPEN and method in ("GET", "POST", "DELETE"):
                    continue
                assert answer.status_code == 401, (method, path)
        assert (await stranger.get("/static/tokens.css")).status_code == 200
        assert (await stranger.get("/static/../app.py")).status_code in (401, 404)
        assert (await stranger.get("/display")).status_code == 401
        assert (await stranger.get("/api/display")).status_code == 401


async def test_doors_tell_nothing_of_the_site(house):
    async with house.browser() as stranger:
        for path in sorted(OPEN):
            text = (await stranger.get(path)).text
            assert site().name.nb not in text
            assert site().id not in text.lower()


async def test_audits_of_people_are_for_who_administers_them(house, monkeypatch):
    seen = {"at": house.view.now(), "kind": "audit", "text": "x", "data": {"who": "Kari", "what": "signed_in"}}

    async def events(_limit):
        return [{**seen, "subject": "access"}, {**seen, "subject": "main.power_kw"}]

    monkeypatch.setattr(house.view, "events", events)
    for role, count in ((Role.ENGINEER, 1), (Role.ADMIN, 2)):
        async with house.signed_in(role, f"one {role}") as browser:
            found = (await browser.get("/api/events")).json()
            assert [one["text"]["nb"] for one in found] == ["Kari logget inn fra –."] * count


BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(("language", "said"), [("nb", "Ikke for din rolle"), ("en", "Not for your role")])
async def test_a_person_is_told_in_their_language_why_not_and_whom_to_ask(house, language, said):
    async with house.signed_in(Role.OPERATOR) as browser:
        answer = await browser.get(f"/{language}/people", headers=BROWSER)
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert said in answer.text
        assert "Kari Nordmann" in answer.text
        assert f'href="/{language}/sign-in"' in answer.text
        assert (await browser.get(f"/{language}/people")).json()["detail"]


async def test_a_program_that_may_only_monitor_is_told_so_in_json(house):
    async with house.browser(OUTSIDE, headers={"Authorization": "Bearer watching", **BROWSER}) as program:
        assert "Ikke for din rolle" in (await program.get("/nb")).text
        assert (await program.get("/nb", headers={"Accept": "*/*"})).json()["detail"]


async def test_the_demo_tells_a_browser_from_elsewhere_what_to_do():
    async with client(FakeView(), peer="10.0.0.7") as outside:
        answer = await outside.get("/en", headers=BROWSER)
        assert (answer.status_code, "Sign in first" in answer.text) == (401, True)
    async with client(FakeView(), base_url="http://evil.example") as renamed:
        answer = await renamed.get("/nb", headers=BROWSER)
        assert (answer.status_code, "Feil adresse" in answer.text) == (421, True)
