"""The live stream: one server-sent event a tick, with all that has changed since the listener's last one.

Nothing is queued for a listener, so nothing can be dropped: each part of the state remembers the refresh in which it
last changed, and a listener that missed ticks gets one message with all it missed. Listeners that kept up, which is
nearly all of them, share one encoded message.

Messages (data is JSON): event `full` once at the start, then `delta`.
- `tick`, `at` (site time [s since 1970 UTC]), `speed` (site seconds per wall second)
- `points`: {id: [value, quality, at]} or {id: [None, quality, at, last_value]} where quality is not good. Values are
  rounded as pages show them. `at` is when it was read: None means with its connection, 0 never.
- `connections`: {id: newest reading on it [s since 1970 UTC]}
- `health`: {name: [state, age_s]}
- when changed: `taken` (how many points people have taken over), `alarms` (list), `held` ({point: command, or None when
  given back}), `price` ([NOK/kWh, synthetic, source]) and `decides` (who decides: {nb, en})
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dashboards.ports.view import PointView, SiteView
from dashboards.reading import alarm_answer, held_answer, price_now
from dashboards.shown import rounded
from dashboards.words import said_in_both

KEEP_ALIVE_S: Final = 15.0
KEEP_ALIVE: Final = b": still here\n\n"
RETRY: Final = b"retry: 2000\n\n"
WITH_CONNECTION_S: Final = 2.5
"""A point read at most this much (wall time) before the newest one of its connection counts as read with it."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class Changes:
    """Values by key, each with the number of the refresh in which it last changed."""

    def __init__(self) -> None:
        self._now: dict[str, Any] = {}
        self._changed: dict[str, int] = {}

    def take(self, values: Mapping[str, Any], number: int) -> None:
        """The values as they are in refresh `number`; a key that is gone stays as None."""
        before = self._now
        self._now = dict(values)
        for key in before.keys() - self._now.keys():
            self._now[key] = None
        for key, value in self._now.items():
            if key not in before or before[key] != value:
                self._changed[key] = number

    def since(self, number: int) -> dict[str, Any]:
        """What has changed after refresh `number`."""
        return {key: self._now[key] for key, changed in self._changed.items() if changed > number}


class Feed:
    """The state of the site as its stream tells it; one per application."""

    def __init__(self, view: SiteView) -> None:
        self._view = view
        self._site = view.site
        self._connection = {point.id: point.device.connection for point in self._site.points.values()}
        self._points = Changes()
        self._held = Changes()
        self._held_source: dict[str, tuple[Any, dict[str, Any]]] = {}
        self._rest = Changes()
        self._always: dict[str, Any] = {}
        self._tick: int | None = None
        self._at: datetime | None = None
        self._encoded: dict[int, bytes] = {}
        self.number = 0

    def refresh(self, tick: int | None) -> None:
        """Take in the state after a tick; without a tick only when what is known is older than a second (wall time)."""
        now = self._view.now()
        fresh = timedelta(seconds=self._view.speed)
        if tick == self._tick if tick is not None else self._at is not None and now - self._at < fresh:
            return
        if tick is not None:
            self._tick = tick
        self._at = now
        self.number += 1
        self._encoded.clear()
        self._take_points(self._view.points())
        self._held.take(self._held_now(), self.number)
        alarms = [alarm_answer(self._site, alarm).model_dump(mode="json") for alarm in self._view.alarms()]
        decides = said_in_both(self._site, self._view.decides()).model_dump()
        rest = {"alarms": alarms, "price": price_now(self._view), "decides": decides}
        self._rest.take(rest | {"taken": len(self._view.desk.taken())}, self.number)
        self._always |= {
            "tick": self._tick,
            "at": now.timestamp(),
            "speed": self._view.speed,
            "health": {h.name: [h.state, None if h.age_s is None else round(h.age_s, 1)] for h in self._view.health()},
        }

    def message(self, since: int) -> bytes:
        """Everything that changed after refresh `since`; -1 gives the whole state."""
        if since not in self._encoded:
            body = {**self._always, "points": self._points.since(since), **self._rest.since(since)}
            held = self._held.since(since)
            if since < 0:
                held = {point: command for point, command in held.items() if command is not None}
            if held or since < 0:
                body["held"] = held
            name = "full" if since < 0 else "delta"
            text = json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            self._encoded[since] = f"event: {name}\nid: {self.number}\ndata: {text}\n\n".encode()
        return self._encoded[since]

    def _take_points(self, points: Sequence[PointView]) -> None:
        read = {p.id: p.at.timestamp() for p in points if p.at is not None}
        newest: dict[str, float] = {}
        for point, at in read.items():
            connection = self._connection[point]
            newest[connection] = max(at, newest.get(connection, at))
        together = WITH_CONNECTION_S * self._view.speed
        rows: dict[str, list[Any]] = {}
        for p in points:
            at = read.get(p.id, 0.0)
            own = None if at and newest[self._connection[p.id]] - at <= together else round(at, 1)
            rows[p.id] = [rounded(p.value, p.unit), p.quality, own]
            if p.quality != "good":
                rows[p.id].append(rounded(p.last_value, p.unit))
        self._points.take(rows, self.number)
        self._always["connections"] = {key: round(at, 1) for key, at in newest.items()}

    def _held_now(self) -> dict[str, Any]:
        """Commands in force as JSON; sentences are made again only for commands that are not those of last time."""
        now: dict[str, tuple[Any, dict[str, Any]]] = {}
        for held in self._view.held():
            key = (held.value, held.source, held.priority, held.since, held.reason.code, dict(held.reason.facts))
            before = self._held_source.get(held.point)
            if before is not None and before[0] == key:
                now[held.point] = before
            else:
                answer = held_answer(self._site, held).model_dump(mode="json", exclude={"point", "expires_at", "facts"})
                now[held.point] = (key, answer)
        self._held_source = now
        return {point: answer for point, (_, answer) in now.items()}


async def stream(view: SiteView, feed: Feed) -> AsyncGenerator[bytes, None]:
    """The stream of one listener, until the site's ticks end or the listener goes."""
    ticks = aiter(view.ticks())
    feed.refresh(None)
    yield RETRY + feed.message(-1)
    seen = feed.number
    waiting: asyncio.Future[int] | None = None
    try:
        while True:
            waiting = waiting or asyncio.ensure_future(anext(ticks))
            done, _ = await asyncio.wait({waiting}, timeout=KEEP_ALIVE_S)
            if not done:
                yield KEEP_ALIVE
                continue
            try:
                feed.refresh(waiting.result())
            except StopAsyncIteration:
                return
            finally:
                waiting = None
            yield feed.message(seen)
            seen = feed.number
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait({waiting})
        if hasattr(ticks, "aclose"):
            await ticks.aclose()
