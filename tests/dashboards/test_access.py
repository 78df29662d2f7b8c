"""Nobody is let in but an anonymous viewer of the demo, from this very machine, under this machine's own name."""

import json
from collections.abc import Iterator

import pytest
from starlette.routing import BaseRoute

from dashboards.access import ANONYMOUS
from dashboards.app import create_app
from dashboards.gate import Refusal, admit
from tests.dashboards.conftest import client
from tests.dashboards.fake import FakeView

HOST = (b"host", b"localhost:8080")


def paths() -> Iterator[str]:
    """A path for every route there is."""
    routes: list[BaseRoute] = list(create_app(FakeView()).routes)
    for route in routes:
        path = getattr(route, "path", "")
        if path != "/static":
            yield path.replace("{point_id}", "main.power_kw")


@pytest.mark.parametrize("host", [b"localhost", b"127.0.0.1:8080", b"[::1]:9000", b"LOCALHOST:1"])
@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1"])
def test_the_demo_lets_this_machine_in(peer, host):
    assert admit(True, peer, [(b"host", host)]) is ANONYMOUS


@pytest.mark.parametrize("peer", ["10.0.0.7", "192.168.1.4", "::ffff:10.0.0.7", "fe80::1", "testclient", "", None])
def test_the_demo_lets_nobody_else_in(peer):
    found = admit(True, peer, [HOST])
    assert isinstance(found, Refusal)
    assert found.status == 401


def test_a_running_site_lets_nobody_in_without_a_sign_in():
    found = admit(False, "127.0.0.1", [HOST])
    assert isinstance(found, Refusal)
    assert "Sign in first" in found.text


@pytest.mark.parametrize("header", [b"X-Forwarded-For", b"forwarded", b"via", b"x-real-ip"])
def test_a_request_that_a_proxy_passed_on_is_not_from_this_machine(header):
    assert isinstance(admit(True, "127.0.0.1", [HOST, (header, b"203.0.113.9")]), Refusal)


@pytest.mark.parametrize("hosts", [[], [b"evil.example"], [b"localhost.evil.example"], [b"localhost", b"localhost"]])
def test_another_host_name_is_refused_against_dns_rebinding(hosts):
    found = admit(True, "127.0.0.1", [(b"host", host) for host in hosts])
    assert isinstance(found, Refusal)
    assert found.status == 421


@pytest.mark.parametrize("path", sorted(set(paths())))
async def test_no_route_answers_without_the_gate_letting_in(path):
    async with client(FakeView(demo=False)) as outside:
        answer = await outside.get(path)
    assert answer.status_code == 401
    assert "Sign in first" in json.loads(answer.text)["detail"]
    assert answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/", "/en", "/api/points", "/static/tokens.css", "/nowhere"])
async def test_every_answer_carries_the_security_headers(view, path):
    async with client(view) as inside:
        answer = await inside.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_the_page_has_no_inline_script_or_style_and_loads_nothing_from_elsewhere(view):
    async with client(view) as inside:
        page = (await inside.get("/")).text
    assert " style=" not in page
    assert "<style" not in page
    assert "onclick" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert page.count("<script") == page.count("<script src=") + page.count('<script type="')
