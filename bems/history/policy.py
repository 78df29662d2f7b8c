"""Which samples are worth storing: devices are read every second, the record needs not keep all of it.

- What changes its quality, a state, a flag, a count or a set point is stored at once, and every ten minutes all the
  same, so that a value that holds is told from a gap (`History.aggregated` lets a value hold for fifteen minutes).
- Analog values and counters are stored once in every slot of `every_s` of the clock, changed or not. Slots, so that all
  points of a minute lie in one tick or two, and at the same times: that is read faster and packs better.
- An analog value that moved by a lot (`BIG_STEP`) is stored at once, at most every few seconds.

So at any moment the value that holds in the record is less than a big step from what was read last.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

from models.field import SitePoint
from models.signals import Quality, Sample
from models.units import Unit

STILL_S: Final = 600.0
"""States, flags, counts, set points and what has no value are stored at least so often."""
RESTLESS_S: Final = 5.0
"""Big steps of one point are stored at most so often."""


class Step(NamedTuple):
    """A big step: more than `least`, in the unit, and more than this share of the value before."""

    least: float
    share: float = 0.0


AT_ONCE: Final = Step(0.0)
NEVER: Final = Step(float("inf"))

BIG_STEP: Final[Mapping[Unit, Step]] = {
    Unit.DEGC: Step(1.0),
    Unit.KELVIN: Step(1.0),
    Unit.PCT: Step(10.0),
    Unit.KW: Step(2.0, 0.1),
    Unit.KWH: NEVER,
    Unit.VOLT: Step(5.0),
    Unit.AMPERE: Step(5.0, 0.1),
    Unit.HERTZ: Step(0.2),
    Unit.RPM: Step(100.0, 0.1),
    Unit.HOUR: NEVER,
    Unit.SECOND: NEVER,
    Unit.M3: NEVER,
    Unit.M3_PER_H: Step(0.5, 0.1),
    Unit.L_PER_MIN: Step(3.0, 0.1),
    Unit.L_PER_H: Step(180.0, 0.1),
    Unit.PPM: Step(100.0),
    Unit.LUX: Step(50.0, 0.2),
    Unit.W_PER_M2: Step(100.0),
    Unit.M_PER_S: Step(2.0),
    Unit.PASCAL: Step(20.0),
    Unit.DEGREE_MINUTES: Step(30.0),
    Unit.NOK_PER_KWH: AT_ONCE,
    Unit.COUNT: AT_ONCE,
    Unit.STATE: AT_ONCE,
    Unit.BOOL: AT_ONCE,
}
"""By how much a value must move to be stored before its time."""


class _Stored(NamedTuple):
    at: datetime
    at_s: float
    value: float | None
    quality: Quality


class Recording:
    """Remembers what was stored last of each point."""

    def __init__(self, points: Mapping[str, SitePoint], every_s: float) -> None:
        self._every_s = every_s
        self._steps = {point: _step(of) for point, of in points.items()}
        self._stored: dict[str, _Stored] = {}

    def worth_storing(self, samples: Iterable[Sample]) -> list[Sample]:
        """Those of the samples, in their order, that the record is to keep."""
        kept = []
        for sample in samples:
            before = self._stored.get(sample.point)
            at_s = sample.at.timestamp() if before is None or sample.at != before.at else before.at_s
            if before is None or self._is_worth(sample, at_s, before):
                self._stored[sample.point] = _Stored(sample.at, at_s, sample.value, sample.quality)
                kept.append(sample)
        return kept

    def _is_worth(self, sample: Sample, at_s: float, before: _Stored) -> bool:
        if sample.quality is not before.quality or at_s // STILL_S != before.at_s // STILL_S:
            return True
        if sample.value is None or before.value is None:
            return False
        step, moved = self._steps[sample.point], abs(sample.value - before.value)
        if step is AT_ONCE:
            return moved > 0
        if at_s // self._every_s != before.at_s // self._every_s:
            return True
        is_big = moved > step.least and moved > step.share * abs(before.value)
        return is_big and abs(at_s - before.at_s) >= RESTLESS_S


def _step(point: SitePoint) -> Step:
    if point.spec.counter:
        return NEVER
    return AT_ONCE if point.writable or point.spec.alarm else BIG_STEP[point.spec.shown_unit]
