"""Entries of the legionella file in words: for its page, the log, the API and reports."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from dashboards.words import Language, pick, said, texts
from models.legionella import Work
from models.signals import Reason
from models.site import Site
from models.water_facts import (
    AnyFact,
    Closing,
    Deviation,
    Done,
    Entry,
    Organism,
    Reading,
    Result,
    Striking,
    Verdict,
    WaterFile,
    verdict,
)

WATER_FILE: Final = "water_file"
"""Kind of the events that are entries of the file."""
VERDICTS: Final[Mapping[Verdict, str]] = {
    Verdict.GOOD: "water_file.verdict_good",
    Verdict.EARLY: "water_file.verdict_early",
    Verdict.SLOW: "water_file.verdict_slow",
    Verdict.LOW: "water_file.verdict_low",
    Verdict.CRITICAL: "water_file.verdict_critical",
    Verdict.SCALDING: "water_file.verdict_scalding",
    Verdict.WARM: "water_file.verdict_warm",
    Verdict.FOUND: "water_file.verdict_found",
    Verdict.ACT: "water_file.verdict_act",
    Verdict.OVER: "water_file.verdict_over",
}
ORGANISMS: Final[Mapping[Organism, str]] = {
    Organism.LEGIONELLA: "water_file.legionella",
    Organism.L_PNEUMOPHILA: "water_file.pneumophila",
    Organism.L_PNEUMOPHILA_SG1: "water_file.pneumophila_one",
}
WORKS: Final[Mapping[Work, str]] = {
    Work.FLUSH: "water_file.work_flush",
    Work.CLEAN: "water_file.work_clean",
    Work.READ: "water_file.work_read",
    Work.SAMPLE: "water_file.work_sample",
}
WATERS: Final = {"hot": "water_file.hot", "cold": "water_file.cold"}


def decimal(value: float, language: Language) -> str:
    """As few decimals as it has, one at most."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",") if language == "nb" else text


def place_name(site: Site, place: str | None, language: Language) -> str:
    """The name of a place; its id when the site file has it no longer, the whole plant for None."""
    if place is None:
        return texts(language)["water_file.whole"]
    found = site.legionella.by_id.get(place)
    return place if found is None else pick(found.name, language)


def verdict_said(found: Verdict | None, language: Language) -> str:
    """What a verdict means; empty for none."""
    return "" if found is None else texts(language)[VERDICTS[found]]


def ran_for(after_s: float, language: Language) -> str:
    """For how long a tap had been open."""
    key, number = ("water_file.seconds", after_s) if after_s < 60 else ("water_file.minutes", after_s / 60)
    return texts(language)[key].format(number=decimal(number, language))


def found_said(fact: Result) -> str:
    """The count of a laboratory."""
    text = f"{fact.cfu_per_l:,.0f}".replace(",", "\u00a0")
    return f"< {text}" if fact.below else text


def fact_said(site: Site, fact: AnyFact, language: Language, file: WaterFile | None = None) -> str:
    """What an entry says, without who and when. `file` is asked for what a deviation is about."""
    words = texts(language)
    if isinstance(fact, Reading):
        facts = {
            "water": words[WATERS[fact.water]],
            "degc": decimal(fact.temp_degc, language),
            "after": ran_for(fact.after_s, language),
        }
        return _with(words["water_file.said_reading"].format(**facts), fact.note)
    if isinstance(fact, Result):
        count = found_said(fact)
        laboratory = f"{fact.laboratory} {fact.reference}".strip()
        text = words["water_file.said_result"].format(
            organism=words[ORGANISMS[fact.organism]], count=count, laboratory=laboratory
        )
        return _with(text, fact.note)
    if isinstance(fact, Done):
        key = "water_file.said_flushed" if fact.work is Work.FLUSH else "water_file.said_cleaned"
        minutes = (
            "" if fact.minutes is None else words["water_file.minutes"].format(number=decimal(fact.minutes, language))
        )
        return _with(" ".join((words[key], minutes)).strip(), fact.note)
    if isinstance(fact, Deviation):
        return _deviation(site, fact, language, file)
    if isinstance(fact, Closing):
        return words["water_file.said_closed"].format(number=fact.deviation, text=fact.text)
    return words["water_file.said_struck"].format(number=fact.entry, text=fact.text)


def _with(text: str, note: str) -> str:
    return f"{text}. {note}" if note else text


def _deviation(site: Site, fact: Deviation, language: Language, file: WaterFile | None) -> str:
    if fact.code is not None:
        return said(site, Reason(fact.code, dict(fact.facts)), language)
    if fact.about is None:
        return fact.text
    shown = None if file is None else file.by_number.get(fact.about)
    if shown is None:
        return texts(language)["water_file.said_about"].format(number=fact.about)
    found = verdict_said(verdict(shown.fact, site.legionella, site.hygiene), language)
    return f"{fact_said(site, shown.fact, language)}: {found}"


def entry_line(site: Site, at: datetime, data: Mapping[str, object], language: Language) -> str:
    """An event of the record that is an entry, as a line of the log; who made it stands beside it."""
    words = texts(language)
    try:
        entry = Entry.from_data(at, data)
    except (ValueError, KeyError, TypeError):
        return words["water_file.unreadable"]
    text = fact_said(site, entry.fact, language)
    if isinstance(entry.fact, Striking | Closing):
        return words["water_file.line_plain"].format(number=entry.number, text=text)
    key = "water_file.line_new" if entry.corrects is None else "water_file.line_instead"
    place = place_name(site, entry.fact.place, language)
    return words[key].format(number=entry.number, place=place, text=text, old=entry.corrects)
