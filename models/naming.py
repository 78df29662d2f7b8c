"""Reasons in words with the names people use: ids of the site's parts among their facts become names."""

from collections.abc import Mapping
from typing import Final, Literal

from models.profile import Text
from models.reasons import sentence
from models.signals import Reason
from models.site import Site

Language = Literal["nb", "en"]
MOST_NAMES: Final = 4
"""More than these are counted."""
AND: Final[Mapping[Language, str]] = {"nb": "og", "en": "and"}
MORE: Final[Mapping[Language, str]] = {"nb": "til", "en": "more"}


def names(site: Site) -> dict[str, Text]:
    """The name of every zone, room and part of the plant, by id."""
    assets = [
        *site.circuits,
        *site.air_handling,
        *site.heat_pumps,
        *site.boilers,
        *site.district_heat,
        *site.tanks,
        *site.collectors,
        *site.pv,
        *site.batteries,
        *site.blinds,
        *site.chargers,
        *site.meters,
        *([site.hot_water] if site.hot_water is not None else []),
        *site.zones,
    ]
    rooms = {room.id: room.name for zone in site.zones for room in zone.rooms}
    return rooms | {asset.id: asset.name for asset in assets}


def in_words(site: Site, reason: Reason, language: Language) -> str:
    """The reason as a sentence; its facts `name` (one id) and `names` (ids divided by commas) are written out."""
    known = names(site)
    facts = dict(reason.facts)
    if isinstance(name := facts.get("name"), str) and name in known:
        facts["name"] = _in(known[name], language)
    if isinstance(several := facts.get("names"), str):
        facts["names"] = listed([_in(known[n], language) if n in known else n for n in several.split(",")], language)
    return sentence(Reason(reason.code, facts), language)


def in_both(site: Site, reason: Reason) -> Text:
    """The reason as a sentence in both languages."""
    return Text(nb=in_words(site, reason, "nb"), en=in_words(site, reason, "en"))


def listed(words: list[str], language: Language) -> str:
    """A, B and C; the rest of a long list as a number."""
    if len(words) > MOST_NAMES:
        words = [*words[: MOST_NAMES - 1], f"{len(words) - MOST_NAMES + 1} {MORE[language]}"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {AND[language]} {words[-1]}"


def _in(text: Text, language: Language) -> str:
    return text.nb if language == "nb" else text.en
