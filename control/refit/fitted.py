"""What the record has taught about the plant: factors on the site file's parameters, bounded, versioned, revertible.

A factor of 1 (an offset of 0) is the site file. Every parameter has hard bounds, and a prior: the spread it is expected
to have on a sound site file. Whatever a re-fit finds, a plan is never made with anything outside the bounds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite
from typing import Any, Final

from control.assets.building import Group
from control.assets.collectors import Collectors
from control.assets.heat_pumps import HeatPumps
from control.problem import Plant, Tank
from models.physics.heat_pump import HeatPump, Stage


@dataclass(frozen=True)
class Parameter:
    """What a parameter may become."""

    low: float
    high: float
    spread: float
    """Standard deviation of the prior: of the logarithm of a factor, of an offset itself."""
    neutral: float = 1.0
    """The site file's: 1 for a factor, 0 for an offset."""

    @property
    def is_factor(self) -> bool:
        """Multiplied with the site file's value; an offset is added to it."""
        return self.neutral == 1.0

    def within(self, value: float) -> float:
        """The value, or the bound it exceeds."""
        return min(max(value, self.low), self.high)


GROUP: Final = {
    "room_capacity": Parameter(0.3, 3.0, 0.35),
    "mass_capacity": Parameter(0.4, 2.5, 0.25),
    "room_to_mass": Parameter(0.3, 3.0, 0.35),
    "room_loss": Parameter(0.4, 2.5, 0.25),
    "mass_loss": Parameter(0.4, 2.5, 0.25),
    "solar": Parameter(0.2, 2.0, 0.30),
    "gain_kw": Parameter(-20.0, 20.0, 3.0, neutral=0.0),
}
EMITTER: Final = {"emitter": Parameter(0.4, 4.0, 0.35)}
LOSS: Final = {"loss": Parameter(0.3, 4.0, 0.25)}
EXCHANGER: Final = {"size": Parameter(0.4, 2.0, 0.20)}
HEAT_PUMPS: Final = {"heat": Parameter(0.6, 1.3, 0.10), "power": Parameter(0.7, 1.5, 0.10)}
COLLECTORS: Final = {"optical": Parameter(0.3, 1.3, 0.15), "loss": Parameter(0.4, 3.0, 0.25)}
KINDS: Final[Mapping[str, Mapping[str, Parameter]]] = {
    "group": GROUP,
    "emitter": EMITTER,
    "buffer": LOSS,
    "preheat": LOSS,
    "circulation": LOSS,
    "exchanger": EXCHANGER,
    "heat_pumps": HEAT_PUMPS,
    "collectors": COLLECTORS,
}
"""By the first word of a part's name: 'group.unit_a' is a part of kind 'group'."""


@dataclass(frozen=True)
class Fitted:
    """A version of the model. Parts and parameters that are missing are the site file's."""

    version: int = 0
    fitted_at: datetime | None = None
    """End of the record it was fitted on (UTC)."""
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """By part, then by parameter of its kind."""

    def __post_init__(self) -> None:
        for part, values in self.parts.items():
            known = KINDS.get(kind_of(part))
            if known is None:
                raise ValueError(f"no part '{part}'; kinds are {', '.join(KINDS)}")
            for name, value in values.items():
                if name not in known or not isfinite(value):
                    raise ValueError(f"'{part}.{name}' is {value}; parameters are {', '.join(known)}, finite")

    def value(self, part: str, name: str) -> float:
        """A parameter within its bounds; neutral where nothing was fitted."""
        parameter = KINDS[kind_of(part)][name]
        return parameter.within(self.parts.get(part, {}).get(name, parameter.neutral))

    def with_part(self, part: str, values: Mapping[str, float]) -> "Fitted":
        """The same with one part replaced."""
        return replace(self, parts={**self.parts, part: dict(values)})

    def as_json(self) -> dict[str, Any]:
        """For files; `fitted_from_json` reads it."""
        return {
            "version": self.version,
            "fitted_at": self.fitted_at.isoformat() if self.fitted_at else None,
            "parts": {part: dict(values) for part, values in sorted(self.parts.items())},
        }


NEUTRAL: Final = Fitted()
"""The site file alone."""


def fitted_from_json(raw: Mapping[str, Any]) -> Fitted:
    """What `Fitted.as_json` gave; ValueError for anything else."""
    try:
        at = datetime.fromisoformat(raw["fitted_at"]) if raw["fitted_at"] is not None else None
        parts = {str(part): {str(n): float(v) for n, v in values.items()} for part, values in raw["parts"].items()}
        return Fitted(int(raw["version"]), at, parts)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a fitted model: {error!r}") from error


def kind_of(part: str) -> str:
    """First word of a part's name."""
    return part.split(".", 1)[0]


def parts_of(plant: Plant) -> tuple[str, ...]:
    """Every part of this plant that can be fitted."""
    names = [f"{kind}.{group.id}" for group in plant.groups for kind in ("group", "emitter")]
    water = plant.hot_water
    names += ["buffer"]
    names += ["circulation"] if water is not None and water.circulation_kw_per_k > 0 else []
    names += ["preheat", "exchanger"] if water is not None and water.preheaters else []
    names += [f"heat_pumps.{group.id}" for group in plant.heat_pumps]
    return (*names, *(f"collectors.{panel.id}" for panel in plant.collectors))


def applied(plant: Plant, fitted: Fitted) -> Plant:
    """The site file's plant with what was fitted. Parts the plant does not have (any more) are passed over."""
    water = plant.hot_water
    if water is not None:
        water = replace(
            water,
            circulation_kw_per_k=water.circulation_kw_per_k * fitted.value("circulation", "loss"),
            exchanger_kw_per_k=water.exchanger_kw_per_k * fitted.value("exchanger", "size"),
        )
    preheaters = plant.hot_water.preheaters if plant.hot_water is not None else ()
    return replace(
        plant,
        buffer=_lossier(plant.buffer, fitted.value("buffer", "loss")),
        tanks=tuple(
            _lossier(t, fitted.value("preheat", "loss")) if t.node.id in preheaters else t for t in plant.tanks
        ),
        groups=tuple(group_applied(group, fitted) for group in plant.groups),
        heat_pumps=tuple(_machines(group, fitted) for group in plant.heat_pumps),
        hot_water=water,
        collectors=tuple(_field(panel, fitted) for panel in plant.collectors),
    )


def group_applied(group: Group, fitted: Fitted) -> Group:
    """One group of zones with what was fitted."""
    part = f"group.{group.id}"
    room, mass = group.room, group.mass
    return replace(
        group,
        room=replace(room, capacity_kwh_per_k=room.capacity_kwh_per_k * fitted.value(part, "room_capacity")),
        mass=replace(mass, capacity_kwh_per_k=mass.capacity_kwh_per_k * fitted.value(part, "mass_capacity")),
        room_to_mass_kw_per_k=group.room_to_mass_kw_per_k * fitted.value(part, "room_to_mass"),
        room_to_outdoor_kw_per_k=group.room_to_outdoor_kw_per_k * fitted.value(part, "room_loss"),
        mass_to_outdoor_kw_per_k=group.mass_to_outdoor_kw_per_k * fitted.value(part, "mass_loss"),
        emitter_kw_per_k=group.emitter_kw_per_k * fitted.value(f"emitter.{group.id}", "emitter"),
        solar_factor=group.solar_factor * fitted.value(part, "solar"),
        gain_offset_kw=group.gain_offset_kw + fitted.value(part, "gain_kw"),
    )


def _lossier(tank: Tank, factor: float) -> Tank:
    return replace(tank, node=replace(tank.node, loss_kw_per_k=tank.node.loss_kw_per_k * factor))


def _field(panel: Collectors, fitted: Fitted) -> Collectors:
    part = f"collectors.{panel.id}"
    return replace(
        panel,
        optical_factor=panel.optical_factor * fitted.value(part, "optical"),
        loss_factor=panel.loss_factor * fitted.value(part, "loss"),
    )


def _machines(group: HeatPumps, fitted: Fitted) -> HeatPumps:
    part = f"heat_pumps.{group.id}"
    heat, power = fitted.value(part, "heat"), fitted.value(part, "power")
    return replace(group, physics=machine_applied(group.physics, heat, power))


def machine_applied(machine: HeatPump, heat: float, power: float) -> HeatPump:
    """A machine that gives `heat` times the heat and takes `power` times the electricity of its certificate."""
    k = power / heat

    def stage(of: Stage) -> Stage:
        b0, b1, b2 = of.inverse_cop
        return Stage(of.heat_kw * heat, of.heat_kw_per_k * heat, (b0 * k, b1 * k, b2 * k))

    return replace(machine, stages=tuple(stage(one) for one in machine.stages))
