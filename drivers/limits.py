"""What a profile allows, whatever the protocol: readings that are plausible, values that may be written. Pure."""

import math

from drivers.errors import Refused
from models.field import SitePoint
from models.point import Point, WriteRule
from models.units import Unit


def plausible(spec: Point, value: float) -> float | None:
    """The reading `value`, or None when it cannot be true: not finite, out of range, or a state without a name."""
    if not math.isfinite(value):
        return None
    if (spec.min is not None and value < spec.min) or (spec.max is not None and value > spec.max):
        return None
    if spec.states and value not in spec.states:
        return None
    return value


def write_rule(point: SitePoint) -> WriteRule:
    """The rule for writing (and relinquishing) the point; Refused when there is none."""
    if point.spec.write is None:
        raise Refused(f"{point.id}: the profile has no write rule")
    return point.spec.write


def allowed(point: SitePoint, value: float) -> float:
    """`value` in the point's unit, rounded to what the device resolves; raises Refused, naming the limit it breaks."""
    rule = write_rule(point)
    if not math.isfinite(value) or not rule.min <= value <= rule.max:
        raise Refused(f"{point.id}: {value} lies outside {rule.min} .. {rule.max} {point.spec.shown_unit}")
    if point.spec.shown_unit in (Unit.BOOL, Unit.STATE) and not value.is_integer():
        raise Refused(f"{point.id}: {value} is no whole number, as a {point.spec.shown_unit} must be")
    if point.spec.states and value not in point.spec.states:
        raise Refused(f"{point.id}: {value} is none of the states {sorted(point.spec.states)}")
    if not rule.step:
        return value
    steps = round((value - rule.min) / rule.step)
    # 12 digits: removes what binary fractions add (15 + 43 * 0.1 = 19.300000000000001), keeps what any device resolves.
    return min(round(rule.min + steps * rule.step, 12), rule.max)


def same_value(point: SitePoint, held: float, wanted: float) -> bool:
    """Whether the device holds what was written: equal within half a step, or within what single precision loses."""
    step = point.spec.write.step if point.spec.write is not None else 0.0
    return abs(held - wanted) <= max(step / 2, 1e-5 * max(1.0, abs(wanted)))
