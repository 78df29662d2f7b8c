"""Who holds a writable point: sixteen priority slots with source and expiry, as BACnet has them, for every protocol.

The lowest number that holds a value wins. A slot is given back by relinquishing it or by letting it expire; a point
whose slots are all empty falls to the `relinquish` value of its profile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from models.signals import Command

SLOTS = 16


class Level(IntEnum):
    """The slots that have a meaning here; the others stay free for equipment that brings its own."""

    MANUAL_LIFE_SAFETY = 1
    CRITICAL = 5
    """The guard: hygiene, frost, machine protection."""
    OPERATOR = 8
    OPTIMISER = 10
    RULES = 12
    DEFAULT = 16


@dataclass(frozen=True, slots=True)
class PriorityArray:
    """The slots of one point, each holding the command that filled it. Immutable: every change gives a new array."""

    slots: Mapping[int, Command] = field(default_factory=dict)

    def taken(self, command: Command) -> "PriorityArray":
        """The array after this command: its slot filled, or given back when its value is None.

        ValueError when there is no such slot.
        """
        if not 1 <= command.priority <= SLOTS:
            raise ValueError(f"{command.point}: priority {command.priority} is not within 1 (highest) .. {SLOTS}")
        slots = dict(self.slots)
        if command.value is None:
            slots.pop(command.priority, None)
        else:
            slots[command.priority] = command
        return PriorityArray(slots)

    def expire(self, now: datetime) -> "PriorityArray":
        """The array without the slots whose time has come; the same object when there are none."""
        living = self._living(now)
        return self if len(living) == len(self.slots) else PriorityArray(living)

    def winner(self, now: datetime) -> Command | None:
        """The command that holds the point at `now`; None when nobody does."""
        living = self._living(now)
        return living[min(living)] if living else None

    def _living(self, now: datetime) -> dict[int, Command]:
        return {priority: command for priority, command in self.slots.items() if command.expires_at > now}

    def held_by(self, now: datetime) -> str | None:
        """Who holds the point at `now`, as 'source@priority'; None when nobody does."""
        winner = self.winner(now)
        return f"{winner.source}@{winner.priority}" if winner else None
