"""What waits to be told: for each topic only the newest word, so that an outage of weeks needs no more room than a day.

What must be told in full, in order, is not kept here but followed in the record.
"""

from collections.abc import Mapping


class Outbox:
    """The newest word on each topic, and on which of them it has still to be told."""

    def __init__(self) -> None:
        self.words: dict[str, bytes] = {}
        """The newest word by topic."""
        self._waiting: dict[str, None] = {}
        """A set that keeps its order."""

    def say(self, words: Mapping[str, bytes]) -> None:
        """Take new words; what is no news is left out."""
        for topic, word in words.items():
            if self.words.get(topic) != word:
                self.words[topic] = word
                self._waiting[topic] = None

    def say_all_again(self) -> None:
        """A broker that was away may have forgotten everything."""
        self._waiting = dict.fromkeys(self.words)

    def take(self) -> tuple[str, bytes] | None:
        """A topic and its word, to be told now; give the topic back when that fails. None when nothing waits."""
        topic = next(iter(self._waiting), None)
        if topic is None:
            return None
        del self._waiting[topic]
        return topic, self.words[topic]

    def give_back(self, topic: str) -> None:
        """It has still to be told."""
        self._waiting[topic] = None

    def __len__(self) -> int:
        return len(self._waiting)
