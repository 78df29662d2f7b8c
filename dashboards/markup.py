"""HTML and SVG as values: the one place where text becomes markup, and where it is escaped."""

from collections.abc import Mapping
from html import escape
from typing import Final

VOID: Final = frozenset({"br", "img", "input", "link", "meta"})

Attribute = str | int | float | bool | None


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def el(tag: str, attributes: Mapping[str, Attribute] | None = None, *children: str) -> Markup:
    """An element. True gives a bare attribute, False and None leave it out; children that are no Markup are escaped."""
    start = f"<{tag}{''.join(_attribute(name, value) for name, value in (attributes or {}).items())}>"
    return Markup(start if tag in VOID else f"{start}{join(*children)}</{tag}>")


def join(*children: str) -> Markup:
    """The children one after the other, escaped where they are no Markup."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _attribute(name: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return f' {name}="{escape(shown)}"'
