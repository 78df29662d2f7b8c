"""The legionella file: made for a phone that is carried from tap to tap. What is due first, a form at each place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import decimal, field, moment
from dashboards.pages.frame import page, section
from dashboards.pages.water_file_parts import after_choice, deviations, entries, results, water_choice
from dashboards.ports.view import SiteView
from dashboards.water_file_words import WORKS
from dashboards.words import Language, pick, texts
from models.legionella import Place, PlaceKind, Work
from models.local_time import local_date
from models.water_facts import Due

KINDS: Final = {
    PlaceKind.TAP: "water_file.kind_tap",
    PlaceKind.SHOWER: "water_file.kind_shower",
    PlaceKind.FLUSH_POINT: "water_file.kind_flush_point",
    PlaceKind.SAMPLE_POINT: "water_file.kind_sample_point",
}
USUAL_AFTER_S: Final = 60


def water_file(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    words = texts(language)
    return page(
        view, viewer, language, "water_file", words["water_file.title"],
        el("p", {"class": "message", "id": "message", "role": "status"}),
        el("p", {"class": "hint"}, _about(view, language)),
        *_round(view, viewer, language),
        deviations(view, viewer, language),
        results(view, viewer, language),
        entries(view, viewer, language),
        scripts=["water_file"], styles=["entries", "water_file"],
    )  # fmt: skip


def _about(view: SiteView, language: Language) -> str:
    words, told = texts(language), view.site.legionella
    if told.risk_assessment is None:
        return words["water_file.about_none"]
    at = f", {told.risk_assessment_at}" if told.risk_assessment_at else ""
    return words["water_file.about"].format(
        who=told.responsible or words["water_file.unknown"], day=_day_of(told.risk_assessment, language), at=at
    )


def _day_of(day: object, language: Language) -> str:
    return f"{day:%d.%m.%Y}" if language == "nb" else f"{day:%Y-%m-%d}"


def _round(view: SiteView, viewer: Viewer, language: Language) -> tuple[Markup, ...]:
    """Places where something is due, then the others."""
    words, told, now = texts(language), view.site.legionella, view.now()
    if not told.places:
        return (section("water-due", words["water_file.due_title"], el("p", None, words["water_file.no_places"])),)
    due = view.water_file.file().due(told)
    waiting = list(dict.fromkeys(one.place.id for one in due if one.is_due(now)))
    rest = [place.id for place in told.places if place.id not in waiting]
    about = words["water_file.due_count"].format(number=len(waiting)) if waiting else words["water_file.due_none"]

    def listed(ids: Sequence[str]) -> list[Markup]:
        return [
            _place(told.by_id[name], [one for one in due if one.place.id == name], view, viewer, language)
            for name in ids
        ]

    first = el(
        "section",
        {"class": "part", "id": "round", "aria-labelledby": "h-round"},
        el("h2", {"id": "h-round"}, words["water_file.due_title"]),
        el("p", {"class": "hint"}, about),
        *listed(waiting),
    )
    others = el(
        "section",
        {"class": "part", "id": "rest", "aria-labelledby": "h-rest"},
        el("h2", {"id": "h-rest"}, words["water_file.rest_title"]),
        *listed(rest),
    )
    return (first, others) if rest else (first,)


def _place(place: Place, due: Sequence[Due], view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, now = texts(language), view.now()
    loops = {loop.id: loop.name for loop in view.site.hot_water.loops} if view.site.hot_water is not None else {}
    facts = [words[KINDS[place.kind]]]
    if place.loop in loops:
        facts.append(pick(loops[place.loop], language))
    if place.mixed_degc is not None:
        facts.append(words["water_file.mixed"].format(degc=decimal(place.mixed_degc, 0, language)))
    waits = [_chip(one, now, language) for one in due if one.is_due(now)]
    lines = [el("li", None, _routine(one, view, language)) for one in due]
    summary = el(
        "summary",
        None,
        el("span", {"class": "place-name"}, pick(place.name, language)),
        el("span", {"class": "place-facts"}, " · ".join(facts)),
        el("span", {"class": "chips-due"}, *waits),
    )
    routines = el("ul", {"class": "routines"}, *lines) if lines else el("p", None, words["water_file.no_routine"])
    body = (_reading_form(place, language), _done_buttons(place, view, language))
    return el(
        "details",
        {"class": "tap", "data-keep": place.id, "data-due": "true" if waits else "false"},
        summary,
        *(body if viewer.may(Right.NOTE_WATER) else (el("p", {"class": "hint"}, words["water_file.read_only"]),)),
        routines,
    )


def _chip(one: Due, now: datetime, language: Language) -> Markup:
    late = one.due_at is not None and local_date(one.due_at) < local_date(now)
    return el("b", {"class": "due", "data-late": "true" if late else "false"}, texts(language)[WORKS[one.work]])


def _routine(one: Due, view: SiteView, language: Language) -> str:
    """How often, when last and by whom, when next."""
    words = texts(language)
    parts = [f"{words[WORKS[one.work]]} {words['water_file.every'].format(days=one.place.every_days[one.work])}"]
    if one.last is None or one.due_at is None:
        return ", ".join([*parts, words["water_file.never"]])
    done = f"{moment(one.last.fact.at, view.site, language)} ({one.last.who})"
    if one.work is Work.SAMPLE:
        done = _day_of(local_date(one.last.fact.at), language)
    due_day = local_date(one.due_at)
    key = "water_file.since" if due_day < local_date(view.now()) else "water_file.next"
    parts.append(words["water_file.last_done"].format(when=done))
    return ", ".join([*parts, words[key].format(day=_day_of(due_day, language))])


def _reading_form(place: Place, language: Language) -> Markup:
    words = texts(language)
    number: dict[str, Attribute] = {
        "type": "number", "inputmode": "decimal", "step": 0.1, "min": 0, "max": 100, "required": True,
        "name": "temp_degc", "id": f"t-{place.id}", "autocomplete": "off",
    }  # fmt: skip
    return el(
        "form",
        {"class": "reading", "data-send": "/api/water/readings", "data-place": place.id},
        field(f"t-{place.id}", f"{words['water_file.reading']} {words['water_file.temp']}", el("input", number)),
        field(f"w-{place.id}", words["water_file.water"], water_choice(f"w-{place.id}", "hot", language)),
        field(f"a-{place.id}", words["water_file.after"], after_choice(f"a-{place.id}", USUAL_AFTER_S, language)),
        el(
            "button",
            {"type": "submit", "aria-label": f"{words['water_file.save']}: {pick(place.name, language)}"},
            words["water_file.save"],
        ),
    )


def _done_buttons(place: Place, view: SiteView, language: Language) -> Markup:
    words, name = texts(language), pick(place.name, language)
    minutes = view.site.legionella.flush_min
    flushed = words["water_file.flushed_now"].format(minutes=decimal(minutes, 0, language))
    buttons: list[tuple[Work, str, float | None]] = [(Work.FLUSH, flushed, minutes)]
    if Work.CLEAN in place.every_days:
        buttons.append((Work.CLEAN, words["water_file.cleaned_now"], None))
    return el(
        "div",
        {"class": "done"},
        *(
            el(
                "button",
                {
                    "type": "button", "class": "plain", "data-done": work.value, "data-place": place.id,
                    "data-minutes": took, "aria-label": f"{text}: {name}",
                },
                text,
            )
            for work, text, took in buttons
        ),
    )  # fmt: skip
