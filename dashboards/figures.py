"""The key figures over the drawing, from the site alone: which points, how they become one number, what is normal."""

from dataclasses import dataclass
from typing import Final

from dashboards.components import Component, Fold, Kind
from models.assets import Zone, ZoneKind
from models.site import Site

RESIDENT_BAND_DEGC: Final = (21.0, 24.0)
"""Accepted in a resident's room in the heating season."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An analog indicator: its ends, and the band that is normal."""

    low: float
    high: float
    band_low: float
    band_high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A number people look at first. `opens` is the component with the details; `of` a total it is part of."""

    text: str
    points: tuple[str, ...]
    fold: Fold = Fold.ONE
    scale: Scale | None = None
    opens: str | None = None
    of: int | None = None


def figures(site: Site, parts: dict[str, Component]) -> list[Figure]:
    """The figures this site can show; the price is none of them, since no device measures it."""
    found = [
        *_outdoor(site, parts),
        *_power(site, parts),
        *_district_heat_and_batteries(site),
        *_tanks(site),
        *_rooms(site),
        *_hot_water(site),
    ]
    return [figure for figure in found if figure.points]


def band(zone: Zone) -> tuple[float, float]:
    """Temperatures that are normal in the common area of a zone [°C]."""
    if zone.kind is ZoneKind.RESIDENTIAL:
        return RESIDENT_BAND_DEGC
    return (zone.setback_degc or zone.setpoint_degc) - 1.0, zone.setpoint_degc + 3.0


def _outdoor(site: Site, parts: dict[str, Component]) -> list[Figure]:
    stations = (site.weather_station, *(pump.devices for pump in site.heat_pumps))
    points = [p for devices in stations if (p := site.find(devices, "outdoor_temp_degc"))]
    opens = next((part.id for part in parts.values() if part.kind is Kind.WEATHER), None)
    return [Figure("figure.outdoor", tuple(points[:1]), opens=opens)]


def _power(site: Site, parts: dict[str, Component]) -> list[Figure]:
    main = next((part for part in parts.values() if part.kind is Kind.MAIN), None)
    fuse_kw = round(site.electricity.fuse_kw)
    pumps = [part for part in parts.values() if part.kind is Kind.HEAT_PUMP]
    compressors = tuple(point for pump in pumps for point in pump.running)
    heat = tuple(p for pump in pumps for shown in pump.shown if shown.text == "short.heat" for p in shown.points)
    suns = [part for part in parts.values() if part.kind is Kind.PV]
    first = pumps[0].id if pumps else None
    return [
        Figure(
            "figure.import",
            main.shown[0].points if main else (),
            scale=Scale(0, fuse_kw, 0, fuse_kw * 0.8),
            opens=main.id if main else None,
        ),
        Figure("figure.compressors", compressors, Fold.COUNT, opens=first, of=len(compressors)),
        Figure("figure.heat", heat, Fold.SUM, opens=first),
        Figure(
            "figure.pv", tuple(p for sun in suns for p in sun.running), Fold.SUM, opens=suns[0].id if suns else None
        ),
    ]


def _district_heat_and_batteries(site: Site) -> list[Figure]:
    found: list[Figure] = []
    if site.district_heat:
        powers = tuple(p for one in site.district_heat if (p := site.find(one.devices, "power_kw")))
        most_kw = sum(one.max_kw for one in site.district_heat)
        scale = Scale(0, most_kw, 0, most_kw)
        found.append(Figure("figure.district_heat", powers, Fold.SUM, scale, opens=site.district_heat[0].id))
    for battery in site.batteries:
        charge = site.find(battery.devices, "state_of_charge_pct")
        scale = Scale(0, 100, battery.lowest_pct, battery.highest_pct)
        found.append(Figure("figure.battery", (charge,) if charge else (), scale=scale, opens=battery.id))
    return found


def _tanks(site: Site) -> list[Figure]:
    names = {"buffer": "figure.buffer", "solar": "figure.solar_tank", "heat_pump": "figure.heat_pump_tank"}
    found = []
    for tank in site.tanks:
        point = site.find(tank.devices, "layer_1_temp_degc")
        scale = None
        if tank.setpoint_degc is not None:
            scale = Scale(20, tank.max_degc + 5, tank.setpoint_degc - 1.5 * tank.hysteresis_k, tank.max_degc)
        found.append(Figure(names[tank.role], (point,) if point else (), scale=scale, opens=tank.id))
    return found


def _rooms(site: Site) -> list[Figure]:
    rooms = [room for zone in site.zones for room in zone.rooms]
    temps = tuple(p for room in rooms if (p := site.find(room.devices, "temp_degc")))
    return [Figure("figure.coldest_room", temps, Fold.MIN, Scale(18, 27, *RESIDENT_BAND_DEGC))]


def _hot_water(site: Site) -> list[Figure]:
    if site.hot_water is None:
        return []
    supply = site.find(site.hot_water.devices, "supply_temp_degc")
    returns = tuple(p for loop in site.hot_water.loops if (p := site.find(loop.devices, "return_temp_degc")))
    limits = site.hygiene
    return [
        Figure(
            "figure.hot_water",
            (supply,) if supply else (),
            scale=Scale(limits.supply_min_degc - 15, 80, limits.supply_min_degc, 75),
            opens=site.hot_water.id,
        ),
        Figure(
            "figure.lowest_return",
            returns,
            Fold.MIN,
            Scale(limits.return_min_degc - 15, 75, limits.return_min_degc, 72),
            opens=site.hot_water.loops[0].id if site.hot_water.loops else None,
        ),
    ]
