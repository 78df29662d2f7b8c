"""The page of the systems: each with its picture and its function description, made to be read, and printed."""

from collections.abc import Sequence
from typing import Final

from dashboards.access import Viewer
from dashboards.components import Shown
from dashboards.drawing import value
from dashboards.markup import Markup, el
from dashboards.pages.frame import page
from dashboards.pictures.draw import picture
from dashboards.ports.function import FunctionView
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.profile import Text
from models.site import Site

ORIGINS: Final = {"site": "systems.origin_site", "control": "systems.origin_control", "guard": "systems.origin_guard"}


def systems(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page: one system after the other; the script shows the one that is asked for."""
    words = texts(language)
    found = view.house.functions()
    links = (el("a", {"href": f"#s-{one.system}", "data-system": one.system}, _name(one, language)) for one in found)
    head = el(
        "div",
        {"class": "systems-head"},
        el("nav", {"class": "chips", "aria-label": words["systems.choose"]}, *links),
        el("button", {"type": "button", "id": "print-one"}, words["systems.print"]),
        el("button", {"type": "button", "id": "print-all"}, words["systems.print_all"]),
        el("p", {"class": "hint"}, words["systems.about"]),
    )
    parts = (_system(one, view.site, language) for one in found)
    return page(
        view,
        viewer,
        language,
        "systems",
        words["systems.title"],
        head,
        *parts,
        scripts=["systems"],
        styles=["drawing", "systems"],
    )


def _name(of: FunctionView, language: Language) -> str:
    return f"{of.system} {pick(of.title, language)}"


def _system(of: FunctionView, site: Site, language: Language) -> Markup:
    words = texts(language)
    name = f"system-{of.system}"
    pan = {"class": "pan", "tabindex": "0", "role": "group", "aria-label": words["systems.picture"]}
    return el(
        "section",
        {"class": "part system", "id": name, "data-name": f"s-{of.system}", "aria-labelledby": f"h-{name}"},
        el("h2", {"id": f"h-{name}"}, _name(of, language)),
        _sentences("p", of.purpose, language),
        el("div", pan, picture(site, of.system, language)),
        el(
            "div",
            {"class": "description"},
            _part(words["systems.sequence"], _listed("ol", of.sequence, language)),
            _part(words["systems.set_points"], _set_points(of, site, language)),
            _part(words["systems.interlocks"], _listed("ul", of.interlocks, language)),
            _part(words["systems.failures"], _listed("ul", of.failures, language)),
            _part(words["systems.alarms"], _alarms(of, site, language)),
            _part(words["systems.restart"], _listed("ul", of.restart, language), _falls(of, language)),
        ),
    )


def _part(title: str, *children: str) -> Markup:
    return el("section", {"class": "chapter"}, el("h3", None, title), *children)


def _sentences(tag: str, of: Sequence[Text], language: Language) -> Markup:
    return Markup("".join(el(tag, {"class": "purpose"}, pick(text, language)) for text in of))


def _listed(tag: str, of: Sequence[Text], language: Language) -> Markup:
    return el(tag, {"class": "statements"}, *(el("li", None, pick(text, language)) for text in of))


def _table(head: Sequence[tuple[str, str]], rows: Sequence[Markup], caption: str) -> Markup:
    """`head` has class and heading of each column."""
    return el(
        "div",
        {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": caption},
        el(
            "table",
            None,
            el("caption", {"class": "sr"}, caption),
            el("thead", None, el("tr", None, *(el("th", {"scope": "col", "class": css}, text) for css, text in head))),
            el("tbody", None, *rows),
        ),
    )


def _set_points(of: FunctionView, site: Site, language: Language) -> Markup:
    words = texts(language)
    rows = [
        el(
            "tr",
            None,
            el("th", {"scope": "row"}, pick(one.name, language)),
            el("td", {"class": "num"}, pick(one.value, language)),
            el("td", {"class": "num"}, value(Shown("", (one.point,)), site, "span", {}) if one.point else ""),
            el("td", None, words[ORIGINS[one.origin]]),
        )
        for one in of.set_points
    ]
    head = (
        ("", words["systems_table.name"]),
        ("num", words["systems_table.value"]),
        ("num", words["systems_table.now"]),
        ("", words["systems_table.origin"]),
    )
    return _table(head, rows, words["systems.set_points"])


def _alarms(of: FunctionView, site: Site, language: Language) -> Markup:
    words = texts(language)
    own = _listed("ul", of.duties, language)
    if not of.alarms:
        return el("div", None, el("p", None, words["systems.no_alarms"]), own)
    rows = [
        el(
            "tr",
            None,
            el(
                "th",
                {"scope": "row"},
                f"{pick(site.points[one].device.label, language)}: {pick(site.points[one].spec.label, language)}",
            ),
            el("td", {"class": "tag"}, site.points[one].tag),
            el("td", {"class": "num"}, value(Shown("", (one,)), site, "span", {})),
        )
        for one in of.alarms
    ]
    head = (
        ("", words["systems_table.name"]),
        ("", words["systems_table.tag"]),
        ("num", words["systems_table.now"]),
    )
    return el("div", None, _table(head, rows, words["systems.alarms"]), own)


def _falls(of: FunctionView, language: Language) -> Markup:
    words = texts(language)
    if not of.falls:
        return Markup()
    rows = []
    for fall in of.falls:
        count = words["systems.points"].format(number=len(fall.points)) if len(fall.points) > 1 else fall.points[0]
        name = el("th", {"scope": "row"}, pick(fall.name, language), " ", el("small", None, count))
        to = el("td", {"class": "num"}, pick(fall.to, language))
        rows.append(el("tr", None, name, to, el("td", None, pick(fall.how, language))))
    head = (
        ("", words["systems_table.name"]),
        ("num", words["systems_table.falls_to"]),
        ("", words["systems_table.how"]),
    )
    return _table(head, rows, words["systems.falls"])
