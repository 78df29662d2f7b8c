"""What a run came to: money, comfort, hot water, hygiene, wear. Pure; what a plant cannot tell is None, never 0.

Money is NOK ex VAT. Energies come from counters, so the length of a step does not matter.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bems.backtest.columns import Columns
from bems.backtest.comfort import Comfort, comfort, service_points
from bems.backtest.district_bill import district_nok
from bems.backtest.lockstep import LockstepResult
from control import hygiene
from control.loads import main_meter
from models.assets import Asset, Purpose
from models.bill import month_bill
from models.district_heat import heat_prices
from models.local_time import OSLO, local_date, local_month
from models.prices import PriceSeries
from models.site import Site
from models.tariff import NoPeakCharge, feed_in_prices, import_prices, in_force, peak_charge_nok

Array = NDArray[np.float64]

WATER_KWH_PER_M3_K: Final = 1.163
USUAL_SPF: Final = 3.0
"""Where the run itself does not tell what heat cost in electricity."""
BOREHOLE_NOK_PER_KWH: Final = 0.01
"""Later electricity for a kWh taken from the rock now: docs/backtest.md."""
LITTLE_KWH: Final = 1.0
TAP_DEGC: Final = 55.0
UNSERVED_DEGC: Final = 40.0
FIXED: Final = (Purpose.LIGHT_AND_EQUIPMENT, Purpose.LARGE_USERS)


@dataclass(frozen=True)
class Score:
    """One run in figures; each field's unit is in its name, definitions are in docs/backtest.md."""

    cost_total_nok: float | None
    cost_controllable_nok: float | None
    energy_bought_kwh: float | None
    peak_kw: float | None
    cold_kh: float | None
    worst_room_cold_kh: float | None
    p95_room_cold_kh: float | None
    longest_cold_min: float | None
    hot_kh: float | None
    mean_room_degc: float | None
    co2_min: float | None
    litres_below_55: float | None
    litres_unserved_40: float | None
    return_below_60_min: float | None
    hygiene_missed: int | None
    starts: int | None
    writes: int
    spf: float | None
    stored_heat_correction_nok: float | None
    borehole_correction_nok: float | None
    solve_ms: dict[str, float] | None
    car_missing_kwh: float | None
    groups: dict[str, dict[str, float]]
    """By zone: mean of its rooms' `cold_kh`, `hot_kh` and `mean_degc`."""

    def as_json(self) -> dict[str, Any]:
        """As it goes into the output file."""
        return asdict(self)


def points_needed(site: Site) -> tuple[str, ...]:
    """The points whose values a run must keep to be scored; those the site has."""
    wanted = [site.find(m.devices, s) for m in site.meters for s in ("power_kw", "import_kwh", "export_kwh")]
    wanted += [site.find(m.devices, "energy_kwh") for m in site.meters]
    wanted += [site.find(asset.devices, "power_kw") for asset in (*site.boilers, *site.chargers, *site.batteries)]
    wanted += [site.find(battery.devices, "state_of_charge_pct") for battery in site.batteries]
    wanted += [site.find(network.devices, s) for network in site.district_heat for s in ("energy_kwh", "power_kw")]
    wanted += [site.find(array.devices, "ac_energy_kwh") for array in site.pv]
    wanted += [site.find(tank.devices, f"layer_{n}_temp_degc") for tank in site.tanks for n in range(1, 5)]
    wanted += [site.find(p.devices, f"compressor_{n + 1}_on") for p in site.heat_pumps for n in range(p.compressors)]
    if site.hot_water is not None:
        wanted += [site.find(site.hot_water.devices, s) for s in _HOT_WATER]
        wanted += [site.find(loop.devices, "return_temp_degc") for loop in site.hot_water.loops]
    wanted += service_points(site)
    return tuple(dict.fromkeys(point for point in wanted if point is not None))


def score(
    site: Site,
    run: LockstepResult,
    prices: PriceSeries,
    *,
    hygiene_state: hygiene.HygieneState | None = None,
    peak_so_far_kw: float = 0.0,
    solve_ms: Sequence[float] = (),
    car_missing_kwh: float | None = None,
) -> Score:
    """The figures of a run that kept `points_needed`; it starts on a clock hour.

    Args:
        site: the checked site.
        run: the scored part of a run.
        prices: what spot really was [NOK/kWh, ex VAT].
        hygiene_state: where the duty stood at the start; a day's grace when left out.
        peak_so_far_kw: the peak that the first month had before the start [kW].
        solve_ms: time of every plan [ms].
        car_missing_kwh: what cars lacked when they left, where the plant tells [kWh].
    """
    seen = Columns(run)
    bought = seen.energy_kwh(main_meter(site, "import_kwh"))
    sold = seen.energy_kwh(main_meter(site, "export_kwh"))
    sold = np.zeros_like(bought) if sold is None and bought is not None else sold
    total = None
    if bought is not None and sold is not None:
        total = bill_nok(site, run.start, round(run.dt_s), prices, bought, sold, peak_so_far_kw)
    heat = district_nok(site, seen, prices)
    total = total + heat if total is not None and heat is not None else None
    fixed = _fixed_nok(site, seen, prices)
    spf = _spf(site, seen)
    comforts = comfort(site, run)
    return Score(
        cost_total_nok=total,
        cost_controllable_nok=total - fixed if total is not None and fixed is not None else None,
        energy_bought_kwh=float(bought.sum()) if bought is not None else None,
        peak_kw=_peak_kw(run, bought) if bought is not None else None,
        **_comfort_figures(comforts),
        **_water_figures(site, seen),
        hygiene_missed=_hygiene_missed(site, run, seen, hygiene_state),
        starts=_starts(site, seen),
        writes=len(run.commands),
        spf=spf,
        stored_heat_correction_nok=_stored_nok(site, seen, prices, comforts, spf),
        borehole_correction_nok=_borehole_nok(site, seen),
        solve_ms=_spread(solve_ms),
        car_missing_kwh=car_missing_kwh,
        groups={c.zone: {"cold_kh": c.cold_kh, "hot_kh": c.hot_kh, "mean_degc": c.mean_degc} for c in comforts.groups},
    )


# --- Money ----------------------------------------------------------------------------------------------------------


def bill_nok(
    site: Site, begin: datetime, step_s: int, prices: PriceSeries, bought: Array, sold: Array, peak_so_far_kw: float
) -> float | None:
    """Month by month: energy, fixed and peak charge, the last two in full for each month touched; None: unknown.

    `bought` and `sold` are energies of steps from `begin` [kWh].
    """
    total, at = 0.0, 0
    while at < len(bought):
        start = begin + timedelta(seconds=at * step_s)
        until = min(len(bought), at + round((local_month(local_date(start))[1] - start).total_seconds() / step_s))
        bill = month_bill(site.tariff, prices, start, step_s, bought[at:until], sold[at:until])
        if bill.known_share < 1:
            return None
        peak = in_force(site.tariff.grid, local_date(start).replace(day=1)).peak
        basis = max(bill.peak_kw or 0.0, peak_so_far_kw if at == 0 else 0.0)
        charged = 0.0 if isinstance(peak, NoPeakCharge) else peak_charge_nok(peak, start.astimezone(OSLO).month, basis)
        total += bill.total_nok - bill.peak_nok + charged
        at = until
    return total


def _peak_kw(run: LockstepResult, bought: Array) -> float:
    per_hour = round(3600 / run.dt_s)
    whole = len(bought) // per_hour * per_hour
    hours = bought[:whole].reshape(-1, per_hour).sum(axis=1)
    return float(max(hours.max(initial=0.0), bought[whole:].sum()))


def _fixed_nok(site: Site, seen: Columns, prices: PriceSeries) -> float | None:
    """Energy cost of what nobody controls, after what the solar cells make of it; what they sell is earned here."""
    net = _fixed_net_kwh(site, seen)
    if net is None:
        return None
    bounds = (seen.run.start, seen.run.start + timedelta(seconds=len(net) * seen.run.dt_s), round(seen.run.dt_s))
    buy, sell = (price(site.tariff, prices, *bounds) for price in (import_prices, feed_in_prices))
    cost = float((np.maximum(net, 0.0) * buy - np.maximum(-net, 0.0) * sell).sum())
    return None if np.isnan(cost) else cost


def _fixed_net_kwh(site: Site, seen: Columns) -> Array | None:
    """Fixed load less what solar cells made, in each step: by its meters, else whatever the controlled loads leave."""
    meters = [m for m in site.meters if m.carrier == "electricity" and m.purpose in FIXED]
    if meters:
        loads = [seen.energy_kwh(site.find(m.devices, "import_kwh")) for m in meters]
        made = [seen.energy_kwh(site.find(array.devices, "ac_energy_kwh")) for array in site.pv]
        return _difference(loads, made)
    controlled: list[Asset] = [*site.heat_pumps, *site.boilers, *site.chargers, *site.batteries]
    controlled += [site.hot_water] if site.hot_water else []
    used = [_used_kwh(site, seen, asset) for asset in controlled]
    return _difference(
        [seen.energy_kwh(main_meter(site, "import_kwh"))], [seen.energy_kwh(main_meter(site, "export_kwh")), *used]
    )


def _used_kwh(site: Site, seen: Columns, asset: Asset) -> Array | None:
    meter = next((m for m in site.meters if m.carrier == "electricity" and m.measures == (asset.id,)), None)
    if meter is not None:
        return seen.energy_kwh(site.find(meter.devices, "import_kwh"))
    power = seen.column(site.find(asset.devices, "power_kw"))
    return None if power is None else power * seen.hours


def _difference(more: Sequence[Array | None], less: Sequence[Array | None]) -> Array | None:
    known = [one for one in [*more, *less] if one is not None]
    if len(known) < len(more) + len(less):
        return None
    return np.asarray(np.sum(known[: len(more)], axis=0) - np.sum(known[len(more) :], axis=0), dtype=np.float64)


def _spf(site: Site, seen: Columns) -> float | None:
    """Heat of all heat pumps over their electricity."""
    heat, power = (
        [_metered(site, seen, pump, carrier, signal) for pump in site.heat_pumps]
        for carrier, signal in (("heat", "energy_kwh"), ("electricity", "import_kwh"))
    )
    known = [value for value in [*heat, *power] if value is not None]
    if not heat or len(known) < 2 * len(heat) or sum(known[len(heat) :]) < LITTLE_KWH:
        return None
    return sum(known[: len(heat)]) / sum(known[len(heat) :])


def _metered(site: Site, seen: Columns, asset: Asset, carrier: str, signal: str) -> float | None:
    meter = next((m for m in site.meters if m.carrier == carrier and m.measures == (asset.id,)), None)
    energy = seen.energy_kwh(site.find(meter.devices, signal)) if meter is not None else None
    return float(energy.sum()) if energy is not None else None


_AFTER_HEATER: Final = ("top_temp_degc", "middle_temp_degc", "bottom_temp_degc")
_HOT_WATER: Final = (*_AFTER_HEATER, "supply_temp_degc", "flow_l_per_min", "power_kw")


def _stored_nok(site: Site, seen: Columns, prices: PriceSeries, comforts: Comfort, spf: float | None) -> float | None:
    """To be added to the cost: less than nothing when more heat was left at the end than was found at the start.

    Heat in tanks and building at the price of heat-pump heat (district heat without any), heat in the after-heater and
    what batteries can give at that of electricity.
    """
    pumped = comforts.stored_kwh or 0.0
    known = comforts.stored_kwh is not None
    for tank in site.tanks:
        ends = seen.mean([site.find(tank.devices, f"layer_{n}_temp_degc") for n in range(1, 5)])
        if ends is not None:
            known = True
            pumped += tank.volume_m3 * WATER_KWH_PER_M3_K * (ends[1] - ends[0])
    direct = 0.0
    if site.hot_water is not None:
        ends = seen.mean([site.find(site.hot_water.devices, s) for s in _AFTER_HEATER])
        direct = site.hot_water.after_heater_m3 * WATER_KWH_PER_M3_K * (ends[1] - ends[0]) if ends is not None else 0.0
    end = seen.run.start + timedelta(seconds=len(seen.run.values) * seen.run.dt_s)
    price = float(np.mean(import_prices(site.tariff, prices, seen.run.start, end, round(seen.run.dt_s))))
    for battery in site.batteries:
        ends = seen.mean([site.find(battery.devices, "state_of_charge_pct")])
        known = known or ends is not None
        direct += battery.efficiency * battery.capacity_kwh * (ends[1] - ends[0]) / 100 if ends is not None else 0.0
    if not known or np.isnan(price):
        return None
    heat_price = network_heat_nok_per_kwh(site, prices, seen.run.start, end, round(seen.run.dt_s))
    return -(heat_price * pumped if heat_price is not None else price * pumped / (spf or USUAL_SPF)) - price * direct


def network_heat_nok_per_kwh(
    site: Site, prices: PriceSeries, start: datetime, end: datetime, step_s: int
) -> float | None:
    """Mean price of the cheapest network's heat, which a house without heat pumps pays for what is in its walls."""
    heat = [float(np.mean(heat_prices(n.prices, site.tariff, prices, start, end, step_s))) for n in site.district_heat]
    return min(heat) if heat and not site.heat_pumps else None


def _borehole_nok(site: Site, seen: Columns) -> float | None:
    wells = site.wells
    meter = next((m for m in site.meters if wells is not None and m.measures == (wells.id,)), None)
    if meter is None or meter.carrier != "heat":
        return None
    power = seen.column(site.find(meter.devices, "power_kw"))
    return None if power is None else BOREHOLE_NOK_PER_KWH * float(power.sum()) * seen.hours


# --- Services -------------------------------------------------------------------------------------------------------


def _comfort_figures(comforts: Comfort) -> dict[str, float | None]:
    return {
        "cold_kh": comforts.cold_kh,
        "worst_room_cold_kh": comforts.worst_room_cold_kh,
        "p95_room_cold_kh": comforts.p95_room_cold_kh,
        "longest_cold_min": comforts.longest_cold_min,
        "hot_kh": comforts.hot_kh,
        "mean_room_degc": comforts.mean_room_degc,
        "co2_min": comforts.co2_min,
    }


def _water_figures(site: Site, seen: Columns) -> dict[str, float | None]:
    water = site.hot_water
    if water is None:
        return dict.fromkeys(("litres_below_55", "litres_unserved_40", "return_below_60_min"))
    flow, supply = (seen.column(site.find(water.devices, s)) for s in ("flow_l_per_min", "supply_temp_degc"))
    litres = None if flow is None else flow * (seen.run.dt_s / 60)
    returns = [seen.column(site.find(loop.devices, "return_temp_degc")) for loop in water.loops]
    cold = [column < site.hygiene.return_min_degc for column in returns if column is not None]

    def colder_than(degc: float) -> float | None:
        return None if litres is None or supply is None else float(litres[supply < degc].sum())

    return {
        "litres_below_55": colder_than(TAP_DEGC),
        "litres_unserved_40": colder_than(UNSERVED_DEGC),
        "return_below_60_min": float(np.any(cold, axis=0).sum()) * seen.run.dt_s / 60 if cold else None,
    }


def _hygiene_missed(site: Site, run: LockstepResult, seen: Columns, state: hygiene.HygieneState | None) -> int | None:
    """Deadlines that passed before the next proof, by the values at every step."""
    columns = [seen.column(point) for point in hygiene.potable_points(site)]
    known = [column for column in columns if column is not None]
    if not columns or len(known) < len(columns):
        return None
    coldest = np.min(known, axis=0)
    state, missed, last_due = state or hygiene.fresh(run.start), 0, None
    for step, value in enumerate(coldest.tolist(), 1):
        now = run.start + timedelta(seconds=step * run.dt_s)
        state, _ = hygiene.observe(state, now, value, site.hygiene, 2 * run.dt_s)
        if now > state.due_at and state.due_at != last_due:
            missed, last_due = missed + 1, state.due_at
    return missed


def _starts(site: Site, seen: Columns) -> int | None:
    """Compressors that began to run."""
    total, known = 0, False
    for pump in site.heat_pumps:
        for n in range(pump.compressors):
            point = site.find(pump.devices, f"compressor_{n + 1}_on")
            column = seen.column(point)
            if column is not None:
                known = True
                before = seen.first(point)
                on = np.concatenate(([column[0] if before is None else before], column)) >= 0.5
                total += int((on[1:] & ~on[:-1]).sum())
    return total if known else None


def _spread(solve_ms: Sequence[float]) -> dict[str, float] | None:
    if not solve_ms:
        return None
    median, p95, most = np.percentile(np.asarray(solve_ms), [50, 95, 100])
    return {"median": float(median), "p95": float(p95), "max": float(most)}
