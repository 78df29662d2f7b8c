"""Every site gets the pages it has something for, and no others: what the navigation shows answers, and so does all
that those pages link to and their scripts ask for.
"""

import re
import tempfile
from functools import cache
from pathlib import Path

import httpx
import pytest

from dashboards.access import Role
from dashboards.app import STATIC
from dashboards.pages.navigation import address, pages_of
from dashboards.pages.registry import PAGES
from models.legionella import Legionella
from models.site import load_site
from tests.system.still_house import StillHouse

ROOT = Path(__file__).resolve().parents[2]
FILES = {
    "biri": "site.biri.toml",
    "example": "site.example.toml",
    "air_house": "docs/examples/air_house/site.toml",
    "school": "docs/examples/district_school/site.toml",
}
WITHOUT = {
    "school": {"water", "water_file"},
    "dry": {"water", "water_file"},
    "uncounted": {"energy"},
}
"""Pages that a site has not; every other page it has."""
ASKED = re.compile(r"""(?:keepAsking|fetchJson|new EventSource)\(["`](/api/[^"`?$]*)["`?]""")
LINKED = re.compile(r"""href="(/(?!api/reports/)[^"]*)\"""")
"""Reports excepted: each is made when it is asked for, by a process of its own."""
IMPORTED = re.compile(r"""from "\./([a-z_]+)\.js\"""")


@cache
def site_of(name):
    """A site file as it is; 'dry' is one without hot water, 'uncounted' one whose main meter has no counter."""
    if name == "dry":
        return site_of("example").model_copy(update={"hot_water": None, "legionella": Legionella()})
    if name == "uncounted":
        text = (ROOT / FILES["example"]).read_text("utf-8")
        counted = '["power_kw", "import_kwh", "export_kwh"]'
        assert counted in text
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "site.toml"
            file.write_text(text.replace(counted, '["power_kw"]'), "utf-8")
            return load_site(file)
    return load_site(ROOT / FILES[name])


@pytest.fixture(params=[*FILES, "dry", "uncounted"])
def name(request):
    return request.param


@pytest.fixture
def pages(name, tmp_path):
    """A client of the site's pages for a role."""
    houses = []

    def of(role):
        folder = tmp_path / role
        folder.mkdir()
        houses.append(StillHouse(site_of(name), folder, role=role))
        transport = httpx.ASGITransport(houses[-1].app, client=("127.0.0.1", 5))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")

    yield of
    for house in houses:
        house.close()


def scripts(html):
    """Every script of a page, with all that they import."""
    found, front = set(), set(re.findall(r'src="/static/js/([a-z_]+)\.js"', html))
    while front:
        found |= front
        front = {one for script in front for one in IMPORTED.findall(text_of(script))} - found
    return found


@cache
def text_of(script):
    return (STATIC / "js" / f"{script}.js").read_text("utf-8")


def test_a_site_has_each_page_it_has_something_for(name):
    assert pages_of(site_of(name)) == PAGES.keys() - WITHOUT.get(name, set())


@pytest.mark.parametrize(("role", "language"), [(Role.VIEWER, "en"), (Role.ADMIN, "nb")])
async def test_every_page_answers_with_all_that_it_links_to_and_its_scripts_ask_for(name, pages, role, language):
    async with pages(role) as web:
        shown = set(re.findall(r'data-page="([a-z_]+)"', (await web.get("/nb")).text))
        assert shown == pages_of(site_of(name)) - {"people"}
        seen, asked = set(), set()
        for one in sorted(shown):
            answer = await web.get(address(one, language))
            assert answer.status_code == 200, one
            seen |= {href.partition("#")[0] for href in LINKED.findall(answer.text)}
            asked |= {path for script in scripts(answer.text) for path in ASKED.findall(text_of(script))}
        assert len(asked) > 12
        refused = {path: status for path in sorted(seen | asked - {"/api/stream"})
                   if (status := (await web.get(path, follow_redirects=True)).status_code) != 200}  # fmt: skip
        assert refused == {}


async def test_what_a_site_has_not_is_not_served(name, pages):
    missing = WITHOUT.get(name, set())
    async with pages(Role.ADMIN) as web:
        for one in missing:
            assert (await web.get(address(one, "nb"))).status_code == 404, one
