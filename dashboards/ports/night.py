"""The night as people's pages may read it: its programme, and the accounts of nights that have passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.profile import Text
from models.signals import Reason

ItemState = Literal["done", "more", "partly", "missed", "later", "unneeded", "unknown"]


@dataclass(frozen=True, slots=True)
class NightItemView:
    """One thing a night is to bring, or brought. Times are UTC."""

    kind: str
    assets: Sequence[str]
    start: datetime
    end: datetime
    energy_kwh: float | None
    cost_nok: float | None
    reason: Reason
    text: Text
    state: ItemState | None = None
    """None while the night is not accounted for."""
    happened: float | None = None
    """What was measured, in the unit its outcome names."""
    outcome: Text | None = None


@dataclass(frozen=True, slots=True)
class NightView:
    """The programme of a night."""

    made_at: datetime
    start: datetime
    end: datetime
    identity: str | None
    """The forecasts of the plan; None: there is no plan, the rules see to the night."""
    energy_kwh: float | None
    """Electricity bought less sold, and district heat."""
    cost_nok: float | None
    """Of that, power charge not included."""
    items: Sequence[NightItemView]
    notes: Sequence[Text]
    """What is known not to be possible, or why there is no plan."""
    rest_kwh: float | None = None
    """Of the energy, what no item tells: the house's other use less its own sun. A store's energy is part of heating's
    and of hot water's."""
    rest_nok: float | None = None
    """Of the cost, likewise."""


@dataclass(frozen=True, slots=True)
class ObstacleView:
    """Something that stood in the way, however often."""

    kind: str
    count: int
    first_at: datetime
    text: Text


@dataclass(frozen=True, slots=True)
class SideView:
    """Rules or optimiser on the twin of a night; electricity and district heat, power charge not included."""

    hours_kwh: Sequence[float]
    """Bought in each clock hour."""
    hours_nok: Sequence[float]
    peak_kw: float
    """Highest clock hour of electricity."""
    left_nok: float
    """Of what is still to be bought at the end; negative where more is left than there was."""
    total_nok: float
    """All hours, and what is left."""
    assets_kwh: Mapping[str, float]
    """By class of assets, and `rest`."""
    assets_nok: Mapping[str, float]
    cold_kh: float | None
    """Rooms below their limits, mean of all [K h]."""
    hot_kh: float | None


@dataclass(frozen=True, slots=True)
class ContestView:
    """Rules and optimiser over the same hours on the same twin; both, or why there are none."""

    start: datetime
    rules: SideView | None
    optimiser: SideView | None
    why: Text | None


@dataclass(frozen=True, slots=True)
class AccountView:
    """A night that has passed; None is not known."""

    start: datetime
    end: datetime
    identity: str | None
    energy_kwh: float | None
    cost_nok: float | None
    planned_kwh: float | None
    planned_nok: float | None
    saved_nok: float | None
    """Against the rules in the same night."""
    uncertainty_nok: float | None
    saved: Text
    items: Sequence[NightItemView]
    obstacles: Sequence[ObstacleView]
    contest: ContestView | None = None
    """None for nights before there was one."""


@dataclass(frozen=True, slots=True)
class NightsView:
    """The night that is or comes, and those that were."""

    programme: NightView | None
    accounts: Sequence[AccountView]
    """Newest first."""
