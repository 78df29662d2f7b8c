"""The parts of a plant that pages show: one component an asset, with the points worth seeing at a glance.

Derived from the site alone, so that another site gets its drawing, its panels and its key figures without code.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from models.assets import Asset, Room, Zone
from models.profile import Text
from models.site import Site


class Kind(StrEnum):
    """What a component is; decides its symbol and its place in the drawing."""

    WEATHER = "weather"
    WELLS = "wells"
    HEAT_PUMP = "heat_pump"
    BOILER = "boiler"
    DISTRICT_HEAT = "district_heat"
    TANK = "tank"
    CIRCUIT = "circuit"
    ROOMS = "rooms"
    AIR = "air"
    COLLECTORS = "collectors"
    HOT_WATER = "hot_water"
    LOOP = "loop"
    MAIN = "main"
    METER = "meter"
    PV = "pv"
    BATTERY = "battery"
    CHARGER = "charger"
    BLIND = "blind"
    ROOM = "room"
    ZONE = "zone"


class Fold(StrEnum):
    """How several points become one shown value."""

    ONE = "one"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    """How many are on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One value of a component: `text` is the key of its short name; several points are folded into one value."""

    text: str
    points: tuple[str, ...]
    fold: Fold = Fold.ONE
    target: str | None = None
    """The point with its set point, shown beside it."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the plant. `devices` carry all its points; `running` are points above 0.1 when it runs.

    `beside` is the value that stands beside the word for running or stopped.
    """

    id: str
    kind: Kind
    name: Text
    devices: tuple[str, ...]
    shown: tuple[Shown, ...] = ()
    running: tuple[str, ...] = ()
    beside: Shown | None = None


SIGNALS: Final[dict[Kind, tuple[tuple[str, str], ...]]] = {
    Kind.WEATHER: (
        ("short.outdoor", "outdoor_temp_degc"),
        ("short.wind", "wind_m_per_s"),
        ("short.sun", "irradiance_w_per_m2"),
    ),
    Kind.WELLS: (
        ("short.from_wells", "from_wells_temp_degc"),
        ("short.to_wells", "to_wells_temp_degc"),
        ("short.free_cooling", "free_cooling_pct"),
    ),
    Kind.HEAT_PUMP: (("short.supply", "supply_temp_degc"), ("short.return", "return_temp_degc")),
    Kind.BOILER: (("short.supply", "supply_temp_degc"),),
    Kind.DISTRICT_HEAT: (
        ("short.supply", "supply_temp_degc"),
        ("short.return", "return_temp_degc"),
        ("short.network", "network_supply_temp_degc"),
    ),
    Kind.TANK: tuple(("short.layer", f"layer_{n}_temp_degc") for n in range(1, 9)),
    Kind.CIRCUIT: (("short.supply", "supply_temp_degc"),),
    Kind.AIR: (("short.supply_air", "supply_temp_degc"), ("short.air_flow", "airflow_request_pct")),
    Kind.COLLECTORS: (("short.collector", "collector_temp_degc"), ("short.heat", "power_kw")),
    Kind.HOT_WATER: (
        ("short.supply", "supply_temp_degc"),
        ("short.tap", "tap_temp_degc"),
        ("short.tank_top", "top_temp_degc"),
    ),
    Kind.LOOP: (("short.return", "return_temp_degc"),),
    Kind.MAIN: (("short.power", "power_kw"), ("short.imported", "import_kwh")),
    Kind.METER: (("short.power", "power_kw"),),
    Kind.PV: (("short.limit", "power_limit_pct"),),
    Kind.BATTERY: (("short.charge", "state_of_charge_pct"), ("short.battery_power", "power_kw")),
    Kind.CHARGER: (("short.power", "power_kw"),),
    Kind.BLIND: (("short.position", "position_pct"),),
    Kind.ROOM: (("short.temperature", "temp_degc"),),
    Kind.ZONE: (("short.temperature", "temp_degc"),),
}
"""What is shown of each kind: a text's key and the signal, where the asset has it."""

BESIDE: Final[dict[Kind, tuple[str, str]]] = {
    Kind.WELLS: ("short.flow", "flow_m3_per_h"),
    Kind.BOILER: ("short.power", "power_kw"),
    Kind.DISTRICT_HEAT: ("short.heat", "power_kw"),
    Kind.CIRCUIT: ("short.valve", "valve_pct"),
    Kind.COLLECTORS: ("short.pump", "pump_pct"),
    Kind.HOT_WATER: ("short.draw", "flow_l_per_min"),
    Kind.PV: ("short.power", "ac_power_kw"),
}
"""What stands beside the word for running or stopped."""

TARGETS: Final = {"supply_temp_degc": "supply_setpoint_degc", "temp_degc": "setpoint_degc"}
"""Set point by the signal it is for."""

RUNNING: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.WELLS: ("pump_on",),
    Kind.HEAT_PUMP: ("compressor_1_on", "compressor_2_on"),
    Kind.BOILER: ("stages_on",),
    Kind.DISTRICT_HEAT: ("power_kw",),
    Kind.CIRCUIT: ("pump_on",),
    Kind.AIR: ("fan_power_kw",),
    Kind.COLLECTORS: ("pump_pct",),
    Kind.HOT_WATER: ("circulation_pump_on",),
    Kind.PV: ("ac_power_kw",),
    Kind.CHARGER: ("power_kw",),
}


def components(site: Site) -> dict[str, Component]:
    """Every component by id, in the order of the flow: sources, stores, users, electricity, rooms."""
    found = [*_heat(site), *_water(site), *_electricity(site), *_surroundings(site), *_spaces(site)]
    return {component.id: component for component in found}


def _heat(site: Site) -> Iterable[Component]:
    if site.wells is not None:
        yield _of(site, Kind.WELLS, site.wells)
    yield from (_of(site, Kind.HEAT_PUMP, pump) for pump in site.heat_pumps)
    yield from (_of(site, Kind.BOILER, boiler) for boiler in site.boilers)
    yield from (_of(site, Kind.DISTRICT_HEAT, network) for network in site.district_heat)
    yield from (_of(site, Kind.TANK, tank) for tank in site.tanks)
    for circuit in site.circuits:
        yield _of(site, Kind.CIRCUIT, circuit)
        zones = [zone for zone in site.zones if zone.circuit == circuit.id]
        if zones and circuit.kind == "floor":
            yield rooms_of(site, circuit.id, zones)
    yield from (_of(site, Kind.AIR, unit) for unit in site.air_handling)


def _water(site: Site) -> Iterable[Component]:
    yield from (_of(site, Kind.COLLECTORS, panel) for panel in site.collectors)
    if site.hot_water is not None:
        yield _of(site, Kind.HOT_WATER, site.hot_water)
        yield from (_of(site, Kind.LOOP, loop) for loop in site.hot_water.loops)


def _electricity(site: Site) -> Iterable[Component]:
    for meter in site.meters:
        main = meter.carrier == "electricity" and meter.purpose == "total"
        yield _of(site, Kind.MAIN if main else Kind.METER, meter)
    yield from (_of(site, Kind.PV, array) for array in site.pv)
    yield from (_of(site, Kind.BATTERY, battery) for battery in site.batteries)
    yield from (_of(site, Kind.CHARGER, charger) for charger in site.chargers)


def _surroundings(site: Site) -> Iterable[Component]:
    labels = {device.id: device.label for device in site.devices}
    for device in site.weather_station[:1]:
        yield _of(site, Kind.WEATHER, Asset(id=device, name=labels[device], devices=site.weather_station))
    yield from (_of(site, Kind.BLIND, blind) for blind in site.blinds)


def _spaces(site: Site) -> Iterable[Component]:
    for zone in site.zones:
        yield from (_of(site, Kind.ROOM, room) for room in zone.rooms)
        yield _of(site, Kind.ZONE, zone)


def _of(site: Site, kind: Kind, asset: Asset | Room) -> Component:
    """The component of an asset; meters that measure nothing but this asset lend it their power."""
    shown = [
        Shown(text, (point,), target=site.find(asset.devices, TARGETS[signal]) if signal in TARGETS else None)
        for text, signal in SIGNALS[kind]
        if (point := site.find(asset.devices, signal))
    ]
    devices = asset.devices
    if kind not in (Kind.MAIN, Kind.METER):
        for meter in (m for m in site.meters if m.measures == (asset.id,)):
            devices += tuple(device for device in meter.devices if device not in devices)
            power = site.find(meter.devices, "power_kw")
            if power and kind is Kind.HEAT_PUMP:
                shown.append(Shown("short.heat" if meter.carrier == "heat" else "short.electricity", (power,)))
    running = tuple(p for signal in RUNNING.get(kind, ()) if (p := site.find(asset.devices, signal)))
    beside_text, beside_signal = BESIDE.get(kind, ("", ""))
    beside = site.find(asset.devices, beside_signal)
    return Component(
        asset.id, kind, asset.name, devices, tuple(shown), running, Shown(beside_text, (beside,)) if beside else None
    )


def rooms_of(site: Site, circuit: str, zones: Sequence[Zone]) -> Component:
    """All that one floor circuit heats: the coldest and the warmest temperature there."""
    devices = tuple(
        d
        for zone in zones
        for d in (*zone.devices, *(room_device for room in zone.rooms for room_device in room.devices))
    )
    temps = tuple(p for device in devices if (p := site.find((device,), "temp_degc")))
    name = Text(nb=_together([z.name.nb for z in zones], "soner"), en=_together([z.name.en for z in zones], "zones"))
    shown = (Shown("short.coldest", temps, Fold.MIN), Shown("short.warmest", temps, Fold.MAX))
    return Component(f"{circuit}.rooms", Kind.ROOMS, name, devices, shown)


def _together(names: Sequence[str], word: str) -> str:
    return ", ".join(names) if len(names) <= 2 else f"{len(names)} {word}"
