"""Planning: time and size of plans of the whole plant over varied moments, awkward ones included.

60 moments; BENCH_PLAN_CASES=500 for the full set. Linear plans and plans with whole compressors for six hours.
"""

import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

from bench._plan_cases import inputs
from control.assets.heat_pumps import Running
from control.dispatch import Options, plan
from control.plan import NoPlan
from control.plant_model import from_site
from control.problem import Inputs
from models.site import load_site

SITE = Path(__file__).resolve().parent.parent / "site.biri.toml"


def measure() -> dict[str, float]:
    """Median and worst wall time of a plan [ms], build and read-out included; rows and columns of the problem."""
    site = load_site(SITE)
    plant = from_site(site)
    count = int(os.environ.get("BENCH_PLAN_CASES", "60"))
    times: dict[float, list[float]] = {0.0: [], 6.0: []}
    rows = columns = cut_short = 0
    for seed in range(count):
        case = awkward(inputs(site, seed, plant=plant), seed)
        for whole_h, ms in times.items():
            begin = time.perf_counter()
            found = plan(case, Options(whole_h=whole_h), time.perf_counter)
            ms.append(1e3 * (time.perf_counter() - begin))
            assert not isinstance(found, NoPlan), f"no plan for moment {seed}: {found.reasons}"
            rows, columns = max(rows, found.report.rows), max(columns, found.report.columns)
            cut_short += found.report.status != "optimal"
    return {
        "plan_lp_ms_median": statistics.median(times[0.0]),
        "plan_lp_ms_max": max(times[0.0]),
        "plan_milp_ms_median": statistics.median(times[6.0]),
        "plan_worst_ms": max(max(ms) for ms in times.values()),
        "plan_cut_short": cut_short,
        "plan_rows": rows,
        "plan_columns": columns,
    }


def awkward(case: Inputs, seed: int) -> Inputs:
    """Every seventh moment looks impossible: cold rooms and tanks, no machine, or tanks beyond their limits."""
    state = case.state
    kind = (seed // 7) % 3 if seed % 7 == 6 else None
    if kind == 0:
        cold = dict.fromkeys(state.rooms_degc, 14.0)
        tanks = dict.fromkeys(state.tanks_degc, 18.0)
        state = replace(state, rooms_degc=cold, masses_degc=cold, tanks_degc=tanks)
    elif kind == 1:
        lost = {name: Running(0) for name in state.heat_pumps}
        boilers = frozenset(boiler.id for boiler in case.plant.boilers)
        state = replace(state, heat_pumps=lost, boilers_lost=boilers)
    elif kind == 2:
        state = replace(state, tanks_degc=dict.fromkeys(state.tanks_degc, 96.0))
    return replace(case, state=state)


if __name__ == "__main__":
    for name, figure in measure().items():
        print(f"{name:24} {figure:10.1f}")
