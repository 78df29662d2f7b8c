"""One month's bill of one metering point, item by item, ex VAT."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from models.local_time import OSLO, local_date, local_month
from models.prices import PriceSeries
from models.tariff import (
    NoPeakCharge,
    TariffConfig,
    adders_at,
    feed_in_prices,
    in_force,
    peak_basis_kw,
    peak_charge_nok,
    settled_spot,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MonthBill:
    """Energies [kWh], costs [NOK, ex VAT] and the peak [kW] of one month, or of the part of it that has passed.

    Peak and fixed charges are the whole month's: they are owed from the first day on.
    """

    import_kwh: float
    export_kwh: float
    spot_nok: float
    supplier_nok: float
    grid_energy_nok: float
    tax_nok: float
    peak_kw: float | None
    """None while no hour of the month is known."""
    peak_nok: float
    fixed_nok: float
    feed_in_nok: float
    """Earned by export; negative when exporting cost money."""
    known_share: float
    """Part of the slots whose energy and price are known; the others are in no sum."""

    @property
    def energy_nok(self) -> float:
        """Everything that follows the kWh bought."""
        return self.spot_nok + self.supplier_nok + self.grid_energy_nok + self.tax_nok

    @property
    def total_nok(self) -> float:
        """What is to be paid, export taken off."""
        return self.energy_nok + self.peak_nok + self.fixed_nok - self.feed_in_nok


def month_bill(
    tariff: TariffConfig,
    prices: PriceSeries,
    start: datetime,
    step_s: int,
    import_kwh: Array,
    export_kwh: Array,
) -> MonthBill:
    """The bill for energies per slot of `step_s` (hour or finer) from `start` (UTC), all inside one local month.

    NaN marks a slot that was not metered. A change of the fixed or peak charge within a month is not known in
    practice: the figures of the month's first day count. ValueError when the slots leave the month, are not on
    clock hours, or the two arrays differ in length.
    """
    end = start + timedelta(seconds=len(import_kwh) * step_s)
    first_day = local_date(start).replace(day=1)
    if len(import_kwh) != len(export_kwh) or end > local_month(first_day)[1]:
        raise ValueError(f"{len(import_kwh)} and {len(export_kwh)} slots of {step_s} s from {start} are not one month")
    if 3600 % step_s or start.timestamp() % 3600:
        raise ValueError(f"slots of {step_s} s from {start} do not divide clock hours")
    spot = settled_spot(tariff, prices, start, end, step_s)
    earned = feed_in_prices(tariff, prices, start, end, step_s)
    known = ~(np.isnan(spot) | np.isnan(import_kwh) | np.isnan(export_kwh))
    bought = np.where(known, import_kwh, 0.0)
    sold = np.where(known, export_kwh, 0.0)
    per_hour = 3600 // step_s
    padded = np.append(import_kwh, np.full(-len(import_kwh) % per_hour, np.nan))
    hourly_kw = padded.reshape(-1, per_hour).sum(axis=1)
    bought_hourly = np.append(bought, np.zeros(-len(bought) % per_hour)).reshape(-1, per_hour).sum(axis=1)
    adders = [adders_at(tariff, start + timedelta(hours=hour)) for hour in range(len(hourly_kw))]
    grid = in_force(tariff.grid, first_day)
    basis = "highest_hour" if isinstance(grid.peak, NoPeakCharge) else grid.peak.basis
    peak_kw = peak_basis_kw(basis, start, hourly_kw)
    return MonthBill(
        import_kwh=float(bought.sum()),
        export_kwh=float(sold.sum()),
        spot_nok=float((bought * np.nan_to_num(spot)).sum()),
        supplier_nok=float(bought_hourly @ [adder.supplier for adder in adders]),
        grid_energy_nok=float(bought_hourly @ [adder.grid for adder in adders]),
        tax_nok=float(bought_hourly @ [adder.tax for adder in adders]),
        peak_kw=peak_kw,
        peak_nok=0.0 if peak_kw is None else peak_charge_nok(grid.peak, start.astimezone(OSLO).month, peak_kw),
        fixed_nok=grid.fixed_nok_per_month + in_force(tariff.supplier, first_day).fixed_nok_per_month,
        feed_in_nok=float((sold * np.nan_to_num(earned)).sum()),
        known_share=float(known.mean()),
    )
