"""What a calculation found out: a number, how much it rests on, and why there is none where there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""One number for each step of time; NaN is a gap."""

ENOUGH: Final = 0.9
"""A sum or mean is stated when at least this part of what it is over is known; what is missing is taken to be like it
only where a docstring says so."""


class Why(StrEnum):
    """Why a number is not known."""

    NOT_MEASURED = "not_measured"
    """The site has no meter or sensor for it."""
    NO_DATA = "no_data"
    """Nothing is known of the period."""
    GAPS = "gaps"
    """Too little of the period is known."""
    TOO_SHORT = "too_short"
    """The period has too few weeks, months or hours for the method."""
    NOTHING_RAN = "nothing_ran"
    """What would be divided by is nothing: the machine stood still, the sun did not shine."""
    NO_OCCASION = "no_occasion"
    """The state that would show it did not occur often enough."""
    NO_SPREAD = "no_spread"
    """Outdoor temperatures were too much alike to tell a dependence."""
    NO_FACTOR = "no_factor"
    """No factor, price or normal is given for the time."""
    NOT_SIGNIFICANT = "not_significant"
    """The data cannot tell it from nothing."""


@dataclass(frozen=True, slots=True)
class Known:
    """A number, or why there is none. The name of the field that holds it carries the unit.

    ValueError when it has neither or both.
    """

    value: float | None
    coverage: float | None = None
    """Part of what it is over that is known, 0 .. 1; None where that means nothing."""
    why: Why | None = None
    """None exactly when there is a value."""
    interval: tuple[float, float] | None = None
    """Ends of the 95 % confidence interval, where the method gives one."""

    def __post_init__(self) -> None:
        if (self.value is None) != (self.why is not None):
            raise ValueError("either a value or the reason why there is none")

    @classmethod
    def missing(cls, why: Why, coverage: float | None = None) -> Self:
        """Nothing, and why."""
        return cls(None, coverage, why)


def known_sum(values: Array, least: float = 1.0) -> Known:
    """The sum of what is known; GAPS when less than `least` (0 .. 1) of the steps is. Nothing is filled in."""
    return _over(values, least, lambda some: float(some.sum()))


def known_mean(values: Array, least: float = ENOUGH) -> Known:
    """The mean of what is known; GAPS when less than `least` (0 .. 1) of the steps is."""
    return _over(values, least, lambda some: float(some.mean()))


def added(*parts: Known) -> Known:
    """The sum, on the lowest coverage; missing as soon as one of the parts is."""
    lacking = next((part for part in parts if part.value is None), None)
    shares = [part.coverage for part in parts if part.coverage is not None]
    coverage = min(shares) if shares else None
    if lacking is not None:
        return Known(None, coverage, lacking.why)
    return Known(sum(part.value for part in parts if part.value is not None), coverage)


def minus(one: Known) -> Known:
    """The same below zero."""
    return one if one.value is None else Known(-one.value, one.coverage)


def quotient(above: Known, below: Known, scale: float = 1.0) -> Known:
    """`above` over `below` times `scale`, on the lower coverage; what is missing in either is missing here."""
    shares = [one.coverage for one in (above, below) if one.coverage is not None]
    coverage = min(shares) if shares else None
    for one in (above, below):
        if one.why is not None:
            return Known.missing(one.why, coverage)
    assert above.value is not None  # no reason, so a value
    assert below.value is not None
    if below.value <= 0:
        return Known.missing(Why.NOTHING_RAN, coverage)
    return Known(scale * above.value / below.value, coverage)


def _over(values: Array, least: float, reckon: Callable[[Array], float]) -> Known:
    some = values[~np.isnan(values)]
    if not len(some):
        return Known.missing(Why.NO_DATA, 0.0)
    coverage = len(some) / len(values)
    if coverage < least:
        return Known.missing(Why.GAPS, coverage)
    return Known(reckon(some), coverage)
