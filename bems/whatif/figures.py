"""What a simulated case came to: energy by carrier and purpose, cost by part, peak, CO2, own use, rooms, SPF.

One definition each, in docs/what-if.md. What a case cannot tell is None, never 0. Money is NOK without VAT.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from bems.backtest.comfort import comfort
from bems.backtest.lockstep import LockstepResult
from bems.whatif.plant import HOUR_S, Hours
from control.grid import Array
from control.ledger import Ledger
from control.refit.inputs import spaces
from control.rules.memory import RuleMemory
from dashboards.reports.calc_co2 import Basis, factor_on
from models.assets import Asset
from models.bill import MonthBill, month_bill
from models.district_heat import heat_prices
from models.local_time import local_date, local_month
from models.prices import PriceSeries
from models.site import Site
from models.tariff import in_force

LITTLE_KWH: Final = 1.0
CARRIERS: Final = "Energy by carrier"
ROOMS: Final = "Rooms, by the set points as they are"


@dataclass(frozen=True)
class Figure:
    """One row: where it stands, what it is, its unit, its value."""

    section: str
    key: str
    label: str
    unit: str
    value: float | None


def figures(
    base: Site, site: Site, seen: Hours, prices: PriceSeries, groups: Iterable[tuple[str, ...]]
) -> list[Figure]:
    """All rows of one case, always the same ones in the same order for one base site and period.

    Args:
        base: the site as it is: rooms of both columns are judged by its set points.
        site: this case.
        seen: its hours.
        prices: spot.
        groups: zones in the order of the twin's groups.
    """
    return [
        *_carriers(base, site, seen),
        *_purposes(site, seen),
        *_cost(site, seen, prices),
        *_power(seen),
        *_plant(site, seen),
        *_co2(seen),
        *_rooms(base, seen, groups),
    ]


# --- Energy ---------------------------------------------------------------------------------------------------------


def _sum(of: Mapping[str, Array], assets: Iterable[Asset]) -> float | None:
    """Of these assets together; None where there are none."""
    ids = [asset.id for asset in assets]
    return float(sum(float(of[name].sum()) for name in ids if name in of)) if ids else None


def _one(asset: Asset | None) -> list[Asset]:
    return [] if asset is None else [asset]


def _carriers(base: Site, site: Site, seen: Hours) -> list[Figure]:
    bought, heat = float(seen.bought_kwh.sum()), _sum(seen.heat_kwh, site.district_heat)
    rows = [
        ("bought_kwh", "Electricity bought", bought),
        ("sold_kwh", "Electricity sold", float(seen.sold_kwh.sum())),
        ("pv_kwh", "Made by solar cells", _sum(seen.electric_kwh, site.pv)),
        ("solar_heat_kwh", "Heat from collectors", _sum(seen.heat_kwh, site.collectors)),
        ("wells_kwh", "Heat from the ground, net", _sum(seen.heat_kwh, _one(site.wells))),
        ("district_kwh", "District heat", heat),
    ]
    area = sum(zone.area_m2 for zone in base.zones)
    specific = Figure(CARRIERS, "kwh_per_m2", "Bought, by floor area", "kWh/m2", (bought + (heat or 0.0)) / area)
    return [*(Figure(CARRIERS, key, label, "kWh", value) for key, label, value in rows), specific]


def _purposes(site: Site, seen: Hours) -> list[Figure]:
    electric, heat = seen.electric_kwh, seen.heat_kwh
    rows = [
        ("heat_pumps_kwh", "Electricity: heat pumps", _sum(electric, site.heat_pumps)),
        ("boilers_kwh", "Electricity: boilers", _sum(electric, site.boilers)),
        ("hot_water_kwh", "Electricity: after-heater of hot water", _sum(electric, _one(site.hot_water))),
        ("fans_kwh", "Electricity: fans", _sum(electric, site.air_handling)),
        ("cars_kwh", "Electricity: cars", _sum(electric, site.chargers)),
        ("batteries_kwh", "Electricity: lost in batteries, net", _sum(electric, site.batteries)),
        ("base_kwh", "Electricity: light, equipment, pumps", float(electric["base"].sum())),
        ("floor_heat_kwh", "Heat: rooms", _sum(heat, [c for c in site.circuits if c.kind != "air"])),
        ("air_heat_kwh", "Heat: ventilation air", _sum(heat, [c for c in site.circuits if c.kind == "air"])),
        ("circulation_kwh", "Heat: circulation of hot water", _sum(heat, _one(site.hot_water))),
    ]
    return [Figure("Energy by purpose", key, label, "kWh", value) for key, label, value in rows]


# --- Money ----------------------------------------------------------------------------------------------------------


def _months(start: datetime, hours: int) -> list[tuple[datetime, int, int]]:
    """(start, first hour, last hour not included) of each local month touched."""
    found, at = [], 0
    while at < hours:
        begin = start + timedelta(hours=at)
        until = min(hours, at + round((local_month(local_date(begin))[1] - begin) / timedelta(hours=1)))
        found.append((begin, at, until))
        at = until
    return found


def _cost(site: Site, seen: Hours, prices: PriceSeries) -> list[Figure]:
    bills: list[MonthBill] = [
        month_bill(site.tariff, prices, begin, round(HOUR_S), seen.bought_kwh[a:b], seen.sold_kwh[a:b])
        for begin, a, b in _months(seen.start, len(seen.bought_kwh))
    ]
    whole = all(bill.known_share == 1 for bill in bills)

    def of(part: str) -> float | None:
        return float(sum(getattr(bill, part) for bill in bills)) if whole else None

    heat = _district_nok(site, seen, prices) if site.district_heat else None
    sold, power = of("feed_in_nok"), of("total_nok")
    rows = [
        ("spot_nok", "Spot", of("spot_nok")),
        ("supplier_nok", "Supplier's markup", of("supplier_nok")),
        ("grid_nok", "Grid, energy", of("grid_energy_nok")),
        ("tax_nok", "Electricity tax", of("tax_nok")),
        ("peak_nok", "Grid, power", of("peak_nok")),
        ("fixed_nok", "Fixed charges", of("fixed_nok")),
        ("sold_nok", "Earned by selling (taken off)", -sold if sold is not None else None),
        ("district_nok", "District heat", heat),
        ("total_nok", "Whole bill", power + (heat or 0.0) if power is not None else None),
    ]
    return [Figure("Cost, without VAT", k, label, "NOK", v) for k, label, v in rows]


def _district_nok(site: Site, seen: Hours, prices: PriceSeries) -> float | None:
    total, count = 0.0, len(seen.bought_kwh)
    end = seen.start + timedelta(hours=count)
    for network in site.district_heat:
        taken = seen.heat_kwh.get(network.id)
        if taken is None:
            return None
        each = heat_prices(network.prices, site.tariff, prices, seen.start, end, round(HOUR_S))
        total += float(each @ taken)
        for begin, a, b in _months(seen.start, count):
            terms = in_force(network.prices, local_date(begin).replace(day=1))
            total += terms.nok_per_kw_month * float(taken[a:b].max()) + terms.fixed_nok_per_month
    return None if np.isnan(total) else total


# --- Power, plant, CO2 ----------------------------------------------------------------------------------------------


def _power(seen: Hours) -> list[Figure]:
    peaks = [float(seen.bought_kwh[a:b].max()) for _, a, b in _months(seen.start, len(seen.bought_kwh))]
    return [
        Figure("Power", "peak_kw", "Highest hour", "kW", max(peaks)),
        Figure("Power", "mean_month_peak_kw", "Mean of the months' highest hours", "kW", sum(peaks) / len(peaks)),
    ]


def _plant(site: Site, seen: Hours) -> list[Figure]:
    made, bought = _sum(seen.electric_kwh, site.pv) or 0.0, float(seen.bought_kwh.sum())
    # What a battery sells may have come from the grid: own use is at most what the cells made.
    own = min(max(made - float(seen.sold_kwh.sum()), 0.0), made)
    heat, power = (_sum(of, site.heat_pumps) or 0.0 for of in (seen.heat_kwh, seen.electric_kwh))
    boilers = _sum(seen.electric_kwh, site.boilers) or 0.0
    both = (heat + boilers) / (power + boilers) if power + boilers > LITTLE_KWH else None
    rows = [
        ("own_use_pct", "Of the solar power used in the house", "%", _share(own, made)),
        ("covered_pct", "Of the electricity covered by the sun", "%", _share(own, own + bought) if site.pv else None),
        ("spf", "Performance factor of the heat pumps", "", heat / power if power > LITTLE_KWH else None),
        ("spf_boilers", "The same, boilers included", "", both),
        ("boiler_share_pct", "Of the heat made by boilers", "%", _share(boilers, heat + boilers)),
    ]
    return [Figure("Plant", *row) for row in rows]


def _share(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole > LITTLE_KWH else None


def _co2(seen: Hours) -> list[Figure]:
    """Electricity bought by the factors of NS 3720, which hold for sixty years; district heat has none here."""
    rows = []
    day, kwh = local_date(seen.start), float(seen.bought_kwh.sum())
    for key, basis, label in (
        ("co2_no_kg", Basis.LIFETIME_NO, "Electricity, Norwegian mix of NS 3720"),
        ("co2_eu_kg", Basis.LIFETIME_EU, "Electricity, European mix of NS 3720"),
    ):
        factor = factor_on(basis, day)
        rows.append(Figure("CO2", key, label, "kg", kwh * factor.g_per_kwh / 1000 if factor else None))
    return rows


# --- Rooms ----------------------------------------------------------------------------------------------------------


def _rooms(base: Site, seen: Hours, groups: Iterable[tuple[str, ...]]) -> list[Figure]:
    found = comfort(base, _as_run(base, seen, groups))
    rows = [
        ("mean_room_degc", "Residents' rooms, mean", "°C", found.mean_room_degc),
        ("coldest_room_degc", "Coldest hour of any resident's room", "°C", _extreme(base, seen, groups, low=True)),
        ("warmest_room_degc", "Warmest hour of any resident's room", "°C", _extreme(base, seen, groups, low=False)),
        ("worst_room_cold_kh", "Too cold, worst resident's room", "Kh", found.worst_room_cold_kh),
        ("cold_kh", "Too cold, all rooms", "Kh", found.cold_kh),
        ("hot_kh", "Too warm, all rooms", "Kh", found.hot_kh),
    ]
    names = {zone.id: zone.name.en for zone in base.zones}
    return [Figure(ROOMS, *row) for row in rows] + [
        Figure(ROOMS, f"mean_{g.zone}_degc", f"Mean of {names[g.zone]}", "°C", g.mean_degc) for g in found.groups
    ]


def space_devices(site: Site, groups: Iterable[tuple[str, ...]]) -> list[tuple[tuple[str, ...], bool]]:
    """Devices of the twin's spaces in its order, and whether a resident lives there."""
    zones = {zone.id: zone for zone in site.zones}
    return [
        (devices, place > 0)
        for names in groups
        for zone in (zones[name] for name in names)
        for place, (devices, _) in enumerate(spaces(zone))
    ]


def _extreme(site: Site, seen: Hours, groups: Iterable[tuple[str, ...]], *, low: bool) -> float | None:
    homes = [n for n, (_, lived_in) in enumerate(space_devices(site, groups)) if lived_in]
    if not homes:
        return None
    rows = seen.rooms_degc[homes]
    return float(rows.min() if low else rows.max())


def _as_run(site: Site, seen: Hours, groups: Iterable[tuple[str, ...]]) -> LockstepResult:
    """Room temperatures as a run that `comfort` judges."""
    points = [site.find(devices, "temp_degc") for devices, _ in space_devices(site, groups)]
    kept = [n for n, point in enumerate(points) if point is not None]
    values = seen.rooms_degc[kept].T
    names = tuple(point for point in points if point is not None)
    return LockstepResult(seen.start, HOUR_S, names, values, values[0], [], [], {}, RuleMemory(), Ledger())
