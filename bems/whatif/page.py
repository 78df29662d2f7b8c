"""A what-if as one page that needs nothing else, in the look of `bems backtest --html`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from bems.backtest.page import STYLE
from bems.svg import Line, Panel, draw
from bems.whatif.answer import AS_IS, said, signed
from bems.whatif.plant import Hours
from control.grid import Array

DAY_S: Final = 86400.0
LOW: Final = 120


def page(answer: Mapping[str, Any], pictures: str = "") -> str:
    """HTML of the answer of `bems whatif`, with its pictures."""
    meta = answer["meta"]
    cases = "".join(_case(case) for case in answer["cases"])
    doubt = "".join(f"<li>{escape(text)}</li>" for text in answer["doubt"])
    facts = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in meta.items())
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What if: {escape(str(meta["site"]))}</title><style>{STYLE}</style>
<h1>What if: {escape(str(meta["site"]))}</h1>
<p>{meta["days"]} day(s) from {escape(str(meta["start"]))} on the twin, under {escape(str(meta["controller"]))}:
the same weather, prices and people on both sides. Amounts are NOK without VAT. A dash means that it is not known.</p>
{cases}
<h2>How sure this is</h2><ul>{doubt}</ul>
<h2>What it looked like</h2>{pictures}
<h2>What was run</h2><table>{facts}</table>
</html>
"""


def _case(case: Mapping[str, Any]) -> str:
    between = "<th scope=col>90 % of models</th>" if case["between"] else ""
    rows, section = [], ""
    for row in case["figures"]:
        if row["value"] is None and row["changed"] is None:
            continue
        if row["section"] != section:
            section = row["section"]
            rows.append(f'<tr class=sum><th scope=rowgroup colspan="{6 if between else 5}">{escape(section)}</th></tr>')
        unit = f" [{escape(row['unit'])}]" if row["unit"] else ""
        interval = case["between"].get(row["key"])
        told = f"{signed(interval[0])} … {signed(interval[1])}" if interval else "–"
        rows.append(
            f"<tr><th scope=row>{escape(row['label'])}{unit}</th><td>{said(row['value'])}</td>"
            f"<td>{said(row['changed'])}</td><td>{signed(row['difference'])}</td>"
            f"<td>{signed(row['difference_pct'], 1)}</td>{f'<td>{told}</td>' if between else ''}</tr>"
        )
    head = "<th></th>" + "".join(f"<th scope=col>{name}</th>" for name in (AS_IS, "changed", "difference", "%"))
    return (
        f"<h2>{escape(case['told'])}</h2><div class=scroll><table><thead><tr>{head}{between}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def pictures(runs: Mapping[str, Hours], zone: ZoneInfo) -> str:
    """Energy bought and the mean of all rooms, by the day, and the hours of the year by their power."""
    style = {name: f"c{place % 5}" for place, name in enumerate(runs)}
    key = "".join(f'<li><span class="{style[name]}">━</span> {escape(name)}</li>' for name in runs)
    start = next(iter(runs.values())).start
    bought = [Line(_days(one.bought_kwh, whole=True), style[name], steps=True) for name, one in runs.items()]
    peaks = [Line(_highest(one.bought_kwh), style[name], steps=True) for name, one in runs.items()]
    rooms = [Line(_days(one.rooms_degc.mean(axis=0), whole=False), style[name]) for name, one in runs.items()]
    panels: Sequence[tuple[str, str, list[Line]]] = (
        ("Electricity bought, by the day", "kWh", bought),
        ("Highest hour of each day", "kW", peaks),
        ("Rooms, mean of the day", "°C", rooms),
    )
    parts = [f"<ul class=key>{key}</ul>"]
    for told, unit, lines in panels:
        parts.append(f"<h3>{told}</h3>" + _drawn(told, unit, lines, start, zone))
    return "".join(parts)


def _drawn(told: str, unit: str, lines: list[Line], start: datetime, zone: ZoneInfo) -> str:
    return draw(Panel(told, unit, lines, height=LOW + 60), start, DAY_S, zone)


def _days(hourly: Array, *, whole: bool) -> Array:
    days = hourly[: len(hourly) // 24 * 24].reshape(-1, 24)
    return np.asarray(days.sum(axis=1) if whole else days.mean(axis=1), dtype=np.float64)


def _highest(hourly: Array) -> Array:
    return np.asarray(hourly[: len(hourly) // 24 * 24].reshape(-1, 24).max(axis=1), dtype=np.float64)
