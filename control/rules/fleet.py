"""Which heat pumps can be counted on.

A machine is lost by a fault, an open safety chain, no answer, or no compressor running ten minutes after it was asked
to; after half an hour it is tried again. One that stands no colder air rests in it, and for a kelvin more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from control.picture import Scene
from control.rules.memory import MachineMemory, RuleMemory
from models.assets import HeatPump
from models.reasons import Code

IDLE_S: Final = 600.0
RETRY_S: Final = 2400.0
WARMER_K: Final = 1.0
"""Above the lowest outdoor temperature a machine stands, before it starts again."""


@dataclass(frozen=True)
class Fleet:
    """The heat pumps as they are right now."""

    able: tuple[HeatPump, ...]
    """Those that can be run by stages."""
    lost: Mapping[str, Code]
    """Those that cannot run, and why."""
    running: Mapping[str, int]
    """Compressors running as measured."""


def fleet(scene: Scene, memory: RuleMemory) -> Fleet:
    """Which machines may be counted on. One whose state is not yet known is neither able nor lost."""
    able: list[HeatPump] = []
    lost: dict[str, Code] = {}
    running: dict[str, int] = {}
    for pump in scene.site.heat_pumps:
        if scene.find(pump, "stage_request") is None:
            continue
        points = machine_points(scene, pump)
        if any(scene.missing(point) for point in points):
            lost[pump.id] = Code.LOST_NO_ANSWER
        elif scene.unsettled(points):
            continue
        elif why := _stopped(scene, pump, memory.machines.get(pump.id)):
            lost[pump.id] = why
        else:
            able.append(pump)
            running[pump.id] = _compressors_on(scene, pump)
    return Fleet(tuple(able), lost, running)


def modulates(scene: Scene, pump: HeatPump) -> bool:
    """Whether it is told how much of its heat to give."""
    return scene.find(pump, "capacity_request_pct") is not None


def machine_points(scene: Scene, pump: HeatPump) -> tuple[str, ...]:
    """The inputs without which a machine is not run by stages: its fault, its safety chain, its compressors."""
    signals = ["fault", "release_ok", *(f"compressor_{n}_on" for n in range(1, pump.compressors + 1))]
    return tuple(point for signal in signals if (point := scene.find(pump, signal)) is not None)


def _compressors_on(scene: Scene, pump: HeatPump) -> int:
    return sum(bool(scene.flag(scene.find(pump, f"compressor_{n}_on"))) for n in range(1, pump.compressors + 1))


def _stopped(scene: Scene, pump: HeatPump, memory: MachineMemory | None) -> Code | None:
    if scene.flag(scene.find(pump, "fault")):
        return Code.LOST_FAULT
    if scene.flag(scene.find(pump, "release_ok")) is False:
        return Code.LOST_SAFETY_CHAIN
    stage = memory.stage if memory is not None else 0
    if too_cold(scene, pump, 0.0 if stage else WARMER_K):
        return Code.LOST_TOO_COLD
    idle = memory.idle_since if memory is not None else None
    if idle is not None and IDLE_S < scene.seconds_since(idle) < RETRY_S and not _compressors_on(scene, pump):
        return Code.LOST_IDLE
    return None


def too_cold(scene: Scene, pump: HeatPump, margin_k: float = 0.0) -> bool:
    """Whether the air is colder than the machine stands, by its own sensor or else the site's.

    Where neither tells, the machine's own protection decides.
    """
    own, station = scene.of(pump, "outdoor_temp_degc"), scene.of(scene.site.weather_station, "outdoor_temp_degc")
    degc = own if own is not None else station
    return pump.lowest_outdoor_degc is not None and degc is not None and degc < pump.lowest_outdoor_degc + margin_k
