"""District heating as the site file has it: the substation, and what its heat costs.

A kWh costs a dated amount, a share of the spot price, or both, whichever way the contract ties it to electricity; a kW
of the month's highest clock hour may have a price of its own. NOK without VAT.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from models.assets import Asset, NotNegative, Positive
from models.local_time import local_date
from models.prices import PriceSeries
from models.tariff import Dated, TariffConfig, in_force, settled_spot

Array = NDArray[np.float64]


class HeatPrice(Dated):
    """What heat costs from a local date on."""

    nok_per_kwh: NotNegative = 0.0
    """Beside the share of spot: heat, grid, levies."""
    spot_share: float = Field(default=0.0, ge=0, le=2)
    """Of the electricity's spot price, for contracts that follow it."""
    nok_per_kw_month: NotNegative = 0.0
    """For each kW of the month's highest clock hour."""
    fixed_nok_per_month: NotNegative = 0.0


class DistrictHeat(Asset):
    """A heat exchanger between a district heating network and the heating water of the house."""

    max_kw: Positive
    """Heat it can give, or that may be taken by contract."""
    supply_max_degc: float = Field(default=70.0, ge=30, le=90)
    """Hottest water it may be asked to make."""
    prices: tuple[HeatPrice, ...] = Field(min_length=1)
    """The oldest also serve the time before them."""

    @field_validator("prices")
    @classmethod
    def _dates_rise(cls, prices: tuple[HeatPrice, ...]) -> tuple[HeatPrice, ...]:
        dates = [price.valid_from for price in prices]
        if dates != sorted(set(dates)):
            raise ValueError(f"valid_from must rise, got {[str(day) for day in dates]}")
        return prices


def heat_prices(
    prices: Sequence[HeatPrice],
    tariff: TariffConfig,
    spot: PriceSeries,
    start: datetime,
    end: datetime,
    step_s: int,
) -> Array:
    """What a kWh of heat costs [NOK/kWh], power charge excepted, in slots of `step_s` from `start` (UTC) until `end`.

    NaN where it follows a spot price that is not known.
    """
    count = round((end - start).total_seconds() / step_s)
    terms = [in_force(prices, local_date(start + timedelta(seconds=index * step_s))) for index in range(count)]
    fixed = np.array([term.nok_per_kwh for term in terms])
    share = np.array([term.spot_share for term in terms])
    if not share.any():
        return fixed
    settled = settled_spot(tariff, spot, start, end, step_s)
    return np.asarray(fixed + np.where(share > 0, share * settled, 0.0), dtype=np.float64)
