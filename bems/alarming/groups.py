"""Alarms by what they have in common, so that a person reads one line a cause instead of one an alarm."""

from collections.abc import Iterable
from dataclasses import dataclass

from bems.alarming.board import Board, Entry
from bems.alarming.fold import RANK, Sheets, chain
from models.alarming import Severity


@dataclass(frozen=True, slots=True)
class Group:
    """One cause, as far as it is known, and what came with it."""

    first: Entry
    others: tuple[Entry, ...] = ()

    @property
    def severity(self) -> Severity:
        """The highest class among them."""
        return min((entry.condition.severity for entry in (self.first, *self.others)), key=RANK.__getitem__)


def groups(board: Board, sheets: Sheets, entries: Iterable[Entry] | None = None) -> list[Group]:
    """The alarms by cause, the most urgent first.

    An alarm that another one explains stands with that one. In a flood all alarms of one connection stand together, and
    the first of them, which is most likely the cause, stands for them.
    """
    members: dict[str, list[Entry]] = {}
    for entry in board.entries.values() if entries is None else entries:
        members.setdefault(_key(board, sheets, entry), []).append(entry)
    found = [_group(key, known) for key, known in members.items()]
    return sorted(found, key=lambda group: (RANK[group.severity], group.first.raised_at, group.first.condition.id))


def _key(board: Board, sheets: Sheets, entry: Entry) -> str:
    root = chain(board.entries, entry.condition.id)[-1]
    cause = board.entries.get(root, entry)
    if board.flood is None:
        return cause.condition.id
    return f"connection.{sheets.connection(cause.condition)}" if sheets.connection(cause.condition) else root


def _group(key: str, known: list[Entry]) -> Group:
    """Of those with the same key: the one it names, else the first."""
    ordered = sorted(known, key=lambda e: (e.condition.id != key, e.suppressed_by is not None, e.raised_at))
    return Group(ordered[0], tuple(ordered[1:]))
