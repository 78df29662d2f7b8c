"""Parts of the legionella file's page besides the round: deviations, results of laboratories, the newest entries."""

from datetime import date
from typing import Final

from dashboards.access import Right, Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.desk_parts import by_hand_alone, field, moment
from dashboards.pages.navigation import address
from dashboards.ports.view import SiteView
from dashboards.water_file_words import ORGANISMS, fact_said, found_said, place_name, ran_for, verdict_said
from dashboards.words import Language, pick, texts
from models.local_time import local_date
from models.water_facts import Closing, Entry, OpenOrClosed, Organism, Reading, Result, Striking, Verdict, verdict

SHOWN: Final = 40
"""Entries that the page shows; the API has all of them."""
RESULTS: Final = 12
CLOSED: Final = 12
AFTER_S: Final = (30, 60, 120, 180, 300)
"""For how long a tap may be said to have run."""


def _part(name: str, title: str, *children: str) -> Markup:
    head = el("h2", {"id": f"h-{name}"}, title)
    return el("section", {"class": "part", "id": name, "aria-labelledby": f"h-{name}"}, head, *children)


def water_choice(name: str, chosen: str, language: Language) -> Markup:
    """Hot or cold."""
    words = texts(language)
    options = (("hot", "water_file.hot"), ("cold", "water_file.cold"))
    return el(
        "select",
        {"id": name, "name": "water"},
        *(el("option", {"value": key, "selected": key == chosen}, words[text]) for key, text in options),
    )


def after_choice(name: str, chosen: int, language: Language) -> Markup:
    """For how long the tap had run."""
    seconds = sorted({*AFTER_S, chosen})
    return el(
        "select",
        {"id": name, "name": "after_s"},
        *(el("option", {"value": s, "selected": s == chosen}, ran_for(s, language)) for s in seconds),
    )


def place_options(view: SiteView, language: Language, *, whole: bool) -> list[Markup]:
    """Every place to choose from, and the plant as a whole where that makes sense."""
    first = [el("option", {"value": ""}, texts(language)["water_file.whole"])] if whole else []
    return first + [el("option", {"value": p.id}, pick(p.name, language)) for p in view.site.legionella.places]


def deviations(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """The open ones, each to be closed by name; those that are closed; a form for a new one."""
    words, found = texts(language), view.water_file.file().deviations()
    rows = [deviation(one, view, viewer, language) for one in found if one.closing is None]
    closed = [one for one in found if one.closing is not None][:CLOSED]
    shown: list[Markup] = [
        el("ul", {"class": "lines-list"}, *rows)
        if rows
        else el("p", {"class": "hint"}, words["water_file.deviations_none"])
    ]
    if viewer.may(Right.OPERATE):
        place = el("select", {"id": "d-place", "name": "place"}, *place_options(view, language, whole=True))
        text: dict[str, Attribute] = {
            "type": "text", "id": "d-text", "name": "text", "minlength": 3, "maxlength": 300, "required": True,
            "autocomplete": "off",
        }  # fmt: skip
        form = el(
            "form",
            {"class": "fields", "data-send": "/api/water/deviations"},
            field("d-place", words["water_file.place"], place),
            field("d-text", words["water_file.open_text"], el("input", text)),
            el("button", {"type": "submit"}, words["water_file.open"]),
        )
        title = el("summary", None, words["water_file.open_new"])
        shown.append(el("details", {"class": "more", "data-keep": "d-new"}, title, form))
    if closed:
        lines = el("ul", {"class": "lines-list"}, *(deviation(one, view, viewer, language) for one in closed))
        title = el("summary", None, words["water_file.closed_title"])
        shown.append(el("details", {"class": "more", "data-keep": "d-closed"}, title, lines))
    everything = f"{address('reports', language)}#deviations"
    shown.append(el("p", None, el("a", {"class": "elsewhere", "href": everything}, words["deviations.all_link"])))
    return _part("deviations", words["water_file.deviations_title"], *shown)


def deviation(one: OpenOrClosed, view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """A line with what it is, who opened it, and who closed it or a form to do so."""
    words, number = texts(language), one.entry.number
    place = place_name(view.site, one.deviation.place, language)
    facts = {"when": moment(one.entry.entered_at, view.site, language), "who": one.entry.who}
    lines = [
        el("strong", None, words["water_file.deviation"].format(number=number, place=place)),
        el("span", None, fact_said(view.site, one.deviation, language, view.water_file.file())),
        el("span", {"class": "hint"}, words["water_file.opened"].format(**facts)),
    ]
    closing = one.closing
    if closing is not None and isinstance(closing.fact, Closing):
        said = {
            "when": moment(closing.entered_at, view.site, language), "who": closing.who, "text": closing.fact.text,
        }  # fmt: skip
        lines.append(el("span", None, words["water_file.closed"].format(**said)))
        return el("li", None, *lines)
    if viewer.may(Right.OPERATE):
        text: dict[str, Attribute] = {
            "type": "text", "id": f"x-{number}", "name": "text", "minlength": 3, "maxlength": 300, "required": True,
            "autocomplete": "off",
        }  # fmt: skip
        lines.append(
            el(
                "form",
                {"class": "fields", "data-send": f"/api/water/deviations/{number}/closing"},
                by_hand_alone(),
                field(f"x-{number}", words["water_file.what_done"], el("input", text)),
                el(
                    "button",
                    {"type": "submit", "aria-label": f"{words['water_file.close']} {number}"},
                    words["water_file.close"],
                ),
            )
        )
    return el("li", {"class": "open"}, *lines)


def results(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """What laboratories found, the newest first, and a form."""
    words, file = texts(language), view.water_file.file()
    found = [(one, one.fact) for one in file.current() if isinstance(one.fact, Result)]
    newest = sorted(found, key=lambda pair: pair[1].sampled_on, reverse=True)[:RESULTS]
    heads = (
        "water_file.sampled_on", "water_file.place", "water_file.organism", "water_file.count", "table.state",
        "water_file.laboratory",
    )  # fmt: skip
    rows = [_result_row(fact, view, language) for _, fact in newest]
    head = el("thead", None, el("tr", None, *(el("th", {"scope": "col"}, words[key]) for key in heads)))
    table = el(
        "div",
        {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words["water_file.results_title"]},
        el("table", None, head, el("tbody", None, *rows)),
    )
    shown = [table if rows else el("p", {"class": "hint"}, words["water_file.results_none"])]
    if viewer.may(Right.OPERATE) and view.site.legionella.places:
        title = el("summary", None, words["water_file.enter_result"])
        shown.append(el("details", {"class": "more", "data-keep": "r-new"}, title, _result_form(view, language)))
    return _part("results", words["water_file.results_title"], *shown)


def _result_row(fact: Result, view: SiteView, language: Language) -> Markup:
    words = texts(language)
    found = verdict(fact, view.site.legionella, view.site.hygiene)
    cells = (
        _day(fact.sampled_on, language),
        place_name(view.site, fact.place, language),
        words[ORGANISMS[fact.organism]],
        found_said(fact),
        verdict_said(found, language),
        f"{fact.laboratory} {fact.reference}".strip(),
    )
    return el("tr", {"data-verdict": None if found is None else found.value}, *(el("td", None, c) for c in cells))


def _day(day: date, language: Language) -> str:
    return f"{day:%d.%m.%Y}" if language == "nb" else f"{day:%Y-%m-%d}"


def _result_form(view: SiteView, language: Language) -> Markup:
    words, today = texts(language), local_date(view.now()).isoformat()
    text: dict[str, Attribute] = {"type": "text", "maxlength": 80, "autocomplete": "off"}
    organisms = (el("option", {"value": one.value}, words[ORGANISMS[one]]) for one in Organism)
    return el(
        "form",
        {"class": "fields", "data-send": "/api/water/results"},
        field(
            "r-place",
            words["water_file.place"],
            el("select", {"id": "r-place", "name": "place"}, *place_options(view, language, whole=False)),
        ),
        field(
            "r-day",
            words["water_file.sampled_on"],
            el("input", {"type": "date", "id": "r-day", "name": "sampled_on", "max": today, "required": True}),
        ),
        field(
            "r-organism",
            words["water_file.organism"],
            el("select", {"id": "r-organism", "name": "organism"}, *organisms),
        ),
        _count("r", 0, below=False, language=language),
        field(
            "r-laboratory",
            words["water_file.laboratory"],
            el("input", {**text, "id": "r-laboratory", "name": "laboratory", "minlength": 2, "required": True}),
        ),
        field(
            "r-reference",
            words["water_file.reference"],
            el("input", {**text, "id": "r-reference", "name": "reference"}),
        ),
        el("button", {"type": "submit"}, words["water_file.save"]),
    )


def _count(name: str, value: float, *, below: bool, language: Language) -> Markup:
    """The number a laboratory gave, and whether it means less than that."""
    words = texts(language)
    number: dict[str, Attribute] = {
        "type": "number", "inputmode": "numeric", "min": 0, "step": 1, "required": True, "id": f"{name}-count",
        "name": "cfu_per_l", "value": f"{value:.0f}",
    }  # fmt: skip
    box = el("input", {"type": "checkbox", "id": f"{name}-below", "name": "below", "checked": below})
    label = el("label", {"for": f"{name}-below"}, words["water_file.below"])
    number_field = field(f"{name}-count", words["water_file.count"], el("input", number))
    return el("div", {"class": "count-field"}, number_field, el("div", {"class": "check"}, box, label))


def entries(view: SiteView, viewer: Viewer, language: Language) -> Markup:
    """The newest lines; nothing is ever taken away."""
    words, file = texts(language), view.water_file.file()
    rows = [_entry(one, view, viewer, language) for one in file.entries[: -SHOWN - 1 : -1]]
    shown = (
        el("ul", {"class": "lines-list"}, *rows)
        if rows
        else el("p", {"class": "hint"}, words["water_file.entries_none"])
    )
    return _part("entries", words["water_file.entries_title"], shown)


def _entry(entry: Entry, view: SiteView, viewer: Viewer, language: Language) -> Markup:
    words, file, fact = texts(language), view.water_file.file(), entry.fact
    when = moment(fact.at, view.site, language)
    if isinstance(fact, Result):
        when = _day(fact.sampled_on, language)
    head = words["water_file.line_head"].format(number=entry.number, when=when, who=entry.who)
    if entry.corrects is not None:
        head += f", {words['water_file.instead_of'].format(number=entry.corrects)}"
    text = fact_said(view.site, fact, language, file)
    if not isinstance(fact, Closing | Striking):
        text = f"{place_name(view.site, fact.place, language)}: {text}"
    found = verdict(fact, view.site.legionella, view.site.hygiene)
    if found is not None:
        text = f"{text} ({verdict_said(found, language)})"
    lines = [el("span", {"class": "hint"}, head), el("span", {"class": "text"}, text)]
    instead, struck = file.corrected.get(entry.number), file.struck.get(entry.number)
    if instead is not None:
        lines.append(el("span", {"class": "hint"}, words["water_file.is_corrected"].format(number=instead.number)))
    if struck is not None and isinstance(struck.fact, Striking):
        facts = {"who": struck.who, "text": struck.fact.text}
        lines.append(el("span", {"class": "hint"}, words["water_file.is_struck"].format(**facts)))
    if file.counts(entry):
        lines += _corrections(entry, view, viewer, language)
    attributes: dict[str, Attribute] = {
        "data-entry": entry.number,
        "data-gone": "false" if file.counts(entry) else "true",
        "data-verdict": None if found in (None, Verdict.GOOD) else found.value if found else None,
    }
    return el("li", attributes, *lines)


def _corrections(entry: Entry, view: SiteView, viewer: Viewer, language: Language) -> tuple[Markup, ...]:
    """Forms by which an entry is put right, or struck out, by another one."""
    words, number, file, forms = texts(language), entry.number, view.water_file.file(), []
    allowed = Right.NOTE_WATER if isinstance(entry.fact, Reading) else Right.OPERATE
    if isinstance(entry.fact, Reading | Result) and viewer.may(allowed) and file.may_correct(number, entry.fact):
        forms.append(_correction_form(entry, language))
    if viewer.may(Right.OPERATE) and file.may_strike(number):
        text: dict[str, Attribute] = {
            "type": "text", "id": f"s-{number}", "name": "text", "minlength": 3, "maxlength": 300, "required": True,
            "autocomplete": "off",
        }  # fmt: skip
        forms.append(
            el(
                "form",
                {"class": "fields", "data-send": f"/api/water/entries/{number}/striking"},
                field(f"s-{number}", words["water_file.strike_why"], el("input", text)),
                el("button", {"type": "submit", "class": "plain"}, f"{words['water_file.strike']} {number}"),
            )
        )
    if not forms:
        return ()
    title = el("summary", None, words["water_file.correct"], el("span", {"class": "sr"}, f" {number}"))
    return (el("details", {"class": "more", "data-keep": f"e-{number}"}, title, *forms),)


def _correction_form(entry: Entry, language: Language) -> Markup:
    words, number, fact = texts(language), entry.number, entry.fact
    fields: list[Markup] = []
    kept: dict[str, Attribute] = {"data-corrects": number, "data-old": fact.model_dump_json(exclude={"what"})}
    if isinstance(fact, Reading):
        degc: dict[str, Attribute] = {
            "type": "number", "inputmode": "decimal", "step": 0.1, "min": 0, "max": 100, "required": True,
            "name": "temp_degc", "id": f"ct-{number}", "value": fact.temp_degc,
        }  # fmt: skip
        fields = [
            field(f"ct-{number}", f"{words['water_file.reading']} {words['water_file.temp']}", el("input", degc)),
            field(f"cw-{number}", words["water_file.water"], water_choice(f"cw-{number}", fact.water, language)),
            field(f"ca-{number}", words["water_file.after"], after_choice(f"ca-{number}", fact.after_s, language)),
        ]
    elif isinstance(fact, Result):
        fields = [_count(f"c{number}", fact.cfu_per_l, below=fact.below, language=language)]
    to = "/api/water/readings" if isinstance(fact, Reading) else "/api/water/results"
    button = el(
        "button", {"type": "submit"}, words["water_file.correct_save"], el("span", {"class": "sr"}, f" {number}")
    )
    return el("form", {"class": "fields", "data-send": to, **kept}, *fields, button)
