"""Rules and optimiser over the same hours of a night, each on the same twin from the same state: like with like.

What either would really have paid is not known for both at once: only one of them ran the house. So neither a meter nor
a plan's promise is in here. Both figures are the twin's, with the weather, the people and the draws that were measured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from models.signals import Reason

REST: Final = "rest"
"""What is bought for no asset of its own: fans, pumps, light; less what the sun gives."""


@dataclass(frozen=True)
class Side:
    """One of the two. Electricity, and district heat at its own price; power charge not included."""

    hours_kwh: tuple[float, ...]
    """Bought in each clock hour, electricity and district heat."""
    hours_nok: tuple[float, ...]
    """What that costs."""
    peak_kw: float
    """Its highest clock hour of electricity, which the power charge asks about."""
    left_nok: float
    """To be added: what is still to be bought at the end, for heat and charge that are gone and for cars that the other
    side has given more; negative where more is left than there was."""
    assets_kwh: Mapping[str, float]
    """Of all hours, by class of assets and REST; heat pumps make hot water too."""
    assets_nok: Mapping[str, float]
    """Likewise, each kWh at what a kWh bought in its hour costs."""
    cold_kh: float | None
    """Rooms below their limits, mean of all [K h]."""
    hot_kh: float | None
    """Above them."""

    @property
    def total_nok(self) -> float:
        """With what is left."""
        return sum(self.hours_nok) + self.left_nok


@dataclass(frozen=True)
class Contest:
    """A night. Both sides, or the reason why there are none."""

    start: datetime
    """The first clock hour (UTC)."""
    rules: Side | None
    """The good rules alone."""
    optimiser: Side | None
    """The good rules by plans, with everything given to them."""
    why: Reason | None = None


def evened(rules: Side, optimiser: Side) -> tuple[Side, Side]:
    """Both with cars alike: energy that only the other side's cars have got is still to be bought, at a mean price."""
    cars = [side.assets_kwh.get("cars", 0.0) for side in (rules, optimiser)]
    first, second = (
        replace(side, left_nok=side.left_nok + (max(cars) - own) * sum(side.hours_nok) / sum(side.hours_kwh))
        if max(cars) > own
        else side
        for side, own in zip((rules, optimiser), cars, strict=True)
    )
    return first, second
