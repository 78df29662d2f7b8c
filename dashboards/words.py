"""Every text of the pages in bokmål and English, from `dashboards/texts/`, and reasons as sentences."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal, get_args

from models.profile import Text
from models.reasons import sentence
from models.signals import Reason
from models.site import Site

Language = Literal["nb", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


@cache
def texts(language: Language) -> Mapping[str, str]:
    """The texts by key, e.g. 'top.freeze'."""
    raw = tomllib.loads(resources.files("dashboards").joinpath("texts", f"{language}.toml").read_text("utf-8"))
    return {f"{part}.{name}": text for part, names in raw.items() for name, text in names.items()}


def pick(text: Text, language: Language) -> str:
    """The half of a text in this language."""
    return text.nb if language == "nb" else text.en


def said(site: Site, reason: Reason, language: Language) -> str:
    """The reason in words; ids of devices and signals among its facts become the names people use."""
    facts = dict(reason.facts)
    device = next((d for d in site.devices if d.id == facts.get("name")), None)
    if device is not None:
        facts["name"] = pick(device.label, language)
        point = site.points.get(f"{device.id}.{facts.get('signal')}")
        if point is not None:
            facts["signal"] = pick(point.spec.label, language)
    return sentence(Reason(reason.code, facts), language)


def said_in_both(site: Site, reason: Reason) -> Text:
    """The reason in both languages."""
    return Text(nb=said(site, reason, "nb"), en=said(site, reason, "en"))
