"""The API keeps what its OpenAPI description promises, for whatever is asked."""

import asyncio

import schemathesis
from hypothesis import HealthCheck, settings

from dashboards.app import create_app
from tests.dashboards.fake import FakeView

view = FakeView()


async def stopped() -> None:
    await view.stop()  # so that a stream ends after its first message


asyncio.run(stopped())


async def local(scope, receive, send):
    """The application called from this machine."""
    await app(scope | ({"client": ("127.0.0.1", 5)} if scope["type"] == "http" else {}), receive, send)


app = create_app(view)
schema = schemathesis.openapi.from_asgi("/api/openapi.json", local, headers={"Host": "localhost"})
schema.config.update(base_url="http://localhost")


@schema.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_description_allows(case):
    case.call_and_validate(headers={"Host": "localhost"})


def test_every_route_is_described_with_its_answer():
    described = app.openapi()
    for path, operations in described["paths"].items():
        ok = operations["get"]["responses"]["200"]
        assert ok["content"], path
        assert operations["get"]["summary"], path
        assert "401" in operations["get"]["responses"], path
