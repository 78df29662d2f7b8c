"""What planning gives: a plan with its reasons as data, or the reason there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from control.grid import Array, Grid
from control.lp import Status


class Way(StrEnum):
    """How the plan was found, best first."""

    WHOLE = "whole"
    """Whole compressors and stages."""
    RELAXED = "relaxed"
    """A linear problem, by wish or because there are no stages: shares, rounded by the stage dispatcher."""
    LINEAR = "linear"
    """No whole one in time: the linear one."""
    LEAST_BROKEN = "least_broken"
    """Nothing keeps every row: the plan that breaks them least."""


@dataclass(frozen=True)
class HeatPumpStep:
    """What a group of heat pumps does in the first step."""

    heat_kw: Mapping[str, float]
    """By tank charged."""
    compressors: Mapping[str, float]
    """By tank charged; whole numbers unless the plan is linear."""
    supply_degc: Mapping[str, float]
    """Hint: what the tank is to reach within the next hour, and the machine's supply above it."""


@dataclass(frozen=True)
class FirstStep:
    """Commands of the first step, by asset; the dispatcher turns them into writes."""

    heat_pumps: Mapping[str, HeatPumpStep]
    boiler_kw: Mapping[str, float]
    tank_degc: Mapping[str, float]
    """Where each tank stands an hour from now at the warmest; buffer and after-heater included."""
    after_heater_kw: float
    charger_kw: Mapping[str, float]
    """Every charger with a session now; 0 means wait."""
    zone_offset_k: Mapping[str, float]
    """Room temperature of the next hour above the promised lower limit, by zone; negative is a slight breach."""
    air_share: Mapping[str, float]
    """Flow of each unit as share of its full flow."""
    blind_share: Mapping[str, float]
    """Sun to be kept out, by zone."""
    sun_share: Mapping[str, Mapping[str, float]]
    """Time for each sink, by field of collectors."""
    cooling_kw: float
    pv_kw: float | None
    """What the cells may give; None: all they can."""
    battery_kw: Mapping[str, float]
    district_kw: Mapping[str, float]


@dataclass(frozen=True)
class Violation:
    """A promise the plan cannot keep: the most it is missed by, in its unit, and in which step that is."""

    row: str
    most: float
    step: int


@dataclass(frozen=True)
class Binding:
    """A row that holds the first hour back: what one unit more of room would save [NOK]."""

    row: str
    step: int
    nok: float


@dataclass(frozen=True)
class Report:
    """How it was solved."""

    way: Way
    status: Status
    objective: float
    """Without sunk costs."""
    gap: float
    """Above the linear plan, as share of the objective: no whole plan can be cheaper than that one."""
    ms: float
    rows: int
    columns: int
    integers: int


@dataclass(frozen=True)
class Plan:
    """Two plans from the same inputs are equal but for `report.ms`, unless the time limit was hit (see status)."""

    grid: Grid
    identity: str
    """The forecasts it saw."""
    first: FirstStep
    trajectories: Mapping[str, Array]
    """By '<asset>.<quantity>_<unit>', one value per step."""
    parts_nok: Mapping[str, float]
    """Parts of the objective; sunk parts as far as they are part of the same tariff."""
    electricity_nok_per_kwh: Array
    """Internal price: what a kWh more of load would cost in each step, peak charge included."""
    heat_nok_per_kwh: Mapping[str, Array]
    """What a kWh of heat is worth in each node."""
    binding: tuple[Binding, ...]
    violations: tuple[Violation, ...]
    report: Report


@dataclass(frozen=True)
class NoPlan:
    """Why there is none; the last good plan or the rules go on."""

    status: Status | None
    """None: not even tried."""
    reasons: tuple[str, ...]
    ms: float = 0.0
