"""Who holds which writable point, and what therefore has to be written: the priority arrays and their wires.

A command that is not renewed expires; a point nobody holds is given back to its device. A write counts when its
read-back proves it, is tried again when it failed, and is renewed in time where the device has a watchdog. A value that
later differs from what we wrote is somebody else's doing: reported once, and respected until our own wish changes.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from models.priority import PriorityArray
from models.signals import Command, Quality, Reading, Write, WriteResult
from models.site import Site

RETRY_S: Final = 5.0
"""Wall time after which a failed or unanswered write is tried again [s]."""


@dataclass(frozen=True, slots=True)
class Written:
    """The last write to a point: what was asked, and whether the device was seen to hold it."""

    value: float | None
    priority: int
    asked_s: float
    proven: bool = False
    proven_s: float = 0.0
    error: str | None = None
    changed_outside: bool = False


class Outputs:
    """Priority arrays of all writable points. Times ending in `_s` are monotonic wall seconds."""

    def __init__(self, site: Site) -> None:
        self._points = {p.id: p for p in site.points.values() if p.writable}
        self._protocol = {c.id: c.protocol for c in site.connections}
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
            if (before and (before.value, before.source)) != (after and (after.value, after.source)):
                self._since[command.point] = now

    def expire(self, now: datetime) -> None:
        """Empty the slots whose time is over."""
        for point, array in self._arrays.items():
            kept = array.expire(now)
            if kept is not array:
                self._arrays[point] = kept
                self._since[point] = now

    def release_all(self) -> None:
        """Empty every slot: the plant gets its points back."""
        self._arrays = {point: PriorityArray() for point in self._points}

    def held_by(self, point: str, now: datetime) -> str | None:
        """'source@priority' of whoever holds the point; None when nobody does, or nobody can."""
        array = self._arrays.get(point)
        return array.held_by(now) if array else None

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
            connection = self._points[point].device.connection
            if connection not in reachable:
                continue
            needed = self._needed(point, array.winner(now), wall_s)
            if needed:
                writes.setdefault(connection, []).extend(needed)
                before, last = self._written.get(point), needed[-1]
                self._written[point] = Written(last.value, last.priority, wall_s)
                holder = array.winner(now)
                if holder is not None and (before is None or before.value != last.value):
                    self._changed.append(holder)
        return writes

    def take_changed(self) -> list[Command]:
        """The commands whose value was sent as a change since the last call; renewals and repeats wear nothing."""
        changed, self._changed = self._changed, []
        return changed

    def _needed(self, point: str, wanted: Command | None, wall_s: float) -> list[Write]:
        written = self._written.get(point)
        if wanted is None:
            if written is None or (written.value is None and (written.proven or wall_s - written.asked_s < RETRY_S)):
                return []
            return [Write(point, None, written.priority)]
        now_wanted = Write(point, wanted.value, wanted.priority)
        if written is None or written.value is None:
            return [now_wanted]
        if (written.value, written.priority) != (wanted.value, wanted.priority):
            moved = written.priority != wanted.priority
            bacnet = self._protocol[self._points[point].device.connection] == "bacnet"
            give_back = [Write(point, None, written.priority)] if moved and bacnet else []
            return [now_wanted] if not moved or not bacnet else [*give_back, now_wanted]
        rule = self._points[point].spec.write
        assert rule is not None
        if written.proven:
            tired = rule.refresh_s is not None and wall_s - written.proven_s >= rule.refresh_s
            return [now_wanted] if tired and not written.changed_outside else []
        return [now_wanted] if wall_s - written.asked_s >= RETRY_S else []

    def confirm(self, results: Iterable[WriteResult], wall_s: float) -> None:
        """Take the drivers' reports in. A result without success leaves the write to be tried again."""
        for result in results:
            written = self._written.get(result.point)
            if written is not None:
                self._written[result.point] = replace(
                    written, proven=result.ok, proven_s=wall_s, error=None if result.ok else result.error
                )

    def forget(self, points: Iterable[str]) -> None:
        """The device was lost: what it holds is unknown, so what is wanted is written again when it is back."""
        for point in points:
            if (written := self._written.get(point)) is not None and written.value is not None:
                self._written[point] = replace(written, proven=False)
            else:
                self._written.pop(point, None)

    def outside_changes(self, picture: Mapping[str, Reading]) -> list[tuple[str, float, float]]:
        """Points seen to hold another value than the one proven: (point, ours, theirs), each reported once."""
        found = []
        for point, written in self._written.items():
            reading = picture[point]
            if not written.proven or written.value is None or written.changed_outside:
                continue
            if reading.quality is not Quality.GOOD or reading.value is None:
                continue
            rule = self._points[point].spec.write
            assert rule is not None
            tolerance = max(rule.step, rule.min_change, 1e-3 * max(1.0, abs(written.value)))
            if abs(reading.value - written.value) > tolerance:
                self._written[point] = replace(written, changed_outside=True)
                found.append((point, written.value, reading.value))
        return found
