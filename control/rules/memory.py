"""What the rules remember from one decision to the next, kept as JSON over a restart. Times are site time, UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import TypeAdapter

from control.hygiene import HygieneState


@dataclass(frozen=True, slots=True)
class Switch:
    """Something on or off, and since when."""

    on: bool
    since: datetime


def latch(
    before: Switch | None, now: datetime, *, start: bool, stop: bool, min_on_s: float = 0.0, min_off_s: float = 0.0
) -> Switch:
    """Hysteresis in time: on at `start`, off at `stop`, neither before its shortest time [s] has passed.

    Without a past it is on exactly when `start` says so.
    """
    if before is None:
        return Switch(start and not stop, now)
    rested = now - before.since >= timedelta(seconds=min_on_s if before.on else min_off_s)
    if rested and (stop if before.on else start and not stop):
        return Switch(not before.on, now)
    return before


@dataclass(frozen=True, slots=True)
class Filtered:
    """A smoothed measurement."""

    value: float
    at: datetime


@dataclass(frozen=True, slots=True)
class MachineMemory:
    """One heat pump as the rules run it."""

    stage: int
    """Compressors asked for."""
    started_at: datetime | None = None
    """Last compressor added."""
    stopped_at: datetime | None = None
    """Last compressor taken away."""
    starts: tuple[datetime, ...] = ()
    """Compressors added within the last hour."""
    run_h: float = 0.0
    """Compressor hours asked for so far; evens out the wear."""
    idle_since: datetime | None = None
    """Asked to run but no compressor does, since then."""


@dataclass(frozen=True, slots=True)
class Steps:
    """A staged demand and when it last moved."""

    count: int
    moved_at: datetime
    short_since: datetime | None = None
    """The stages before it have not been enough since then."""


@dataclass(frozen=True, slots=True)
class Duty:
    """The machine that makes hot water since then; None while it must rest from it."""

    machine: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class SolarMemory:
    """One field of collectors as the rules run it."""

    pump: Switch | None = None
    target: int = 0
    """Where its heat went last."""
    stagnating: bool = False


@dataclass(frozen=True, slots=True)
class MeteredHour:
    """The clock hour that is being metered."""

    start: datetime
    at: datetime
    """Last look."""
    bought_kwh: float = 0.0
    counter_kwh: float | None = None
    """What the meter's counter showed at the last look."""
    rest_kw: tuple[float, ...] = ()
    """Power of everything that cannot make way, at the last looks, newest last."""


@dataclass(frozen=True, slots=True)
class HeatHour:
    """The clock hour in which district heat is being metered."""

    start: datetime
    at: datetime
    """Last look."""
    taken_kwh: float = 0.0
    highest_kw: float = 0.0
    """Highest hour of this month before it."""


@dataclass(frozen=True, slots=True)
class GroundYear:
    """What the wells have given since counting began in this heating year."""

    since: datetime
    at: datetime
    """Last look."""
    drawn_kwh: float = 0.0
    """Less what was put back."""
    counter_kwh: float | None = None
    """What the meter's counter showed at the last look."""


@dataclass(frozen=True, slots=True)
class ParkedCar:
    """A car at its charger."""

    since: datetime
    counter_kwh: float | None
    """The charger's counter when it came."""
    offered_at: datetime | None = None
    """When it was given current; None while it waits."""


@dataclass(frozen=True, slots=True)
class RuleMemory:
    """All of it. A fresh one is always safe: timers start anew, and a hygiene cycle is due within a day."""

    awake_since: datetime | None = None
    """When this process made its first decision; not kept, so that a restart looks before it acts."""
    decided_at: datetime | None = None
    outdoor: Filtered | None = None
    pumps: Mapping[str, Switch] = field(default_factory=dict)
    """By circuit."""
    machines: Mapping[str, MachineMemory] = field(default_factory=dict)
    compressors: Steps | None = None
    takeover: Switch | None = None
    """On while the rule counts compressors itself although a plan is followed."""
    boilers: Mapping[str, Steps] = field(default_factory=dict)
    duty: Duty | None = None
    after_heater_stages: int | None = None
    hygiene: HygieneState | None = None
    solar: Mapping[str, SolarMemory] = field(default_factory=dict)
    """By field of collectors."""
    free_cooling: Switch | None = None
    steady: Mapping[str, float] = field(default_factory=dict)
    """Last wish by point, where small changes are not followed."""
    blinds: Mapping[str, Switch] = field(default_factory=dict)
    """By blind; on means down."""
    hour: MeteredHour | None = None
    highest_kw: Mapping[date, float] = field(default_factory=dict)
    """Highest clock hour of each local day of this month so far [kW]."""
    balancing: Mapping[str, Switch] = field(default_factory=dict)
    """By battery; on while it may be used down to its reserve."""
    unserved: Mapping[str, datetime] = field(default_factory=dict)
    """By substation: since when circuits do not get what they are to get."""
    heat_hours: Mapping[str, HeatHour] = field(default_factory=dict)
    """By substation."""
    ground: GroundYear | None = None
    """None where no meter tells of the wells alone."""
    parked: Mapping[str, ParkedCar] = field(default_factory=dict)
    """By charger."""
    trims_k: Mapping[str, float] = field(default_factory=dict)
    """By circuit: supply set point above its curve [K]."""
    shorts_k: Mapping[str, float] = field(default_factory=dict)
    """By circuit: how far its neediest room is below its set point, over an hour [K]."""
    spared: Mapping[str, Switch] = field(default_factory=dict)
    """By air-handling unit; on means turned down at a peak."""

    def steadied(self, point: str, wanted: float, band: float) -> tuple[float, "RuleMemory"]:
        """The last wish while `wanted` stays within `band` of it, else `wanted`; an end of the range is always met."""
        before = self.steady.get(point)
        if before is not None and abs(wanted - before) < band and wanted not in (0.0, 100.0):
            return before, self
        return wanted, replace(self, steady={**self.steady, point: wanted})

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(replace(self, awake_since=None)).decode()

    @classmethod
    def from_json(cls, text: str) -> "RuleMemory":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return replace(_ADAPTER.validate_json(text), awake_since=None)


_ADAPTER: Final = TypeAdapter(RuleMemory)
