"""Who changed what, in words: the texts are those of the part [audit] of any topic.

A text may name {who}, {subject}, {before}, {after}, {reason}, and {when}: the time that the change is about (`of_ms`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from dashboards.said import day_and_clock, plain_number
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
    of_ms = data.get("of_ms")
    when = "–" if not isinstance(of_ms, int) else day_and_clock(datetime.fromtimestamp(of_ms / 1000, UTC), language)
    return text.format(subject=subject, when=when, **facts)


def _said(value: object, language: Language) -> str:
    if value is None:
        return "–"
    return plain_number(value, language) if isinstance(value, float) else str(value)
