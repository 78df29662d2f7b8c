"""What the API asks for and answers about taking over, modes, settings and devices. Field names carry units."""

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from dashboards.answers.plan import SaidAnswer
from dashboards.answers.site import Answer
from dashboards.ports.desk import LONGEST_MIN, LONGEST_TEXT, SHORTEST_MIN, CostBasis, ModeName
from models.closures import LocalMoment
from models.profile import Text
from models.promotion import OptimiserName, Promotable, RulesName


class Asked(BaseModel):
    """Base of what is asked for."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class PreviewAsked(Asked):
    """A value somebody thinks of holding a point at."""

    value: float = Field(allow_inf_nan=False, examples=[22.5])
    minutes: int = Field(ge=SHORTEST_MIN, le=LONGEST_MIN, description="Site time it would last [min]", examples=[120])


class TakeAsked(PreviewAsked):
    """A value to hold a point at."""

    reason: str = Field(max_length=LONGEST_TEXT, description="Three letters at least", examples=["Resident is cold"])


class ModeAsked(Asked):
    """Another mode."""

    mode: ModeName
    until: AwareDatetime | None = Field(default=None, description="Every mode but the normal one needs an end")
    reason: str = Field(default="", max_length=LONGEST_TEXT, examples=["Storm warning"])


class ComfortAsked(Asked):
    """Other set points; null goes back to the site file's."""

    degc: float | None = Field(allow_inf_nan=False, examples=[22.5])
    setback_degc: float | None = Field(default=None, allow_inf_nan=False)
    until: AwareDatetime | None = Field(default=None, description="null: until somebody says otherwise")
    reason: str = Field(default="", max_length=LONGEST_TEXT)


class HolidayAsked(Asked):
    """Days on which nobody is expected, by the clock on the wall."""

    start: str = Field(max_length=30, description="ISO 8601 without an offset", examples=["2026-12-24T00:00:00"])
    until: str = Field(max_length=30, description="Likewise", examples=["2026-12-27T00:00:00"])
    zones: list[str] = Field(default_factory=list, max_length=200, description="None: wherever nobody lives")
    note: str = Field(default="", max_length=80)


class TariffAsked(Asked):
    """The contract to reckon with."""

    name: str = Field(max_length=100, description="Empty: the site file's own", examples=[""])


class PromotionAsked(Asked):
    """What the optimiser is to do from now on, over the site file's word."""

    optimiser: OptimiserName = Field(description="'shadow': it plans and advises, the rules decide")
    rules: RulesName = Field(
        description="Those that decide while nothing follows the plans; the good ones stand in for them"
    )
    promoted: list[Promotable] = Field(max_length=50, description="Assets that follow its plans while it is on")
    zones_by_rules: list[str] = Field(
        default_factory=list, max_length=200, description="Zones the rules keep even where rooms follow the plans"
    )
    reason: str = Field(max_length=LONGEST_TEXT, description="Three letters at least", examples=["Cheaper for a week"])


class OrderAnswer(Answer):
    """Who wanted it, since when, why, until when."""

    who: str
    since: datetime
    why: str
    until: datetime | None = Field(description="null: until somebody says otherwise")


class DisplacedAnswer(Answer):
    """Somebody else who asks for the point."""

    source: str
    priority: int
    value: float
    reason: SaidAnswer


class CostAnswer(Answer):
    """What it is likely to cost against going on as now; null where nobody can say."""

    nok: float | None
    electricity_kwh: float | None
    heat_kwh: float | None
    basis: CostBasis = Field(description="'plan': marginal values of the plan in force; 'none': nothing changes")


class PreviewAnswer(Answer):
    """What would come of taking a point over."""

    point: str
    value: float = Field(description="Wished for")
    given: float | None = Field(description="What the guard lets through; null: the point stays with its device")
    verdict: SaidAnswer | None = Field(description="Why that is not what was wished for")
    now: float | None = Field(description="What the point is held at, or reads, now")
    until: datetime
    displaced: list[DisplacedAnswer] = Field(description="Who would have to wait")
    safety: DisplacedAnswer | None = Field(description="What holds the point above any operator")
    cost: CostAnswer
    writes_today: int
    daily_budget: int


class TakenAnswer(Answer):
    """A point that is taken over."""

    point: str
    label: Text
    value: float
    given: float | None = Field(description="What it is held at; null while the guard lets nothing through")
    unit: str
    verdict: SaidAnswer | None
    order: OrderAnswer


class GivenBackAnswer(Answer):
    """The points that were given back."""

    points: list[str]


class ModeAnswer(Answer):
    """How the house is run."""

    mode: ModeName
    order: OrderAnswer | None
    longest_h: dict[str, float] = Field(description="How long each mode may last [h]")


class ComfortAnswer(Answer):
    """Set points of a room or zone [degC]; limits are of what people may choose."""

    id: str
    kind: Literal["room", "zone"]
    name: Text
    zone: str
    degc: float
    file_degc: float
    low_degc: float
    high_degc: float
    setback_degc: float | None
    file_setback_degc: float | None
    order: OrderAnswer | None
    setback_order: OrderAnswer | None


class HolidayAnswer(Answer):
    """Days on which nobody is expected, by the clock on the wall."""

    id: str = Field(description="Empty: from the site file")
    start: LocalMoment
    until: LocalMoment
    zones: list[str]
    note: str
    order: OrderAnswer | None


class TariffAnswer(Answer):
    """Contracts there are, and the one that is reckoned with."""

    names: list[str]
    chosen: str = Field(description="Empty: the site file's own")
    order: OrderAnswer | None


class PromotionAnswer(Answer):
    """What the optimiser may do, and what the site file says."""

    optimiser: OptimiserName
    rules: RulesName
    promoted: list[Promotable]
    zones_by_rules: list[str]
    file_optimiser: OptimiserName
    file_rules: RulesName
    file_promoted: list[Promotable]
    file_zones_by_rules: list[str]
    assets: list[Promotable] = Field(description="Those that the site has")
    order: OrderAnswer | None = Field(description="null: as the site file says")


class WritableAnswer(Answer):
    """A point that can be written."""

    point: str
    label: Text
    value: float | None
    held: float | None
    unit: str
    states: dict[int, Text]
    low: float
    high: float
    step: float
    writes_today: int
    daily_budget: int
    persistence: str
    held_by: str | None
    error: str | None


class DeviceHealthAnswer(Answer):
    """A device: whether it is heard, and who holds what on it."""

    id: str
    label: Text
    system: str
    connection: str
    protocol: str
    state: Literal["ok", "degraded", "down", "starting"]
    age_s: float | None = Field(description="Wall time since its youngest good reading [s]")
    points: int
    good: int
    writable: list[WritableAnswer]
