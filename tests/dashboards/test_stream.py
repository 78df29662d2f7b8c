"""One stream: the whole state first, then only what changed, the same bytes for everybody who keeps up."""

import asyncio
import json
from contextlib import aclosing
from datetime import timedelta

import pytest

from dashboards import stream as streaming
from dashboards.ports.desk import Person
from dashboards.stream import Feed, stream
from tests.dashboards.fake import COLD, STALE, UNREAD


def parsed(message):
    """(event, number, data) of one server-sent event."""
    fields = dict(line.split(": ", 1) for line in message.decode().strip().split("\n") if ": " in line)
    return fields["event"], int(fields["id"]), json.loads(fields["data"])


async def settled():
    """Let every waiting task run up to where it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


def steady(view):
    """The view with every value standing still unless a test changes it."""
    view.changes |= {point.id: point.value for point in view.points()}
    return view


async def test_the_first_message_is_the_whole_state(view):
    async with aclosing(stream(view, Feed(view))) as messages:
        event, _, data = parsed((await anext(messages)).removeprefix(streaming.RETRY))
    assert event == "full"
    assert data["points"].keys() == view.site.points.keys()
    assert data["points"]["main.power_kw"] == [118.3, "good", None]
    assert data.keys() >= {"tick", "at", "speed", "connections", "health", "alarms", "held", "price"}
    assert data["at"] == view.now().timestamp()


async def test_the_next_message_holds_only_what_changed(view):
    steady(view)
    async with aclosing(stream(view, Feed(view))) as messages:
        await anext(messages)
        waiting = asyncio.ensure_future(anext(messages))
        await settled()
        view.changes["main.power_kw"] = 140.26
        await view.tick()
        event, _, data = parsed(await waiting)
    assert event == "delta"
    assert data["points"] == {"main.power_kw": [140.3, "good", None]}
    assert "alarms" not in data
    assert "held" not in data
    assert data["tick"] == 1


async def test_a_change_too_small_to_be_shown_is_no_change(view):
    feed = Feed(steady(view))
    feed.refresh(1)
    view.changes["main.power_kw"] += 0.004
    seen = feed.number
    feed.refresh(2)
    assert parsed(feed.message(seen))[2]["points"] == {}


async def test_a_listener_that_missed_ticks_gets_everything_it_missed_in_one_message(view):
    feed = Feed(steady(view))
    feed.refresh(1)
    seen = feed.number
    for tick, point in ((2, "main.power_kw"), (3, "a1.temp_degc"), (4, "a2.temp_degc")):
        view.changes[point] = 1.0
        feed.refresh(tick)
    assert parsed(feed.message(seen))[2]["points"].keys() == {"main.power_kw", "a1.temp_degc", "a2.temp_degc"}


async def test_listeners_that_keep_up_share_one_encoded_message(view):
    feed = Feed(view)
    feed.refresh(1)
    feed.refresh(2)
    assert feed.message(1) is feed.message(1)
    asked = []
    view.points = lambda: asked.append(1) or []
    feed.refresh(2)
    assert asked == []


async def test_a_newcomer_gets_the_present_not_what_the_last_listener_left(view):
    feed = Feed(steady(view))
    feed.refresh(None)
    view.changes["main.power_kw"] = 7.0
    later = view.now() + timedelta(hours=1)
    view.now = lambda: later
    feed.refresh(None)
    assert parsed(feed.message(-1))[2]["points"]["main.power_kw"][0] == 7.0


async def test_a_value_that_is_not_good_comes_with_its_last_one_and_the_time_it_is_from(troubled):
    feed = Feed(troubled)
    feed.refresh(1)
    points = parsed(feed.message(-1))[2]["points"]
    value, quality, at, last = points[STALE]
    assert (value, quality) == (None, "stale")
    assert at == (troubled.now() - timedelta(seconds=400 * 60)).timestamp()
    assert last == pytest.approx(22.1, abs=1)
    assert points[UNREAD] == [None, "unread", 0.0, None]
    assert points[COLD] == [20.3, "good", None]


async def test_a_command_is_told_with_its_reason_and_told_again_when_it_is_given_back(view):
    feed = Feed(view)
    feed.refresh(1)
    held = parsed(feed.message(-1))[2]["held"]
    assert held["hp1_io.stage_request"]["text"]["en"].startswith("The buffer is 1.4 K short")
    seen = feed.number
    view.held = list
    feed.refresh(2)
    assert parsed(feed.message(seen))[2]["held"] == dict.fromkeys(held)
    assert parsed(feed.message(-1))[2]["held"] == {}


async def test_how_many_points_people_hold_is_told_when_it_changes(view):
    feed = Feed(view)
    feed.refresh(1)
    assert parsed(feed.message(-1))[2]["taken"] == 0
    seen = feed.number
    await view.desk.take("a1.setpoint_degc", 23.0, 60, "The room is cold", Person("Kari"))
    feed.refresh(2)
    assert parsed(feed.message(seen))[2]["taken"] == 1
    seen = feed.number
    feed.refresh(3)
    assert "taken" not in parsed(feed.message(seen))[2]


async def test_a_silent_plant_keeps_the_connection_alive(view, monkeypatch):
    monkeypatch.setattr(streaming, "KEEP_ALIVE_S", 0.01)
    async with aclosing(stream(view, Feed(view))) as messages:
        await anext(messages)
        assert await anext(messages) == streaming.KEEP_ALIVE
        view.changes["main.power_kw"] = 1.0
        await view.tick()
        events = [await anext(messages) for _ in range(2)]
    assert any(event != streaming.KEEP_ALIVE for event in events)


async def test_the_stream_ends_when_the_system_stops(view):
    messages = stream(view, Feed(view))
    await anext(messages)
    end = asyncio.ensure_future(anext(messages))
    await settled()
    await view.stop()
    with pytest.raises(StopAsyncIteration):
        await end


async def test_a_listener_that_goes_leaves_nothing_behind(view):
    before = asyncio.all_tasks()
    async with aclosing(stream(view, Feed(view))) as messages:
        await anext(messages)
        waiting = asyncio.ensure_future(anext(messages))
        await settled()
        await view.tick()
        await waiting
    await settled()
    assert asyncio.all_tasks() == before
