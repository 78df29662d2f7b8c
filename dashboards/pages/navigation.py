"""The one table of pages from which every page gets its navigation.

Their makers stand in dashboards.pages.registry under the same names. They import this one, never the other way round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from dashboards.access import Right, Viewer
from dashboards.markup import Markup, el
from dashboards.words import Language, texts
from models.assets import Purpose
from models.site import Site


def _everywhere(_site: Site) -> bool:
    return True


def _has_hot_water(site: Site) -> bool:
    return site.hot_water is not None


def _keeps_a_water_file(site: Site) -> bool:
    """Hot water of its own, or places where somebody else's is tapped."""
    return site.hot_water is not None or bool(site.legionella.places)


def _counts_what_is_bought(site: Site) -> bool:
    mains = (meter for meter in site.meters if meter.carrier == "electricity" and meter.purpose is Purpose.TOTAL)
    return any(site.find(meter.devices, "import_kwh") is not None for meter in mains)


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the navigation; those in the bar are always seen on a phone, the others behind 'More'."""

    name: str
    text: str
    icon: str
    """Path on a 24 x 24 field."""
    right: Right = Right.SEE
    in_bar: bool = False
    is_there: Callable[[Site], bool] = _everywhere
    """Whether a site has what the page is about. Where it has not, there is neither the page nor a link to it."""


NAVIGATION: Final = (
    Entry("now", "nav.now", "M3 12l9-8 9 8M6 10v10h12v-10", in_bar=True),
    Entry("plan", "nav.plan", "M4 20v-6M9 20v-11M14 20v-4M19 20v-14M3 21h18", in_bar=True),
    Entry("rooms", "nav.rooms", "M3 3h18v18h-18zM3 12h18M12 3v18", Right.SEE, in_bar=True),
    Entry("alarms", "nav.alarms", "M12 3l10 18h-20zM12 10v5M12 17.5v1", in_bar=True),
    Entry("night", "nav.night", "M19 14a8 8 0 1 1-9-10a7 7 0 0 0 9 10z"),
    Entry("water", "nav.water", "M12 3c4 6 7 9 7 12a7 7 0 0 1-14 0c0-3 3-6 7-12z", is_there=_has_hot_water),
    Entry(
        "water_file",
        "water_file.nav",
        "M5 4h11l3 3v13h-14zM8.5 13l2.5 2.5l5-5M9 4v3h5v-3",
        is_there=_keeps_a_water_file,
    ),
    Entry("energy", "nav.energy", "M13 2l-8 12h6l-1 8l8-12h-6z", is_there=_counts_what_is_bought),
    Entry("devices", "nav.devices", "M3 4h8v7h-8zM13 13h8v7h-8zM11 7.5h6.5v5.5"),
    Entry("systems", "nav.systems", "M3 6h7M14 6h7M10 3h4v6h-4zM3 17h4M11 17h10M7 14h4v6h-4z"),
    Entry("settings", "nav.settings", "M4 7h10M18 7h2M14 4v6h4v-6zM4 17h2M10 17h10M6 14v6h4v-6z"),
    Entry("reports", "report_page.nav", "M6 3h9l4 4v14h-13zM14 3v5h5M9 13h7M9 17h7"),
    Entry("log", "nav.log", "M5 3h14v18h-14zM8 8h8M8 12h8M8 16h5"),
    Entry("people", "nav.people", "M12 4a4 4 0 1 1 0 8a4 4 0 1 1 0-8M4 21c0-9 16-9 16 0", Right.ADMINISTER),
)
MORE_ICON: Final = "M4 6h16M4 12h16M4 18h16"


def address(name: str, language: Language) -> str:
    """Where a page is."""
    return f"/{language}" if name == "now" else f"/{language}/{name}"


def pages_of(site: Site) -> frozenset[str]:
    """Names of the pages that a site has: what is served, what the navigation shows, and what may be linked to."""
    return frozenset(entry.name for entry in NAVIGATION if entry.is_there(site))


def navigation(site: Site, current: str, viewer: Viewer, language: Language) -> Markup:
    """Links to every page that the site has for this viewer."""
    words, there = texts(language), pages_of(site)
    shown = [entry for entry in NAVIGATION if entry.name in there and viewer.may(entry.right)]
    rest = [entry for entry in shown if not entry.in_bar]
    more = el(
        "button",
        {"type": "button", "class": "nav-more", "id": "more", "aria-expanded": "false", "aria-controls": "nav-rest"},
        _icon(MORE_ICON),
        el("span", None, words["nav.more"]),
    )
    return el(
        "nav",
        {"class": "nav", "aria-label": words["nav.label"]},
        _links([entry for entry in shown if entry.in_bar], current, language, {"class": "nav-bar"}),
        more,
        _links(rest, current, language, {"class": "nav-rest", "id": "nav-rest"}),
    )


def _links(entries: Sequence[Entry], current: str, language: Language, attributes: dict[str, str]) -> Markup:
    words = texts(language)
    return el(
        "ul",
        attributes,
        *(
            el(
                "li",
                None,
                el(
                    "a",
                    {
                        "href": address(entry.name, language),
                        "data-page": entry.name,
                        "aria-current": "page" if entry.name == current else None,
                    },
                    _icon(entry.icon),
                    el("span", None, words[entry.text]),
                ),
            )
            for entry in entries
        ),
    )


def _icon(path: str) -> Markup:
    return el("svg", {"viewBox": "0 0 24 24", "aria-hidden": "true"}, el("path", {"d": path}))
