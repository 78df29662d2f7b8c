"""The page of now: key figures, plant drawing, alarms and events, rooms, the system's own health, every point.

Made once a language; values, states and lists are filled in by the page's script from the stream.
"""

from dashboards.access import Viewer
from dashboards.components import Component, Kind, Shown, components
from dashboards.drawing import drawing, value
from dashboards.figures import Figure, figures
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.frame import page, per_site, section
from dashboards.pages.rooms import rooms
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.site import Site

POINT_COLUMNS = (
    ("point", "table.point"),
    ("id", "table.id"),
    ("tag", "table.tag"),
    ("num", "table.value"),
    ("unit", "table.unit"),
    ("quality", "table.quality"),
    ("num age", "table.age"),
    ("who", "table.held_by"),
)
"""Class and heading of each column of the table of all points."""


def now(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    title = texts(language)["now.title"]
    return page(
        view,
        viewer,
        language,
        "now",
        title,
        *_sections(view.site, language),
        scripts=["now"],
        styles=["drawing", "now"],
    )


@per_site
def _sections(site: Site, language: Language) -> list[Markup]:
    parts = components(site)
    return [
        _figures(site, parts, language),
        _plant(site, parts, language),
        _side(language),
        rooms(site, language),
        _system(language),
        _points(language),
    ]


def _figures(site: Site, parts: dict[str, Component], language: Language) -> Markup:
    words = texts(language)
    price = el(
        "div",
        {"class": "figure", "id": "price"},
        el("span", {"class": "name"}, words["figure.price"]),
        el("span", {"class": "value"}, el("span", {"class": "n"}, "–"), el("span", {"class": "u"}, " kr/kWh")),
        el("span", {"class": "note"}),
    )
    shown = [_figure(figure, site, language) for figure in figures(site, parts)]
    title = el("h2", {"class": "sr", "id": "h-figures"}, words["figure.title"])
    attributes = {"class": "figures", "id": "overview", "aria-labelledby": "h-figures"}
    return el("section", attributes, title, *shown[:2], price, *shown[2:])


def _figure(figure: Figure, site: Site, language: Language) -> Markup:
    words = texts(language)
    scale = figure.scale
    attributes: dict[str, Attribute] = {
        "class": "figure with-scale" if scale else "figure",
        "href": f"#c-{figure.opens}" if figure.opens else None,
        "data-component": figure.opens,
        "data-named": "true" if figure.text == "figure.coldest_room" else None,
    }
    if scale is not None:
        attributes |= {
            "data-low": scale.low,
            "data-high": scale.high,
            "data-band-low": scale.band_low,
            "data-band-high": scale.band_high,
        }
    return el(
        "a" if figure.opens else "div",
        attributes,
        el("span", {"class": "name"}, words[figure.text]),
        value(Shown(figure.text, figure.points, figure.fold), site, "span", {}),
        el("span", {"class": "note"}, words["figure.of"].format(total=figure.of) if figure.of else ""),
        el("svg", {"class": "scale", "viewBox": "0 0 100 14", "preserveAspectRatio": "none", "aria-hidden": "true"})
        if scale
        else "",
    )


def _plant(site: Site, parts: dict[str, Component], language: Language) -> Markup:
    words = texts(language)
    listed = [part for part in parts.values() if part.kind not in (Kind.ROOM, Kind.ZONE, Kind.METER)]
    button = el(
        "button",
        {"type": "button", "class": "as-table", "aria-expanded": "false", "aria-controls": "plant-table"},
        words["drawing.as_table"],
    )
    pan = {
        "class": "pan",
        "id": "plant-drawing",
        "tabindex": "0",
        "role": "group",
        "aria-label": words["drawing.title"],
    }
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["drawing.label"]),
        _row("th", words["table.component"], words["table.state"], words["table.values"]),
        *(_component_row(part, site, language) for part in listed),
    )
    legend = el(
        "p",
        {"class": "legend"},
        *(
            el("span", {"class": f"key {kind}"}, words[f"legend.{kind}"])
            for kind in ("supply", "return", "water", "running", "stopped")
        ),
    )
    return section(
        "plant",
        words["drawing.title"],
        legend,
        button,
        el("div", pan, drawing(site, language)),
        el("div", {"class": "scroll", "id": "plant-table", "hidden": True, "tabindex": "0"}, table),
    )


def _component_row(part: Component, site: Site, language: Language) -> Markup:
    words = texts(language)
    name = pick(part.name, language)
    values = (
        el("span", {"class": "pair"}, f"{words[shown.text]} ", value(shown, site, "span", {})) for shown in part.shown
    )
    return el(
        "tr",
        {"data-running": " ".join(part.running) or None},
        el("th", {"scope": "row"}, el("a", {"href": f"#c-{part.id}", "data-component": part.id}, name)),
        el("td", {"class": "state"}, ""),
        el("td", None, *values),
    )


def _row(tag: str, *cells: str) -> Markup:
    return el("tr", None, *(el(tag, {"scope": "col"} if tag == "th" else None, cell) for cell in cells))


def _head(text: str, css: str) -> Markup:
    return el("th", {"scope": "col", "class": css}, text)


def _side(language: Language) -> Markup:
    words = texts(language)
    return el(
        "div",
        {"class": "side"},
        section(
            "alarms",
            words["alarms.title"],
            el("ul", {"id": "alarm-list", "tabindex": "0", "aria-labelledby": "h-alarms"}),
        ),
        section(
            "events",
            words["events.title"],
            el("ol", {"id": "event-list", "tabindex": "0", "aria-labelledby": "h-events"}),
        ),
        section("health", words["health.title"], el("ul", {"id": "health-list"})),
    )


def _system(language: Language) -> Markup:
    words = texts(language)
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["held.title"]),
        el(
            "thead",
            None,
            _row("th", words["table.point"], words["table.value"], words["table.held_by"], words["table.why"]),
        ),
        el("tbody", {"id": "held-rows"}),
    )
    return section(
        "held",
        words["held.title"],
        el("p", {"class": "hint"}, words["held.hint"]),
        el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words["held.title"]}, table),
    )


def _points(language: Language) -> Markup:
    words = texts(language)
    table = el(
        "table",
        {"id": "point-table"},
        el("caption", {"class": "sr"}, words["points.title"]),
        el("thead", None, el("tr", None, *(_head(words[key], css) for css, key in POINT_COLUMNS))),
        el("tbody", {"id": "point-rows"}),
    )
    return section(
        "points",
        words["points.title"],
        el(
            "form",
            {"class": "search", "role": "search"},
            el("label", {"for": "search"}, words["points.search"]),
            el("input", {"id": "search", "type": "search", "autocomplete": "off", "spellcheck": "false"}),
            el("label", {"class": "check"}, el("input", {"id": "only-bad", "type": "checkbox"}), words["points.bad"]),
            el("output", {"id": "point-count", "for": "search"}),
        ),
        el("div", {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": words["points.title"]}, table),
    )
