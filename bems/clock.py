"""The one clock: site time for control, staleness and history; wall time for polls, time-outs and back-off.

On a real site the two run alike. In the demo site time is accelerated, and the simulator, a process of its own, must
agree with it: both derive it from the machine's monotonic clock, which all processes share.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the loop needs to know about time."""

    @property
    def speed(self) -> float:
        """Site seconds per wall second."""
        ...

    def now(self) -> datetime:
        """Site time, UTC."""
        ...


class RealClock:
    """Site time is the machine's UTC."""

    speed = 1.0

    def now(self) -> datetime:
        """Site time, UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class AcceleratedClock:
    """Site time runs `speed` times as fast as wall time, from `start` at monotonic time `epoch_s`."""

    start: datetime
    speed: float
    epoch_s: float

    def now(self) -> datetime:
        """Site time, UTC."""
        return self.start + timedelta(seconds=(wall_s() - self.epoch_s) * self.speed)


def wall_s() -> float:
    """Monotonic wall time [s]; only differences mean anything."""
    return time.monotonic()
