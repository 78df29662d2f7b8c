"""The optimiser without one of its parts, to show what each is worth: names for `--controllers`, what they change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from control.grid import Grid
from control.problem import Inputs


@dataclass(frozen=True)
class Variant:
    """Which parts the optimiser has."""

    gradient: bool = True
    """Of 1/COP over supply and source temperature."""
    peak_guard: bool = True
    disturbance: bool = True
    """Heat that no model knows, as the observer estimates it."""
    learning: bool = True
    """Habits and parameters from the record, else the site file's."""
    whole: bool = True
    """Whole compressors and stages in the first hours."""
    fine_grid: bool = False
    """Quarters to the end, instead of half-hours and hours."""
    true_forecasts: bool = False
    """Prices and weather as they come, to show what better forecasts would be worth."""

    def altered(self, of: Inputs) -> Inputs:
        """The problem without the parts this variant does not have."""
        if not self.gradient:
            pumps = tuple(replace(group, gradient_weight=0.0) for group in of.plant.heat_pumps)
            of = replace(of, plant=replace(of.plant, heat_pumps=pumps))
        return of if self.disturbance else replace(of, state=replace(of.state, disturbance_kw={}))

    def grid(self, usual: Grid) -> Grid:
        """The steps to plan on, from those that are usual at this moment."""
        return Grid(usual.start, (1,) * sum(usual.quarters)) if self.fine_grid else usual


WHOLE: Final = Variant()
LINEAR: Final = Variant(whole=False)
_PARTS: Final = {
    "no_gradient": Variant(gradient=False),
    "no_guard": Variant(peak_guard=False),
    "no_disturbance": Variant(disturbance=False),
    "no_learning": Variant(learning=False),
    "fine_grid": Variant(fine_grid=True),
    "true_forecasts": Variant(true_forecasts=True),
}
VARIANTS: Final[Mapping[str, Variant]] = {
    "optimiser": WHOLE,
    "optimiser.linear": LINEAR,
    **{f"optimiser.{part}": variant for part, variant in _PARTS.items()},
    **{f"optimiser.linear.{part}": replace(variant, whole=False) for part, variant in _PARTS.items()},
}
