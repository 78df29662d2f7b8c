"""How long somebody who guesses has to wait: twice as long after each wrong try. Pure; times are wall time [s].

A try counts when it begins and is forgiven when it succeeds, so that many at once gain nothing. Waits for one account
stay short, because anybody may cause them; those for one address may be long.
"""

from dataclasses import dataclass, field
from typing import Final

MOST_KEYS: Final = 10_000


@dataclass(slots=True)
class Backoff:
    """Tries by key (an account or an address)."""

    free: int
    """Tries without any wait."""
    longest_s: float
    forget_s: float = 3600.0
    """Without a try for so long, the key starts afresh."""
    _tries: dict[str, tuple[int, float]] = field(default_factory=dict)
    """How many, and when the last one began."""

    def wait_s(self, key: str, now_s: float) -> float:
        """How long the next try has to wait; 0 when it may begin."""
        count, last_s = self._tries.get(key, (0, now_s))
        if count < self.free or now_s - last_s > self.forget_s:
            return 0.0
        pause_s = min(2.0 ** (count - self.free), self.longest_s)
        return max(0.0, last_s + pause_s - now_s)

    def begin(self, key: str, now_s: float) -> None:
        """A try begins."""
        count, last_s = self._tries.pop(key, (0, now_s))
        if now_s - last_s > self.forget_s:
            count = 0
        while len(self._tries) >= MOST_KEYS:
            del self._tries[next(iter(self._tries))]
        self._tries[key] = (min(count + 1, 64), now_s)

    def forgive(self, key: str) -> None:
        """All is forgotten."""
        self._tries.pop(key, None)

    def undo(self, key: str) -> None:
        """The last try does not count."""
        count, last_s = self._tries.get(key, (0, 0.0))
        if count > 1:
            self._tries[key] = (count - 1, last_s)
        else:
            self._tries.pop(key, None)
