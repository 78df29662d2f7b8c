"""How plans keep their word: what one promised to pay for a clock hour, and what was paid, whoever decided.

It does not say who is cheaper, since a promise knows no surprise: `bems.night.contest` does. A plan that begins with a
clock hour is held to that hour. Money alone does not compare: who has warmer tanks at the end has paid for it, so the
heat that was kept beyond the plan's is counted too, at the plan's own price of heat.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from pydantic import TypeAdapter

from control.assets.bus import Node
from control.grid import Array
from control.plan import Plan
from control.problem import Inputs, Plant, State

HOUR: Final = timedelta(hours=1)
QUARTER: Final = timedelta(minutes=15)
LONGEST_LOOK: Final = timedelta(minutes=5)
"""Power is not carried over a longer hole."""
COVERED: Final = 0.95
"""Of an hour; one that was seen less is not scored."""
KEPT: Final = 7 * 24
"""Hours."""
NOTHING: Final = (0.0, 0.0, 0.0, 0.0)

Quarters = tuple[float, float, float, float]


@dataclass(frozen=True)
class Promise:
    """What a plan says of the clock hour it begins with."""

    hour: datetime
    cost_nok: float
    """Electricity bought less sold; the power charge, the same for both, is not in it."""
    bought_kwh: float
    ends_degc: Mapping[str, float]
    """Temperature of each store at the end."""
    worth_nok_per_k: Mapping[str, float]
    """Of each store, by the plan's price of heat there."""
    buy_nok_per_kwh: Quarters
    sell_nok_per_kwh: Quarters


@dataclass(frozen=True)
class HourScore:
    """One clock hour."""

    start: datetime
    followed: tuple[str, ...]
    """Assets that followed the plans; none in shadow."""
    planned_nok: float
    paid_nok: float
    planned_kwh: float
    bought_kwh: float
    kept_nok: float
    """Worth of the heat in tanks and building at the end, beyond what the plan would have left; it was paid for."""


@dataclass(frozen=True)
class Shadow:
    """The running hour and the hours that are scored."""

    hour: datetime | None = None
    """Begin of the running clock hour (UTC)."""
    bought_kwh: Quarters = NOTHING
    sold_kwh: Quarters = NOTHING
    seen_h: float = 0.0
    looked_at: datetime | None = None
    import_kw: float | None = None
    """At the last look; negative is sold."""
    promise: Promise | None = None
    hours: tuple[HourScore, ...] = field(default=())

    def to_json(self) -> str:
        """As text, for the record."""
        return _ADAPTER.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> "Shadow":
        """From text; ValueError (pydantic's) when it is not what `to_json` writes."""
        return _ADAPTER.validate_json(text)


_ADAPTER: Final = TypeAdapter(Shadow)


def looked(
    of: Shadow,
    now: datetime,
    import_kw: float | None,
    degc: Callable[[], Mapping[str, float]],
    followed: tuple[str, ...],
) -> Shadow:
    """After one more look.

    Args:
        of: before it.
        now: site time, UTC.
        import_kw: of the main meter; None: it says nothing.
        degc: temperature of each store now, asked for when an hour has ended.
        followed: assets that follow the plans.
    """
    hour = now - timedelta(seconds=now.timestamp() % 3600)
    if of.hour is None or now < of.hour:
        of = Shadow(hour, hours=of.hours)
    elif hour != of.hour:
        of = _metered(of, of.hour + HOUR)
        ended = of.hours + (_scored(of, degc(), followed) if of.hour is not None and hour == of.hour + HOUR else ())
        of = Shadow(hour, looked_at=of.looked_at, import_kw=of.import_kw, hours=ended[-KEPT:])
    return replace(_metered(of, now), looked_at=now, import_kw=import_kw)


def _metered(of: Shadow, until: datetime) -> Shadow:
    """With the time since the last look counted, at the power of that look, by the quarter it began in."""
    begin, kw, hour = of.looked_at, of.import_kw, of.hour
    if begin is None or kw is None or hour is None or not timedelta() < until - begin <= LONGEST_LOOK:
        return of
    hours = (until - begin) / HOUR
    quarter = min(int((begin - hour) / QUARTER), 3)
    return replace(
        of,
        bought_kwh=_added(of.bought_kwh, quarter, max(kw, 0.0) * hours),
        sold_kwh=_added(of.sold_kwh, quarter, max(-kw, 0.0) * hours),
        seen_h=of.seen_h + hours,
        looked_at=until,
    )


def _added(to: Quarters, quarter: int, kwh: float) -> Quarters:
    a, b, c, d = (value + kwh * (n == quarter) for n, value in enumerate(to))
    return a, b, c, d


def planned(of: Shadow, plan: Plan, inputs: Inputs) -> Shadow:
    """After a plan: it is held to its hour when it begins with the running one. The first such plan counts."""
    if inputs.grid.start != of.hour or of.promise is not None:
        return of
    return replace(of, promise=promised(plan, inputs))


def promised(plan: Plan, of: Inputs) -> Promise:
    """What the plan says of its first clock hour, which it begins with."""
    steps, see = of.grid.steps_until(1.0), of.outlook
    dt = of.grid.dt_h[:steps]
    bought, sold = (plan.trajectories[f"grid.{way}_kw"][:steps] for way in ("import", "export"))
    cost = np.sum(dt * (see.buy_nok_per_kwh[:steps] * bought - see.sell_nok_per_kwh[:steps] * sold))
    ends, worth = {}, {}
    for node in nodes_of(of.plant):
        temps, price = plan.trajectories.get(f"{node.id}.degc"), plan.heat_nok_per_kwh.get(node.id)
        if temps is not None and price is not None and np.isfinite(price[steps - 1]):
            ends[node.id] = float(temps[steps - 1])
            worth[node.id] = float(price[steps - 1]) * node.capacity_kwh_per_k
    buy, sell = _quarters(see.buy_nok_per_kwh[:steps]), _quarters(see.sell_nok_per_kwh[:steps])
    return Promise(of.grid.start, float(cost), float(np.sum(dt * bought)), ends, worth, buy, sell)


def nodes_of(plant: Plant) -> list[Node]:
    """Everything that stores heat."""
    nodes = [plant.buffer.node, *(tank.node for tank in plant.tanks)]
    nodes += [plant.hot_water.after_heater] if plant.hot_water is not None else []
    return nodes + [node for group in plant.groups for node in (group.room, group.mass)]


def degc_of(plant: Plant, state: State) -> dict[str, float]:
    """Temperature of each store as a plan would find it, by node."""
    rooms = {group.room.id: state.rooms_degc[group.id] for group in plant.groups if group.id in state.rooms_degc}
    masses = {group.mass.id: state.masses_degc[group.id] for group in plant.groups if group.id in state.masses_degc}
    return {**state.tanks_degc, **rooms, **masses}


def _scored(of: Shadow, found_degc: Mapping[str, float], followed: tuple[str, ...]) -> tuple[HourScore, ...]:
    promise = of.promise
    if promise is None or promise.hour != of.hour or of.seen_h < COVERED:
        return ()
    buy, sell = promise.buy_nok_per_kwh, promise.sell_nok_per_kwh
    paid = sum(b * kwh for b, kwh in zip(buy, of.bought_kwh, strict=True))
    earned = sum(s * kwh for s, kwh in zip(sell, of.sold_kwh, strict=True))
    known = sorted(promise.ends_degc.keys() & found_degc.keys())
    kept = sum(promise.worth_nok_per_k[node] * (found_degc[node] - promise.ends_degc[node]) for node in known)
    bought = sum(of.bought_kwh)
    return (
        HourScore(promise.hour, followed, promise.cost_nok, paid - earned, promise.bought_kwh, bought, kept),
    )  # fmt: skip


def _quarters(steps: Array) -> Quarters:
    """One value a quarter: a plan that begins with the hour has four steps in it."""
    a, b, c, d = (float(value) for value in steps)
    return a, b, c, d
