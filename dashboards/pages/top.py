"""The bar that stays: site, clock, connection, alarm counts, views, and what a person can set."""

from typing import Final

from dashboards.markup import Markup, el
from dashboards.words import Language, texts

VIEWS: Final = (
    ("overview", "nav.overview", "M3 12l9-8 9 8M6 10v10h12v-10"),
    ("plant", "nav.plant", "M3 4h7v7h-7zM14 13h7v7h-7zM10 7.5h7.5v5.5"),
    ("rooms", "nav.rooms", "M3 3h18v18h-18zM3 12h18M12 3v18"),
    ("alarms", "nav.alarms", "M12 3l10 18h-20zM12 10v5M12 17.5v1"),
    ("more", "nav.more", "M4 6h16M4 12h16M4 18h16"),
)
"""Id, name and icon of each view."""


def top_bar(name: str, demo: bool, language: Language) -> Markup:
    """The header; `name` is the site's in this language."""
    words = texts(language)
    other: Language = "en" if language == "nb" else "nb"
    return el(
        "header",
        {"class": "top"},
        el(
            "div",
            {"class": "who"},
            el("h1", None, name),
            el("span", {"class": "badge", "id": "demo"}, words["top.simulated"]) if demo else "",
        ),
        el("time", {"class": "clock", "id": "clock"}, "–"),
        el("span", {"class": "decides", "id": "decides"}, ""),
        el("span", {"class": "link", "id": "link", "data-state": "starting"}, words["link.starting"]),
        el(
            "a",
            {"class": "counts", "id": "counts", "href": "#alarms"},
            el("span", {"class": "sr"}, words["alarms.title"]),
            *(_count(letter, words[f"alarms.class_{letter.lower()}"]) for letter in "ABC"),
        ),
        el(
            "nav",
            {"class": "views", "aria-label": words["nav.label"]},
            *(
                el(
                    "a",
                    {"href": f"#{view}", "data-goto": view},
                    el("svg", {"viewBox": "0 0 24 24", "aria-hidden": "true"}, el("path", {"d": icon})),
                    el("span", None, words[key]),
                )
                for view, key, icon in VIEWS
            ),
        ),
        el(
            "div",
            {"class": "tools"},
            el("button", {"type": "button", "id": "freeze", "aria-pressed": "false"}, words["top.freeze"]),
            el(
                "button",
                {"type": "button", "id": "theme", "aria-label": words["top.theme"], "title": words["top.theme"]},
                "◐",
            ),
            el(
                "a",
                {"class": "language", "href": f"/{other}", "hreflang": other, "lang": other, "id": "language"},
                texts(other)["top.language"],
            ),
        ),
    )


def _count(letter: str, name: str) -> Markup:
    return el(
        "span",
        {"class": "count", "data-class": letter, "data-some": "false"},
        _mark(letter),
        el("span", {"class": "sr"}, name),
        el("b", None, "0"),
    )


def _mark(letter: str) -> Markup:
    return el(
        "svg",
        {"class": "mark-icon", "viewBox": "0 0 20 20", "aria-hidden": "true"},
        el("use", {"href": f"#mark-{letter}"}),
    )
