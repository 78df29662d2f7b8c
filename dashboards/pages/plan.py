"""The page of the plan: the next 36 hours, each command and why, last days against their plans, who may run what."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.contest import contest_part
from dashboards.pages.frame import page, section
from dashboards.pages.promotion import promotion_part
from dashboards.ports.view import SiteView
from dashboards.words import Language, texts

KEYS: Final = {
    "measured": "plan.key_measured",
    "planned": "plan.key_planned",
    "cheap": "plan.key_cheap",
    "usual": "plan.key_usual",
    "dear": "plan.key_dear",
    "guess": "plan.key_guess",
    "within": "plan.key_within",
}
"""What the marks of the time axis mean, by their class."""


def plan(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; its script fills it in."""
    words = texts(language)
    none = el("p", {"class": "part plan-none", "id": "plan-none", "role": "status"}, words["panel.loading"])
    body = el(
        "div",
        {"id": "plan-body", "hidden": True},
        _day(language),
        _timeline(language),
        _why(language),
        _parts(language),
    )
    title = words["plan.title"]
    back = el("div", {"id": "plan-back", "hidden": True}, _look_back(language))
    message = el("p", {"class": "message", "id": "message", "role": "status"})
    deciding = (contest_part(view, language), promotion_part(view, viewer, language))
    sections = (message, none, body, back, *deciding)
    styles = ["insight", "desk", "plan"]
    return page(view, viewer, language, "plan", title, *sections, scripts=["plan", "promotion"], styles=styles)


def _day(language: Language) -> Markup:
    words = texts(language)
    return section(
        "plan-says",
        words["plan.day_title"],
        el("ul", {"class": "says", "id": "plan-day"}),
        el("ul", {"class": "says missed", "id": "plan-missed"}),
        el("p", {"class": "hint", "id": "plan-about"}, "–"),
    )


def _timeline(language: Language) -> Markup:
    words = texts(language)
    button = el(
        "button",
        {
            "type": "button",
            "class": "as-table",
            "id": "timeline-as-table",
            "aria-expanded": "false",
            "aria-controls": "timeline-table",
        },
        words["drawing.as_table"],
    )
    legend = el(
        "p",
        {"class": "keys-legend"},
        *(el("span", {"class": f"key-of {kind}"}, words[key]) for kind, key in KEYS.items()),
    )
    table: dict[str, Attribute] = {
        "class": "scroll",
        "id": "timeline-table",
        "hidden": True,
        "tabindex": "0",
        "role": "group",
        "aria-label": words["plan.timeline_title"],
    }
    return section(
        "plan-time",
        words["plan.timeline_title"],
        button,
        legend,
        el("div", {"class": "timeline", "id": "timeline"}),
        el("div", table),
    )


def _why(language: Language) -> Markup:
    words = texts(language)
    return section(
        "plan-grounds",
        words["plan.why_title"],
        el("p", {"class": "hint"}, f"{words['plan.why_hint']} ", el("span", {"id": "plan-worth"}, "")),
        el("ul", {"class": "why-cards", "id": "plan-why"}),
        el("p", {"class": "hint", "id": "plan-identity"}, ""),
    )


def _parts(language: Language) -> Markup:
    words = texts(language)
    heads = (words["plan.part"], "kr")
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["plan.parts_title"]),
        el("thead", None, el("tr", None, *(el("th", {"scope": "col"}, head) for head in heads))),
        el("tbody", {"id": "plan-parts"}),
    )
    return section("plan-costs", words["plan.parts_title"], el("p", {"class": "hint"}, words["plan.parts_hint"]), table)


def _look_back(language: Language) -> Markup:
    words = texts(language)
    details = el(
        "details",
        {"id": "back-details"},
        el("summary", None, words["drawing.as_table"]),
        el(
            "div",
            {
                "class": "scroll",
                "id": "back-table",
                "tabindex": "0",
                "role": "group",
                "aria-label": words["plan.back_title"],
            },
        ),
    )
    return section(
        "plan-past",
        words["plan.back_title"],
        el(
            "p",
            {"class": "choose"},
            el("label", {"for": "back-day"}, words["plan.back_day"]),
            el("select", {"id": "back-day"}),
        ),
        el("p", {"id": "back-about", "role": "status"}, "–"),
        el(
            "p",
            {"class": "keys-legend", "id": "back-keys"},
            *(el("span", {"class": f"key-of {kind}"}, words[KEYS[kind]]) for kind in ("measured", "planned")),
        ),
        el("div", {"class": "back-lines", "id": "back-lines"}),
        details,
    )
