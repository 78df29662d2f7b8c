"""The twin's house under a driven year, with what it used and how warm it was by the hour. Satisfies `lockstep.Plant`.

Figures are taken from the house itself, not from meters: a site without sub-meters is accounted for like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

import numpy as np

from bems.twin.house import House
from bems.twin.inputs import TwinInputs
from bems.twin.meters import Meters
from control.grid import Array
from control.problem import Plant
from models.site import Site

LONGEST_STEP_S: Final = 60.0
HOUR_S: Final = 3600.0

Observations = Mapping[str, float | None]


@dataclass(frozen=True)
class Hours:
    """What was seen from `start` (UTC, a clock hour); one value per clock hour everywhere."""

    start: datetime
    bought_kwh: Array
    sold_kwh: Array
    electric_kwh: Mapping[str, Array]
    """By asset; generation is positive under its own id. `base` is all that is not modelled."""
    heat_kwh: Mapping[str, Array]
    """By asset: given by machines, boilers, collectors and networks, taken by circuits and circulation."""
    rooms_degc: Array
    """Rows of spaces, at the end of each hour."""


class Year:
    """House and meters; `reset` before the first step."""

    def __init__(self, site: Site, plant: Plant, inputs: TwinInputs, longest_step_s: float = LONGEST_STEP_S) -> None:
        """`plant` with what was fitted; a step is cut into parts of at most `longest_step_s`."""
        self._site, self._plant, self._inputs, self._longest_s = site, plant, inputs, longest_step_s
        self._defaults = {p.id: p.spec.write.relinquish for p in site.points.values() if p.spec.write is not None}
        self._made = {array.id for array in site.pv}
        self._sums: dict[tuple[str, str], float] = {}
        self._rows: list[dict[tuple[str, str], float]] = []
        self._rooms: list[Array] = []
        self._in_hour_s = 0.0

    def reset(self, start: datetime, seed: int) -> Observations:  # noqa: ARG002  (nothing here is drawn by lot)
        """Tanks and rooms as they are expected to be; ValueError unless `start` is a clock hour."""
        if start.timestamp() % HOUR_S:
            raise ValueError(f"a driven year starts on a clock hour, got {start}")
        self._house = House(self._site, self._plant, self._inputs, start)
        self._meters = Meters(self._house)
        self._house.advance(1.0)
        self._meters.step(1.0)
        self._meters.settle()
        self._house.now = start
        self._start = start
        return self._meters.observed()

    def step(self, commands: Observations, dt_s: float) -> Observations:
        """Advance under these commands; KeyError for a point that cannot be written."""
        for point, value in commands.items():
            self._house.held[point] = self._defaults[point] if value is None else value
        count = ceil(dt_s / self._longest_s)
        for _ in range(count):
            self._house.advance(dt_s / count)
            self._meters.step(dt_s / count)
            self._sum(dt_s / count)
        return self._meters.observed()

    def _sum(self, dt_s: float) -> None:
        hours, sums, meters = dt_s / HOUR_S, self._sums, self._meters
        total = meters.total_kw
        parts = [("grid", "bought", max(total, 0.0)), ("grid", "sold", max(-total, 0.0))]
        parts += [("electric", "base", float(self._house.inputs.base_kw[self._house.n]))]
        parts += [
            ("electric", name, -power if name in self._made else power) for name, power in meters.parts_kw.items()
        ]
        parts += [("heat", name, power) for name, power in meters.heat_kw.items()]
        for kind, name, power in parts:
            sums[kind, name] = sums.get((kind, name), 0.0) + power * hours
        self._in_hour_s += dt_s
        if self._in_hour_s >= HOUR_S - 1e-3:
            self._rows.append(sums)
            self._rooms.append(self._house.space_degc)
            self._sums, self._in_hour_s = {}, 0.0

    def hours(self, start: datetime) -> Hours:
        """What was seen since a clock hour."""
        first = round((start - self._start).total_seconds() / HOUR_S)
        rows = self._rows[first:]

        def column(kind: str, name: str) -> Array:
            return np.array([row.get((kind, name), 0.0) for row in rows])

        names = sorted({key for row in rows[:1] for key in row})
        return Hours(
            start,
            column("grid", "bought"),
            column("grid", "sold"),
            {name: column(kind, name) for kind, name in names if kind == "electric"},
            {name: column(kind, name) for kind, name in names if kind == "heat"},
            np.stack(self._rooms[first:], axis=1),
        )
