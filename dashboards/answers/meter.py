"""What the API asks for and answers about exchanges of meters. Readings are in the unit of the counter."""

from datetime import datetime
from typing import Any, Final

from pydantic import AwareDatetime, Field

from dashboards.answers.desk import Asked
from dashboards.answers.site import Answer
from dashboards.ports.desk import LONGEST_TEXT

MOST: Final = 1e12
EXCHANGE: Final[dict[str, Any]] = {
    "point": "heat_floor.energy_kwh", "at": "2025-01-14T09:30:00Z", "last": 48211.0, "first": 0.0, "unit": "kWh",
    "who": "kari", "told_at": "2025-01-14T12:04:11Z", "why": "Calibration ran out",
}  # fmt: skip


class ExchangeAsked(Asked):
    """A meter was exchanged for another one."""

    at: AwareDatetime | None = Field(default=None, description="null: now", examples=["2025-01-14T09:30:00Z"])
    last: float = Field(
        ge=0, le=MOST, allow_inf_nan=False, description="The old meter, when it was taken out", examples=[48211.0]
    )
    first: float = Field(
        ge=0, le=MOST, allow_inf_nan=False, description="The new meter, when it was put in", examples=[0.0]
    )
    reason: str = Field(max_length=LONGEST_TEXT, description="Three letters at least", examples=["Calibration ran out"])


class TakeBackAsked(Asked):
    """It was not exchanged, after all."""

    at: AwareDatetime = Field(description="Of an exchange in GET /api/exchanges", examples=["2025-01-14T09:30:00Z"])
    reason: str = Field(max_length=LONGEST_TEXT, description="Three letters at least", examples=["Wrong meter"])


class ExchangeAnswer(Answer):
    """An exchange that counts."""

    point: str
    at: datetime
    last: float = Field(description="The old meter, when it was taken out")
    first: float = Field(description="The new meter, when it was put in")
    unit: str
    who: str = Field(description="Who noted it; empty where nobody knows")
    told_at: datetime
    why: str
