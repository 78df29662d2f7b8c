"""The plant drawing as SVG: quiet boxes in the order of the flow, every value bound to its points by attributes.

The page's script fills in values (`data-points`, `data-fold`), running states (`data-running`) and alarm marks; the
server never puts a value into it, so that one drawing serves every visitor.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from dashboards.components import Component, Kind, Shown, components
from dashboards.layout import HEAD, ROW, WIDTH, Box, Layout, Line, arrange
from dashboards.markup import Attribute, Markup, el
from dashboards.symbols import symbol
from dashboards.words import Language, pick, texts
from models.site import Site
from models.units import Unit

LETTER: Final = 8.0
"""Widest usual width of a letter [drawing units]; names are cut to fit with it."""
MEMBER_VALUE: Final = 66
"""Room of a value in a list [drawing units]."""


def drawing(site: Site, language: Language) -> Markup:
    """The whole drawing."""
    parts = components(site)
    layout = arrange(site, parts)
    words = texts(language)
    one = partial(_box, site=site, language=language)
    return el(
        "svg",
        {
            "class": "drawing",
            "viewBox": f"0 0 {WIDTH} {layout.height:g}",
            "role": "group",
            "aria-label": words["drawing.label"],
        },
        _lines(layout),
        *(one(box) for box in layout.boxes),
    )


def _lines(layout: Layout) -> Markup:
    return el("g", {"class": "lines", "aria-hidden": "true"}, *(_line(line) for line in layout.lines))


def _line(line: Line) -> Markup:
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in line.corners)
    return el("path", {"class": f"line {line.kind}", "d": path})


def _box(box: Box, site: Site, language: Language) -> Markup:
    if box.heading is None:
        return _component(box, site, language)
    width = box.width / box.columns
    rows = -(-len(box.members) // box.columns)
    names = short_names([pick(part.name, language) for part in box.members])
    lines = (
        _member(
            part,
            names[i],
            Box((part,), box.x + width * (i // rows), box.y + HEAD + (ROW + 4) * (i % rows), width, ROW + 4),
            site,
        )
        for i, part in enumerate(box.members)
    )
    return el(
        "g",
        {"class": "list"},
        _frame(box, 3),
        el("text", {"class": "title", "x": box.x + 10, "y": box.y + 19}, texts(language)[box.heading]),
        *lines,
    )


def _frame(box: Box, radius: int) -> Markup:
    return el(
        "rect",
        {"class": "frame", "x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": radius},
    )


def short_names(names: Sequence[str]) -> list[str]:
    """The names without the words they all begin with, where something telling is left of each."""
    words = [name.split() for name in names]
    common = 0
    while all(len(w) > common + 1 for w in words) and len({w[common] for w in words}) == 1:
        common += 1
    left = [" ".join(w[common:]) for w in words]
    if len(names) < 2 or any(len(name) < 3 for name in left):
        return list(names)
    return [name[0].upper() + name[1:] for name in left]


def _component(box: Box, site: Site, language: Language) -> Markup:
    part = box.members[0]
    tank = part.kind is Kind.TANK
    y = box.y + HEAD
    rows: list[Markup] = []
    if part.running:
        rows.append(el("text", {"class": "state", "x": box.x + 10, "y": y + 14}, ""))
        if part.beside is not None:
            rows.append(_value(part.beside, site, box.right - 10, y))
        y += ROW
    rows += (
        _row(part, number, Box((part,), box.x, y + ROW * number, box.width, ROW), site, language)
        for number in range(len(part.shown))
    )
    return _link(
        part,
        _frame(box, 14 if tank else 3),
        Markup() if tank else symbol(part.kind, box.x + 7, box.y + 4),
        el(
            "text",
            {"class": "title", "x": box.x + (12 if tank else 36), "y": box.y + 19},
            *_cut(pick(part.name, language), box.width - (20 if tank else 38)),
        ),
        *rows,
        _mark(box.x - 9, box.y - 9),
    )


def _row(part: Component, number: int, box: Box, site: Site, language: Language) -> Markup:
    """One value with its short name, and its set point where it has one."""
    words = texts(language)
    shown = part.shown[number]
    label = words[shown.text]
    if part.kind is Kind.TANK:
        label = {0: words["short.top"], len(part.shown) - 1: words["short.bottom"]}.get(number, "")
    target = Markup()
    if shown.target is not None:
        target = _value(Shown("", (shown.target,)), site, box.right - 80, box.y, "value target")
    return el(
        "g", None, el("text", {"class": "label", "x": box.x + 10, "y": box.y + 14}, label), target,
        _value(shown, site, box.right - 10, box.y),
    )  # fmt: skip


def _value(shown: Shown, site: Site, end: float, y: float, css: str = "value") -> Markup:
    """A value that ends at `end`, upon the hatching that shows when it is old."""
    return el(
        "g",
        {"class": "cell"},
        el("rect", {"class": "hatch", "x": end - 60, "y": y + 1, "width": 63, "height": 17, "fill": "url(#hatch)"}),
        value(shown, site, "text", {"class": css, "x": end, "y": y + 14}),
    )


def _member(part: Component, name: str, box: Box, site: Site) -> Markup:
    """A component as one line of a list."""
    lamp = 25 if part.running else 10
    room = box.width - lamp - 6 - MEMBER_VALUE * len(part.shown)
    hit: dict[str, Attribute] = {
        "class": "hit",
        "x": box.x + 4,
        "y": box.y,
        "width": box.width - 8,
        "height": box.height,
        "rx": 3,
    }
    return _link(
        part,
        el("rect", hit),
        el("circle", {"class": "lamp", "cx": box.x + 14, "cy": box.y + 11, "r": 5}) if part.running else Markup(),
        el("text", {"class": "label", "x": box.x + lamp, "y": box.y + 16}, *_cut(name, room)),
        *(
            _value(shown, site, box.right - 10 - MEMBER_VALUE * i, box.y + 2)
            for i, shown in enumerate(part.shown[::-1])
        ),
        _mark(box.x + 3, box.y),
    )


def _link(component: Component, *children: str) -> Markup:
    """The component as a link to its details; its name for a screen reader is all that stands in it."""
    attributes: dict[str, Attribute] = {
        "class": f"component {component.kind.value}",
        "href": f"#c-{component.id}",
        "data-component": component.id,
        "data-running": " ".join(component.running) or None,
    }
    return el("a", attributes, *(part for child in children if child for part in (child, " ")))


def _mark(x: float, y: float) -> Markup:
    """Place for an alarm mark; the script fills in which."""
    return el("use", {"class": "mark", "x": x, "y": y, "width": 22, "height": 22, "aria-hidden": "true"})


def value(shown: Shown, site: Site, tag: str, attributes: dict[str, Attribute]) -> Markup:
    """A live value with its unit: `tag` is 'text' inside the drawing, an HTML element elsewhere."""
    unit = site.points[shown.points[0]].spec.shown_unit
    part = "tspan" if tag == "text" else "span"
    return el(
        tag,
        {
            "class": "value",
            "data-points": " ".join(shown.points),
            "data-fold": shown.fold.value,
            **attributes,
        },
        el(part, {"class": "target-mark"}, "◇ ") if "target" in str(attributes.get("class")) else "",
        el(part, {"class": "n"}, "–"),
        "" if unit in (Unit.STATE, Unit.BOOL, Unit.COUNT) else el(part, {"class": "u"}, f" {unit.value}"),
    )


def _cut(name: str, room: float) -> tuple[str, ...]:
    """The name, cut to the room it has; then the whole of it is there on hovering."""
    most = max(3, int(room / LETTER))
    return (name,) if len(name) <= most else (f"{name[: most - 1].rstrip()}…", el("title", None, name))
