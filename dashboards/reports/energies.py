"""The energies that several sections rest on, from the meters as the site file describes them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from dashboards.reports.calc_heat_pumps import HeatPumpEnergy, Spf, spf
from dashboards.reports.calc_known import Array, Known, Why, added
from dashboards.reports.calc_meters import MeterList, meter_list
from dashboards.reports.gathered import Gathered
from models.assets import Meter, Purpose
from models.site import Site

SIGNALS = ("import_kwh", "export_kwh", "energy_kwh")


@dataclass(frozen=True, eq=False)
class Energies:
    """Of a period; hourly values are NaN where they are not known."""

    bought: Known
    sold: Known
    made: Known
    """By solar cells, as their meters count it."""
    bought_kwh: Array
    """By clock hour."""
    sold_kwh: Array
    made_kwh: Array
    meters: MeterList
    heating: Known
    """Heat to rooms and ventilation, as metered."""
    heating_kwh: Array
    circulation: Known
    area_m2: float

    @property
    def used_kwh(self) -> Array:
        """Electricity used, by clock hour."""
        return self.bought_kwh - self.sold_kwh + self.made_kwh


def counter(site: Site, meter: Meter) -> str | None:
    """The counter of what a meter is for: what it brings, or gives where it only gives."""
    return next((p for s in SIGNALS if (p := site.find(meter.devices, s)) is not None), None)


def mains(site: Site) -> list[Meter]:
    """Meters of the connection."""
    return [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.TOTAL]


def sub_meters(site: Site) -> list[Meter]:
    """Electricity meters of uses."""
    return [m for m in site.meters if m.carrier == "electricity" and m.purpose not in (Purpose.TOTAL, Purpose.SOURCE)]


def heat_meters(site: Site, purpose: Purpose) -> list[Meter]:
    """Heat meters of a purpose."""
    return [m for m in site.meters if m.carrier == "heat" and m.purpose is purpose]


def meters_of(site: Site, carrier: str, asset: str) -> list[Meter]:
    """Meters that measure nothing but this asset."""
    return [m for m in site.meters if m.carrier == carrier and m.measures == (asset,)]


def total(found: Gathered, points: Iterable[str | None]) -> Known:
    """What counters gained together; NOT_MEASURED for none."""
    known = [found.counted(point).total for point in points]
    return added(*known) if known else Known.missing(Why.NOT_MEASURED)


def hourly(found: Gathered, points: Iterable[str | None]) -> Array:
    """The same by clock hour; all NaN for none."""
    rows = [found.counted(point).hourly for point in points]
    return np.asarray(np.sum(rows, axis=0), dtype=np.float64) if rows else np.full(found.hours, np.nan)


def energies(found: Gathered) -> Energies:
    """From the meters."""
    site = found.site
    bought = [site.find(m.devices, "import_kwh") for m in mains(site)]
    sold = [p for m in mains(site) if (p := site.find(m.devices, "export_kwh")) is not None]
    pv = [m for m in site.meters if m.carrier == "electricity" and m.purpose is Purpose.SOURCE]
    made = [counter(site, m) for m in pv]
    rooms = [counter(site, m) for m in heat_meters(site, Purpose.ROOM_AND_AIR_HEAT)]
    of_bought = total(found, bought)
    nothing = Known(0.0)
    of_sold, of_made = total(found, sold) if sold else nothing, total(found, made) if made else nothing
    zeros = np.zeros(found.hours)
    uses = {m.id: (m.purpose, found.counted(counter(site, m)).total) for m in sub_meters(site)}
    return Energies(
        bought=of_bought,
        sold=of_sold,
        made=of_made,
        bought_kwh=hourly(found, bought),
        sold_kwh=hourly(found, sold) if sold else zeros,
        made_kwh=hourly(found, made) if made else zeros,
        meters=meter_list(of_bought, of_sold, of_made, uses),
        heating=total(found, rooms),
        heating_kwh=hourly(found, rooms),
        circulation=total(found, [counter(site, m) for m in heat_meters(site, Purpose.HOT_WATER)]),
        area_m2=sum(zone.area_m2 for zone in site.zones),
    )


def machine(found: Gathered, ids: Iterable[str]) -> tuple[Known, Known]:
    """Heat from, and electricity to, these heat pumps."""
    site, wanted = found.site, list(ids)
    heat = [counter(site, m) for one in wanted for m in meters_of(site, "heat", one)]
    power = [counter(site, m) for one in wanted for m in meters_of(site, "electricity", one)]
    lacking = Known.missing(Why.NOT_MEASURED)
    return (
        total(found, heat) if len(heat) == len(wanted) else lacking,
        total(found, power) if len(power) == len(wanted) else lacking,
    )


def factors(found: Gathered) -> Spf:
    """Seasonal performance factors of all heat pumps together.

    Where one meter has source pump and circulation pumps together, H2 and H3 cannot be told, but H4 can.
    """
    site = found.site
    heat, power = machine(found, [pump.id for pump in site.heat_pumps])
    boilers = [counter(site, m) for boiler in site.boilers for m in meters_of(site, "electricity", boiler.id)]
    back_up = total(found, boilers) if boilers or site.boilers else Known(0.0)
    source = {panel.id for panel in site.collectors} | ({site.wells.id} if site.wells is not None else set())
    carrying = {circuit.id for circuit in site.circuits}
    fed = [m for m in sub_meters(site) if m.measures and source | carrying >= set(m.measures)]

    def with_pumps(source_pump: Known, distribution: Known) -> Spf:
        return spf(HeatPumpEnergy(heat, power, source_pump, back_up, back_up, distribution))

    alone = [counter(site, m) for m in fed if site.wells is not None and m.measures == (site.wells.id,)]
    rest = [counter(site, m) for m in fed if counter(site, m) not in alone]
    apart = with_pumps(total(found, alone), total(found, rest))
    together = with_pumps(Known(0.0), total(found, [counter(site, m) for m in fed]))
    return replace(apart, h4=together.h4, share_pct=together.share_pct)
