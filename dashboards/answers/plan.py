"""What the API answers about plans and the model behind them. Field names carry units."""

from datetime import datetime
from typing import Any

from pydantic import Field

from dashboards.answers.site import Answer
from models.profile import Text

Values = list[float | None]


class SaidAnswer(Answer):
    """A reason as code, facts and words."""

    code: str
    facts: dict[str, float | str | None]
    text: Text


class SolveAnswer(Answer):
    """How the plan was found."""

    way: str = Field(description="whole, relaxed, linear or least_broken")
    status: str
    objective_nok: float
    gap: float = Field(description="Above the linear plan, as share of the objective")
    solve_ms: float
    total_ms: float
    rows: int
    columns: int
    integers: int


class RowAnswer(Answer):
    """A row of the problem and its step."""

    row: str
    step: int
    amount: float


class PlanAnswer(Answer):
    """The newest plan, followed or not; lists have one value a step unless they are by clock hour."""

    made_at: datetime
    expires_at: datetime = Field(description="From then on nobody follows it")
    identity: str = Field(description="The forecasts it was made with")
    starts: list[datetime] = Field(description="Begin of each step")
    end: datetime = Field(description="End of the last step")
    trajectories: dict[str, Values] = Field(description="By '<asset>.<quantity>_<unit>'")
    clock_hours: dict[str, Values] = Field(description="By clock hour, or by month")
    buy_nok_per_kwh: Values
    sell_nok_per_kwh: Values
    electricity_nok_per_kwh: Values = Field(description="What a kWh more of load would cost, power charge included")
    heat_nok_per_kwh: dict[str, Values] = Field(description="What a kWh of heat is worth, by store")
    parts_nok: dict[str, float] = Field(description="Parts of the objective")
    binding: list[RowAnswer] = Field(description="What holds the first hour back, with what a unit of room saves [NOK]")
    violations: list[RowAnswer] = Field(description="Promises it cannot keep, with what they are missed by at most")
    solve: SolveAnswer
    why: list[dict[str, Any]] = Field(
        description="Each decision of the first step: its reason, what bound it, marginal values, the second best"
    )
    asks: dict[str, Any] = Field(description="What it asks for now; empty once it has run out")


class ScoreAnswer(Answer):
    """Plan and payment of one clock hour, electricity without the power charge."""

    start: datetime
    followed: list[str] = Field(description="Assets that followed the plans; none in shadow")
    planned_nok: float
    paid_nok: float
    planned_kwh: float
    bought_kwh: float
    kept_nok: float = Field(description="Worth of heat left at the end beyond the plan's; set it against what was paid")


class PlanningAnswer(Answer):
    """Who decides, the newest plan, and the scores of the last week."""

    decides: SaidAnswer
    promoted: list[str] = Field(description="Assets that follow the plans; none in shadow")
    no_plan: SaidAnswer | None = Field(description="Why the last try gave none")
    plan: PlanAnswer | None
    scores: list[ScoreAnswer] = Field(description="Oldest first")


class ModelAnswer(Answer):
    """What the record has taught; version 0 is the site file alone."""

    learned_version: int
    learned_until: datetime | None
    learned_parts: list[str]
    fitted_version: int
    fitted_until: datetime | None
    fitted_parts: dict[str, dict[str, float]] = Field(description="Factors on the site file's parameters, by part")
    nights: list[dict[str, Any]] = Field(description="What came of each nightly lesson, newest last")
