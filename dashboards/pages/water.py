"""The page of hot water and hygiene: deadline and proof of the heat cycle, every sensor against its limit, the log."""

from typing import Final

from dashboards.access import Viewer
from dashboards.markup import Markup, el
from dashboards.pages.frame import page, section
from dashboards.pages.navigation import address
from dashboards.ports.view import SiteView
from dashboards.words import Language, texts

FACTS: Final = (
    ("duty-due", "water.due"),
    ("duty-left", "water.remaining"),
    ("duty-driven", "water.driven_since"),
    ("duty-planned", "water.planned"),
    ("duty-proof", "water.last_proof"),
    ("duty-coldest", "water.coldest"),
)
USE: Final = (("use-tapped", "water.tapped"), ("use-heater", "water.heater"), ("use-cold", "water.cold"))


def water(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page; its script fills it in."""
    words = texts(language)
    none = el("p", {"class": "part plan-none", "id": "water-none", "role": "status"}, words["panel.loading"])
    body = el(
        "div",
        {"class": "insight-grid", "id": "water-body", "hidden": True},
        _duty(language),
        _sensors(language),
        _chart(language),
        el("div", {"class": "column"}, _use(language), _log(language)),
        _days(language),
    )
    return page(
        view,
        viewer,
        language,
        "water",
        words["water.title"],
        none,
        body,
        scripts=["water"],
        styles=["insight", "bills"],
    )


def _duty(language: Language) -> Markup:
    words = texts(language)
    return section(
        "water-duty",
        words["water.duty_title"],
        el("p", {"class": "duty", "id": "duty"}, el("b", {"id": "duty-word"}, "–")),
        _facts(FACTS, language),
        el("h3", None, words["water.pairs_title"]),
        el("ul", {"class": "pairs", "id": "duty-pairs"}),
        el("p", {"class": "hint", "id": "duty-rule"}, ""),
        el("p", None, el("a", {"href": address("water_file", language)}, words["water_file.to_file"])),
    )


def _facts(facts: tuple[tuple[str, str], ...], language: Language) -> Markup:
    words = texts(language)
    rows = (pair for name, key in facts for pair in (el("dt", None, words[key]), el("dd", {"id": name}, "–")))
    return el("dl", {"class": "facts-list"}, *rows)


def _sensors(language: Language) -> Markup:
    words = texts(language)
    heads = (
        ("water.sensor", None),
        ("water.now", "num"),
        ("water.limit", "num"),
        ("table.state", None),
        ("water.lowest", "num"),
        ("water.below_today", "num"),
    )
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["water.sensors_title"]),
        el(
            "thead", None, el("tr", None, *(el("th", {"scope": "col", "class": css}, words[key]) for key, css in heads))
        ),
        el("tbody", {"id": "sensor-rows"}),
    )
    return section("water-sensors", words["water.sensors_title"], _scroll(words["water.sensors_title"], table))


def _chart(language: Language) -> Markup:
    words = texts(language)
    title = words["water.chart_title"]
    return section(
        "water-trend",
        title,
        el("div", {"class": "chart", "id": "water-chart", "role": "figure", "aria-label": title}),
        el("p", {"class": "hint", "id": "water-chart-note"}, ""),
        el("p", {"class": "hint"}, words["water.chart_hint"]),
    )


def _days(language: Language) -> Markup:
    words = texts(language)
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["water.days_title"]),
        el("thead", {"id": "below-head"}),
        el("tbody", {"id": "below-rows"}),
    )
    hint = el("p", {"class": "hint"}, words["water.days_hint"])
    return section("water-days", words["water.days_title"], hint, _scroll(words["water.days_title"], table))


def _log(language: Language) -> Markup:
    words = texts(language)
    log = {"class": "cycle-log", "id": "cycle-log", "tabindex": "0", "aria-labelledby": "h-water-log"}
    return section("water-log", words["water.log_title"], el("ol", log))


def _use(language: Language) -> Markup:
    return section("water-use", texts(language)["water.use_title"], _facts(USE, language))


def _scroll(label: str, table: Markup) -> Markup:
    return el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": label}, table)
