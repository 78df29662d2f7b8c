"""The sentences of function descriptions, filled in. No sentence has a digit of its own: every number is a fact."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import time
from functools import cache
from importlib import resources
from typing import Final, Literal

from models.assets import Period
from models.profile import Text

Language = Literal["nb", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("nb", "en")
Fact = float | str | Text | Sequence[Text] | Sequence[float]
AND: Final[Mapping[Language, str]] = {"nb": "og", "en": "and"}
DAY_NAMES: Final = {
    "mon": Text(nb="mandag", en="Monday"),
    "tue": Text(nb="tirsdag", en="Tuesday"),
    "wed": Text(nb="onsdag", en="Wednesday"),
    "thu": Text(nb="torsdag", en="Thursday"),
    "fri": Text(nb="fredag", en="Friday"),
    "sat": Text(nb="lørdag", en="Saturday"),
    "sun": Text(nb="søndag", en="Sunday"),
}
ALWAYS: Final = Text(nb="hele døgnet, alle dager", en="all day, every day")


@cache
def sentences() -> dict[str, Text]:
    """Templates by key, from `bems/functions/sentences.toml`."""
    raw = tomllib.loads(resources.files("bems.functions").joinpath("sentences.toml").read_text("utf-8"))
    return {f"{part}.{name}": Text.model_validate(text) for part, names in raw.items() for name, text in names.items()}


def say(key: str, **facts: Fact) -> Text:
    """The sentence in both languages; KeyError for one that does not exist or a fact that is not given."""
    template = sentences()[key]
    nb = template.nb.format_map({name: _said(fact, "nb") for name, fact in facts.items()})
    en = template.en.format_map({name: _said(fact, "en") for name, fact in facts.items()})
    return Text(nb=nb, en=en)


def _said(fact: Fact, language: Language) -> str:
    if isinstance(fact, str):
        return fact
    if isinstance(fact, Text):
        return fact.nb if language == "nb" else fact.en
    if isinstance(fact, float | int):
        return number(fact, language)
    return joined([_said(one, language) for one in fact], language)


def number(value: float, language: Language) -> str:
    """Two decimals at most, in local form, with a proper minus."""
    said = f"{round(value, 2) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"
    said = said.replace("-", "−")
    return said.replace(".", ",") if language == "nb" else said


def joined(parts: Sequence[str], language: Language) -> str:
    """'a, b og c'."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {AND[language]} {parts[-1]}"


def amount(value: float, unit: str) -> Text:
    """A number with its unit."""
    nb, en = (f"{number(value, language)} {unit}".rstrip() for language in LANGUAGES)
    return Text(nb=nb, en=en)


def span(low: float, high: float, unit: str) -> Text:
    """From one number to another."""
    nb, en = (f"{number(low, language)}–{number(high, language)} {unit}" for language in LANGUAGES)
    return Text(nb=nb, en=en)


def clock(hour: int) -> str:
    """A full hour of the local clock."""
    return f"{hour % 24:02d}:00"


def hours_of(hours: Sequence[int]) -> str:
    """Hours that follow one another, as from and to."""
    return f"{clock(hours[0])}–{clock(hours[-1] + 1)}"


def timetable(periods: Sequence[Period]) -> Text:
    """The periods in words; all day where there is none, or where they leave nothing out."""
    whole = {day for period in periods if period.start == period.to == time(0) for day in period.days}
    if not periods or len(whole) == len(DAY_NAMES):
        return ALWAYS
    return Text(nb=_periods(periods, "nb"), en=_periods(periods, "en"))


def _periods(periods: Sequence[Period], language: Language) -> str:
    said = []
    for period in periods:
        days = [_said(DAY_NAMES[day], language) for day in period.days]
        order = list(DAY_NAMES)
        places = [order.index(day) for day in period.days]
        row = places == list(range(places[0], places[0] + len(places)))
        when = f"{days[0]}–{days[-1]}" if row and len(days) > 2 else joined(days, language)
        to = "24:00" if period.to == time(0) else period.to.strftime("%H:%M")
        said.append(f"{when} {period.start.strftime('%H:%M')}–{to}")
    return ", ".join(said)
