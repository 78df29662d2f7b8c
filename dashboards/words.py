"""Every text of the pages in bokmål and English, from `dashboards/texts/`, and reasons as sentences.

A topic has two files, `<topic>.nb.toml` and `<topic>.en.toml`; what has no topic of its own is in `nb.toml` and
`en.toml`. Topics may add to the same part, but no two of them may have the same text.
"""

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
    """The texts of all topics by key, e.g. 'top.freeze'; ValueError for one that two files have."""
    found: dict[str, str] = {}
    files = resources.files("dashboards").joinpath("texts").iterdir()
    for file in sorted(files, key=lambda file: file.name):
        if file.name != f"{language}.toml" and not file.name.endswith(f".{language}.toml"):
            continue
        parts = tomllib.loads(file.read_text("utf-8"))
        own = {f"{part}.{name}": text for part, names in parts.items() for name, text in names.items()}
        if twice := found.keys() & own.keys():
            raise ValueError(f"{file.name}: {', '.join(sorted(twice))} stand in another file too")
        found |= own
    return found


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


def in_both(key: str) -> str:
    """A text in both languages, for programs and people alike."""
    return f"{texts('nb')[key]} / {texts('en')[key]}"
