"""The section on savings: IPMVP options C and D, each with its interval and a verdict."""

from dataclasses import replace
from typing import Any, Final

import numpy as np

from dashboards.reports.beside import Baseline, Beside, TwinDay
from dashboards.reports.calc_et import et_curve, whole_weeks
from dashboards.reports.calc_known import Array, Known
from dashboards.reports.calc_savings import (
    CV_RMSE_LIMIT_PCT,
    LEAST_DAYS,
    NMBE_LIMIT_PCT,
    Resolution,
    Saving,
    Verdict,
    option_c,
    option_d,
)
from dashboards.reports.energies import Energies
from dashboards.reports.gathered import Gathered
from dashboards.reports.model import Figure, Plot, Section, Series
from dashboards.reports.say import Say

VERDICTS: Final = {
    Verdict.SUPPORTED: "report_verdict.supported",
    Verdict.NOT_SIGNIFICANT: "report_verdict.not_significant",
    Verdict.UNCERTAIN: "report_verdict.uncertain",
    Verdict.MODEL_TOO_POOR: "report_verdict.model_too_poor",
    Verdict.TOO_SHORT: "report_verdict.too_short",
    Verdict.OUTSIDE: "report_verdict.outside",
}


def savings(found: Gathered, own: Energies, beside: Beside, outdoor: str | None, say: Say) -> Section:
    """What was saved since the baseline (C) and against the rules (D), or why neither can be claimed."""
    figures: list[Figure] = []
    notes: list[str] = []
    plots: tuple[Plot, ...] = ()
    if beside.baseline is None:
        notes.append(say("report_note.no_baseline"))
    else:
        span = beside.baseline.span
        notes.append(say("report_note.baseline", first=say.day(span.first), last=say.day(span.last)))
        for subject, before, after in (
            ("report_subject.heating", beside.baseline.heating_kwh, found.by_day(own.heating_kwh)),
            ("report_subject.electricity", beside.baseline.used_kwh, found.by_day(own.used_kwh)),
        ):
            part = _since(found, beside.baseline, before, after, outdoor, subject, say)
            figures += part.figures
            notes += part.notes
    against = _against_rules(found, beside.twin_days, say)
    figures += against.figures
    plots += against.plots
    notes += against.notes
    return Section("savings", say("report_section.savings"), tuple(figures), (), plots, tuple(notes))


def _since(
    found: Gathered, baseline: Baseline, before: Array, after: Array, outdoor: str | None, subject: str, say: Say
) -> Section:
    """Option C of one energy."""
    part = subject.partition(".")[2]
    weeks = whole_weeks(baseline.days, before, baseline.outdoor_degc, baseline.day_hours)
    now = whole_weeks(found.days, after, found.daily_mean(outdoor), found.day_hours())
    saving = option_c(et_curve(weeks), weeks.power_kw, now.power_kw, now.outdoor_degc)
    facts = {"subject": say(subject), "before": len(weeks.monday), "after": len(now.monday)}
    figures = _figures(saving, f"c_{part}", "C", facts, "report_method.option_c", "kWh", say)
    verdict = say(
        "report_note.option_c", verdict=_verdict(saving, say), fit=_fit(saving, Resolution.WEEK, say), **facts
    )
    return Section(part, "", figures, notes=(verdict,))


def _against_rules(found: Gathered, days: tuple[TwinDay, ...], say: Say) -> Section:
    """Option D of the electricity bought and of what it costs."""
    inside = [day for day in days if found.period.first <= day.day <= found.period.last]
    whole = len(found.days)
    if not inside:
        return Section("d", "", notes=(say("report_note.no_twin_days", days=whole),))
    saving = option_d(_column(inside, "rules_kwh"), _column(inside, "own_kwh"), _column(inside, "measured_kwh"))
    money = option_d(_column(inside, "rules_nok"), _column(inside, "own_nok"), _column(inside, "measured_nok"))
    versions = ", ".join(str(version) for version in sorted({day.version for day in inside}))
    facts: dict[str, object] = {
        "subject": say("report_subject.bought"),
        "days": len(inside),
        "whole": whole,
        "least": LEAST_DAYS,
        "versions": versions,
    }
    figures = _figures(saving, "d_bought", "D", facts, "report_method.option_d", "kWh", say)
    nok = {**facts, "subject": say("report_subject.energy_cost")}
    cost = _figures(money, "d_cost", "D", nok, "report_method.option_d", "kr", say)
    told = (*figures, *(figure for figure in cost if figure.id in ("saved_d_cost", "saved_uncertainty_d_cost")))
    named = tuple(replace(figure, coverage=min(len(inside) / whole, 1.0)) for figure in told)
    verdict = say("report_note.option_d", verdict=_verdict(saving, say), fit=_fit(saving, Resolution.DAY, say), **facts)
    return Section("d", "", named, (), (_plot(inside, say),), (verdict, say("report_note.twin")))


def _figures(
    saving: Saving, name: str, option: str, facts: dict[str, object], method: str, unit: str, say: Say
) -> tuple[Figure, ...]:
    rows: tuple[tuple[str, Known, str, int], ...] = (
        ("report_figure.expected", saving.expected_kwh, unit, 0),
        ("report_figure.taken", saving.used_kwh, unit, 0),
        ("report_figure.saved", saving.saved_kwh, unit, 0),
        ("report_figure.saved_share", saving.saved_pct, "%", 1),
        ("report_figure.saved_uncertainty", saving.uncertainty_pct, "%", 0),
    )
    made = []
    for key, known, of, decimals in rows:
        how = "report_method.savings_uncertainty" if key == "report_figure.saved_uncertainty" else method
        texts: dict[str, Any] = {"option": option, **facts}
        figure = say.figure(key, known, of, how, decimals, **texts)
        made.append(replace(figure, id=f"{figure.id}_{name}"))
    return tuple(made)


def _column(days: list[TwinDay], name: str) -> Array:
    """None becomes NaN."""
    return np.array([getattr(day, name) for day in days], dtype=np.float64)


def _verdict(saving: Saving, say: Say) -> str:
    return say(VERDICTS[saving.verdict])


def _fit(saving: Saving, resolution: Resolution, say: Say) -> str:
    """How well the model meets the meter, beside the limits."""
    if saving.fit is None:
        return say("report_note.no_fit")
    return say(
        "report_note.fit",
        cv=say.number(saving.fit.cv_rmse_pct, 1),
        cv_limit=say.number(CV_RMSE_LIMIT_PCT[resolution]),
        nmbe=say.number(saving.fit.nmbe_pct, 1),
        nmbe_limit=say.number(NMBE_LIMIT_PCT[resolution]),
    )


def _plot(days: list[TwinDay], say: Say) -> Plot:
    x = tuple(day.day for day in days)
    series = (
        Series(say("report_series.by_rules"), x, tuple(day.rules_kwh for day in days)),
        Series(say("report_series.as_asked"), x, tuple(day.own_kwh for day in days)),
        Series(say("report_series.meter"), x, tuple(day.measured_kwh for day in days)),
    )
    axis, energy = say.axis("report_axis.day"), say.axis("report_axis.energy", "kWh")
    return Plot("option_d", say("report_plot.option_d"), "line", axis, energy, series)
