"""What a plan is made from, as frozen data: the plant's parameters, where it stands, what is expected, what counts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import numpy as np

from control.assets.air import AirUnit
from control.assets.battery import Battery
from control.assets.boilers import Boiler, DistrictHeat, HeatPeak
from control.assets.building import Group, Softness
from control.assets.bus import Node
from control.assets.chargers import Session
from control.assets.collectors import Collectors, SunHeat
from control.assets.electricity import Connection
from control.assets.heat_pumps import HeatPumps, Running
from control.assets.hot_water import HotWater
from control.assets.peak import MonthPeak
from control.assets.wells import Wells
from control.grid import Array, Grid
from control.habits.known import Profile
from models.signals import Reason


@dataclass(frozen=True)
class Tank:
    """A tank of heating water, taken as one temperature."""

    node: Node
    max_degc: float
    expected_degc: float
    """Where it usually stands when it is used; for a buffer the heating curve says so instead."""
    surroundings_degc: float = 20.0


@dataclass(frozen=True)
class Plant:
    """Parameters of every asset; any number of each, none where the site has none."""

    connection: Connection
    buffer: Tank
    """What heating circuits and coils draw from; a site without one has the water in its pipes."""
    groups: tuple[Group, ...]
    curve: tuple[tuple[float, float], ...]
    """Warmest of the heating curves: (outdoor, supply) [degC]."""
    tanks: tuple[Tank, ...] = ()
    """All but the buffer."""
    heat_pumps: tuple[HeatPumps, ...] = ()
    boilers: tuple[Boiler, ...] = ()
    district_heat: tuple[DistrictHeat, ...] = ()
    hot_water: HotWater | None = None
    collectors: tuple[Collectors, ...] = ()
    wells: Wells | None = None
    air: tuple[AirUnit, ...] = ()
    batteries: tuple[Battery, ...] = ()
    pv: tuple[str, ...] = ()
    """Ids of the arrays."""
    heating_below_degc: float = 17.0
    """Outdoor temperature from which no circuit runs."""
    top_above_mean_k: float = 2.0
    """What circuits see of the buffer."""
    blind_stops: float = 0.85
    presence: Mapping[str, Profile] = field(default_factory=dict)
    """People by zone, learned: part of the plant, so that whoever reckons with it has the same heat of them."""
    machine_margin_k: float = 0.5
    """No tank is planned nearer to where the machines that charge it trip; the rules let them rest 1 K before."""


@dataclass(frozen=True)
class State:
    """The plant as the plan finds it; temperatures are means of their nodes."""

    tanks_degc: Mapping[str, float]
    """Buffer and after-heater included, by node."""
    rooms_degc: Mapping[str, float]
    """By group."""
    masses_degc: Mapping[str, float]
    ground_degc: float | None = None
    openings: Mapping[str, float] = field(default_factory=dict)
    """Of the valves of a group, the mean with the neediest one open; where they tell."""
    disturbance_kw: Mapping[str, float] = field(default_factory=dict)
    """Unmeasured heat into a group's room."""
    heat_pumps: Mapping[str, Running] = field(default_factory=dict)
    """By group of machines; one that is missing cannot run."""
    boilers_lost: frozenset[str] = frozenset()
    air_debt_h: Mapping[str, float] = field(default_factory=dict)
    extract_degc: Mapping[str, float] = field(default_factory=dict)
    """Extract air by air-handling unit, where it is measured; the plan holds it."""
    batteries_kwh: Mapping[str, float] = field(default_factory=dict)
    """By battery; one that is missing is not to be had."""
    networks_lost: frozenset[str] = frozenset()
    """Substations that give no heat."""
    heat_hour_kwh: Mapping[str, float] = field(default_factory=dict)
    """District heat taken in the running clock hour before the grid's start."""
    hour_kwh: float = 0.0
    """Bought in the running clock hour before the grid's start."""
    hygiene_due_at: datetime | None = None
    """None only where there is no hot water."""


@dataclass(frozen=True)
class Spread:
    """Standard deviation of each part of an outlook, one value per step."""

    base_load_kw: Array
    """Of a quarter within the step, as days differed."""
    outdoor_k: Array
    spot_nok_per_kwh: Array
    """0 where the price is published."""
    people_kw: Array
    """Heat of the people in all zones, in a quarter."""
    draw_kw: Array | None = None
    """Of a quarter: mostly whether somebody draws now or later."""
    pv_kw: Array | None = None
    collected_kw: Mapping[str, Array] = field(default_factory=dict)
    """By field of collectors: of what it could give to its tank."""
    back_h: Mapping[str, float] = field(default_factory=dict)
    """By charger: of when its car is back [h]."""


@dataclass(frozen=True)
class Outlook:
    """What is expected, one value per step of the grid."""

    identity: str
    """Names the forecasts this was made from; kept with every command."""
    buy_nok_per_kwh: Array
    sell_nok_per_kwh: Array
    outdoor_degc: Array
    base_load_kw: Array
    """Light, equipment, kitchen, fans, pumps."""
    gains_kw: Mapping[str, Array]
    """People and equipment, by group."""
    solar_kw: Mapping[str, Array]
    """Sun through bare windows, by group."""
    low_degc: Mapping[str, Array]
    high_degc: Mapping[str, Array]
    air_share: Mapping[str, Array]
    """Flow of each unit as share of its full flow."""
    pv_kw: Array | None = None
    draw_kw: Array | None = None
    """Heat in the tap water used."""
    draw_kw_per_k: Array | None = None
    """Capacity rate of the cold water that flows in for it."""
    cold_degc: Array | None = None
    sun_heat: Mapping[str, SunHeat] = field(default_factory=dict)
    """By field of collectors."""
    cooling_kw: Array | None = None
    """Most free cooling; 0 while it would make dew."""
    sessions: tuple[Session, ...] = ()
    sources: tuple[Reason, ...] = ()
    """What it was made from, for people; `identity` is the same in English."""
    heat_nok_per_kwh: Mapping[str, Array] = field(default_factory=dict)
    """District heat, by substation."""
    held: Mapping[str, Array] = field(default_factory=dict)
    """Share of a group's emitters that are not set back; all of them where it is missing."""
    promised_degc: Mapping[str, float] = field(default_factory=dict)
    """What the common area of each zone is promised now."""
    spread: Spread | None = None
    """How uncertain it is; no plan is made from it."""


SOFTNESS: Final = Softness(slight_k=0.3, cold_slight=60.0, cold_deep=200.0, hot_slight=2.0, hot_deep=50.0)


@dataclass(frozen=True)
class Weights:
    """Prices of what has none on a bill."""

    comfort: Softness = SOFTNESS
    hygiene_nok_per_kh: float = 1000.0
    car_nok_per_kwh: float = 200.0
    """A car that cannot leave: dearer than any peak."""
    fuse_nok_per_kwh: float = 500.0
    start_nok: float = 3.0
    write_nok: float = 0.02
    """A write to a memory that wears: 10 000 NOK of electronics over 500 000 writes."""
    boiler_beyond_nok_per_kwh: float = 3.0
    """Stages that are normally locked: dearer than slight cold, cheaper than deep."""
    brine_nok_per_kh: float = 50.0
    season_nok_per_kwh: float = 0.01
    co2_nok_per_kwh: float = 0.0
    """Of electricity bought, beyond what is paid for it."""
    co2_heat_nok_per_kwh: float = 0.0
    """Of district heat."""
    blinds_nok_per_kwh: float = 0.05
    unused_sun_nok_per_kwh: float = 0.02
    curtail_nok_per_kwh: float = 0.001
    terminal_share: float = 0.9
    """Of what a kWh left at the end would have cost."""


@dataclass(frozen=True)
class TariffState:
    """The months the plan touches, each with its peak so far; empty where power costs nothing."""

    months: tuple[MonthPeak, ...] = ()
    heat: Mapping[str, tuple[HeatPeak, ...]] = field(default_factory=dict)
    """The same of district heat, by substation."""


@dataclass(frozen=True)
class Held:
    """A decision made beforehand: one trajectory of the plan kept within bounds in one step."""

    trajectory: str
    least: float
    most: float
    step: int = 0


@dataclass(frozen=True)
class Inputs:
    """All of it."""

    grid: Grid
    plant: Plant
    state: State
    outlook: Outlook
    days: tuple[date, ...]
    """Local day of each clock hour of the grid."""
    tariff: TariffState = TariffState()
    weights: Weights = Weights()
    held: tuple[Held, ...] = ()
    """None in a plan to be carried out; asks what another decision would cost."""


def faults(of: Inputs) -> list[str]:
    """What makes a plan impossible before anything is solved: missing, of the wrong length, not a number."""
    found = [f"state: no temperature of '{name}'" for name in _nodes(of) if name not in of.state.tanks_degc]
    for group in of.plant.groups:
        found += [f"state: no room temperature of '{group.id}'"] * (group.id not in of.state.rooms_degc)
        found += [f"state: no mass temperature of '{group.id}'"] * (group.id not in of.state.masses_degc)
    if of.plant.wells is not None and of.state.ground_degc is None:
        found.append("state: no temperature of the ground")
    if of.plant.hot_water is not None and of.state.hygiene_due_at is None:
        found.append("state: no deadline for the hygiene cycle")
    for name, array in _arrays(of):
        if array is None:
            found.append(f"outlook: no {name}")
        elif len(array) != len(of.grid):
            found.append(f"outlook: {name} has {len(array)} values for {len(of.grid)} steps")
        elif not np.isfinite(array).all():
            found.append(f"outlook: {name} is not known for every step")
    numbers = {**of.state.tanks_degc, **of.state.rooms_degc, **of.state.masses_degc, "hour_kwh": of.state.hour_kwh}
    found += [f"state: '{name}' is not a number" for name, value in numbers.items() if not np.isfinite(value)]
    if len(of.days) != len(of.grid.hour_starts):
        found.append("days: one is needed for every clock hour of the grid")
    return found


def _nodes(of: Inputs) -> Iterator[str]:
    yield of.plant.buffer.node.id
    yield from (tank.node.id for tank in of.plant.tanks)
    if of.plant.hot_water is not None:
        yield of.plant.hot_water.after_heater.id


def _arrays(of: Inputs) -> Iterator[tuple[str, Array | None]]:
    see, plant = of.outlook, of.plant
    for name in ("buy_nok_per_kwh", "sell_nok_per_kwh", "outdoor_degc", "base_load_kw"):
        yield name, getattr(see, name)
    for group in plant.groups:
        for name in ("gains_kw", "solar_kw", "low_degc", "high_degc"):
            yield f"{name} of '{group.id}'", getattr(see, name).get(group.id)
    for unit in plant.air:
        yield f"air_share of '{unit.id}'", see.air_share.get(unit.id)
    for network in plant.district_heat:
        yield f"heat_nok_per_kwh of '{network.id}'", see.heat_nok_per_kwh.get(network.id)
    if plant.pv:
        yield "pv_kw", see.pv_kw
    if plant.hot_water is not None:
        yield from ((name, getattr(see, name)) for name in ("draw_kw", "draw_kw_per_k", "cold_degc"))
    for panel in plant.collectors:
        sun = see.sun_heat.get(panel.id)
        for name in ("to_tank_kw", "to_circulation_kw", "to_wells_kw", "standstill_degc"):
            yield f"{name} of '{panel.id}'", getattr(sun, name) if sun is not None else None
