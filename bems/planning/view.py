"""The planner as pages may read it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from math import isfinite
from typing import Any

from bems.planning.explained import as_data
from bems.planning.live import Advice, Planner
from control.follow import guidance
from control.grid import Array
from control.planning import GOOD_FOR
from dashboards.ports.view import ModelView, PlanningView, PlanView, RowView, ScoreView, SolveView

SIGNIFICANT = 6


def planning_view(planner: Planner, now: datetime) -> PlanningView:
    """Who decides, the newest plan, the scores."""
    advice = planner.advice
    return PlanningView(
        decides=planner.decides(now),
        promoted=planner.promoted,
        no_plan=planner.no_plan,
        plan=None if advice is None else plan_view(advice, now),
        scores=[
            ScoreView(s.start, s.followed, s.planned_nok, s.paid_nok, s.planned_kwh, s.bought_kwh, s.kept_nok)
            for s in planner.scores
        ],
    )


def plan_view(advice: Advice, now: datetime) -> PlanView:
    """One plan."""
    plan, see = advice.plan, advice.made.inputs.outlook
    grid, report = plan.grid, plan.report
    by_step = {name: values for name, values in plan.trajectories.items() if len(values) == len(grid)}
    return PlanView(
        made_at=advice.made_at,
        expires_at=advice.made_at + GOOD_FOR,
        identity=plan.identity,
        starts=[grid.at(step) for step in range(len(grid))],
        end=grid.end,
        trajectories={name: _list(values) for name, values in sorted(by_step.items())},
        clock_hours={name: _list(v) for name, v in sorted(plan.trajectories.items()) if name not in by_step},
        buy_nok_per_kwh=_list(see.buy_nok_per_kwh),
        sell_nok_per_kwh=_list(see.sell_nok_per_kwh),
        electricity_nok_per_kwh=_list(plan.electricity_nok_per_kwh),
        heat_nok_per_kwh={node: _list(values) for node, values in plan.heat_nok_per_kwh.items()},
        parts_nok=plan.parts_nok,
        binding=[RowView(b.row, b.step, b.nok) for b in plan.binding],
        violations=[RowView(v.row, v.step, v.most) for v in plan.violations],
        solve=SolveView(
            way=report.way.value,
            status=report.status.value,
            objective_nok=report.objective,
            gap=report.gap,
            solve_ms=report.ms,
            total_ms=advice.made.ms,
            rows=report.rows,
            columns=report.columns,
            integers=report.integers,
        ),
        why=[as_data(why) for why in advice.made.why],
        asks=_asks(advice, now),
    )


def _asks(advice: Advice, now: datetime) -> dict[str, Any]:
    asked = guidance(advice.plan, advice.plant, now, advice.made_at + GOOD_FOR)
    if asked is None:
        return {}
    kept = {name: value for name, value in asdict(asked).items() if name not in ("identity", "made_at", "expires_at")}
    return kept | {"air_cut": sorted(asked.air_cut)}


def model_view(planner: Planner) -> ModelView:
    """What the record has taught."""
    learned, fitted = planner.learned, planner.fitted
    return ModelView(
        learned_version=learned.version,
        learned_until=learned.until,
        learned_parts=learned.parts,
        fitted_version=fitted.version,
        fitted_until=fitted.fitted_at,
        fitted_parts=fitted.parts,
        nights=planner.nights,
    )


def _list(values: Array | Iterable[float]) -> list[float | None]:
    """As many digits as mean anything; what is not known is None."""
    return [float(f"{value:.{SIGNIFICANT}g}") if isfinite(value) else None for value in values]
