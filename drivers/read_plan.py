"""Which Modbus requests read a set of points: as few as the device allows. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final, NamedTuple

from models.point import ModbusPoint

BITS_PER_WORD: Final = 16
"""A request for bits may be this many times longer than one for words (2000 against 125)."""


@dataclass(frozen=True, slots=True)
class Block:
    """One read request: `count` words or bits of `table` from `address`, and the points it brings."""

    table: str
    address: int
    count: int
    points: tuple[ModbusPoint, ...]


class Span(NamedTuple):
    """Words that must be read; `point` is None for the word of a scale factor."""

    address: int
    words: int
    point: ModbusPoint | None


def _spans(points: Iterable[ModbusPoint], table: str) -> list[Span]:
    mine = [point for point in points if point.table == table]
    spans = [Span(point.address, point.words, point) for point in mine]
    factors = {point.scale_factor_at for point in mine if point.scale_factor_at is not None}
    return sorted(spans + [Span(address, 1, None) for address in factors], key=itemgetter(0))


def _runs(spans: Sequence[Span], longest: int, max_gap: int) -> list[list[Span]]:
    runs: list[list[Span]] = []
    end = 0
    for span in spans:
        last = span.address + span.words
        if runs and span.address - end <= max_gap and last - runs[-1][0].address <= longest:
            runs[-1].append(span)
        else:
            runs.append([span])
        end = last
    return runs


def layout(points: Sequence[ModbusPoint], max_words: int, max_gap: int) -> list[tuple[Block, list[Span]]]:
    """The requests of `read_plan`, each with what stands where in its reply."""
    requests = []
    for table in ("coil", "discrete", "input", "holding"):
        longest = max_words * BITS_PER_WORD if table in ("coil", "discrete") else max_words
        for run in _runs(_spans(points, table), longest, max_gap):
            count = run[-1].address + run[-1].words - run[0].address
            brought = tuple(span.point for span in run if span.point is not None)
            requests.append((Block(table, run[0].address, count, brought), run))
    return requests


def read_plan(points: Sequence[ModbusPoint], max_words: int, max_gap: int = 0) -> tuple[Block, ...]:
    """The fewest requests that read `points` (which must not overlap) and the scale factors they need.

    No request exceeds `max_words` words (or 16 times as many bits), or bridges more than `max_gap` unused addresses.
    """
    return tuple(block for block, _ in layout(points, max_words, max_gap))
