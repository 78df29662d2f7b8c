"""Energy and money as people's pages may read them: today, this month, the peak, what the plans saved.

Amounts are NOK without VAT. None is not known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal

from pydantic import ConfigDict

from models.profile import Text

DESCRIBED: Final = ConfigDict(use_attribute_docstrings=True)
"""The fields' docstrings become their descriptions in the API."""


@dataclass(frozen=True)
class BillView:
    """What a time has cost so far."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    end: datetime
    """What is metered until now."""
    bought_kwh: float
    sold_kwh: float
    spot_nok: float
    supplier_nok: float
    grid_nok: float
    """The grid company's price of energy."""
    tax_nok: float
    sold_nok: float
    """Earned; negative when selling cost money."""
    peak_nok: float | None
    """Power charge; None where it does not belong to this time (a day)."""
    fixed_nok: float | None
    """Fixed charges of the month; None likewise."""
    total_nok: float
    known_share: float
    """Part of the time whose energy and price are known, 0 to 1; the rest is in no sum."""


@dataclass(frozen=True)
class HourView:
    """One clock hour."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    bought_kwh: float | None
    sold_kwh: float | None
    buy_nok_per_kwh: float | None
    """All a kWh cost, power charge excepted."""
    planned_kwh: float | None
    """Bought by the newest plan; only of hours to come."""


@dataclass(frozen=True)
class DayView:
    """One local day."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    bought_kwh: float | None
    sold_kwh: float | None
    energy_nok: float | None
    """Of what was bought less sold, power charge and fixed charges not included."""
    highest_kw: float | None
    """Its highest clock hour."""


@dataclass(frozen=True)
class MeterView:
    """What one meter counted."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    name: Text
    carrier: Literal["electricity", "heat"]
    purpose: str
    today_kwh: float | None
    month_kwh: float | None


@dataclass(frozen=True)
class HeatCostView:
    """What district heat came to in a time."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    kwh: float
    energy_nok: float
    """What follows the kWh."""
    peak_kw: float | None
    """Highest clock hour of the month; None for a day, or while no hour is known."""
    peak_nok: float | None
    """Price of that power; None for a day, or where the contract has none."""
    fixed_nok: float | None
    """None for a day."""
    total_nok: float
    known_share: float
    """Part of the time whose heat and price are known, 0 to 1; the rest is in no sum."""


@dataclass(frozen=True)
class HeatBillView:
    """The district heat of one substation, by its own contract."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    name: Text
    today: HeatCostView
    month: HeatCostView


@dataclass(frozen=True)
class PackCostView:
    """What a battery took and gave in a time, at what a kWh cost or earned at the main meter then."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    taken_kwh: float
    given_kwh: float
    taken_nok: float
    given_nok: float
    wear_nok: float
    """Of the kWh given, at the site file's price of wear."""
    earned_nok: float
    """Given less taken and wear; what it spares of the power charge is not in it."""
    known_share: float
    """Part of the time whose energy and price are known, 0 to 1; the rest is in no sum."""


@dataclass(frozen=True)
class PackView:
    """A battery."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    id: str
    name: Text
    today: PackCostView
    month: PackCostView


@dataclass(frozen=True)
class HighHourView:
    """One of the month's highest clock hours."""

    start: datetime
    kw: float


@dataclass(frozen=True)
class PeakView:
    """The month's power: what it is charged for, what it costs, and where this hour stands."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    kind: Literal["none", "per_kw", "steps"]
    basis: Literal["highest_hour", "mean_of_three_days"] | None
    so_far_kw: float | None
    """Power the month would be charged for if it ended now."""
    so_far_nok: float | None
    nok_per_kw: float | None
    """Of a further kW; None under steps."""
    step_from_kw: float | None
    """The step the month is in; None without steps."""
    step_to_kw: float | None
    """Where the next step begins; None on the last one."""
    next_step_nok: float | None
    """What the next step would cost more, a month."""
    target_kw: float | None
    """What control keeps the running hour under; None: power is free."""
    planned_kw: float | None
    """What the newest plan reckons the month with."""
    highest: Sequence[HighHourView]
    """Highest first, at most one a day."""
    hour_start: datetime
    hour_kwh: float | None
    """Bought in the running hour so far."""
    hour_expected_kw: float | None
    """Mean of the running hour if the power stays as it is."""


@dataclass(frozen=True)
class SavedView:
    """A night, against the rules in the same night."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    start: datetime
    end: datetime
    cost_nok: float | None
    saved_nok: float | None
    """Negative when the night was dearer."""
    uncertainty_nok: float | None
    """Either way."""
    text: Text


@dataclass(frozen=True)
class SavingsView:
    """What following the plans saved in the nights that are accounted for, together."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    nights: Sequence[SavedView]
    """Newest first."""
    counted: int
    """Nights whose saving is known."""
    saved_nok: float | None
    uncertainty_nok: float | None
    """Sum of the nights': errors of one model do not even out."""


@dataclass(frozen=True)
class EnergyView:
    """Energy and money."""

    __pydantic_config__: ClassVar[ConfigDict] = DESCRIBED

    now: datetime
    vat_pct: float
    """Not in any amount."""
    today: BillView
    month: BillView
    hours: Sequence[HourView]
    """Of today, those to come included."""
    days: Sequence[DayView]
    """Of this month, today last."""
    meters: Sequence[MeterView]
    peak: PeakView
    savings: SavingsView
    heat: Sequence[HeatBillView] = ()
    """District heat; empty where the site has none, or its heat is not counted."""
    batteries: Sequence[PackView] = ()
    """Likewise."""
