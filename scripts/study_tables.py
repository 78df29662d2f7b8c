"""The tables of `make study`, from the files its runs wrote. A saving counts only where the services were delivered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from statistics import median
from typing import Any

from bems.backtest.page import corrected_nok
from bems.backtest.scoring import Score
from bems.backtest.service_gate import lacking

LITTLE = 1e-9


@dataclass(frozen=True)
class Ran:
    """One run's answer."""

    week: str
    seed: int
    answer: Mapping[str, Any]

    @property
    def controllers(self) -> Mapping[str, Any]:
        """Figures by controller."""
        found: Mapping[str, Any] = self.answer["controllers"]
        return found

    def score(self, name: str) -> Score:
        """A controller's figures as the service gate takes them."""
        figures = self.controllers[name]
        return Score(**{field.name: figures.get(field.name) for field in fields(Score)})

    def saved_nok(self, name: str, against: str) -> float | None:
        """Money saved, corrections included; None where it cannot be compared or is not known."""
        mine, theirs = corrected_nok(self.controllers[name]), corrected_nok(self.controllers[against])
        if mine is None or theirs is None or lacking(self.score(name), self.score(against)):
            return None
        return theirs - mine

    def saved_pct(self, name: str, against: str) -> float | None:
        """Of the other's controllable cost."""
        saved, of = self.saved_nok(name, against), self.controllers[against]["cost_controllable_nok"]
        return None if saved is None or not of else 100 * saved / of

    def bound_saves_nok(self, against: str) -> float | None:
        """What the bound leaves to be saved."""
        least, theirs = self.answer["bound"], corrected_nok(self.controllers[against])
        if least["cost_total_nok"] is None or theirs is None:
            return None
        return theirs - float(least["cost_total_nok"]) - float(least["stored_heat_correction_nok"] or 0.0)


def tables(runs: Sequence[Ran]) -> str:
    """All of them, as Markdown."""
    weeks: defaultdict[str, list[Ran]] = defaultdict(list)
    for one in runs:
        weeks[one.week].append(one)
    names = list(dict.fromkeys(name for one in runs for name in one.controllers))
    parts = [_saving_table(weeks, names, against) for against in ("naive", "rules") if against in names]
    parts.append(_reach_table(weeks, names))
    parts.append(_service_table(weeks, names))
    failed = [
        f"- {one.week}, seed {one.seed}, {name} against {against}: {'; '.join(why)}"
        for one in runs
        for against in ("naive", "rules")
        if against in one.controllers
        for name in one.controllers
        if (why := lacking(one.score(name), one.score(against)))
    ]
    if failed:
        parts.append("Not comparable:\n" + "\n".join(failed))
    codes = {code for one in runs for code in one.answer.get("meta", {}).get("code", "unknown").split(", ")}
    if len(codes) > 1:
        parts.append(f"Of {len(codes)} versions of the code ({', '.join(sorted(codes))}): not to be compared blindly.")
    return "\n\n".join(parts)


def _saving_table(weeks: Mapping[str, Sequence[Ran]], names: Iterable[str], against: str) -> str:
    others = [name for name in names if name != against]
    lines = [f"Saved against {against}, % of its controllable cost: median (range), n of comparable runs", ""]
    lines += _head("week", others)
    for week, runs in [*weeks.items(), ("all", [one for of in weeks.values() for one in of])]:
        cells = []
        for name in others:
            here = [one for one in runs if name in one.controllers and against in one.controllers]
            cells.append(_spread([one.saved_pct(name, against) for one in here], digits=1))
        lines.append(_row(week, cells))
    return "\n".join(lines)


def _reach_table(weeks: Mapping[str, Sequence[Ran]], names: Sequence[str]) -> str:
    """Against the naive rules: how much of what the oracle that plans alike, and of what the bound saves."""
    pairs = [(name, name.replace("optimiser", "oracle", 1)) for name in names if name.startswith("optimiser")]
    heads = [f"{name}, % of {oracle}" for name, oracle in pairs if oracle in names]
    heads += [f"{name}, % of bound" for name in names if name != "naive"]
    lines = ["Of what could be saved against naive: median (range)", "", *_head("week", heads)]
    for week, runs in [*weeks.items(), ("all", [one for of in weeks.values() for one in of])]:
        cells = []
        for head in heads:
            name, _, of = head.partition(", % of ")
            cells.append(_spread([_reached_pct(one, name, of) for one in runs if name in one.controllers], digits=0))
        lines.append(_row(week, cells))
    return "\n".join(lines)


def _reached_pct(one: Ran, name: str, of: str) -> float | None:
    if "naive" not in one.controllers or (of != "bound" and of not in one.controllers):
        return None
    mine = one.saved_nok(name, "naive")
    most = one.bound_saves_nok("naive") if of == "bound" else one.saved_nok(of, "naive")
    return None if mine is None or most is None or most < LITTLE else 100 * mine / most


def _service_table(weeks: Mapping[str, Sequence[Ran]], names: Iterable[str]) -> str:
    heads = ["controller", "hygiene missed", "worst room Kh", "cold Kh", "peak kW", "starts", "writes", "plan ms"]
    lines = ["Services and wear: sum of missed cycles, worst room of all, else medians; plan time median, longest", ""]
    lines += _head("week", heads)
    for week, runs in weeks.items():
        for name in names:
            here = [one.controllers[name] for one in runs if name in one.controllers]
            if here:
                lines.append(_row(week, [name, *_services(here)]))
    return "\n".join(lines)


def _services(here: Sequence[Mapping[str, Any]]) -> list[str]:
    def known(key: str) -> list[float]:
        return [float(one[key]) for one in here if one[key] is not None]

    times = [one["solve_ms"] for one in here if one["solve_ms"] is not None]
    solve = f"{median(t['median'] for t in times):.0f}, {max(t['max'] for t in times):.0f}" if times else "–"
    missed, worst = known("hygiene_missed"), known("worst_room_cold_kh")
    middle = [f"{median(found):.1f}" if (found := known(key)) else "–" for key in ("cold_kh", "peak_kw")]
    wear = [f"{median(found):.0f}" if (found := known(key)) else "–" for key in ("starts", "writes")]
    return [
        f"{sum(missed):.0f}" if missed else "–",
        f"{max(worst):.1f}" if worst else "–",
        *middle,
        *wear,
        solve,
    ]


def _spread(values: Sequence[float | None], digits: int) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "not comparable" if values else "–"
    said = f"{median(known):.{digits}f} ({min(known):.{digits}f} .. {max(known):.{digits}f})"
    return said + ("" if len(known) == len(values) else f", {len(known)} of {len(values)}")


def _head(first: str, rest: Sequence[str]) -> list[str]:
    return [_row(first, rest), "|" + "---|" * (len(rest) + 1)]


def _row(first: str, rest: Sequence[str]) -> str:
    return "| " + " | ".join([first, *rest]) + " |"
