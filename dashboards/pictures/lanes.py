"""What stands in a system picture: lanes of stations, each with the points that the site has of it. No markup here."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from dashboards.components import Kind
from models.assets import AirHandling, Asset, Circuit, HeatPump, Purpose
from models.district_heat import DistrictHeat
from models.profile import Text
from models.site import Site

LineKind = Literal["supply", "water", "cable", "air", "none"]


@dataclass(frozen=True, slots=True)
class Reading:
    """A point in a station, and the set point beside it."""

    point: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Station:
    """A box in a lane. `title` is a key of the texts, or a name from the site file."""

    kind: Kind
    title: str | Text
    readings: tuple[Reading, ...] = ()
    running: tuple[str, ...] = ()
    """Points above zero when it runs."""
    opens: str | None = None
    """The component with the details."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Stations in a row. In a series the line goes through them; else each hangs on the line above."""

    name: str | Text
    stations: tuple[Station, ...]
    line: LineKind
    series: bool = True
    opens: str | None = None
    tag: str = ""
    returns: bool = False
    """The medium comes back: a second, dashed line."""


Plan = tuple[tuple[str, Kind, tuple[str, ...], tuple[str, ...]], ...]
"""Stations of an asset: key of the title, kind, signals shown, signals that tell whether it runs."""

TARGETS: Final = {
    "supply_temp_degc": "supply_setpoint_degc",
    "temp_degc": "setpoint_degc",
    "supply_flow_m3_per_h": "airflow_request_pct",
    "stages_on": "stage_request",
}
"""Set point by the signal it stands beside."""

MACHINE: Final[Plan] = (
    ("picture.brine", Kind.WELLS, ("brine_in_temp_degc", "brine_out_temp_degc"), ()),
    (
        "picture.compressors",
        Kind.HEAT_PUMP,
        ("stage_request", "discharge_temp_degc", "release_ok", "fault"),
        ("compressor_1_on", "compressor_2_on"),
    ),
    ("picture.condenser", Kind.TANK, ("supply_temp_degc", "return_temp_degc"), ()),
    ("picture.duty", Kind.HOT_WATER, ("hot_water_duty",), ("hot_water_duty",)),
)
BOILER: Final[Plan] = (
    ("picture.stages", Kind.BOILER, ("stages_on", "power_kw", "overheat_trip", "fault"), ("stages_on",)),
    ("picture.out", Kind.TANK, ("supply_temp_degc",), ()),
)
DISTRICT_HEAT: Final[Plan] = (
    ("picture.network", Kind.DISTRICT_HEAT, ("network_supply_temp_degc", "network_return_temp_degc"), ()),
    ("picture.network_valve", Kind.LOOP, ("valve_pct", "valve_limit_pct"), ()),
    ("picture.exchanger", Kind.BOILER, ("power_kw", "fault"), ("power_kw",)),
    ("picture.condenser", Kind.TANK, ("supply_temp_degc", "return_temp_degc"), ()),
)
CIRCUIT: Final[Plan] = (
    ("picture.shunt", Kind.LOOP, ("valve_pct",), ()),
    ("picture.pump", Kind.CIRCUIT, ("pump_on",), ("pump_on",)),
    ("picture.out", Kind.TANK, ("supply_temp_degc",), ()),
)
CIRCUIT_BACK: Final[Plan] = (("picture.back", Kind.TANK, ("return_temp_degc",), ()),)
WELLS: Final[Plan] = (
    ("picture.from_wells", Kind.WELLS, ("from_wells_temp_degc",), ()),
    ("picture.pump", Kind.CIRCUIT, ("flow_m3_per_h",), ("pump_on",)),
    ("picture.to_wells", Kind.WELLS, ("to_wells_temp_degc",), ()),
)
COOLING: Final[Plan] = (
    *WELLS[:2],
    ("picture.free_cooling", Kind.LOOP, ("free_cooling_pct",), ("free_cooling_pct",)),
    WELLS[2],
)
SUN: Final[Plan] = (
    ("picture.collector", Kind.COLLECTORS, ("collector_temp_degc", "stagnation"), ()),
    ("picture.pump", Kind.CIRCUIT, ("pump_pct", "flow_l_per_h"), ("pump_pct",)),
    ("picture.exchanger", Kind.LOOP, ("exchanger_out_temp_degc", "exchanger_return_temp_degc"), ()),
    ("picture.goes_to", Kind.TANK, ("target", "power_kw"), ()),
)
AIR: Final[Plan] = (
    ("picture.intake", Kind.WEATHER, ("outdoor_temp_degc", "filter_alarm"), ()),
    ("picture.recovery", Kind.LOOP, ("recovery_pct", "exhaust_temp_degc"), ()),
    ("picture.heating_coil", Kind.BOILER, ("heating_coil_valve_pct", "frost_alarm"), ()),
    ("picture.cooling_coil", Kind.BLIND, ("cooling_coil_valve_pct",), ()),
    ("picture.fan", Kind.AIR, ("supply_flow_m3_per_h", "fan_power_kw"), ("fan_power_kw",)),
    ("picture.supply_air", Kind.TANK, ("supply_temp_degc", "fire_alarm"), ()),
)
AIR_BACK: Final[Plan] = (("picture.extract", Kind.ROOMS, ("extract_temp_degc", "extract_co2_ppm"), ()),)
WATER_IN: Final[Plan] = (("picture.cold", Kind.HOT_WATER, ("cold_temp_degc", "flow_l_per_min"), ()),)
WATER_OUT: Final[Plan] = (
    ("picture.preheated", Kind.LOOP, ("preheat_temp_degc",), ()),
    (
        "picture.after_heater",
        Kind.BOILER,
        ("top_temp_degc", "middle_temp_degc", "bottom_temp_degc", "stage_request", "power_kw", "overheat_trip"),
        ("power_kw",),
    ),
    ("picture.pump", Kind.CIRCUIT, ("supply_temp_degc",), ("circulation_pump_on",)),
    ("picture.taps", Kind.HOT_WATER, ("tap_temp_degc", "shower_temp_degc"), ()),
)
TANK: Final = tuple(f"layer_{n}_temp_degc" for n in range(1, 9))
BATTERY: Final = ("state_of_charge_pct", "power_kw", "power_setpoint_kw", "setpoint_enabled", "cell_temp_degc", "fault")
METER: Final = ("power_kw", "import_kwh", "export_kwh")


def lanes(site: Site, system: str) -> list[Lane]:
    """The lanes of one system; empty where the site has none of it."""
    makers = {"310": _water, "320": _heat, "350": _cooling, "360": _air, "4": _power, "563": _rooms}
    return [lane for lane in makers[system](site) if lane.stations]


def _water(site: Site) -> Iterator[Lane]:
    water = site.hot_water
    if water is None:
        return
    tanks = [tank for tank in site.tanks if tank.id in water.preheat_tanks]
    stations = (
        *_stations(site, water, WATER_IN),
        *(_one(site, tank, Kind.TANK, TANK) for tank in tanks),
        *_stations(site, water, WATER_OUT),
    )
    yield Lane(water.name, stations, "water", opens=water.id, tag=_tag(site, water))
    loops = tuple(_one(site, loop, Kind.LOOP, ("return_temp_degc", "flow_l_per_min")) for loop in water.loops)
    yield Lane("picture.loops", loops, "water", series=False)


def _heat(site: Site) -> Iterator[Lane]:
    if site.wells is not None:
        yield _series(site, site.wells, WELLS)
    yield from (_series(site, pump, MACHINE) for pump in site.heat_pumps)
    yield from (_series(site, network, DISTRICT_HEAT) for network in site.district_heat)
    yield from (_series(site, boiler, BOILER) for boiler in site.boilers)
    tanks = tuple(_one(site, tank, Kind.TANK, TANK) for tank in site.tanks)
    yield Lane("picture.tanks", tanks, "supply", series=False)
    for circuit in site.circuits:
        yield _circuit(site, circuit)
    yield from (_series(site, panel, SUN) for panel in site.collectors)


def _circuit(site: Site, circuit: Circuit) -> Lane:
    zones = [zone for zone in site.zones if zone.circuit == circuit.id]
    units = [unit for unit in site.air_handling if unit.circuit == circuit.id]
    served = _named([*zones, *units])
    stations = (
        *_stations(site, circuit, CIRCUIT),
        *((Station(Kind.ROOMS, served),) if served else ()),
        *_stations(site, circuit, CIRCUIT_BACK),
    )
    return Lane(circuit.name, stations, "supply", opens=circuit.id, tag=_tag(site, circuit), returns=True)


def _cooling(site: Site) -> Iterator[Lane]:
    wells, units = site.wells, [unit for unit in site.air_handling if unit.cooling_coil_kw > 0]
    if wells is None:
        return
    yield _series(site, wells, COOLING)
    signals = ("extract_temp_degc", "cooling_coil_valve_pct", "supply_temp_degc")
    yield Lane(
        "picture.cooling_coils", tuple(_one(site, unit, Kind.AIR, signals) for unit in units), "supply", series=False
    )


def _air(site: Site) -> Iterator[Lane]:
    for unit in site.air_handling:
        yield _unit(site, unit)


def _unit(site: Site, unit: AirHandling) -> Lane:
    served = _named(zone for zone in site.zones if zone.air_handling == unit.id)
    stations = (
        *_stations(site, unit, AIR),
        *((Station(Kind.ROOMS, served),) if served else ()),
        *_stations(site, unit, AIR_BACK),
    )
    return Lane(unit.name, stations, "air", opens=unit.id, tag=_tag(site, unit))


def _power(site: Site) -> Iterator[Lane]:
    meters = [meter for meter in site.meters if meter.carrier == "electricity"]
    mains = [meter for meter in meters if meter.purpose is Purpose.TOTAL]
    names = {device.id: device.label for device in site.devices}
    yield Lane("picture.intake_power", tuple(_one(site, m, Kind.MAIN, METER, names) for m in mains), "cable")
    rest = tuple(_one(site, meter, Kind.METER, METER, names) for meter in meters if meter not in mains)
    yield Lane("picture.meters", rest, "cable", series=False)
    suns = tuple(
        _one(site, one, Kind.PV, ("ac_power_kw", "power_limit_pct"), running=("ac_power_kw",)) for one in site.pv
    )
    yield Lane("picture.suns", suns, "cable", series=False)
    packs = tuple(_one(site, battery, Kind.BATTERY, BATTERY) for battery in site.batteries)
    yield Lane("picture.batteries", packs, "cable", series=False)
    chargers = tuple(
        _one(site, one, Kind.CHARGER, ("mode3_state", "power_kw", "max_current_a"), running=("power_kw",))
        for one in site.chargers
    )
    yield Lane("picture.chargers", chargers, "cable", series=False)


def _rooms(site: Site) -> Iterator[Lane]:
    signals = ("temp_degc", "valve_pct", "co2_ppm")
    zones = tuple(_one(site, zone, Kind.ZONE, signals) for zone in site.zones)
    yield Lane("picture.zones", zones, "none", series=False)
    blinds = tuple(_one(site, blind, Kind.BLIND, ("position_pct", "wind_alarm")) for blind in site.blinds)
    yield Lane("picture.blinds", blinds, "none", series=False)


def _series(site: Site, asset: Asset, plan: Plan) -> Lane:
    returns = isinstance(asset, HeatPump | DistrictHeat)
    return Lane(
        asset.name, tuple(_stations(site, asset, plan)), "supply", opens=asset.id, tag=_tag(site, asset),
        returns=returns,
    )  # fmt: skip


def _stations(site: Site, asset: Asset, plan: Plan) -> Iterator[Station]:
    """The stations of which the asset has at least one point."""
    for title, kind, signals, runs in plan:
        readings = _readings(site, asset, signals)
        running = _found(site, asset, runs)
        if readings or running:
            yield Station(kind, title, readings, running, asset.id)


def _one(
    site: Site,
    asset: Asset,
    kind: Kind,
    signals: Sequence[str],
    names: dict[str, Text] | None = None,
    running: Sequence[str] = (),
) -> Station:
    """The whole asset as one station, by its own name or by that of its first device."""
    name = names.get(asset.devices[0], asset.name) if names and asset.devices else asset.name
    return Station(kind, name, _readings(site, asset, signals), _found(site, asset, running), asset.id)


def _readings(site: Site, asset: Asset, signals: Sequence[str]) -> tuple[Reading, ...]:
    return tuple(
        Reading(point, site.find(asset.devices, TARGETS[signal]) if signal in TARGETS else None)
        for signal in signals
        if (point := site.find(asset.devices, signal)) is not None
    )


def _found(site: Site, asset: Asset, signals: Sequence[str]) -> tuple[str, ...]:
    return tuple(point for signal in signals if (point := site.find(asset.devices, signal)) is not None)


def _tag(site: Site, asset: Asset) -> str:
    """The system of the asset's first device, as the site file has it."""
    return next((device.system for device in site.devices if device.id in asset.devices[:1]), "")


def _named(assets: Iterable[Asset]) -> Text | None:
    names = [asset.name for asset in assets]
    if not names:
        return None
    return Text(nb=", ".join(name.nb for name in names), en=", ".join(name.en for name in names))
