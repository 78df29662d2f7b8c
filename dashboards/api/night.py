"""The part of the JSON API that tells about nights: the programme, and the accounts of those that have passed."""

from dataclasses import asdict
from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from dashboards.answers.site import Answer
from dashboards.ports.night import ItemState
from dashboards.ports.view import SiteView
from models.profile import Text


class NightReasonAnswer(Answer):
    """Code and facts of an item."""

    code: str
    facts: dict[str, float | str | None]


class NightItemAnswer(Answer):
    """One thing a night is to bring, or brought."""

    kind: str
    assets: list[str]
    start: datetime
    end: datetime
    energy_kwh: float | None
    cost_nok: float | None = Field(description="Of that energy, power charge not included")
    reason: NightReasonAnswer
    text: Text
    state: ItemState | None = Field(description="None while the night is not accounted for")
    happened: float | None = Field(description="What was measured, in the unit the outcome names")
    outcome: Text | None


class NightAnswer(Answer):
    """The programme of a night."""

    made_at: datetime
    start: datetime
    end: datetime
    identity: str | None = Field(description="Forecasts of the plan; None: the rules see to the night")
    energy_kwh: float | None = Field(description="Electricity bought less sold, and district heat")
    cost_nok: float | None = Field(description="Of that, power charge not included")
    items: list[NightItemAnswer]
    notes: list[Text]
    rest_kwh: float | None = Field(
        default=None,
        description="Of the energy, what no item tells: the house's other use less its own sun. The energy of an item "
        "of kind `store` is part of that of heating and hot water",
    )
    rest_nok: float | None = Field(default=None, description="Of the cost, likewise")


class ObstacleAnswer(Answer):
    """Something that stood in the way, however often."""

    kind: str
    count: int
    first_at: datetime
    text: Text


class SideAnswer(Answer):
    """Rules or optimiser on the twin of a night; electricity and district heat, power charge not included."""

    hours_kwh: list[float] = Field(description="Bought in each clock hour")
    hours_nok: list[float]
    peak_kw: float = Field(description="Highest clock hour of electricity")
    left_nok: float = Field(description="Of what is still to be bought at the end; negative where more is left")
    total_nok: float = Field(description="All hours, and what is left")
    assets_kwh: dict[str, float] = Field(description="By class of assets; `rest` is what belongs to none")
    assets_nok: dict[str, float]
    cold_kh: float | None = Field(description="Rooms below their limits, mean of all [K h]")
    hot_kh: float | None


class ContestAnswer(Answer):
    """Rules and optimiser over the same hours on the same twin."""

    start: datetime = Field(description="The first clock hour")
    rules: SideAnswer | None
    optimiser: SideAnswer | None
    why: Text | None = Field(description="Why there are none")


class AccountAnswer(Answer):
    """A night that has passed; None is not known."""

    start: datetime
    end: datetime
    identity: str | None
    energy_kwh: float | None
    cost_nok: float | None
    planned_kwh: float | None
    planned_nok: float | None
    saved_nok: float | None = Field(description="Against the rules in the same night")
    uncertainty_nok: float | None
    saved: Text
    items: list[NightItemAnswer]
    obstacles: list[ObstacleAnswer]
    contest: ContestAnswer | None = Field(description="What rules and optimiser would each have paid")


class NightsAnswer(Answer):
    """The night that is or comes, and those that were, newest first."""

    programme: NightAnswer | None
    accounts: list[AccountAnswer]


def add_night(router: APIRouter, view: SiteView) -> None:
    """The route about nights."""

    @router.get("/night", summary="The night's programme, and what the last nights came to")
    async def night() -> NightsAnswer:
        known = view.nights()
        return (
            NightsAnswer(programme=None, accounts=[]) if known is None else NightsAnswer.model_validate(asdict(known))
        )
