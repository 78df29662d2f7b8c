"""What the API asks for and answers about the legionella file. Field names carry units."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field

from dashboards.answers.desk import Asked
from dashboards.answers.site import Answer
from models.field import Id
from models.legionella import PlaceKind, Water, Work
from models.profile import Text
from models.water_facts import Organism, Verdict

LONGEST: Final = 300


class NotedAsked(Asked):
    """What every entry of a place has."""

    place: Id = Field(max_length=60, description="Id of a place from GET /api/water/file", examples=["shower_a1"])
    note: str = Field(default="", max_length=LONGEST)
    corrects: int | None = Field(default=None, description="Number of the entry in whose place this one is to stand")


class ReadingAsked(NotedAsked):
    """A temperature read at a tap."""

    water: Water = "hot"
    temp_degc: float = Field(ge=0, le=100, allow_inf_nan=False, examples=[61.5])
    after_s: int = Field(ge=0, le=1800, description="For so long the water had run [s]", examples=[60])
    at: AwareDatetime | None = Field(default=None, description="null: now")


class DoneAsked(NotedAsked):
    """A place was flushed or cleaned."""

    work: Literal[Work.FLUSH, Work.CLEAN] = Work.FLUSH
    minutes: float | None = Field(default=None, gt=0, le=240, allow_inf_nan=False)
    at: AwareDatetime | None = Field(default=None, description="null: now")


class ResultAsked(NotedAsked):
    """What a laboratory found."""

    sampled_on: date
    organism: Organism = Organism.LEGIONELLA
    cfu_per_l: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    below: bool = Field(default=False, description="Not found: less than cfu_per_l, the least that can be counted")
    laboratory: str = Field(min_length=2, max_length=80)
    reference: str = Field(default="", max_length=80)


class DeviationAsked(Asked):
    """Something is not as it should be."""

    place: Annotated[Id, Field(max_length=60)] | None = Field(default=None, description="null: the plant as a whole")
    text: str = Field(min_length=3, max_length=LONGEST)


class WordsAsked(Asked):
    """What was done about a deviation, or why an entry is struck out."""

    text: str = Field(min_length=3, max_length=LONGEST)


class DueAnswer(Answer):
    """One thing that is done at a place again and again."""

    work: Work
    every_days: int
    last_at: datetime | None
    last_by: str | None
    due_at: datetime | None = Field(description="null: it has never been done, so it is due")
    is_due: bool


class PlaceAnswer(Answer):
    """A tap, shower or end of a pipe."""

    id: str
    name: Text
    kind: PlaceKind
    loop: str | None
    mixed_degc: float | None
    due: list[DueAnswer]


class EntryAnswer(Answer):
    """A line of the file."""

    number: int
    entered_at: datetime
    who: str
    at: datetime = Field(description="When it happened; of a sample the begin of its day")
    what: str
    place: str | None
    text: Text
    verdict: Verdict | None = Field(description="Of readings and results")
    corrects: int | None
    corrected_by: int | None
    struck_by: int | None
    fact: dict[str, Any]


class DeviationAnswer(Answer):
    """A deviation, open while `closed_at` is null."""

    number: int
    place: str | None
    opened_at: datetime
    opened_by: str
    text: Text
    closed_at: datetime | None
    closed_by: str | None
    done: str | None


class FileAnswer(Answer):
    """The legionella file."""

    responsible: str
    risk_assessment: date | None
    risk_assessment_at: str
    places: list[PlaceAnswer]
    deviations: list[DeviationAnswer] = Field(description="Newest first")
    entries: list[EntryAnswer] = Field(description="Newest first")
    entries_in_all: int
