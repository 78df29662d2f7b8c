"""The result of a backtest as one page that needs nothing else: the table, the service gate, what was run."""

from collections.abc import Mapping
from html import escape
from typing import Any, Final

LABELS: Final = {
    "cost_total_nok": "Whole bill [NOK]",
    "cost_controllable_nok": "of it controllable [NOK]",
    "energy_bought_kwh": "Electricity bought [kWh]",
    "peak_kw": "Highest hour [kW]",
    "cold_kh": "Too cold, all rooms [Kh]",
    "worst_room_cold_kh": "Too cold, worst resident's room [Kh]",
    "p95_room_cold_kh": "Too cold, 95 % of residents' rooms within [Kh]",
    "longest_cold_min": "Longest a resident's room was too cold [min]",
    "hot_kh": "Too warm, all rooms [Kh]",
    "mean_room_degc": "Residents' rooms, mean [°C]",
    "co2_min": "CO₂ above 1000 ppm [min, all sensors]",
    "litres_below_55": "Hot water supplied below 55 °C [l]",
    "litres_unserved_40": "Hot water supplied below 40 °C [l]",
    "return_below_60_min": "Circulation return below 60 °C [min]",
    "hygiene_missed": "Hygiene deadlines missed",
    "car_missing_kwh": "Cars left with too little [kWh]",
    "starts": "Compressor starts",
    "writes": "Writes to devices",
    "spf": "Heat pumps' performance factor",
    "stored_heat_correction_nok": "Correction for stored heat [NOK]",
    "borehole_correction_nok": "Correction for the boreholes [NOK]",
}
STYLE: Final = """
:root { --c0: #6b7680; --c1: #1f6fb2; --c2: #c2410c; --c3: #15803d; --c4: #7c3aed; --grid: #e3e8ec; --ink: #1d2730;
        --paper: #fff; --line: #d5dce2; --no: #9b1c1c; --faint: #52606b; }
@media (prefers-color-scheme: dark) { :root { --c0: #a3adb5; --c1: #6db3f2; --c2: #fb923c; --c3: #4ade80; --c4: #c4b5fd;
        --grid: #28313a; --ink: #e6ebef; --paper: #14191e; --line: #38424b; --no: #ff9a9a; --faint: #a3adb5; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem;
       color: var(--ink); background: var(--paper); }
h3 { margin: 1.6rem 0 .2rem; } h4 { margin: .6rem 0 0; font-weight: 500; color: var(--faint); }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
thead th, .sum th, .sum td { font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
.no { color: var(--no); font-weight: 600; }
.scroll { overflow-x: auto; }
.key { display: flex; flex-wrap: wrap; gap: 0 1.5rem; padding: 0; list-style: none; position: sticky; top: 0;
       background: var(--paper); }
svg { width: 100%; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--faint); }
.grid { stroke: var(--grid); }
polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke: currentColor; }
.c0 { color: var(--c0); } .c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); }
.c4 { color: var(--c4); } .price, .outdoor { color: var(--faint); }
.band { fill: currentColor; opacity: .22; stroke: none; }
circle { fill: currentColor; stroke: var(--paper); }
"""


def page(answer: Mapping[str, Any], pictures: str = "") -> str:
    """HTML of the output of `bems backtest`, with its pictures."""
    controllers, meta = answer["controllers"], answer["meta"]
    names = list(controllers)
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in names)
    rows = [
        f"<tr><th scope=row>{label}</th>" + "".join(f"<td>{_said(controllers[n][key])}</td>" for n in names) + "</tr>"
        for key, label in LABELS.items()
    ]
    rows = [_saving(controllers, meta["reference"]), *rows, _plan_times(controllers)]
    made_up = [what for what in ("weather", "prices") if meta[what] == "synthetic"]
    told = f"<p>Made-up {' and '.join(made_up)}, not measured.</p>" if made_up else ""
    facts = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(str(v))}</td></tr>" for k, v in meta.items())
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Backtest {escape(str(meta["site"]))} {escape(str(meta["start"]))[:10]}</title><style>{STYLE}</style>
<h1>Backtest of {escape(str(meta["site"]))}</h1>
<p>{meta["days"]} day(s) from {escape(str(meta["start"]))}, after {meta["warmup_days"]} day(s) of warm-up. A simulated
plant: the same weather, prices, people and draws for every controller.</p>{told}
{_gate(controllers, meta["reference"])}
<div class=scroll><table><thead><tr><th></th>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>
{_bound(answer["bound"])}
<h2>What it looked like</h2>{pictures}
<h2>What was run</h2><table>{facts}</table>
</html>
"""


def _saving(controllers: Mapping[str, Any], reference: str) -> str:
    """Money saved, corrected for stored heat and boreholes, in per cent of the reference's controllable cost."""
    base = controllers[reference]
    cells = []
    for one in controllers.values():
        mine, theirs, of = corrected_nok(one), corrected_nok(base), base["cost_controllable_nok"]
        if one["not_comparable"]:
            cells.append("<td class=no>not comparable</td>")
        elif mine is None or theirs is None or not of:
            cells.append("<td>–</td>")
        else:
            cells.append(f"<td>{100 * (theirs - mine) / of:.1f} %</td>")
    return f"<tr class=sum><th scope=row>Saved against {escape(reference)}, of controllable</th>{''.join(cells)}</tr>"


def _bound(least: Mapping[str, Any]) -> str:
    dash = "A dash means that it is not known."
    if least["cost_total_nok"] is None:
        return f"<p>No bound: {escape(str(least.get('why')))}. {dash}</p>"
    stored = least["stored_heat_correction_nok"] or 0.0
    return (
        f"<p>With perfect foresight, and relaxed, the bill could hardly be less than "
        f"{_said(least['cost_total_nok'])} NOK ({_said(least['cost_total_nok'] + stored)} with the correction for "
        f"stored heat), highest hour {_said(least['peak_kw'])} kW. {dash}</p>"
    )


def corrected_nok(one: Mapping[str, Any]) -> float | None:
    """Whole cost with both corrections, as far as they are known."""
    total: float | None = one["cost_total_nok"]
    if total is None:
        return None
    return total + (one["stored_heat_correction_nok"] or 0.0) + (one["borehole_correction_nok"] or 0.0)


def _plan_times(controllers: Mapping[str, Any]) -> str:
    spreads = [one["solve_ms"] for one in controllers.values()]
    cells = "".join(
        f"<td>{'/'.join(f'{v:.0f}' for v in spread.values()) if spread else '–'}</td>" for spread in spreads
    )
    return f"<tr><th scope=row>Plan time, median / 95 % / most [ms]</th>{cells}</tr>"


def _gate(controllers: Mapping[str, Any], reference: str) -> str:
    failed = {name: one["not_comparable"] for name, one in controllers.items() if one["not_comparable"]}
    if not failed:
        return f"<p>All delivered the services that {escape(reference)} delivered.</p>"
    items = "".join(f"<li>{escape(name)}: {escape(reason)}</li>" for name, why in failed.items() for reason in why)
    return f"<h2 class=no>Not comparable</h2><p>Less service than {escape(reference)}:</p><ul>{items}</ul>"


def _said(figure: float | None) -> str:
    if figure is None:
        return "–"
    return f"{figure:,.0f}".replace(",", "\u202f") if abs(figure) >= 1000 else f"{figure:.4g}"
