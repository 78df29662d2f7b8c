"""The page of rooms, for care staff first: each unit as its floor lies, words instead of numbers where they do.

A resident's room is for those who may see what tells about one resident; others see common rooms.
"""

from typing import Final

from dashboards.access import Right, Viewer
from dashboards.components import Shown
from dashboards.drawing import value
from dashboards.figures import RESIDENT_BAND_DEGC, band
from dashboards.markup import Attribute, Markup, el
from dashboards.pages.frame import page, section
from dashboards.ports.view import SiteView
from dashboards.words import Language, pick, texts
from models.assets import Facade, Room, Zone, ZoneKind
from models.site import Site

SIDES: Final[tuple[Facade, ...]] = ("north", "west", "east", "south")
SIDE_TEXTS: Final[dict[Facade, str]] = {
    "north": "house_rooms.north",
    "west": "house_rooms.west",
    "east": "house_rooms.east",
    "south": "house_rooms.south",
}
FACTS: Final = (
    ("now", "house_rooms.now"),
    ("wanted", "house_rooms.wanted"),
    ("band", "house_rooms.band"),
    ("air", "house_rooms.air"),
    ("bath", "house_rooms.bath"),
    ("today", "house_rooms.today"),
)
"""What is told of one room: the row, and the key of its name."""
COLUMNS: Final = (
    "rooms_table.name",
    "rooms_table.now",
    "rooms_table.wanted",
    "rooms_table.valve",
    "rooms_table.below",
    "rooms_table.above",
    "rooms_table.known",
)


def house_rooms(view: SiteView, viewer: Viewer, language: Language) -> str:
    """The whole page."""
    words, site = texts(language), view.site
    sections: list[Markup] = [_summary(language)]
    units = [zone for zone in site.zones if zone.rooms]
    others = [zone for zone in site.zones if not zone.rooms]
    if units:
        sections.append(el("div", {"class": "floors"}, *(_floor(unit, site, language) for unit in units)))
    if others:
        tiles = (_tile(zone, words["house_rooms.common"], site, language, pick(zone.name, language)) for zone in others)
        title, spaces = words["house_rooms.common"], el("ul", {"class": "spaces"}, *tiles)
        sections.append(section("other-spaces", title, spaces, *_not_shown(site, viewer, language)))
    if viewer.may(Right.OPERATE):
        sections.append(_table(site, language))
    title = words["house_rooms.title"]
    sections.append(_sheet(viewer, language))
    return page(view, viewer, language, "rooms", title, *sections, scripts=["rooms"], styles=["rooms"])


def _summary(language: Language) -> Markup:
    words = texts(language)
    return el(
        "section",
        {"class": "part rooms-summary", "aria-labelledby": "h-summary"},
        el("h2", {"id": "h-summary"}, words["house_rooms.summary"]),
        el("p", {"id": "rooms-fine"}, words["house_rooms.waiting"]),
        el("p", {"id": "rooms-extremes"}, words["house_rooms.waiting"]),
    )


def _floor(unit: Zone, site: Site, language: Language) -> Markup:
    """The unit with its rooms where they lie, seen from above with north upwards, around the common room."""
    words = texts(language)
    sides: list[Markup] = []
    for side in SIDES:
        rooms = [room for room in unit.rooms if room.facade == side]
        if rooms:
            tiles = (
                _tile(room, pick(unit.name, language), site, language, pick(room.name, language)) for room in rooms
            )
            label = f"{pick(unit.name, language)}, {words[SIDE_TEXTS[side]]}"
            sides.append(el("ul", {"class": f"side-of {side}", "aria-label": label}, *tiles))
    shared = el(
        "ul",
        {"class": "middle"},
        _tile(unit, pick(unit.name, language), site, language, words["house_rooms.shared"]),
    )
    used = " ".join(f"has-{side}" for side in SIDES if any(room.facade == side for room in unit.rooms))
    return section(f"floor-{unit.id}", pick(unit.name, language), el("div", {"class": f"floor {used}"}, *sides, shared))


def _not_shown(site: Site, viewer: Viewer, language: Language) -> list[Markup]:
    """That there is more than this viewer sees."""
    if viewer.sees_personal or all(zone.kind is not ZoneKind.RESIDENTIAL for zone in site.zones):
        return []
    return [el("p", {"class": "hint"}, texts(language)["house_rooms.not_shown"])]


def _tile(space: Zone | Room, where: str, site: Site, language: Language, name: str) -> Markup:
    temp = site.find(space.devices, "temp_degc")
    if temp is None:
        return Markup()
    low, high = band(space) if isinstance(space, Zone) else RESIDENT_BAND_DEGC
    attributes: dict[str, Attribute] = {
        "type": "button",
        "class": "space",
        "data-space": space.id,
        "data-where": where,
        "data-name": name,
        "data-temp": temp,
        "data-target": site.find(space.devices, "setpoint_degc"),
        "data-floor": site.find(space.devices, "floor_temp_degc"),
        "data-co2": site.find(space.devices, "co2_ppm"),
        "data-low": low,
        "data-high": high,
        "aria-haspopup": "dialog",
    }
    return el(
        "li",
        None,
        el(
            "button",
            attributes,
            el("span", {"class": "name"}, name),
            value(Shown("short.temperature", (temp,)), site, "span", {}),
            el("span", {"class": "word"}, texts(language)["house_rooms.waiting"]),
            el("span", {"class": "today"}, ""),
        ),
    )


def _sheet(viewer: Viewer, language: Language) -> Markup:
    """One room in plain words; filled in by the script when a tile is opened."""
    words = texts(language)
    technical = viewer.may(Right.OPERATE)
    facts = [
        el("div", {"id": f"room-{row}-row"}, el("dt", None, words[key]), el("dd", {"id": f"room-{row}"}, ""))
        for row, key in FACTS
    ]
    change = {"class": "button", "id": "room-change", "href": f"/{language}/settings"}
    return el(
        "dialog",
        {"id": "room-sheet", "class": "sheet", "aria-labelledby": "room-name"},
        el("h2", {"id": "room-name"}, ""),
        el("p", {"id": "room-where", "class": "hint"}, ""),
        el("p", {"id": "room-word", "class": "word"}, ""),
        el("dl", {"class": "facts-list"}, *facts),
        el("p", {"id": "room-taken", "class": "holding", "role": "status", "hidden": True}),
        el("p", {"class": "hint"}, words["house_rooms.what_to_do"]),
        el(
            "p",
            {"class": "sheet-actions"},
            el("a", change, words["house_rooms.change"]) if viewer.may(Right.SET_ROOMS) else "",
            el("button", {"type": "button", "id": "room-details"}, words["house_rooms.details"]) if technical else "",
            el("button", {"type": "button", "id": "room-close"}, words["house_rooms.close"]),
        ),
    )


def _table(site: Site, language: Language) -> Markup:
    words = texts(language)
    spaces: list[Zone | Room] = []
    for zone in site.zones:
        spaces += [zone, *zone.rooms]
    rows = []
    for space in spaces:
        points = [site.find(space.devices, signal) for signal in ("temp_degc", "setpoint_degc", "valve_pct")]
        shown = [value(Shown("", (point,)), site, "span", {}) if point else "" for point in points]
        cells = [el("td", {"class": "num"}, one) for one in shown]
        parts = ("below", "above", "known")
        today = [el("td", {"class": f"num {part}"}, words["house_rooms.waiting"]) for part in parts]
        opens = {"href": f"#c-{space.id}", "data-component": space.id}
        name = el("th", {"scope": "row"}, el("a", opens, pick(space.name, language)))
        rows.append(el("tr", {"data-space-row": space.id}, name, *cells, *today))
    head = (
        el("th", {"scope": "col", "class": "num" if column != COLUMNS[0] else None}, words[column])
        for column in COLUMNS
    )
    table = el(
        "table",
        None,
        el("caption", {"class": "sr"}, words["house_rooms.table"]),
        el("thead", None, el("tr", None, *head)),
        el("tbody", None, *rows),
    )
    title = words["house_rooms.table"]
    scroll = {"class": "scroll", "tabindex": "0", "role": "group", "aria-label": title}
    hint = el("p", {"class": "hint"}, words["house_rooms.about_today"])
    return section("rooms-table", title, hint, el("div", scroll, table))
