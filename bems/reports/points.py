"""Which points of a site a report rests on."""

from dataclasses import dataclass

from bems.insight.metered import counters_of
from control.hygiene import potable_points
from dashboards.reports.calc_fault_watch import points_needed
from models.assets import Asset, Room, Zone
from models.outgoing import Quantity, outgoing
from models.site import Site


@dataclass(frozen=True, slots=True)
class Wanted:
    """Points by what is asked of them."""

    hourly: tuple[str, ...]
    """Counters, by clock hour."""
    totals: tuple[str, ...]
    """Counters of which only the whole period matters."""
    quarters: tuple[str, ...]
    minutes: tuple[str, ...]
    aggregates: tuple[Quantity, ...]
    """Over rooms: CO2, the only thing of single residents that a report tells of."""


def wanted_of(site: Site) -> Wanted:
    """All that the site has."""
    hourly = [point for meter in site.meters for point in counters_of(site, meter)]
    if site.hot_water is not None and (volume := site.find(site.hot_water.devices, "volume_m3")) is not None:
        hourly.append(volume)
    return Wanted(
        hourly=tuple(dict.fromkeys(hourly)),
        totals=tuple(dict.fromkeys(point for point in _totals(site) if point not in hourly)),
        quarters=tuple(dict.fromkeys(_quarters(site))),
        minutes=watched_water(site),
        aggregates=tuple(q for q in outgoing(site) if q.how == "mean" and q.signal == "mean_co2_ppm"),
    )


def watched_water(site: Site) -> tuple[str, ...]:
    """Sensors of the potable water: its whole volume, what comes into the after-heater, and the cold water."""
    if site.hot_water is None:
        return ()
    beside = (site.find(site.hot_water.devices, s) for s in ("preheat_temp_degc", "cold_temp_degc"))
    return tuple(dict.fromkeys((*potable_points(site), *(point for point in beside if point is not None))))


def outdoor_point(site: Site) -> str | None:
    """The weather station's, or else a heat pump's."""
    for devices in (site.weather_station, *(pump.devices for pump in site.heat_pumps)):
        if (point := site.find(devices, "outdoor_temp_degc")) is not None:
            return point
    return None


def spaces(site: Site) -> list[tuple[Zone, list[Zone | Room]]]:
    """Each zone with its rooms, the common area first."""
    return [(zone, [zone, *zone.rooms]) for zone in site.zones]


def _totals(site: Site) -> list[str]:
    signals: list[tuple[Asset, str]] = [(array, "ac_energy_kwh") for array in site.pv]
    signals += [(charger, "energy_kwh") for charger in site.chargers]
    signals += [(pump, signal) for pump in site.heat_pumps for signal in starts_of(site, pump.devices)]
    signals += [(panel, "energy_kwh") for panel in site.collectors]
    return [point for asset, signal in signals if (point := site.find(asset.devices, signal)) is not None]


def starts_of(site: Site, devices: tuple[str, ...]) -> list[str]:
    """Signals that count starts of a machine's compressors."""
    return [f"starts_{n}" for n in range(1, 9) if site.find(devices, f"starts_{n}") is not None]


def _quarters(site: Site) -> list[str]:
    wanted = [outdoor_point(site)]
    for _, places in spaces(site):
        wanted += [site.find(place.devices, "temp_degc") for place in places]
    wanted += [site.find(zone.devices, "co2_ppm") for zone in site.zones]
    if site.wells is not None:
        wanted += [site.find(site.wells.devices, s) for s in ("from_wells_temp_degc", "to_wells_temp_degc")]
    wanted += [site.find(panel.devices, s) for panel in site.collectors for s in ("stagnation", "collector_temp_degc")]
    wanted.append(site.find(site.weather_station, "irradiance_w_per_m2"))
    wanted += [site.find(array.devices, "ac_power_kw") for array in site.pv]
    wanted += points_needed(site)
    public = (point for point in wanted if point is not None)
    return [point for point in public if site.points[point].privacy.value == "public"]
