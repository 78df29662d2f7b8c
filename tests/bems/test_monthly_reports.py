"""Reports by themselves: at the change of month, through the change of clocks, after a restart, and after a failure."""

import json
import smtplib
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bems.history.record import Record
from bems.reports import mailing
from bems.reports.desk import MONTHLY, ReportDesk
from bems.worker import WorkLost
from models.alarming import Alerts, Smtp
from models.reporting import Reporting, ReportMail
from models.signals import Quality, Sample
from models.site import SiteError, load_site, parse_site

ROOT = Path(__file__).resolve().parents[2]
SITE = load_site(ROOT / "site.biri.toml")
BEGUN = datetime(2026, 1, 10, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 6, tzinfo=UTC)


class Child:
    """In the place of the worker: notes what is asked for and answers what it is told to."""

    def __init__(self):
        self.asked, self.trouble = [], []

    async def call(self, _work, _site, _record, period, _now, wish, *, timeout_s):
        assert timeout_s > 0
        self.asked.append((period.id, *wish))
        if self.trouble:
            trouble = self.trouble.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return trouble
        return f"{period.id} {wish[0]}".encode()

    async def end(self):
        pass


class House:
    """A report desk over a record that begins on a day in January, and its clock."""

    def __init__(self, folder, site=SITE):
        self.site, self.record, self.now, self.child = site, folder / "record.sqlite", LATER, Child()
        self.events = []
        with Record.open(self.record) as record:
            record.append_tick([Sample("main.power_kw", BEGUN, 1.0, Quality.GOOD)])
        self.restart()

    def restart(self):
        self.desk = ReportDesk(self.site, self.record, lambda: self.now, self.child, Child())
        self.desk.note = self.events.append

    async def look(self, at=None):
        self.now = at or self.now
        await self.desk._monthly()  # what `run` does every quarter of an hour

    def files(self):
        folder = self.record.parent / "reports"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


ALL = sorted(f"biri-2026-03-{language}.{kind}" for kind, language in MONTHLY)


@pytest.mark.parametrize(
    ("at", "made"),
    [
        (datetime(2026, 3, 31, 21, 59, tzinfo=UTC), "2026-02"),  # 23.59 on the last day of March, summer time
        (datetime(2026, 3, 31, 22, 0, tzinfo=UTC), None),  # April, but samples may come late
        (datetime(2026, 4, 1, 0, 59, tzinfo=UTC), None),
        (datetime(2026, 4, 1, 1, 0, tzinfo=UTC), "2026-03"),  # 03.00
        (datetime(2026, 4, 30, 12, 0, tzinfo=UTC), "2026-03"),
        (datetime(2026, 2, 1, 1, 59, tzinfo=UTC), None),  # 02.59, winter time
        (datetime(2026, 2, 1, 2, 0, tzinfo=UTC), "2026-01"),
        (datetime(2026, 11, 1, 2, 0, tzinfo=UTC), "2026-10"),  # a week after the clocks were put back
        (datetime(2026, 1, 20, 12, 0, tzinfo=UTC), None),  # December is before the record
    ],
)
async def test_last_month_is_made_from_three_in_the_morning_by_the_clock_on_the_wall(house, at, made):
    await house.look(at)
    assert {period for period, *_ in house.child.asked} == ({made} if made else set())
    assert len(house.child.asked) == (len(MONTHLY) if made else 0)


async def test_it_is_made_once_however_often_one_looks_or_starts_anew(house):
    await house.look()
    assert [name.partition(".")[2] for name in house.files()] == [name.partition(".")[2] for name in ALL]
    for _ in range(3):
        house.restart()
        await house.look()
    assert len(house.child.asked) == len(MONTHLY)


async def test_after_a_restart_in_the_middle_only_what_is_missing_is_made(house):
    house.child.trouble = ["not yet", WorkLost("killed")]
    await house.look()
    assert len(house.files()) == 1
    house.restart()
    await house.look()
    assert len(house.files()) == len(MONTHLY)
    # none of them names a room: they may be mailed
    assert house.child.asked[len(MONTHLY) :] == [("2026-03", *wish, False) for wish in MONTHLY[:2]]


async def test_what_fails_stops_nothing_and_is_tried_again(house, caplog):
    house.child.trouble = [WorkLost("took too long"), "the record is being mended"]
    await house.look()
    assert caplog.text.count("was not made") == 2
    assert len(house.files()) == 1
    await house.look()
    assert len(house.files()) == len(MONTHLY)


async def test_a_month_that_was_slept_through_is_left_to_be_asked_for(house):
    await house.look(datetime(2026, 3, 5, tzinfo=UTC))
    await house.look(datetime(2026, 5, 5, tzinfo=UTC))
    assert {period for period, *_ in house.child.asked} == {"2026-02", "2026-04"}
    assert "2026-03" in {period.id for period in house.desk.offered()}


class Post:
    """In the place of the mail server."""

    def __init__(self):
        self.sent, self.refused = [], {}

    def send(self, smtp, to, subject, text, files):
        if to in self.refused:
            raise self.refused[to]
        self.sent.append((to, subject, [(file.name, file.media_type, file.data) for file in files]))


@pytest.fixture
def post(monkeypatch):
    post = Post()
    monkeypatch.setattr(mailing, "send", post.send)
    return post


@pytest.fixture
def mailing_house(tmp_path):
    mail = Reporting(email=ReportMail(to=("a@example.org", "b@example.org"), formats=("pdf", "xlsx")))
    alerts = Alerts(smtp=Smtp(host="localhost", sender="bems@example.org"))
    return House(tmp_path, SITE.model_copy(update={"reports": mail, "alerts": alerts}))


async def test_everybody_gets_the_files_once(mailing_house, post):
    house = mailing_house
    for _ in range(3):
        await house.look()
        house.restart()
    assert [to for to, *_ in post.sent] == ["a@example.org", "b@example.org"]
    _, subject, files = post.sent[0]
    assert "mars 2026" in subject
    assert [(kind, data) for _, kind, data in files] == [
        ("application/pdf", b"2026-03 pdf"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"2026-03 xlsx"),
    ]
    assert [event.data["what"] for event in house.events] == ["report_sent"] * 2


async def test_a_failure_is_one_event_and_only_who_missed_it_is_tried_again(mailing_house, post):
    house = mailing_house
    post.refused["a@example.org"] = smtplib.SMTPServerDisconnected("gone")
    await house.look()
    await house.look()
    assert [(e.data["what"], e.data["after"], e.data["reason"]) for e in house.events] == [
        ("report_not_sent", "a@example.org", "gone"),
        ("report_sent", "b@example.org", None),
    ]
    post.refused["a@example.org"] = OSError("no route")
    await house.look()
    assert house.events[-1].data["reason"] == "no route"
    post.refused.clear()
    await house.look(house.now + timedelta(hours=1))
    assert [to for to, *_ in post.sent] == ["b@example.org", "a@example.org"]
    (marker,) = (house.record.parent / "reports").glob("*.sent.json")
    assert sorted(json.loads(marker.read_text())["to"]) == ["a@example.org", "b@example.org"]


async def test_nothing_is_sent_before_every_file_is_made(mailing_house, post):
    house = mailing_house
    house.child.trouble = [WorkLost("killed")]
    await house.look()
    assert post.sent == []
    await house.look()
    assert len(post.sent) == 2


def test_mail_without_a_server_is_a_fault_of_the_site_file():
    raw = tomllib.loads((ROOT / "site.biri.toml").read_text("utf-8"))
    raw.setdefault("reports", {})["email"] = {"to": ["a@example.org"]}
    raw.pop("alerts", None)
    with pytest.raises(SiteError, match=r"reports.email: a table: needs a mail server: \[alerts.smtp\]"):
        parse_site(raw, "site.toml", ROOT)
