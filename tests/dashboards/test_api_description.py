"""The API keeps what its OpenAPI description promises, for whatever is asked."""

import asyncio
import time
from pathlib import Path
from tempfile import mkdtemp

import schemathesis
from hypothesis import HealthCheck, settings

from bems.people.reception import Reception
from dashboards.access import Role, guest
from dashboards.app import create_app
from dashboards.gate import OPEN
from models.access import Access
from tests.dashboards.fake import FakeView

view = FakeView()


async def stopped() -> None:
    await view.stop()  # so that a stream ends after its first message


asyncio.run(stopped())


async def local(scope, receive, send):
    """The application called from this machine."""
    await app(scope | ({"client": ("127.0.0.1", 5)} if scope["type"] == "http" else {}), receive, send)


people = Reception(Path(mkdtemp()) / "people.json", Access(), time.time, lambda *_, **__: None)
app = create_app(view, guest(Role.ADMIN), people=people)
HEADERS = {"Host": "localhost", "X-CSRF-Token": app.state.guest.csrf}
schema = schemathesis.openapi.from_asgi("/api/openapi.json", local, headers=HEADERS)
schema.config.update(base_url="http://localhost")


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_description_allows(case):
    case.call_and_validate(headers=HEADERS)


def test_every_route_is_described_with_its_answer():
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            done = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert done, path
            assert method != "get" or done[0]["content"], path
            assert operation["summary"], path
            assert path in OPEN or "401" in operation["responses"], path
            assert "requestBody" not in operation or "400" in operation["responses"], path  # it may be no JSON
