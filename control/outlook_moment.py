"""What every part of an outlook is made from."""

from dataclasses import dataclass

from control.grid import Array, Grid
from control.learned import Learned
from control.memory import RuleMemory
from control.picture import Scene
from control.problem import Plant
from control.slots import Slots
from models.site import Site


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

    def on_grid(self, quarters: Array) -> Array:
        """Means over the grid's steps."""
        return self.grid.from_quarters(quarters)
