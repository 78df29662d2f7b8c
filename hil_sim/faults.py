"""Faults as data: what breaks, from when, until when. A plant with faults is a plant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from math import inf
from typing import Final

from hil_sim.plant import SimulatedPlant


class FaultKind(StrEnum):
    """What goes wrong."""

    OUT = "out"
    """An asset is out of order: a machine, a pump, a heater (`SimulatedPlant.fail` says what each loses)."""
    STUCK = "stuck"
    """A reading stays where it was."""
    OFFSET = "offset"
    """A reading is wrong by `amount`."""
    MISSING = "missing"
    """A reading is not there: the device says 'not available'."""
    COP_LOSS = "cop_loss"
    """A heat pump takes `amount` more power for the same heat, as a share."""
    VALVE_LEAK = "valve_leak"
    """The heating coil of an air-handling unit gives `amount` of its output with its valve shut."""
    OVERLAP = "overlap"
    """The cooling valve of an air-handling unit never closes below `amount`, whatever the heating valve does."""
    LOOP_LOSS = "loop_loss"
    """A circulation loop loses `amount` more heat, as a share: insulation is gone."""
    BACKFLOW = "backflow"
    """With the pump standing, `amount` of the design flow falls back through the collectors and cools their tank."""
    STRING_LOSS = "string_loss"
    """`amount` of an inverter's panels deliver nothing."""


READINGS: Final = frozenset({FaultKind.STUCK, FaultKind.OFFSET, FaultKind.MISSING})
"""Faults of a reading; the others are in the plant itself."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `target` is a point for a reading, otherwise an asset."""

    kind: FaultKind
    target: str
    from_h: float = 0.0
    """Hours after the reset."""
    until_h: float = inf
    amount: float = 0.0
    """Of an OFFSET, in the point's unit; of wear, a share."""

    def active(self, hours: float) -> bool:
        """Whether it is there so many hours after the reset."""
        return self.from_h <= hours < self.until_h


class FaultyPlant:
    """A simulated plant in which things break. KeyError for a target that is not there."""

    def __init__(self, plant: SimulatedPlant, faults: Sequence[Fault]) -> None:
        self._plant = plant
        self._faults = tuple(faults)
        unknown = [f.target for f in faults if f.kind in READINGS and f.target not in plant.site.points]
        if unknown:
            raise KeyError(f"no point '{unknown[0]}' to break")
        self._stuck: dict[str, float | None] = {}

    def reset(self, start: datetime, seed: int) -> Mapping[str, float | None]:
        """As the plant's; faults count from here."""
        seen = self._plant.reset(start, seed)
        self._stuck.clear()
        self._break(0.0)
        return self._falsify(seen, 0.0)

    def step(self, commands: Mapping[str, float | None], dt_s: float) -> Mapping[str, float | None]:
        """As the plant's; a fault is there for whole steps."""
        self._break(self._plant.elapsed_s / 3600)
        seen = self._plant.step(commands, dt_s)
        return self._falsify(seen, self._plant.elapsed_s / 3600)

    def truth(self) -> Mapping[str, float]:
        """What really is."""
        return self._plant.truth()

    def _break(self, hours: float) -> None:
        for target in {fault.target for fault in self._faults if fault.kind is FaultKind.OUT}:
            broken = any(f.active(hours) for f in self._faults if f.kind is FaultKind.OUT and f.target == target)
            self._plant.fail(target, broken)
        worn: dict[tuple[str, str], float] = {}
        for fault in self._faults:
            if fault.kind not in READINGS and fault.kind is not FaultKind.OUT:
                what = (fault.target, fault.kind.value)
                worn[what] = max(worn.get(what, 0.0), fault.amount if fault.active(hours) else 0.0)
        for (target, kind), amount in worn.items():
            self._plant.wear(target, kind, amount)

    def _falsify(self, seen: Mapping[str, float | None], hours: float) -> Mapping[str, float | None]:
        here = [f for f in self._faults if f.kind in READINGS and f.active(hours)]
        if not here:
            self._stuck.clear()
            return seen
        shown = dict(seen)
        for fault in here:
            reading = shown[fault.target]
            if fault.kind is FaultKind.MISSING:
                shown[fault.target] = None
            elif fault.kind is FaultKind.STUCK:
                shown[fault.target] = self._stuck.setdefault(fault.target, reading)
            elif reading is not None:
                shown[fault.target] = reading + fault.amount
        return shown
