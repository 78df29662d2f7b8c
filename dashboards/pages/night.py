"""The page of the night: its programme, how the last one went, and the nights before it."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.frame import page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, texts

ITEM_COLUMNS: Final = ("night_page.when", "night_page.what", "night_page.energy", "night_page.cost")
NIGHT_COLUMNS: Final = (
    "night_page.night",
    "night_page.used",
    "night_page.paid",
    "night_page.saved",
    "night_page.done",
)
NUMBERS: Final = frozenset({"night_page.energy", "night_page.cost", *NIGHT_COLUMNS[1:]})


def night(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; the script fills it in."""
    words = texts(language)
    programme = section(
        "night-programme",
        words["night_page.programme"],
        el("p", {"id": "programme-about"}, words["night_page.waiting"]),
        el("ul", {"class": "notes", "id": "programme-notes"}),
        el(
            "div",
            {
                "class": "night-line",
                "id": "night-line",
                "role": "group",
                "tabindex": "0",
                "aria-label": words["night_page.timeline"],
            },
        ),
        _table("programme-items", ITEM_COLUMNS, language, words["night_page.programme"], "programme-sums"),
    )
    account = section(
        "night-account",
        words["night_page.account"],
        el("p", {"class": "saved", "id": "account-saved"}, words["night_page.waiting"]),
        el("p", {"class": "hint", "id": "account-about"}, ""),
        _table(
            "account-items",
            ("night_page.when", "night_page.what", "night_page.how"),
            language,
            words["night_page.account"],
        ),
        el("h3", {"id": "obstacles-title"}, words["night_page.obstacles"]),
        el("ul", {"class": "notes", "id": "account-obstacles"}),
    )
    nights = section(
        "nights",
        words["night_page.nights"],
        _table("night-rows", NIGHT_COLUMNS, language, words["night_page.nights"]),
    )
    title = words["night_page.title"]
    return page(
        view, viewer, language, "night", title, programme, account, nights, scripts=["night_page"], styles=["night"]
    )


def _table(name: str, columns: tuple[str, ...], language: Language, caption: str, sums: str = "") -> Markup:
    words = texts(language)
    head = (
        el("th", {"scope": "col", "class": "num" if column in NUMBERS else None}, words[column]) for column in columns
    )
    table = el(
        "table",
        {"class": "night-table"},
        el("caption", {"class": "sr"}, caption),
        el("thead", None, el("tr", None, *head)),
        el("tbody", {"id": name}),
        el("tfoot", {"id": sums}) if sums else "",
    )
    return el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": caption}, table)
