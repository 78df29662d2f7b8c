"""`python -m scripts.detection_study`: which faults in the plant are found in its record, and what is found wrongly.

Each run is a week of the simulated centre from `site.biri.toml`, its true parameters and instruments drawn from the
seed, left to its machines' own controllers (collectors and tap-water charging by difference). One run of each season
and seed is sound; in the others one asset of each kind is worn, a little or much. What the reports' fault detection
sees is what instruments show. Judged is each asset: found on a worn one is a hit, on a sound one a false alarm.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dashboards.reports.calc_fault_watch import STEP_S, Record, find_faults, points_needed
from dashboards.reports.calc_faults import FaultKind as Looked
from dashboards.reports.calc_faults import Finding
from hil_sim.faults import Fault, FaultKind, FaultyPlant
from hil_sim.plant import create
from models.site import Site, load_site
from models.synthetic import synthetic_year
from scripts.prepare import ROOT

Array = NDArray[np.float64]

READ_S: Final = 300.0
"""Of what a mean of a quarter of an hour is made."""
SEASONS: Final = {
    "winter": datetime(2025, 1, 20, 11, tzinfo=UTC),
    "spring": datetime(2025, 4, 28, 10, tzinfo=UTC),
    "summer": datetime(2025, 7, 7, 10, tzinfo=UTC),
}
SIZES: Final = ("small", "large")
NOK_PER_KWH: Final = 1.0
SPF: Final = 3.5


class Injected(NamedTuple):
    """A fault, what looks for it, and the asset or point it is to be found on."""

    looked_for: Looked
    kind: FaultKind
    target: str
    amounts: tuple[float, float]
    """Small and large."""


INJECTED: Final = (
    Injected(Looked.COP_DRIFT, FaultKind.COP_LOSS, "hp1", (0.12, 0.25)),
    Injected(Looked.VALVE_LEAK, FaultKind.VALVE_LEAK, "ahu_2", (0.05, 0.15)),
    Injected(Looked.CIRCULATION_LOSS, FaultKind.LOOP_LOSS, "loop_b", (0.4, 1.0)),
    Injected(Looked.NIGHT_COOLING, FaultKind.BACKFLOW, "collectors", (0.02, 0.08)),
    Injected(Looked.PV_LOSS, FaultKind.STRING_LOSS, "pv_east", (0.15, 0.33)),
    Injected(Looked.SENSOR, FaultKind.OFFSET, "ahu_4.outdoor_temp_degc", (2.0, 4.0)),
    Injected(Looked.HEATING_AND_COOLING, FaultKind.OVERLAP, "ahu_3", (0.15, 0.4)),
)


class Run(NamedTuple):
    """One week."""

    season: str
    seed: int
    size: int | None
    """Place in SIZES; None: sound."""
    findings: list[Finding]


def main(arguments: Sequence[str]) -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description="which faults are found, and what is found wrongly")
    parser.add_argument("--days", type=int, default=8, help="%(default)s")
    parser.add_argument("--seeds", type=int, default=3, help="%(default)s")
    asked = parser.parse_args(arguments)
    site = load_site(ROOT / "site.biri.toml")
    runs = []
    for season in SEASONS:
        for seed in range(1, asked.seeds + 1):
            for size in (None, *range(len(SIZES))):
                runs.append(one_run(site, season, seed, size, asked.days))
                print(f"{season}, seed {seed}, {'sound' if size is None else SIZES[size]}", file=sys.stderr, flush=True)
    print_table(runs, asked.days)
    return 0


def one_run(site: Site, season: str, seed: int, size: int | None, days: int) -> Run:
    """A run and what is found in it."""
    faults = [] if size is None else [Fault(one.kind, one.target, amount=one.amounts[size]) for one in INJECTED]
    start = SEASONS[season]
    columns = recorded(site, start, seed, days, faults)
    return Run(season, seed, size, find_faults(Record(site, start, columns, NOK_PER_KWH, SPF, {})))


def recorded(site: Site, start: datetime, seed: int, days: int, faults: Sequence[Fault]) -> dict[str, Array]:
    """What instruments showed, in means of a quarter of an hour, by point."""
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    plant = FaultyPlant(create(site, synthetic_year(start.year, seed, *place)), faults)
    points = points_needed(site)
    seen = plant.reset(start, seed)
    commands = {"brine.free_cooling_pct": 100.0 if start.month in (5, 6, 7, 8) or start.month == 4 else 0.0}
    per_mean = round(STEP_S / READ_S)
    rows = []
    for _ in range(round(days * 86400 / READ_S)):
        commands |= _own_control(seen)
        seen = plant.step(commands, READ_S)
        shown = dict(seen.items())
        rows.append([shown[point] for point in points])
    values = np.array(rows, dtype=np.float64).reshape(-1, per_mean, len(points))
    return dict(zip(points, values.mean(axis=1).T, strict=True))


def _own_control(seen: Mapping[str, float | None]) -> dict[str, float]:
    """What small controllers on the wall do: collectors by difference, tap-water charging by the tank's top."""
    collector, bottom, top = (
        seen[name] or 0.0 for name in ("solar.collector_temp_degc", "solar_tank.layer_4_temp_degc", TAP_TANK)
    )
    sunny = (seen["weather.irradiance_w_per_m2"] or 0.0) > 20
    runs = (seen["solar.flow_l_per_h"] or 0.0) > 1000
    wanted = sunny and collector > bottom + (3 if runs else 7)
    told = {"solar.pump_pct": 100.0 if wanted else 0.0}
    if top < 46:
        told |= {"hp1_io.hot_water_duty": 1.0, "hp1_io.supply_setpoint_degc": 56.0}
    elif top > 52:
        told |= {"hp1_io.hot_water_duty": 0.0, "hp1_io.supply_setpoint_degc": 38.0}
    return told


TAP_TANK: Final = "hp_tank.layer_1_temp_degc"


def print_table(runs: Sequence[Run], days: int) -> None:
    """Hits and false alarms by fault."""
    print(f"\n{len(runs)} runs of {days} days\n")
    print("| fault | size | runs | could tell | found | median size | kr/year | false alarms (sound assets judged) |")
    print("|---|---|---|---|---|---|---|---|")
    for one in INJECTED:
        sound = [f for run in runs for f in run.findings if f.kind is one.looked_for and not _is_worn(run, f)]
        judged = [f for f in sound if f.found is not None]
        wrong = sum(f.found is True for f in judged)
        for size, amount in enumerate(one.amounts):
            worn = [f for run in runs if run.size == size for f in run.findings if f.kind is one.looked_for]
            worn = [f for f in worn if f.asset == one.target]
            told = [f for f in worn if f.found is not None]
            hits = [f for f in told if f.found]
            sizes = [f.size.value for f in told if f.size.value is not None]
            costs = [f.nok_per_year.value for f in hits if f.nok_per_year.value is not None]
            print(
                f"| {one.looked_for} | {amount:g} | {len(worn)} | {len(told)} | {len(hits)} | "
                f"{_median(sizes)} | {_median(costs)} | {wrong} ({len(judged)}) |"
            )


def _is_worn(run: Run, finding: Finding) -> bool:
    return run.size is not None and any(
        finding.kind is one.looked_for and finding.asset == one.target for one in INJECTED
    )


def _median(values: Sequence[float]) -> str:
    return f"{np.median(values):.3g}" if values else "-"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
