"""How far a feed has come: kept in the record itself, so that it survives whatever the samples survive."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Self

from bems.history.query import History
from bems.history.times import to_ms

KEPT_ASIDE: Final = 200
"""Refused samples that are told one by one; all are counted, and all stay in the record."""


@dataclass(frozen=True)
class Aside:
    """A sample that was not sent, or not taken, and why. Times as ISO 8601, UTC."""

    point: str
    at: str
    value: float | None
    reason: str
    noticed: str
    """Site time at which it was set aside."""


@dataclass(frozen=True)
class Progress:
    """What a feed knows after a batch; saved in one piece, once its target has acknowledged the batch."""

    target: str
    """Which one; a feed to another one begins anew."""
    cursor: int = 0
    """Tick of the record up to which everything was dealt with."""
    sent_to: str | None = None
    """Time of the newest sample that was sent, ISO 8601, UTC."""
    sent: int = 0
    too_old: int = 0
    """Samples that the target would not keep."""
    aside: int = 0
    newest_aside: Sequence[Aside] = ()
    memory: dict[str, object] = field(default_factory=dict)
    """Of models.outgoing.Outflow. Personal: it stays in the record."""
    trouble: str | None = None
    """What stands in the way now, for people."""
    trouble_since: str | None = None

    @classmethod
    def from_state(cls, state: Any, target: str) -> Self:
        """From what the record gives back; a new one when it is of another target, or of another version."""
        if not isinstance(state, dict) or state.get("target") != target:
            return cls(target)
        try:
            aside = tuple(Aside(**entry) for entry in state.get("newest_aside", ()))
            return cls(**{**state, "newest_aside": aside})
        except TypeError:
            return cls(target)

    def as_state(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    def with_aside(self, refused: Sequence[Aside]) -> Self:
        """With these set aside, too."""
        newest = (*self.newest_aside, *refused)[-KEPT_ASIDE:]
        return replace(self, aside=self.aside + len(refused), newest_aside=newest)


def cursor_at(history: History, at: datetime) -> int:
    """The cursor after which the first sample from `at` on comes; the end of the record when there is none.

    A sample that came late, among others from `at` on, lies behind it, too.
    """
    wanted = to_ms(at)
    low, high = 0, 1
    while (found := _before(history, high, wanted)) is not None:
        low, high = found, 2 * found
    while low < high:
        middle = (low + high) // 2
        found = _before(history, middle, wanted)
        low, high = (low, middle) if found is None else (found, high)
    return low


def _before(history: History, cursor: int, wanted_ms: int) -> int | None:
    """The cursor behind the next samples after `cursor` when all of them are before the time wanted, else None."""
    ticks = history.ticks_after(cursor, 1)
    if len(ticks) == 0 or int(ticks.at_ms.max()) >= wanted_ms:
        return None
    return ticks.cursor
