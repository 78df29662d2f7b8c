"""Side by side: the figures of every case with their differences, and how sure they are. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from scipy.stats import t as student

from bems.whatif.figures import Figure

CONFIDENCE: Final = 0.90
AS_IS: Final = "as it is"
NO_SHARE: Final = ("°C", "%")
"""Units whose differences are not told as a share again."""


def differences(before: Sequence[Figure], after: Sequence[Figure]) -> list[dict[str, Any]]:
    """One entry a figure: both values, their difference, and that in per cent of the first; None where unknown."""
    rows = []
    for old, new in zip(before, after, strict=True):
        known = old.value is not None and new.value is not None
        off = new.value - old.value if known and new.value is not None and old.value is not None else None
        pct = 100 * off / abs(old.value) if off is not None and old.value and old.unit not in NO_SHARE else None
        rows.append(asdict(old) | {"value": old.value, "changed": new.value, "difference": off, "difference_pct": pct})
    return rows


def spread(drawn: Sequence[Sequence[dict[str, Any]]]) -> dict[str, tuple[float, float]]:
    """By figure: the interval of its difference over drawn models (Student's t, 90 %); those known in every draw."""
    if len(drawn) < 2:
        return {}
    found = {}
    for place, row in enumerate(drawn[0]):
        values = [rows[place]["difference"] for rows in drawn]
        if any(value is None for value in values):
            continue
        mean, deviation = float(np.mean(values)), float(np.std(values, ddof=1))
        # A single model is as far off as any of those drawn: a prediction interval, not that of their mean.
        half = float(student.ppf(0.5 + CONFIDENCE / 2, len(values) - 1)) * deviation * (1 + 1 / len(values)) ** 0.5
        found[row["key"]] = (mean - half, mean + half)
    return found


def table(answer: Mapping[str, Any]) -> str:
    """All cases as text, one block each."""
    lines: list[str] = []
    for case in answer["cases"]:
        lines += [f"\n{case['told']}", f"{'':<44}{AS_IS:>14}{'changed':>14}{'difference':>14}{'%':>8}"]
        section = ""
        for row in case["figures"]:
            if row["value"] is None and row["changed"] is None:
                continue
            if row["section"] != section:
                section = row["section"]
                lines.append(section)
            unit = f" [{row['unit']}]" if row["unit"] else ""
            name = f"  {row['label']}{unit}"
            lines.append(
                f"{name:<44}{said(row['value']):>14}{said(row['changed']):>14}{signed(row['difference']):>14}"
                f"{share(row['difference_pct']):>8}" + _between(case["between"].get(row["key"]))
            )
    return "\n".join([*lines, "", *answer["doubt"]])


def _between(interval: Sequence[float] | None) -> str:
    return "" if interval is None else f"   {signed(interval[0])} .. {signed(interval[1])}"


def said(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "–"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return "0.00" if text == "-0.00" else text.replace(",", "\u202f")


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "–" if value is None else _with_sign(said(value), value)


def share(pct: float | None) -> str:
    """A difference in per cent, with its sign."""
    if pct is None:
        return "–"
    text = f"{pct:.1f}" if abs(pct) < 100 else f"{pct:,.0f}".replace(",", "\u202f")
    return _with_sign("0.0" if text == "-0.0" else text, pct)


def _with_sign(text: str, value: float) -> str:
    return f"+{text}" if value > 0 and text.strip("0.") else text
