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
    assert answer.content == b"xlsx en Rom A1"  # the demo shows residents' rooms
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


async def test_deviations_are_told_with_their_newest_word_the_dearest_first(view):
    async with client(view, guest=Viewer("Kari", Role.OPERATOR)) as calls:
        told = (await calls.get("/api/deviations")).json()
        assert [(one["id"], one["state"]) for one in told] == [
            ("fault.cop_drift.hp1", "open"), ("fault.sensor.hp2.outdoor_temp_degc", "open"),
        ]  # fmt: skip
        assert (told[0]["nok_per_year"], told[0]["evidence"]["cop"], told[1]["nok_per_year"]) == (8123, 2.9, None)
        await calls.post("/api/deviations/fault.cop_drift.hp1", json={"state": "closed", "words": "New filter"})
        closed = (await calls.get("/api/deviations")).json()[-1]
    assert (closed["id"], closed["state"], closed["by"], closed["words"]) == (
        "fault.cop_drift.hp1", "closed", "Kari", "New filter",
    )  # fmt: skip


def test_the_page_tells_open_deviations_and_those_of_the_legionella_file_alike():
    view = FakeView()
    shown = reports(view, Viewer("Kari", Role.OPERATOR), "nb")
    assert "8\u00a0123 kr/år · 93 % sikkert · omfang 18 %" in shown
    assert "Grunnlag: sett i 27 av 28 døgn; COP 2,90; ventet COP 3,54; jevn drift 310 h" in shown
    assert 'data-send="/api/water/deviations/9/closing"' in shown
    assert "fault.cop_drift.hp2" not in shown
    viewer = reports(view, Viewer("Ola", Role.VIEWER), "nb")
    assert "data-send" not in viewer
    assert "fault.cop_drift.hp1" in viewer
    view.reports.look = None
    assert "Det er ikke gjort ennå" in reports(view, ANONYMOUS, "nb")
