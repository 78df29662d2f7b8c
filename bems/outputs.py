"""Who holds which writable point, and what therefore has to be written: the priority arrays and their wires.

A command that is not renewed expires; a point nobody holds is given back to its device. A write counts when its
read-back proves it, is tried again when it failed, and is renewed in time where the device has a watchdog. A value that
later differs from what we wrote is somebody else's doing: reported once, and respected until our own wish changes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from models.field import SitePoint
from models.point import INTEGER_RANGE, ModbusPoint, WriteRule
from models.priority import PriorityArray
from models.signals import Command, Reading, Write, WriteResult
from models.site import Site

RETRY_S: Final = 5.0
"""Wall time after which a failed or unanswered write is tried again [s]; doubled with every further failure."""
LONGEST_RETRY_S: Final = 300.0
MOST_DOUBLINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Written:
    """The last wish sent to a device, and how far the device was seen to follow it."""

    wish: Write
    asked_s: float
    open: frozenset[Write]
    """What is not proven yet: the wish itself, and slots (BACnet) that earlier wishes filled."""
    waiting: bool = True
    """Whether an answer can still come; one that was on its way when the device was lost proves nothing."""
    repeats: int = 0
    proven_s: float = 0.0
    proven_at: datetime | None = None
    """Site time from which on a reading of the point speaks of this wish; None until the tick after the proof."""
    error: str | None = None
    changed_outside: bool = False

    @property
    def retry_s(self) -> float:
        """How long an answer, or the next try, is waited for [s]."""
        return min(LONGEST_RETRY_S, RETRY_S * 2.0 ** min(self.repeats, MOST_DOUBLINGS))


class Outputs:
    """Priority arrays of all writable points. Times ending in `_s` are monotonic wall seconds."""

    def __init__(self, site: Site) -> None:
        protocol = {c.id: c.protocol for c in site.connections}
        self._points = {p.id: p for p in site.points.values() if p.writable}
        self._has_slots = {p: protocol[point.device.connection] == "bacnet" for p, point in self._points.items()}
        self._arrays = {point: PriorityArray() for point in self._points}
        self._since: dict[str, datetime] = {}
        self._written: dict[str, Written] = {}
        self._changed: list[Command] = []

    def apply(self, commands: Iterable[Command], now: datetime) -> None:
        """Fill and empty slots; KeyError for a point that is not writable."""
        for command in commands:
            before = self._arrays[command.point].winner(now)
            self._arrays[command.point] = self._arrays[command.point].taken(command)
            after = self._arrays[command.point].winner(now)
            self._note_change(command.point, before, after, now)

    def expire(self, now: datetime) -> None:
        """Empty the slots whose time is over."""
        for point, array in self._arrays.items():
            kept = array.expire(now)
            if kept is not array:
                before = array.slots[min(array.slots)]
                self._arrays[point] = kept
                self._note_change(point, before, kept.winner(now), now)

    def _note_change(self, point: str, before: Command | None, after: Command | None, now: datetime) -> None:
        if (before and (before.value, before.source)) != (after and (after.value, after.source)):
            self._since[point] = now

    def remember(self, points: Iterable[str], priority: int) -> None:
        """At a start: these points may still hold at `priority` what was written before it, for all we know."""
        for point in points:
            if point in self._points and point not in self._written:
                left = Write(point, self._rule(point).relinquish, priority)
                self._written[point] = Written(left, float("-inf"), frozenset({left}), waiting=False)

    def may_hold(self, point: str, priority: int) -> bool:
        """Whether the device may hold something of ours at this priority: until its give-back is proven."""
        written = self._written.get(point)
        if written is None:
            return False
        slots = {written.wish.priority} if written.wish.value is not None else set()
        return priority in slots | {write.priority for write in written.open}

    def release_all(self) -> None:
        """Empty every slot: the plant gets its points back."""
        self._arrays = {point: PriorityArray() for point in self._points}

    def held_by(self, point: str, now: datetime) -> str | None:
        """'source@priority' of whoever holds the point; None when nobody does, or nobody can."""
        array = self._arrays.get(point)
        return array.held_by(now) if array else None

    def writable(self, point: str) -> bool:
        """Whether there is anything to hold."""
        return point in self._points

    def slots(self, point: str, now: datetime) -> dict[int, Command]:
        """Who asks for the point, by priority; empty for one that is not writable."""
        array = self._arrays.get(point)
        return {} if array is None else {p: c for p, c in sorted(array.slots.items()) if c.expires_at > now}

    def held(self, now: datetime) -> dict[str, tuple[Command, datetime]]:
        """Every held point with its command and since when (site time) it has this value from this source."""
        return {
            point: (winner, self._since[point])
            for point, array in self._arrays.items()
            if (winner := array.winner(now)) is not None
        }

    def error(self, point: str) -> str | None:
        """What went wrong with the last write to the point, None when nothing did."""
        written = self._written.get(point)
        return written.error if written else None

    def due(self, now: datetime, wall_s: float, reachable: Collection[str]) -> dict[str, list[Write]]:
        """Writes to be sent now, by connection, to those that are reachable; they count as asked from here on."""
        writes: dict[str, list[Write]] = {}
        for point, array in self._arrays.items():
            before, holder = self._written.get(point), array.winner(now)
            if before is not None and not before.open and before.proven_at is None:
                before = self._written[point] = replace(before, proven_at=now)
            connection = self._points[point].device.connection
            if connection not in reachable:
                continue
            after = self._asked(point, before, holder, wall_s)
            if after is None:
                continue
            self._written[point] = after
            # The new slot is filled before an old one is emptied, so that the device never falls back in between.
            writes.setdefault(connection, []).extend(sorted(after.open, key=lambda write: write != after.wish))
            if holder is not None and (before is None or before.wish.value != holder.value):
                self._changed.append(holder)
        return writes

    def effective(self, now: datetime) -> dict[str, float]:
        """What each point that was ever written is meant to hold now, those given back included."""
        held = {point: self._arrays[point].winner(now) for point in self._written}
        return {
            point: self._rule(point).relinquish if winner is None or winner.value is None else winner.value
            for point, winner in held.items()
        }

    def take_changed(self) -> list[Command]:
        """The commands whose value was sent as a change since the last call, for the record."""
        changed, self._changed = self._changed, []
        return changed

    def _asked(self, point: str, written: Written | None, holder: Command | None, wall_s: float) -> Written | None:
        """What is asked of the device now; None when there is nothing to ask."""
        if written is None:
            wish = None if holder is None else Write(point, holder.value, holder.priority)
            return None if wish is None else Written(wish, wall_s, frozenset({wish}))
        wish = Write(point, None, written.wish.priority)
        if holder is not None:
            wish = Write(point, holder.value, holder.priority)
        if not self._same(wish, written.wish):
            return Written(wish, wall_s, frozenset({wish, *self._left_behind(wish, written)}))
        if written.open:
            again = replace(written, asked_s=wall_s, waiting=True, repeats=written.repeats + 1)
            return again if wall_s - written.asked_s >= written.retry_s else None
        refresh_s = self._rule(point).refresh_s
        tired = refresh_s is not None and wall_s - written.proven_s >= refresh_s
        if tired and wish.value is not None and not written.changed_outside:
            return Written(wish, wall_s, frozenset({wish}))
        return None

    def _same(self, one: Write, other: Write) -> bool:
        """Whether the device would notice no difference: only BACnet devices know of priorities."""
        return one.value == other.value and (one.priority == other.priority or not self._has_slots[one.point])

    def _left_behind(self, wish: Write, written: Written) -> set[Write]:
        """Give-backs of the slots in the device that earlier wishes filled and this one does not."""
        if not self._has_slots[wish.point]:
            return set()
        filled = {write.priority for write in written.open}
        if written.wish.value is not None:
            filled.add(written.wish.priority)
        return {Write(wish.point, None, priority) for priority in filled - {wish.priority}}

    def _rule(self, point: str) -> WriteRule:
        rule = self._points[point].spec.write
        assert rule is not None  # writable points only
        return rule

    def confirm(self, results: Iterable[WriteResult], wall_s: float) -> None:
        """Take the drivers' reports in. A result without success leaves the write to be tried again."""
        for result in results:
            written = self._written.get(result.point)
            answered = result.write or (written and written.wish)
            if written is None or not written.waiting or answered not in written.open:
                continue  # of an older wish, or from before a loss
            if not result.ok:
                self._written[result.point] = replace(written, error=result.error)
                continue
            left = written.open - {answered}
            error = written.error if left else None
            self._written[result.point] = replace(written, open=left, error=error, proven_s=wall_s, proven_at=None)

    def forget(self, points: Iterable[str]) -> None:
        """The device was lost: what it holds is unknown, so what is wanted is written again when it is back."""
        for point in points:
            written = self._written.get(point)
            if written is None:
                continue
            if written.open or written.wish.value is not None:
                left = written.open or frozenset({written.wish})
                self._written[point] = replace(written, open=left, waiting=False, repeats=0, changed_outside=False)
            else:
                del self._written[point]

    def outside_changes(self, picture: Mapping[str, Reading]) -> list[tuple[str, float, float]]:
        """Points seen to hold another value than the one proven: (point, ours, theirs), each reported once."""
        found = []
        for point, written in self._written.items():
            reading, ours = picture[point], written.wish.value
            if ours is None or written.open or written.changed_outside or written.proven_at is None:
                continue
            if reading.value is None or reading.at is None or reading.at <= written.proven_at:
                continue
            tolerance = _tolerance(self._points[point], ours)
            if abs(reading.value - ours) <= tolerance:
                continue
            rule = self._rule(point)
            if rule.refresh_s is not None and abs(reading.value - rule.relinquish) <= tolerance:
                # Nobody's doing: its watchdog ran out, because we were late.
                self._written[point] = replace(written, open=frozenset({written.wish}))
            else:
                self._written[point] = replace(written, changed_outside=True)
                found.append((point, ours, reading.value))
        return found


def _tolerance(point: SitePoint, value: float) -> float:
    """How far a reading may be from the value written and still be the same: half of what the device resolves."""
    spec = point.spec
    step = spec.write.step if spec.write is not None else 0.0
    if isinstance(spec, ModbusPoint) and spec.form in INTEGER_RANGE:
        step = max(step, abs(spec.scale))
    return max(0.501 * step, 1e-3 * max(1.0, abs(value)))
