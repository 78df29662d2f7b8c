"""The re-fit and the twin against the simulated plant: a week of January under the good rules, then the same two days.

The twin never sees the plant's parameters; what differs in energy bought over these days is its error.
"""

import time
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from bems.backtest.lockstep import Lockstep
from bems.backtest.record_of import record_of
from bems.twin.plant import Twin
from control.plant_model import from_site
from control.record import Record
from control.refit.fitted import NEUTRAL, Fitted
from control.refit.model import Refit, refit
from control.rules.decision import decide
from control.strategy import GOOD
from hil_sim.plant import create
from models.local_time import local_midnight
from models.site import Site, load_site
from models.synthetic import synthetic_year

DAYS: Final = 9
LAST_DAYS: Final = 2
RULES: Final = partial(decide, strategy=GOOD)


def measure() -> dict[str, float]:
    site = load_site(Path("site.biri.toml"))
    place = site.place
    weather = synthetic_year(2026, 1, place.latitude_deg, place.longitude_deg, place.altitude_m)
    lockstep = Lockstep(site, create(site, weather), local_midnight(date(2026, 1, 8)))
    record = record_of(lockstep.advance(24.0 * DAYS, RULES), site)
    assert record is not None  # it is days long
    known = record.slice(record.start, record.end - timedelta(days=LAST_DAYS))
    begun = time.perf_counter()
    found = refit(site, from_site(site), known, NEUTRAL)
    results = {"refit_s": time.perf_counter() - begun} | _building(found)
    for name, fitted in (("neutral", NEUTRAL), ("fitted", found.fitted)):
        begun = time.perf_counter()
        results[f"twin_{name}_bought_error_pct"] = _error_pct(site, fitted, record)
        results[f"twin_{name}_day_s"] = (time.perf_counter() - begun) / LAST_DAYS
    return results


def _building(found: Refit) -> dict[str, float]:
    groups = [part for part in found.parts if part.part.startswith("group.")]
    before, after = ([getattr(part, side) or 0.0 for part in groups] for side in ("before", "after"))
    return {"refit_day_ahead_before_rmse_k": max(before), "refit_day_ahead_after_rmse_k": max(after)}


def _error_pct(site: Site, fitted: Fitted, record: Record) -> float:
    start = record.end - timedelta(days=LAST_DAYS)
    run = Lockstep(site, Twin(site, from_site(site), fitted, record), start).advance(24.0 * LAST_DAYS, RULES)
    counter = record.values["main.import_kwh"]
    was = float(counter[-1] - counter[record.index(start) - 1])
    got = float(run.column("main.import_kwh")[-1] - run.initial[run.points.index("main.import_kwh")])
    return 100 * (got / was - 1)
