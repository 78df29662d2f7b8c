"""Entries of the log in words: who, what and about what."""

from typing import Final

from dashboards.audit_words import AUDIT, audit_text
from dashboards.ports.house import LogEntryView
from dashboards.reading import event_answer, subject_name
from dashboards.water_file_words import WATER_FILE
from dashboards.words import Language, pick, texts
from models.site import Site

WHO: Final = "{who}"


def log_text(site: Site, entry: LogEntryView, language: Language) -> str:
    """The entry in words. What somebody did is told with its subject; who did it stands beside it."""
    if entry.kind != AUDIT:
        answer = event_answer(site, vars_of(entry))
        return pick(answer.text, language)
    named = named_subject(site, entry.subject, language)
    template = texts(language).get(f"audit.{entry.data.get('what')}")
    if template is not None and WHO in template:
        return audit_text(entry.data, named, language)
    words = template or str(entry.data.get("what"))
    return f"{words[:1].upper()}{words[1:]}: {named}"


def vars_of(entry: LogEntryView) -> dict[str, object]:
    """The entry as `dashboards.reading` takes events."""
    return {"at": entry.at, "kind": entry.kind, "subject": entry.subject, "text": entry.text, "data": entry.data}


def named_subject(site: Site, subject: str, language: Language) -> str:
    """The name people use: also of rooms, zones and parts of the plant, and of what an alarm is about."""
    names = {zone.id: zone.name for zone in site.zones}
    names |= {room.id: room.name for zone in site.zones for room in zone.rooms}
    names |= {place.id: place.name for place in site.legionella.places}
    if subject in names:
        return pick(names[subject], language)
    about = subject.removeprefix("point.")
    return subject_name(site, about if about in site.points else subject, language)


def who_did(entry: LogEntryView) -> str | None:
    """Who changed it here; None where nobody here did."""
    who = entry.data.get("who")
    return str(who) if entry.kind in (AUDIT, WATER_FILE) and who else None
