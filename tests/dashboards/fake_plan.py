"""A plan and a model to look at, as dashboards.ports.view has them."""

from datetime import UTC, datetime, timedelta

from dashboards.ports.view import ModelView, PlanningView, PlanView, RowView, ScoreView, SolveView
from models.reasons import Code, because

START = datetime(2025, 1, 15, 6, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)

PLANNING = PlanningView(
    decides=because(Code.DECIDES_PLAN),
    promoted=("heat_pumps", "rooms"),
    no_plan=because(Code.NO_PLAN_SOLVER, status="failed"),
    plan=PlanView(
        made_at=START,
        expires_at=START + timedelta(hours=2),
        identity="prices made up, weather made up",
        starts=[START, START + QUARTER],
        end=START + 2 * QUARTER,
        trajectories={"buffer.degc": [41.0, 42.5], "grid.import_kw": [80.0, None]},
        clock_hours={"grid.hour_kw": [79.5]},
        buy_nok_per_kwh=[1.1, 1.2],
        sell_nok_per_kwh=[0.6, 0.7],
        electricity_nok_per_kwh=[1.1, None],
        heat_nok_per_kwh={"buffer": [0.4, 0.45]},
        parts_nok={"energy": 812.5},
        binding=[RowView("grid.fuse", 0, 1.5)],
        violations=[RowView("cold unit_a", 1, 0.2)],
        solve=SolveView("whole", "optimal", 812.5, 0.004, 96.0, 131.0, 2400, 3900, 76),
        why=[{"family": "compressors", "asset": "heat pumps", "value": 2.0}],
        asks={"compressors": 2, "room_offset_k": {"unit_a": 0.5}, "air_cut": []},
    ),
    scores=[ScoreView(START - timedelta(hours=1), (), 81.0, 84.5, 90.0, 93.0, 1.5)],
)
MODEL = ModelView(
    learned_version=3,
    learned_until=START,
    learned_parts=("base_load_kw",),
    fitted_version=2,
    fitted_until=START,
    fitted_parts={"group.unit_a": {"room_loss": 1.12}},
    nights=[{"at": START.isoformat(), "days": 5.0, "parts": []}],
)
