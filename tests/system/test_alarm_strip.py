"""The alarm strip in the header: which alarm it tells of, and that there is room for it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bems.alarming.alarms import Alarm, lost_connection
from bems.alarming.board import Entry, Mark
from bems.view import _alarm
from dashboards.access import Role, guest
from tests.dashboards.fake import FakeView
from tests.dashboards.serve_fake import Running
from tests.system.looking import DESK, PHONE
from tests.system.test_page import WAIT_MS, expect, open_page, overflow

__all__ = ["open_page"]


@pytest.fixture
def server():
    view = FakeView(trouble=True)
    wire, boiler, filters = view.alarms()
    again = replace(wire, id="connection.bac_air", text=replace(wire.text, facts={"name": "bac_air", "points": 3}))
    later = replace(again, raised_at=wire.raised_at + timedelta(minutes=1))
    view.alarms = lambda: [replace(boiler, unacknowledged=False), replace(filters, unacknowledged=False), wire, later]
    running = Running(view, tick_s=0.3, guest=guest(Role.ENGINEER))
    running.url = running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_it_tells_the_newest_unseen_alarm_of_the_worst_class_and_leaves_room_for_it(open_page, viewport):
    page = open_page("/nb", viewport)
    text = page.locator("#alarm-text")
    expect(text).to_contain_text("bac_air", timeout=WAIT_MS)
    asked = {"value": 23, "minutes": 60, "reason": "Beboeren fryser"}
    page.evaluate(
        'async ([path, body]) => (await import("/static/js/send.js")).send("PUT", path, body)',
        ["/api/points/a1.setpoint_degc/taken", asked],
    )
    expect(page.locator("#taken-mark")).to_contain_text("1 punkt overtatt", timeout=WAIT_MS)
    assert text.bounding_box()["width"] >= 180
    assert overflow(page) == 0


def test_an_alarm_waits_until_somebody_has_seen_it_and_one_that_nobody_has_to_see_never():
    alarm = Alarm(lost_connection("mb_heat", 5), FakeView(trouble=True).alarms()[0].raised_at)
    entry = Entry(alarm.condition, active=True, raised_at=alarm.raised_at)
    assert _alarm(alarm, entry).unacknowledged
    assert not _alarm(alarm, replace(entry, acknowledged=Mark(alarm.raised_at, "kari", ""))).unacknowledged
    assert not _alarm(alarm, replace(entry, wants_acknowledgement=False)).unacknowledged
