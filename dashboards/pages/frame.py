"""What every page has: head, top bar, navigation, alarm strip, and the sheet of one component."""

import json
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final, TypeVar

from dashboards.access import Viewer
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.navigation import address, navigation
from dashboards.ports.view import SiteView
from dashboards.shown import DECIMALS
from dashboards.symbols import mark_sprite
from dashboards.words import Language, pick, texts
from models.site import Site

KEPT: Final = 8
"""What is made once a site is kept for so many sites and languages."""
NO_SCRIPT_SAYS: Final = ("report", "refused.")
"""Beginnings of the keys of texts that stand in reports, or on a page without a script."""
Made = TypeVar("Made")


def page(  # it is the whole frame
    view: SiteView,
    viewer: Viewer,
    language: Language,
    name: str,
    title: str,
    *sections: str,
    scripts: Sequence[str] = (),
    styles: Sequence[str] = (),
) -> str:
    """A whole page. `name` is that of the navigation; `scripts` and `styles` are names in static/js and static.

    Scripts are modules. They import what they need from js/frame.js, which keeps the stream and the frame going.
    """
    site_name = pick(view.site.name, language)
    body = el(
        "body",
        {"class": f"page-{name}"},
        el("a", {"class": "skip", "href": "#main"}, texts(language)["top.skip"]),
        mark_sprite(),
        _top(view, viewer, language, name),
        el("p", {"class": "banner", "id": "lost", "role": "status", "aria-live": "polite"}),
        el("div", {"class": "sr", "id": "digest", "role": "status", "aria-live": "polite"}),
        el("div", {"class": "sr", "id": "urgent", "role": "alert"}),
        el(
            "main",
            {"id": "main", "tabindex": "-1"},
            el("h1", {"class": "sr" if name == "now" else "page-title"}, title),
            *sections,
        ),
        _panel(language),
        el("noscript", None, texts(language)["top.noscript"]),
        _config(view.site, viewer, language),
        *(el("script", {"type": "module", "src": f"/static/js/{script}.js"}) for script in ("frame", *scripts)),
    )
    return document(
        language,
        f"{title} – {site_name}",
        body,
        ("vendor/uplot/uPlot.min", "tokens", "frame", "navigation", "parts", *styles),
    )


def document(language: Language, title: str, body: Markup, styles: Sequence[str]) -> str:
    """A document around a body; also for pages without the frame (sign-in, display)."""
    head = el(
        "head",
        None,
        el("meta", {"charset": "utf-8"}),
        el("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        el("meta", {"name": "color-scheme", "content": "light dark"}),
        el("title", None, title),
        el("link", {"rel": "icon", "href": "/static/icon.svg", "type": "image/svg+xml"}),
        el("script", {"src": "/static/first.js"}),
        *(el("link", {"rel": "stylesheet", "href": f"/static/{style}.css"}) for style in styles),
    )
    return "<!doctype html>" + el("html", {"lang": language}, head, body)


def per_site(make: Callable[[Site, Language], Made]) -> Callable[[Site, Language], Made]:
    """Keep what is made of a site and a language: it is the same for every viewer, and making it takes time."""
    kept: dict[tuple[int, Language], tuple[Site, Made]] = {}

    @wraps(make)
    def once(site: Site, language: Language) -> Made:
        found = kept.get((id(site), language))
        if found is None or found[0] is not site:
            while len(kept) >= KEPT:
                kept.pop(next(iter(kept)))
            found = kept[id(site), language] = (site, make(site, language))
        return found[1]

    return once


def section(css: str, title: str, *children: str) -> Markup:
    """A part of a page under its heading."""
    head = el("h2", {"id": f"h-{css}"}, title)
    return el("section", {"class": f"part {css}", "aria-labelledby": f"h-{css}"}, head, *children)


def _top(view: SiteView, viewer: Viewer, language: Language, name: str) -> Markup:
    words = texts(language)
    simulated = el("span", {"class": "badge", "id": "demo"}, words["top.simulated"]) if view.demo else ""
    home = el("a", {"class": "site-name", "href": address("now", language)}, pick(view.site.name, language))
    return el(
        "header",
        {"class": "top"},
        el(
            "div",
            {"class": "top-row"},
            el("div", {"class": "who"}, home, simulated),
            el("time", {"class": "clock", "id": "clock"}, "–"),
            el("span", {"class": "link", "id": "link", "data-state": "starting"}, words["link.starting"]),
            el("span", {"class": "decides", "id": "decides"}, ""),
            _taken(language),
            _tools(viewer, language, name),
        ),
        el(
            "div",
            {"class": "top-row"},
            navigation(view.site, name, viewer, language),
            _alarm_strip(language),
        ),
    )


def _tools(viewer: Viewer, language: Language, name: str) -> Markup:
    words = texts(language)
    other: Language = "en" if language == "nb" else "nb"
    return el(
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
            {"class": "language", "href": address(name, other), "hreflang": other, "lang": other, "id": "language"},
            texts(other)["top.language"],
        ),
        _account(viewer, language),
    )


def _account(viewer: Viewer, language: Language) -> Markup:
    """Who is signed in, as what."""
    words = texts(language)
    role = words[f"role.{viewer.role.value}"] if viewer.role else ""
    if viewer.session is None:
        return el("span", {"class": "account", "id": "account"}, words["top.guest"].format(role=role))
    return el(
        "span",
        {"class": "account", "id": "account"},
        el("a", {"href": f"/{language}/account", "title": role}, viewer.name),
        el("button", {"type": "button", "id": "sign-out"}, words["top.sign_out"]),
    )


def _taken(language: Language) -> Markup:
    """How many points people hold, while there are any; leads to where they are given back."""
    href = f"{address('settings', language)}#taken"
    mark: dict[str, Attribute] = {"class": "taken-mark", "id": "taken-mark", "href": href, "hidden": True}
    return el("a", mark, el("span", {"class": "hand", "aria-hidden": "true"}, "H"), el("span", {"class": "n"}, ""))


def _alarm_strip(language: Language) -> Markup:
    """Counts of active alarms and the first of them in words: at one place everywhere, also when all is well."""
    words = texts(language)
    return el(
        "a",
        {"class": "alarm-strip", "id": "alarm-strip", "href": address("alarms", language), "data-some": "false"},
        el("span", {"class": "sr"}, words["alarms.title"]),
        el(
            "span",
            {"class": "counts", "id": "counts"},
            *(_count(letter, words[f"alarms.class_{letter.lower()}"]) for letter in "ABC"),
        ),
        el("span", {"class": "alarm-text", "id": "alarm-text"}, ""),
    )


def _count(letter: str, name: str) -> Markup:
    icon = {"class": "mark-icon", "viewBox": "0 0 20 20", "aria-hidden": "true"}
    return el(
        "span",
        {"class": "count", "data-class": letter, "data-some": "false"},
        el("svg", icon, el("use", {"href": f"#mark-{letter}"})),
        el("span", {"class": "sr"}, name),
        el("b", None, "0"),
    )


def _config(site: Site, viewer: Viewer, language: Language) -> Markup:
    """What scripts need to know, as JSON."""
    config: dict[str, Any] = {
        "language": language,
        "timeZone": site.place.time_zone,
        "texts": {key: text for key, text in texts(language).items() if not key.startswith(NO_SCRIPT_SAYS)},
        "decimals": {unit.value: decimals for unit, decimals in DECIMALS.items()},
        "viewer": {"name": viewer.name, "role": viewer.role, "rights": sorted(viewer.all_rights)},
        "csrf": viewer.csrf,
    }
    return json_script("config", config)


def json_script(id_: str, value: Any) -> Markup:
    """Data for scripts within a page."""
    safe = json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
    return el("script", {"type": "application/json", "id": id_}, Markup(safe))


def _panel(language: Language) -> Markup:
    """The sheet with one component's points and chart; empty until something is opened."""
    words = texts(language)
    return el(
        "aside",
        {"class": "panel", "id": "panel", "hidden": True, "aria-labelledby": "panel-title"},
        el(
            "div",
            {"class": "panel-head"},
            el("h2", {"id": "panel-title", "tabindex": "-1"}, ""),
            el("button", {"type": "button", "id": "panel-close"}, words["panel.close"]),
        ),
        el(
            "div",
            {"class": "chart-head"},
            el("h3", {"id": "chart-title"}, words["panel.day"]),
            el(
                "button",
                {
                    "type": "button",
                    "id": "chart-table-button",
                    "aria-expanded": "false",
                    "aria-controls": "chart-table",
                },
                words["drawing.as_table"],
            ),
        ),
        el("div", {"class": "chart", "id": "chart", "role": "figure", "aria-labelledby": "chart-title"}),
        el("p", {"class": "hint", "id": "chart-note"}),
        el("div", {"class": "scroll", "id": "chart-table", "hidden": True, "tabindex": "0"}),
        el("div", {"id": "panel-points"}),
    )
