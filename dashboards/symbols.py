"""Our own small plant symbols, drawn on a 22 x 22 field; the outline takes the pipe colour, the fill tells running."""

from typing import Final

from dashboards.components import Kind
from dashboards.markup import Markup, el

CIRCLE: Final = "M11 2a9 9 0 1 1 0 18a9 9 0 1 1 0-18z"
BOX: Final = "M2 3h18v16h-18z"

SYMBOLS: Final[dict[Kind, tuple[str, str]]] = {
    Kind.WEATHER: ("M11 3a3 3 0 0 1 3 3v6a4.5 4.5 0 1 1-6 0v-6a3 3 0 0 1 3-3z", "M11 8v7"),
    Kind.WELLS: ("M2 2h18v3h-18z", "M5 5v13a1.5 1.5 0 0 0 3 0v-13M14 5v13a1.5 1.5 0 0 0 3 0v-13"),
    Kind.HEAT_PUMP: (CIRCLE, "M6 5.5l10 11M16 5.5l-10 11"),
    Kind.BOILER: (BOX, "M5 11l3-4 3 8 3-8 3 4"),
    Kind.DISTRICT_HEAT: (BOX, "M2 11h5l3-5 3 10 3-5h4"),
    Kind.TANK: ("M5 5c0-4 12-4 12 0v12c0 4-12 4-12 0z", ""),
    Kind.CIRCUIT: (CIRCLE, "M6 5.5l13 5.5l-13 5.5z"),
    Kind.ROOMS: ("M2 11l9-8l9 8v9h-18z", "M9 20v-6h4v6"),
    Kind.AIR: (CIRCLE, "M11 11c-6-1-6-6-2-7c2 1 2 4 2 7c6 1 6 6 2 7c-2-1-2-4-2-7"),
    Kind.COLLECTORS: ("M6 4h14l-4 14h-14z", "M8 8h9M7 12h9M6 15h8"),
    Kind.HOT_WATER: ("M11 2c4 6 7 9 7 12a7 7 0 0 1-14 0c0-3 3-6 7-12z", "M8 15a3 3 0 0 0 3 3"),
    Kind.LOOP: (CIRCLE, "M7 9a5 5 0 0 1 8 0m0 4a5 5 0 0 1-8 0M15 5v4h-4M7 17v-4h4"),
    Kind.MAIN: (BOX, "M5 15h12M11 15l4-8"),
    Kind.METER: (BOX, "M5 15h12M11 15l4-8"),
    Kind.PV: (BOX, "M2 8.5h18M2 13.5h18M8 3v16M14 3v16"),
    Kind.BATTERY: ("M2 6h16v3h2v4h-2v3h-16z", "M6 11h4M8 9v4M12 11h4"),
    Kind.CHARGER: ("M7 8h8v5a4 4 0 0 1-8 0z", "M9 8v-5M13 8v-5M11 17v4"),
    Kind.BLIND: (BOX, "M2 7h18M2 11h18M2 15h18"),
    Kind.ROOM: ("M2 11l9-8l9 8v9h-18z", ""),
    Kind.ZONE: ("M2 11l9-8l9 8v9h-18z", ""),
}
"""By kind: the body, which is filled when it runs, and the lines upon it."""

MARKS: Final = {"A": "M1 1h16v16h-16z", "B": "M9 0.5l9 17h-18z", "C": "M9 0l9 9l-9 9l-9-9z"}
"""Shapes of the alarm classes on an 18 x 18 field: square, triangle, diamond."""


def symbol(kind: Kind, x: float, y: float) -> Markup:
    """The symbol with its upper left corner at x, y."""
    body, lines = SYMBOLS[kind]
    return el(
        "g",
        {"class": "symbol", "transform": f"translate({x:g} {y:g})", "aria-hidden": "true"},
        el("path", {"class": "body", "d": body}),
        el("path", {"class": "lines", "d": lines}) if lines else "",
    )


def mark_sprite() -> Markup:
    """Alarm marks (`mark-A`, `mark-B`, `mark-C`) and the hatching of old values, for reuse anywhere on the page."""
    marks = (
        el(
            "symbol",
            {"id": f"mark-{letter}", "viewBox": "-1 -1 20 20"},
            el("path", {"class": f"mark-shape mark-{letter}", "d": shape}),
            el("text", {"class": f"mark-letter mark-ink-{letter}", "x": 9, "y": 15 if letter == "B" else 13.5}, letter),
        )
        for letter, shape in MARKS.items()
    )
    hatch = el(
        "pattern",
        {"id": "hatch", "width": 6, "height": 6, "patternUnits": "userSpaceOnUse", "patternTransform": "rotate(45)"},
        el("path", {"class": "hatch-line", "d": "M0 0v6"}),
    )
    return el("svg", {"class": "sprite", "width": 0, "height": 0, "aria-hidden": "true"}, hatch, *marks)
