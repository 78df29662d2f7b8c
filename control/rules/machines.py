"""Sharing compressor stages among heat pumps: pure, no sensors. Used by whichever controller decides how many.

One compressor on each machine before a second on any; the machine with the fewest hours first in, the one with the most
first out; shortest run and stop times and starts per hour are kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from control.rules.memory import MachineMemory
from models.assets import HeatPump

OVER: Final = 0.1
"""Of a machine's full heat: for so much more no other machine is started."""


def aged(memory: MachineMemory, now: datetime, passed_s: float) -> MachineMemory:
    """The machine's memory after `passed_s` [s] at its present stage."""
    return replace(
        memory,
        run_h=memory.run_h + memory.stage * passed_s / 3600,
        starts=tuple(start for start in memory.starts if now - start < timedelta(hours=1)),
    )


def may_add(pump: HeatPump, memory: MachineMemory, now: datetime) -> bool:
    """Whether one more compressor may start on this machine now."""
    rested = memory.stopped_at is None or now - memory.stopped_at >= timedelta(minutes=pump.min_stop_min)
    return memory.stage < pump.compressors and rested and len(memory.starts) < pump.max_starts_per_h


def may_remove(pump: HeatPump, memory: MachineMemory, now: datetime) -> bool:
    """Whether a compressor of this machine may stop now."""
    ran = memory.started_at is None or now - memory.started_at >= timedelta(minutes=pump.min_run_min)
    return memory.stage > 0 and ran


def turned_to(memory: MachineMemory, stage: int, now: datetime) -> MachineMemory:
    """The machine's memory when it is asked for `stage` compressors from now on."""
    if stage > memory.stage:
        starts = memory.starts + (now,) * (stage - memory.stage)
        return replace(memory, stage=stage, started_at=now, starts=starts)
    return replace(memory, stage=stage, stopped_at=now) if stage < memory.stage else memory


def modulating_count(level: float, running: int, most: int, least_share: float) -> int:
    """How many modulating machines give `level` (heat over one's full heat) together.

    As many as run now while that is within what they can give, down to half of their least; else as few as suffice.
    """
    begins_at = least_share / 2 if running else least_share
    if level < begins_at:
        return 0
    if running * least_share / 2 <= level <= running + OVER:
        return running
    return min(ceil(level - OVER), most)


def evenly(level: float, pumps: Iterable[HeatPump]) -> dict[str, float]:
    """Each running modulating machine's share of its full heat, `level` in all; none below its least."""
    pumps = list(pumps)
    return {pump.id: min(max(level / len(pumps), pump.least_share), 1.0) for pump in pumps}


def share(
    wanted: int, pumps: Iterable[HeatPump], memories: Mapping[str, MachineMemory], now: datetime
) -> dict[str, MachineMemory]:
    """The machines' memories with `wanted` compressors in all, as far as the machines allow it now."""
    pumps = list(pumps)
    result = {pump.id: memories[pump.id] for pump in pumps}
    while (running := sum(m.stage for m in result.values())) != wanted:
        if running < wanted:
            ready = [p for p in pumps if may_add(p, result[p.id], now)]
            if not ready:
                break
            chosen = min(ready, key=lambda p: (result[p.id].stage, result[p.id].run_h))
            step = 1
        else:
            ready = [p for p in pumps if may_remove(p, result[p.id], now)]
            if not ready:
                break
            chosen = max(ready, key=lambda p: (result[p.id].stage, result[p.id].run_h))
            step = -1
        result[chosen.id] = turned_to(result[chosen.id], result[chosen.id].stage + step, now)
    return result
