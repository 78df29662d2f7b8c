"""Headings and descriptions of exported files, in the language that was asked for."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from bems.export.tables import TIME
from bems.export.wanted import Wanted
from models.outgoing import Quantity

WORDS: Final[dict[str, tuple[str, str]]] = {
    TIME: ("tid", "time"),
    "point": ("punkt", "point"),
    "label": ("navn", "label"),
    "unit": ("enhet", "unit"),
    "value": ("verdi", "value"),
    "quality": ("kvalitet", "quality"),
    "gained": ("økning", "gained"),
    "last": ("siste", "last"),
    "mean": ("snitt", "mean"),
    "tag": ("TFM-merke", "TFM tag"),
    "about": ("Om", "About"),
    "data": ("Data", "Data"),
    "site": ("anlegg", "site"),
    "zone": ("tidssone", "time zone"),
    "from": ("fra", "from"),
    "to": ("til (ikke med)", "to (not included)"),
    "every": ("oppløsning", "resolution"),
    "as_recorded": ("som registrert", "as recorded"),
    "in_bucket": ("verdi i hver periode", "value in each period"),
}


def bucket_value(quantity: Quantity) -> str:
    """What of a quantity stands in a bucket: 'gained', 'last' or 'mean'."""
    return "gained" if quantity.counter else "last" if quantity.state else "mean"


def word(wanted: Wanted, key: str) -> str:
    """In the language that was asked for."""
    nb, en = WORDS[key]
    return nb if wanted.language == "nb" else en


def titles(wanted: Wanted, columns: Sequence[str]) -> list[str]:
    """Headings for people: the zone with the time, unit and kind of value with each quantity."""
    quantities = {q.id: q for q in wanted.quantities}

    def title(column: str) -> str:
        if column == TIME:
            return f"{word(wanted, TIME)} ({wanted.zone.key})"
        if (q := quantities.get(column)) is not None:
            return f"{q.id} [{q.unit.value}] {word(wanted, bucket_value(q))}"
        return word(wanted, column)

    return [title(column) for column in columns]


def every(wanted: Wanted) -> str | None:
    """Size of the buckets for people, None when there are none."""
    if wanted.every is None:
        return None
    seconds = wanted.every // timedelta(seconds=1)
    size, unit = next((n, u) for n, u in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")) if seconds % n == 0)
    return f"{seconds // size} {unit}"


def about(wanted: Wanted) -> dict[str, Any]:
    """What a program has to know of the file."""
    points = [
        {
            "id": q.id,
            "label": wanted.said(q.label),
            "unit": q.unit.value,
            "tag": q.tag,
            **({} if wanted.every is None else {"bucket": bucket_value(q)}),
        }
        for q in wanted.quantities
    ]
    return {
        "site": wanted.site.id,
        "name": wanted.said(wanted.site.name),
        "time_zone": wanted.zone.key,
        "from": wanted.start.astimezone(wanted.zone).isoformat(),
        "to": wanted.end.astimezone(wanted.zone).isoformat(),
        "every": every(wanted),
        "points": points,
    }
