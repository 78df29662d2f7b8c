"""Who changed what, in words: the texts are those of the part [audit] of any topic.

A text may name {who}, {subject}, {before}, {after} and {reason}.
"""

from collections.abc import Mapping
from typing import Final

from dashboards.words import Language, texts

AUDIT: Final = "audit"
"""Kind of the events that tell of a change somebody made."""
ACCESS: Final = "access"
"""Subject of those about people, sessions and tokens, which are for those who administer them."""


def audit_text(data: Mapping[str, object], subject: str, language: Language) -> str:
    """The sentence of an audit event; of one that nobody has words for, its bare facts."""
    facts = {name: _said(data.get(name), language) for name in ("who", "before", "after", "reason")}
    text = texts(language).get(f"audit.{data.get('what')}")
    if text is None:
        return f"{facts['who']}: {data.get('what')} {subject}"
    return text.format(subject=subject, **facts)


def _said(value: object, language: Language) -> str:
    if value is None:
        return "–"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace(".", ",") if isinstance(value, float) and language == "nb" else text
