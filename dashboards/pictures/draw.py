"""A system picture as SVG: lanes of boxes with a line through them, every value bound to its point by attributes.

As in the drawing of the whole plant, the server never puts a value into it.
"""

import textwrap
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from dashboards.components import Shown
from dashboards.drawing import short_names, value
from dashboards.markup import Attribute, Markup, el
from dashboards.pictures.lanes import Lane, Station, lanes
from dashboards.symbols import symbol
from dashboards.words import Language, pick, texts
from models.profile import Text
from models.site import Site

LETTER: Final = 8.4
"""Widest usual width of a letter [drawing units]; names are cut to fit with it."""
WIDTH: Final = 1280.0
EDGE: Final = 8.0
GAP: Final = 18.0
"""Between two boxes, where the line is seen."""
HEAD: Final = 26.0
"""Of a lane, over its boxes."""
TITLE: Final = 30.0
ROW: Final = 20.0
FOOT: Final = 8.0
LINE: Final = 17.0
"""Between two lines of text."""
LANE_GAP: Final = 16.0
BUS: Final = 12.0
"""From the line down to the boxes that hang on it."""
MOST: Final = 7
"""Boxes beside one another."""
NARROW: Final = 150.0
"""Boxes below this have smaller letters."""
NARROWEST: Final = 5
"""A lane of fewer boxes has them no wider than so many would be."""


def picture(site: Site, system: str, language: Language) -> Markup:
    """The picture of one system."""
    y, drawn = EDGE, list[Markup]()
    for lane in lanes(site, system):
        for first, part in enumerate(_rows(lane)):
            markup, y = _lane(part, lane if first == 0 else None, site, language, y)
            drawn.append(markup)
    return el(
        "svg",
        {
            "class": "drawing picture",
            "viewBox": f"0 0 {WIDTH:g} {y:g}",
            "role": "group",
            "aria-label": texts(language)["systems.picture"],
        },
        *drawn,
    )


def _rows(lane: Lane) -> list[Lane]:
    """The lane in rows of at most so many boxes, as even as they can be."""
    rows = -(-len(lane.stations) // (MOST + (1 if lane.series else 0)))
    size = -(-len(lane.stations) // rows)
    parts = [lane.stations[i : i + size] for i in range(0, len(lane.stations), size)]
    return [Lane(lane.name, part, lane.line, lane.series, lane.opens, lane.tag, lane.returns) for part in parts]


def _lane(lane: Lane, named: Lane | None, site: Site, language: Language, y: float) -> tuple[Markup, float]:
    """One row of boxes with its lines; `named` gives the heading, once a lane."""
    parts: list[Markup] = []
    if named is not None:
        parts.append(_heading(named, language, y))
        y += HEAD
    top = y + (0.0 if lane.series or lane.line == "none" else BUS)
    columns = max(len(lane.stations), NARROWEST if lane.series else MOST - 1)
    width = (WIDTH - 2 * EDGE - GAP * (columns - 1)) / columns
    rows = max((_height_rows(station) for station in lane.stations), default=0)
    height = TITLE + ROW * max(rows, 1) + FOOT
    xs = [EDGE + (width + GAP) * i for i in range(len(lane.stations))]
    parts.append(el("g", {"class": "lines", "aria-hidden": "true"}, *_lines(lane, xs, width, top, height, y)))
    titles = [_said(station.title, language) for station in lane.stations]
    shown = titles if lane.series else short_names(titles)
    for station, title, x in zip(lane.stations, shown, xs, strict=True):
        parts.append(_box(station, title, (x, top, width, height), site, language))
    css = "lane narrow" if width < NARROW else "lane"
    return el("g", {"class": css}, *parts), top + height + LANE_GAP


def _heading(lane: Lane, language: Language, y: float) -> Markup:
    words = [el("tspan", {"class": "lane-name"}, _said(lane.name, language))]
    if lane.tag:
        words.append(el("tspan", {"class": "lane-tag"}, f"  {lane.tag}"))
    return el("text", {"class": "title", "x": EDGE, "y": y + 17}, *words)


def _said(text: str | Text, language: Language) -> str:
    return texts(language)[text] if isinstance(text, str) else pick(text, language)


def _height_rows(station: Station) -> int:
    targets = sum(reading.target is not None for reading in station.readings)
    return len(station.readings) + targets + bool(station.running)


def _lines(lane: Lane, xs: Sequence[float], width: float, top: float, height: float, bus_y: float) -> list[Markup]:
    if lane.line == "none":
        return []
    if not lane.series:
        ends = (xs[0] + width / 2, xs[-1] + width / 2) if len(xs) > 1 else (xs[0], xs[0] + width)
        drops = [f"M{x + width / 2:g} {bus_y + 2:g}V{top:g}" for x in xs]
        kind = "bus" if lane.line == "cable" else lane.line
        return [_path(kind, f"M{ends[0]:g} {bus_y + 2:g}H{ends[1]:g}"), *(_path(lane.line, drop) for drop in drops)]
    middle = top + height / 2
    offset = 7 if lane.returns else 0
    found = []
    for left, right in pairwise(xs):
        found.append(_path(lane.line, f"M{left + width:g} {middle - offset:g}H{right:g}"))
        tip = f"M{right - 8:g} {middle - offset - 4:g}l7 4l-7 4"
        found.append(_path("tip", tip))
        if lane.returns:
            found.append(_path("return", f"M{left + width:g} {middle + offset:g}H{right:g}"))
    return found


def _path(kind: str, d: str) -> Markup:
    return el("path", {"class": f"line {kind}", "d": d})


def _box(
    station: Station, title: str, place: tuple[float, float, float, float], site: Site, language: Language
) -> Markup:
    x, y, width, height = place
    frame = el("rect", {"class": "frame", "x": x, "y": y, "width": width, "height": height, "rx": 3})
    rows: list[Markup] = []
    row_y = y + TITLE
    if station.running:
        rows.append(el("text", {"class": "state", "x": x + 10, "y": row_y + 14}, ""))
        row_y += ROW
    for reading in station.readings:
        rows.append(_row(reading.point, "value", site, language, x, row_y, width))
        row_y += ROW
        if reading.target is not None:
            rows.append(_row(reading.target, "value target", site, language, x, row_y, width))
            row_y += ROW
    if not station.readings and not station.running:
        children = [frame, symbol(station.kind, x + 7, y + 5), *_wrapped(title, x + 36, y + 20, width - 42, height)]
        return el("g", {"class": "served"}, *children)
    attributes: dict[str, Attribute] = {
        "class": f"component {station.kind.value}",
        "href": f"#c-{station.opens}",
        "data-component": station.opens,
        "data-running": " ".join(station.running) or None,
    }
    name = el("text", {"class": "title", "x": x + 36, "y": y + 20}, *_cut(title, width - 38))
    children = [frame, symbol(station.kind, x + 7, y + 5), name, *rows]
    mark: dict[str, Attribute] = {
        "class": "mark",
        "x": x - 9,
        "y": y - 9,
        "width": 22,
        "height": 22,
        "aria-hidden": "true",
    }
    return el("a", attributes, *(part for child in [*children, el("use", mark)] for part in (child, " ")))


def _row(  # where, and what
    point_id: str, css: str, site: Site, language: Language, x: float, y: float, width: float
) -> Markup:
    """A point by its component code and its value."""
    point = site.points[point_id]
    return el(
        "g",
        None,
        el("title", None, f"{point.tag} {pick(point.spec.label, language)}"),
        el("text", {"class": "label code", "x": x + 10, "y": y + 14}, point.spec.tfm),
        _cell(Shown("", (point_id,)), site, x + width - 8, y, css),
    )


def _cell(shown: Shown, site: Site, end: float, y: float, css: str) -> Markup:
    hatch: dict[str, Attribute] = {
        "class": "hatch",
        "x": end - 58,
        "y": y + 1,
        "width": 61,
        "height": 17,
        "fill": "url(#hatch)",
    }
    return el(
        "g", {"class": "cell"}, el("rect", hatch), value(shown, site, "text", {"class": css, "x": end, "y": y + 14})
    )


def _cut(name: str, room: float) -> tuple[str, ...]:
    most = max(3, int(room / LETTER))
    return (name,) if len(name) <= most else (f"{name[: most - 1].rstrip()}…", el("title", None, name))


def _wrapped(text: str, x: float, y: float, room: float, height: float) -> list[Markup]:
    """The text in as many lines as there is room for."""
    most, fit = max(6, int(room / LETTER)), max(1, int((height - FOOT) // LINE))
    lines = textwrap.wrap(text, most, max_lines=fit, placeholder=" …")
    return [
        el("text", {"class": "label", "x": x, "y": y + LINE * i}, line, el("title", None, text))
        for i, line in enumerate(lines)
    ]
