"""What waits to be told: for each topic only the newest word, so that an outage of weeks needs no more room than a day.

Pure, but for the fields it keeps. What must be told in full, in order, is not kept here but followed in the record.
"""

from collections.abc import Iterable, Mapping


class Outbox:
    """The newest word on each topic, and on which of them it has still to be told."""

    def __init__(self) -> None:
        self.words: dict[str, bytes] = {}
        """The newest word by topic; empty: what the broker keeps is to be forgotten."""
        self._waiting: dict[str, None] = {}
        """A set that keeps its order."""
        self._resting: dict[str, None] = {}

    def say(self, words: Mapping[str, bytes], *, rest: bool = False) -> None:
        """Take new words. Those that `rest` wait for `wake`; what is no news is left out."""
        for topic, word in words.items():
            if self.words.get(topic) == word:
                continue
            self.words[topic] = word
            if rest and topic not in self._waiting:
                self._resting[topic] = None
            else:
                self._resting.pop(topic, None)
                self._waiting[topic] = None

    def wake(self) -> None:
        """Let what rests be told."""
        self._waiting |= self._resting
        self._resting.clear()

    def say_all_again(self) -> None:
        """A broker that was away may have forgotten everything."""
        self._resting.clear()
        self._waiting = dict.fromkeys(self.words)

    def take(self, most: int) -> list[tuple[str, bytes]]:
        """Up to so many words to be told now; give those back that could not be told."""
        topics = list(self._waiting)[:most]
        for topic in topics:
            del self._waiting[topic]
        return [(topic, self.words[topic]) for topic in topics]

    def give_back(self, topics: Iterable[str]) -> None:
        """They have still to be told."""
        self._waiting |= dict.fromkeys(topics)

    def __len__(self) -> int:
        return len(self._waiting)
