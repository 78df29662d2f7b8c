"""The terminal board between physics and points: one flat array of true values, one list of held commands.

Parts of the plant resolve their points to positions once; a point the site does not have resolves to the scrap
position (values) or to a fallback of its own (commands), so that physics needs no question whether it is there.
"""

from array import array
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.site import Site

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


class Board:
    """Positions of the site's points. `values` has one more place than points: the scrap.

    Parts with many numbers write arrays to `values`; parts with few write their stretch of `shown`, a plain list, and
    `collect` takes all stretches to `values` at once: one number at a time costs an array more than the physics.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self.points = tuple(site.points.values())
        self.ids = tuple(site.points)
        self.index = {name: index for index, name in enumerate(self.ids)}
        self.scrap = len(self.ids)
        self.held: list[float] = [p.spec.write.relinquish if p.spec.write else 0.0 for p in self.points]
        self.values: Array = np.array([*self.held, 0.0])
        self.shown: list[float] = []
        self._places: Indices = np.empty(0, dtype=np.intp)
        self._rules = {p.id: p.spec.write for p in self.points if p.spec.write}
        self._groups: list[tuple[Array, dict[int, list[int]]]] = []

    def out(self, devices: tuple[str, ...], signal: str) -> int:
        """Where the true value of a signal goes."""
        found = self._site.find(devices, signal)
        return self.scrap if found is None else self.index[found]

    def stretch(self, outs: Sequence[int]) -> slice:
        """A stretch of `shown` for the values of these positions; always to be written whole."""
        begin = len(self.shown)
        self.shown += self.values[list(outs)].tolist()
        self._places = np.concatenate([self._places, np.array(outs, dtype=np.intp)])
        return slice(begin, len(self.shown))

    def collect(self) -> None:
        """Take what is shown to `values`."""
        self.values[self._places] = np.frombuffer(array("d", self.shown))

    def outs(self, devices: Sequence[tuple[str, ...]], signal: str) -> Indices:
        """Where the same signal of several assets goes."""
        return np.array([self.out(one, signal) for one in devices], dtype=np.intp)

    def command(self, devices: tuple[str, ...], signal: str, fallback: float) -> int:
        """Position in `held` of a command; one that never changes from `fallback` when the site has no such point."""
        found = self._site.find(devices, signal)
        if found is not None and found in self._rules:
            return self.index[found]
        self.held.append(fallback)
        return len(self.held) - 1

    def command_group(self, wanted: Sequence[tuple[tuple[str, ...], str, float]]) -> Array:
        """Many commands (devices, signal, fallback) as one array that follows them."""
        positions = [self.command(devices, signal, fallback) for devices, signal, fallback in wanted]
        group = np.array([self.held[p] for p in positions], dtype=np.float64)
        where: dict[int, list[int]] = {}
        for place, position in enumerate(positions):
            where.setdefault(position, []).append(place)
        self._groups.append((group, where))
        return group

    def apply(self, commands: Mapping[str, float | None]) -> None:
        """Hold what is commanded, within the limits of the device; None gives back. KeyError for no such command."""
        for name, value in commands.items():
            rule = self._rules[name]
            held = rule.relinquish if value is None else min(max(value, rule.min), rule.max)
            self._hold(self.index[name], held)

    def named(self) -> dict[str, float]:
        """All true values by point id."""
        self.collect()
        return dict(zip(self.ids, self.values.tolist(), strict=False))

    def _hold(self, position: int, value: float) -> None:
        self.held[position] = value
        self.values[position] = value
        for group, where in self._groups:
            for place in where.get(position, ()):
                group[place] = value
