"""What every part of an outlook is made from."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from control.grid import Array, Grid
from control.habits.known import Learned
from control.picture import Scene
from control.problem import Plant
from control.rules.memory import RuleMemory
from control.slots import Slots, slots
from models.site import Site

AHEAD: Final = 28
"""Quarters beyond the grid in which people may be expected."""


@dataclass(frozen=True)
class Moment:
    """The site, what the plan knows of it, and the quarters it looks at."""

    site: Site
    plant: Plant
    grid: Grid
    slots: Slots
    """Quarters of the grid."""
    scene: Scene
    memory: RuleMemory
    learned: Learned

    @cached_property
    def longer(self) -> Slots:
        """The quarters and some more."""
        return slots(self.slots.start, len(self.slots) + AHEAD, self.site.zone_info)

    def on_grid(self, quarters: Array) -> Array:
        """Means over the grid's steps."""
        return self.grid.from_quarters(quarters)
