"""The dated tariff around the spot price: what a kWh costs at an instant, and what a month's peak costs.

Everything is NOK without VAT (a municipality reclaims it); `with_vat` is for display. Import and export are separate
non-negative energies here. Months, days and hours of a tariff are local (Europe/Oslo).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Literal, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from models.field import Strict
from models.local_time import OSLO, is_workday
from models.prices import PriceSeries

Array = NDArray[np.float64]

ALL_MONTHS: Final = tuple(range(1, 13))
Month = Annotated[int, Field(ge=1, le=12)]


# --- What a site file says ------------------------------------------------------------------------------------------


class EnergyRate(Strict):
    """Grid energy price in some months, on some days, in some hours; the first rate that fits is the one."""

    nok_per_kwh: float
    months: tuple[Month, ...] = ALL_MONTHS
    days: Literal["all", "workdays", "other"] = "all"
    """'other' is Saturday, Sunday and public holidays."""
    from_hour: int = Field(default=0, ge=0, le=23)
    to_hour: int = Field(default=24, ge=1, le=24)
    """End of the window; a window may run over midnight (22 to 6)."""

    def fits(self, month: int, workday: bool, hour: int) -> bool:
        """Whether the rate is for this local month, kind of day and hour."""
        if month not in self.months or (self.days != "all" and (self.days == "workdays") != workday):
            return False
        if self.from_hour < self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour


class PowerRate(Strict):
    """Price of a kW of the month's peak, in some months."""

    nok_per_kw: float = Field(ge=0)
    months: tuple[Month, ...] = ALL_MONTHS


class CapacityStep(Strict):
    """One step: from this peak on (the threshold belongs to it), the month costs so much."""

    from_kw: float = Field(ge=0)
    nok_per_month: float = Field(ge=0)


Basis = Literal["highest_hour", "mean_of_three_days"]


class NoPeakCharge(Strict):
    """Power costs nothing."""

    kind: Literal["none"]


class PeakPerKw(Strict):
    """Each kW of the month's peak has a price."""

    kind: Literal["per_kw"]
    basis: Basis
    rates: tuple[PowerRate, ...]

    def nok_per_kw(self, month: int) -> float:
        """Price of a kW of peak in a month (1 to 12)."""
        return next(rate.nok_per_kw for rate in self.rates if month in rate.months)

    @model_validator(mode="after")
    def _every_month_once(self) -> Self:
        months = sorted(month for rate in self.rates for month in rate.months)
        if months != list(ALL_MONTHS):
            raise ValueError(f"power rates must name every month exactly once, got {months}")
        return self


class PeakSteps(Strict):
    """The month's peak falls into a step, and the step has a price."""

    kind: Literal["steps"]
    basis: Basis
    steps: tuple[CapacityStep, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rising_from_zero(self) -> Self:
        starts = [step.from_kw for step in self.steps]
        if starts[0] != 0 or starts != sorted(set(starts)):
            raise ValueError(f"capacity steps must rise from 0 kW, got {starts}")
        return self


PeakCharge = Annotated[NoPeakCharge | PeakPerKw | PeakSteps, Field(discriminator="kind")]


class Dated(Strict):
    """Figures that hold from a local date until the next ones of their kind."""

    valid_from: date


_D = TypeVar("_D", bound=Dated)


class GridTariff(Dated):
    """The grid company's prices."""

    fixed_nok_per_month: float = Field(ge=0)
    """Levies per metering point (Enova) included."""
    energy: tuple[EnergyRate, ...] = Field(min_length=1)
    peak: PeakCharge

    @model_validator(mode="after")
    def _every_hour_priced(self) -> Self:
        for month in ALL_MONTHS:
            for workday in (True, False):
                for hour in range(24):
                    if not any(rate.fits(month, workday, hour) for rate in self.energy):
                        day = "workdays" if workday else "other days"
                        raise ValueError(f"no energy rate for month {month}, {day}, hour {hour}")
        return self


class EnergyTax(Dated):
    """Elavgift."""

    nok_per_kwh: float = Field(ge=0)


class SupplierTerms(Dated):
    """What the supplier adds to spot."""

    markup_nok_per_kwh: float = 0.0
    fixed_nok_per_month: float = Field(default=0.0, ge=0)


class FeedIn(Dated):
    """What is paid for exported energy: a share of spot, less a fee, plus the grid company's credit for losses."""

    spot_share: float = Field(default=1.0, ge=0, le=1)
    fee_nok_per_kwh: float = Field(default=0.0, ge=0)
    grid_credit_nok_per_kwh: float = 0.0


class TariffConfig(Strict):
    """The whole contract of one metering point, ex VAT. The oldest figures also serve the time before them."""

    settlement: Literal["hour", "quarter"] = "hour"
    """Over what a kWh is priced: under 'hour' its price is the mean of the hour's quarters."""
    vat_pct: float = Field(default=25.0, ge=0, le=100)
    """For display only."""
    grid: tuple[GridTariff, ...] = Field(min_length=1)
    tax: tuple[EnergyTax, ...] = Field(min_length=1)
    supplier: tuple[SupplierTerms, ...] = (SupplierTerms(valid_from=date(2000, 1, 1)),)
    feed_in: tuple[FeedIn, ...] = (FeedIn(valid_from=date(2000, 1, 1)),)

    @model_validator(mode="after")
    def _dates_rise(self) -> Self:
        for name in ("grid", "tax", "supplier", "feed_in"):
            dates = [item.valid_from for item in getattr(self, name)]
            if not dates or dates != sorted(set(dates)):
                raise ValueError(f"{name}: valid_from must rise, got {[str(d) for d in dates]}")
        return self


# --- What follows from it -------------------------------------------------------------------------------------------


def in_force(items: Sequence[_D], day: date) -> _D:
    """The figures that hold on a local date; before the first of them, the first."""
    return next((item for item in reversed(items) if item.valid_from <= day), items[0])


def followed_by(old: TariffConfig, new: TariffConfig, day: date) -> TariffConfig:
    """`old` until that local day, `new` from then on; settlement and VAT, which have no date, are the new one's."""
    parts: dict[str, tuple[Dated, ...]] = {}
    for name in ("grid", "tax", "supplier", "feed_in"):
        before: tuple[Dated, ...] = getattr(old, name)
        after: tuple[Dated, ...] = getattr(new, name)
        earlier = [item for item in before if item.valid_from < day]
        if not earlier:  # the oldest figures also serve the time before them
            earlier = [before[0].model_copy(update={"valid_from": day - timedelta(days=1)})]
        first = in_force(after, day).model_copy(update={"valid_from": day})
        parts[name] = (*earlier, first, *(item for item in after if item.valid_from > day))
    return new.model_copy(update=parts)


@dataclass(frozen=True, slots=True)
class Adders:
    """What comes on top of spot for a kWh bought [NOK/kWh]: by supplier, grid company and state."""

    supplier: float
    grid: float
    tax: float

    @property
    def total(self) -> float:
        """All three."""
        return self.supplier + self.grid + self.tax


def adders_at(tariff: TariffConfig, when: datetime) -> Adders:
    """What comes on top of spot at an instant."""
    local = when.astimezone(OSLO)
    day = local.date()
    workday = is_workday(day)
    rates = in_force(tariff.grid, day).energy
    return Adders(
        supplier=in_force(tariff.supplier, day).markup_nok_per_kwh,
        grid=next(rate.nok_per_kwh for rate in rates if rate.fits(local.month, workday, local.hour)),
        tax=in_force(tariff.tax, day).nok_per_kwh,
    )


def settled_spot(tariff: TariffConfig, prices: PriceSeries, start: datetime, end: datetime, step_s: int) -> Array:
    """Spot [NOK/kWh] as the meter settles it, for slots of `step_s` from `start` (UTC) until `end`; NaN if unknown."""
    settled = prices.resampled(3600) if tariff.settlement == "hour" and prices.step_s < 3600 else prices
    return settled.on_grid(start, end, step_s)


def import_prices(tariff: TariffConfig, prices: PriceSeries, start: datetime, end: datetime, step_s: int) -> Array:
    """All a bought kWh costs [NOK/kWh], peak charge excepted; slots as in `settled_spot`, step at most an hour."""
    spot = settled_spot(tariff, prices, start, end, step_s)
    slots = [start + timedelta(seconds=index * step_s) for index in range(len(spot))]
    by_hour = {hour: adders_at(tariff, hour).total for hour in {_clock_hour(slot) for slot in slots}}
    return np.asarray(spot + [by_hour[_clock_hour(slot)] for slot in slots], dtype=np.float64)


def feed_in_prices(tariff: TariffConfig, prices: PriceSeries, start: datetime, end: datetime, step_s: int) -> Array:
    """What a sold kWh earns [NOK/kWh], negative when selling costs; slots as in `settled_spot`."""
    spot = settled_spot(tariff, prices, start, end, step_s)
    terms = [
        in_force(tariff.feed_in, (start + timedelta(seconds=i * step_s)).astimezone(OSLO).date())
        for i in range(len(spot))
    ]
    share = np.array([term.spot_share for term in terms])
    besides = [term.grid_credit_nok_per_kwh - term.fee_nok_per_kwh for term in terms]
    return np.asarray(spot * share + besides, dtype=np.float64)


def energy_price_nok_per_kwh(tariff: TariffConfig, prices: PriceSeries, when: datetime) -> float | None:
    """All a kWh bought at an instant costs, peak charge excepted; None when spot is not known."""
    return _single(import_prices(tariff, prices, *_slot(prices, when), prices.step_s))


def feed_in_price_nok_per_kwh(tariff: TariffConfig, prices: PriceSeries, when: datetime) -> float | None:
    """What a kWh sold at an instant earns; None when spot is not known."""
    return _single(feed_in_prices(tariff, prices, *_slot(prices, when), prices.step_s))


def peak_basis_kw(basis: Basis, start: datetime, hourly_kw: Array) -> float | None:
    """The power a month is charged for, from its clock-hour means [kW] since `start` (UTC); None if none is known.

    'mean_of_three_days' takes the highest hour of each local day and the mean of the three highest of these; while
    fewer days have passed, the mean of what there is.
    """
    highest: dict[date, float] = {}
    for index, kw in enumerate(hourly_kw):
        if not np.isnan(kw):
            day = (start + timedelta(hours=index)).astimezone(OSLO).date()
            highest[day] = max(float(kw), highest.get(day, float(kw)))
    if not highest:
        return None
    top = sorted(highest.values(), reverse=True)[: 1 if basis == "highest_hour" else 3]
    return sum(top) / len(top)


def peak_charge_nok(peak: NoPeakCharge | PeakPerKw | PeakSteps, month: int, basis_kw: float) -> float:
    """What the month's peak costs; `month` is 1 to 12."""
    if isinstance(peak, PeakPerKw):
        return peak.nok_per_kw(month) * max(basis_kw, 0.0)
    if isinstance(peak, PeakSteps):
        return [step.nok_per_month for step in peak.steps if step.from_kw <= max(basis_kw, 0.0)][-1]
    return 0.0


def with_vat(tariff: TariffConfig, nok: float) -> float:
    """An amount or price as people outside the municipality would see it."""
    return nok * (1 + tariff.vat_pct / 100)


def _clock_hour(when: datetime) -> datetime:
    return when.replace(minute=0, second=0, microsecond=0)


def _slot(prices: PriceSeries, when: datetime) -> tuple[datetime, datetime]:
    start = when.astimezone(UTC) - timedelta(seconds=when.timestamp() % prices.step_s)
    return start, start + timedelta(seconds=prices.step_s)


def _single(values: Array) -> float | None:
    return None if np.isnan(values[0]) else float(values[0])
