"""The page of the log: who changed what, and what happened; narrowed by kind, period and words."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.frame import page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, texts

GROUPS: Final = {
    "people": "log.people",
    "outside": "log.outside",
    "control": "log.control",
    "alarms": "log.alarms",
    "system": "log.system",
}
PERIODS: Final = {1: "log.day", 7: "log.week", 30: "log.month", 365: "log.year"}
"""Days back from now."""
USUAL_DAYS: Final = 7
COLUMNS: Final = ("log.when", "log.who", "log.what", "log.change", "log.reason")


def log(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; lines are filled in by the script."""
    words = texts(language)
    return page(
        view,
        viewer,
        language,
        "log",
        words["log.title"],
        section("log-page", words["log.about"], _form(language)),
        scripts=["log"],
        styles=["log"],
    )


def _form(language: Language) -> Markup:
    words = texts(language)
    boxes = (_box("checkbox", "group", group, words[key], group != "system") for group, key in GROUPS.items())
    periods = (_box("radio", "days", str(days), words[key], days == USUAL_DAYS) for days, key in PERIODS.items())
    return el(
        "div",
        None,
        el(
            "form",
            {"class": "log-form", "id": "log-form", "role": "search"},
            el("fieldset", {"class": "chips"}, el("legend", {"class": "sr"}, words["log.groups"]), *boxes),
            el("fieldset", {"class": "chips"}, el("legend", {"class": "sr"}, words["log.period"]), *periods),
            el(
                "div",
                {"class": "log-words"},
                el("label", {"for": "log-search"}, words["log.search"]),
                el("input", {"id": "log-search", "type": "search", "autocomplete": "off", "spellcheck": "false"}),
            ),
            el("output", {"id": "log-count", "for": "log-search"}, words["log.waiting"]),
        ),
        _table(language),
    )


def _box(kind: str, name: str, value: str, text: str, checked: bool) -> Markup:
    attributes: dict[str, Attribute] = {"type": kind, "name": name, "value": value, "checked": checked or None}
    return el("label", None, el("input", attributes), text)


def _table(language: Language) -> Markup:
    words = texts(language)
    head = (el("th", {"scope": "col"}, words[key]) for key in COLUMNS)
    table = el(
        "table",
        {"class": "log-table"},
        el("caption", {"class": "sr"}, words["log.title"]),
        el("thead", None, el("tr", None, *head)),
        el("tbody", {"id": "log-rows"}),
    )
    scroll = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words["log.title"]}
    return el("div", scroll, table)
