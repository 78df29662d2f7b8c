"""A what-if as one page that needs nothing else, in the look of `bems backtest --html`."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import Any, Final
from zoneinfo import ZoneInfo

from bems.backtest.page import STYLE
from bems.svg import Line, Panel, draw
from bems.whatif.answer import AS_IS, said, share, signed
from bems.whatif.plant import Hours
from control.grid import Array
from models.local_time import local_date

DAY_H: Final = 24
WEEK_H: Final = 7 * DAY_H
DAYS_DRAWN: Final = 100
"""Longer periods are drawn by the week: days would hide one another."""
HEIGHT: Final = 180
NAMED: Final = ".scroll th:first-child { min-width: 9rem; }"
GLANCED: Final = {
    "bought_kwh": "bought",
    "total_nok": "whole bill",
    "peak_kw": "highest hour",
    "co2_no_kg": "CO2, Norwegian mix",
    "cold_kh": "too cold, all rooms",
}
"""Figures of the table at the top, by key, and what they are called there."""


def page(answer: Mapping[str, Any], pictures: str = "") -> str:
    """HTML of the answer of `bems whatif`, with its pictures."""
    meta = answer["meta"]
    first = local_date(datetime.fromisoformat(meta["start"]))
    last = first + timedelta(days=meta["days"] - 1)
    cases = _glance(answer["cases"]) + "".join(_case(case) for case in answer["cases"])
    doubt = "".join(f"<li>{_minus(escape(text))}</li>" for text in answer["doubt"])
    run = {**meta, "start": first}
    facts = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in run.items())
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>What if: {escape(str(meta["site"]))}</title><style>{STYLE}{NAMED}</style>
<h1>What if: {escape(str(meta["site"]))}</h1>
<p>{_period(first, last)} on the twin, under {escape(str(meta["controller"]))}: the same weather, prices and
people on both sides. Amounts are NOK without VAT. A dash means that it is not known.</p>
{cases}
<h2>How sure this is</h2><ul>{doubt}</ul>
<h2>What it looked like</h2>{pictures}
<h2>What was run</h2><table>{facts}</table>
</html>
"""


def _period(first: date, last: date) -> str:
    days = (last - first).days + 1
    return f"{first}, one day," if days == 1 else f"{first} to {last}, {days} days,"


def _glance(cases: Sequence[Mapping[str, Any]]) -> str:
    """What matters most of all cases side by side; nothing where there is only one."""
    if len(cases) == 1:
        return ""
    units = {row["key"]: row["unit"] for row in cases[0]["figures"]}
    head = "".join(f"<th scope=col>{label} [{escape(units[key])}]</th>" for key, label in GLANCED.items())
    rows = []
    for case in cases:
        of = {row["key"]: row for row in case["figures"]}
        cells = "".join(f"<td>{_minus(signed(of[key]['difference']))}</td>" for key in GLANCED)
        rows.append(f"<tr><th scope=row>{_minus(escape(case['told']))}</th>{cells}</tr>")
    return (
        f"<h2>At a glance</h2><p>Differences from {AS_IS}.</p><div class=scroll><table>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _minus(text: str) -> str:
    """With the sign that is as wide as a plus."""
    return re.sub(r"(?<![\w-])-(?=\d)", "−", text)


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
        told = _minus(f"{signed(interval[0])} … {signed(interval[1])}") if interval else "–"
        rows.append(
            f"<tr><th scope=row>{escape(row['label'])}{unit}</th><td>{_minus(said(row['value']))}</td>"
            f"<td>{_minus(said(row['changed']))}</td><td>{_minus(signed(row['difference']))}</td>"
            f"<td>{_minus(share(row['difference_pct']))}</td>{f'<td>{told}</td>' if between else ''}</tr>"
        )
    head = "<th></th>" + "".join(f"<th scope=col>{name}</th>" for name in (AS_IS, "changed", "difference", "%"))
    return (
        f"<h2>{_minus(escape(case['told']))}</h2><div class=scroll><table><thead><tr>{head}{between}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def pictures(runs: Mapping[str, Hours], zone: ZoneInfo) -> str:
    """Energy bought, highest hours and the mean of all rooms, by the day or, where there are many, by the week."""
    style = {name: f"c{place % 5}" for place, name in enumerate(runs)}
    key = "".join(f'<li><span class="{style[name]}">━</span> {_minus(escape(name))}</li>' for name in runs)
    some = next(iter(runs.values()))
    step_h, each = (DAY_H, "day") if len(some.bought_kwh) <= DAYS_DRAWN * DAY_H else (WEEK_H, "week")

    def lines(of: Callable[[Hours], Array], how: Callable[[Array], Array], *, steps: bool) -> list[Line]:
        return [Line(how(_rows(of(one), step_h)), style[name], steps=steps) for name, one in runs.items()]

    def bought(one: Hours) -> Array:
        return one.bought_kwh

    panels: Sequence[tuple[str, str, list[Line]]] = (
        (f"Electricity bought, by the {each}", "kWh", lines(bought, lambda rows: rows.sum(axis=1), steps=True)),
        (f"Highest hour of each {each}", "kW", lines(bought, lambda rows: rows.max(axis=1), steps=True)),
        (
            f"Rooms, mean of the {each}",
            "°C",
            lines(lambda one: one.rooms_degc.mean(axis=0), lambda rows: rows.mean(axis=1), steps=False),
        ),
    )
    drawn = (
        f"<h3>{told}</h3>" + draw(Panel(told, unit, of, height=HEIGHT), some.start, step_h * 3600.0, zone)
        for told, unit, of in panels
    )
    return f"<ul class=key>{key}</ul>" + "".join(drawn)


def _rows(hourly: Array, step_h: int) -> Array:
    """One row a day or week; hours after the last whole one are left out."""
    return hourly[: len(hourly) // step_h * step_h].reshape(-1, step_h)
