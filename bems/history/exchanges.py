"""Which of the exchanges of one meter that were told count: those that nobody put right later. Pure.

What was told later stands in the place of everything told before whose time is within six hours of its own, which is
how well people note times (bems.history.counters.NOTED_MS). An entry without readings takes back what it stands for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bems.history.counters import NOTED_MS
from bems.history.rows import Exchange


def standing(at_ms: Sequence[int]) -> list[int]:
    """Places of those that nothing stands in the place of; `at_ms` are times of one meter, in the order of telling."""
    return [
        place for place, at in enumerate(at_ms) if not any(abs(later - at) <= NOTED_MS for later in at_ms[place + 1 :])
    ]


def counting(told: Sequence[tuple[int, Mapping[str, Any]]]) -> tuple[Exchange, ...]:
    """Of (time, data of its event), in the order of telling."""
    kept = (told[place] for place in standing([at_ms for at_ms, _ in told]))
    return tuple(
        Exchange(at_ms, float(data["last"]), float(data["first"])) for at_ms, data in kept if data["last"] is not None
    )
