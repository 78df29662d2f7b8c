"""The fitted model as a plant: what would have happened under another controller in the hours of a record.

Its physics is `bems.twin.house`, its sensors and counters are `bems.twin.meters`. Satisfies
`bems.backtest.lockstep.Plant`.
"""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Final

from bems.twin.house import House
from bems.twin.inputs import TwinInputs, twin_inputs
from bems.twin.meters import Meters
from control.problem import Plant
from control.record import Record
from control.refit.fitted import Fitted, applied
from control.refit.parts import machines_as_metered
from models.site import Site

LONGEST_STEP_S: Final = 60.0

Observations = Mapping[str, float | None]


class Twin:
    """The seam; `reset` before the first step."""

    def __init__(self, site: Site, plant: Plant, fitted: Fitted, record: Record) -> None:
        """`plant` is the site file's; TwinError when the record does not tell what is needed."""
        # A plan reckons with a tank's mean, the machines here with what they give: their own factors are of the record.
        for group in plant.heat_pumps:
            fitted = fitted.with_part(f"heat_pumps.{group.id}", machines_as_metered(site, group, record))
        self.site, self.plant = site, applied(plant, fitted)
        self.inputs: TwinInputs = twin_inputs(site, self.plant, record)
        self._defaults = {p.id: p.spec.write.relinquish for p in site.points.values() if p.spec.write is not None}
        self._house: House | None = None

    @property
    def house(self) -> House:
        """State of the run. RuntimeError before the first `reset`."""
        if self._house is None:
            raise RuntimeError("the twin has not been reset")
        return self._house

    def reset(self, start: datetime, seed: int) -> Observations:  # noqa: ARG002  (nothing here is drawn by lot)
        """The plant as the record has it at `start` (UTC)."""
        self._house = House(self.site, self.plant, self.inputs, start)
        self._meters = Meters(self._house)
        self._advance(1.0)
        self._meters.settle()
        return self._meters.observed()

    def step(self, commands: Observations, dt_s: float) -> Observations:
        """Advance under these commands; KeyError for a point that cannot be written."""
        held = self.house.held
        for point, value in commands.items():
            held[point] = self._defaults[point] if value is None else value
        count = ceil(dt_s / LONGEST_STEP_S)
        for _ in range(count):
            self._advance(dt_s / count)
        return self._meters.observed()

    def _advance(self, dt_s: float) -> None:
        self.house.advance(dt_s)
        self._meters.step(dt_s)
