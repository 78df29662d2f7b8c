"""Items of a night's programme, read from a plan: one function a kind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

from control.assets.building import Group
from control.assets.chargers import Session, grouped
from control.assets.hot_water import cycle_steps
from control.expected import expect
from control.grid import Array
from control.measured import planned
from control.night.data import Check, Item, Kind, clock
from control.plan import Plan
from control.problem import Inputs
from models.naming import in_both
from models.reasons import Code, because
from models.site import Site

RUNNING: Final = 0.3
"""Of a compressor: from here on it counts as running."""
POWERED_KW: Final = 0.5
PAUSE: Final = timedelta(minutes=30)
"""Shorter pauses are left out of what people are told."""
SHORTEST: Final = timedelta(minutes=15)
STORED_K: Final = 2.0
"""A tank that rises by less is kept warm, not charged."""
SET_BACK_K: Final = 0.7
NEAR_K: Final = 1.0
"""Reached, when the record comes so near to the goal."""
ROOM_NEAR_K: Final = 0.5
LESS_AIR: Final = 0.1
AIR_NEAR_PCT: Final = 10.0
PEAK_SHARE: Final = 1.05
"""Planned hours may be exceeded by so much."""
ENERGY_KWH: Final = 2.0
"""Less is not worth telling."""


@dataclass(frozen=True)
class Night:
    """A plan and the time it is read for."""

    plan: Plan
    of: Inputs
    site: Site
    start: datetime
    end: datetime

    @property
    def hours(self) -> Array:
        """Of each step, what lies within the night [h]."""
        return self.plan.grid.covered_h(self.start, self.end)

    def at(self, step: int) -> datetime:
        """Begin of a step, within the night."""
        return min(max(self.plan.grid.at(step), self.start), self.end)

    def runs(self, on: NDArray[np.bool_], pause: timedelta = PAUSE) -> Iterator[tuple[int, int]]:
        """Steps [first, last) of each run in the night; runs with a short pause between them are one."""
        found: list[tuple[int, int]] = []
        for step in np.flatnonzero(on & (self.hours > 1e-9)):
            if found and self.at(int(step)) - self.at(found[-1][1]) <= pause:
                found[-1] = (found[-1][0], int(step) + 1)
            else:
                found.append((int(step), int(step) + 1))
        yield from (run for run in found if self.at(run[1]) - self.at(run[0]) >= SHORTEST)

    def energy(self, power_kw: Array, run: tuple[int, int]) -> tuple[float, float]:
        """Electricity [kWh] within a run and the night, and what it costs [NOK]."""
        return self.energy_at(power_kw, self.of.outlook.buy_nok_per_kwh, run)

    def energy_at(self, power_kw: Array, nok_per_kwh: Array, run: tuple[int, int]) -> tuple[float, float]:
        """Energy [kWh] within a run and the night, and what it costs at these prices [NOK]."""
        steps = slice(*run)
        kwh = power_kw[steps] * self.hours[steps]
        return float(kwh.sum()), float(kwh @ nok_per_kwh[steps])

    def item(
        self,
        kind: Kind,
        assets: Iterable[str],
        times: tuple[datetime, datetime],
        code: Code,
        *,
        energy: tuple[float, float] | None = None,
        check: Check | None = None,
        **facts: float | str | None,
    ) -> Item:
        """An item with its sentence; start, end, energy and cost are always among the facts."""
        zone = self.site.zone_info
        known = {"start": clock(times[0], zone), "end": clock(times[1], zone)} | facts
        if energy is not None:
            kwh, nok = energy
            known |= {"energy_kwh": whole(kwh), "cost_nok": whole(nok)}
            known |= {"price_nok_per_kwh": nok / kwh if kwh else None}
        reason = because(code, **known)
        start, end = times
        used, cost = energy if energy is not None else (None, None)
        return Item(kind, tuple(assets), start, end, used, cost, reason, in_both(self.site, reason), check)

    def times(self, run: tuple[int, int]) -> tuple[datetime, datetime]:
        """Begin and end of a run."""
        return self.at(run[0]), self.at(run[1])


def whole(value: float) -> float:
    """As people say it."""
    return float(round(value))


def heating(night: Night) -> Iterator[Item]:
    """When which machines heat the house, and when the buffer is charged beyond that."""
    buffer = night.of.plant.buffer.node.id
    for group in night.of.plant.heat_pumps:
        level = night.plan.trajectories[f"{group.id}.{buffer}.compressors"]
        power = night.plan.trajectories[f"{group.id}.{buffer}.power_kw"]
        for run in night.runs(level > RUNNING):
            energy = night.energy(power, run)
            if energy[0] < ENERGY_KWH:
                continue
            most = float(np.ceil(level[slice(*run)].max() - RUNNING))
            used_kwh = night.energy(_used(night, group.id), run)[0]
            check = Check((f"{group.id}.power_kw",), "energy", used_kwh, used_kwh)
            names = ",".join(group.machines)
            yield night.item(
                Kind.HEAT, group.machines, night.times(run), Code.NIGHT_HEAT, energy=energy, check=check, names=names,
                most=most,
            )  # fmt: skip
    tank = next((t.id for t in night.site.tanks if t.role == "buffer"), None)
    if tank is not None:
        power = sum((_used(night, group.id) for group in night.of.plant.heat_pumps), start=_zeros(night))
        yield from _charges(night, buffer, tank, power, Kind.STORE, Code.NIGHT_STORE)


def boilers(night: Night) -> Iterator[Item]:
    """When electric boilers help."""
    for boiler in night.of.plant.boilers:
        power = night.plan.trajectories[f"{boiler.id}.power_kw"]
        for run in night.runs(power > POWERED_KW):
            energy = night.energy(power, run)
            if energy[0] < ENERGY_KWH:
                continue
            most = float(power[slice(*run)].max())
            check = Check((f"{boiler.id}.power_kw",), "energy", energy[0], energy[0])
            yield night.item(
                Kind.BOILER, (boiler.id,), night.times(run), Code.NIGHT_BOILER, energy=energy, check=check,
                name=boiler.id, most_kw=whole(most),
            )  # fmt: skip


def hot_water(night: Night) -> Iterator[Item]:
    """When tanks are charged for hot water, what the after-heater uses, and whether a heat cycle is held."""
    water = night.of.plant.hot_water
    for tank in {tank: None for group in night.of.plant.heat_pumps for tank in group.water_tanks}:
        power = _zeros(night)
        for group in night.of.plant.heat_pumps:
            power = power + night.plan.trajectories.get(f"{group.id}.{tank}.power_kw", _zeros(night))
        for run in night.runs(power > POWERED_KW):
            degc = float(night.plan.trajectories[f"{tank}.degc"][slice(*run)].max())
            check = Check((f"{tank}.degc",), "reach", degc - NEAR_K, degc)
            yield night.item(
                Kind.WATER, (tank,), night.times(run), Code.NIGHT_WATER, energy=night.energy(power, run), check=check,
                name=tank, degc=whole(degc),
            )  # fmt: skip
    if water is None:
        return
    name = water.after_heater.id
    all_steps = (0, len(night.plan.grid))
    energy = night.energy(night.plan.trajectories[f"{name}.heater_kw"], all_steps)
    if energy[0] > ENERGY_KWH:
        check = Check((f"{name}.heater_kw",), "energy", energy[0], energy[0])
        yield night.item(
            Kind.AFTER_HEATER, (name,), (night.start, night.end), Code.NIGHT_AFTER_HEATER, energy=energy, check=check
        )
    yield _cycle(night, name, water.cycle_degc)


def _cycle(night: Night, name: str, cycle_degc: float) -> Item:
    """The heat cycle that is due within the plan; none tonight is told as well."""
    due = night.of.state.hygiene_due_at
    ready = f"{due.astimezone(night.site.zone_info):%d.%m. %H:%M}" if due is not None else None
    for run in night.runs(_cycle_steps(night)):
        check = Check(("coldest_water_degc",), "proof", cycle_degc, cycle_degc, (night.start, due or night.end))
        return night.item(
            Kind.CYCLE, (name,), night.times(run), Code.NIGHT_CYCLE, check=check, degc=cycle_degc, ready=ready
        )
    return night.item(Kind.CYCLE, (name,), (night.start, night.end), Code.NIGHT_NO_CYCLE, ready=ready)


def _cycle_steps(night: Night) -> NDArray[np.bool_]:
    """The steps the plan holds a heat cycle in."""
    of = night.of
    water, due, draw_kw = of.plant.hot_water, of.state.hygiene_due_at, of.outlook.draw_kw
    if water is None or due is None or draw_kw is None:
        return np.zeros(len(of.grid), dtype=np.bool_)
    start = of.state.tanks_degc[water.after_heater.id]
    return cycle_steps(of.grid, water, due, start, expect(of).buy_nok_per_kwh, draw_kw)


def rooms(night: Night) -> Iterator[Item]:
    """Zones set back over the night, and heated again before they are used; alike ones in one item."""
    backs: defaultdict[tuple[datetime, datetime, float], list[Group]] = defaultdict(list)
    heats: defaultdict[tuple[datetime, datetime, float], list[Group]] = defaultdict(list)
    for group in night.of.plant.groups:
        low = night.of.outlook.low_degc[group.id]
        usual = float(low.max())
        for first, last in night.runs(low < usual - SET_BACK_K, timedelta()):
            backs[(*night.times((first, last)), float(low[first:last].min()))].append(group)
            if last < len(low) and night.plan.grid.at(last) < night.end:
                begin = _heated_from(night.plan.trajectories[f"{group.room.id}.degc"], first, last)
                if begin is not None:
                    heats[(night.at(begin), night.at(last), float(low[last]))].append(group)
    for (start, end, degc), groups in backs.items():
        zones = tuple(zone for group in groups for zone in group.zones if _set_back(night.site, zone))
        check = Check(tuple(f"{zone}.setpoint_degc" for zone in zones), "below", degc + SET_BACK_K, degc)
        if zones:
            yield night.item(
                Kind.SETBACK, zones, (start, end), Code.NIGHT_SETBACK, check=check, names=",".join(zones), degc=degc
            )
    for (start, end, degc), groups in heats.items():
        zones = tuple(zone for group in groups for zone in group.zones if _set_back(night.site, zone))
        check = Check(tuple(f"{g.room.id}.degc" for g in groups), "at_end", degc - ROOM_NEAR_K, degc)
        if zones:
            yield night.item(
                Kind.PREHEAT, zones, (start, end), Code.NIGHT_PREHEAT, check=check, names=",".join(zones), degc=degc
            )


def _set_back(site: Site, zone: str) -> bool:
    return any(z.id == zone and z.setback_degc is not None for z in site.zones)


def _heated_from(room_degc: Array, first: int, last: int) -> int | None:
    """The step from which a room that was set back becomes warmer until it is used; None when it hardly does."""
    begin = first + int(np.argmin(room_degc[first:last]))
    return begin if room_degc[last - 1] - room_degc[begin] >= ROOM_NEAR_K else None


def cars(night: Night) -> Iterator[Item]:
    """What each car gets tonight and when it is ready; cars alike in one item."""
    for session in grouped(night.of.outlook.sessions):
        if session.connected_at >= night.end or session.leaves_at <= night.start:
            continue
        power = _power(night, session) * len(session.chargers)
        on = (power > POWERED_KW) & (night.plan.grid.covered_h(session.connected_at, session.leaves_at) > 0)
        runs = list(night.runs(on))
        energy = night.energy(np.where(on, power, 0.0), (0, len(night.plan.grid)))
        if not runs or energy[0] < ENERGY_KWH:
            continue
        times = (night.at(runs[0][0]), night.at(runs[-1][1]))
        here = (max(session.connected_at, night.start), min(session.leaves_at, night.end))
        check = Check(tuple(f"{c}.power_kw" for c in session.chargers), "energy", energy[0], energy[0], here)
        yield night.item(
            Kind.CARS, session.chargers, times, Code.NIGHT_CARS, energy=energy, check=check,
            names=",".join(session.chargers), ready=clock(session.leaves_at, night.site.zone_info),
        )  # fmt: skip


def _power(night: Night, session: Session) -> Array:
    return night.plan.trajectories.get(f"{session.chargers[0]}.power_kw", _zeros(night))


def air(night: Night) -> Iterator[Item]:
    """Units that give less air over the night; alike ones in one item."""
    alike: defaultdict[tuple[datetime, datetime, float], list[str]] = defaultdict(list)
    for unit in night.of.plant.air:
        share = night.of.outlook.air_share[unit.id]
        for run in night.runs(share < float(share.max()) - LESS_AIR, timedelta()):
            alike[(*night.times(run), whole(100 * float(share[slice(*run)].mean())))].append(unit.id)
    for (start, end, pct), units in alike.items():
        check = Check(tuple(f"{unit}.flow_pct" for unit in units), "below", pct + AIR_NEAR_PCT, pct)
        yield night.item(
            Kind.AIR, units, (start, end), Code.NIGHT_AIR, check=check, names=",".join(units), flow_pct=pct
        )


def peak(night: Night) -> Iterator[Item]:
    """The night's highest clock hour against the month's so far."""
    hours, begins = night.plan.trajectories["grid.hour_kw"], night.plan.grid.hour_starts
    within = [(float(kw), at) for kw, at in zip(hours, begins, strict=True) if night.start <= at < night.end]
    if not within:
        return
    kw, at = max(within, key=lambda hour: hour[0])
    local = at.astimezone(night.site.zone_info)
    month = next((m for m in night.of.tariff.months if (m.year, m.month) == (local.year, local.month)), None)
    so_far = month.basis.so_far_kw if month is not None else 0.0
    check = Check(("grid.power_kw",), "hour", PEAK_SHARE * max(kw, so_far), kw, (night.start, night.end))
    code = Code.NIGHT_PEAK if month is not None else Code.NIGHT_HIGHEST
    yield night.item(
        Kind.PEAK, (), (at, at + timedelta(hours=1)), code, check=check, kw=whole(kw), month_kw=whole(so_far)
    )


def _charges(night: Night, node: str, tank: str, power: Array, kind: Kind, code: Code) -> Iterator[Item]:
    """Times in which a tank's temperature rises, from its low to its high."""
    degc = night.plan.trajectories[f"{node}.degc"]
    before = np.concatenate(([night.of.state.tanks_degc[node]], degc[:-1]))
    for first, last in night.runs(degc > before + 1e-3, timedelta()):
        start, top = float(before[first]), float(degc[last - 1])
        if top - start >= STORED_K:
            check = Check((f"{node}.degc",), "reach", top - NEAR_K, top)
            yield night.item(
                kind, (tank,), night.times((first, last)), code, energy=night.energy(power, (first, last)), check=check,
                name=tank, from_degc=whole(start), degc=whole(top),
            )  # fmt: skip


def _used(night: Night, machines: str) -> Array:
    """Electricity of a group of machines, for all tanks [kW]."""
    values = planned(night.plan, f"{machines}.power_kw")
    return _zeros(night) if values is None else values


def _zeros(night: Night) -> Array:
    return np.zeros(len(night.plan.grid))
