"""The made-up site, and its application called as from this machine."""

import httpx
import pytest

from dashboards.access import ANONYMOUS
from dashboards.app import create_app
from tests.dashboards.fake import FakeView

HERE = "http://127.0.0.1:8080"


def client(view, peer="127.0.0.1", base_url=HERE, guest=ANONYMOUS, people=None):
    """A client whose requests seem to come from `peer`, from a page that a guest has opened."""
    app = create_app(view, guest, people=people)
    transport = httpx.ASGITransport(app=app, client=(peer, 50_000))
    return httpx.AsyncClient(transport=transport, base_url=base_url, headers={"X-CSRF-Token": app.state.guest.csrf})


@pytest.fixture
def view():
    return FakeView()


@pytest.fixture
def troubled():
    return FakeView(trouble=True)
