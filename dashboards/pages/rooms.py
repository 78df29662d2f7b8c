"""Rooms as tiles, by unit: temperature against what is normal there. Nothing that tells about one resident."""

from dashboards.components import Shown
from dashboards.drawing import value
from dashboards.figures import RESIDENT_BAND_DEGC, band
from dashboards.markup import Markup, el
from dashboards.words import Language, pick, texts
from models.assets import Room, Zone
from models.site import Site


def rooms(site: Site, language: Language) -> Markup:
    """One group a unit, and one for all zones without rooms."""
    words = texts(language)
    units = [zone for zone in site.zones if zone.rooms]
    others = [zone for zone in site.zones if not zone.rooms]
    groups: list[Markup] = []
    for unit in units:
        spaces: list[Zone | Room] = [unit, *unit.rooms]
        groups.append(_group(pick(unit.name, language), [_tile(space, site, language) for space in spaces]))
    if others:
        groups.append(_group(words["rooms.common"], [_tile(zone, site, language) for zone in others], "group wide"))
    return el(
        "section",
        {"class": "part rooms", "aria-labelledby": "h-rooms"},
        el("h2", {"id": "h-rooms"}, words["rooms.title"]),
        el("div", {"class": "groups"}, *groups),
    )


def _group(name: str, tiles: list[Markup], css: str = "group") -> Markup:
    return el("div", {"class": css}, el("h3", None, name), el("ul", {"class": "tiles"}, *tiles))


def _tile(space: Zone | Room, site: Site, language: Language) -> Markup:
    words = texts(language)
    name = pick(space.name, language)
    low, high = band(space) if isinstance(space, Zone) else RESIDENT_BAND_DEGC
    common = isinstance(space, Zone) and bool(space.rooms)
    temp = site.find(space.devices, "temp_degc")
    if temp is None:
        return Markup()
    shown = value(Shown("short.temperature", (temp,)), site, "span", {})
    return el(
        "li",
        None,
        el(
            "a",
            {
                "class": "tile",
                "href": f"#c-{space.id}",
                "data-component": space.id,
                "data-band-low": low,
                "data-band-high": high,
                "data-name": name,
            },
            el("span", {"class": "name"}, words["rooms.shared"] if common else name),
            shown,
            el("svg", {"class": "strip", "viewBox": "0 0 80 8", "preserveAspectRatio": "none", "aria-hidden": "true"}),
            el("span", {"class": "deviation"}),
        ),
    )
