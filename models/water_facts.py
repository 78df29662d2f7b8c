"""What people write into the legionella file: readings, results, work done, deviations; and what follows from that.

An entry has a number, is never changed and never removed. A correction is a new entry that names the old one, and so is
striking one out. Everything here is pure: the entries are folded anew from the record, in the order they were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from models.assets import Hygiene
from models.field import Id, Strict
from models.legionella import COLD_AFTER_S, HOT_AFTER_S, MIXED_BELOW_K, Legionella, Place, Water, Work
from models.local_time import local_date, local_midnight

Line = Annotated[str, Field(max_length=300)]
Said = Annotated[str, Field(min_length=3, max_length=300)]


class Organism(StrEnum):
    """What a laboratory counted."""

    LEGIONELLA = "legionella"
    """All species."""
    L_PNEUMOPHILA = "l_pneumophila"
    L_PNEUMOPHILA_SG1 = "l_pneumophila_sg1"
    """Serogroup 1."""


class Reading(Strict):
    """The temperature at a tap, so long after it was opened."""

    what: Literal["reading"] = "reading"
    place: Id
    at: AwareDatetime
    water: Water = "hot"
    temp_degc: float = Field(ge=0, le=100, allow_inf_nan=False)
    after_s: int = Field(ge=0, le=1800)
    note: Line = ""


class Result(Strict):
    """What a laboratory found."""

    what: Literal["result"] = "result"
    place: Id
    sampled_on: date
    organism: Organism = Organism.LEGIONELLA
    cfu_per_l: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    below: bool = False
    """Not found: less than `cfu_per_l`, which is as little as the laboratory can count."""
    laboratory: str = Field(min_length=2, max_length=80)
    reference: str = Field(default="", max_length=80)
    note: Line = ""

    @property
    def at(self) -> datetime:
        """Begin of the day of the sample."""
        return local_midnight(self.sampled_on)


class Done(Strict):
    """A place was flushed or cleaned."""

    what: Literal["done"] = "done"
    place: Id
    at: AwareDatetime
    work: Literal[Work.FLUSH, Work.CLEAN] = Work.FLUSH
    minutes: float | None = Field(default=None, gt=0, le=240, allow_inf_nan=False)
    note: Line = ""


class Deviation(Strict):
    """Something is not as it should be. By a person in words; by the system about an entry or an alarm."""

    what: Literal["deviation"] = "deviation"
    place: Id | None = None
    at: AwareDatetime
    text: Line = ""
    about: int | None = None
    """Number of the entry that shows it."""
    alarm: str | None = None
    """Id of the alarm that shows it ..."""
    code: str | None = None
    """... and its reason (models.reasons) with the facts of that."""
    facts: dict[str, float | str] = Field(default_factory=dict)


class Closing(Strict):
    """What was done about a deviation; whoever makes the entry closes it by name."""

    what: Literal["closing"] = "closing"
    deviation: int
    at: AwareDatetime
    text: Said


class Striking(Strict):
    """An entry was a mistake as a whole."""

    what: Literal["striking"] = "striking"
    entry: int
    at: AwareDatetime
    text: Said


Fact = Annotated[Reading | Result | Done | Deviation | Closing | Striking, Field(discriminator="what")]
_FACT: Final[TypeAdapter[Reading | Result | Done | Deviation | Closing | Striking]] = TypeAdapter(Fact)
AnyFact = Reading | Result | Done | Deviation | Closing | Striking
CORRECTABLE: Final = (Reading, Result, Done)


class Verdict(StrEnum):
    """What a reading or a result says."""

    GOOD = "good"
    EARLY = "early"
    """Read before the water had run for long enough: it proves nothing either way."""
    SLOW = "slow"
    """Warm or cold enough, but later than it should have been."""
    LOW = "low"
    """Hot water below its limit, or mixed water well below what its valve is to hold."""
    CRITICAL = "critical"
    """Hot water below the critical temperature."""
    SCALDING = "scalding"
    """Behind a mixing valve, and hotter than that holds it."""
    WARM = "warm"
    """Cold water above its limit."""
    FOUND = "found"
    """Legionella, below the level at which something is done."""
    ACT = "act"
    """Legionella at or above that."""
    OVER = "over"
    """At or above the limit of the drinking-water directive."""


BAD: Final = frozenset({Verdict.LOW, Verdict.CRITICAL, Verdict.SCALDING, Verdict.WARM, Verdict.ACT, Verdict.OVER})
"""They open a deviation."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the file."""

    number: int
    """From 1, rising by one."""
    entered_at: datetime
    who: str
    fact: AnyFact
    corrects: int | None = None
    """Number of the entry in whose place this one stands."""

    def to_data(self) -> dict[str, Any]:
        """As an event of the record holds it."""
        fact = self.fact.model_dump(mode="json")
        return {"number": self.number, "who": self.who, "what": self.fact.what, "corrects": self.corrects, "fact": fact}

    @staticmethod
    def from_data(at: datetime, data: Mapping[str, Any]) -> "Entry":
        """Back again. ValueError (also pydantic's), KeyError or TypeError for what was never written by us."""
        corrects = data["corrects"]
        return Entry(
            number=int(data["number"]),
            entered_at=at,
            who=str(data["who"]),
            fact=_FACT.validate_python(data["fact"], strict=False),
            corrects=None if corrects is None else int(corrects),
        )


@dataclass(frozen=True, slots=True)
class OpenOrClosed:
    """A deviation and how it ended."""

    entry: Entry
    closing: Entry | None

    @property
    def deviation(self) -> Deviation:
        """What it is about."""
        assert isinstance(self.entry.fact, Deviation)  # its maker has looked
        return self.entry.fact


@dataclass(frozen=True, slots=True)
class Due:
    """One thing that is to be done at one place again and again."""

    place: Place
    work: Work
    last: Entry | None
    due_at: datetime | None
    """None: it has never been done, so it is due."""

    def is_due(self, now: datetime) -> bool:
        """Whether its time has come."""
        return self.due_at is None or self.due_at <= now


class WaterFile:
    """The file as it stands: every entry, and what follows from them. Immutable."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries: tuple[Entry, ...] = tuple(sorted(entries, key=lambda one: one.number))
        self.by_number: Mapping[int, Entry] = {one.number: one for one in self.entries}
        self.struck: Mapping[int, Entry] = {
            one.fact.entry: one for one in self.entries if isinstance(one.fact, Striking)
        }
        """Entries that do not count, with the one that struck them out."""
        self.corrected: Mapping[int, Entry] = {
            one.corrects: one for one in self.entries if one.corrects is not None and one.number not in self.struck
        }
        """Entries in whose place another one stands, with that one."""

    @property
    def next_number(self) -> int:
        """Of the entry to come."""
        return self.entries[-1].number + 1 if self.entries else 1

    def counts(self, entry: Entry) -> bool:
        """Whether it says what is so: neither corrected nor struck out."""
        return entry.number not in self.struck and entry.number not in self.corrected

    def current(self) -> list[Entry]:
        """Those that count, in the order they were made; strikings are no facts of their own."""
        return [one for one in self.entries if self.counts(one) and not isinstance(one.fact, Striking)]

    def deviations(self) -> list[OpenOrClosed]:
        """Every one that was not struck out, the newest first."""
        current = self.current()
        closed = {one.fact.deviation: one for one in current if isinstance(one.fact, Closing)}
        return [OpenOrClosed(one, closed.get(one.number)) for one in current[::-1] if isinstance(one.fact, Deviation)]

    def open_deviations(self) -> list[OpenOrClosed]:
        """Those that nobody has closed."""
        return [one for one in self.deviations() if one.closing is None]

    def last_work(self, until: datetime | None = None) -> dict[tuple[str, Work], Entry]:
        """The last time each thing was done at each place, as far as it happened before `until`."""
        found: dict[tuple[str, Work], Entry] = {}
        for entry in self.current():
            key = work_of(entry.fact)
            if key is None or (until is not None and entry.fact.at >= until):
                continue
            if key not in found or found[key].fact.at <= entry.fact.at:
                found[key] = entry
        return found

    def due(self, legionella: Legionella) -> list[Due]:
        """Everything that is done again and again, the most urgent first."""
        last = self.last_work()
        found = []
        for place in legionella.places:
            for work, days in place.every_days.items():
                entry = last.get((place.id, work))
                due_at = None if entry is None else _next(entry.fact.at, days)
                found.append(Due(place, work, entry, due_at))
        return sorted(found, key=lambda one: (one.due_at is not None, one.due_at.timestamp() if one.due_at else 0.0))

    def opens(self, entry: Entry, legionella: Legionella, hygiene: Hygiene) -> Deviation | None:
        """The deviation that an entry opens by itself; None when it is in order, or one like it is open already."""
        fact = entry.fact
        if not isinstance(fact, Reading | Result) or verdict(fact, legionella, hygiene) not in BAD:
            return None
        for one in self.open_deviations():
            shown = self.by_number.get(one.deviation.about or 0)
            if shown is not None and _alike(shown.fact, fact):
                return None
        return Deviation(place=fact.place, at=fact.at, about=entry.number)

    def may_correct(self, number: int, fact: AnyFact) -> bool:
        """Whether an entry like this may stand in the place of that one: of the same kind, and itself standing."""
        old = self.by_number.get(number)
        return old is not None and self.counts(old) and isinstance(fact, CORRECTABLE) and type(old.fact) is type(fact)

    def may_strike(self, number: int) -> bool:
        """Whether the entry can be struck out."""
        old = self.by_number.get(number)
        return old is not None and self.counts(old) and not isinstance(old.fact, Striking)


def _next(at: datetime, days: int) -> datetime:
    """Begin of the local day on which it is due again: who flushes on Mondays need not wait for the hour."""
    return local_midnight(local_date(at) + timedelta(days=days))


def _alike(one: AnyFact, other: AnyFact) -> bool:
    """Whether two facts are about the same trouble: hot water at a tap, cold water at it, an organism in it."""
    if isinstance(one, Reading) and isinstance(other, Reading):
        return (one.place, one.water) == (other.place, other.water)
    if isinstance(one, Result) and isinstance(other, Result):
        return (one.place, one.organism) == (other.place, other.organism)
    return False


def work_of(fact: AnyFact) -> tuple[str, Work] | None:
    """(place, work) that the fact shows to be done; None for other facts."""
    if isinstance(fact, Reading):
        return fact.place, Work.READ
    if isinstance(fact, Result):
        return fact.place, Work.SAMPLE
    if isinstance(fact, Done):
        return fact.place, Work(fact.work)
    return None


def verdict(fact: AnyFact, legionella: Legionella, hygiene: Hygiene) -> Verdict | None:
    """What a reading or a result says against the site's limits; None for facts that can be neither good nor bad."""
    if isinstance(fact, Reading):
        place = legionella.by_id.get(fact.place)
        if fact.water == "cold":
            return _cold(fact, hygiene)
        mixed_degc = None if place is None else place.mixed_degc
        if mixed_degc is not None:
            return _mixed(fact, mixed_degc, legionella.scald_margin_k)
        return _hot(fact, hygiene)
    if isinstance(fact, Result):
        if fact.below or fact.cfu_per_l == 0:
            return Verdict.GOOD
        if fact.cfu_per_l >= legionella.limit_cfu_per_l:
            return Verdict.OVER
        return Verdict.ACT if fact.cfu_per_l >= legionella.act_cfu_per_l else Verdict.FOUND
    return None


def _mixed(fact: Reading, mixed_degc: float, margin_k: float) -> Verdict:
    if fact.temp_degc > mixed_degc + margin_k:
        return Verdict.SCALDING
    if fact.temp_degc >= mixed_degc - MIXED_BELOW_K:
        return Verdict.GOOD
    return Verdict.EARLY if fact.after_s < HOT_AFTER_S else Verdict.LOW


def _hot(fact: Reading, hygiene: Hygiene) -> Verdict:
    if fact.temp_degc >= hygiene.alarm_below_degc:
        return Verdict.GOOD if fact.after_s <= HOT_AFTER_S else Verdict.SLOW
    if fact.after_s < HOT_AFTER_S:
        return Verdict.EARLY
    return Verdict.CRITICAL if fact.temp_degc < hygiene.critical_below_degc else Verdict.LOW


def _cold(fact: Reading, hygiene: Hygiene) -> Verdict:
    if fact.temp_degc <= hygiene.cold_water_max_degc:
        return Verdict.GOOD if fact.after_s <= COLD_AFTER_S else Verdict.SLOW
    return Verdict.EARLY if fact.after_s < COLD_AFTER_S else Verdict.WARM
