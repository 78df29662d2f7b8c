"""Cars: each has energy to take between coming back and its own departure; sessions alike are planned as one."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from control.assets.bus import Bus
from control.expr import Expr


@dataclass(frozen=True)
class Session:
    """Charging of one or more cars that come and leave together."""

    chargers: tuple[str, ...]
    connected_at: datetime
    leaves_at: datetime
    energy_kwh: float
    """Of all of them."""
    max_kw: float
    """Of each."""


def grouped(sessions: Iterable[Session]) -> tuple[Session, ...]:
    """Sessions of the same times, power and energy as one; nothing is lost: any total can be shared out evenly."""
    alike: defaultdict[tuple[datetime, datetime, float, float], list[Session]] = defaultdict(list)
    for s in sessions:
        alike[(s.connected_at, s.leaves_at, s.max_kw, round(s.energy_kwh / len(s.chargers), 3))].append(s)
    return tuple(
        replace(
            group[0],
            chargers=tuple(c for s in group for c in s.chargers),
            energy_kwh=sum(s.energy_kwh for s in group),
        )
        for group in alike.values()
    )


def charge(bus: Bus, of: Session, number: int, short_nok_per_kwh: float) -> Expr | None:
    """Power per charger of a session, None when it lies outside the grid.

        sum dt e = E - short,  0 <= e <= k n E_max

    | symbol | meaning | unit |
    |---|---|---|
    | e | charging power of all its cars | kW |
    | n | number of cars | - |
    | k | share of the step they are connected | - |
    | E, short | energy needed by departure, what is missing then | kWh |
    """
    grid = bus.grid
    share = grid.covered_h(of.connected_at, of.leaves_at) / grid.dt_h
    here = np.flatnonzero(share > 1e-9)
    needed = _within(of, bus) * of.energy_kwh
    if not len(here) or needed <= 0:
        return None
    count = len(of.chargers)
    power = bus.m.var(f"cars {number}", len(here), 0.0, share[here] * count * of.max_kw)
    short = bus.slack(f"cars {'+'.join(of.chargers)} {of.leaves_at:%d %H:%M}", "cars", short_nok_per_kwh, size=1)
    energy = (power * grid.dt_h[here]).sum()
    bus.m.rows(f"cars {number} energy", (energy + short).equals(needed))
    spread = Expr(len(grid), here[power.row], power.col, power.val, np.zeros(len(grid)))
    bus.load_kw.append(spread)
    return spread / float(count)


def _within(of: Session, bus: Bus) -> float:
    """Share of the need that this grid must meet: all of it, unless the session goes on after the grid's end."""
    if of.leaves_at <= bus.grid.end:
        return 1.0
    begin = max(of.connected_at, bus.grid.start)
    span = (of.leaves_at - begin).total_seconds()
    return max((bus.grid.end - begin).total_seconds() / span, 0.0) if span > 0 else 0.0
