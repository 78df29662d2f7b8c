"""`make faults`: what is promised to residents, with things broken, under the rules and under the optimiser.

python -m scripts.fault_study [--controllers rules,optimiser] [--only hp1_out,outdoor_missing] [--hours 30] [--degc -12]

Each case begins with nothing learned and nothing remembered, at a cold noon, and breaks one thing (or several) of the
centre in `site.biri.toml` from the third hour on. Judged is what the plant really does, not what its sensors say.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np

from bems.backtest import lockstep
from bems.backtest.contestants import CONTESTANTS, Setting
from bems.backtest.information import Information
from bems.backtest.lockstep import LockstepResult
from control.hygiene import potable_points, proofs
from control.record import Record
from hil_sim.faults import Fault, FaultKind, FaultyPlant
from hil_sim.plant import create
from models.prices import join_prices
from models.site import Site, load_site
from models.synthetic import spell, synthetic_year
from models.synthetic_prices import synthetic_prices
from scripts.prepare import ROOT

START: Final = datetime(2026, 1, 15, 11, tzinfo=UTC)
FROM_H: Final = 3.0
COLDER_K: Final = 0.3
"""The worst resident's room may be so much colder than under the rules: a valve's hunting."""


def _out(*targets: str) -> list[Fault]:
    return [Fault(FaultKind.OUT, target, FROM_H) for target in targets]


def _missing(*points: str) -> list[Fault]:
    return [Fault(FaultKind.MISSING, point, FROM_H) for point in points]


def _wrong(point: str, amount: float) -> list[Fault]:
    return [Fault(FaultKind.OFFSET, point, FROM_H, amount=amount)]


def _stuck(point: str) -> list[Fault]:
    return [Fault(FaultKind.STUCK, point, FROM_H)]


CASES: Final[Mapping[str, list[Fault]]] = {
    "nothing": [],
    "hp1_out": _out("hp1"),
    "hp2_out": _out("hp2"),
    "both_heat_pumps_out": _out("hp1", "hp2"),
    "boiler_out": _out("boiler"),
    "hp1_and_boiler_out": _out("hp1", "boiler"),
    "well_pump_out": _out("wells"),
    "floor_pump_out": _out("circuit_floor_ab"),
    "loop_a_stands": _out("loop_a"),
    "ahu_1_out": _out("ahu_1"),
    "charger_1_out": _out("charger_1"),
    "outdoor_missing": _missing("weather.outdoor_temp_degc"),
    "outdoor_10_k_warm": _wrong("weather.outdoor_temp_degc", 10.0),
    "buffer_top_stuck": _stuck("buffer.layer_1_temp_degc"),
    "buffer_missing": _missing(*(f"buffer.layer_{n}_temp_degc" for n in range(1, 5))),
    "hp_tank_missing": _missing(*(f"hp_tank.layer_{n}_temp_degc" for n in range(1, 5))),
    "after_heater_top_missing": _missing("hot_water.top_temp_degc"),
    "return_a_missing": _missing("loop_a.return_temp_degc"),
    "main_meter_missing": _missing("main.power_kw", "main.import_kwh"),
    "room_a1_2_k_warm": _wrong("a1.temp_degc", 2.0),
    "rooms_of_a_missing": _missing(*(f"a{n}.temp_degc" for n in range(1, 9))),
}


class Outcome(NamedTuple):
    """What became of the promises."""

    worst_k: float
    """The worst resident's room over its own set point, at its coldest."""
    cold_kh: float
    """Kelvin hours of residents' rooms more than 1 K under their set points."""
    supply_degc: float
    return_degc: float
    proven: bool
    """A heat cycle within 24 h, after a start that knows of none."""
    kwh: float


def main(arguments: Sequence[str]) -> int:
    """Run the cases and print them; exit code 1 when a promise that the rules keep is not kept by another."""
    asked = _parser().parse_args(arguments)
    site = load_site(ROOT / "site.biri.toml")
    print(f"{asked.hours} h from {asked.degc:g} degC, broken from hour {FROM_H:g} on\n")
    print("| case | controller | worst room, K over set point | cold, Kh | supply, degC | return, degC | cycle | kWh |")
    print("|---|---|---|---|---|---|---|---|")
    broken = 0
    for name in asked.only or CASES:
        outcomes = {}
        for controller in asked.controllers.split(","):
            outcomes[controller] = one = _run(site, CASES[name], controller, asked.hours, asked.degc)
            cycle = "proven" if one.proven else "missed"
            print(
                f"| {name} | {controller} | {one.worst_k:.2f} | {one.cold_kh:.1f} | {one.supply_degc:.1f} | "
                f"{one.return_degc:.1f} | {cycle} | {one.kwh:.0f} |",
                flush=True,
            )
        reference = next(iter(outcomes.values()))
        broken += sum(_worse(one, reference) for one in outcomes.values())
    print(f"\n{broken} runs kept less than {asked.controllers.split(',')[0]} did")
    return 1 if broken else 0


def _worse(one: Outcome, reference: Outcome) -> bool:
    cold = one.worst_k < min(reference.worst_k - COLDER_K, 0.0)
    return cold or (reference.proven and not one.proven) or one.supply_degc < min(reference.supply_degc, 65.0) - 0.5


def _run(site: Site, faults: list[Fault], name: str, hours: float, degc: float) -> Outcome:
    place = (site.place.latitude_deg, site.place.longitude_deg, float(site.place.altitude_m))
    weather = spell(START, int(hours) + 72, degc)
    year = synthetic_year(START.year, 1, *place)
    prices = join_prices([synthetic_prices(n, 1, year) for n in (START.year - 1, START.year, START.year + 1)])
    contestant = CONTESTANTS[name](Setting(site, Information(weather, prices, 1, place), None, _nothing))
    plant = FaultyPlant(create(site, weather), faults)
    return _outcome(site, lockstep.run(site, plant, START, hours, seed=1, controller=contestant.controller))


def _nothing() -> Record:
    raise ValueError("perfect foresight has nothing to look at here: leave the oracle out")


def _outcome(site: Site, run: LockstepResult) -> Outcome:
    rooms = [room for zone in site.zones for room in zone.rooms]
    temps = [(room, site.find(room.devices, "temp_degc")) for room in rooms]
    broken = int(FROM_H * 3600 / run.dt_s)
    over = np.array([run.column(point)[broken:] - room.setpoint_degc for room, point in temps if point is not None])
    water = site.hot_water
    assert water is not None  # as the site file has it
    coldest = np.min([run.column(point) for point in potable_points(site)], axis=0)
    looks = [(START + timedelta(seconds=(n + 1) * run.dt_s), float(degc)) for n, degc in enumerate(coldest)]
    proven = proofs(looks[: int(24 * 3600 / run.dt_s)], site.hygiene, max_gap_s=2 * run.dt_s)
    bought = run.column("main.import_kwh")
    return Outcome(
        worst_k=float(over.min()),
        cold_kh=float(np.maximum(-1.0 - over, 0.0).sum() * run.dt_s / 3600),
        supply_degc=float(run.column(site.point(water, "supply_temp_degc")).min()),
        return_degc=float(min(run.column(site.point(loop, "return_temp_degc")).min() for loop in water.loops)),
        proven=bool(proven),
        kwh=float(bought[-1] - bought[0]),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="what is promised to residents, with things broken")
    parser.add_argument("--controllers", default="rules,optimiser", help="the first is the reference (%(default)s)")
    parser.add_argument("--only", type=_cases, default=[], help=f"of {','.join(CASES)}")
    parser.add_argument("--hours", type=float, default=30.0, help="%(default)s")
    parser.add_argument("--degc", type=float, default=-12.0, help="outdoors (%(default)s)")
    return parser


def _cases(text: str) -> list[str]:
    names = [name for name in text.split(",") if name]
    if unknown := [name for name in names if name not in CASES]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: no such case; there are {', '.join(CASES)}")
    return names


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
