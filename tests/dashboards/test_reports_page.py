"""The page of reports and its API: what is offered, what is handed out, what is refused."""

from dashboards.access import ANONYMOUS, Role, Viewer
from dashboards.pages.reports import reports
from tests.dashboards.conftest import client
from tests.dashboards.fake import FakeView


async def test_the_list_is_what_is_offered(view):
    async with client(view) as calls:
        answer = await calls.get("/api/reports")
    assert answer.json() == [
        {"id": "2026", "kind": "year", "first": "2026-01-01", "last": "2026-12-31"},
        {"id": "2026-01", "kind": "month", "first": "2026-01-01", "last": "2026-01-31"},
    ]


async def test_a_report_is_a_file_with_a_name(view):
    async with client(view) as calls:
        answer = await calls.get("/api/reports/2026-01", params={"format": "xlsx", "language": "en"})
    assert answer.content == b"xlsx en"
    assert answer.headers["content-disposition"].endswith('filename="biri-2026-01-en.xlsx"')
    assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")


async def test_what_is_not_there_is_said(view):
    async with client(view) as calls:
        assert (await calls.get("/api/reports/2019-01")).status_code == 404
        refused = await calls.get("/api/reports/2026")
        assert (refused.status_code, refused.json()["detail"]) == (409, "the record is being mended")
        assert (await calls.get("/api/reports/2026-01", params={"format": "docx"})).status_code == 422


def test_the_page_offers_every_format_of_every_period():
    shown = reports(FakeView(), ANONYMOUS, "nb")
    assert "Energirapport for januar 2026" in shown
    for kind in ("pdf", "xlsx", "csv", "json", "html"):
        assert f"/api/reports/2026-01?format={kind}&amp;language=nb" in shown


async def test_a_deviation_is_closed_by_name(view):
    path, closed = "/api/deviations/fault.cop_drift.hp1", {"state": "closed", "words": "New filter"}
    async with client(view, guest=Viewer("Kari", Role.OPERATOR)) as calls:
        answer = await calls.post(path, json=closed)
        unknown = await calls.post("/api/deviations/fault.x.y", json=closed)
        bare = await calls.post(path, json={"state": "closed", "words": ""})
    assert (answer.status_code, unknown.status_code, bare.status_code) == (200, 404, 422)
    assert answer.json() == {"id": "fault.cop_drift.hp1", "state": "closed", "by": "Kari"}
    assert view.reports.handled == [("Kari", "fault.cop_drift.hp1", "closed", "New filter")]
    async with client(view, guest=Viewer("Ola", Role.VIEWER)) as calls:
        assert (await calls.post(path, json=closed)).status_code == 403
